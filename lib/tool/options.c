/* Option tables: defaults, parsing, the nearest name. */
#include "tool/job.h"

#include <stdlib.h>
#include <string.h>

#define AT(member) offsetof(struct common, member)

/* The common options; which commands have them: msp_common_applies(). */
const struct msp_option msp_common_options[] = {
	{.name = "output", .letter = 'o', .type = MSP_OPT_STRING, .offset = AT(output), .arg = "FILE",
	 .help = "write to FILE, which appears whole or not at all (default: standard output)"},
	{.name = "level", .type = MSP_OPT_INT, .offset = AT(level), .arg = "N", .def = "-1", .min = 0, .max = 19,
	 .help = "0: raw, 1 to 19: zstd (default: 0 into a pipe, 1 into a file)"},
	{.name = "segment", .type = MSP_OPT_SIZE, .offset = AT(segment), .arg = "SIZE", .def = "16M",
	 .help = "begin a new segment about every SIZE (default 16M, or as the input has them)"},
	{.name = "segments", .type = MSP_OPT_FLAG, .offset = AT(segments),
	 .help = "the input is some whole segments of a larger stream"},
	{.name = "strict-data", .type = MSP_OPT_FLAG, .offset = AT(strict_data), .help = "exit 3 if an object was killed here"},
	{.name = "progress", .type = MSP_OPT_CHOICE, .offset = AT(progress), .arg = "always|never", .choices = "auto|always|never",
	 .help = "report progress on stderr (default: on a terminal)"},
	{.name = "quiet", .letter = 'q', .type = MSP_OPT_FLAG, .offset = AT(quiet), .help = "no warnings"},
	{.name = "verbose", .letter = 'v', .type = MSP_OPT_MODE, .help = "say what was done"},
	{.letter = 'h', .name = "", .type = MSP_OPT_FLAG, .offset = AT(short_help), .help = "help on one screen"},
	{.name = "help", .type = MSP_OPT_FLAG, .offset = AT(long_help), .help = "full help"},
	{.name = "version", .type = MSP_OPT_FLAG, .offset = AT(version), .help = "version; with -v of the libraries, too"},
	{.name = "dump-options", .type = MSP_OPT_FLAG, .offset = AT(dump_options), .flags = MSP_OPTF_HIDDEN,
	 .help = "the option table, for completions and tests"},
	{.name = "dump-split", .type = MSP_OPT_FLAG, .offset = AT(dump_split), .flags = MSP_OPTF_HIDDEN,
	 .help = "what msmap asks before it runs this command line in parts"},
	{0},
};

unsigned msp_common_applies(const struct msp_tool *tool, const struct msp_option *o)
{
	bool stream_out = !(tool->flags & (MSP_TOOL_TEXT | MSP_TOOL_SINK));

	switch (o->offset) {
	case AT(output):
		return o->type != MSP_OPT_STRING || !(tool->flags & MSP_TOOL_SINK);
	case AT(level):
	case AT(segment):
		return stream_out;
	case AT(segments):
		return !(tool->flags & MSP_TOOL_SOURCE);
	case AT(strict_data):
		return !(tool->flags & MSP_TOOL_TEXT);
	default:
		return 1;
	}
}

int msp_options_defaults(const struct msp_option *table, void *base, struct msp_error *err)
{
	for (const struct msp_option *o = table; o && o->name; o++) {
		int s = MSP_OK;

		if (o->def && o->type == MSP_OPT_INT) /* not bound to the range: -1 may stand for "not given" */
			s = msp_parse_int(o->def, INT64_MIN, INT64_MAX, (int64_t *)(void *)((char *)base + o->offset), err);
		else if (o->def)
			s = msp_option_value(o, base, o->def, err);
		else if (o->type == MSP_OPT_TIME)
			*(msp_time *)((char *)base + o->offset) = MSP_OPT_UNSET;
		if (s < 0)
			return s;
	}
	return MSP_OK;
}

void msp_options_free(const struct msp_option *table, void *base)
{
	for (const struct msp_option *o = table; o && o->name; o++) {
		if (o->type == MSP_OPT_STRINGS) {
			struct msp_strings *list = (struct msp_strings *)((char *)base + o->offset);
			free(list->item);
			list->item = NULL;
			list->n = 0;
		}
	}
}

void msp_command_line_free(struct command_line *line)
{
	for (int i = 0; line->identity && i < line->identities; i++)
		free(line->identity[i]);
	free(line->operand);
	free(line->identity);
}

/* ---- the nearest name -------------------------------------------------- */

/* Edit distance, up to names of 31 bytes; longer ones are as far as can be. */
static unsigned distance(const char *a, const char *b)
{
	unsigned row[32], n = (unsigned)strlen(b);

	if (n > 31 || strlen(a) > 31)
		return 99;
	for (unsigned j = 0; j <= n; j++)
		row[j] = j;
	for (unsigned i = 1; a[i - 1]; i++) {
		unsigned diagonal = row[0];

		row[0] = i;
		for (unsigned j = 1; j <= n; j++) {
			unsigned best = diagonal + (a[i - 1] != b[j - 1]);

			diagonal = row[j];
			if (row[j] + 1 < best)
				best = row[j] + 1;
			if (row[j - 1] + 1 < best)
				best = row[j - 1] + 1;
			row[j] = best;
		}
	}
	return row[n];
}

static int unknown_option(const struct option_set *sets, int n, const char *shown, const char *name, struct msp_error *err)
{
	const char *nearest = NULL;
	unsigned best = 99;

	for (int k = 0; k < n; k++) {
		for (const struct msp_option *o = sets[k].table; o && o->name; o++) {
			unsigned d;

			if (!*o->name || o->flags & MSP_OPTF_HIDDEN)
				continue;
			d = distance(name, o->name);
			if (strlen(name) >= 3 && strncmp(name, o->name, strlen(name)) == 0)
				d = 0; /* an abbreviation: not accepted, but surely meant */
			if (d < best) {
				best = d;
				nearest = o->name;
			}
		}
	}
	if (nearest && best <= 1 + strlen(name) / 2)
		return msp_error_set(err, MSP_USAGE, "unknown option %s; the nearest is --%s (-h shows all)", shown, nearest);
	return msp_error_set(err, MSP_USAGE, "unknown option %s (-h shows all)", shown);
}

/* ---- parsing ----------------------------------------------------------- */

struct parser {
	const struct option_set *sets;
	int n, argc, i;
	char **argv;
	struct command_line *out;
	struct msp_error *err;
};

static const struct msp_option *find(const struct parser *p, const char *name, size_t len, char letter, void **base)
{
	for (int k = p->n - 1; k >= 0; k--) { /* a command's own -v comes before the common one */
		for (const struct msp_option *o = p->sets[k].table; o && o->name; o++) {
			if (letter ? o->letter == letter : *o->name && strlen(o->name) == len && memcmp(o->name, name, len) == 0) {
				*base = p->sets[k].base;
				return o;
			}
		}
	}
	return NULL;
}

static bool takes_argument(const struct msp_option *o)
{
	return o->type != MSP_OPT_FLAG && o->type != MSP_OPT_MODE;
}

/* Two options that set the same mode exclude each other. */
static int set_mode(const struct parser *p, const struct msp_option *o, void *base)
{
	int *mode = (int *)((char *)base + o->mode_offset);

	if (o->mode == 0)
		return MSP_OK;
	if (*mode != 0 && *mode != o->mode) {
		for (int k = 0; k < p->n; k++)
			for (const struct msp_option *x = p->sets[k].table; x && x->name; x++)
				if (p->sets[k].base == base && x->mode == *mode && x->mode_offset == o->mode_offset)
					return msp_error_set(p->err, MSP_USAGE, "--%s and --%s exclude each other", x->name, o->name);
	}
	*mode = o->mode;
	return MSP_OK;
}

int msp_command_line_remember(struct command_line *line, const char *dashes, const char *text)
{
	char *word = NULL, *harmless = msp_uri_is(text) ? msp_uri_harmless(text) : NULL;
	int n = -1;

	/* a password must not go into streams */
	if (harmless || !msp_uri_is(text))
		n = asprintf(&word, "%s%s", dashes, harmless ? harmless : text);
	free(harmless);
	if (n < 0)
		return MSP_NOMEM;
	line->identity[line->identities++] = word;
	return MSP_OK;
}

/* What determines the result goes into the stream's history, under its long name. */
static int remember(struct parser *p, const struct msp_option *o, void *base, const char *value)
{
	if (base == p->sets[0].base || o->flags & MSP_OPTF_NOID)
		return MSP_OK;
	if (msp_command_line_remember(p->out, "--", o->name) < 0 ||
	    (value && msp_command_line_remember(p->out, "", value) < 0))
		return msp_error_set(p->err, MSP_NOMEM, "no memory left");
	return MSP_OK;
}

static int apply(struct parser *p, const struct msp_option *o, void *base, const char *shown, const char *value)
{
	int s = set_mode(p, o, base);

	if (s < 0)
		return s;
	s = msp_option_value(o, base, value, p->err);
	if (s < 0)
		return s == MSP_USAGE && value ? msp_error_prefix(p->err, "%s", shown) : s;
	if (base == p->sets[0].base && o->letter == 'v')
		((struct common *)base)->verbosity++;
	if (base == p->sets[0].base && o->offset == AT(segment) && o->type == MSP_OPT_SIZE)
		p->out->segment_given = true;
	return remember(p, o, base, value);
}

static int parse_long(struct parser *p, char *arg)
{
	char *equals = strchr(arg, '=');
	size_t len = equals ? (size_t)(equals - arg - 2) : strlen(arg + 2);
	const struct msp_option *o;
	const char *value = NULL;
	void *base = NULL;

	o = find(p, arg + 2, len, 0, &base);
	if (equals)
		*equals = '\0'; /* argv is ours */
	if (!o)
		return unknown_option(p->sets, p->n, arg, arg + 2, p->err);
	if (!takes_argument(o)) {
		if (equals)
			return msp_error_set(p->err, MSP_USAGE, "%s takes no value", arg);
	} else if (equals) {
		value = equals + 1;
	} else if (base == p->sets[0].base && o->offset == AT(progress)) {
		value = "always";
	} else if (p->i + 1 < p->argc) {
		value = p->argv[++p->i];
	} else {
		return msp_error_set(p->err, MSP_USAGE, "%s needs a value: %s", arg, o->arg ? o->arg : "VALUE");
	}
	return apply(p, o, base, arg, value);
}

static int parse_short(struct parser *p, char *arg)
{
	for (char *c = arg + 1; *c; c++) {
		void *base = NULL;
		const struct msp_option *o = find(p, NULL, 0, *c, &base);
		char shown[3] = {'-', *c, '\0'};
		const char *value = NULL;
		int s;

		if (!o)
			return unknown_option(p->sets, p->n, strlen(arg) > 2 && c == arg + 1 ? arg : shown, arg + 1, p->err);
		if (takes_argument(o)) {
			value = c[1] ? c + 1 : p->i + 1 < p->argc ? p->argv[++p->i] : NULL;
			if (!value)
				return msp_error_set(p->err, MSP_USAGE, "%s needs a value: %s", shown, o->arg ? o->arg : "VALUE");
		}
		s = apply(p, o, base, shown, value);
		if (s < 0 || value)
			return s;
	}
	return MSP_OK;
}

/* "-" is standard input; "-5", "-.5" are numbers. */
static bool is_option(const char *arg)
{
	if (arg[0] != '-' || arg[1] == '\0')
		return false;
	return !(arg[1] >= '0' && arg[1] <= '9') && !(arg[1] == '.' && arg[2] >= '0' && arg[2] <= '9');
}

int msp_options_parse(const char *name, const struct option_set *sets, int n, int argc, char **argv,
                      struct command_line *out, struct msp_error *err)
{
	struct parser p = {sets, n, argc, 1, argv, out, err};
	bool only_operands = false;

	memset(out, 0, sizeof(*out));
	out->operand = calloc((size_t)argc + 1, sizeof(*out->operand));
	out->identity = calloc(3 * (size_t)argc + 4, sizeof(*out->identity));
	if (!out->operand || !out->identity || msp_command_line_remember(out, "", name) < 0)
		return msp_error_set(err, MSP_NOMEM, "no memory left");
	for (; p.i < argc; p.i++) {
		char *arg = argv[p.i];
		int s = MSP_OK;

		if (only_operands || !is_option(arg))
			out->operand[out->operands++] = arg;
		else if (strcmp(arg, "--") == 0)
			only_operands = true;
		else
			s = arg[1] == '-' ? parse_long(&p, arg) : parse_short(&p, arg);
		if (s < 0)
			return s;
	}
	return MSP_OK;
}
