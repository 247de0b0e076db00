#!/usr/bin/env python3
"""Makes reference.txt: what SciPy and ObsPy give for signals that tests/accuracy/compare.c can make, too.

    python3 -m venv venv && venv/bin/pip install obspy scipy mpmath
    venv/bin/python tests/accuracy/make_reference.py > tests/accuracy/reference.txt

Filters are designed by SciPy's iirfilter(output='sos') and run by its sosfilt in extended precision (long
double), so that the reference has the rounding of SciPy's design, but hardly any of the recursion.
A few wide band-stops of high order lose all digits in that cascade even so; they are run with 60 digits by
mpmath. For each case that SciPy's plain double precision can do, this script checks that it agrees with what
is written; for Butterworth it checks ObsPy's filters, too. Detrending is SciPy's detrend, ObsPy's simple
detrend and NumPy's polyfit, checked against mpmath; windows are ObsPy's trim where that defines the same window.
"""
import sys
import warnings

import mpmath
import numpy as np
import obspy
import obspy.signal.detrend
import obspy.signal.filter
import scipy
import scipy.signal

TYPES = {'butterworth': 'butter', 'bessel': 'bessel', 'chebyshev1': 'cheby1', 'chebyshev2': 'cheby2'}
RIPPLE = {'chebyshev1': 1.0, 'chebyshev2': 40.0}
mpmath.mp.dps = 60


def noise(n):
    """Knuth's MMIX generator: numbers in [-1, 1) with 53 bits, the same in C."""
    state, out = 1, []
    for _ in range(n):
        state = (state * 6364136223846793005 + 1442695040888963407) % 2**64
        out.append((state >> 11) * 2.0**-52 - 1)
    return np.array(out)


def signal(name, n):
    i = np.arange(n)
    if name == 'noise':
        return noise(n)
    if name == 'walk':
        return np.cumsum(noise(n))
    if name == 'impulse':
        return np.where(i == n // 10, 1.0, 0.0)
    if name == 'step':
        return np.where(i >= n // 10, 1.0, 0.0)
    if name == 'nyquist':
        return np.where(i % 2 == 0, 1.0, -1.0)
    if name == 'constant':
        return np.full(n, 12345.678)
    if name == 'huge':
        return noise(n) * 1e300
    if name == 'trend':
        return noise(n) + (1e6 + 100.0 * i)
    raise ValueError(name)


def sosfilt_mp(sos, x):
    y = [mpmath.mpf(float(v)) for v in x]
    for row in sos:
        b0, b1, b2, _, a1, a2 = (mpmath.mpf(float(c)) for c in row)
        z0 = z1 = mpmath.mpf(0)
        for i, v in enumerate(y):
            o = b0 * v + z0
            z0 = b1 * v - a1 * o + z1
            z1 = b2 * v - a2 * o
            y[i] = o
    return np.array([float(v) for v in y])


def run(sos, x, zero_phase, how):
    def once(v):
        if how == 'mp':
            return sosfilt_mp(sos, v)
        return scipy.signal.sosfilt(sos.astype(how), v.astype(how))
    y = once(x)
    if zero_phase:
        y = once(y[::-1])[::-1]
    return y.astype(float)


def picks(y, count=8):
    """The peak and some samples spread over the series."""
    n = len(y)
    at = {int(np.argmax(np.abs(y))), n - 1}
    at |= {int(k) for k in np.linspace(0, n - 1, count)[1:-1]}
    return sorted(at)


def show(y):
    return ' '.join('%d:%.17g' % (k, y[k]) for k in picks(y))


def filter_case(name, band, corners, f1, f2, zero_phase, sig, n, ripple=None):
    """f1, f2 in Hz; dt is 1/2 s, so Nyquist is 1 Hz and they are fractions of it, too."""
    if ripple is None:
        ripple = RIPPLE.get(name, 0)
    two = band in ('bandpass', 'bandstop')
    wn = [f1, f2] if two else f1
    sos = scipy.signal.iirfilter(corners, wn, btype=band, ftype=TYPES[name], output='sos', fs=2.0,
                                 rp=ripple if name == 'chebyshev1' else None,
                                 rs=ripple if name == 'chebyshev2' else None)
    x = signal(sig, n)
    y = run(sos, x, zero_phase, np.longdouble)
    plain = run(sos, x, zero_phase, np.float64)
    peak = np.abs(y).max()
    apart = np.abs(plain - y).max() / peak
    if apart > 1e-9:  # then long double has few digits more than the tolerance
        y = run(sos, x, zero_phase, 'mp')
        print('# %s %s %d %g,%g: SciPy in double precision is off by %.1e of the peak'
              % (name, band, corners, f1, f2, np.abs(plain - y).max() / np.abs(y).max()))
    if name == 'butterworth' and apart <= 1e-9:
        kw = dict(corners=corners, zerophase=zero_phase)
        if two:
            o = getattr(obspy.signal.filter, band)(x, f1, f2, 2.0, **kw)
        else:
            o = getattr(obspy.signal.filter, band)(x, f1, 2.0, **kw)
        assert np.abs(o - y).max() <= 1e-9 * peak, (name, band, corners, f1, f2)
    print('filter %s %s %d %.17g %.17g %.17g %d %s %d %s'
          % (name, band, corners, f1, f2 if two else 0, ripple, zero_phase, sig, n, show(y)))


def filters():
    sigs = ['noise', 'walk', 'step', 'impulse']
    k = 0
    for name in TYPES:
        for band in ('lowpass', 'highpass', 'bandpass', 'bandstop'):
            for corners in range(1, 11):
                for f1, f2, n in ((0.05, 0.2, 1000), (0.001, 0.002, 6000)):
                    filter_case(name, band, corners, f1, f2, k % 3 == 2, sigs[k % 4], n)
                    k += 1
    # wide, narrow, and near the ends of the axis
    for name in TYPES:
        for f1, f2 in ((0.001, 0.5), (0.3, 0.7), (0.5, 0.95), (0.9, 0.999), (0.01, 0.0101)):
            for band, corners in (('bandpass', 4), ('bandstop', 10), ('lowpass', 2), ('highpass', 7)):
                filter_case(name, band, corners, f1, f2, False, sigs[k % 4], 1000)
                k += 1
    for ripple in (0.01, 0.1, 3.0, 20.0, 120.0):
        filter_case('chebyshev1', 'bandpass', 5, 0.05, 0.2, False, 'noise', 1000, ripple)
        filter_case('chebyshev2', 'bandpass', 5, 0.05, 0.2, False, 'noise', 1000, ripple)
    for sig, n in (('nyquist', 1000), ('constant', 1000), ('huge', 1000), ('noise', 1), ('noise', 2), ('noise', 5),
                   ('noise', 6), ('noise', 7), ('noise', 13)):
        for band in ('bandpass', 'lowpass'):
            for zero_phase in (False, True):
                filter_case('butterworth', band, 4, 0.05, 0.2, zero_phase, sig, n)
    filter_case('butterworth', 'highpass', 1, 0.999999, 0, False, 'nyquist', 1000)
    filter_case('butterworth', 'lowpass', 4, 0.999999, 0, False, 'noise', 1000)


def polynomial_mp(x, order):
    """Least squares with 60 digits, in orthogonal polynomials."""
    n = len(x)
    t = [mpmath.mpf(2 * i - n + 1) / n for i in range(n)]
    rest = [mpmath.mpf(float(v)) for v in x]
    before, p, norm_before = [mpmath.mpf(0)] * n, [mpmath.mpf(1)] * n, mpmath.mpf(1)
    for k in range(order + 1):
        norm = mpmath.fsum(v * v for v in p)
        c = mpmath.fsum(a * b for a, b in zip(rest, p)) / norm
        rest = [a - c * b for a, b in zip(rest, p)]
        gamma = norm / norm_before if k else mpmath.mpf(0)
        p, before, norm_before = [a * b - gamma * d for a, b, d in zip(t, p, before)], p, norm
    return np.array([float(v) for v in rest])


def detrend_case(method, order, sig, n, check=True):
    x = signal(sig, n)
    with warnings.catch_warnings():
        warnings.simplefilter('ignore')
        if sig == 'huge':
            y = detrend_plain(method, order, x * 2.0**-300) * 2.0**300
        else:
            y = detrend_plain(method, order, x)
    if method in ('mean', 'linear', 'polynomial'):
        exact = polynomial_mp(x, {'mean': 0, 'linear': 1}.get(method, order))
        if check:
            assert np.abs(y - exact).max() <= 1e-9 * np.abs(x).max(), (method, order, sig, n)
        y = exact
    print('detrend %s %d %s %d %s' % (method, order, sig, n, show(y)))


def detrend_plain(method, order, x):
    if method == 'mean':
        return scipy.signal.detrend(x, type='constant')
    if method == 'linear':
        return scipy.signal.detrend(x, type='linear')
    if method == 'simple':
        return obspy.signal.detrend.simple(x.copy())
    return obspy.signal.detrend.polynomial(x.copy(), order)


def detrends():
    for sig in ('noise', 'walk', 'impulse', 'step', 'nyquist', 'constant', 'trend', 'huge'):
        for method in ('mean', 'linear', 'simple'):
            detrend_case(method, 0, sig, 1000)
        for order in (0, 1, 2, 3, 5, 9):
            detrend_case('polynomial', order, sig, 1000)
    detrend_case('polynomial', 30, 'walk', 1000, check=False)  # polyfit is not up to it
    for n in (2, 3, 15, 16, 17, 31, 33):
        for method in ('mean', 'linear', 'simple'):
            detrend_case(method, 0, 'trend', n)
    detrend_case('mean', 0, 'noise', 1)
    detrend_case('polynomial', 2, 'noise', 3, check=False)


def window_case(start_ns, dt, npts, ws, we, check=True):
    """The object starts at start_ns; ws, we are ns on its axis, so that the window's edges are exact."""
    def rounded(v):
        return int(np.floor(abs(v) + 0.5) * (1 if v >= 0 else -1))
    first = rounded((ws - start_ns) / 1e9 / dt)
    count = rounded((we - ws) / 1e9 / dt) + 1
    t = start_ns + int(mpmath.nint(mpmath.mpf(first) * mpmath.mpf(float(dt)) * 10**9))
    if check:
        tr = obspy.Trace(np.arange(npts), {'delta': dt, 'starttime': obspy.UTCDateTime(ns=start_ns)})
        tr.trim(obspy.UTCDateTime(ns=ws), obspy.UTCDateTime(ns=we), nearest_sample=True)
        assert tr.data[0] == first and abs(tr.stats.starttime.ns - t) <= 1000, (ws, we)
        assert len(tr) == count, (len(tr), count)
    print('window %d %.17g %d %d %d %d %d %d' % (start_ns, dt, npts, ws, we, first, count, t))


def windows():
    day = 1267252200 * 10**9
    window_case(0, 0.01, 1000, 2 * 10**9, 3 * 10**9)
    window_case(0, 0.01, 1000, 2006000000, 3 * 10**9, check=False)  # MsPASS's own test: 100 samples
    window_case(0, 0.01, 1000, 2 * 10**9, 3006000000, check=False)  # and 102
    window_case(1002500000, 0.01, 1000, 2 * 10**9, 3 * 10**9)
    window_case(day + 19538000, 0.05, 6000, day + 10 * 10**9, day + 20 * 10**9)
    window_case(day + 19538000, 0.05, 6000, day + 10025 * 10**6, day + 10025 * 10**6)
    window_case(day, 1 / 3, 3000, day + 100 * 10**9, day + 200 * 10**9)
    window_case(day, 0.025, 59081, day, day + 1477 * 10**9)
    window_case(-10 * 10**9, 0.1, 300, -5 * 10**9, 10 * 10**9)


print('# made by make_reference.py with SciPy %s, ObsPy %s, NumPy %s' % (scipy.__version__, obspy.__version__,
                                                                        np.__version__))
print('# filter TYPE BAND CORNERS F1 F2 DB ZERO_PHASE SIGNAL N SAMPLE:VALUE... (dt 0.5 s)')
print('# detrend METHOD ORDER SIGNAL N SAMPLE:VALUE...')
print('# window START_NS DT NPTS FROM_NS TO_NS FIRST_SAMPLE COUNT NEW_START_NS')
filters()
detrends()
windows()
sys.stderr.write('done\n')
