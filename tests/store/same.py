"""Do two dumps hold the same documents? python3 same.py A.jsonl B.jsonl. Types count, order of documents and spelling of doubles do not."""
import json
import sys


def plain(value):
    if isinstance(value, dict):
        if set(value) == {"$numberDouble"}:
            return ("double", repr(float(value["$numberDouble"])))
        return [(key, plain(v)) for key, v in value.items()]
    if isinstance(value, list):
        return [plain(v) for v in value]
    return value


def read(path):
    with open(path) as f:
        return sorted(repr(plain(json.loads(line))) for line in f)


a, b = read(sys.argv[1]), read(sys.argv[2])
if not a or a != b:
    for x, y in zip(a, b):
        if x != y:
            print(x[:500], y[:500], sep="\n")
            break
    sys.exit("%s and %s differ: %d and %d documents" % (sys.argv[1], sys.argv[2], len(a), len(b)))
