"""A writer of msp streams for tests, from man/msp.5 alone: every feature, and every rule can be broken.

Objects, blocks and segments are plain values; what their fields say can be overridden by keyword, the CRCs
and digests being computed afterwards (unless they, too, are overridden).
"""
import struct
import subprocess

import msp_bson
from msp_hash import M128, crc32c, xxh3_128

TIMESERIES, SEISMOGRAM, BEGIN, END = 1, 2, 3, 4
LIVE, RELATIVE, SHIFT, CARDINAL, ORTHOGONAL = 1, 2, 4, 8, 16
F64, F32, I32 = 1, 2, 3
RAW, SHUFFLE, DELTA1, DELTA2, DELTA3 = 0, 0x10, 0x11, 0x12, 0x13
LAST_LINE = b"MSP SEGMENT END\n"
_FORM = {F64: "d", F32: "f", I32: "i"}
_WIDTH = {0: 0, F64: 8, F32: 4, I32: 4}


def document(pairs):
    """bytes of a document as a record holds it; bytes are taken as they are"""
    if isinstance(pairs, bytes):
        return pairs
    return msp_bson.encode(pairs) if pairs else b""


def elog(*entries):
    """(algorithm, badness, message)..."""
    names = (b"algorithm", b"badness", b"message")
    return [(b"%d" % i, msp_bson.doc(*((n, msp_bson.string(s)) for n, s in zip(names, e))))
            for i, e in enumerate(entries)]


class Object:
    """samples: bytes, or numbers (component after component). Any other field of a record by its name."""

    def __init__(self, kind=TIMESERIES, samples=(), type=F64, metadata=(), log=(), history=(), extra=None, **fields):
        brackets = kind in (BEGIN, END)
        if brackets:
            type = 0
        self.f = {"length": None, "kind": kind, "flags": 0 if brackets else LIVE, "type": type,
                  "id": xxh3_128(repr((kind, type, fields.get("name"))).encode()).to_bytes(16, "big"), "start": 0, "shift": 0, "dt": 0.0 if brackets else 0.05,
                  "npts": None, "ncomp": 0 if brackets else 3 if kind == SEISMOGRAM else 1, "E": None, "M": None,
                  "G": None, "H": None, "width": _WIDTH.get(type, 8), "zero": b"\0\0\0", "padding": None}
        fields.pop("name", None)
        for key in fields:
            if key not in self.f:
                raise KeyError(key)
        self.f.update(fields)
        if extra is None:
            extra = struct.pack("<9d", 1, 0, 0, 0, 1, 0, 0, 0, 1) if kind == SEISMOGRAM else b""
        self.extra, self.docs = extra, [document(d) for d in (metadata, log, history)]
        if not isinstance(samples, bytes):
            samples = struct.pack("<%d%s" % (len(samples), _FORM.get(type, "Q")), *samples)
        self.samples = samples
        if self.f["npts"] is None:
            per = self.f["ncomp"] * self.f["width"]
            self.f["npts"] = len(samples) // per if per else 0

    def record(self):
        f = self.f
        lengths = [len(self.extra)] + [len(d) for d in self.docs]
        lengths = [n if f[k] is None else f[k] for k, n in zip("EMGH", lengths)]
        body = self.extra + b"".join(self.docs)
        padding = bytes(-(80 + len(body)) % 8) if f["padding"] is None else f["padding"]
        length = 80 + len(body) + len(padding) if f["length"] is None else f["length"]
        head = struct.pack("<IHBB16sqqdQIIIIIB3s", length, f["kind"], f["flags"], f["type"], f["id"], f["start"],
                           f["shift"], f["dt"], f["npts"], f["ncomp"], *lengths, f["width"], f["zero"])
        return head + body + padding

    def digest(self):
        record = self.record()
        end = 80 + len(self.extra) + len(self.docs[0]) + len(self.docs[1])
        return xxh3_128(bytes(4) + record[4:72] + bytes(4) + record[76:end] + self.samples)

    @property
    def area(self):
        return 0 if self.f["width"] == 8 else 1 if self.f["type"] == F32 else 2


def encode_area(raw, encoding, width, floating):
    if encoding == RAW:
        return raw
    bits, n = 8 * width, len(raw) // width
    form = "<%d%s" % (n, "q" if width == 8 else "i")
    mask, top = (1 << bits) - 1, 1 << (bits - 1)

    def signed(x):
        x &= mask
        return x - (1 << bits) if x & top else x

    order = encoding & 0x0F
    if order:
        x = list(struct.unpack(form, raw))
        if floating:
            x = [v ^ (top - 1) if v < 0 else v for v in x]
        for _ in range(order):
            x = [signed(v - (x[i - 1] if i else 0)) for i, v in enumerate(x)]
        raw = struct.pack(form, *[signed((v << 1) ^ (v >> (bits - 1))) for v in x])
    return b"".join(raw[j::width] for j in range(width))


def zstd_frame(payload, level=0, checksum=False, rle=False):
    """level 0: raw zstd blocks, written here; rle: one RLE block (payload must be one byte again and again)"""
    if level:
        return subprocess.run(["zstd", "-q", "-c", "-%d" % level, "--check" if checksum else "--no-check"],
                              input=payload, stdout=subprocess.PIPE, check=True).stdout
    # 8-byte content size, no single segment, window 128 KiB
    out = struct.pack("<IBBQ", 0xFD2FB528, 0xC0, 7 << 3, len(payload))
    if rle:
        return out + struct.pack("<I", 1 | 1 << 1 | len(payload) << 3)[:3] + payload[:1]
    pos = 0
    while True:
        piece = payload[pos:pos + (128 << 10)]
        pos += len(piece)
        last = pos == len(payload)
        out += struct.pack("<I", last | len(piece) << 3)[:3] + piece
        if last:
            return out


class Block:
    """A block of objects. Overrides: any field of a descriptor; payload, heads and frame replace what is made."""

    def __init__(self, objects, /, enc=(RAW, RAW, RAW), level=0, inside=0, checksum=False, **fields):
        self.objects, self.fields = objects, fields
        heads = fields.get("heads", b"".join(o.record() for o in objects))
        self.heads = heads
        areas = [b"".join(o.samples for o in objects if o.area == i) for i in range(3)]
        areas = [encode_area(a, e if e in range(0x14) else RAW, w, i < 2)
                 for i, (a, e, w) in enumerate(zip(areas, enc, (8, 4, 4)))]
        self.payload = fields.get("payload", heads + b"".join(areas))
        self.frame = fields.get("frame", zstd_frame(self.payload, level, checksum) if self.payload else b"")
        plain = [o for o in objects if o.f["kind"] not in (BEGIN, END)]
        self.f = {"magic": 0x184D2A51, "size": 96, "tag": b"MSPB", "objects": len(objects),
                  "live": sum(o.f["flags"] & LIVE for o in plain),
                  "dead": sum(not o.f["flags"] & LIVE for o in plain),
                  "brackets": sum(o.f["kind"] == BEGIN for o in objects), "bits": inside | self._open(inside) << 1,
                  "enc": bytes(enc), "nheads": len(heads), "w8": len(areas[0]), "f4": len(areas[1]),
                  "i4": len(areas[2]), "digest": sum(o.digest() for o in objects) & M128,
                  "stored": len(self.frame), "frame_crc": crc32c(self.frame), "crc": None}
        self.f.update({k: v for k, v in fields.items() if k in self.f})
        unknown = set(fields) - set(self.f) - {"heads", "payload", "frame", "between"}
        if unknown:
            raise KeyError(unknown)

    def _open(self, inside):
        for o in self.objects:
            if o.f["kind"] in (BEGIN, END):
                inside = o.f["kind"] == BEGIN
        return int(inside)

    def bytes(self):
        f = self.f
        raw = struct.pack("<II4sIQQIB3sQQQQ16sQI", f["magic"], f["size"], f["tag"], f["objects"], f["live"], f["dead"],
                          f["brackets"], f["bits"], f["enc"], f["nheads"], f["w8"], f["f4"], f["i4"],
                          f["digest"].to_bytes(16, "big"), f["stored"], f["frame_crc"])
        crc = crc32c(raw) if f["crc"] is None else f["crc"]
        return raw + struct.pack("<I", crc) + self.fields.get("between", b"") + self.frame


def header(pipeline=(), origin=b"hand-made stream", index=0, part=0, parts=0, **over):
    pipeline = pipeline if isinstance(pipeline, bytes) else msp_bson.encode(pipeline) if pipeline else b""
    f = {"magic": 0x184D2A50, "size": 48 + len(pipeline), "tag": b"MSPH", "version": 1, "zero": 0,
         "L": len(pipeline), "crc": None}
    f.update(over)
    raw = struct.pack("<II4sHH16sQIII", f["magic"], f["size"], f["tag"], f["version"], f["zero"], origin, index, part,
                      parts, f["L"]) + pipeline
    return raw + struct.pack("<I", crc32c(raw) if f["crc"] is None else f["crc"])


def trailer(head, blocks, /, more=0, **over):
    f = {"magic": 0x184D2A52, "size": 88, "tag": b"MSPT", "bits": more, "blocks": len(blocks),
         "live": sum(b.f["live"] for b in blocks), "dead": sum(b.f["dead"] for b in blocks),
         "ensembles": sum(b.f["brackets"] for b in blocks), "payload": sum(len(b.payload) for b in blocks),
         "digest": sum(b.f["digest"] for b in blocks) & M128, "header_crc": struct.unpack("<I", head[-4:])[0],
         "crc": None, "last": LAST_LINE}
    f.update(over)
    raw = struct.pack("<II4sIQQQQQ16sI", f["magic"], f["size"], f["tag"], f["bits"], f["blocks"], f["live"], f["dead"],
                      f["ensembles"], f["payload"], f["digest"].to_bytes(16, "big"), f["header_crc"])
    return raw + struct.pack("<I", crc32c(raw) if f["crc"] is None else f["crc"]) + f["last"]


def segment(blocks, more=0, head=None, tail=None, **over):
    """over: fields of the header; head and tail: dicts of overrides of header and trailer"""
    first = header(**over, **(head or {}))
    return first + b"".join(b.bytes() for b in blocks) + trailer(first, blocks, more, **(tail or {}))


def stage(tool, argv, inputs, version="0.1.0"):
    s = msp_bson.string
    return msp_bson.doc((b"tool", s(tool)), (b"version", s(version)), (b"argv", msp_bson.array(*map(s, argv))),
                        (b"in", msp_bson.array(*map(msp_bson.int32, inputs))))


def pipeline(*stages):
    return [(b"stages", msp_bson.array(*stages))]
