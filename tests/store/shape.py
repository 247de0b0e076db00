"""shape.py THEIRS OURS STORAGE: documents that MsPASS wrote, and those that mssave wrote of the same data (read with --ids), two exports of
msdb: key by key and type by type the same, but for ids, and for where the samples lie."""
import base64
import json
import os
import sys

theirs, ours, storage = sys.argv[1:]
PLACE = {"gridfs_id", "storage_mode", "format", "dir", "dfile", "foff", "nbytes"}
IDS = {"_id", "elog_id", "history_object_id"}


def read(where, collection):
    path = os.path.join(where, collection + ".jsonl")
    return [json.loads(line) for line in open(path)] if os.path.exists(path) else []


def kind(value):
    """The BSON type, as canonical Extended JSON says it."""
    if isinstance(value, dict) and len(value) == 1 and next(iter(value)).startswith("$"):
        return next(iter(value))
    return type(value).__name__


chunks = {}
for where in (theirs, ours):
    for chunk in read(where, "fs.chunks"):
        key = where, chunk["files_id"]["$oid"]
        chunks.setdefault(key, {})[int(chunk["n"]["$numberInt"])] = base64.b64decode(chunk["data"]["$binary"]["base64"])


def samples(where, document):
    parts = chunks[where, document["gridfs_id"]["$oid"]]
    return b"".join(parts[n] for n in sorted(parts))


compared = stored = 0
for collection in ("wf_TimeSeries", "wf_Seismogram"):
    mine = {d[collection + "_id"]["$oid"]: d for d in read(ours, collection)}
    for their in read(theirs, collection):
        our = mine[their["_id"]["$oid"]]
        for key, value in their.items():
            if key in PLACE | IDS or key == "data_tag":
                continue
            assert key in our, (collection, key, "is missing")
            assert kind(our[key]) == kind(value), (collection, key, our[key], value)
            assert our[key] == value, (collection, key, our[key], value)
            compared += 1
        assert ("elog_id" in their) == ("elog_id" in our)
        assert kind(our["_id"]) == "$oid" and our["storage_mode"] == ("gridfs" if storage == "gridfs" else "file")
        if storage == "gridfs":
            assert kind(our["gridfs_id"]) == "$oid"
            if their["storage_mode"] == "gridfs":
                assert samples(theirs, their) == samples(ours, our), (collection, their["_id"])
                stored += 1
        else:
            assert our["format"] == "binary" and [kind(our[k]) for k in ("dir", "dfile", "foff", "nbytes")] == ["str", "str", "$numberInt", "$numberInt"]
for their in read(theirs, "fs.files"):
    for our in read(ours, "fs.files"):
        assert {k: kind(v) for k, v in their.items()}.items() <= {k: kind(v) for k, v in our.items()}.items(), our
        assert our["chunkSize"] == their["chunkSize"]
logs = {json.dumps([{k: v for k, v in e.items() if k != "process_id"} for e in d["logdata"]]) for d in read(theirs, "elog")}
for our in read(ours, "elog"):
    assert kind(our["logdata"]) == "list" and {k: kind(v) for k, v in our["logdata"][0].items()} == {
        "job_id": "$numberInt", "algorithm": "str", "badness": "str", "error_message": "str", "process_id": "$numberInt"}
    log = json.dumps([{k: v for k, v in e.items() if k != "process_id"} for e in our["logdata"]])
    assert log in logs or "suspect" in log, log
assert compared > 300 and (stored > 10 or storage != "gridfs"), (compared, stored)
print(compared, "keys", stored, "samples")
