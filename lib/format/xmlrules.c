/* What StationXML's elements hold. */
#include "format/xmlstation.h"

#include <string.h>

static const struct xml_rule rule[] = {
	{"Amplitude", XML_DOUBLE, NULL},
	{"ApproximationLowerBound", XML_DOUBLE, NULL},
	{"ApproximationUpperBound", XML_DOUBLE, NULL},
	{"Author", XML_STRING, "authors"},
	{"Azimuth", XML_DOUBLE, NULL},
	{"BeginEffectiveTime", XML_TIME, NULL},
	{"CalibrationDate", XML_TIME, "calibration_dates"},
	{"ClockDrift", XML_DOUBLE, NULL},
	{"Coefficient", XML_DOUBLE, "coefficients"},
	{"Comment", XML_STRING, "comments"},
	{"Contact", XML_STRING, "contacts"},
	{"Correction", XML_DOUBLE, NULL},
	{"Created", XML_TIME, NULL},
	{"CreationDate", XML_TIME, NULL},
	{"Delay", XML_DOUBLE, NULL},
	{"Denominator", XML_DOUBLE, "denominators"},
	{"Depth", XML_DOUBLE, NULL},
	{"Dip", XML_DOUBLE, NULL},
	{"Elevation", XML_DOUBLE, NULL},
	{"Email", XML_STRING, "emails"},
	{"EndEffectiveTime", XML_TIME, NULL},
	{"Equipment", XML_STRING, "equipments"},
	{"ExternalReference", XML_STRING, "external_references"},
	{"Factor", XML_INT, NULL},
	{"Frequency", XML_DOUBLE, NULL},
	{"FrequencyDBVariation", XML_DOUBLE, NULL},
	{"FrequencyEnd", XML_DOUBLE, NULL},
	{"FrequencyLowerBound", XML_DOUBLE, NULL},
	{"FrequencyStart", XML_DOUBLE, NULL},
	{"FrequencyUpperBound", XML_DOUBLE, NULL},
	{"Identifier", XML_STRING, "identifiers"},
	{"Imaginary", XML_DOUBLE, NULL},
	{"InputSampleRate", XML_DOUBLE, NULL},
	{"InstallationDate", XML_TIME, NULL},
	{"Latitude", XML_DOUBLE, NULL},
	{"Longitude", XML_DOUBLE, NULL},
	{"MaximumError", XML_DOUBLE, NULL},
	{"NormalizationFactor", XML_DOUBLE, NULL},
	{"NormalizationFrequency", XML_DOUBLE, NULL},
	{"NumberSamples", XML_INT, NULL},
	{"NumberSeconds", XML_INT, NULL},
	{"Numerator", XML_DOUBLE, "numerators"},
	{"NumeratorCoefficient", XML_DOUBLE, "numerator_coefficients"},
	{"Offset", XML_INT, NULL},
	{"Operator", XML_STRING, "operators"},
	{"Phase", XML_DOUBLE, NULL},
	{"Phone", XML_STRING, "phones"},
	{"Pole", XML_STRING, "poles"},
	{"Real", XML_DOUBLE, NULL},
	{"RemovalDate", XML_TIME, NULL},
	{"ResponseListElement", XML_STRING, "elements"},
	{"SampleRate", XML_DOUBLE, NULL},
	{"SelectedNumberChannels", XML_INT, NULL},
	{"SelectedNumberStations", XML_INT, NULL},
	{"Span", XML_STRING, "spans"},
	{"Stage", XML_STRING, "stages"},
	{"TerminationDate", XML_TIME, NULL},
	{"TotalNumberChannels", XML_INT, NULL},
	{"TotalNumberStations", XML_INT, NULL},
	{"Value", XML_DOUBLE, NULL},
	{"WaterLevel", XML_DOUBLE, NULL},
	{"Zero", XML_STRING, "zeros"},
	{"end", XML_TIME, NULL},
	{"endDate", XML_TIME, NULL},
	{"i", XML_INT, NULL},
	{"id", XML_INT, NULL},
	{"maximumTimeTear", XML_DOUBLE, NULL},
	{"minusError", XML_DOUBLE, NULL},
	{"number", XML_INT, NULL},
	{"numberSegments", XML_INT, NULL},
	{"plusError", XML_DOUBLE, NULL},
	{"start", XML_TIME, NULL},
	{"startDate", XML_TIME, NULL},
};

bool xml_any_of(const char *text, const char *const *words)
{
	for (; *words; words++)
		if (strcasecmp(text, *words) == 0)
			return true;
	return false;
}

static int type_of(const struct xml_element *e, int type)
{
	return strcmp(e->name, "Value") == 0 && e->parent && strcmp(e->parent->name, "Comment") == 0 ? XML_STRING : type;
}

/* An error of zero, a unit that is the only one, and a number that only counts say nothing. */
static bool tells(const struct xml_element *e, const struct xml_attribute *a, uint32_t index)
{
	static const char *const units[] = {"DEGREES", "METERS", "SECONDS", "HERTZ", "SAMPLES/S", "SECONDS/SAMPLE", NULL};
	static const char *const counted[] = {"Numerator", "Denominator", "NumeratorCoefficient", NULL};
	double v;

	if (strcmp(a->name, "plusError") == 0 || strcmp(a->name, "minusError") == 0)
		return !xml_number(a->value, strlen(a->value), &v) || v != 0;
	if (strcmp(a->name, "unit") == 0)
		return !xml_any_of(a->value, units);
	if ((strcmp(a->name, "i") == 0 || strcmp(a->name, "number") == 0) && xml_any_of(e->name, counted))
		return !xml_number(a->value, strlen(a->value), &v) || (v != index && v != index + 1.0);
	return true;
}

const struct xml_rules xml_station_rules = {.rule = rule, .n = sizeof(rule) / sizeof(*rule), .type = type_of, .tells = tells};
