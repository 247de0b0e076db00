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


def differ(left, right):
    a, b = read(left), read(right)
    if a and a == b:
        return
    for x, y in zip(a, b):
        if x != y:
            print(x[:500], y[:500], sep="\n")
            break
    sys.exit("%s and %s differ: %d and %d documents" % (left, right, len(a), len(b)))


if __name__ == "__main__":
    differ(sys.argv[1], sys.argv[2])
