#!/usr/bin/env python3
"""Makes recorded.tsv: what ObsPy reads in the recorded waveform files, and in what mssave makes of them.

    make_recorded.py BIN DATA... >recorded.tsv

BIN is the directory of the commands, DATA are directories with recordings. Needs ObsPy (made with 1.5.1). The test
recorded.bats compares msread with the table, and needs none.

Rows: what ("read": the file; "mseed", "sac": what mssave wrote of it), file, codes, start in ns, number of samples,
sample interval, type, least and greatest sample, CRC-32 of the samples, and for "mseed" and "sac" the CRC-32 of the
file that ObsPy read, so that the test knows that it has the same. A trace is what ObsPy gives without merging. It ends one where the next
record is off by more than half a sample, as msread does, but only counted from the record before; and where the data
quality changes, which msread does not. No file here tells the two apart: the table has ObsPy's traces and msread's objects alike.

Where ObsPy rounds, it is told not to: the sample interval of a SAC file is the shortest decimal that reads as its float32 (round_sampling_interval=False);
a rate of a miniSEED file that is a float32 (blockette 100) is the shortest decimal as well, so that 0.1 Hz are 10 s.
The script fails if a file that was written does not hold the same as its source: same codes, samples, intervals (to float32 for miniSEED), and
times to the microsecond for miniSEED, to the nanosecond for SAC.
"""
import os
import subprocess
import sys
import tempfile
import warnings
import zlib

import numpy as np
import obspy

TYPES = {"int32": ("i32", "<i4"), "float32": ("f32", "<f4"), "float64": ("f64", "<f8")}


def traces(path):
    kind = "SAC" if path.endswith(".sac") else "MSEED"
    args = {"round_sampling_interval": False} if kind == "SAC" else {}
    return obspy.read(path, format=kind, **args)


def row(trace):
    name, little = TYPES[trace.data.dtype.newbyteorder("=").name]
    data = trace.data.astype(little)
    delta = trace.stats.delta
    rate = trace.stats.sampling_rate
    if "sac" in trace.stats:
        delta = float(str(np.float32(trace.stats.sac.delta)))
    elif np.float32(rate) == rate:
        delta = 1 / float(str(np.float32(rate)))
    return [trace.id, str(trace.stats.starttime.ns), str(len(data)), "%.12g" % delta, name,
            "%.9g" % data.min(), "%.9g" % data.max(), "%08x" % zlib.crc32(data.tobytes())]


def emit(what, name, rows, tail=()):
    for r in rows:
        print("\t".join([what, name] + r + list(tail)))


def same(before, after, tolerance, samples):
    """Whether what was written holds what was there; samples: their bits, too."""
    if len(before) != len(after):
        return False
    for a, b in zip(sorted(before), sorted(after)):
        if a[0] != b[0] or abs(int(a[1]) - int(b[1])) > tolerance or a[2] != b[2]:
            return False
        if not np.allclose([float(x) for x in a[5:7]], [float(x) for x in b[5:7]], rtol=1e-7, atol=0):
            return False
        if abs(float(a[3]) / float(b[3]) - 1) > 1e-7:
            return False
        if samples and a[4:] != b[4:]:
            return False
    return True


def written(binary, path, name, before, directory):
    read = [os.path.join(binary, "msread"), path]
    save = os.path.join(binary, "mssave")
    stream = subprocess.run(read, check=True, capture_output=True).stdout
    out = os.path.join(directory, "out.mseed")
    subprocess.run([save, out], input=stream, check=True)
    after = [row(t) for t in traces(out)]
    assert same(before, after, 500, True), name
    emit("mseed", name, after, ["%08x" % zlib.crc32(open(out, "rb").read())])
    sacs = os.path.join(directory, "sac-" + name)
    subprocess.run([save, "--to", "sac", sacs + "/"], input=stream, check=True)
    after = []
    for f in sorted(os.listdir(sacs)):
        crc = "%08x" % zlib.crc32(open(os.path.join(sacs, f), "rb").read())
        after += [row(t) + [crc] for t in traces(os.path.join(sacs, f))]
    assert same(before, after, 0, False), name
    emit("sac", name, after)


def main():
    warnings.simplefilter("ignore")
    binary, data = sys.argv[1], sys.argv[2:]
    files = {}
    for directory in data:
        for base, _, names in os.walk(directory):
            files.update({n: os.path.join(base, n) for n in names if n.endswith((".mseed", ".sac"))})
    with tempfile.TemporaryDirectory() as directory:
        for name in sorted(files):
            before = [row(t) for t in traces(files[name])]
            emit("read", name, before)
            written(binary, files[name], name, before, directory)


main()
