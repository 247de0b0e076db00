#!/usr/bin/env python3
"""A reader of msp streams, written from man/msp.5 alone: the proof that the page is complete.

    msp_read.py [--segments] [--digest | --frames] FILE...

Prints one JSON document per object on a line, the samples exact. --digest prints `HEX  FILE`, --frames the
header, descriptor, zstd and trailer frames with their offset and length. All FILEs are one input, each of whole
segments; - is standard input. Exit status 4, and one message that names the byte, if the input is refused.
It needs Python 3.11 and, for compressed frames, the zstd command.
"""
import itertools
import struct
import subprocess
import sys
import threading

import msp_bson
from msp_hash import M128, crc32c, xxh3_128

HEADER, BLOCK, TRAILER, ZSTD = 0x184D2A50, 0x184D2A51, 0x184D2A52, 0xFD2FB528
LAST_LINE = b"MSP SEGMENT END\n"
TIMESERIES, SEISMOGRAM, BEGIN, END = 1, 2, 3, 4
KINDS = {TIMESERIES: "timeseries", SEISMOGRAM: "seismogram", BEGIN: "ensemble", END: "end"}
LIVE, RELATIVE, SHIFT = 1, 2, 4
FLAGS = 0x1F
WIDTHS = {0: 0, 1: 8, 2: 4, 3: 4}
MAX_PIPELINE = 16777216
MAX_WINDOW = 8 << 20


class Bad(Exception):
    """A stream that a reader refuses: (byte, why)"""


def check(ok, byte, why):
    if not ok:
        raise Bad(byte, why)


def take(data, at, n, what):
    """n bytes at a place in the input, which may end before"""
    if at + n > len(data):
        raise Bad(len(data), "input ends inside %s" % what)
    return data[at:at + n]


class Header:
    def __init__(self, data, at):
        first = take(data, at, 12, "a header")
        magic, size, tag = struct.unpack("<II4s", first)
        check(magic == HEADER, at, "no segment begins here")
        check(tag == b"MSPH", at + 8, "no MSPH in the header")
        version = struct.unpack("<H", take(data, at + 12, 2, "a header"))[0]
        check(version == 1, at + 12, "version %d of the format, not 1" % version)
        fixed = take(data, at, 52, "a header")
        (zero, self.origin, self.index, self.part, self.parts, length) = struct.unpack_from("<H16sQIII", fixed, 14)
        check(zero == 0, at + 14, "reserved field of the header is not 0")
        check(length <= MAX_PIPELINE, at + 48, "pipeline of %d bytes" % length)
        check(size == 48 + length, at + 4, "length of the header does not fit its pipeline")
        self.length = 56 + length
        whole = take(data, at, self.length, "a header")
        self.pipeline = whole[52:52 + length]
        self.crc = struct.unpack_from("<I", whole, 52 + length)[0]
        check(self.crc == crc32c(whole[:52 + length]), at + 52 + length, "CRC of the header is wrong")
        check((self.part == 0) == (self.parts == 0) and self.part <= self.parts, at + 40,
              "part %d of %d" % (self.part, self.parts))
        if length:
            stages = dict(document(self.pipeline, at + 52, "pipeline")).get(b"stages", (0, ()))
            check(stages[0] == 0x04 and stages[1], at + 52, "pipeline without stages")


def document(raw, at, what):
    try:
        return msp_bson.decode(raw)
    except msp_bson.BadBson as e:
        raise Bad(at + e.args[0], "%s: %s" % (what, e.args[1])) from None


class Descriptor:
    LENGTH = 104

    def __init__(self, data, at):
        raw = take(data, at, self.LENGTH, "a block's descriptor")
        magic, size, tag = struct.unpack_from("<II4s", raw)
        check(magic == BLOCK, at, "neither a block nor a trailer")
        check(size == 96, at + 4, "length of the descriptor is not 96")
        check(tag == b"MSPB", at + 8, "no MSPB in the descriptor")
        check(struct.unpack_from("<I", raw, 100)[0] == crc32c(raw[:100]), at + 100, "CRC of the descriptor is wrong")
        (self.objects, self.live, self.dead, self.brackets, bits) = struct.unpack_from("<IQQIB", raw, 12)
        self.encodings = raw[37:40]
        self.sizes = struct.unpack_from("<4Q", raw, 40)
        self.digest = int.from_bytes(raw[72:88], "big")
        self.stored, self.crc = struct.unpack_from("<QI", raw, 88)
        check(self.objects >= 1, at + 12, "block without objects")
        check(bits & ~3 == 0, at + 36, "reserved bits of the descriptor are not 0")
        self.inside, self.open = bits & 1, bits >> 1
        for i, e in enumerate(self.encodings):
            check(e in (0, 0x10, 0x11, 0x12, 0x13), at + 37 + i, "unknown encoding 0x%02x" % e)
        for i, width in enumerate((8, 4, 4)):
            check(self.sizes[1 + i] % width == 0, at + 48 + 8 * i, "area of a broken number of words")


class Trailer:
    LENGTH = 96

    def __init__(self, data, at):
        raw = take(data, at, self.LENGTH, "a trailer")
        size, tag, bits = struct.unpack_from("<I4sI", raw, 4)
        check(size == 88, at + 4, "length of the trailer is not 88")
        check(tag == b"MSPT", at + 8, "no MSPT in the trailer")
        check(struct.unpack_from("<I", raw, 76)[0] == crc32c(raw[:76]), at + 76, "CRC of the trailer is wrong")
        check(raw[80:] == LAST_LINE, at + 80, "last line of the trailer is wrong")
        check(bits & ~1 == 0, at + 12, "reserved bits of the trailer are not 0")
        self.more = bits & 1
        self.blocks, self.live, self.dead, self.ensembles, self.payload = struct.unpack_from("<5Q", raw, 16)
        self.digest = int.from_bytes(raw[56:72], "big")
        self.header_crc = struct.unpack_from("<I", raw, 72)[0]


def zstd_blocks(frame, at):
    """The blocks of the zstd frame that the bytes begin with, (type, offset, stored, size) each; it has no dictionary.
    Also whether it has a checksum, the content size, if it says so, and its length."""
    def part(pos, n):
        check(pos + n <= len(frame), at + len(frame), "zstd frame is longer than the descriptor says")
        return frame[pos:pos + n]

    check(struct.unpack("<I", part(0, 4))[0] == ZSTD, at, "no zstd frame here")
    bits = part(4, 1)[0]
    single = bits >> 5 & 1
    check(bits & 0x08 == 0, at + 4, "reserved bit of the zstd frame is not 0")
    pos = 5
    if not single:
        w = part(pos, 1)[0]
        window = (1 << (10 + (w >> 3))) + (1 << (10 + (w >> 3))) // 8 * (w & 7)
        pos += 1
    check(bits & 3 == 0, at + 4, "zstd frame with a dictionary ID")
    n = (single, 2, 4, 8)[bits >> 6]
    content = int.from_bytes(part(pos, n), "little") + (256 if n == 2 else 0) if n else None
    pos += n
    window = content if single else window
    check(window <= MAX_WINDOW, at + 5, "window of %d bytes" % window)
    limit = min(window, 128 << 10)
    blocks, last = [], 0
    while not last:
        head = int.from_bytes(part(pos, 3), "little")
        last, kind, size = head & 1, head >> 1 & 3, head >> 3
        check(kind != 3, at + pos, "reserved type of zstd block")
        check(size <= limit, at + pos, "zstd block is too large")
        stored = 1 if kind == 1 else size
        part(pos + 3, stored)
        blocks.append((kind, pos + 3, stored, size))
        pos += 3 + stored
    checksum = bits >> 2 & 1
    part(pos, 4 * checksum)
    return blocks, checksum, content, pos + 4 * checksum


def run_zstd(frame, size, at):
    with subprocess.Popen(["zstd", "-q", "-dc"], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                          stderr=subprocess.DEVNULL) as p:
        def feed():
            try:
                p.stdin.write(frame)
                p.stdin.close()
            except BrokenPipeError:
                pass
        t = threading.Thread(target=feed)
        t.start()
        out = bytearray()
        while len(out) <= size:
            piece = p.stdout.read(1 << 16)
            if not piece:
                break
            out += piece
        if len(out) > size:
            p.kill()
        t.join()
    check(len(out) <= size, at, "payload is longer than the descriptor says")
    check(p.returncode == 0, at, "zstd cannot decompress the frame")
    return bytes(out)


def zstd_frames(data, size, at):
    """The frames of a block: (blocks, offset) each, and whether decompressing them takes a zstd."""
    frames, pos, left, needs_zstd = [], 0, size, False
    while pos < len(data) or not frames:
        blocks, checksum, content, length = zstd_blocks(data[pos:], at + pos)
        if content is None:
            check(pos + length == len(data), at + pos, "a zstd frame that is not the last does not say its content size")
            content = left
        check(content <= left, at + pos, "payload is longer than the descriptor says")
        needs_zstd = needs_zstd or checksum or any(kind == 2 for kind, *_ in blocks)
        check(needs_zstd or sum(n for *_, n in blocks) == content, at + pos, "zstd frame's content has another size than it says")
        frames.append((blocks, pos))
        left -= content
        pos += length
    check(left == 0, at, "payload is shorter than the descriptor says")
    return frames, needs_zstd


def decompress(data, size, at):
    frames, needs_zstd = zstd_frames(data, size, at)
    if needs_zstd:
        out = run_zstd(data, size, at)
    else:
        out = b"".join(data[pos + o:pos + o + s] * (n if kind == 1 else 1) for blocks, pos in frames for kind, o, s, n in blocks)
    check(len(out) == size, at, "payload is shorter than the descriptor says")
    return out


def decode_area(raw, encoding, width, floating):
    """an area as it is stored -> the samples as they were"""
    if encoding == 0 or not raw:
        return raw
    n = len(raw) // width
    out = bytearray(len(raw))
    for j in range(width):
        out[j::width] = raw[j * n:(j + 1) * n]
    order = encoding - 0x10
    if order == 0:
        return bytes(out)
    bits = 8 * width
    mask = (1 << bits) - 1
    form = "<%d%s" % (n, "Q" if width == 8 else "I")
    words = [(z >> 1) ^ -(z & 1) for z in struct.unpack(form, out)]
    for _ in range(order):
        words = [w & mask for w in itertools.accumulate(words)]
    words = [w & mask for w in words]
    if floating:
        sign, rest = 1 << (bits - 1), (1 << (bits - 1)) - 1
        words = [w ^ rest if w & sign else w for w in words]
    return struct.pack(form, *words)


class Object:
    """One record, checked; its samples come later."""

    def __init__(self, heads, pos, at):
        check(pos + 80 <= len(heads), at, "heads end inside a record")
        self.head = heads[pos:pos + 80]
        (length, self.kind, self.flags, self.type, self.id, self.start, self.shift, self.dt, self.npts, self.ncomp,
         e, m, g, h, self.width) = struct.unpack_from("<IHBB16sqqdQIIIIIB", self.head)
        self.length = length
        end = 80 + e + m + g + h
        check(length == (end + 7) // 8 * 8, at, "length of a record does not fit its parts")
        check(pos + length <= len(heads), at, "record exceeds the heads")
        check(not any(self.head[77:80]), at, "reserved bytes of a record are not 0")
        check(not any(heads[pos + end:pos + length]), at, "padding of a record is not 0")
        check(self.flags & ~FLAGS == 0, at, "reserved flags of a record are not 0")
        check(not self.flags & SHIFT or self.flags & RELATIVE, at, "valid shift of a time that is not relative")
        if self.type in WIDTHS:
            check(self.width == WIDTHS[self.type], at, "samples of type %d, width %d" % (self.type, self.width))
        else:
            check(self.width in (4, 8), at, "samples of type %d, width %d" % (self.type, self.width))
        self.extra = heads[pos + 80:pos + 80 + e]
        self._check_kind(e, m, g, at)
        at_doc = pos + 80 + e
        self.raw, self.docs = [], []
        for n, what in ((m, "metadata"), (g, "error log"), (h, "history")):
            raw = heads[at_doc:at_doc + n]
            pairs = document(raw, at, what) if n else []
            check(not n or pairs, at, "%s without keys is not left out" % what)
            self.raw.append(raw)
            self.docs.append(pairs)
            at_doc += n
        none = self.type == 0 or not self.flags & LIVE
        self.size = 0 if none else self.npts * self.ncomp * self.width
        check(self.size < 1 << 64, at, "more samples than can be counted")
        self.samples = b""

    def _check_kind(self, e, m, g, at):
        if self.kind == TIMESERIES:
            check(self.ncomp == 1, at, "time series of %d components" % self.ncomp)
            check(e == 0, at, "time series with extra bytes")
        elif self.kind == SEISMOGRAM:
            check(self.ncomp == 3, at, "seismogram of %d components" % self.ncomp)
            check(e == 72, at, "seismogram with %d bytes of extra" % e)
        elif self.kind in (BEGIN, END):
            check(self.ncomp == 0 and self.npts == 0 and self.type == 0 and e == 0, at, "bracket with contents")
            check(self.kind == BEGIN or m == g == 0, at, "closing bracket with metadata or error log")

    @property
    def bracket(self):
        return self.kind in (BEGIN, END)

    @property
    def area(self):
        return 0 if self.width == 8 else 1 if self.type == 2 else 2

    def digest(self):
        head = bytes(4) + self.head[4:72] + bytes(4) + self.head[76:]
        return xxh3_128(head + self.extra + self.raw[0] + self.raw[1] + self.samples)

    def _values(self):
        n = len(self.samples) // self.width if self.width else 0
        if self.type == 1:
            return [msp_bson.number(self.samples[8 * i:8 * i + 8]) for i in range(n)]
        if self.type == 2:
            singles = struct.unpack("<%df" % n, self.samples)
            words = struct.unpack("<%dI" % n, self.samples)
            return [_single(x, w) for x, w in zip(singles, words)]
        form = "i" if self.type == 3 else "I" if self.width == 4 else "Q"
        return list(struct.unpack("<%d%s" % (n, form), self.samples))

    def to_json(self):
        out = {"kind": KINDS.get(self.kind, self.kind), "live": bool(self.flags & LIVE), "id": self.id.hex(),
               "starttime": self.start, "shift": self.shift, "dt": repr(self.dt), "npts": self.npts,
               "ncomp": self.ncomp, "type": self.type, "width": self.width,
               "relative": bool(self.flags & RELATIVE), "flags": self.flags}
        if self.kind == SEISMOGRAM:
            out["tmatrix"] = [msp_bson.number(self.extra[8 * i:8 * i + 8]) for i in range(9)]
        elif self.extra:
            out["extra"] = self.extra.hex()
        for name, pairs in zip(("metadata", "elog", "history"), self.docs):
            out[name] = msp_bson.pairs_to_json(pairs)
        values = self._values()
        n = self.npts if values else 0
        out["samples"] = values if self.ncomp == 1 else [values[i * n:(i + 1) * n] for i in range(self.ncomp)]
        out["digest"] = "%032x" % self.digest()
        return out


def _single(x, word):
    """an IEEE single, as the double of the same value"""
    if x != x:
        return "NaN" if word == 0x7FC00000 else "NaN:%08x" % word
    if x in (float("inf"), float("-inf")):
        return "Infinity" if x > 0 else "-Infinity"
    return x


class Completeness:
    """The last rule of "what a reader checks": which segments have come, and whether these are all."""

    def __init__(self):
        self.seen = {}

    def add(self, header, more, at):
        key = (header.origin, header.pipeline, header.parts)
        indexes = self.seen.setdefault(key, {}).setdefault(header.part, {})
        check(header.index not in indexes, at, "segment %d of its stream comes twice" % header.index)
        indexes[header.index] = more

    def finish(self, at):
        for (origin, _, parts), groups in self.seen.items():
            if len(groups) > 1:
                for part in range(1, parts + 1):
                    check(part in groups, at, "part %d of %d of stream %s is missing" % (part, parts, origin.hex()))
            for indexes in groups.values():
                last = max(indexes)
                check(len(indexes) == last + 1, at, "a segment of stream %s is missing" % origin.hex())
                for index, more in indexes.items():
                    check(bool(more) == (index != last), at,
                          "stream %s %s" % (origin.hex(), "lacks its last segment" if more else "goes on after its end"))


class Segment:
    """Counts of the blocks of a segment, to be compared with its trailer"""

    def __init__(self, data, at, frames):
        self.data, self.frames = data, frames
        self.header = Header(data, at)
        self._frame(at, self.header.length, "header")
        self.at = at + self.header.length
        self.open = False
        self.blocks = self.live = self.dead = self.ensembles = self.payload = self.digest = 0

    def _frame(self, at, n, what):
        if self.frames is not None:
            self.frames.append((at, n, what))

    def objects(self):
        while True:
            magic = struct.unpack("<I", take(self.data, self.at, 4, "a segment"))[0]
            if magic == TRAILER:
                return self._trailer()
            yield from self._block()

    def _trailer(self):
        t = Trailer(self.data, self.at)
        at = self.at
        check(t.blocks == self.blocks, at + 16, "trailer says %d blocks, there are %d" % (t.blocks, self.blocks))
        check(t.live == self.live, at + 24, "trailer says %d live objects, there are %d" % (t.live, self.live))
        check(t.dead == self.dead, at + 32, "trailer says %d dead objects, there are %d" % (t.dead, self.dead))
        check(t.ensembles == self.ensembles, at + 40, "trailer's number of ensembles is wrong")
        check(t.payload == self.payload, at + 48, "trailer's bytes of payload are wrong")
        check(t.digest == self.digest, at + 56, "trailer's digest is wrong")
        check(t.header_crc == self.header.crc, at + 72, "trailer names another header")
        check(not self.open, at, "segment ends inside an ensemble")
        self._frame(at, t.LENGTH, "trailer")
        self.at += t.LENGTH
        self.more = t.more

    def _block(self):
        d = Descriptor(self.data, self.at)
        at = self.at
        self._frame(at, d.LENGTH, "descriptor")
        check(d.inside == self.open, at + 36, "'starts inside an ensemble' does not fit")
        frame = take(self.data, at + d.LENGTH, d.stored, "zstd frames")
        self._frame(at + d.LENGTH, d.stored, "zstd")
        check(crc32c(frame) == d.crc, at + 96, "CRC of the zstd frame is wrong")
        payload = decompress(frame, sum(d.sizes), at + d.LENGTH)
        objects = self._records(payload[:d.sizes[0]], d, at)
        check(d.open == self.open, at + 36, "'open at the end' does not fit")
        self._samples(objects, payload, d, at)
        digest = sum(o.digest() for o in objects) & M128
        check(digest == d.digest, at + 72, "digest of the block is wrong")
        self.blocks += 1
        self.payload += len(payload)
        self.digest = (self.digest + digest) & M128
        self.at += d.LENGTH + d.stored
        yield from objects

    def _records(self, heads, d, at):
        objects, pos = [], 0
        live = dead = ensembles = 0
        while pos < len(heads):
            o = Object(heads, pos, at + d.LENGTH)
            pos += o.length
            objects.append(o)
            if o.kind == BEGIN:
                check(not self.open, at, "ensemble inside an ensemble")
                self.open, ensembles = True, ensembles + 1
            elif o.kind == END:
                check(self.open, at, "closing bracket without an opening one")
                self.open = False
            elif o.flags & LIVE:
                live += 1
            else:
                dead += 1
        check(len(objects) == d.objects, at + 12, "descriptor says %d objects, there are %d" % (d.objects, len(objects)))
        check(live == d.live, at + 16, "descriptor says %d live objects, there are %d" % (d.live, live))
        check(dead == d.dead, at + 24, "descriptor says %d dead objects, there are %d" % (d.dead, dead))
        check(ensembles == d.brackets, at + 32, "descriptor's number of opening brackets is wrong")
        self.live, self.dead, self.ensembles = self.live + live, self.dead + dead, self.ensembles + ensembles
        return objects

    def _samples(self, objects, payload, d, at):
        need = [0, 0, 0]
        for o in objects:
            need[o.area] += o.size
        starts = list(itertools.accumulate(d.sizes))
        areas = []
        for i, width in enumerate((8, 4, 4)):
            check(need[i] == d.sizes[1 + i], at + 48 + 8 * i, "area does not fit the objects' samples")
            areas.append(decode_area(payload[starts[i]:starts[i + 1]], d.encodings[i], width, i < 2))
        pos = [0, 0, 0]
        for o in objects:
            o.samples = areas[o.area][pos[o.area]:pos[o.area] + o.size]
            pos[o.area] += o.size


class Stream:
    """A piece of input, of whole segments, in memory. objects() yields its objects and raises Bad; digest is the
    sum when it is through. Pieces of one input share `complete`, and the last rule is asked by complete.finish()."""

    def __init__(self, data, complete=None, frames=None):
        self.data, self.complete, self.frames = bytes(data), complete or Completeness(), frames
        self.digest = 0

    def objects(self):
        check(self.data, 0, "no input")
        at = 0
        while at < len(self.data):
            segment = Segment(self.data, at, self.frames)
            yield from segment.objects()
            self.complete.add(segment.header, segment.more, at)
            self.digest = (self.digest + segment.digest) & M128
            at = segment.at


def one_file(name, mode, complete):
    """the bytes that were read"""
    if name == "-":
        data = sys.stdin.buffer.read()
    else:
        with open(name, "rb") as f:
            data = f.read()
    frames = []
    stream = Stream(data, complete, frames)
    for o in stream.objects():
        if mode == "--json":
            print(msp_bson.dumps(o.to_json()))
    if mode == "--digest":
        print("%032x  %s" % (stream.digest, name))
    if mode == "--frames":
        for frame in frames:
            print("%d %d %s" % frame)
    return len(data)


def main(argv):
    some = "--segments" in argv
    modes = [a for a in argv if a in ("--digest", "--frames")]
    files = [a for a in argv if a == "-" or not a.startswith("-")]
    if len(argv) != some + len(modes) + len(files) or len(modes) > 1 or not files:
        print(__doc__, file=sys.stderr)
        return 2
    complete = Completeness()
    try:
        for name in files:
            n = one_file(name, modes[0] if modes else "--json", complete)
        if not some:
            complete.finish(n)
    except Bad as e:
        print("msp_read.py: %s: byte %d: %s" % (name, e.args[0], e.args[1]), file=sys.stderr)
        return 4
    except OSError as e:
        print("msp_read.py: %s: %s" % (name, e.strerror), file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
