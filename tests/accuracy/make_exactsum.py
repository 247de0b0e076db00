#!/usr/bin/env python3
"""Makes tests/unit/exactsum_cases.h: sets of doubles and their sums in exact rational arithmetic, rounded once.

Python's own rounding of a fraction to a double (Fraction -> float is correctly rounded) is the reference."""
import random
from fractions import Fraction

rng = random.Random(20101234)
cases = []


def add(values):
    values = [float(v) for v in values]
    exact = sum((Fraction(v) for v in values), Fraction(0))
    try:
        want = float(exact)
    except OverflowError:
        want = float("inf") if exact > 0 else float("-inf")
    cases.append((values, want))


add([0.1] * 10)
add([1e16, 1.0, -1e16])
add([1e300, 1.0, -1e300, 1e-300])
add([1e308, 1e308, -1e308])
add([1.7e308, 1.7e308])
add([-1.7e308, -1.7e308, -1.7e308])
add([5e-324] * 7)
add([5e-324, -5e-324])
add([2.2250738585072014e-308, -5e-324])
add([1.7976931348623157e308, 5e-324, -1.7976931348623157e308])
add([1.0, 2.0 ** -53])
add([1.0, 2.0 ** -53, 5e-324])
add([1.0, 2.0 ** -53, -5e-324])
add([1.0 + 2.0 ** -52, 2.0 ** -53])
add([1.0 + 2.0 ** -52, 2.0 ** -53, -(2.0 ** -120)])
add([-1.0, -(2.0 ** -53), 2.0 ** -1000])
add([2.0 ** 45 + 0.5, -0.0, 2.0 ** 91, -(2.0 ** 91)])
add([-0.0, -0.0])
for k in range(-1074, 1024, 23):
    add([2.0 ** k, -(2.0 ** max(k - 46, -1074)), 2.0 ** max(k - 92, -1074)])
for kind in range(60):
    n = rng.choice([2, 3, 5, 9, 33])
    spread = rng.choice([0, 3, 40, 300, 1000])
    values = []
    for _ in range(n):
        e = rng.randint(-spread, spread)
        values.append(rng.uniform(-1, 1) * 2.0 ** e)
    if kind % 3 == 0:
        values += [-v * (1 + rng.choice([0, 2.0 ** -52])) for v in values]
    if kind % 5 == 0:
        values = [v for v in values if abs(v) < 2.0 ** -950] + [rng.randint(-9, 9) * 5e-324 for _ in range(9)] + values
    add(values)

with open("tests/unit/exactsum_cases.h", "w") as f:
    f.write("/* Made by tests/accuracy/make_exactsum.py: doubles, and their exact sum rounded once. */\n")
    f.write("static const double case_value[] = {\n")
    for values, _ in cases:
        f.write("\t" + ", ".join(v.hex() for v in values) + ",\n")
    f.write("};\n\nstatic const struct {\n\tint n;\n\tdouble sum;\n} cases[] = {\n")
    for values, want in cases:
        text = want.hex() if abs(want) != float("inf") else ("HUGE_VAL" if want > 0 else "-HUGE_VAL")
        f.write("\t{%d, %s},\n" % (len(values), text))
    f.write("};\n")
