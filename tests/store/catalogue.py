"""A small catalogue as JSON dumps, whole or damaged, the same for the same SEED.

python3 catalogue.py make DIR N SEED         DIR/dump/*.jsonl, and sample files in DIR/files: N waveforms with all that they refer to
python3 catalogue.py damage DIR SEED         damages DIR; writes DIR/expected (what msdb check is to find: COLLECTION, _id, KIND)
                                             and DIR/fixed (a dump of what it is to be after msdb check --fix, without abortions)
python3 catalogue.py same DIR DIR            do two dumps hold the same, collections without documents apart?
"""
import base64
import json
import os
import random
import struct
import sys

from same import differ

CHUNK = 256


def oid(r):
    return {"$oid": "%024x" % r.getrandbits(96)}


def double(x):
    return {"$numberDouble": repr(float(x))}


def whole(n):
    return {"$numberInt": str(n)}


def text(value):
    return json.dumps(value, separators=(",", ":"))


class Catalogue:
    def __init__(self):
        self.docs = {}

    def add(self, collection, doc):
        self.docs.setdefault(collection, []).append(doc)
        return doc

    def drop(self, collection, doc):
        self.docs[collection] = [d for d in self.docs[collection] if d is not doc]

    def write(self, directory):
        os.makedirs(directory, exist_ok=True)
        for name, docs in self.docs.items():
            with open(os.path.join(directory, name + ".jsonl"), "w") as f:
                for d in docs:
                    f.write(json.dumps(d) + "\n")

    @staticmethod
    def read(directory):
        c = Catalogue()
        for name in sorted(os.listdir(directory)):
            with open(os.path.join(directory, name)) as f:
                c.docs[name[:-6]] = [json.loads(line) for line in f]
        return c


def chunks_of(c, r, file, data):
    for n in range(0, (len(data) + CHUNK - 1) // CHUNK):
        part = data[n * CHUNK:(n + 1) * CHUNK]
        c.add("fs.chunks", {"_id": oid(r), "files_id": file, "n": whole(n),
                            "data": {"$binary": {"base64": base64.b64encode(part).decode(), "subType": "00"}}})


def waveform(c, r, i, top, seed, sites, sources):
    three = i % 5 == 4
    npts = r.randrange(1, 200)
    data = struct.pack("<%dd" % (npts * (3 if three else 1)), *[r.gauss(0, 1) for _ in range(npts * (3 if three else 1))])
    doc = {"_id": oid(r), "sta": "S%04d" % i, "npts": whole(npts), "delta": double(0.05), "starttime": double(1.5e9 + i),
           "starttime_shift": double(0), "utc_convertible": True, "time_standard": "UTC", "site_id": r.choice(sites)["_id"],
           "source_id": r.choice(sources)["_id"], "data_tag": "made"}
    if three:
        doc.update(tmatrix=[double(x) for x in (1, 0, 0, 0, 1, 0, 0, 0, 1)], cardinal=True, orthogonal=True)
    if i % 3 == 2:
        name = "w%d_%d.bin" % (seed, i)
        with open(os.path.join(top, "files", name), "wb") as f:
            f.write(b"before.." + data)
        doc.update(storage_mode="file", format="binary", dir="files", dfile=name, foff=whole(8), nbytes=whole(len(data)))
    else:
        file = oid(r)
        chunks_of(c, r, file, data)
        c.add("fs.files", {"_id": file, "chunkSize": whole(CHUNK), "length": {"$numberLong": str(len(data))},
                           "uploadDate": {"$date": {"$numberLong": "1700000000000"}}})
        doc.update(storage_mode="gridfs", gridfs_id=file)
    if i % 4 == 1:
        log = c.add("elog", {"_id": oid(r), "logdata": [{"algorithm": "a", "badness": "ErrorSeverity.Complaint", "error_message": "m"}],
                             ("wf_Seismogram_id" if three else "wf_TimeSeries_id"): doc["_id"]})
        doc["elog_id"] = log["_id"]
    c.add("wf_Seismogram" if three else "wf_TimeSeries", doc)


def make(top, n, seed):
    r = random.Random(seed)
    c = Catalogue()
    os.makedirs(os.path.join(top, "files"), exist_ok=True)
    sites = [c.add("site", {"_id": oid(r), "net": "XX", "sta": "S%04d" % i, "lat": double(i), "lon": double(2 * i), "elev": double(0.1),
                            "starttime": double(0), "endtime": double(2e9)}) for i in range(10)]
    sources = [c.add("source", {"_id": oid(r), "lat": double(i), "lon": double(i), "depth": double(10), "time": double(1.5e9),
                                "magnitude": double(5)}) for i in range(3)]
    for i in range(n):
        waveform(c, r, i, top, seed, sites, sources)
    c.write(os.path.join(top, "dump"))


# ---- damage: each takes a waveform that nothing else has touched

class Damage:
    def __init__(self, top, seed):
        self.top = top
        self.r = random.Random(seed)
        self.c = Catalogue.read(os.path.join(top, "dump"))
        self.expected = []
        self.after = []  # what --fix does then
        self.free = [(k, d) for k in ("wf_TimeSeries", "wf_Seismogram") for d in self.c.docs[k]]
        self.r.shuffle(self.free)

    def take(self, wanted=lambda d: True):
        for i, (k, d) in enumerate(self.free):
            if wanted(d):
                del self.free[i]
                return k, d
        raise SystemExit("too few waveforms for that much damage")

    def expect(self, collection, doc, kind):
        self.expected.append((collection, text(doc["_id"]) if doc else "-", kind))

    def in_gridfs(self, big=False):
        k, d = self.take(lambda d: "gridfs_id" in d and (not big or int(d["npts"]["$numberInt"]) > CHUNK // 8))
        file = next(f for f in self.c.docs["fs.files"] if f["_id"] == d["gridfs_id"])
        return k, d, file, [x for x in self.c.docs["fs.chunks"] if x["files_id"] == d["gridfs_id"]]

    def in_file(self):
        return self.take(lambda d: "dfile" in d)

    def buried(self, k, d):
        self.expect(k, d, "no-samples")
        self.after.append(lambda c: c.drop(k, d))

    def without(self, collection, docs):
        self.after.append(lambda c: [c.drop(collection, d) for d in docs])

    def file_document_gone(self):
        k, d, file, chunks = self.in_gridfs()
        self.c.drop("fs.files", file)
        self.buried(k, d)
        self.expect("fs.chunks", None, "orphan-chunks")
        self.without("fs.chunks", chunks)

    def chunk_gone(self):
        k, d, _, chunks = self.in_gridfs(big=True)
        self.c.drop("fs.chunks", self.r.choice(chunks))
        self.buried(k, d)

    def chunk_doubled(self):
        k, d, _, chunks = self.in_gridfs()
        self.c.add("fs.chunks", dict(self.r.choice(chunks), _id=oid(self.r)))
        self.buried(k, d)

    def chunk_twice_and_one_gone(self):
        k, d, _, chunks = self.in_gridfs(big=True)
        chunks[0]["n"] = chunks[1]["n"]
        self.buried(k, d)

    def chunk_short(self):
        k, d, _, chunks = self.in_gridfs()
        b = self.r.choice(chunks)["data"]["$binary"]
        b["base64"] = base64.b64encode(base64.b64decode(b["base64"])[:-3]).decode()
        self.buried(k, d)

    def file_gone(self):
        k, d = self.in_file()
        os.unlink(os.path.join(self.top, "files", d["dfile"]))
        self.buried(k, d)

    def file_short(self):
        k, d = self.in_file()
        os.truncate(os.path.join(self.top, "files", d["dfile"]), 8 + int(d["nbytes"]["$numberInt"]) - 1)
        self.buried(k, d)

    def document_gone(self):
        k, d, file, chunks = self.in_gridfs()
        self.c.drop(k, d)
        self.expect("fs.files", file, "orphan")
        self.without("fs.files", [file])
        self.without("fs.chunks", chunks)
        for log in self.c.docs["elog"]:
            if log.get(k + "_id") == d["_id"]:
                self.expect("elog", log, "dangling")

    def loose_chunk(self):
        chunk = self.c.add("fs.chunks", dict(self.c.docs["fs.chunks"][0], _id=oid(self.r), files_id=oid(self.r)))
        self.expect("fs.chunks", None, "orphan-chunks")
        self.without("fs.chunks", [chunk])

    def wrong_npts(self):
        k, d = self.take()
        d["npts"] = whole(int(d["npts"]["$numberInt"]) + 1)
        self.expect(k, d, "npts")

    def reference_dangles(self):
        k, d = self.take()
        d[self.r.choice(["site_id", "source_id", "elog_id"])] = oid(self.r)
        self.expect(k, d, "dangling")

    def key_gone(self):
        k, d = self.take()
        del d[self.r.choice(["delta", "starttime", "starttime_shift", "utc_convertible", "time_standard"])]
        self.expect(k, d, "missing-key")

    def type_convertible(self):
        k, d = self.take()
        key, wrong = self.r.choice([("npts", double(int(d["npts"]["$numberInt"]))), ("delta", "0.05"), ("site_id", d["site_id"]["$oid"]),
                                    ("starttime_shift", whole(0)), ("npts", d["npts"]["$numberInt"])])
        right, d[key] = d[key], wrong
        self.expect(k, d, "type")
        self.after.append(lambda c: d.__setitem__(key, right))

    def type_lost(self):
        k, d = self.take()
        d["sta"] = whole(12)
        self.expect(k, d, "type")

    def value_impossible(self):
        k, d = self.take()
        d["delta"] = double(-0.05)
        self.expect(k, d, "value")

    def place_twice(self):
        k, d = self.in_file()
        d = self.c.add(k, dict(d, _id=oid(self.r)))
        self.expect(k, d, "same-place")

    def samples_twice(self):
        k, d, _, _ = self.in_gridfs()
        d = self.c.add(k, dict(d, _id=oid(self.r)))
        self.expect(k, d, "same-samples")


KINDS = [name for name in vars(Damage) if name not in ("take", "expect", "in_gridfs", "in_file", "buried", "without") and name[0] != "_"]


def damage(top, seed, kinds):
    d = Damage(top, seed)
    for kind in kinds or [d.r.choice(KINDS) for _ in range(d.r.randrange(1, 15))]:
        getattr(d, kind)()
    d.c.write(os.path.join(top, "dump"))
    with open(os.path.join(top, "expected"), "w") as f:
        f.writelines("%s\t%s\t%s\n" % e for e in sorted(d.expected))
    for what in d.after:
        what(d.c)
    d.c.write(os.path.join(top, "fixed"))


def same(left, right):
    names = [sorted(n for n in os.listdir(d) if os.path.getsize(os.path.join(d, n))) for d in (left, right)]
    if names[0] != names[1]:
        sys.exit("%s and %s hold different collections: %s, %s" % (left, right, *names))
    for name in names[0]:
        differ(os.path.join(left, name), os.path.join(right, name))


if sys.argv[1] == "same":
    same(sys.argv[2], sys.argv[3])
elif sys.argv[1] == "make":
    make(sys.argv[2], int(sys.argv[3]), int(sys.argv[4]))
elif sys.argv[1] == "kinds":
    print(*KINDS)
else:
    damage(sys.argv[2], int(sys.argv[3]), sys.argv[4:])
