# mspass_expected.py EXPECTED DATA.json DEAD.json - compares objects, printed by `msdump --json --samples` (of the dead without
# samples), with what MsPASS says of the same data (expected.json-lines). Prints each difference; ends with how much was compared.
import json
import math
import struct
import sys

bad = 0


def fault(what, want, got):
    global bad
    bad += 1
    print("%s: MsPASS %r, mspipe %r" % (what, want, got))


def same(what, want, got):
    if want != got:
        fault(what, want, got)


def bits(x):
    return struct.pack("<d", x)


def seconds(text):
    """2020-01-01T00:00:00.123456Z as MsPASS's double"""
    import calendar
    import time
    day, _, fraction = text.rstrip("Z").partition(".")
    whole = calendar.timegm(time.strptime(day, "%Y-%m-%dT%H:%M:%S"))
    return float("%d.%s" % (whole, fraction or "0"))


def check_log(name, want, o):
    got = [[e["algorithm"], "ErrorSeverity." + e["badness"], e["message"]] for e in o["elog"]]
    same(name + " elog", want, got)


def check_samples(name, e, o):
    seismogram = e["coll"] == "wf_Seismogram"
    parts = o["samples"] if seismogram else [o["samples"]]
    same(name + " components", 3 if seismogram else 1, len(parts))
    for part in parts:
        same(name + " number of samples", e["npts"], len(part))
    same(name + " first", [bits(x) for x in e["first"]], [bits(p[0]) for p in parts])
    same(name + " last", [bits(x) for x in e["last"]], [bits(p[-1]) for p in parts])
    every = [x for p in parts for x in p]
    for key, got in (("sum", math.fsum(every)), ("sumsq", math.fsum(x * x for x in every))):
        # MsPASS's own sums are not exact
        if abs(got - e[key]) > 1e-9 * math.fsum(abs(x) if key == "sum" else x * x for x in every):
            fault(name + " " + key, e[key], got)
    for c, want in enumerate(e.get("comp_sum", [])):
        if abs(math.fsum(parts[c]) - want) > 1e-9 * math.fsum(abs(x) for x in parts[c]):
            fault("%s component %d" % (name, c), want, math.fsum(parts[c]))


def check_live(e, o):
    name = e["coll"] + " " + e["id"]
    same(name + " live", True, o["live"])
    same(name + " kind", {"wf_TimeSeries": "timeseries", "wf_Seismogram": "seismogram"}[e["coll"]], o["kind"])
    same(name + " npts", e["npts"], o["npts"])
    same(name + " delta", e["delta"], o["delta"])
    same(name + " starttime", e["starttime"], seconds(o["starttime"]))
    same(name + " endtime", round(e["endtime"], 6), round(seconds(o["starttime"]) + (o["npts"] - 1) * o["delta"], 6))
    for key, want in e["meta"].items():
        if key in ("storage_mode", "time_standard", "utc_convertible", "foff", "format", "nbytes"):
            continue  # where it lies and what its time is: no metadata here
        if key in ("cardinal", "orthogonal"):
            same(name + " " + key, want, o[key])
            continue
        got = o["metadata"].get(key)
        if isinstance(got, dict) and "$oid" in got:
            got = got["$oid"]
        same(name + " " + key, want, got)
    if "tmatrix" in e:
        same(name + " tmatrix", e["tmatrix"], o["tmatrix"])
    check_log(name, e["elog"], o)
    check_samples(name, e, o)


expected = [json.loads(line) for line in open(sys.argv[1])]
live = {}
for line in open(sys.argv[2]):
    o = json.loads(line)
    ids = [v["$oid"] for k, v in o.get("metadata", {}).items() if k in ("wf_TimeSeries_id", "wf_Seismogram_id")]
    if len(ids) != 1 or ids[0] in live:
        fault("an object", "one _id of its own", ids)
    else:
        live[ids[0]] = o
dead = [json.loads(line) for line in open(sys.argv[3])]
seen = 0
for e in expected:
    if "collections" in e:
        same("number of objects", e["collections"]["wf_TimeSeries"] + e["collections"]["wf_Seismogram"], len(live))
        same("number of dead ones", e["collections"]["cemetery"], len(dead))
    elif e["live"]:
        seen += 1
        if e["id"] in live:
            check_live(e, live[e["id"]])
        else:
            fault("object", e["id"], None)
    else:
        seen += 1
        found = [d for d in dead if all(d["metadata"].get(k) == v for k, v in e["meta"].items()) and
                 ("chan" in d["metadata"]) == ("chan" in e["meta"])]
        if len(found) != 1:
            fault("dead object", e["meta"], found)
        else:
            same("dead object live", False, found[0]["live"])
            check_log("dead object", e["elog"], found[0])
print("%d data compared, %d faults" % (seen, bad))
sys.exit(bad != 0 or seen == 0)
