"""BSON (bsonspec.org, version 1.1) to and from Python, without loss, and to JSON.

A document is a list of (key, value) pairs, since keys may come twice and their order counts. A value is
(type, content), type being BSON's type byte. Strings and keys are bytes: they need not be UTF-8.
"""
import base64
import json
import struct

NESTING = 64      # documents, the outermost included


class BadBson(Exception):
    """(offset in the document, what is wrong)"""


def _need(data, pos, n, end):
    if n < 0 or pos + n > end:
        raise BadBson(pos, "BSON: value exceeds its document")


def _int32(data, pos, end):
    _need(data, pos, 4, end)
    return struct.unpack_from("<i", data, pos)[0]


def _cstring(data, pos, end):
    nul = data.find(b"\0", pos, end)
    if nul < 0:
        raise BadBson(pos, "BSON: string without an end")
    return data[pos:nul], nul + 1


def _string(data, pos, end):
    n = _int32(data, pos, end)
    if n < 1:
        raise BadBson(pos, "BSON: string of length %d" % n)
    _need(data, pos + 4, n, end)
    if data[pos + 4 + n - 1] != 0:
        raise BadBson(pos + 4 + n - 1, "BSON: string does not end in 0")
    return data[pos + 4:pos + 4 + n - 1], pos + 4 + n


def _binary(data, pos, end):
    n = _int32(data, pos, end)
    _need(data, pos + 4, 1, end)
    _need(data, pos + 5, n, end)
    subtype, body = data[pos + 4], data[pos + 5:pos + 5 + n]
    if subtype == 2 and (n < 4 or struct.unpack_from("<i", body)[0] != n - 4):
        raise BadBson(pos + 5, "BSON: old binary whose inner length is wrong")
    return (subtype, body), pos + 5 + n


def _code_with_scope(data, pos, end, depth):
    n = _int32(data, pos, end)
    _need(data, pos, n, end)
    if n < 14:
        raise BadBson(pos, "BSON: code with scope of length %d" % n)
    code, at = _string(data, pos + 4, pos + n)
    scope, at = _document(data, at, pos + n, depth + 1)
    if at != pos + n:
        raise BadBson(pos, "BSON: code with scope: lengths disagree")
    return (code, scope), at


_FIXED = {0x01: 8, 0x07: 12, 0x09: 8, 0x10: 4, 0x11: 8, 0x12: 8, 0x13: 16}


def _value(kind, data, pos, end, depth):
    if kind in _FIXED:
        n = _FIXED[kind]
        _need(data, pos, n, end)
        return data[pos:pos + n], pos + n
    if kind in (0x02, 0x0D, 0x0E):
        return _string(data, pos, end)
    if kind in (0x03, 0x04):
        return _document(data, pos, end, depth + 1)
    if kind == 0x05:
        return _binary(data, pos, end)
    if kind in (0x06, 0x0A, 0x7F, 0xFF):
        return None, pos
    if kind == 0x08:
        _need(data, pos, 1, end)
        if data[pos] > 1:
            raise BadBson(pos, "BSON: boolean that is %d" % data[pos])
        return data[pos], pos + 1
    if kind == 0x0B:
        pattern, pos = _cstring(data, pos, end)
        options, pos = _cstring(data, pos, end)
        return (pattern, options), pos
    if kind == 0x0C:
        name, pos = _string(data, pos, end)
        _need(data, pos, 12, end)
        return (name, data[pos:pos + 12]), pos + 12
    if kind == 0x0F:
        return _code_with_scope(data, pos, end, depth)
    raise BadBson(pos, "BSON: unknown type 0x%02x" % kind)


def _document(data, pos, limit, depth):
    if depth > NESTING:
        raise BadBson(pos, "BSON: nested too deep")
    n = _int32(data, pos, limit)
    if n < 5:
        raise BadBson(pos, "BSON: document of length %d" % n)
    _need(data, pos, n, limit)
    end = pos + n - 1
    if data[end] != 0:
        raise BadBson(end, "BSON: document does not end in 0")
    pairs, pos = [], pos + 4
    while pos < end:
        kind = data[pos]
        if kind == 0:
            raise BadBson(pos, "BSON: document ends before its length")
        key, pos = _cstring(data, pos + 1, end)
        value, pos = _value(kind, data, pos, end, depth)
        pairs.append((key, (kind, value)))
    return pairs, end + 1


def decode(data):
    """bytes of one whole document -> pairs"""
    pairs, end = _document(bytes(data), 0, len(data), 1)
    if end != len(data):
        raise BadBson(end, "BSON: bytes after the document")
    return pairs


def _put_string(s):
    return struct.pack("<i", len(s) + 1) + s + b"\0"


def _put_value(kind, value):
    if kind in _FIXED:
        return value
    if kind in (0x02, 0x0D, 0x0E):
        return _put_string(value)
    if kind in (0x03, 0x04):
        return encode(value)
    if kind == 0x05:
        return struct.pack("<iB", len(value[1]), value[0]) + value[1]
    if kind in (0x06, 0x0A, 0x7F, 0xFF):
        return b""
    if kind == 0x08:
        return bytes([value])
    if kind == 0x0B:
        return value[0] + b"\0" + value[1] + b"\0"
    if kind == 0x0C:
        return _put_string(value[0]) + value[1]
    if kind == 0x0F:
        body = _put_string(value[0]) + encode(value[1])
        return struct.pack("<i", len(body) + 4) + body
    raise ValueError(kind)


def encode(pairs):
    body = b"".join(bytes([kind]) + key + b"\0" + _put_value(kind, value) for key, (kind, value) in pairs)
    return struct.pack("<i", len(body) + 5) + body + b"\0"


# short forms for writing documents by hand
def double(x):
    return (0x01, struct.pack("<d", x))


def string(s):
    return (0x02, s if isinstance(s, bytes) else s.encode())


def doc(*pairs):
    return (0x03, list(pairs))


def array(*values):
    return (0x04, [(b"%d" % i, v) for i, v in enumerate(values)])


def boolean(x):
    return (0x08, int(x))


def int32(x):
    return (0x10, struct.pack("<i", x))


def int64(x):
    return (0x12, struct.pack("<q", x))


def text(raw):
    """bytes as a Python string from which they can be had back (bytes that are not UTF-8 are escaped)"""
    return raw.decode("utf-8", "surrogateescape")


def number(raw):
    """a double as JSON can say it: a number, or a string for what JSON has no number for"""
    x = struct.unpack("<d", raw)[0]
    if x != x:
        bits = raw[::-1].hex()
        return "NaN" if bits == "7ff8000000000000" else "NaN:" + bits
    if x in (float("inf"), float("-inf")):
        return "Infinity" if x > 0 else "-Infinity"
    return x


def to_json(kind, value):
    """MongoDB Extended JSON (canonical form), except that int32 and finite doubles are plain numbers; a
    double always has a point or an exponent. Decimal128 is shown by its 16 bytes, most significant first."""
    simple = {0x06: {"$undefined": True}, 0x0A: None, 0x7F: {"$maxKey": 1}, 0xFF: {"$minKey": 1}}
    if kind in simple:
        return simple[kind]
    if kind == 0x01:
        x = number(value)
        return x if isinstance(x, float) else {"$numberDouble": x}
    if kind == 0x10:
        return struct.unpack("<i", value)[0]
    if kind == 0x12:
        return {"$numberLong": str(struct.unpack("<q", value)[0])}
    if kind == 0x09:
        return {"$date": {"$numberLong": str(struct.unpack("<q", value)[0])}}
    if kind == 0x11:
        increment, seconds = struct.unpack("<II", value)
        return {"$timestamp": {"t": seconds, "i": increment}}
    if kind == 0x13:
        return {"$decimal128Bits": value[::-1].hex()}
    if kind == 0x07:
        return {"$oid": value.hex()}
    if kind == 0x08:
        return bool(value)
    if kind == 0x02:
        return text(value)
    if kind == 0x0D:
        return {"$code": text(value)}
    if kind == 0x0E:
        return {"$symbol": text(value)}
    if kind == 0x0F:
        return {"$code": text(value[0]), "$scope": pairs_to_json(value[1])}
    if kind == 0x0B:
        return {"$regularExpression": {"pattern": text(value[0]), "options": text(value[1])}}
    if kind == 0x0C:
        return {"$dbPointer": {"$ref": text(value[0]), "$id": {"$oid": value[1].hex()}}}
    if kind == 0x05:
        body = value[1][4:] if value[0] == 2 else value[1]     # the old form has its length once more
        return {"$binary": {"base64": base64.b64encode(body).decode(), "subType": "%02x" % value[0]}}
    if kind == 0x04:
        return [to_json(*v) for _, v in value]
    return pairs_to_json(value)


class Pairs(dict):
    """A JSON object whose keys may come twice: json.dumps only asks for items()."""

    def __init__(self, pairs):
        super().__init__({0: 0} if pairs else {})
        self._pairs = pairs

    def items(self):
        return self._pairs


def pairs_to_json(pairs):
    return Pairs([(text(k), to_json(*v)) for k, v in pairs])


def dumps(value):
    return json.dumps(value, separators=(",", ":"), allow_nan=False)
