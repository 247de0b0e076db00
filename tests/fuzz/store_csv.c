/* Fuzz: tables and JSON files from anybody. What is read are valid documents, and goes into an intake; what is refused has a reason. */
#include "mspipe/documents.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

static int take(void *context, const bson_t *doc, uint64_t line, struct msp_error *err)
{
	int s;

	if (line == 0 || !msp_bson_valid(bson_get_data(doc), doc->len))
		abort();
	s = msp_intake_add(context, "site", doc, err);
	if (s != MSP_OK && !err->text[0])
		abort();
	return s;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char *const collections[] = {"site", "source", NULL};
	uint8_t how = size ? data[0] : 0;
	struct msp_csv_options o = {.collection = collections[how % 3], .types = how & 4 ? "a=int" : NULL, .delimiter = how & 8 ? ';' : 0};
	struct msp_text_file file = {.name = "it"};
	struct msp_error err = {0};
	struct msp_intake *in;
	int s;

	if (size == 0 || msp_intake_new(how & 16 ? "a,b" : NULL, &in, &err) != MSP_OK)
		return 0;
	file.fd = memfd_create("it", MFD_CLOEXEC);
	if (file.fd < 0 || write(file.fd, data + 1, size - 1) != (ssize_t)(size - 1) || lseek(file.fd, 0, SEEK_SET) != 0)
		abort();
	s = how & 32 ? msp_json_read(&file, take, in, &err) : msp_csv_read(&file, &o, take, in, &err);
	close(file.fd);
	if (s != MSP_OK && !err.text[0])
		abort();
	msp_intake_free(in);
	return 0;
}
