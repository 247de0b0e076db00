/* The header of a SAC file: where each variable lies and what it is called. See sacheader.c. */
#ifndef FORMAT_SACHEADER_H
#define FORMAT_SACHEADER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define SAC_FLOATS 70
#define SAC_INTS 40
#define SAC_TEXTS 23
#define SAC_TEXT_AT 440
#define SAC_HEADER 632
#define SAC_FOOTER 176 /* version 7: 22 doubles after the samples */
#define SAC_UNDEFINED (-12345)

enum { SAC_DELTA = 0, SAC_DEPMIN = 1, SAC_DEPMAX = 2, SAC_B = 5, SAC_E = 6, SAC_O = 7, SAC_A = 8, SAC_T0 = 10, SAC_T9 = 19,
       SAC_F = 20, SAC_DEPMEN = 56 }; /* floats */
enum { SAC_NZYEAR = 0, SAC_NZMSEC = 5, SAC_NVHDR = 6, SAC_NPTS = 9, SAC_IFTYPE = 15, SAC_IZTYPE = 17, SAC_LEVEN = 35,
       SAC_LPSPOL = 36, SAC_LOVROK = 37, SAC_LCALDA = 38 };      /* ints */
enum { SAC_KSTNM = 0, SAC_KEVNM = 1, SAC_KHOLE = 2, SAC_KCMPNM = 19, SAC_KNETWK = 20 }; /* texts */
enum { SAC_ITIME = 1, SAC_IXY = 4 };

/* The name of a variable; NULL for unused and internal ones. */
extern const char *const sac_float_names[SAC_FLOATS];
extern const char *const sac_int_names[SAC_INTS];
extern const char *const sac_text_names[SAC_TEXTS];
/* Variables that an object's own fields or samples decide (delta, npts, b, depmin ...): they do not become metadata. */
bool sac_float_is_derived(int i);
bool sac_int_is_derived(int i);
bool sac_text_is_code(int i);
/* Where text i begins, and its length: 8, but 16 for kevnm. */
size_t sac_text_at(int i);
size_t sac_text_length(int i);

#endif
