# msmap: the nine cases, and what its command line says. What it promises of parts that fail is tested in tests/cluster.
load common

FLOW='msdetrend --linear | msfilter --bandpass 0.5,4 | mswindow --short truncate 1 30'

more_setup()
{
	export TMPDIR=$BATS_TEST_TMPDIR/tmp
	mkdir -p "$TMPDIR"
}
teardown() { [ -z "$(ls "$TMPDIR")" ]; } # nothing is left

digest() { mscheck --full --digest "$1" | cut -d ' ' -f 1; }

@test "msmap: the serial run, to the last byte" {
	mssynth -n 200 --dead-every 7 --segment 64k -o a.msp
	sh -c "$FLOW" <a.msp >serial.msp 2>/dev/null
	for j in 1 3; do
		expect_sh 0 "msmap -q -j $j --block 100k '$FLOW' <a.msp >out.msp"
		equal "$stderr" ''
		equal "$(digest out.msp)" "$(digest serial.msp)"
	done
	mscat --level 0 serial.msp | cat >raw
	msmap -q --block 0 "$FLOW" <a.msp | cmp raw -
	msmap -q --unordered -j 3 --block 0 "$FLOW" -o out.msp <a.msp
	equal "$(digest out.msp)" "$(digest serial.msp)"
	equal "$(mshistory out.msp)" "$(mshistory serial.msp)"
}

@test "msmap: an empty stream is one" {
	mssynth -n 0 -o empty.msp
	msmap -q "$FLOW" <empty.msp >out.msp
	equal "$(stream_counts out.msp)" '0 0'
}

@test "msmap: no input is an error that says so" {
	expect_sh 4 "msmap '$FLOW' </dev/null"
	equal "$stderr" 'msmap: standard input: no input: it is empty'
}

@test "msmap: one object, and dead ones" {
	mssynth -n 1 | msmap -q -j 2 "$FLOW" | mscheck
	mssynth -n 9 --dead-every 3 --segment 1k | msmap -q --block 0 'msdetrend --demean' -o d.msp
	equal "$(stream_counts d.msp)" '6 3'
}

@test "msmap: options and operands" {
	nine_bad_option msmap
	expect 2 msmap --retires 3 mscat
	contains "$stderr" 'unknown option --retires; the nearest is --retries'
	for bad in '-j 0 mscat' '-j x mscat' '--parts 2 mscat' '--dry-run=1 mscat' '-j' ''; do
		# shellcheck disable=SC2086 # words
		expect 2 msmap $bad
		contains "$stderr" 'msmap: '
	done
	expect 2 msmap a b
	contains "$stderr" 'quote it'
	expect 2 msmap --part-of mscat
	contains "$stderr" SOURCE
	expect 2 msmap ' '
	expect_sh 2 "msmap 'msls {parts}' </dev/null"
	expect 0 msmap --version
	contains "$output" 'msmap (mspipe) '
	# -j3 is -j 3, --jobs=3 is --jobs 3, options may stand after the operand
	mssynth -n 3 | msmap mscat -qj3 --jobs=3 | mscheck
}

@test "msmap: truncated input" {
	mssynth -n 300 --segment 16k --level 0 -o whole.msp
	head -c -7 whole.msp >cut.msp
	for end in '| mssave out.msp' '-o out.msp' '>plain.msp'; do
		expect_sh 4 "set -o pipefail; msmap -q --block 0 '$FLOW' <cut.msp $end"
		contains "$stderr" 'msmap: standard input: byte'
		[ ! -e out.msp ]
	done
	expect 4 mscheck plain.msp
	# whole, but not all
	head -c "$(mschop --block 0 whole.msp | awk 'NR < 3 { b += $5 } END { print b }')" whole.msp >/dev/null
	mkdir d && mschop --block 0 --into d whole.msp >/dev/null
	expect_sh 4 'cat d/1 d/2 | msmap -q --block 0 mscat >plain.msp'
	contains "$stderr" 'segment 2 should follow'
	expect 4 mscheck plain.msp
}

@test "msmap: full output" {
	mssynth -n 30 --segment 16k -o whole.msp
	for c in '>/dev/full' '-o /dev/full'; do
		expect_sh 1 "msmap -q --block 0 '$FLOW' <whole.msp $c"
		contains "$stderr" 'msmap: '
		contains "$stderr" 'No space left'
	done
	expect_sh 1 "msmap -q --block 0 msls <whole.msp >/dev/full"
	contains "$stderr" 'No space left'
}

@test "msmap: SIGPIPE" {
	mssynth -n 200 --npts 5000 --type f64 -o big.msp
	expect_sh 0 "msmap -q --block 0 mscat <big.msp 2>err | head -c 10 >/dev/null; s=\${PIPESTATUS[0]}; [ \$s = 141 ] || { echo status \$s; cat err; exit 1; }; [ ! -s err ]"
}

@test "msmap: a stream is neither written to a terminal nor read from one" {
	mssynth -n 1 -o one.msp
	script -qec 'msmap mscat <one.msp' /dev/null </dev/null >tty.out || :
	contains "$(cat tty.out)" 'not written to a terminal'
	script -qec 'msmap msls' /dev/null </dev/null >tty.out || :
	contains "$(cat tty.out)" 'not read from a terminal'
	script -qec 'msmap -q msls <one.msp' /dev/null </dev/null | grep -q XX.S0001
}

@test "msmap: what is not safe on parts is refused, what is safe is not" {
	mssynth -n 4 -o a.msp
	refused() { expect_sh 2 "msmap $(printf '%q' "$1") <a.msp >out.msp"; contains "$stderr" "PIPELINE: $2"; }
	refused 'mssort sta' mssort
	refused 'msdetrend --linear | mssort sta' mssort
	refused 'if true; then mshead; fi' mshead
	refused 'msgroup sta' msgroup
	refused 'msfold --by sta' msfold
	refused 'mssplit -n 2' mssplit
	refused 'A=b nice msgrep "a == \"|\" || b" | msfold' msfold
	refused 'mssave x.msp' 'mssave: all tasks would write x.msp'
	refused 'msls -o list' 'msls: all tasks would write list'
	refused 'msls >list' 'output: all tasks would write list'
	refused 'mssynth | mscat' mssynth
	refused 'msread a.msp' msread
	refused 'msfilter --lowpas 1' 'msfilter: unknown option --lowpas; the nearest is --lowpass'
	refused "msls -f 'x" 'a quote is not closed'
	[ ! -e x.msp ] && [ ! -e list ]
	for p in 'msfold --partial --by sta' 'msgroup --undo' 'msls # >list | mssort' 'msls 2>/dev/null' 'msls >/dev/null' 'msgrep "sta =~ \"; mssort |\""' \
		"mssave x-{part}.msp" 'msls >"list {part}"' 'x=1; msls -f "$x%{sta} $(echo b)"' 'msls 2>&1' "msset 'a=\">b\"'"; do
		expect_sh 0 "msmap -q $(printf '%q' "$p") <a.msp >out"
	done
	[ -e x-1.msp ] && [ -s 'list 1' ]
	expect_sh 0 "msmap -q --force 'mssave x.msp' <a.msp"
	mscheck x.msp
	# what the command refuses by itself it refuses still
	expect_sh 1 "msmap -q --force 'mssort sta' <a.msp >out"
	contains "$stderr" 'msmap: part 1: mssort: it handles a stream as a whole'
	expect_sh 1 "msmap -q msstack <a.msp >out"
	contains "$stderr" 'objects outside ensembles'
	msmap -q --part-of a.msp --parts 2 --force 'mssort sta' | mscheck
}

@test "msmap: the words of a pipeline come through, whatever they are" {
	odd_words
	msmap -q "$(cat p)" <a.msp >got
	diff want got
}

@test "msmap: text is put together in order; -o takes it whole or not at all" {
	mssynth -n 60 --segment 16k -o a.msp
	msls a.msp >want
	msmap -q -j 4 --block 0 msls <a.msp | diff want -
	msmap -q -j 4 --block 0 msls -o got <a.msp
	diff want got
	echo old >got
	expect_sh 1 "msmap -q --block 0 'msls; [ {part} != 3 ]' -o got <a.msp"
	equal "$(cat got)" old
	# a sink gives nothing
	expect_sh 0 "msmap -q --block 0 'mssave s-{part}.msp' <a.msp"
	equal "$output" ''
	cat s-*.msp >together.msp
	equal "$(digest together.msp)" "$(digest a.msp)"
}

@test "msmap: sources, read in parts" {
	mkdir day
	for k in 1 2 3 4 5; do mssynth -n 3 --seed $k --codes "XX.P${k}.00.BHZ" | mssave day/$k.mseed; done
	mkdir 'odd $name'
	cp day/1.mseed "odd \$name/it's.mseed"
	msread day "odd \$name" | msdetrend --demean -o serial.msp
	for n in 1 2 3 7; do
		msmap -q -j 2 --part-of day "odd \$name" --parts $n 'msdetrend --demean' -o out.msp
		equal "$(digest out.msp)" "$(digest serial.msp)"
		msmap -q -j 2 --part-of day 'odd $name/' --parts $n 'msdetrend --demean | mssave p-{part}-of-{parts}.msp'
		mscat p-*-of-$n.msp -o out.msp
		equal "$(digest out.msp)" "$(digest serial.msp)"
	done
	# msread's own options
	msread -e 'sta == "P3"' day -o one.msp
	msmap -q --part-of day --parts 2 "msread -e 'sta == \"P3\"' | mscat" -o out.msp
	equal "$(digest out.msp)" "$(digest one.msp)"
	msmap -q --part-of day --parts 2 msread -o out.msp
	equal "$(digest out.msp)" "$(msread day | mscheck --digest | cut -d ' ' -f 1)"
	# a group may have objects in several parts of files
	expect 2 msmap -q --part-of day --parts 2 'msread --group sta | msstack'
	contains "$stderr" 'PIPELINE: msread: --group'
	expect 1 msmap -q -j 1 --part-of not-there --parts 2 mscat -o out2.msp
	contains "$stderr" 'part 1: msread: '
	[ ! -e out2.msp ]
}

@test "msmap: --dry-run says what would be done, and does nothing" {
	mssynth -n 60 --segment 16k --level 0 -o a.msp
	expect_sh 0 "msmap --dry-run --block 0 'mssave s-{part}.msp' <a.msp"
	n=$(mschop --block 0 a.msp | wc -l)
	equal "$(printf '%s\n' "$output" | wc -l)" $((n + 1))
	equal "$(printf '%s\n' "$output" | awk 'NR > 1 { o += $4 } END { print o }')" 60
	equal "$(printf '%s\n' "$output" | sed -n 3p | cut -f 1,2,5)" "$(printf '2\t1-1\tmssave s-2.msp')"
	[ ! -e s-1.msp ]
	mkdir day && mssynth -n 3 | mssave day/1.mseed
	expect 0 msmap --dry-run --part-of day --parts 3 'mssave s-{part}.msp'
	equal "$(printf '%s\n' "$output" | sed -n 4p)" "$(printf '3/3\t-\tabout %d\t-\tmsread --part 3/3 '"'day'"' | mssave s-3.msp' $(($(stat -c %s day/1.mseed) / 3)))"
	contains "$stderr" 'msmap: 3 tasks'
}

@test "msmap: --joblog, -v, messages of tasks" {
	mssynth -n 60 --segment 16k --level 0 -o a.msp
	expect_sh 0 "msmap -v -j 2 --joblog log --block 100k 'mswindow 0 1e6' <a.msp >out.msp"
	contains "$stderr" 'msmap: part 1: mswindow: '
	contains "$stderr" 'parts, 2 at the same time'
	equal "$(awk -F '\t' 'NR > 1 { print $2, $7, $8, $9 }' log | sort -u)" ': 0 0 mswindow 0 1e6'
	equal "$(awk 'END { print NR - 1 }' log)" "$(mschop --block 100k a.msp | wc -l)"
	expect_sh 0 "msmap -q -j 2 --block 100k 'mswindow 0 1e6' <a.msp >out.msp"
	equal "$stderr" ''
	# one piece for two tasks is worth a word
	expect_sh 0 "msmap -j 2 mscat <a.msp >out.msp"
	contains "$stderr" 'only 1 of 2 tasks'
}

@test "msmap: without GNU parallel it says what to install" {
	mkdir few
	for c in sh bash env readlink dirname sed awk cut mktemp; do ln -s "$(command -v $c)" few/; done
	mssynth -n 1 -o a.msp
	expect_sh 1 "PATH=few '$MSP_BIN/msmap' mscat <a.msp"
	contains "$stderr" 'apt-get install parallel'
}
