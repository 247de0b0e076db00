#!/usr/bin/env python3
"""Makes the hand-made golden files of tests/golden/v1, or (--check) compares them with what it would make.

    make_golden.py [--check] DIRECTORY
    make_golden.py --elide              (as a filter) leaves out of what msp_read.py prints what .json files leave out

NAME.msp is written by msp_write.py; NAME.json (objects) and NAME.digest are what msp_read.py reads from it.
The .msp files are never made anew for an old format version: version 1 must be read for ever. (Compressed
bytes depend on the version of zstd, so --check compares .json and .digest.)
"""
import json
import os
import struct
import sys

import msp_bson as b
import msp_read
import msp_write as w
from msp_write import (BEGIN, CARDINAL, DELTA1, DELTA2, DELTA3, END, F32, F64, I32, LIVE, ORTHOGONAL, RAW, RELATIVE,
                       SEISMOGRAM, SHIFT, SHUFFLE, Block, Object, segment)

FLOW = w.pipeline(w.stage("msread", ["msread", "day.mseed"], []),
                  w.stage("msfilter", ["msfilter", "--lowpass", "2"], [0]))
MAULE = 1267252200019538000
S = b.string


def codes(sta, chan="BHZ", **more):
    pairs = [(b"net", S("XX")), (b"sta", S(sta)), (b"loc", S("00")), (b"chan", S(chan))]
    return pairs + [(k.encode(), v) for k, v in more.items()]


def walk(n, seed, scale=1.0):
    """a random walk of integers, the same on every machine"""
    x, y, out = seed, 0, []
    for _ in range(n):
        x = (x * 1103515245 + 12345) & 0x7FFFFFFF
        y += (x >> 16) % 201 - 100
        out.append(y * scale if scale != 1.0 else y)
    return out


EVERY_TYPE = [
    (b"double", b.double(0.1)), (b"negative zero", b.double(-0.0)), (b"nan", b.double(float("nan"))),
    (b"infinity", b.double(float("inf"))), (b"minus", b.double(float("-inf"))), (b"tiny", b.double(5e-324)),
    (b"string", S("")), (b"utf8", S("Réunion")), (b"latin1", S(b"R\xe9union")), (b"nul", S(b"a\0b")),
    (b"", S("the empty key")), (b"dotted.key", b.int32(1)), (b"quo\"te\n", S("quo\"te\\\n\t\x01")),
    (b"document", b.doc((b"lat", b.double(-13.9)), (b"deep", b.doc((b"er", b.array())), ), (b"empty", b.doc()))),
    (b"array", b.array(b.int32(1), S("two"), b.array(b.double(3.0)))),
    (b"binary", (0x05, (0, b"\0\1\2\xff"))), (b"old binary", (0x05, (2, struct.pack("<i", 3) + b"abc"))),
    (b"uuid", (0x05, (4, bytes(range(16))))), (b"user binary", (0x05, (0x80, b""))),
    (b"undefined", (0x06, None)), (b"oid", (0x07, bytes(range(12)))), (b"true", b.boolean(1)), (b"false", b.boolean(0)),
    (b"date", (0x09, struct.pack("<q", -1))), (b"null", (0x0A, None)), (b"regex", (0x0B, (b"^BH.$", b"i"))),
    (b"pointer", (0x0C, (b"db.site", bytes(12)))), (b"code", (0x0D, b"f()")), (b"symbol", (0x0E, b"sym")),
    (b"scoped", (0x0F, (b"g(x)", [(b"x", b.int32(1))]))), (b"int32", b.int32(-2147483648)),
    (b"timestamp", (0x11, struct.pack("<II", 7, 1267252200))), (b"int64", b.int64(9007199254740993)),
    (b"decimal", (0x13, struct.pack("<QQ", 1, 0x3040000000000000))), (b"min", (0xFF, None)), (b"max", (0x7F, None)),
    (b"twice", b.int32(1)), (b"twice", b.int32(2)),
]

ODD = [0.0, -0.0, float("nan"), float("inf"), float("-inf"), 5e-324, -5e-324, 1.7976931348623157e308, 1 / 3, -1e-310]
ODD_BITS = struct.pack("<4Q", 0x7FF8000000000001, 0x7FF0000000000001, 0xFFF8000000000000, 0xFFFFFFFFFFFFFFFF)
ODD32 = [0.0, -0.0, float("inf"), float("-inf"), 1.401298464324817e-45, -3.4028234663852886e38, 0.3333333432674408]
ODD32_BITS = struct.pack("<3I", 0x7FC00000, 0x7F800001, 0xFFC00001)
INT32 = [0, -1, 1, 2147483647, -2147483648, -2147483648, 2147483647, 123456789, -987654321]


def typical():
    return [Object(samples=walk(100, 1, 0.5), metadata=codes("ANMO"), name="a", start=MAULE),
            Object(samples=walk(90, 2), type=I32, metadata=codes("ANTO"), name="b", start=MAULE + 1),
            Object(samples=walk(80, 3, 0.25), type=F32, metadata=codes("AFI"), name="c", start=-1),
            Object(kind=SEISMOGRAM, samples=walk(3 * 33, 4, 2.0), metadata=codes("RSSD", "BH"), name="d", start=MAULE,
                   flags=LIVE | CARDINAL | ORTHOGONAL)]


def kinds():
    unknown = dict(kind=77, extra=bytes(range(1, 12)), metadata=codes("SPEC"), start=MAULE)
    matrix = struct.pack("<9d", 0.6, 0.8, -0.0, -0.8, 0.6, 0, 0, 0, 1)
    objects = [
        Object(samples=[1.5], name="one sample"),
        Object(samples=[], name="no samples", metadata=codes("NONE")),
        Object(samples=[1, 2, 3], type=I32, name="i32", dt=1e-9, start=9223372036854775807),
        Object(samples=[1, 2, 3], type=F32, name="f32", dt=86400.0, start=-9223372036854775808),
        Object(kind=SEISMOGRAM, samples=walk(12, 5), type=I32, name="i32", metadata=codes("S", "BH")),
        Object(kind=SEISMOGRAM, samples=[float(i) for i in range(9)], type=F32, extra=matrix, name="f32",
               flags=LIVE | ORTHOGONAL),
        Object(kind=SEISMOGRAM, samples=[], extra=matrix, name="empty"),
        Object(type=0, npts=12, name="live, of type 0"),
        Object(**unknown, samples=bytes(range(24)), type=9, width=8, ncomp=3, npts=1, name="u8"),
        Object(**unknown, samples=bytes(range(100, 120)), type=200, width=4, ncomp=1, npts=5, name="u4"),
        Object(**unknown, samples=[1e-5, 2.0], type=F64, ncomp=2, npts=1, name="f64"),
        Object(kind=65535, type=0, ncomp=7, npts=11, name="odd", flags=LIVE | RELATIVE | SHIFT, shift=-5),
        Object(kind=0, type=0, name="zero", flags=0),
        Object(samples=[1, 2], type=77, width=8, name="time series of an unknown type"),
    ]
    return segment([Block(objects)], pipeline=FLOW)


def dead():
    log = w.elog(("msread", "Invalid", "record of absurd length at byte 512 of \"x\"\n"), ("b", "Debug", ""))
    objects = [
        Object(flags=0, npts=6000, metadata=codes("DEAD"), log=log, name=1),
        Object(flags=0, npts=1 << 63, type=I32, log=w.elog(("msfilter", "Fatal", "npts that nothing holds")), name=2),
        Object(kind=SEISMOGRAM, flags=0, npts=40, log=log[:1], name=3),
        Object(flags=0, type=0, name=4),
        Object(samples=[2.0], log=w.elog(("mswindow", "Complaint", "live, with a complaint"),
                                         ("mswindow", "Suspect", "and another"), ("c", "Informational", "i")), name=5),
    ]
    return segment([Block(objects), Block(objects[:1])], pipeline=FLOW)


def times():
    return segment([Block([
        Object(samples=[1.0], flags=LIVE | RELATIVE, start=-10_000_000_000, name=1),
        Object(samples=[1.0], flags=LIVE | RELATIVE | SHIFT, start=-10_000_000_000, shift=MAULE, name=2),
        Object(kind=SEISMOGRAM, samples=[1.0, 2.0, 3.0], flags=LIVE | RELATIVE | SHIFT, start=3, shift=-7, name=3),
        Object(samples=[1.0], start=-62135596800_000_000_000 // 100, dt=1 / 3, name=4)])])


def samples():
    raw64 = struct.pack("<%dd" % len(ODD), *ODD) + ODD_BITS
    raw32 = struct.pack("<%df" % len(ODD32), *ODD32) + ODD32_BITS
    objects = [Object(samples=raw64, name=1), Object(samples=INT32, type=I32, name=2),
               Object(samples=raw32, type=F32, name=3), Object(samples=raw64[::-1][:80], name=4),
               Object(samples=raw64[:80], type=9, width=8, name=5), Object(samples=raw32, type=10, width=4, name=6)]
    encodings = [RAW, SHUFFLE, DELTA1, DELTA2, DELTA3]
    blocks = [Block(objects, enc=(e, e, e), level=level) for level in (0, 3) for e in encodings]
    mixed = [Block(typical(), enc=e, level=1) for e in ((RAW, DELTA2, DELTA1), (DELTA3, SHUFFLE, RAW),
                                                        (SHUFFLE, RAW, DELTA3))]
    return segment(blocks + mixed)


def history():
    ids = [Object(name=i).f["id"].hex() for i in range(3)]
    combined = "%032x" % (sum(int(i, 16) for i in ids) & w.M128)
    pairs = [(b"inputs", b.int32(3)), (b"combined", S(combined))]
    full = pairs + [(b"ids", b.array(*map(S, ids)))]
    flow = w.pipeline(w.stage("mssynth", ["mssynth", "-n", "3"], []), w.stage("mssynth", ["mssynth", "--seed", "2"], []),
                      w.stage("msstack", ["msstack", "--mean"], [0, 1]), w.stage("mscat", ["mscat"], [2, 1]))
    flow.append((b"unknown key", b.doc((b"x", b.int32(1)))))
    return segment([Block([Object(samples=[4.0], history=pairs, name=1), Object(samples=[4.0], history=full, name=1),
                           Object(samples=[4.0], name=1)])], pipeline=flow)


def metadata():
    nested = [(b"bottom", S("b"))]
    for _ in range(63):     # and is at the limit of 64
        nested = [(b"n", b.doc(*nested))]
    docs = [EVERY_TYPE, nested, [(b"k%d" % i, b.int32(i)) for i in range(500)], [(b"x", S("y" * 3000))]]
    docs += [[(b"p", S("." * n))] for n in range(8)]       # every length of padding
    return segment([Block([Object(samples=[1.0], metadata=d, name=i) for i, d in enumerate(docs)])])


def ensembles():
    begin = Object(kind=BEGIN, metadata=[(b"event", S("Maule")), (b"evid", b.int32(1))], name=1)
    t = typical()
    blocks = [
        Block([t[0], begin, t[1]]), Block(t, inside=1), Block([Object(kind=END, name=1)], inside=1),
        Block([Object(kind=BEGIN, name=2), Object(kind=END, name=2), t[2]]),
        Block([Object(kind=BEGIN, name=3, log=w.elog(("msgroup", "Complaint", "c")), history=[(b"inputs", b.int32(0))])]),
        Block([Object(flags=0, npts=3, log=w.elog(("a", "Invalid", "dead member")), name=4), t[3]], inside=1),
        Block([Object(kind=END, name=3), Object(kind=BEGIN, metadata=codes("E"), name=5), Object(kind=END, name=5)],
              inside=1)]
    return segment(blocks, pipeline=FLOW)


def segments():
    """several segments of a stream, out of order, then another stream, then an empty one"""
    t = typical()

    def one(i, **k):
        return segment([Block([Object(samples=walk(20, i), type=I32, name=("s", i)), t[i % 4]])] * (1 + i % 2), index=i,
                       more=int(i < 4), pipeline=FLOW, **k)
    return b"".join([one(2), one(0), one(4), one(1), one(3),
                     segment([Block(t, level=1, checksum=True)], origin=b"another stream.."), segment([], origin=bytes(16))])


def parts():
    """two of two parts, of two segments and one, beside the unsplit stream of another pipeline"""
    t = typical()
    return b"".join([segment([Block(t[:1])], part=2, parts=2, more=1), segment([Block(t[1:2])], part=1, parts=2),
                     segment([Block(t[2:])], part=2, parts=2, index=1), segment([Block(t)], pipeline=FLOW)])


def big():
    """an object larger than a block, and a frame of several zstd blocks"""
    large = walk(1000, 9) * 300
    return segment([Block([Object(samples=[1.0], name=0)]),
                    Block([Object(samples=large, type=I32, name=1, metadata=codes("BIG"))], enc=(0, 0, SHUFFLE), level=3),
                    Block([Object(samples=bytes(1 << 20), name=2)], level=1)])


def rle():
    """an RLE block of zstd: the record's bytes are all 0 but few, so three frames' worth of kinds is in one frame"""
    o = Object(samples=bytes(1000), name="zeros")
    payload = o.record() + o.samples
    n = len(o.record())
    frame = struct.pack("<IBB", 0xFD2FB528, 0, 7 << 3)
    frame += struct.pack("<I", n << 3)[:3] + payload[:n] + struct.pack("<I", 1 | 1 << 1 | 1000 << 3)[:3] + b"\0"
    return segment([Block([o], frame=frame)])


FILES = {
    "empty": lambda: segment([]), "empty-flow": lambda: segment([], pipeline=FLOW),
    "typical": lambda: segment([Block(typical())], pipeline=FLOW), "kinds": kinds, "dead": dead, "times": times,
    "samples": samples, "history": history, "metadata": metadata, "ensembles": ensembles, "segments": segments,
    "parts": parts, "big": big, "rle": rle,
}


LARGE = 100000      # of samples of more bytes there is their number; the digest stands for them


def elide(line):
    o = json.loads(line)
    n = o["npts"] * o["ncomp"] * o["width"]
    if o["live"] and o["type"] and n > LARGE:
        line = line[:line.index(',"samples":[')] + ',"samples":"%d bytes","digest":"%s"}\n' % (n, o["digest"])
    return line


def expected(data):
    complete = msp_read.Completeness()
    stream = msp_read.Stream(data, complete)
    lines = []
    for o in stream.objects():
        j = o.to_json()
        if len(o.samples) > LARGE:
            j["samples"] = "%d bytes" % len(o.samples)
        lines.append(b.dumps(j) + "\n")
    complete.finish(len(data))
    return "".join(lines), "%032x\n" % stream.digest


def main(argv):
    if argv == ["--elide"]:
        sys.stdout.writelines(map(elide, sys.stdin))
        return 0
    check = argv[:1] == ["--check"]
    directory = argv[check]
    status = 0
    for name, make in FILES.items():
        path = os.path.join(directory, name)
        data = make()
        texts = expected(data)
        if check:
            with open(path + ".msp", "rb") as f:
                stored = f.read()
            if expected(stored) != texts:
                print("%s.msp does not hold what make_golden.py makes" % path)
                status = 1
        else:
            with open(path + ".msp", "wb") as f:
                f.write(data)
        for suffix, text in zip((".json", ".digest"), texts):
            if not check:
                with open(path + suffix, "w", encoding="utf-8") as f:
                    f.write(text)
                continue
            with open(path + suffix, encoding="utf-8") as f:
                if f.read() != text:
                    print("%s%s is not what make_golden.py makes" % (path, suffix))
                    status = 1
    return status


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
