#!/usr/bin/env python3
"""Does `msdump --json --samples` say what msp_read.py read? compare_dump.py EXPECTED.json DUMP.json

Every value must be the same, doubles to the last bit but for the payload of a NaN, times to the nanosecond. msdump shows
less of what it does not know: of an unknown kind id, metadata and log only; no samples of an unknown type.
"""
import datetime
import decimal
import json
import struct
import sys

TYPES = {0: "none", 1: "f64", 2: "f32", 3: "i32"}
WIDTHS = {"f64": 8, "f32": 4, "i32": 4}


class Real(float):
    """a number with a point, and how it was written"""
    def __new__(cls, text):
        real = super().__new__(cls, text)
        real.text = text
        return real


def load(path):
    with open(path, encoding="utf-8") as f:
        return [json.loads(line, object_pairs_hook=list, parse_float=Real) for line in f]


def decimal128(bits):
    hi, lo = int(bits[:16], 16), int(bits[16:], 16)
    digits = (hi & ((1 << 49) - 1)) << 64 | lo
    return str(decimal.Decimal((hi >> 63, tuple(map(int, str(digits))), (hi >> 49 & 0x3FFF) - 6176)))


def plain(value):
    """a value in a form that can be compared: documents are tuples of pairs"""
    if isinstance(value, str):
        return value.encode("utf-8", "surrogateescape").decode("utf-8", "replace")
    if isinstance(value, Real):
        return ("double", struct.pack("<d", value))
    if not isinstance(value, list):
        return value
    if value and all(isinstance(p, tuple) for p in value):
        if len(value) == 1:
            key, inner = value[0]
            if key == "$numberLong":
                return int(inner)
            if key == "$numberDouble":
                return ("double", inner.split(":")[0])
            if key == "$decimal128Bits":
                return ("decimal", decimal128(inner))
            if key == "$numberDecimal":
                return ("decimal", inner)
        return tuple((plain(k), plain(v)) for k, v in value)
    return [plain(v) for v in value]


def samples(value):
    """msp_read.py writes what is no number as a string"""
    if isinstance(value, list) and value and not isinstance(value[0], tuple):
        return [samples(v) for v in value]
    if isinstance(value, str) and value.split(":")[0] in ("NaN", "Infinity", "-Infinity"):
        return ("double", value.split(":")[0])
    return plain(value)


def iso(ns):
    seconds, rest = divmod(ns, 10 ** 9)
    text = (datetime.datetime(1970, 1, 1) + datetime.timedelta(seconds=seconds)).isoformat()
    return text + (".%09d" % rest).rstrip("0").rstrip(".") + "Z"


def document(pairs):
    return plain(pairs) if pairs else ()


def expected(o):
    """what msdump must say of an object that msp_read.py read so"""
    out = {"kind": {"end": "ensemble_end"}.get(o["kind"], o["kind"]), "live": o["live"], "id": o["id"]}
    if isinstance(o["kind"], int):
        out["kind"] = "unknown"
    data = out["kind"] in ("timeseries", "seismogram")
    if data:
        out["starttime"] = iso(o["starttime"])
        if o["relative"]:
            out["starttime"] = decimal.Decimal(o["starttime"]).scaleb(-9)
            out["time_standard"] = "Relative"
            if o["flags"] & 4:
                out["starttime_shift"] = iso(o["shift"])
        out["delta"] = ("double", struct.pack("<d", float(o["dt"])))
        out["npts"] = o["npts"]
        out["type"] = TYPES.get(o["type"], "unknown")
    if out["kind"] == "seismogram":
        out["tmatrix"] = samples(o["tmatrix"])
        out["cardinal"], out["orthogonal"] = bool(o["flags"] & 8), bool(o["flags"] & 16)
    out["metadata"] = document(o["metadata"])
    out["elog"] = [plain(v) for _, v in o["elog"]] if o["elog"] else []
    if o["history"]:
        out["history"] = document(o["history"])
    if data:
        out["samples"] = samples(o["samples"]) if out["type"] != "unknown" else []
    return out


def found(pairs):
    o = dict(pairs)
    out = {k: plain(v) for k, v in o.items()}
    if "starttime" in o and not isinstance(o["starttime"], str):
        out["starttime"] = decimal.Decimal(getattr(o["starttime"], "text", o["starttime"]))
    for key in ("metadata", "history"):
        if key in o:
            out[key] = document(o[key])
    if "samples" in o:
        out["samples"] = samples(o["samples"])
    return out


def main(argv):
    want, got = load(argv[0]), load(argv[1])
    status = 0
    if len(want) != len(got):
        print("%d objects, not %d" % (len(got), len(want)))
        status = 1
    for i, (w, g) in enumerate(zip(want, got)):
        w, g = expected(dict(w)), found(g)
        if isinstance(w.get("samples"), str):       # a large object: "N bytes"
            g["samples"] = "%d bytes" % (len(g["samples"]) * WIDTHS[g["type"]])
        for key in sorted(set(w) | set(g)):
            if w.get(key) != g.get(key):
                print("object %d: %s: %.300s, not %.300s" % (i + 1, key, g.get(key), w.get(key)))
                status = 1
    return status


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
