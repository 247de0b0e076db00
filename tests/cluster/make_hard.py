#!/usr/bin/env python3
"""A stream of samples that are hard to add: make_hard.py FILE

Three types; -0.0, denormals, 1e300 and its like with either sign, so that any order of adding doubles gives another sum; some members with
NaN or infinity; dead ones; four stations; many segments.
"""
import math
import os
import random
import struct
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "stream"))
import msp_bson as b                                                        # noqa: E402
from msp_write import F32, F64, I32, Block, Object, elog, pipeline, segment, stage  # noqa: E402

rng = random.Random(20101126)
SPECIAL = {F64: [-0.0, 5e-324, -2.5e-310, 1e300, -1e300, 1e-300, 1.0, math.pi],
           F32: [-0.0, 1e-45, -1e-40, 3e38, -3e38, 1.0, 0.1],
           I32: [2 ** 31 - 1, -2 ** 31, 0, 1, -1]}


def value(kind):
    if rng.random() < 0.4:
        return rng.choice(SPECIAL[kind])
    if kind == I32:
        return rng.randrange(-2 ** 31, 2 ** 31)
    x = rng.uniform(-1, 1) * 10 ** rng.uniform(-30, 30)
    return struct.unpack("<f", struct.pack("<f", x))[0] if kind == F32 else x


def member(k):
    kind = (F64, F32, I32)[k % 3]
    codes = [(b"net", b.string("XX")), (b"sta", b.string("S%d" % (k % 4))), (b"chan", b.string("BHZ"))]
    if k % 23 == 22:
        return Object(flags=0, npts=16, metadata=codes, log=elog(("msread", "Invalid", "cut")), name=k)
    samples = [value(kind) for _ in range(16)]
    if k % 29 == 28 and kind != I32:
        samples[k % 16] = (math.nan, math.inf, -math.inf)[k % 3]
    return Object(samples=samples, type=kind, metadata=codes, name=k)


def main(path):
    flow, sizes = pipeline(stage("mssynth", ["mssynth"], [])), []
    members = [member(k) for k in range(700)]
    while sum(sizes) < len(members):
        sizes.append(min(rng.randrange(1, 15), len(members) - sum(sizes)))
    with open(path, "wb") as f:
        at = 0
        for i, n in enumerate(sizes):
            f.write(segment([Block(members[at:at + n])], index=i, more=int(i < len(sizes) - 1), pipeline=flow))
            at += n


if __name__ == "__main__":
    main(sys.argv[1])
