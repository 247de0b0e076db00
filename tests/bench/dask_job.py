"""The main job by Dask distributed: 2 workers of one thread each, ObsPy's functions, a task for each hundred traces.

dask_job.py INPUT OUTPUT: as an ObsPy user would spread obspy_job.py over processes. Prints how long the job itself took, without the start
of the workers.
"""
import sys
import time

from dask.distributed import Client, LocalCluster
from obspy import Stream, read


def process(traces):
    for tr in traces:
        tr.data = tr.data.astype("f8")
        tr.detrend("linear")
        tr.filter("bandpass", freqmin=0.01, freqmax=2, corners=4)
        tr.trim(tr.stats.starttime + 100, tr.stats.starttime + 400)
    return traces


def main(source, target):
    with LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address=None) as cluster, Client(cluster) as client:
        begun = time.monotonic()
        stream = read(source)
        n = 100
        parts = [stream.traces[i:i + n] for i in range(0, len(stream), n)]
        done = client.gather(client.map(process, parts))
        Stream([tr for part in done for tr in part]).write(target, format="MSEED", encoding="FLOAT64")
        print("%.3f" % (time.monotonic() - begun))


if __name__ == "__main__":
    main(*sys.argv[1:3])
