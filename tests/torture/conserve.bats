# Promise 5: one bad datum never stops a job and never vanishes: live and dead out are what came in, and each death has a reason.

load torture

# census FILE: "DATA DEAD SILENT": data objects, dead ones, dead ones without a reason; brackets are not data
census()
{
	msdump --json "$1" | jq -rs 'map(select(.npts != null)) | [length, (map(select(.live | not)) | length),
		(map(select((.live | not) and ((.elog // []) | length) == 0)) | length)] | @tsv'
}

# Good ones, dead ones, too short ones, constant ones, sine waves, seismograms, integers, in and out of ensembles; and what is
# not a number: by an expression, in the metadata; in the samples by the golden streams.
more_setup()
{
	mssynth -n 60 --npts 400 --dead-every 7 --ensembles 6 -o a.msp 2>/dev/null
	mssynth -n 30 --npts 3 --type i32 --signal impulse -o b.msp
	mssynth -n 30 --npts 900 --kind seismogram --signal sine:2 --rate 10 -o c.msp
	mssynth -n 1 --npts 1 -o d.msp
	mssynth -n 20 --npts 300 --rate 0.5 --type f32 --dead-every 3 -o e.msp 2>/dev/null
	cat a.msp b.msp c.msp d.msp e.msp >in.msp
}

# kept COMMAND...: as many data objects come out as went in, and no death is silent that was not
kept()
{
	local f before after
	for f in in.msp "$MSP_TOP"/tests/golden/v1/*.msp; do
		before=($(census "$f"))
		"$@" "$f" >out.msp 2>err || { echo "$* $f: exit $?"; cat err; return 1; }
		after=($(census out.msp))
		if [ "${after[0]}" != "${before[0]}" ] || [ "${after[1]}" -lt "${before[1]}" ] || [ "${after[2]}" != "${before[2]}" ]; then
			echo "$* $f: ${before[*]} in, ${after[*]} out (objects, dead, without a reason)"
			return 1
		fi
		# what died here is counted on stderr
		if [ "${after[1]}" -gt "${before[1]}" ]; then
			contains "$(cat err)" "$((after[1] - before[1])) of" || return 1
		fi
	done
}

@test "the census can count" {
	[ "$(census a.msp)" = "$(printf '60\t8\t0')" ]
	[ "$(census in.msp)" = "$(printf '141\t14\t0')" ]
	run ! kept mshead -n 3
}

@test "filters keep the number of objects" {
	kept msdetrend --demean
	kept msdetrend --linear
	kept msdetrend --polynomial 6
	kept msfilter --bandpass 0.5,2
	kept msfilter --lowpass 4 --zero-phase
	kept msfilter --highpass 30
	kept mswindow 1 5
	kept mswindow 1e6 2e6
	kept mswindow --short truncate 0.1 5
	kept mswindow --short pad -- -5 1000
	kept msset 'x = 1 / (npts - 400)' 'y = sta + "x"'
}

@test "what selects, orders and joins keeps the number of objects" {
	kept mscat
	kept mscat --level 5 --segment 8k
	kept mshead -n 1000000
	kept mssort starttime
	kept mssort --max-mem 4k starttime
	kept msgroup sta
	kept msgroup --undo
	kept msread
	for f in in.msp "$MSP_TOP"/tests/golden/v1/*.msp; do
		msgrep 'npts > 399' "$f" >yes.msp
		msgrep -v 'npts > 399' "$f" >no.msp
		set -- $(census "$f") $(census yes.msp) $(census no.msp)
		[ "$1" -eq $(($4 + $7)) ] && [ "$2" -eq $(($5 + $8)) ]
	done
}

@test "a job of many stages keeps them to the end" {
	msdetrend --linear in.msp 2>err1 | msfilter --bandpass 0.2,4 2>err2 | mswindow 0 5 2>err3 | mssave out.msp
	set -- $(census in.msp) $(census out.msp)
	[ "$4" -eq "$1" ]
	[ "$6" -eq 0 ]
	[ "$5" -gt "$2" ]
	# each stage tells its own; together they are all that died on the way
	killed=$(cat err1 err2 err3 | sed -n 's/^[a-z]*: \([0-9]*\) of [0-9]* objects killed.*/\1/p' | awk '{ n += $1 } END { print n + 0 }')
	[ "$killed" -eq $(($5 - $2)) ]
	expect 3 msfilter --strict-data --bandpass 0.2,4 in.msp -o strict.msp
	mscheck --full strict.msp
}

@test "a stack tells how many it is made of, and the rest are there" {
	msstack --mean a.msp >out.msp 2>err
	folds=$(msdump --json out.msp | jq -s 'map(select(.npts != null and .live) | .metadata.fold) | add')
	set -- $(census a.msp) $(census out.msp)
	[ $((folds + $5)) -eq "$1" ]
	[ "$6" -eq 0 ]
}

@test "foreign formats say what they leave out" {
	mssave -v --to mseed out.mseed in.msp 2>err || { cat err; false; }
	contains "$(cat err)" "14"
	msread out.mseed 2>/dev/null | msls | grep -c live >back
	# 97 live time series, and 30 seismograms of three channels each
	[ "$(cat back)" -eq 187 ]
}

@test "broken recordings become dead objects with file, offset and reason; the good part goes on" {
	mkdir day
	cp "$MSP_DATA"/*.mseed day/
	head -c 20000 "$MSP_DATA/iu_anmo_bh3.mseed" >day/cut.mseed
	{ cat "$MSP_DATA/ta_034a_bhe.mseed"; head -c 300 /dev/zero | tr '\0' 'x'; } >day/garbage-after.mseed
	echo 'no recording' >day/notes.txt
	: >day/nothing
	head -c 632 /dev/zero >day/zeros.sac
	msread day 2>err | msdetrend --linear 2>>err | msfilter --bandpass 0.01,2 2>>err | mswindow 200 500 2>>err | mssave out.msp 2>>err
	mscheck --full out.msp
	msdump --json out.msp >out.json
	for bad in cut.mseed garbage-after.mseed notes.txt nothing zeros.sac; do
		jq -se --arg f "$bad" 'any(.[]; (.live | not) and ((.elog | tostring) + (.metadata | tostring) | contains($f)))' out.json >/dev/null ||
			{ echo "nothing stands for $bad"; cat err; false; }
	done
	# the three recordings are as if they had been alone, and 034A is there twice
	msread "$MSP_DATA"/*.mseed | msdetrend --linear | msfilter --bandpass 0.01,2 | mswindow 200 500 2>/dev/null | msgrep 'sta == "034A"' | mscat -o alone.msp
	one=$(jq -r 'select(.live and .metadata.sta == "034A") | .id' out.json | sort -u)
	equal "$one" "$(msdump --json alone.msp | jq -r 'select(.live) | .id')"
	[ "$(jq -r 'select(.live and .metadata.sta == "034A") | .id' out.json | wc -l)" -eq 2 ]
}
