/* Fuzz: StationXML and QuakeML from anybody. Every document is whole and has an _id; what is refused is refused with a reason; and
 * the file in two pieces gives the same as in one. */
#include "mspipe/xml.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

struct sum {
	uint64_t documents;
	struct msp_id id;
};

static int take(void *context, const char *collection, const bson_t *doc, uint64_t line, struct msp_error *err)
{
	struct sum *s = context;

	(void)err, (void)line;
	if (!*collection || !msp_bson_valid(bson_get_data(doc), doc->len) || !bson_has_field(doc, "_id") ||
	    !bson_validate(doc, BSON_VALIDATE_UTF8, NULL))
		abort();
	s->documents++;
	s->id = msp_id_sum(s->id, msp_id_hash(bson_get_data(doc), doc->len));
	return MSP_OK;
}

static int read_it(const uint8_t *data, size_t size, size_t head, struct sum *sum)
{
	struct msp_text_file file = {.name = "it", .head = data, .n = head};
	struct msp_xml_notes notes;
	struct msp_error err = {0};
	int s;

	file.fd = memfd_create("it", MFD_CLOEXEC);
	if (file.fd < 0 || write(file.fd, data + head, size - head) != (ssize_t)(size - head) || lseek(file.fd, 0, SEEK_SET) != 0)
		abort();
	memset(sum, 0, sizeof(*sum));
	s = msp_xml_read(&file, take, NULL, sum, &notes, &err);
	close(file.fd);
	if (s != MSP_OK && (s != MSP_CORRUPT || strncmp(err.text, "it: line ", 9) != 0))
		abort();
	return s;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct sum one, two;
	int s = read_it(data, size, 0, &one);

	if (read_it(data, size, size / 2, &two) != s || (s == MSP_OK && (one.documents != two.documents || !msp_id_equal(&one.id, &two.id))))
		abort();
	return 0;
}
