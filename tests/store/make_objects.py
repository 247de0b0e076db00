"""Streams of objects that no command makes: make_objects.py WHAT, to standard output.

  hostile    metadata that are no text, look like operators, paths, SQL, and keys that documents need for themselves
  oid        a key channel_id that is an ObjectId, and two keys of that channel
  secret     a pipeline with a password in an argument
  odd        samples and times at the edges, live and dead, alone and in ensembles, relative and UTC, with logs and histories
"""
import os
import struct
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "stream"))
import msp_bson as b  # noqa: E402
import msp_write as w  # noqa: E402

NS = 10**9
S = b.string
counter = 0


def fresh():
    global counter
    counter += 1
    return bytes([counter]) * 16


def codes(sta):
    return [(b"net", S(b"XX")), (b"sta", S(sta)), (b"loc", S(b"")), (b"chan", S(b"BHZ"))]


def obj(samples, kind=w.TIMESERIES, **more):
    return w.Object(kind, samples, id=fresh(), **{"dt": 0.05, "start": 1577836800 * NS, **more})


def hostile():
    nested = b.doc((b"$where", S(b"1")), (b"a.b", S(b"c")), (b"", S(b"")))
    keys = codes(b"A") + [
        (b"quote'\"`", S(b"'); drop table wf_TimeSeries; --")), (b"$set", S(b"x")), (b"a.b", S(b"y")), (b"", S(b"empty key")),
        (b"nested", nested), (b"latin", S(b"caf\xe9")), (b"\xff\xfe", S(b"key that is no text")), (b"nul", S(b"a\0b")),
        (b"_id", S(b"mine")), (b"msp", S(b"mine too")), (b"gridfs_id", b.int32(7)), (b"storage_mode", S(b"url")), (b"npts_", b.int32(1)),
        (b"elog_id", S(b"e")), (b"data_tag", S(b"inherited")), (b"blank", S(b" \t ")), (b"null", (0x0A, None)),
        (b"../../etc/passwd", S(b"../../etc/passwd")), (b"%s%n", S(b"%s%n")), (b"unicode \xc3\xbc", S("é€".encode())),
    ]
    return [obj([1.0, 2.0], metadata=keys, log=w.elog((b"al\xffg", b"Invalid", b"no text \xff"), (b"a", b"Complaint", b"b\nc")))]


def oid():
    return [obj([1.0], metadata=codes(b"A") + [
        (b"channel_id", (0x07, bytes(range(1, 13)))), (b"channel_lat", b.double(3.5)), (b"channel_lon", b.double(9.0))])]


def secret():
    return [obj([1.0], metadata=codes(b"A"))]


def odd():
    nan = [struct.unpack("<d", struct.pack("<Q", v))[0] for v in (0x7FF8000000000000, 0xFFF8000000000001, 0x7FF0000000000001)]
    f64 = struct.pack("<9d", 0.0, -0.0, 5e-324, -1.7976931348623157e308, float("inf"), float("-inf"), 0.1, 1e300, 2.0**-1074)
    f64 += struct.pack("<3Q", 0x7FF8000000000000, 0xFFF8000000000001, 0x7FF0000000000001)
    f32 = struct.pack("<8I", 0, 0x80000000, 1, 0x807FFFFF, 0x7F800000, 0xFF800000, 0x7FC00000, 0x7F800001) + struct.pack("<I", 0xFFFFFFFF)
    i32 = struct.pack("<5i", 0, -1, 1, 2**31 - 1, -2**31)
    log = w.elog((b"alg_a", b"Complaint", b"a complaint"), (b"alg_b", b"Suspect", "suspect ü".encode()))
    history = [(b"inputs", b.int32(2)), (b"combined", S(b"ab" * 16))]
    matrix = [0.5, 0.25, 0, -0.25, 0.5, 0, 0, 0, 1]
    assert nan
    body = [
        obj(f64, metadata=codes(b"F64"), log=log), obj(f32, type=w.F32, metadata=codes(b"F32"), history=history),
        obj(i32, type=w.I32, metadata=codes(b"I32"), start=1577836800 * NS + 123456789),
        obj([1.0, 2.0], metadata=[(b"z", b.int32(1))] + codes(b"REL") + [(b"a", b.int64(2**40)), (b"st", S(b" "))], flags=7, start=-12 * NS - 1, shift=1577836800 * NS + 7),
        obj([3.0], metadata=codes(b"RELN"), flags=3, start=5), obj([1.0], dt=1 / 3, metadata=[]),
        obj([0.5] * 33, w.SEISMOGRAM, metadata=codes(b"SEIS"), extra=struct.pack("<9d", *matrix), flags=1),
        obj(struct.pack("<6i", *range(6)), w.SEISMOGRAM, type=w.I32, metadata=codes(b"SEISI"), log=log),
        w.Object(w.TIMESERIES, (), id=fresh(), flags=0, dt=0.01, start=9 * NS, npts=285, type=w.F32, metadata=codes(b"DEAD") + [(b"channel_lat", b.double(1.5))], log=log),
        w.Object(w.TIMESERIES, (), id=fresh(), flags=0, dt=0.01, start=9 * NS, npts=0, type=0, metadata=codes(b"NOLOG")),
    ]
    members = [obj([float(k)], metadata=codes(b"M%d" % k) + [(b"own", S(b"mine"))] * (k == 1)) for k in range(3)]
    dead = w.Object(w.TIMESERIES, (), id=fresh(), flags=0, dt=0.01, start=9 * NS, npts=5, metadata=codes(b"MD"), log=log)
    begin = w.Object(w.BEGIN, id=fresh(), metadata=[(b"source_id", (0x07, bytes(range(12)))), (b"own", S(b"the ensemble's")), (b"mag", b.double(6.5))])
    begin2 = w.Object(w.BEGIN, id=fresh())
    tail = [obj([7.0], metadata=codes(b"LAST"))]
    return body + [begin] + members + [dead, w.Object(w.END), begin2] + [obj([2.0], metadata=codes(b"E2"))] + [w.Object(w.END)] + tail


what = sys.argv[1]
argv = [b"msread", b"mongodb://user:s3cr3t-word@host/db?x=s3cr3t"] if what == "secret" else [b"make", what.encode()]
objects = {"hostile": hostile, "oid": oid, "secret": secret, "odd": odd}[what]()
sys.stdout.buffer.write(w.segment([w.Block(objects)], pipeline=w.pipeline(w.stage(b"msread", argv, []))))
