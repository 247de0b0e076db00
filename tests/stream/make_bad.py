#!/usr/bin/env python3
"""Streams that a reader must refuse: each breaks one rule of msp(5), and has right CRCs unless that is the rule.

    make_bad.py DIRECTORY     writes NAME.msp for each, and prints NAME, a tab and the rule
    make_bad.py --check       msp_read.py refuses each
"""
import os
import struct
import sys

import msp_bson as b
import msp_read
import msp_write as w
from msp_write import BEGIN, END, F32, F64, I32, LIVE, SEISMOGRAM, SHIFT, Block, Object

CASES = []
FLOW = w.pipeline(w.stage("mssynth", ["mssynth"], []))


def segment(blocks, more=0, pipeline=FLOW, **over):
    return w.segment(blocks, more, pipeline=pipeline, **over)


def bad(name, rule):
    def add(make):
        CASES.append((name, rule, make))
        return make
    return add


def one(**fields):
    """a stream of one block of one object, with fields of its descriptor overridden"""
    return segment([Block([Object(samples=[1.0, 2.0])], **fields)])


def obj(*args, **fields):
    """a stream of one object, with fields of its record overridden"""
    return segment([Block([Object(*args, **fields)])])


def meta(raw):
    return obj(samples=[1.0], metadata=raw)


def table(make, rows):
    for name, rule, fields in rows:
        bad(name, rule)(lambda fields=fields: make(**fields))


def good_block():
    return Block([Object(samples=[1.0, 2.0])])


PLAIN = segment([good_block()])
HEAD = w.header(FLOW)
TAIL = len(PLAIN) - 96

# the input, and what it is made of
bad("no-bytes", "no bytes at all are not a stream")(lambda: b"")
bad("text", "holds anything else than segments")(lambda: b"this is not a stream, but a line of text\n" * 9)
bad("zeros", "holds anything else than segments")(lambda: bytes(4096))
bad("only-header", "input ends after a header")(lambda: HEAD)
bad("only-trailer", "no header")(lambda: w.trailer(HEAD, []))
bad("no-trailer", "input ends after a block")(lambda: PLAIN[:TAIL])
bad("trailer-cut", "input ends inside a trailer")(lambda: PLAIN[:-1])
bad("garbage-after", "garbage after a trailer")(lambda: PLAIN + b"garbage")
bad("garbage-long-after", "garbage after a trailer")(lambda: PLAIN + b"MSPH garbage " * 99)
bad("newline-after", "one byte after a trailer")(lambda: PLAIN + b"\n")
bad("zeros-after", "zeros after a trailer")(lambda: PLAIN + bytes(512))
bad("half-header-after", "input ends inside a second header")(lambda: PLAIN + HEAD[:30])
bad("two-headers", "two headers")(lambda: HEAD + PLAIN)
bad("two-trailers", "two trailers")(lambda: PLAIN + PLAIN[TAIL:])
bad("no-header", "a block without a header")(lambda: PLAIN[len(HEAD):])
bad("foreign-frame", "a skippable frame that is none of msp's")(
    lambda: HEAD + struct.pack("<II", 0x184D2A53, 4) + b"abcd" + PLAIN[len(HEAD):])
bad("foreign-frame-after", "a skippable frame after the stream")(lambda: PLAIN + struct.pack("<II", 0x184D2A5F, 0))
bad("plain-zstd", "a zstd file is no stream")(lambda: w.zstd_frame(b"hello " * 100, 1))
bad("zstd-without-descriptor", "a frame without a descriptor")(
    lambda: HEAD + good_block().frame + w.trailer(HEAD, []))
bad("descriptor-without-frame", "a descriptor without a frame")(
    lambda: HEAD + good_block().bytes()[:104] + w.trailer(HEAD, [good_block()]))
bad("between", "something between descriptor and frame")(lambda: one(between=struct.pack("<II", 0x184D2A53, 0)))

# header
table(lambda **f: segment([good_block()], head=f, pipeline=()), [
    ("header-magic", "magic number of the header", {"magic": 0x184D2A53}),
    ("header-size", "length of the header", {"size": 49}),
    ("header-size-huge", "length of the header", {"size": 0xFFFFFFFF}),
    ("header-tag", "MSPH", {"tag": b"MSPX"}),
    ("header-version-0", "version 0", {"version": 0}),
    ("header-version-2", "version 2", {"version": 2}),
    ("header-reserved", "reserved field of the header", {"zero": 1}),
    ("header-crc", "CRC of the header", {"crc": 0x12345678}),
    ("header-L", "length of the pipeline", {"L": 4}),
    ("header-L-huge", "length of the pipeline", {"L": 0xFFFFFFFF, "size": (48 + 0xFFFFFFFF) & 0xFFFFFFFF}),
    ("header-L-16M", "length of the pipeline", {"L": 16777217, "size": 48 + 16777217}),
])
table(lambda **f: segment([good_block()], **f), [
    ("header-part-0", "part 0 of 2", {"part": 0, "parts": 2}),
    ("header-part-3", "part 3 of 2", {"part": 3, "parts": 2}),
    ("header-parts-0", "part 1 of 0", {"part": 1, "parts": 0}),
    ("pipeline-not-bson", "pipeline that is not BSON", {"pipeline": b"\x08\0\0\0abcd"}),
    ("pipeline-empty", "pipeline of no stage", {"pipeline": b"\x05\0\0\0\0"}),
    ("pipeline-no-stage", "pipeline of no stage", {"pipeline": w.pipeline()}),
    ("pipeline-long", "bytes after the pipeline's document", {"pipeline": b.encode(w.pipeline(w.stage("a", [], []))) + b"\0"}),
])

# descriptor
table(one, [
    ("block-magic", "magic number of the descriptor", {"magic": 0x184D2A55}),
    ("block-size", "length of the descriptor", {"size": 97}),
    ("block-tag", "MSPB", {"tag": b"MSPT"}),
    ("block-crc", "CRC of the descriptor", {"crc": 1}),
    ("block-frame-crc", "CRC of the zstd frame", {"frame_crc": 1}),
    ("block-objects-0", "no empty blocks", {"objects": 0}),
    ("block-objects-2", "number of objects", {"objects": 2}),
    ("block-objects-huge", "number of objects", {"objects": 0xFFFFFFFF}),
    ("block-live", "number of live objects", {"live": 0, "dead": 1}),
    ("block-live-huge", "number of live objects", {"live": (1 << 64) - 1}),
    ("block-dead", "number of dead objects", {"dead": 1}),
    ("block-brackets", "number of brackets", {"brackets": 1}),
    ("block-inside", "'an ensemble is open before the first object' does not fit", {"bits": 1}),
    ("block-open", "'an ensemble is open at the end' does not fit", {"bits": 2}),
    ("block-reserved", "reserved bits of the descriptor", {"bits": 4}),
    ("block-reserved-7", "reserved bits of the descriptor", {"bits": 0x80}),
    ("block-digest", "digest of the block", {"digest": 42}),
    ("block-nheads-0", "bytes of the heads", {"nheads": 0}),
    ("block-nheads-less", "bytes of the heads", {"nheads": 72, "w8": 24}),
    ("block-nheads-more", "bytes of the heads", {"nheads": 88, "w8": 8}),
    ("block-nheads-huge", "bytes of the heads", {"nheads": 1 << 62}),
    ("block-sizes-wrap", "sizes whose sum overflows", {"nheads": 80 + (1 << 63), "w8": 16 + (1 << 63)}),
    ("block-w8-huge", "bytes of area W8", {"w8": (1 << 64) - 8}),
    ("block-w8-odd", "area of a broken number of words", {"w8": 12, "f4": 4}),
    ("block-w8-more", "bytes of area W8", {"w8": 24}),
    ("block-f4", "bytes of area F4", {"f4": 4}),
    ("block-i4-huge", "bytes of area I4", {"i4": 1 << 40}),
    ("block-wrong-area", "samples in another area than their type's", {"w8": 0, "i4": 16}),
    ("block-stored-0", "length of the frame", {"stored": 0}),
    ("block-stored-huge", "length of the frame", {"stored": 1 << 63}),
])
for _name, _n in (("w8", 8), ("f4", 4), ("i4", 4)):
    bad("area-" + _name, "area that is not the size of its objects' samples")(
        lambda name=_name, n=_n: one(payload=good_block().payload + bytes(n), **{name: n + 16 * (name == "w8")}))
for _e in (1, 0x0F, 0x14, 0x20, 0x80, 0xFF):
    bad("encoding-%02x" % _e, "unknown encoding")(
        lambda e=_e: segment([Block([Object(samples=[1.0, 2.0])], enc=bytes([e, 0, 0]))]))
bad("encoding-f4", "unknown encoding of an area, even of an empty one")(
    lambda: segment([Block([Object(samples=[1.0, 2.0])], enc=bytes([0, 0x21, 0]))]))


# the zstd frame
def frame_of(make):
    block = good_block()
    return one(frame=make(block.payload, block.frame))


_START = struct.pack("<IB", 0xFD2FB528, 0)


def _last(n, kind=0):
    return struct.pack("<I", 1 | kind << 1 | n << 3)[:3]


for _name, _rule, _make in [
    ("frame-two", "two frames with more content than the payload", lambda p, f: w.zstd_frame(p) + w.zstd_frame(p[50:])),
    ("frame-unsized", "a frame without content size that is not the last", lambda p, f: _START + bytes([7 << 3]) + _last(50) + p[:50] + w.zstd_frame(p[50:])),
    ("frame-after", "bytes after the zstd frame", lambda p, f: f + b"\0"),
    ("frame-skippable-after", "a skippable frame after the zstd frame", lambda p, f: f + struct.pack("<II", 0x184D2A50, 0)),
    ("frame-skippable-before", "a skippable frame before the zstd frame", lambda p, f: struct.pack("<II", 0x184D2A50, 0) + f),
    ("frame-short", "zstd frame longer than the descriptor says", lambda p, f: f[:-1]),
    ("frame-empty-payload", "payload shorter than the descriptor says", lambda p, f: w.zstd_frame(b"")),
    ("frame-less", "payload shorter than the descriptor says", lambda p, f: w.zstd_frame(p[:-8])),
    ("frame-more", "payload longer than the descriptor says", lambda p, f: w.zstd_frame(p + bytes(8))),
    ("frame-less-zstd", "payload shorter than the descriptor says", lambda p, f: w.zstd_frame(p[:-8], 1)),
    ("frame-more-zstd", "payload longer than the descriptor says", lambda p, f: w.zstd_frame(p + bytes(8), 1)),
    ("frame-bomb", "payload longer than the descriptor says", lambda p, f: w.zstd_frame(bytes(50 << 20), 3)),
    ("frame-reserved-block", "reserved type of zstd block",
     lambda p, f: _START + bytes([7 << 3]) + struct.pack("<I", 1 | 3 << 1 | len(p) << 3)[:3] + p),
    ("frame-reserved-bit", "reserved bit of the zstd frame", lambda p, f: f[:4] + bytes([f[4] | 8]) + f[5:]),
    ("frame-dictionary", "zstd frame with a dictionary ID",
     lambda p, f: struct.pack("<IBBB", 0xFD2FB528, 1, 7 << 3, 9) + _last(len(p)) + p),
    ("frame-window", "window of 16 MiB", lambda p, f: _START + bytes([14 << 3]) + _last(len(p)) + p),
    ("frame-window-huge", "window of 3.75 TiB", lambda p, f: _START + bytes([0xFF]) + _last(len(p)) + p),
    ("frame-content-size", "content size is not the payload's",
     lambda p, f: struct.pack("<IBBQ", 0xFD2FB528, 0xC0, 7 << 3, 1 << 50) + _last(len(p)) + p),
    ("frame-checksum", "content checksum is wrong",
     lambda p, f: struct.pack("<IBB", 0xFD2FB528, 4, 7 << 3) + _last(len(p)) + p + b"abcd"),
    ("frame-magic", "magic number of the zstd frame", lambda p, f: b"\x27" + f[1:]),
    ("frame-rubbish", "compressed zstd block that is rubbish",
     lambda p, f: _START + bytes([7 << 3]) + _last(40, 2) + b"\xff" * 40),
]:
    bad(_name, _rule)(lambda make=_make: frame_of(make))

# records
table(obj, [
    ("record-length-0", "length of a record", {"samples": [1.0], "length": 0}),
    ("record-length-79", "length of a record", {"samples": [1.0], "length": 79}),
    ("record-length-more", "length of a record", {"samples": [1.0], "length": 88}),
    ("record-length-huge", "length of a record", {"samples": [1.0], "length": 0xFFFFFFF8}),
    ("record-padding-8", "padding of 8 bytes", {"samples": [1.0], "padding": bytes(8)}),
    ("record-padding-not-0", "padding that is not 0", {"samples": [1.0], "metadata": [(b"ab", b.int32(1))],
                                                         "padding": b"\0\0\1"}),
    ("record-padding-none", "length of a record that is no multiple of 8",
     {"samples": [1.0], "metadata": [(b"ab", b.int32(1))], "padding": b""}),
    ("record-reserved-1", "reserved bytes of a record", {"samples": [1.0], "zero": b"\1\0\0"}),
    ("record-reserved-3", "reserved bytes of a record", {"samples": [1.0], "zero": b"\0\0\x80"}),
    ("record-flags-5", "reserved flags", {"samples": [1.0], "flags": LIVE | 0x20}),
    ("record-flags-7", "reserved flags", {"samples": [1.0], "flags": LIVE | 0x80}),
    ("record-E-huge", "a record's lengths exceed it", {"samples": [1.0], "E": 0xFFFFFFFF}),
    ("record-M-huge", "a record's lengths exceed it", {"samples": [1.0], "M": 0xFFFFFFFF}),
    ("record-G-huge", "a record's lengths exceed it", {"samples": [1.0], "G": 0x7FFFFFFF}),
    ("record-H-1", "a record's lengths exceed it", {"samples": [1.0], "H": 1}),
    ("record-lengths-wrap", "lengths whose sum overflows 32 bits",
     {"samples": [1.0], "M": 0x80000000, "G": 0x80000000}),
    ("ts-ncomp-0", "time series of 0 components", {"samples": [], "ncomp": 0}),
    ("ts-ncomp-2", "time series of 2 components", {"samples": [1.0, 2.0], "ncomp": 2}),
    ("ts-extra", "time series with extra bytes", {"samples": [1.0], "extra": bytes(72)}),
    ("seis-ncomp-1", "seismogram of 1 component", {"kind": SEISMOGRAM, "samples": [1.0], "ncomp": 1}),
    ("seis-ncomp-4", "seismogram of 4 components", {"kind": SEISMOGRAM, "samples": [1.0] * 4, "ncomp": 4}),
    ("seis-no-extra", "seismogram without a matrix", {"kind": SEISMOGRAM, "samples": [1.0] * 3, "extra": b""}),
    ("seis-extra-64", "seismogram with a short matrix", {"kind": SEISMOGRAM, "samples": [1.0] * 3, "extra": bytes(64)}),
    ("type-0-width-8", "type 0 of width 8", {"type": 0, "width": 8}),
    ("type-1-width-4", "type 1 of width 4", {"samples": bytes(8), "type": F64, "width": 4, "npts": 2}),
    ("type-2-width-8", "type 2 of width 8", {"samples": bytes(8), "type": F32, "width": 8, "npts": 1}),
    ("type-3-width-8", "type 3 of width 8", {"samples": bytes(8), "type": I32, "width": 8, "npts": 1}),
    ("type-9-width-2", "unknown type of width 2", {"samples": bytes(8), "type": 9, "width": 2, "npts": 4}),
    ("type-9-width-0", "unknown type of width 0", {"type": 9, "width": 0}),
    ("type-9-width-255", "unknown type of width 255", {"type": 9, "width": 255, "kind": 99}),
    ("shift-alone", "valid shift of a time that is not relative", {"samples": [1.0], "flags": LIVE | SHIFT}),
    ("npts-more", "area is not the size of its objects' samples", {"samples": [1.0, 2.0], "npts": 3}),
    ("npts-less", "area is not the size of its objects' samples", {"samples": [1.0, 2.0], "npts": 1}),
    ("npts-wrap", "npts * width overflows to what is there", {"samples": [1.0, 2.0], "npts": (1 << 61) + 2}),
    ("npts-wrap-ncomp", "npts * ncomp overflows to what is there",
     {"kind": 99, "samples": [], "npts": 1 << 32, "ncomp": 1 << 31, "type": F64}),
    ("npts-huge", "more samples than there are", {"samples": [1.0, 2.0], "npts": (1 << 64) - 1}),
    ("dead-with-samples", "a dead object has no samples", {"samples": [1.0, 2.0], "flags": 0}),
])


# documents
_DOC = b"\x0e\0\0\0"


def element(kind, body, key=b"k"):
    raw = bytes([kind]) + key + b"\0" + body
    return struct.pack("<i", len(raw) + 5) + raw + b"\0"


for _name, _rule, _raw in [
    ("empty", "a document without keys is no bytes", b"\5\0\0\0\0"),
    ("3-bytes", "document of 3 bytes", b"\3\0\0"),
    ("length-4", "document of length 4", b"\4\0\0\0"),
    ("length-less", "bytes after the document", b.encode([(b"k", b.int32(1))]) + bytes(8)),
    ("length-more", "document longer than its place", struct.pack("<i", 99) + b.encode([(b"k", b.int32(1))])[4:]),
    ("length-negative", "document of negative length", struct.pack("<i", -12) + b.encode([(b"k", b.int32(1))])[4:]),
    ("no-end", "document that does not end in 0", b.encode([(b"k", b.int32(1))])[:-1] + b"\1"),
    ("type-14", "unknown type", element(0x14, bytes(8))),
    ("type-80", "unknown type", element(0x80, bytes(8))),
    ("key-without-end", "key without an end", struct.pack("<i", 8) + b"\x0aab" + b"x"),
    ("key-to-the-end", "key that ends with its document, the value missing", struct.pack("<i", 8) + b"\x10ab\0"),
    ("early-end", "document that ends before its length", struct.pack("<i", 14) + b"\0" + bytes(9)),
    ("int32-cut", "value exceeds its document", element(0x10, bytes(3))),
    ("double-cut", "value exceeds its document", element(0x01, bytes(7))),
    ("decimal-cut", "value exceeds its document", element(0x13, bytes(15))),
    ("bool-2", "boolean that is 2", element(0x08, b"\2")),
    ("string-0", "string of length 0", element(0x02, struct.pack("<i", 0) + b"\0")),
    ("string-negative", "string of negative length", element(0x02, struct.pack("<i", -1) + b"ab\0")),
    ("string-long", "string longer than its document", element(0x02, struct.pack("<i", 1 << 30) + b"ab\0")),
    ("string-no-end", "string that does not end in 0", element(0x02, struct.pack("<i", 3) + b"abc")),
    ("binary-negative", "binary of negative length", element(0x05, struct.pack("<iB", -1, 0))),
    ("binary-long", "binary longer than its document", element(0x05, struct.pack("<iB", 9, 0) + b"abc")),
    ("binary-2", "old binary whose inner length is wrong", element(0x05, struct.pack("<iBi", 7, 2, 4) + b"abc")),
    ("binary-2-short", "old binary without its inner length", element(0x05, struct.pack("<iB", 2, 2) + b"ab")),
    ("regex-no-end", "regular expression without an end", struct.pack("<i", 13) + b"\x0bk\0abc\0" + b"i\0"),
    ("dbpointer-cut", "value exceeds its document", element(0x0C, struct.pack("<i", 2) + b"a\0" + bytes(11))),
    ("code-length", "code with scope: lengths disagree",
     element(0x0F, struct.pack("<ii", 16, 2) + b"f\0" + b"\5\0\0\0\0" + b"\0")),
    ("code-scope", "code with scope: scope is no document",
     element(0x0F, struct.pack("<ii", 15, 2) + b"f\0" + b"\6\0\0\0\0")),
    ("inner", "document in a document longer than it", element(0x03, struct.pack("<i", 6) + b"\0")),
    ("inner-negative", "document in a document of negative length", element(0x03, struct.pack("<i", -5) + b"\0")),
    ("array-inner", "array that is not valid", element(0x04, struct.pack("<i", 5) + b"\1")),
]:
    bad("bson-" + _name, "not valid BSON: " + _rule if _name != "empty" else _rule)(lambda raw=_raw: meta(raw))


def nested(depth, form=b.doc):
    pairs = [(b"0", b.int32(1))]
    for _ in range(depth - 1):
        pairs = [(b"0", (form()[0], pairs))]
    return pairs


bad("bson-deep", "65 documents deep")(lambda: meta(nested(65)))
bad("bson-deep-arrays", "65 arrays deep")(lambda: meta(nested(65, b.array)))
bad("bson-very-deep", "100000 documents deep")(lambda: meta(deep_bytes(100000)))
bad("elog-empty", "a document without keys is no bytes")(lambda: obj(samples=[1.0], log=b"\5\0\0\0\0"))
bad("elog-bson", "not valid BSON: error log")(lambda: obj(samples=[1.0], log=element(0x14, b"")))
bad("history-empty", "a document without keys is no bytes")(lambda: obj(samples=[1.0], history=b"\5\0\0\0\0"))
bad("history-bson", "not valid BSON: history")(lambda: obj(samples=[1.0], history=element(0x08, b"\3")))


def deep_bytes(depth):
    raw = bytearray()
    for i in range(depth):
        raw += struct.pack("<i", 5 + 8 * (depth - 1 - i)) + (b"\x030\0" if i < depth - 1 else b"")
    return bytes(raw + bytes(depth))


# ensembles
def brackets(*blocks):
    made, inside = [], 0
    for kinds in blocks:
        objects = [Object(kind=k, samples=[1.0] if k == 1 else ()) for k in kinds]
        made.append(Block(objects, inside=inside))
        inside = made[-1].f["bits"] >> 1
    return made


bad("ensemble-open", "segment ends inside an ensemble")(lambda: segment(brackets((BEGIN, 1))))
bad("ensemble-over-segments", "segment ends inside an ensemble that the next one closes")(
    lambda: segment(brackets((BEGIN, 1)), more=1) + segment(brackets((1, END)), index=1))
bad("ensemble-nested", "brackets nest")(lambda: segment(brackets((BEGIN, BEGIN, 1, END))))
bad("ensemble-nested-blocks", "brackets nest")(lambda: segment(brackets((BEGIN, 1), (BEGIN, 1, END))))
bad("ensemble-close", "closing bracket without an opening one")(lambda: segment(brackets((1, END))))
bad("ensemble-close-twice", "closing bracket without an opening one")(lambda: segment(brackets((BEGIN, END, END))))
bad("ensemble-inside-not", "'an ensemble is open before' does not fit")(
    lambda: segment([Block([Object(kind=BEGIN)]), Block([Object(kind=END)], inside=0)]))
bad("ensemble-open-not", "'an ensemble is open at the end' does not fit")(
    lambda: segment([Block([Object(kind=BEGIN)], bits=0), Block([Object(kind=END)], inside=1)]))
table(lambda **f: segment([Block([Object(kind=f.pop("k", BEGIN), **f), Object(kind=END)])]), [
    ("bracket-npts", "bracket with npts", {"npts": 1}),
    ("bracket-ncomp", "bracket with ncomp", {"ncomp": 1}),
    ("bracket-extra", "bracket with extra", {"extra": bytes(8)}),
])
bad("bracket-type", "bracket with a type")(
    lambda: segment([Block([_typed(Object(kind=BEGIN)), Object(kind=END)])]))
bad("bracket-end-metadata", "closing bracket with metadata")(
    lambda: segment([Block([Object(kind=BEGIN), Object(kind=END, metadata=[(b"k", b.int32(1))])])]))
bad("bracket-end-log", "closing bracket with an error log")(
    lambda: segment([Block([Object(kind=BEGIN), Object(kind=END, log=w.elog(("a", "Debug", "m")))])]))


def _typed(o):
    o.f["type"], o.f["width"] = F64, 8
    return o


# trailer
table(lambda **f: segment([good_block()], tail=f), [
    ("trailer-size", "length of the trailer", {"size": 89}),
    ("trailer-tag", "MSPT", {"tag": b"MSPB"}),
    ("trailer-bits", "reserved bits of the trailer", {"bits": 2}),
    ("trailer-bits-31", "reserved bits of the trailer", {"bits": 1 << 31}),
    ("trailer-blocks", "number of blocks", {"blocks": 2}),
    ("trailer-blocks-0", "number of blocks", {"blocks": 0}),
    ("trailer-live", "number of live objects", {"live": 2}),
    ("trailer-dead", "number of dead objects", {"dead": 1}),
    ("trailer-ensembles", "number of ensembles", {"ensembles": 1}),
    ("trailer-payload", "bytes of payload", {"payload": 95}),
    ("trailer-digest", "digest of the segment", {"digest": 1}),
    ("trailer-header-crc", "the trailer names another header's CRC", {"header_crc": 1}),
    ("trailer-crc", "CRC of the trailer", {"crc": 1}),
    ("trailer-last-line", "last line of the trailer", {"last": b"MSP SEGMENT END\r"}),
])
bad("block-lost", "a block of the segment is missing")(
    lambda: HEAD + good_block().bytes() + w.trailer(HEAD, [good_block()] * 2))
bad("block-twice", "a block of the segment comes twice")(
    lambda: HEAD + good_block().bytes() * 2 + w.trailer(HEAD, [good_block()]))


# completeness
def seg(i, more, **k):
    return segment([good_block()], index=i, more=more, **k)


OTHER = w.pipeline(w.stage("mscat", ["mscat"], []))
for _name, _rule, _make in [
    ("more", "the last segment is missing", lambda: seg(0, 1)),
    ("last-missing", "the last segment is missing", lambda: seg(0, 1) + seg(1, 1)),
    ("first-missing", "the first segment is missing", lambda: seg(1, 0)),
    ("middle-missing", "a segment is missing", lambda: seg(0, 1) + seg(2, 0)),
    ("twice", "a segment comes twice", lambda: seg(0, 1) + seg(1, 0) + seg(0, 1)),
    ("stream-twice", "a stream comes twice", lambda: PLAIN + PLAIN),
    ("two-last", "two segments say that they are the last", lambda: seg(0, 0) + seg(1, 0)),
    ("after-last", "a segment after the last one", lambda: seg(0, 0) + seg(1, 1)),
    ("none-last", "no segment is the last, the last index is not the end", lambda: seg(1, 1) + seg(0, 0)),
    ("other-pipeline", "the last segment is of another pipeline", lambda: seg(0, 1) + seg(1, 0, pipeline=OTHER)),
    ("other-origin", "the last segment is of another origin", lambda: seg(0, 1) + seg(1, 0, origin=b"another origin..")),
    ("other-part", "the last segment is of another part", lambda: seg(0, 1, part=1, parts=2) + seg(1, 0, part=2, parts=2)),
    ("part-missing", "two of three parts", lambda: seg(0, 0, part=1, parts=3) + seg(0, 0, part=3, parts=3)),
    ("part-incomplete", "a part lacks its last segment",
     lambda: seg(0, 0, part=1, parts=2) + seg(0, 1, part=2, parts=2)),
    ("index-huge", "a segment is missing", lambda: seg((1 << 64) - 1, 0)),
    ("parts-huge", "two of very many parts",
     lambda: seg(0, 0, part=1, parts=0xFFFFFFFF) + seg(0, 0, part=0xFFFFFFFF, parts=0xFFFFFFFF)),
]:
    bad("complete-" + _name, "incomplete: " + _rule)(_make)

# refused with --segments, too
SOME_SEGMENTS_FINE = {"complete-" + n for n in (
    "more", "last-missing", "first-missing", "middle-missing", "two-last", "after-last", "none-last", "other-pipeline",
    "other-origin", "other-part", "part-missing", "part-incomplete", "index-huge", "parts-huge")}


def check():
    status = 0
    for name, rule, make in CASES:
        for some in (False, True):
            complete = msp_read.Completeness()
            data = make()
            try:
                for _ in msp_read.Stream(data, complete).objects():
                    pass
                if not some:
                    complete.finish(len(data))
                refused = None
            except msp_read.Bad as e:
                refused = e.args[1]
            fine = some and name in SOME_SEGMENTS_FINE
            if (refused is None) != fine:
                print("%s (%s)%s: %s" % (name, rule, " --segments" if some else "", refused or "was not refused"))
                status = 1
            elif not some and "-v" in sys.argv:
                print("%-24s %-60s %s" % (name, rule, refused))
    return status


def main(argv):
    if argv[:1] == ["--check"]:
        return check()
    os.makedirs(argv[0], exist_ok=True)
    for name, rule, make in CASES:
        with open(os.path.join(argv[0], name + ".msp"), "wb") as f:
            f.write(make())
        print("%s\t%s\t%s" % (name, rule, "segments-fine" if name in SOME_SEGMENTS_FINE else ""))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
