"""The main job as ObsPy does it, serially: read, detrend, filter, cut, write. Usage: obspy_job.py IN.mseed OUT.mseed"""
import sys

import obspy

st = obspy.read(sys.argv[1])
for tr in st:
    tr.data = tr.data.astype("f8")
    tr.detrend("linear")
    tr.filter("bandpass", freqmin=0.01, freqmax=2.0, corners=4)
    t = tr.stats.starttime
    tr.trim(t + 100, t + 400)
st.write(sys.argv[2], format="MSEED", encoding="FLOAT64")
