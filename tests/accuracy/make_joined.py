#!/usr/bin/env python3
"""Makes joined.tsv: which channel of a StationXML file ObsPy finds for a channel's codes and a time.

    make_joined.py XML... -- RECORDING... >joined.tsv

Needs ObsPy (made with 1.5.1). The test joined.bats imports each file, joins objects that begin at these times, and compares; it needs none.

For every channel of every file: a microsecond before it starts, when it starts, in the middle, a microsecond before it ends, when it ends, a
microsecond later; where it has no end, in the year 2040. And for each trace of the recordings whose station is in the file: its start.

Rows: file, NET.STA.LOC.CHAN, time (ns), number of channels found, and, if that is one: latitude, longitude, elevation in km, azimuth, and
the angle from the vertical (dip + 90). ObsPy counts a channel's last moment to it; msjoin does not, and neither does the table.
"""
import os
import sys

import obspy
from obspy import UTCDateTime


def find(inventory, codes, time):
    network, station, location, channel = codes.split(".")
    found = inventory.select(network, station, location, channel, time=time)
    return [c for n in found for s in n for c in s if c.end_date is None or c.end_date != time]


def number(x):
    return "-" if x is None else repr(float(x))


def row(name, inventory, codes, time):
    found = find(inventory, codes, time)
    out = [name, codes, str(time.ns), str(len(found))]
    if len(found) == 1:
        c = found[0]
        dip = None if c.dip is None else c.dip + 90
        out += [number(c.latitude), number(c.longitude), repr(c.elevation / 1000), number(c.azimuth), number(dip)]
    return "\t".join(out)


def times(channel):
    us = 1000
    start, end = channel.start_date, channel.end_date
    out = []
    if start is not None:
        out += [start.ns - us, start.ns]
    if end is not None:
        out += [end.ns - us, end.ns, end.ns + us]
    out.append((start.ns + end.ns) // 2 if start is not None and end is not None else UTCDateTime(2040, 1, 1).ns)
    return [UTCDateTime(ns=t) for t in out]


def main():
    split = sys.argv.index("--")
    files, recordings = sys.argv[1:split], sys.argv[split + 1:]
    traces = [t for r in recordings for t in obspy.read(r)]
    for path in files:
        name = os.path.basename(path)
        inventory = obspy.read_inventory(path)
        rows = set()
        stations = set()
        for n in inventory:
            for s in n:
                stations.add((n.code, s.code))
                for c in s:
                    codes = ".".join([n.code, s.code, c.location_code, c.code])
                    rows |= {row(name, inventory, codes, t) for t in times(c)}
        for t in traces:
            if (t.stats.network, t.stats.station) in stations:
                rows.add(row(name, inventory, t.id, t.stats.starttime))
        for r in sorted(rows):
            print(r)


main()
