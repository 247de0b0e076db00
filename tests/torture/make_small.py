#!/usr/bin/env python3
"""A stream of two segments, small enough for every byte of it to be tried: make_small.py FILE

It has what the format has: time series and seismograms of each type, a dead object, metadata, log, history, areas that
are encoded and frames that are compressed.
"""
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "stream"))
import msp_bson as b                                                        # noqa: E402
from msp_write import (DELTA1, F32, I32, LIVE, SEISMOGRAM, SHUFFLE, Block, Object, elog, pipeline, segment,  # noqa: E402
                       stage)

START = 1267252200019538000


def codes(sta, chan):
    return [(b"net", b.string("XX")), (b"sta", b.string(sta)), (b"chan", b.string(chan))]


def main(path):
    flow = pipeline(stage("mssynth", ["mssynth"], []))
    first = [Object(samples=[3, 5, -8, 13, 7], type=I32, start=START, metadata=codes("A", "BHZ"), name=1),
             Object(samples=[1.0, 2.5, 2.0, 0.5], start=START, metadata=codes("B", "BHZ"), name=2,
                    history=[(b"inputs", b.int32(2)), (b"combined", b.string("0" * 32))])]
    second = [Object(flags=0, npts=9, start=START, metadata=codes("C", "BHZ"), log=elog(("msread", "Invalid", "cut")), name=3),
              Object(samples=[1.0, 3.0, 2.0], type=F32, start=START, metadata=codes("D", "BHN"), name=4)]
    third = [Object(kind=SEISMOGRAM, samples=[float(i % 4) for i in range(9)], start=START, flags=LIVE | 24,
                    metadata=codes("E", "BH"), name=5)]
    with open(path, "wb") as f:
        f.write(segment([Block(first, enc=(SHUFFLE, 0, DELTA1), level=1), Block(second)], more=1, pipeline=flow)
                + segment([Block(third)], index=1, pipeline=flow))


if __name__ == "__main__":
    main(sys.argv[1])
