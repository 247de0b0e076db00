#!/bin/sh
# The MsPASS manual's second parallel example, on ensembles: the data of each source together.
#   ensemble.sh IN.msdb OUT.msdb [PROCESSES]     IN's documents have a source_id
set -eu
in=$1 out=$2 n=${3:-$(nproc)}

# A part has whole ensembles; the filters work on their members.
msmap -j "$n" --part-of "$in" 'msread --group source_id | msdetrend --linear | msfilter --bandpass 0.01,2 | mswindow 200 500 | mssave '"'$out'"
