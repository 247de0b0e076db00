# What goes wrong with a part is an error where the parts meet, and names the part; the sink is never wrong.

load cluster

setup_file()
{
	make_input
	mssplit -n 7 in.msp
}

more_setup()
{
	own_scratch
}

# fails_naming PART ARGUMENT...: msmap fails with 1, names the part, and the sink keeps the old file
fails_naming()
{
	local part=$1
	shift
	echo old >target.msp
	expect_sh 1 "set -o pipefail; msmap -j 2 --block 20k $(printf '%q ' "$@") <$IN | mssave target.msp 2>/dev/null || exit 1"
	contains "$stderr" "msmap: part $part"
	equal "$(cat target.msp)" old
	expect_sh 1 "msmap -j 2 --block 20k $(printf '%q ' "$@") -o target.msp <$IN"
	equal "$(cat target.msp)" old
	[ -z "$(ls "$TMPDIR")" ]
}

@test "a task that fails, is killed with -9, whose shell or whose first command is" {
	fails_naming 2 "[ {part} -ne 2 ] || exit 5; $FLOW"
	contains "$stderr" 'part 2: exit status 5'
	contains "$stderr" 'part 2 (segments '
	fails_naming 3 "[ {part} -ne 3 ] || kill -9 \$\$; $FLOW"
	contains "$stderr" 'part 3: killed by signal 9'
	fails_naming 3 "[ {part} -ne 3 ] || kill -9 \$BASHPID; $FLOW"
	contains "$stderr" 'part 3: killed by signal 9'
	# a task runs in the shell that GNU parallel starts, so its parent is GNU parallel
	echo old >target.msp
	expect_sh 1 "msmap -j 2 --block 20k '[ {part} -ne 3 ] || kill -9 \$PPID; $FLOW' -o target.msp <$IN"
	contains "$stderr" 'GNU parallel ended with status 137'
	equal "$(cat target.msp)" old
	[ -z "$(ls "$TMPDIR")" ]
	fails_naming 2 "{ if [ {part} -eq 2 ]; then msdetrend --linear | { head -c 3000; kill -9 \$BASHPID; }; else msdetrend --linear; fi; } | msfilter --lowpass 2"
	contains "$stderr" 'part 2: msfilter: '
	# what it says on its way is shown with it
	fails_naming 2 "[ {part} -ne 2 ] || { echo 'my own message' >&2; exit 1; }; $FLOW"
	contains "$stderr" 'msmap: part 2: my own message'
}

@test "a command killed between two segments, where text comes out" {
	expect_sh 1 "msmap -j 2 --block 20k '{ if [ {part} -eq 2 ]; then head -c 9000; else cat; fi; } | msls | sort' <$IN"
	contains "$stderr" 'msmap: part 2: msls: '
	end=$(mschop --block 0 "$IN" | awk 'NR == 1 { print $2 }')
	mkdir d && mschop --block 0 --into d "$IN" >/dev/null
	expect_sh 4 "MSP_SEGMENTS=${end%:*}:1 msls <d/1"
	contains "$stderr" 'it was to end after segment 1'
}

@test "--retries: a task that fails once is done again, and the result is the serial one" {
	msmap -q -j 2 --retries 3 --block 20k "[ -e done{part} ] || { touch done{part}; kill -9 \$\$; }; $FLOW" <"$IN" >out.msp
	equal "$(digest out.msp)" "$(digest "$BATS_FILE_TMPDIR/serial.msp")"
	[ "$(ls done* | wc -l)" -gt 2 ]
	# what a failed attempt wrote is forgotten
	rm done*
	msmap -q -j 2 --retries 2 --block 20k "$FLOW; [ -e done{part} ] || { touch done{part}; exit 1; }" <"$IN" >out.msp
	equal "$(digest out.msp)" "$(digest "$BATS_FILE_TMPDIR/serial.msp")"
	fails_naming 2 --retries 2 "[ {part} -ne 2 ] || { echo >>tries.{part}; exit 1; }; $FLOW"
	equal "$(wc -l <tries.2)" 4
}

@test "a part that is empty, doubled, cut, of other data, or swapped" {
	fails_naming 2 "[ {part} -eq 2 ] || cat" || contains "$stderr" 'is missing'
	for what in 'cat >in; cat in; [ {part} -ne 2 ] || cat in' 'cat >in{part}; cat in{part} in{part}'; do
		expect_sh 1 "msmap -j 1 --force --block 20k '$what' <$IN >out.msp"
		contains "$stderr" 'came twice'
		expect 4 mscheck out.msp
	done
	expect_sh 1 "msmap -j 1 --block 20k 'if [ {part} -eq 2 ]; then head -c 5000; else cat; fi' <$IN >out.msp"
	expect 4 mscheck out.msp
	expect_sh 1 "msmap -j 1 --block 20k --force 'if [ {part} -eq 2 ]; then mssynth -n 3; else cat; fi' <$IN >out.msp"
	contains "$stderr" 'is missing'
	expect 4 mscheck out.msp
	# two parts in each other's place: everything is there, once
	msmap -q -j 1 --block 20k --force 'cat >p{part}; [ {part} -eq 1 ] || cat p$(({part} - 1)); [ -e p$(({part} + 1)) ] || :' <"$IN" >out.msp 2>/dev/null || :
	expect 4 mscheck out.msp
}

@test "parts between two steps: removed, doubled, cut, swapped for others" {
	cp "$BATS_FILE_TMPDIR"/part.*.msp .
	for p in part.*.msp; do sh -c "$FLOW" <"$p" >"done.${p#part.}" 2>/dev/null; done
	mscat done.*.msp -o joined.msp
	equal "$(digest joined.msp)" "$(digest "$BATS_FILE_TMPDIR/serial.msp")"
	bad() { expect 4 mscat -o target.msp "$@"; [ ! -e target.msp ]; }
	bad done.000[1-46-7].msp
	contains "$stderr" 'came in 6 of 7 parts; missing: 5'
	bad done.*.msp done.0003.msp
	contains "$stderr" 'part 3 of 7 of stream'
	contains "$stderr" 'came twice'
	cp done.0004.msp keep
	head -c -30 keep >done.0004.msp
	bad done.*.msp
	contains "$stderr" done.0004.msp
	cp done.0003.msp done.0004.msp
	bad done.*.msp
	# the raw part in the place of the processed one
	cp part.0004.msp done.0004.msp
	bad done.*.msp
	contains "$stderr" 'missing: 4'
	# of another stream
	mssynth -n 50 --seed 9 | mssplit -n 7 --prefix other
	sh -c "$FLOW" <other.0004.msp >done.0004.msp 2>/dev/null
	bad done.*.msp
	contains "$stderr" 'missing: 4'
	mv keep done.0004.msp
	mv done.0001.msp x && mv done.0004.msp done.0001.msp && mv x done.0004.msp
	mscat done.*.msp -o joined.msp
	equal "$(digest joined.msp)" "$(digest "$BATS_FILE_TMPDIR/serial.msp")"
}

@test "--resume: what is done is not done again, what is not of this input and pipeline is" {
	run_it() { rm -f ran*; msmap -q -j 2 --block 20k --resume keep "touch ran{part}; $1" <"$2" >out.msp; }
	n=$(mschop --block 20k "$IN" | wc -l)
	expect_sh 1 "msmap -j 1 --block 20k --resume keep 'touch ran{part}; $FLOW; [ {part} -ne 3 ] || [ -e go ]' <$IN >out.msp"
	equal "$(ls ran* | wc -l)" 3
	touch go
	rm -f ran*
	msmap -q -j 1 --block 20k --resume keep "touch ran{part}; $FLOW; [ {part} -ne 3 ] || [ -e go ]" <"$IN" >out.msp
	[ ! -e ran1 ] && [ ! -e ran2 ] && [ -e ran3 ]
	equal "$(digest out.msp)" "$(digest "$BATS_FILE_TMPDIR/serial.msp")"
	run_it "$FLOW" "$IN"
	equal "$(ls ran* | wc -l)" "$n"
	run_it "$FLOW" "$IN"
	run ls ran*
	equal "$output" "ls: cannot access 'ran*': No such file or directory"
	equal "$(digest out.msp)" "$(digest "$BATS_FILE_TMPDIR/serial.msp")"
	# another pipeline, another stream
	run_it 'msdetrend --demean' "$IN"
	equal "$(ls ran* | wc -l)" "$n"
	msset a=1 <"$IN" >other.msp
	run_it "$FLOW" other.msp
	[ "$(ls ran* | wc -l)" -ge "$n" ]
	equal "$(digest out.msp)" "$(sh -c "$FLOW" <other.msp 2>/dev/null | mscheck --digest | cut -d ' ' -f 1)"
	# kept results that are cut, or changed, or empty
	run_it "$FLOW" "$IN"
	for how in 'truncate -s -20' 'truncate -s 3000' 'truncate -s 0' 'dd if=/dev/zero bs=1 count=20 seek=900 conv=notrunc status=none of='; do
		for f in keep/2-*; do case $how in dd*) eval "$how$f" ;; *) eval "$how $f" ;; esac; done
		run_it "$FLOW" "$IN"
		[ -e ran2 ]
		equal "$(digest out.msp)" "$(digest "$BATS_FILE_TMPDIR/serial.msp")"
	done
}

@test "--resume with sources: parts are done again when a source has changed" {
	mkdir day
	for k in 1 2 3 4; do mssynth -n 3 --seed $k --codes "XX.P${k}.00.BHZ" | mssave day/$k.mseed; done
	go() { rm -f ran*; msmap -q -j 2 --resume keep --part-of day --parts 3 'touch ran{part}; cat' -o out.msp; }
	go
	equal "$(ls ran*)" "$(printf 'ran1\nran2\nran3')"
	go
	[ ! -e ran1 ] && [ ! -e ran3 ]
	mssynth -n 3 --seed 9 --codes XX.P9.00.BHZ | mssave day/9.mseed
	go
	equal "$(ls ran*)" "$(printf 'ran1\nran2\nran3')"
	equal "$(digest out.msp)" "$(msread day | mscheck --digest | cut -d ' ' -f 1)"
}

@test "GNU parallel killed, msmap ended by a signal: no result, nothing left, no task goes on" {
	for s in KILL; do
		msmap -j 2 --block 20k "sleep 0.2; $FLOW" -o out.msp <"$IN" 2>err 3>&- &
		pid=$!
		for _ in $(seq 200); do cat "$TMPDIR"/msmap.*/parallel.pid >par 2>/dev/null && [ -s par ] && break; sleep 0.02; done
		sleep 0.3
		kill -$s "$(cat par)"
		status=0
		wait "$pid" || status=$?
		equal "$status" 1
		contains "$(cat err)" 'GNU parallel ended with status 137'
		[ ! -e out.msp ]
	done
	for s in TERM HUP INT; do
		env --default-signal=INT msmap -j 2 --block 20k "sleep 31.7; $FLOW" -o out.msp <"$IN" 2>err 3>&- &
		pid=$!
		for _ in $(seq 200); do pgrep -f 'sleep 31[.]7' >/dev/null && break; sleep 0.02; done
		sleep 0.2
		start=$SECONDS
		kill -$s "$pid"
		status=0
		wait "$pid" || status=$?
		equal "$status" "$((128 + $(kill -l $s)))"
		[ $((SECONDS - start)) -lt 20 ]
		for _ in $(seq 50); do pgrep -f '^sleep 31[.]7' >/dev/null || break; sleep 0.1; done
		run ! pgrep -f '^sleep 31[.]7'
		[ ! -e out.msp ]
		[ -z "$(ls "$TMPDIR")" ]
	done
}

small_disk() # SIZE 'COMMAND': in a mount namespace where $TMPDIR is a small disk
{
	unshare --mount sh -c "mount -t tmpfs -o size=$1 tmpfs \"\$TMPDIR\" && { $2; }"
}

@test "a full disk where pieces and results wait" {
	[ "$(id -u)" -eq 0 ] || skip "a small disk needs root"
	small_disk 1M true || cannot "no mount namespace here"
	for size in 20k 60k 200k; do
		expect_sh 1 "$(declare -f small_disk); small_disk $size \"msmap -j 2 --block 20k 'cat' -o '$PWD/out.msp' <$IN\""
		contains "$stderr" 'No space left'
		[ ! -e out.msp ]
	done
}

# ---- random faults ---------------------------------------------------------------------------------

# Everything that a run has begun: processes of its session.
victims() { ps -o pid= -s "$1" | sort -R | head -n 1; }

break_something() # SESSION: one fault
{
	local f d
	d=$(echo "$TMPDIR"/msmap.*)
	case $((RANDOM % 6)) in
	0 | 1) kill -KILL "$(victims "$1")" || : ;;
	2) kill -TERM "$(victims "$1")" || : ;;
	3) f=$(find "$d/in" "$d/out" -type f | sort -R | head -n 1) || :; rm -f "$f" ;;
	4) f=$(find "$d/in" "$d/out" -type f | sort -R | head -n 1) || :; truncate -s $((RANDOM % 20000)) "$f" || : ;;
	5) f=$(find "$d/out" -type f | sort -R | head -n 2 | xargs) || :; [ -z "$f" ] || cp ${f} || : ;;
	esac 2>/dev/null
	return 0
}

@test "random faults: the sink has the serial result or nothing" {
	n=30
	! full || n=200
	right=0 none=0
	want=$(digest "$BATS_FILE_TMPDIR/serial.msp")
	for ((i = 0; i < n; i++)); do
		RANDOM=$((i + 1))
		rm -rf target.msp "$TMPDIR"/msmap.*
		retries=$((1 + RANDOM % 3)) extra=
		[ $((RANDOM % 3)) -gt 0 ] || extra=--unordered
		setsid bash -c "echo \$\$ >session; msmap -j 3 --retries $retries $extra --block 8k 'sleep 0.0$((RANDOM % 10)); $FLOW' <$IN 2>err | mssave target.msp 2>/dev/null; wait" 3>&- &
		pid=$!
		for _ in $(seq 300); do [ -d "$(echo "$TMPDIR"/msmap.*/in)" ] && break; sleep 0.01; done
		sleep 0.$((RANDOM % 9))
		break_something "$(cat session)"
		wait "$pid" 2>/dev/null || :
		# what was orphaned ends by itself; nothing may come later
		for _ in $(seq 100); do [ -z "$(ps -o pid= -s "$(cat session)")" ] && break; sleep 0.1; done
		if [ -e target.msp ]; then
			equal "$(digest target.msp)" "$want" || { echo "fault $i"; cat err; return 1; }
			right=$((right + 1))
		else
			none=$((none + 1))
		fi
	done
	echo "# $right right, $none without a result" >&3
	[ $((right + none)) -eq $n ]
	[ $none -gt 0 ]
}

@test "GNU parallel killed while it starts: what it leaves keeps nobody waiting" {
	mkdir fake
	# as it does: some that sleep, to see how many there may be
	printf '%s\n' '#!/bin/sh' 'sleep 10101 & sleep 10101 &' 'printf "%s\n" $! >"$LEFT"; kill -9 $$' >fake/parallel
	chmod +x fake/parallel
	echo old >target.msp
	export LEFT=$PWD/left
	for how in "--parts 4 --part-of $IN" "--block 20k"; do
		expect_sh 1 "PATH=$PWD/fake:\$PATH timeout 120 msmap $how 'cat' -o target.msp <$IN"
		contains "$stderr" 'msmap: '
		equal "$(cat target.msp)" old
		run grep -l sleep "/proc/$(cat left)/cmdline" # a zombie has none
		[ "$status" -ne 0 ]
		[ -z "$(ls "$TMPDIR")" ]
	done
}
