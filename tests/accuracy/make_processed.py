#!/usr/bin/env python3
"""Makes processed.txt: the project's three recordings, processed by ObsPy. Run as make_reference.py:

    venv/bin/python tests/accuracy/make_processed.py > tests/accuracy/processed.txt

Each line, with tabs between: FILE CHANNEL PIPELINE NPTS START_NS SAMPLE:VALUE ...  The first sample is the peak.
"""
import os
import sys

import numpy as np
import obspy

DATA = os.path.join(os.path.dirname(os.path.abspath(sys.argv[0])), '..', '..', 'contrib', 'data')


def trim(tr, start, end):
    tr.trim(tr.stats.starttime + start, tr.stats.starttime + end, nearest_sample=True)


CASES = [
    ('msdetrend --linear | msfilter --bandpass 0.01,2 | mswindow 50 200', lambda tr: (
        tr.detrend('linear'), tr.filter('bandpass', freqmin=0.01, freqmax=2, corners=4), trim(tr, 50, 200))),
    ('msdetrend --demean | msfilter --lowpass 0.1 --zero-phase', lambda tr: (
        tr.detrend('demean'), tr.filter('lowpass', freq=0.1, corners=4, zerophase=True))),
    ('msdetrend --simple | msfilter --highpass 1 --corners 2', lambda tr: (
        tr.detrend('simple'), tr.filter('highpass', freq=1, corners=2))),
    ('msdetrend --polynomial 4', lambda tr: tr.detrend('polynomial', order=4)),
    ('mswindow 100 160', lambda tr: trim(tr, 100, 160)),
    ('msdetrend --demean | msfilter --bandstop 0.1,0.3 --corners 3', lambda tr: (
        tr.detrend('demean'), tr.filter('bandstop', freqmin=0.1, freqmax=0.3, corners=3))),
]

print('# made by make_processed.py with ObsPy ' + obspy.__version__)
for name in ('iu_anmo_bh3.mseed', 'ta_034a_bhe.mseed', 'ta_abtx_bhn.mseed'):
    for trace in obspy.read(os.path.join(DATA, name)):
        for pipeline, run in CASES:
            tr = trace.copy()
            run(tr)
            y = np.asarray(tr.data, dtype=float)
            at = [int(np.argmax(np.abs(y)))] + [int(k) for k in np.linspace(0, len(y) - 1, 6)]
            print('%s\t%s\t%s\t%d\t%d\t%s' % (name, tr.stats.channel, pipeline, len(y), tr.stats.starttime.ns,
                                                   ' '.join('%d:%.17g' % (k, y[k]) for k in at)))
