# Promise 7: N parts, any N, any order, at the same time: the digest of the serial run. A part that is lost or doubled is an error.

load torture

FLOW='msdetrend --linear | msfilter --bandpass 0.5,4 --zero-phase | msset "k = npts * 2" | mswindow --short truncate 0.5 6'
PARTS_FLOW='msdetrend --segments --linear | msfilter --segments --bandpass 0.5,4 --zero-phase | msset --segments "k = npts * 2" | mswindow --segments --short truncate 0.5 6'

setup_file()
{
	cd "$BATS_FILE_TMPDIR" || return 1
	source "$BATS_TEST_DIRNAME/torture.bash"
	PATH=$MSP_BIN:$PATH
	mssynth -n 150 --npts 300 --dead-every 11 --segment 4k -o a.msp 2>/dev/null
	mssynth -n 150 --npts 200 --ensembles 50 --seed 7 --signal noise --segment 4k -o b.msp
	cat a.msp b.msp >in.msp
	bash -c "$FLOW" <in.msp >serial.msp 2>/dev/null
}

digest() { mscheck --full --digest "$1" | cut -d ' ' -f 1; }

# run_parts: each part by a pipeline of its own, two at a time, in any order
run_parts()
{
	rm -f done.*.msp
	for p in part.*.msp; do printf '%s\0' "$p"; done | shuf -z --random-source=<(yes "$1") |
		xargs -0 -n 1 -P 2 bash -c "{ $PARTS_FLOW; }"' <"$1" >"done.${1#part.}" 2>/dev/null' flow
}

in_parts() # N SEED: the parts' results, joined in another order, are the serial run
{
	rm -f part.*.msp
	segments=$(python3 "$TORTURE/split.py" "$BATS_FILE_TMPDIR/in.msp" "$1" "$2")
	[ "$segments" -gt 64 ]
	run_parts "$2"
	[ "$(ls done.*.msp | wc -l)" -eq "$1" ]
	ls done.*.msp | shuf --random-source=<(yes "$2") | xargs cat >joined.msp
	equal "$(digest joined.msp)" "$(digest "$BATS_FILE_TMPDIR/serial.msp")"
}

@test "one part, two, seven, sixty-four" {
	in_parts 1 1
	in_parts 2 2
	in_parts 7 3
	in_parts 64 4
}

@test "every segment by itself, in any order" {
	in_parts "$(python3 "$TORTURE/split.py" "$BATS_FILE_TMPDIR/in.msp" 1 0)" 5
}

@test "parts of parts" {
	python3 "$TORTURE/split.py" "$BATS_FILE_TMPDIR/in.msp" 3 6 >/dev/null
	mv part.001.msp middle.msp
	run_parts 1
	mv done.000.msp first.msp
	mv done.002.msp last.msp
	python3 "$TORTURE/split.py" middle.msp 5 7 >/dev/null
	run_parts 2
	cat last.msp done.*.msp first.msp >joined.msp
	equal "$(digest joined.msp)" "$(digest "$BATS_FILE_TMPDIR/serial.msp")"
}

@test "a part that is lost, doubled or broken is an error, and nothing is committed" {
	python3 "$TORTURE/split.py" "$BATS_FILE_TMPDIR/in.msp" 7 8 >/dev/null
	run_parts 3
	cat done.000.msp done.001.msp done.003.msp done.004.msp done.005.msp done.006.msp >lost.msp
	cat done.*.msp done.003.msp >doubled.msp
	{ cat done.00[0-5].msp; head -c -20 done.006.msp; } >broken.msp
	for f in lost doubled broken; do
		expect 4 mscheck $f.msp
		contains "$stderr" $f.msp
		expect 4 mscat $f.msp -o target.msp
		expect_sh 4 "mscat $f.msp 2>/dev/null | mssave target.msp"
		[ ! -e target.msp ]
	done
	# without --segments a part is not a stream
	expect 4 msls part.003.msp
}

@test "parts that msread takes by itself" {
	mkdir day
	for k in 1 2 3 4 5 6 7 8 9; do mssynth -n 3 --npts 500 --seed $k --codes "XX.P${k}.00.BHZ" | mssave day/$k.mseed; done
	cp "$MSP_DATA"/*.mseed day/
	msread day | msdetrend --demean -o serial.msp
	for n in 1 2 7 64; do
		rm -f part.*
		seq "$n" | shuf | xargs -P 2 -I I sh -c "msread --part I/$n day | msdetrend --demean -o part.I.msp"
		[ "$(ls part.*.msp | wc -l)" -eq "$n" ]
		ls part.*.msp | shuf | xargs cat >joined.msp
		equal "$(digest joined.msp)" "$(digest serial.msp)"
	done
	rm part.13.msp
	cat part.*.msp >lost.msp
	expect 4 mscheck lost.msp
}
