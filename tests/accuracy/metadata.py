#!/usr/bin/env python3
"""Stations and earthquakes as a table, a line a fact, to be compared.

    metadata.py obspy FILE...    as ObsPy reads them (pip install obspy); made metadata.tsv: see metadata.bats
    metadata.py store STORE      as msimport wrote them: from `msdb find` of this directory's build

Numbers are printed by repr: equal lines are equal bits. Times are epoch seconds as MsPASS stores them: no start is 0, no
end is 2051-01-01. Elevations and depths are in km. Long lists of numbers stand as their length and a hash.
"""
import hashlib
import io
import json
import subprocess
import sys

NO_END = 2556144000.0


def numbers(values):
    values = [float(v) + 0.0 for v in values]  # ObsPy makes 0 of -0
    if len(values) <= 6:
        return ' '.join(repr(v) for v in values) or 'none'
    return '%d:%s' % (len(values), hashlib.sha256(repr(values).encode()).hexdigest()[:16])


def line(*fields):
    return '\t'.join('-' if f is None else repr(f) if isinstance(f, float) else str(f) for f in fields)


def time(t):
    """To the microsecond: ObsPy's timestamp may be off by the last bit of a double, msimport's is the nearest."""
    return '%.6f' % t


def number(v):
    return None if v is None else float(v)


# ---- ObsPy

def epoch(t, none):
    return none if t is None else t.timestamp


def obspy_stage(key, s):
    kind = type(s).__name__
    out = [('gain', number(s.stage_gain)), ('gain_frequency', number(s.stage_gain_frequency))]
    if s.decimation_input_sample_rate is not None:
        out += [('rate', number(s.decimation_input_sample_rate)), ('factor', number(s.decimation_factor)),
                ('offset', number(s.decimation_offset)), ('delay', number(s.decimation_delay)), ('correction', number(s.decimation_correction))]
    if kind == 'PolesZerosResponseStage':
        out += [('type', s.pz_transfer_function_type), ('factor0', number(s.normalization_factor)),
                ('frequency0', number(s.normalization_frequency)),
                ('zeros', numbers(x for z in s.zeros for x in (z.real, z.imag))),
                ('poles', numbers(x for p in s.poles for x in (p.real, p.imag)))]
    elif kind == 'CoefficientsTypeResponseStage':
        out += [('type', s.cf_transfer_function_type), ('numerators', numbers(s.numerator)), ('denominators', numbers(s.denominator))]
    elif kind == 'FIRResponseStage':
        out += [('type', s.symmetry), ('numerators', numbers(s.coefficients))]
    elif kind == 'PolynomialResponseStage':
        out += [('type', s.approximation_type), ('error', number(s.maximum_error)), ('coefficients', numbers(s.coefficients))]
    elif kind == 'ResponseListResponseStage':
        out += [('list', numbers(x for e in s.response_list_elements for x in (e.frequency, e.amplitude, e.phase)))]
    for name, value in out:
        yield line('stage', key, s.stage_sequence_number, name, value)


def obspy_channel(net, sta, c):
    key = '.'.join((net, sta, c.location_code, c.code)) + '@' + time(epoch(c.start_date, 0.0))
    yield line('channel', key, number(c.latitude), number(c.longitude), c.elevation / 1000.0, c.depth / 1000.0, number(c.azimuth),
               None if c.dip is None else c.dip + 90.0, time(epoch(c.end_date, NO_END)), number(c.sample_rate))
    r = c.response
    if r and r.instrument_sensitivity:
        i = r.instrument_sensitivity
        yield line('sensitivity', key, number(i.value), number(i.frequency))
    for s in r.response_stages if r else []:
        yield from obspy_stage(key, s)


def obspy_stations(inventory):
    for n in inventory:
        for s in n:
            places = {}
            for c in s:
                places[c.location_code] = (c.latitude, c.longitude, c.elevation, c.depth)
                yield from obspy_channel(n.code, s.code, c)
            if not s.channels:
                places[''] = (s.latitude, s.longitude, s.elevation, None)
            for loc, (lat, lon, elev, depth) in places.items():
                yield line('site', '.'.join((n.code, s.code, loc)), number(lat), number(lon), elev / 1000.0,
                           None if depth is None else depth / 1000.0, time(epoch(s.start_date, 0.0)), time(epoch(s.end_date, NO_END)))


def obspy_events(catalog):
    for e in catalog:
        o = e.preferred_origin() or e.origins[0]
        m = e.preferred_magnitude() or (e.magnitudes[0] if e.magnitudes else None)
        yield line('source', e.resource_id.id, number(o.latitude), number(o.longitude), 0.0 if o.depth is None else o.depth / 1000.0,
                   time(o.time.timestamp), m and number(m.mag), m and m.magnitude_type)
        arrivals = {}
        for a in o.arrivals:
            arrivals.setdefault(a.pick_id.id, a)
        for p in e.picks:
            a, w = arrivals.get(p.resource_id.id), p.waveform_id
            yield line('arrival', p.resource_id.id, w.network_code or None, w.station_code, w.location_code, w.channel_code,
                       (a and a.phase) or p.phase_hint, time(p.time.timestamp), a and number(a.time_residual), a and number(a.distance))


def by_obspy(paths):
    import warnings

    import obspy
    warnings.simplefilter('ignore')
    for path in paths:
        with open(path, 'rb') as f:
            text = f.read()
        if b'FDSNStationXML' in text[:4096]:
            yield from obspy_stations(obspy.read_inventory(io.BytesIO(text)))
        else:  # ObsPy leaves out events of a type that it does not know
            yield from obspy_events(obspy.read_events(io.BytesIO(text.replace(b'<type>quarry<', b'<type>quarry blast<'))))


# ---- a store

def find(store, collection):
    text = subprocess.run(['msdb', 'find', store, collection], check=True, stdout=subprocess.PIPE).stdout.decode()
    return [json.loads(t) for t in text.split('\n') if t]


def plain(v):
    """An item of an array: a number, or a document with one."""
    return v['value'] if isinstance(v, dict) else v


def store_stage(key, s):
    gain, d = s.get('stage_gain', {}), s.get('decimation')
    out = [('gain', gain.get('value')), ('gain_frequency', gain.get('frequency'))]
    if d:
        out += [('rate', d['input_sample_rate']), ('factor', number(d.get('factor'))), ('offset', number(d.get('offset'))),
                ('delay', d.get('delay')), ('correction', d.get('correction'))]
    if 'poles_zeros' in s:
        p = s['poles_zeros']
        out += [('type', p['pz_transfer_function_type']), ('factor0', p['normalization_factor']), ('frequency0', p['normalization_frequency']),
                ('zeros', numbers(x for z in p.get('zeros', []) for x in (z['real'], z['imaginary']))),
                ('poles', numbers(x for z in p.get('poles', []) for x in (z['real'], z['imaginary'])))]
    elif 'coefficients' in s:
        p = s['coefficients']
        out += [('type', p['cf_transfer_function_type']), ('numerators', numbers(plain(v) for v in p.get('numerators', []))),
                ('denominators', numbers(plain(v) for v in p.get('denominators', [])))]
    elif 'fir' in s:
        p = s['fir']
        out += [('type', p['symmetry']), ('numerators', numbers(plain(v) for v in p.get('numerator_coefficients', [])))]
    elif 'polynomial' in s:
        p = s['polynomial']
        out += [('type', p['approximation_type']), ('error', p.get('maximum_error')),
                ('coefficients', numbers(plain(v) for v in p.get('coefficients', [])))]
    elif 'response_list' in s:
        out += [('list', numbers(x for e in s['response_list'].get('elements', []) for x in (e['frequency'], e['amplitude'], e['phase'])))]
    for name, value in out:
        yield line('stage', key, s['number'], name, value)


def by_store(store):
    for c in find(store, 'channel'):
        key = '.'.join((c['net'], c['sta'], c['loc'], c['chan'])) + '@' + time(c['starttime'])
        yield line('channel', key, c['lat'], c['lon'], c['elev'], c['edepth'], c.get('hang'), c.get('vang'), time(c['endtime']), c.get('sample_rate'))
        r = c.get('response', {})
        if 'instrument_sensitivity' in r:
            yield line('sensitivity', key, c.get('sensitivity'), c.get('sensitivity_frequency'))
        for s in r.get('stages', []):
            yield from store_stage(key, s)
    for s in find(store, 'site'):
        yield line('site', '.'.join((s['net'], s['sta'], s['loc'])), s['lat'], s['lon'], s['elev'], s.get('edepth'), time(s['starttime']), time(s['endtime']))
    for e in find(store, 'source'):
        yield line('source', e['event_id'], e['lat'], e['lon'], e['depth'], time(e['time']), e.get('magnitude'), e.get('magnitude_type'))
    for a in find(store, 'arrival'):
        yield line('arrival', a['pick_id'], a.get('net') or None, a['sta'], a.get('loc'), a.get('chan'), a.get('phase'), time(a['time']), a.get('residual'),
                   a.get('distance'))


def main():
    if len(sys.argv) < 3 or sys.argv[1] not in ('obspy', 'store'):
        sys.exit(__doc__)
    rows = by_obspy(sys.argv[2:]) if sys.argv[1] == 'obspy' else by_store(sys.argv[2])
    for row in sorted(rows):
        print(row)


main()
