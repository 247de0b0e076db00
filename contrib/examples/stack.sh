#!/bin/sh
# The MsPASS manual's stack by fold: one trace for each source, the mean of its members.
#   stack.sh IN.msdb OUT.msp [PROCESSES]
set -eu
in=$1 out=$2 n=${3:-$(nproc)}

# Each task folds its part, a last fold takes the parts. The sum does not depend on their number or order, not by a bit.
msmap -j "$n" --part-of "$in" 'msdetrend --linear | msfilter --bandpass 0.01,2 | mswindow 200 500 | msfold --by source_id --mean --partial' |
	msfold --by source_id --mean | mssave "$out"
