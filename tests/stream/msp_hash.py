"""CRC-32C and XXH3-128 (seed 0), in plain Python, from their published specifications.

Run by itself it checks known values, and the hash against `xxh128sum` where that is installed.
"""
import struct

M32 = 0xFFFFFFFF
M64 = 0xFFFFFFFFFFFFFFFF
M128 = (1 << 128) - 1


def _crc_table():
    table = []
    for n in range(256):
        for _ in range(8):
            n = (n >> 1) ^ 0x82F63B78 if n & 1 else n >> 1
        table.append(n)
    return table


_CRC = _crc_table()


def crc32c(data):
    crc = M32
    table = _CRC
    for byte in data:
        crc = table[(crc ^ byte) & 0xFF] ^ (crc >> 8)
    return crc ^ M32


P32_1, P32_2, P32_3 = 0x9E3779B1, 0x85EBCA77, 0xC2B2AE3D
P64_1, P64_2, P64_3 = 0x9E3779B185EBCA87, 0xC2B2AE3D27D4EB4F, 0x165667B19E3779F9
P64_4, P64_5 = 0x85EBCA77C2B2AE63, 0x27D4EB2F165667C5
MX1, MX2 = 0x165667919E3779F9, 0x9FB21C651E98DF25

SECRET = bytes.fromhex(
    "b8fe6c3923a44bbe7c01812cf721ad1cded46de9839097db7240a4a4b7b3671fcb79e64eccc0e578825ad07dccff7221"
    "b8084674f743248ee03590e6813a264c3c2852bb91c300cb88d0658b1b532ea371644897a20df94e3819ef46a9deacd8"
    "a8fa763fe39c343ff9dcbbc7c70b4f1d8a51e04bcdb45931c89f7ec9d9787364eac5ac8334d3ebc3c581a0fffa1363eb"
    "170ddd51b7f0da49d316552629d4689e2b16be587d47a1fc8ff8b8d17ad031ce45cb3a8f95160428afd7fbcabb4b407e")


def _s32(off):
    return struct.unpack_from("<I", SECRET, off)[0]


def _s64(off):
    return struct.unpack_from("<Q", SECRET, off)[0]


def _swap(x, n):
    return int.from_bytes(x.to_bytes(n, "little"), "big")


def _avalanche(h):
    h ^= h >> 37
    h = (h * MX1) & M64
    return h ^ (h >> 32)


def _avalanche64(h):
    h ^= h >> 33
    h = (h * P64_2) & M64
    h ^= h >> 29
    h = (h * P64_3) & M64
    return h ^ (h >> 32)


def _fold(a, b):
    p = a * b
    return (p & M64) ^ (p >> 64)


def _u64(data, off):
    return struct.unpack_from("<Q", data, off)[0]


def _mix16(data, off, soff):
    return _fold(_u64(data, off) ^ _s64(soff), _u64(data, off + 8) ^ _s64(soff + 8))


def _mix32(lo, hi, data, off1, off2, soff):
    lo = (lo + _mix16(data, off1, soff)) & M64
    lo ^= (_u64(data, off2) + _u64(data, off2 + 8)) & M64
    hi = (hi + _mix16(data, off2, soff + 16)) & M64
    hi ^= (_u64(data, off1) + _u64(data, off1 + 8)) & M64
    return lo, hi


def _short(data):
    n = len(data)
    if n == 0:
        return _avalanche64(_s64(64) ^ _s64(72)), _avalanche64(_s64(80) ^ _s64(88))
    if n <= 3:
        lo = (data[0] << 16) | (data[n >> 1] << 24) | data[n - 1] | (n << 8)
        hi = _swap(lo, 4)
        hi = ((hi << 13) | (hi >> 19)) & M32
        return _avalanche64(lo ^ _s32(0) ^ _s32(4)), _avalanche64(hi ^ _s32(8) ^ _s32(12))
    if n <= 8:
        first, last = struct.unpack_from("<I", data, 0)[0], struct.unpack_from("<I", data, n - 4)[0]
        keyed = (first | (last << 32)) ^ _s64(16) ^ _s64(24)
        product = keyed * ((P64_1 + (n << 2)) & M64)
        lo, hi = product & M64, product >> 64
        hi = (hi + (lo << 1)) & M64
        lo ^= hi >> 3
        lo ^= lo >> 35
        lo = (lo * MX2) & M64
        lo ^= lo >> 28
        return lo, _avalanche(hi)
    first, last = _u64(data, 0), _u64(data, n - 8)
    product = (first ^ last ^ _s64(32) ^ _s64(40)) * P64_1
    lo = ((product & M64) + ((n - 1) << 54)) & M64
    last ^= _s64(48) ^ _s64(56)
    hi = ((product >> 64) + last + (last & M32) * (P32_2 - 1)) & M64
    lo ^= _swap(hi, 8)
    product = lo * P64_2
    hi = ((product >> 64) + hi * P64_2) & M64
    return _avalanche(product & M64), _avalanche(hi)


def _medium(data):
    n = len(data)
    lo, hi = (n * P64_1) & M64, 0
    if n <= 128:
        for i in reversed(range((n - 1) // 32)):
            lo, hi = _mix32(lo, hi, data, 16 * (i + 1), n - 16 * (i + 2), 32 * (i + 1))
        lo, hi = _mix32(lo, hi, data, 0, n - 16, 0)
    else:
        for i in range(4):
            lo, hi = _mix32(lo, hi, data, 32 * i, 32 * i + 16, 32 * i)
        lo, hi = _avalanche(lo), _avalanche(hi)
        for i in range(4, n // 32):
            lo, hi = _mix32(lo, hi, data, 32 * i, 32 * i + 16, 3 + 32 * (i - 4))
        lo, hi = _mix32(lo, hi, data, n - 16, n - 32, 136 - 17 - 16)
    return _avalanche((lo + hi) & M64), -_avalanche((lo * P64_1 + hi * P64_4 + n * P64_2) & M64) & M64


_KEYS = [struct.unpack_from("<8Q", SECRET, 8 * i) for i in range(16)]
_LAST_KEY = struct.unpack_from("<8Q", SECRET, 192 - 64 - 7)
_SCRAMBLE_KEY = struct.unpack_from("<8Q", SECRET, 192 - 64)
_EVEN_ODD = (1, 0, 3, 2, 5, 4, 7, 6)


def _stripe(acc, words, key):
    mixed = [w ^ k for w, k in zip(words, key)]
    return [(a + words[o] + (m & M32) * (m >> 32)) & M64 for a, o, m in zip(acc, _EVEN_ODD, mixed)]


def _merge(acc, soff, start):
    for i in range(4):
        start += _fold(acc[2 * i] ^ _s64(soff + 16 * i), acc[2 * i + 1] ^ _s64(soff + 16 * i + 8))
    return _avalanche(start & M64)


def _long(data):
    n = len(data)
    acc = [P32_3, P64_1, P64_2, P64_3, P64_4, P32_2, P64_5, P32_1]
    stripes = (n - 1) // 64
    words = struct.Struct("<8Q").unpack_from
    for i in range(stripes):
        acc = _stripe(acc, words(data, 64 * i), _KEYS[i % 16])
        # a block of 16 stripes ends in a scramble, also where nothing but the last stripe follows
        if i % 16 == 15:
            acc = [((a ^ (a >> 47) ^ k) * P32_1) & M64 for a, k in zip(acc, _SCRAMBLE_KEY)]
    acc = _stripe(acc, words(data, n - 64), _LAST_KEY)
    return _merge(acc, 11, (n * P64_1) & M64), _merge(acc, 192 - 64 - 11, ~(n * P64_2) & M64)


def xxh3_128(data):
    """The hash as a number; its canonical 16 bytes are its big-endian form."""
    data = bytes(data)
    if len(data) <= 16:
        lo, hi = _short(data)
    elif len(data) <= 240:
        lo, hi = _medium(data)
    else:
        lo, hi = _long(data)
    return (hi << 64) | lo


def _sample(n):
    """n bytes that any tool can make again: a linear congruential sequence"""
    out, x = bytearray(), 12345
    for _ in range(n):
        x = (x * 1103515245 + 12345) & 0x7FFFFFFF
        out.append(x >> 16 & 0xFF)
    return bytes(out)


# made with xxh128sum 0.8.1 of _sample(n)
KNOWN = {
    0: "99aa06d3014798d86001c324468d497f",
    1: "db5934bc0727b16fb95d064157e4a8b4",
    2: "ed7bc572a610f3c8d78ecf09b2165b18",
    3: "66092b7c8199899e4b2bf643aad9977c",
    4: "6bec23ec42f3a75c9763ceeda2ec45cb",
    8: "e80cb1671d366ac1e372b3db83e06468",
    9: "e43d594da97a6185d32696265836142c",
    16: "3b35ba78666c6373d590454012dfdf3b",
    17: "19066fa6acb043d584a75d8e2ca8bf3b",
    32: "89eed0acd38477882e684da4f5787163",
    33: "c0f6e8cc6f0dbb7c8907607cf17f4be5",
    64: "8d4ec081ad28e7ad7ca090083835ddd4",
    65: "4741dc5a339e5d2e4efd86332a825bb6",
    96: "681925b44f88c9fad5be0b070dde2a48",
    97: "76488979505aa0f49991e5c9c206efa3",
    128: "7da00d787541617307546f37fa46327e",
    129: "908ba7e6c596874d280a49314bddf7e5",
    160: "07179910eb65ddfcf93f03ca15ec1ebe",
    240: "b7ba761d40ed703dc4e2041b1e2fa9a6",
    241: "1253eabfa3bc7c14e458863ec159b424",
    256: "d552a252b84012c3f5176bb1392b615d",
    1024: "2d7c49ac4e3824b1c5eb3b0e7580130f",
    1025: "1a0d1e1d3481694240846007943e297d",
    1088: "4420e859639e8ae1e9cea1c8d904e8c1",
    1089: "466ac0ebe723171309c17446d7c17d75",
    2048: "2ff31b3ba60795601767e6dce9d4ac74",
    10000: "ba015ea16fe79a56465bb2d71115d060",
}


def main():
    import shutil
    import subprocess
    import sys
    import tempfile
    bad = 0
    if crc32c(b"123456789") != 0xE3069283 or crc32c(bytes(32)) != 0x8A9136AA or crc32c(b"\xff" * 32) != 0x62A8AB43:
        print("CRC-32C is wrong")
        bad = 1
    for n, want in KNOWN.items():
        if "%032x" % xxh3_128(_sample(n)) != want:
            print("XXH3-128 of %d bytes is wrong" % n)
            bad = 1
    tool = shutil.which("xxh128sum")
    if tool:
        with tempfile.NamedTemporaryFile() as f:
            for n in list(range(0, 300)) + [1023, 1024, 1025, 1087, 1088, 1089, 2048, 2049, 4095, 10000]:
                f.seek(0)
                f.truncate()
                f.write(_sample(n))
                f.flush()
                want = subprocess.run([tool, f.name], capture_output=True, text=True, check=True).stdout.split()[0]
                if "--print" in sys.argv and n in (0, 1, 2, 3, 4, 8, 9, 16, 17, 32, 33, 64, 65, 96, 97, 128, 129,
                                                   160, 240, 241, 256, 1024, 1025, 1088, 1089, 2048, 10000):
                    print('    %d: "%s",' % (n, want))
                if "%032x" % xxh3_128(_sample(n)) != want:
                    print("XXH3-128 of %d bytes differs from xxh128sum" % n)
                    bad = 1
    return bad


if __name__ == "__main__":
    raise SystemExit(main())
