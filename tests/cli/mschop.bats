# mschop: the nine cases, and what only it does.
load common

@test "mschop: pieces are the stream, and the lines say what they are" {
	mssynth -n 40 --npts 2000 --segment 64k --level 0 -o a.msp
	mkdir d
	expect 0 mschop --into d --block 200k a.msp
	n=$(printf '%s\n' "$output" | wc -l)
	[ "$n" -ge 3 ]
	equal "$(cat d/end)" "$n"
	equal "$(printf '%s\n' "$output" | cut -d ' ' -f 1)" "$(seq "$n")"
	equal "$(printf '%s\n' "$output" | awk '{ o += $6 } END { print o }')" 40
	# the segments follow one another, and the line names the last one
	printf '%s\n' "$output" | awk '$3 != next_ { exit 1 } { next_ = $3 + $4; split($2, e, ":"); if (e[2] != next_ - 1) exit 1 }'
	(cd d && seq "$n" | xargs cat) >b.msp
	cmp a.msp b.msp
	for k in $(seq "$n"); do
		end=$(printf '%s\n' "$output" | awk -v k="$k" '$1 == k { print $2 }')
		MSP_SEGMENTS=$end mscat <"d/$k" | cat >one
		cmp "d/$k" one
	done
}

@test "mschop: without --into the pieces are listed and none is made" {
	mssynth -n 40 --npts 2000 --segment 64k --level 0 -o a.msp
	mkdir d
	mschop --into d --block 200k a.msp >made
	rm -r d
	expect 0 mschop --block 200k a.msp
	equal "$output" "$(cat made)"
	[ ! -e d ]
	# the hash is that of the objects: compression changes the sizes only
	mscat --level 9 a.msp | mschop --block 0 | cut -d ' ' -f 1-4,6- >other
	mschop --block 0 a.msp | cut -d ' ' -f 1-4,6- | diff - other
}

@test "mschop: empty stream" { nine_empty mschop; }
@test "mschop: no input" { nine_no_input mschop; }

@test "mschop: one object is one piece" {
	mssynth -n 1 | mschop >one
	equal "$(cut -d ' ' -f 1,3,4,6 one)" '1 0 1 1'
}

@test "mschop: dead objects stay" {
	mssynth -n 6 --dead-every 2 -o d.msp
	mkdir d
	mschop --into d d.msp
	cmp d.msp d/1
}

@test "mschop: bad option" { nine_bad_option mschop; }

@test "mschop: truncated input leaves no end" {
	nine_truncated mschop
	mkdir d
	expect_sh 4 'mschop --into d cut.msp'
	[ ! -e d/end ]
}

@test "mschop: full output, full directory" {
	nine_full mschop
	expect 1 mschop --into not/there whole.msp
	contains "$stderr" not/there
	mkdir d
	: >d/1
	expect 1 mschop --into d whole.msp
	contains "$stderr" 'd/1: File exists'
}

@test "mschop: SIGPIPE" {
	mssynth -n 3000 --npts 10 --segment 100 -o many.msp
	expect_sh 0 "mschop --block 0 many.msp 2>err | head -n 1 >/dev/null; s=\${PIPESTATUS[0]}; [ \$s = 141 ] || { echo status \$s; cat err; exit 1; }; [ ! -s err ]"
}

@test "mschop: a terminal is fine for text, and is no input" {
	mssynth -n 1 -o a.msp
	script -qec 'mschop a.msp' /dev/null </dev/null | grep -q '^1 '
	expect_sh 0 "script -qec 'mschop; echo status \$?' /dev/null </dev/null >tty.out; grep -q 'status 2' tty.out && grep -q terminal tty.out"
}

@test "mschop: --ahead waits till the oldest pieces are removed, and sees that nobody reads its lines" {
	mssynth -n 40 --npts 2000 --segment 64k -o a.msp
	mkdir d
	mschop --into d --block 0 --ahead 1 --least 3 a.msp >lines 3>&- &
	pid=$!
	for _ in $(seq 100); do [ "$(wc -l <lines)" -ge 3 ] && break; sleep 0.05; done
	sleep 0.3
	equal "$(wc -l <lines)" 3
	for k in $(seq "$(mschop --block 0 a.msp | wc -l)"); do
		for _ in $(seq 200); do [ -e "d/$k" ] && break; sleep 0.05; done
		rm "d/$k"
	done
	wait "$pid"
	equal "$(cat d/end)" "$(wc -l <lines)"
	rm -r d
	mkdir d
	expect_sh 0 "mschop --into d --block 0 --ahead 1 a.msp 2>err | head -n 1 >/dev/null; [ \${PIPESTATUS[0]} = 141 ]"
	expect 2 mschop --ahead 1 a.msp
}

@test "MSP_SEGMENTS: a command knows where its piece ends, what it cannot do with one, and that files are not meant" {
	mssynth -n 40 --npts 2000 --segment 64k --level 0 -o a.msp
	mkdir d
	end=$(mschop --into d --block 200k a.msp | sed -n '2s/^2 \([^ ]*\) .*/\1/p')
	export MSP_SEGMENTS=$end
	expect_sh 0 'msdetrend --linear <d/2 | msls | wc -l'
	# cut after a whole segment: without the variable nobody could know
	expect_sh 4 'msdetrend --linear <d/1 >/dev/null'
	contains "$stderr" "it was to end after segment ${end#*:} of stream ${end:0:8}"
	# shellcheck disable=SC2016
	expect_sh 4 'msdetrend --linear <d/1 | msls | msls'
	for c in 'mssort sta' 'msgroup sta' 'mshead' 'msfold --sum' 'msstack' 'mscat --segment 1M' 'mssplit -n 2'; do
		expect_sh 2 "$c <d/2 >/dev/null"
		contains "$stderr" "${c%% *}: "
	done
	expect_sh 0 'msfold --partial --sum <d/2 | mscat >/dev/null'
	# a file is judged as ever
	expect 0 msls a.msp
	expect 4 msls d/2
	# a part is complete in itself
	mssplit -n 2 a.msp 2>/dev/null && return 1
	unset MSP_SEGMENTS
	mssplit -n 2 a.msp
	expect_sh 0 'MSP_SEGMENTS=part msdetrend --linear <part.0001.msp | mscheck -q'
	# one fold of the part, not one of each segment
	equal "$(MSP_SEGMENTS=part msfold --partial <part.0001.msp | msls | wc -l)" 1
	expect_sh 4 'head -c 3000 part.0001.msp | MSP_SEGMENTS=part msdetrend --linear >/dev/null'
	expect_sh 2 'MSP_SEGMENTS=part mssort sta <part.0001.msp >/dev/null'
	expect_sh 2 'MSP_SEGMENTS=part msstack <part.0001.msp >/dev/null'
	for bad in x 12 "${end%:*}:" "${end%:*}:-1" ":3" "parts"; do
		expect_sh 2 "MSP_SEGMENTS=$bad mscat <a.msp >/dev/null"
		contains "$stderr" MSP_SEGMENTS
	done
}
