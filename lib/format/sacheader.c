/* The variables of a SAC header, in order (SAC User's Manual 101.6a, "SAC data file format"). */
#include "format/sacheader.h"

const char *const sac_float_names[SAC_FLOATS] = {
	"delta", "depmin", "depmax", "scale", "odelta", "b", "e", "o", "a", NULL,
	"t0", "t1", "t2", "t3", "t4", "t5", "t6", "t7", "t8", "t9", "f",
	"resp0", "resp1", "resp2", "resp3", "resp4", "resp5", "resp6", "resp7", "resp8", "resp9",
	"stla", "stlo", "stel", "stdp", "evla", "evlo", "evel", "evdp", "mag",
	"user0", "user1", "user2", "user3", "user4", "user5", "user6", "user7", "user8", "user9",
	"dist", "az", "baz", "gcarc", "sb", "sdelta", "depmen", "cmpaz", "cmpinc",
	"xminimum", "xmaximum", "yminimum", "ymaximum",
	NULL, NULL, NULL, NULL, NULL, NULL, NULL,
};

const char *const sac_int_names[SAC_INTS] = {
	"nzyear", "nzjday", "nzhour", "nzmin", "nzsec", "nzmsec", "nvhdr", "norid", "nevid", "npts", "nsnpts", "nwfid",
	"nxsize", "nysize", NULL,
	"iftype", "idep", "iztype", NULL, "iinst", "istreg", "ievreg", "ievtyp", "iqual", "isynth", "imagtyp", "imagsrc", "ibody",
	NULL, NULL, NULL, NULL, NULL, NULL, NULL,
	"leven", "lpspol", "lovrok", "lcalda", NULL,
};

const char *const sac_text_names[SAC_TEXTS] = {
	"kstnm", "kevnm", "khole", "ko", "ka", "kt0", "kt1", "kt2", "kt3", "kt4", "kt5", "kt6", "kt7", "kt8", "kt9", "kf",
	"kuser0", "kuser1", "kuser2", "kcmpnm", "knetwk", "kdatrd", "kinst",
};

bool sac_float_is_derived(int i)
{
	return i == SAC_DELTA || i == SAC_DEPMIN || i == SAC_DEPMAX || i == SAC_DEPMEN || i == SAC_B || i == SAC_E;
}

bool sac_int_is_derived(int i)
{
	return i == SAC_NVHDR || i == SAC_NPTS || i == SAC_IFTYPE || i == SAC_LEVEN;
}

bool sac_text_is_code(int i)
{
	return i == SAC_KSTNM || i == SAC_KHOLE || i == SAC_KCMPNM || i == SAC_KNETWK;
}

size_t sac_text_at(int i)
{
	return SAC_TEXT_AT + 8 * (size_t)i + (i > SAC_KEVNM ? 8 : 0);
}

size_t sac_text_length(int i)
{
	return i == SAC_KEVNM ? 16 : 8;
}
