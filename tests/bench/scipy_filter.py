"""ns per sample of scipy's sosfilt for a 4-corner band-pass, causal and forward-backward, on 12 000-sample traces: "causal zero-phase"."""
import time

import numpy as np
from scipy.signal import detrend, iirfilter, sosfilt

N, M = 12000, 100
sos = iirfilter(4, [0.01, 2.0], btype="band", output="sos", fs=20)
x = np.random.default_rng(1).standard_normal((M, N))


def best(f):
    times = []
    for _ in range(5):
        t = time.perf_counter()
        for row in x:
            f(row)
        times.append(time.perf_counter() - t)
    return min(times) * 1e9 / x.size


causal = best(lambda r: sosfilt(sos, r))
zero = best(lambda r: sosfilt(sos, sosfilt(sos, r)[::-1])[::-1])
print("%.2f %.2f %.2f" % (causal, zero, best(lambda r: detrend(r))))
