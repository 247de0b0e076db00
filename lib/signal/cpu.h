/* Which vector instructions to use. Every path does the same operations in the same order, so the results are
 * the same bits; tests run each path and compare. */
#ifndef SIGNAL_CPU_H
#define SIGNAL_CPU_H

#include <stdbool.h>

enum msp_cpu { MSP_CPU_PORTABLE, MSP_CPU_AVX2, MSP_CPU_AVX512, MSP_CPU_BEST };

/* True if this processor has that path. MSP_CPU_BEST is the fastest that it has. */
bool msp_cpu_has(int path);

#ifdef __x86_64__
#define MSP_CPU_X86 1
#define TARGET_AVX2 __attribute__((target("avx2")))
#define TARGET_AVX512 __attribute__((target("avx2,avx512f,avx512vl,avx512dq")))
#else
#define MSP_CPU_X86 0
#endif

#define ALWAYS_INLINE inline __attribute__((always_inline))

#endif
