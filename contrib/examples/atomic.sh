#!/bin/sh
# The MsPASS manual's first parallel example, on atomic data: read, detrend, band-pass 0.01 to 2 Hz, cut from 200 to 500 s, save.
#   atomic.sh IN.msdb OUT.msdb [PROCESSES]     IN: what msindex or mssave made, or a database of MsPASS (mongodb://...)
set -eu
in=$1 out=$2 n=${3:-$(nproc)}

# One process for each command:
#   msread "$in" | msdetrend --linear | msfilter --bandpass 0.01,2 | mswindow 200 500 | mssave "$out"
# N times that, each on its own part of the data; run again after a failure, it completes what is missing and doubles nothing:
msmap -j "$n" --part-of "$in" 'msdetrend --linear | msfilter --bandpass 0.01,2 | mswindow 200 500 | mssave '"'$out'"
