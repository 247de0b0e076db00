/* Help, version, and the option table for completions and tests: all from the same rows. */
#include "tool/job.h"

#include <string.h>

static void synopsis(const struct msp_tool *tool, FILE *to)
{
	fprintf(to, "usage: %s [options]", tool->name);
	if (tool->operands)
		fprintf(to, " %s", tool->operands);
	if (!(tool->flags & (MSP_TOOL_SOURCE | MSP_TOOL_SINK)))
		fputs(" [FILE...]", to);
	fputc('\n', to);
}

/* "-o, --output FILE" */
static void option_head(const struct msp_option *o, char *buf, size_t size)
{
	char letter[5] = "    ";
	const char *arg = o->arg;

	if (o->letter)
		snprintf(letter, sizeof(letter), "-%c%s", o->letter, *o->name ? ", " : "");
	if (!arg && o->type == MSP_OPT_CHOICE)
		arg = o->choices;
	if (o->type == MSP_OPT_FLAG || o->type == MSP_OPT_MODE)
		arg = NULL;
	snprintf(buf, size, "%s%s%s%s%s", letter, *o->name ? "--" : "", o->name, arg ? " " : "", arg ? arg : "");
}

static bool shown(const struct msp_tool *tool, const struct msp_option *o, bool common)
{
	return !(o->flags & MSP_OPTF_HIDDEN) && (!common || msp_common_applies(tool, o));
}

static void rows(const struct msp_tool *tool, const struct msp_option *table, bool common, FILE *to)
{
	for (const struct msp_option *o = table; o && o->name; o++) {
		char head[100];

		if (!shown(tool, o, common))
			continue;
		option_head(o, head, sizeof(head));
		if (strlen(head) > 28)
			fprintf(to, "  %s\n  %-28s  %s\n", head, "", o->help ? o->help : "");
		else
			fprintf(to, "  %-28s  %s\n", head, o->help ? o->help : "");
	}
}

void msp_help_usage(const struct msp_tool *tool, FILE *to)
{
	synopsis(tool, to);
	fprintf(to, "%s\n", tool->summary);
	if (tool->options && tool->options->name)
		fputc('\n', to);
	rows(tool, tool->options, false, to);
	fprintf(to, "\n--help shows the common options, too; the manual: man %s\n", tool->name);
}

void msp_help_full(const struct msp_tool *tool, FILE *to)
{
	synopsis(tool, to);
	fprintf(to, "%s\n", tool->summary);
	if (tool->options && tool->options->name)
		fputs("\nOptions:\n", to);
	rows(tool, tool->options, false, to);
	fputs("\nCommon options:\n", to);
	rows(tool, msp_common_options, true, to);
	fputs("\nExit status: 0 ok; 1 failure; 2 usage; 3 objects were killed (--strict-data);\n"
	      "4 the input is truncated or corrupt; by a signal: that signal.\n",
	      to);
	fprintf(to, "The manual: man %s; the overview: man mspipe\n", tool->name);
}

static void dump_rows(const struct msp_tool *tool, const struct msp_option *table, bool common, FILE *to)
{
	for (const struct msp_option *o = table; o && o->name; o++) {
		bool takes = o->type != MSP_OPT_FLAG && o->type != MSP_OPT_MODE;
		char letter[2] = {o->letter, '\0'};

		if (shown(tool, o, common))
			fprintf(to, "%s\t%s\t%s\t%s\t%s\t%s\n", letter, o->name, !takes ? "" : o->arg ? o->arg : "VALUE",
			        o->choices ? o->choices : "", o->help ? o->help : "", common ? "common" : "own");
	}
}

/* Separated by tabs: letter, long name, argument, choices, help, own|common. */
void msp_help_dump(const struct msp_tool *tool, FILE *to)
{
	dump_rows(tool, tool->options, false, to);
	dump_rows(tool, msp_common_options, true, to);
}

void msp_help_version(const struct msp_tool *tool, int verbosity, FILE *to)
{
	unsigned x = msp_xxhash_version();

	fprintf(to, "%s (mspipe) %s\n", tool->name, MSP_VERSION);
	if (verbosity > 0)
		fprintf(to, "stream version %d\nlibbson %s\nzstd %s\nxxhash %u.%u.%u\n", MSP_STREAM_VERSION, bson_get_version(),
		        msp_zstd_version(), x / 10000, x / 100 % 100, x % 100);
}
