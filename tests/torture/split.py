"""Splits a stream at segments: split.py FILE PARTS SEED. Segment k goes to part k mod PARTS; each part's segments, and the parts, are in an
order of their own (by SEED). Writes part.000.msp ... and prints how many segments there were."""
import random
import sys

END = b"MSP SEGMENT END\n"  # the last bytes of every segment (msp(5)); a stream ends with them
data = open(sys.argv[1], "rb").read()
parts, rng = int(sys.argv[2]), random.Random(int(sys.argv[3]))
segments = [s + END for s in data.split(END)[:-1]]
assert b"".join(segments) == data
piles = [segments[k::parts] for k in range(parts)]
for pile in piles:
    rng.shuffle(pile)
rng.shuffle(piles)
for k, pile in enumerate(piles):
    with open("part.%03d.msp" % k, "wb") as f:
        f.write(b"".join(pile))
print(len(segments))
