#!/usr/bin/env python3
"""Makes indexed.tsv: what an index of the recorded waveform files has to say, by ObsPy.

    make_indexed.py FILE... >indexed.tsv

Needs ObsPy (made with 1.5.1). The test indexed.bats compares msindex with the table, and needs none.

Rows: file, codes, start in ns, number of samples, sample interval, end in ns, first byte, number of bytes, start of the last record in ns (0: a
SAC file), number of records. Traces are what obspy.read() gives without merging. Which records they are made of is found by reading
the file's records one by one (get_record_information): those of the same codes that begin within the trace. The script fails
where their samples are not as many as the trace's.
"""
import os
import sys

import numpy as np
import obspy
from obspy.io.mseed.util import get_record_information

NS = 1000000000


def interval(trace):
    if "sac" in trace.stats:
        return float(str(np.float32(trace.stats.sac.delta)))
    rate = trace.stats.sampling_rate
    return 1 / float(str(np.float32(rate))) if np.float32(rate) == rate else trace.stats.delta


def records(path):
    at, size = 0, os.path.getsize(path)
    while at < size:
        r = get_record_information(path, offset=at)
        # excess_bytes: how far the file goes beyond whole records
        yield (".".join((r["network"], r["station"], r["location"], r["channel"])), r["starttime"].ns, r["npts"], at, r["record_length"])
        at += r["record_length"]


def spans(path, traces):
    every = list(records(path))
    for t in traces:
        begin, end = t.stats.starttime.ns, t.stats.endtime.ns
        half = int(interval(t) * NS / 2)
        mine = [r for r in every if r[0] == t.id and begin - half <= r[1] <= end + half]
        if sum(r[2] for r in mine) != t.stats.npts:
            sys.exit("%s: %s: records have %d samples, the trace %d" % (path, t.id, sum(r[2] for r in mine), t.stats.npts))
        yield mine[0][3], mine[-1][3] + mine[-1][4] - mine[0][3], mine[-1][1], len(mine)


def main():
    for path in sorted(sys.argv[1:], key=os.path.basename):
        sac = path.endswith(".sac")
        traces = obspy.read(path, format="SAC" if sac else "MSEED", **({"round_sampling_interval": False} if sac else {}))
        places = [(0, os.path.getsize(path), 0, 0)] if sac else spans(path, traces)
        for t, place in zip(traces, places):
            dt = interval(t)
            end = t.stats.starttime.ns + round((t.stats.npts - 1) * dt * NS)
            print("\t".join([os.path.basename(path), t.id, str(t.stats.starttime.ns), str(t.stats.npts), "%.12g" % dt, str(end)] +
                            [str(p) for p in place]))


main()
