# make_documents.py DIR - waveform documents made by hand, one of each form in which samples are stored, and many that cannot be
# read. DIR/good and DIR/bad are dumps for `msdb import`; DIR/files has the samples. Sample k of component c of datum d is
# 1000 * d + 100 * c + k / 8. Names of data are their stations.
import base64
import json
import os
import struct
import sys

top = sys.argv[1]
for d in ("good", "bad", "files"):
    os.makedirs(os.path.join(top, d))
collections = {}
number = 0


def add(dump, collection, doc):
    collections.setdefault((dump, collection), []).append(doc)


def oid(n):
    return {"$oid": "%024x" % n}


def value(d, c, k):
    return 1000 * d + 100 * c + k / 8


def gridfs(dump, n, data, chunk=64, drop=None, twist=None):
    add(dump, "fs.files", {"_id": oid(n), "length": {"$numberLong": str(len(data))}, "chunkSize": chunk})
    for i in range(0, len(data), chunk):
        if drop == i // chunk:
            continue
        part = data[i:i + chunk]
        if twist == i // chunk:
            part = part[:-1]
        add(dump, "fs.chunks", {"_id": oid(n * 100 + i // chunk), "files_id": oid(n), "n": i // chunk,
                                "data": {"$binary": {"base64": base64.b64encode(part).decode(), "subType": "00"}}})
    return oid(n)


def document(sta, npts=20, **more):
    global number
    number += 1
    n = npts if isinstance(npts, int) else 20
    doc = {"_id": oid(number), "net": "XX", "sta": sta, "chan": "BHZ", "npts": npts, "delta": 0.5,
           "starttime": 1e9 + number, "endtime": 1e9 + number + (n - 1) * 0.5, "time_standard": "UTC",
           "utc_convertible": True, "starttime_shift": 0.0}
    doc.update(more)
    return {k: v for k, v in doc.items() if v is not None}


def f64(values):
    return struct.pack("<%dd" % len(values), *values)


def write(name, data):
    with open(os.path.join(top, "files", name), "ab") as f:
        at = f.tell()
        f.write(data)
    return at


# ---- what can be read

d = document("GRID")
gridfs("good", 5001, f64([value(number, 0, k) for k in range(20)]))
add("good", "wf_TimeSeries", dict(d, storage_mode="gridfs", gridfs_id=oid(5001), dir="/stale", dfile="stale", foff=7, format="MSEED"))

d = document("GRID3", chan=None, tmatrix=[[0.6, 0.8, 0], [-0.8, 0.6, 0], [0, 0, 1]], cardinal=False, orthogonal=True)
gridfs("good", 5002, f64([value(number, c, k) for c in range(3) for k in range(20)]))
add("good", "wf_Seismogram", dict(d, storage_mode="gridfs", gridfs_id=oid(5002)))

d = document("NOMODE", npts={"$numberLong": "20"}, delta=1)  # gridfs is MsPASS's default
gridfs("good", 5003, f64([value(number, 0, k) for k in range(20)]))
add("good", "wf_TimeSeries", dict(d, gridfs_id=oid(5003)))

write("bin", b"some bytes before")
d = document("FILE")
at = write("bin", f64([value(number, 0, k) for k in range(20)]))
add("good", "wf_TimeSeries", dict(d, storage_mode="file", format="binary", dir="files", dfile="bin", foff=at, nbytes=160))

d = document("FILE3", chan=None, tmatrix=[1, 0, 0, 0, 1, 0, 0, 0, 1], cardinal=True, orthogonal=True)
at = write("bin", f64([value(number, c, k) for k in range(20) for c in range(3)]))
add("good", "wf_Seismogram", dict(d, storage_mode="file", dir=os.path.join(os.path.realpath(top), "files"), dfile="bin", foff=at))

d = document("REL", time_standard="Relative", starttime=-2.5, endtime=7.0, utc_convertible=True, starttime_shift=1.2e9, elog_id=oid(7001))
at = write("bin", f64([value(number, 0, k) for k in range(20)]))
add("good", "wf_TimeSeries", dict(d, storage_mode="file", format="binary", dir="files/../files/", dfile="bin", foff=at))
add("good", "elog", {"_id": oid(7001), "logdata": [
    {"job_id": 0, "algorithm": "one", "badness": "ErrorSeverity.Complaint", "error_message": "a complaint", "process_id": 1},
    {"job_id": 0, "algorithm": "two", "badness": "ErrorSeverity.Debug", "error_message": "äöü", "process_id": 1}]})

d = document("EMPTY", npts=0)
gridfs("good", 5004, b"")
add("good", "wf_TimeSeries", dict(d, storage_mode="gridfs", gridfs_id=oid(5004)))

# as mssave writes: types, exact times, metadata in their order and those that the document cannot hold
d = document("SAVED", starttime=1234567890.123456)
gridfs("good", 5005, f64(list(range(-10, 10))))
add("good", "wf_TimeSeries", dict(
    d, storage_mode="gridfs", gridfs_id=oid(5005), data_tag="t", elog_id=oid(7777), added="later", sta="SAVED", station="no", msp={
        "id": "00112233445566778899aabbccddeeff", "type": "i32", "start": {"$numberLong": "1234567890123456789"},
        "keys": ["chan", "loc", "dir", "net", "STA", 0, "gone"], "values": {"loc": "", "dir": "own"}, "alias": {"sta": "STA"},
        "raw": [{"$binary": {"base64": base64.b64encode(b"\x02a.b\0\x02\0\0\0x\0").decode(), "subType": "00"}}],
        "history": {"inputs": 2}}))

# an ensemble of two, saved, in the wrong order
for member in (1, 0):
    d = document("MEM%d" % member, source_id=oid(9))
    gridfs("good", 5010 + member, f64([value(number, 0, k) for k in range(20)]))
    add("good", "wf_TimeSeries", dict(d, storage_mode="gridfs", gridfs_id=oid(5010 + member), msp={
        "id": "%032x" % (77 + member), "type": "f32", "start": {"$numberLong": str((10**9 + number) * 10**9)},
        "ensemble": {"id": "%032x" % 42, "member": member, "metadata": {"source_id": oid(9), "note": "ours"}, "keys": ["source_id"]}}))

add("good", "cemetery", {"_id": oid(6001), "logdata": [
    {"job_id": 0, "algorithm": "qc", "badness": "ErrorSeverity.Invalid", "error_message": "no good", "process_id": 1}],
    "tombstone": dict(document("DEAD"), msp={"id": "%032x" % 13, "type": "i32", "kind": "seismogram",
                                             "start": {"$numberLong": str(number * 10**9 + 10**18)}})})

# ---- what cannot be read: a station for each reason

gridfs("bad", 5100, f64(range(20)), drop=1)
gridfs("bad", 5101, f64(range(20)), twist=1)
gridfs("bad", 5102, f64(range(20)))
add("bad", "fs.files", {"_id": oid(5103), "length": "long", "chunkSize": 64})
at = write("short", f64(range(10)))
os.mkfifo(os.path.join(top, "files", "fifo"))
bad = {
    "nochunk": dict(gridfs_id=oid(5100)), "badchunk": dict(gridfs_id=oid(5101)), "wrongnpts": dict(gridfs_id=oid(5102), npts=21),
    "nofile": dict(gridfs_id=oid(5999)), "noid": {}, "nullid": dict(gridfs_id=None), "badfile": dict(gridfs_id=oid(5103)),
    "oddid": dict(gridfs_id={"a": [1]}), "hugenpts": dict(gridfs_id=oid(5102), npts={"$numberLong": "9223372036854775807"}),
    "negnpts": dict(gridfs_id=oid(5102), npts=-1), "halfnpts": dict(gridfs_id=oid(5102), npts=2.5), "textnpts": dict(gridfs_id=oid(5102), npts="20"),
    "nonpts": dict(gridfs_id=oid(5102), npts=None), "nodelta": dict(gridfs_id=oid(5102), delta=None), "zerodelta": dict(gridfs_id=oid(5102), delta=0),
    "nandelta": dict(gridfs_id=oid(5102), delta={"$numberDouble": "NaN"}), "nostart": dict(gridfs_id=oid(5102), starttime=None),
    "hugestart": dict(gridfs_id=oid(5102), starttime=1e300), "textstart": dict(gridfs_id=oid(5102), starttime="now"),
    "nostandard": dict(gridfs_id=oid(5102), time_standard=None), "badstandard": dict(gridfs_id=oid(5102), time_standard="GPS"),
    "url": dict(storage_mode="url", url="http://localhost/x"), "s3": dict(storage_mode="s3_continuous"), "fdsn": dict(storage_mode="fdsn"),
    "oddmode": dict(storage_mode=5), "missing": dict(storage_mode="file", dir="files", dfile="nowhere"),
    "short": dict(storage_mode="file", dir="files", dfile="short", foff=at), "beyond": dict(storage_mode="file", dir="files", dfile="short", foff=8000),
    "negfoff": dict(storage_mode="file", dir="files", dfile="bin", foff=-8), "oddfoff": dict(storage_mode="file", dir="files", dfile="bin", foff="0"),
    "hugefoff": dict(storage_mode="file", dir="files", dfile="bin", foff={"$numberLong": "9223372036854775807"}),
    "hugefile": dict(storage_mode="file", dir="files", dfile="bin", npts={"$numberLong": "1152921504606846975"}),
    "nodfile": dict(storage_mode="file", dir="files"), "nuldfile": dict(storage_mode="file", dir="files", dfile="bin\0x"),
    "odddir": dict(storage_mode="file", dir=7, dfile="bin"), "isdir": dict(storage_mode="file", dir=".", dfile="files"),
    "fifo": dict(storage_mode="file", dir="files", dfile="fifo"), "device": dict(storage_mode="file", dir="/dev", dfile="zero"),
    "format": dict(storage_mode="file", dir="files", dfile="bin", format="GSE2"), "oddformat": dict(storage_mode="file", dir="files", dfile="bin", format=1),
    "nomseed": dict(storage_mode="file", dir="files", dfile="bin", format="MSEED", foff=0, nbytes=100),
    "nosac": dict(storage_mode="file", dir="files", dfile="bin", format="SAC", foff=0, nbytes=100),
    "longsac": dict(storage_mode="file", dir="files", dfile="bin", format="SAC", foff=0, nbytes=10**9),
    "negbytes": dict(storage_mode="file", dir="files", dfile="bin", format="mseed", foff=0, nbytes=-1),
}
for name, keys in bad.items():
    add("bad", "wf_TimeSeries", document(name, **dict(dict(storage_mode="gridfs"), **keys)))
for name, keys in {"matrix": dict(tmatrix=[1, 2, 3]), "textmatrix": dict(tmatrix=["a"] * 9), "oddmatrix": dict(tmatrix=5),
                   "longmatrix": dict(tmatrix=[1] * 10)}.items():
    add("bad", "wf_Seismogram", document(name, gridfs_id=oid(5102), **keys))

for (dump, collection), docs in collections.items():
    with open(os.path.join(top, dump, collection + ".jsonl"), "w", encoding="utf-8") as f:
        for doc in docs:
            print(json.dumps(doc), file=f)
