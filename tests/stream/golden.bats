# The stream format. tests/golden/v1 holds streams of version 1, written by hand (make_golden.py) from msp(5), with what the independent reader
# (msp_read.py, also from msp(5) alone) finds in them. The commands must agree with it, both ways.

load ../torture/torture

GOLDEN=$MSP_TOP/tests/golden/v1

# compares what the independent reader finds in FILE with EXPECTED (a .json of tests/golden)
same_content() # FILE EXPECTED
{
	python3 "$STREAM/msp_read.py" "$1" >content
	python3 "$STREAM/make_golden.py" --elide <content | cmp - "$2"
}

@test "the independent reader's hashes have their published values" {
	python3 "$STREAM/msp_hash.py"
}

@test "the independent reader reads the golden files as it did" {
	python3 "$STREAM/make_golden.py" --check "$GOLDEN"
}

@test "zstd takes every golden file" {
	for f in "$GOLDEN"/*.msp; do
		zstd -qt "$f"
	done
}

@test "mscheck --full takes the golden files and finds the stored digests" {
	for f in "$GOLDEN"/*.msp; do
		expect 0 mscheck --full --digest "$f"
		equal "$output" "$(cat "${f%.msp}.digest")  $f"
	done
}

@test "msdump --json says what the independent reader reads" {
	for f in "$GOLDEN"/*.msp; do
		expect_sh 0 "msdump --json --samples '$f' >dump"
		python3 "$STREAM/compare_dump.py" "${f%.msp}.json" dump
	done
}

@test "mscat keeps the content, whatever the level, into files and pipes" {
	for f in "$GOLDEN"/*.msp; do
		for level in "" "--level 0" "--level 1" "--level 9" "--level 19" "--segment 1k --level 0"; do
			expect_sh 0 "mscat $level '$f' >out.msp"
			expect 0 mscheck --full --digest out.msp
			equal "${output%% *}" "$(cat "${f%.msp}.digest")"
			expect_sh 0 "mscat $level <'$f' | cat >piped.msp"
			expect 0 mscheck --full --digest piped.msp
			equal "${output%% *}" "$(cat "${f%.msp}.digest")"
			case $f$level in
			*big*) ;; # it takes the independent reader some seconds
			*"--level 0" | *"--level 9") same_content out.msp "${f%.msp}.json" ;;
			esac
		done
	done
}

@test "what the commands do not handle passes unchanged" {
	# kinds, types and keys that this version does not know, and every type of BSON
	grep -E '^{"kind":[0-9]' "$GOLDEN/kinds.json" >unknown
	[ "$(wc -l <unknown)" -eq 5 ]
	try()
	{
		local name=$1
		shift 2
		case $name in mssort | msgroup) return 0 ;; esac # they order them: below
		expect_sh 0 "$(printf '%q ' "$name" "$@") <'$GOLDEN/kinds.msp' >out.msp" || return 1
		python3 "$STREAM/msp_read.py" out.msp | grep -E '^{"kind":[0-9]' | cmp - unknown
	}
	for_each "filter blocks" try
	for command in "mssort sta" "msgroup sta"; do
		expect_sh 0 "$command <'$GOLDEN/kinds.msp' >out.msp"
		python3 "$STREAM/msp_read.py" out.msp | grep -E '^{"kind":[0-9]' | sort >got
		sort unknown | cmp - got
	done
	# time series of a type that is not known cannot be filtered: they die, and say so
	expect_sh 0 "msfilter --lowpass 1 <'$GOLDEN/kinds.msp' >out.msp"
	python3 "$STREAM/msp_read.py" out.msp | tail -1 | grep -q '"live":false'
}

@test "metadata pass through filters byte for byte" {
	python3 - "$GOLDEN/metadata.json" <<-'END' >want
	import sys, json
	for line in open(sys.argv[1]):
	    print(line[line.index('"metadata"'):line.index('"elog"')])
	END
	for command in "msdetrend --demean" "msgrep npts>0" "msgrep defined(twice)||!defined(twice)" msread mssave; do
		case $command in
		mssave) expect_sh 0 "mssave out.msp <'$GOLDEN/metadata.msp'" ;;
		*)
			# shellcheck disable=SC2086
			expect_sh 0 "$(printf '%q ' $command) - <'$GOLDEN/metadata.msp' >out.msp" ;;
		esac
		python3 "$STREAM/msp_read.py" out.msp | python3 -c '
import sys
for line in sys.stdin:
    print(line[line.index("\"metadata\""):line.index("\"elog\"")])' | cmp - want
	done
}

@test "what the commands write, the independent reader reads" {
	for options in "" "--type f32" "--type i32 --signal noise" "--kind seismogram" "--dead-every 3" "--ensembles 3" "-n 0" \
		"--segment 4k --npts 300" "--npts 60000 -n 2 --type i32"; do
		for level in 0 1 9; do
			# shellcheck disable=SC2086
			expect_sh 0 "mssynth -n 5 --npts 50 $options --level $level >out.msp"
			zstd -qt out.msp
			mscheck --full --digest out.msp >want
			read_back out.msp | cmp - want
			cut -c1-32 want >>digests
			[ $level = 1 ] || continue
			# shellcheck disable=SC2086
			expect_sh 0 "msdetrend --demean --level $level out.msp | msset a=1 --level $level >other.msp"
			mscheck --full --digest other.msp >want
			read_back other.msp | cmp - want
			python3 "$STREAM/msp_read.py" other.msp | python3 "$STREAM/make_golden.py" --elide >want
			msdump --json --samples other.msp >dump
			python3 "$STREAM/compare_dump.py" want dump
		done
		equal "$(sort -u digests | wc -l)" 1
		rm digests
	done
}

@test "recordings, read and written, are the same to the independent reader" {
	for f in "$MSP_DATA"/*.mseed; do
		msread "$f" --level 9 >out.msp
		mscheck --full --digest out.msp >want
		read_back out.msp | cmp - want
	done
}

@test "payloads are what zstdcat gives" {
	mssynth -n 3 --npts 100 --level 0 -o raw.msp
	mscat --level 3 -o packed.msp raw.msp
	[ "$(zstdcat raw.msp | wc -c)" -eq "$(zstdcat packed.msp | wc -c)" ]
	contains "$(zstdcat packed.msp | strings)" "S0002"
}

@test "cat of streams is a stream; in any order, but each segment once" {
	mssynth -n 30 --npts 100 --segment 4k --level 0 -o a.msp
	mssynth -n 3 --npts 100 --seed 9 -o b.msp
	cat a.msp b.msp >ab.msp
	expect 0 mscheck --full ab.msp
	# the segments of both, last first
	python3 "$STREAM/msp_read.py" --frames ab.msp | awk '$3 == "header" { start = $1 } $3 == "trailer" { print start, $1 + $2 - start }' >list
	[ "$(wc -l <list)" -gt 4 ]
	tac list | while read -r at n; do tail -c "+$((at + 1))" ab.msp | head -c "$n"; done >reversed.msp
	expect 0 mscheck --full --digest reversed.msp
	equal "${output%% *}" "$(mscheck --digest ab.msp | cut -d' ' -f1)"
	# each one missing, and each one doubled
	while read -r at n; do
		{ head -c "$at" ab.msp; tail -c "+$((at + n + 1))" ab.msp; } >less.msp
		[ "$at" -eq "$(tail -1 list | cut -d' ' -f1)" ] || expect 4 mscheck less.msp # b is a stream of its own
		{ cat ab.msp; tail -c "+$((at + 1))" ab.msp | head -c "$n"; } >more.msp
		expect 4 mscheck more.msp
		expect_sh 4 "mscat --segments more.msp >out"
		expect_sh 0 "mscat --segments less.msp >out"
	done <list
}
