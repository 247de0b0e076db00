/* What this processor can do. */
#include "signal/cpu.h"

bool msp_cpu_has(int path)
{
#if MSP_CPU_X86
	if (path == MSP_CPU_AVX2)
		return __builtin_cpu_supports("avx2");
	if (path == MSP_CPU_AVX512)
		return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("avx512f")
		       && __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("avx512dq");
#endif
	return path == MSP_CPU_PORTABLE || path == MSP_CPU_BEST;
}
