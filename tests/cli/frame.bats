# What every command has from the frame: options, messages, exit statuses, signals, terminals. mscat and msfilter stand for all.
load common

@test "frame: an unknown option names the nearest" {
	expect 2 msfilter --lowpas 2
	equal "$stderr" "msfilter: unknown option --lowpas; the nearest is --lowpass (-h shows all)"
	expect 2 msfilter --zero 2
	contains "$stderr" "the nearest is --zero-phase"
	expect 2 msfilter --qqqqqqqqq
	equal "$stderr" "msfilter: unknown option --qqqqqqqqq (-h shows all)"
	expect 2 msfilter -Z
	contains "$stderr" "unknown option -Z"
}

@test "frame: no abbreviations, values in both forms, letters together" {
	mssynth -n 1 -o a.msp
	expect 2 msfilter --low 2 a.msp
	a=$(msfilter --lowpass=2 a.msp | mscheck --digest)
	equal "$(msfilter --lowpass 2 a.msp | mscheck --digest)" "$a"
	expect_sh 0 'mscat -qo b.msp a.msp'
	expect_sh 0 'mscat -qoc.msp a.msp'
	cmp b.msp c.msp
	expect 2 msfilter --lowpass
	equal "$stderr" "msfilter: --lowpass needs a value: F"
	expect 2 msfilter --zero-phase=yes --lowpass 1
	contains "$stderr" "--zero-phase takes no value"
	expect 2 msfilter --lowpass 1 --highpass 2
	equal "$stderr" "msfilter: --lowpass and --highpass exclude each other"
}

@test "frame: numbers with units; nonsense is refused by name" {
	mssynth -n 1 -o a.msp
	a=$(msfilter --lowpass 2 a.msp | mscheck --digest)
	equal "$(msfilter --lowpass 2000mHz a.msp | mscheck --digest)" "$a"
	equal "$(msfilter --lowpass 2Hz a.msp | mscheck --digest)" "$a"
	for bad in 2kg 2,3 nan inf 0x10 -1 0 '' 1e999 ' 2'; do
		expect 2 msfilter "--lowpass=$bad" a.msp
		contains "$stderr" "msfilter: --lowpass: $bad"
	done
	expect 2 msfilter --bandpass 2,1 a.msp
	contains "$stderr" "the first frequency must be below the second"
	expect 2 msfilter --bandpass 2 a.msp
	expect 2 mscat --level 20 a.msp
	contains "$stderr" "--level: 20: must be from 0 to 19"
	expect 2 mscat --level -1 a.msp
	contains "$stderr" "--level: -1: must be from 0 to 19"
	expect 2 mscat --segment 1X a.msp
	contains "$stderr" "unknown unit \"X\"; known are k, K, M, G"
}

@test "frame: -- ends the options; - is standard input; negative numbers are operands" {
	mssynth -n 1 -o ./-a.msp
	expect 0 mscheck -- -a.msp
	mscat - <./-a.msp | mscheck
	mswindow --short pad -5 5 ./-a.msp -o b.msp
	equal "$(msls -f '%{npts}' b.msp)" 201
	expect 2 mswindow 5
	contains "$stderr" "too few operands: START END"
}

@test "frame: help, version" {
	expect 0 msfilter -h
	contains "$output" "usage: msfilter [options] [FILE...]"
	expect 0 msfilter --help
	contains "$output" "--strict-data"
	expect 0 msfilter --version
	equal "$output" "msfilter (mspipe) $(sed -n 's/^.define MSP_VERSION "\(.*\)"/\1/p' "$MSP_TOP/include/mspipe/core.h")"
	expect 0 msfilter --version -v
	contains "$output" "stream version 1"
	contains "$output" "zstd 1."
	expect_sh 1 'msfilter --help >/dev/full'
	contains "$stderr" "No space left"
}

@test "frame: -q says nothing, -v says what was done, killed objects are counted" {
	mssynth -n 3 -o a.msp
	expect 0 msfilter --lowpass 100 a.msp -o b.msp
	contains "$stderr" "msfilter: 3 of 3 objects killed; the first: "
	contains "$stderr" "Nyquist"
	expect 0 msfilter -q --lowpass 100 a.msp -o b.msp
	equal "$stderr" ""
	expect 0 mscat -v b.msp -o c.msp
	equal "$stderr" "mscat: 3 objects in; 0 live and 3 dead out"
	expect 3 msfilter -q --strict-data --lowpass 100 a.msp -o d.msp
	mscheck d.msp
	expect 0 msfilter -q --strict-data --lowpass 1 a.msp -o d.msp
}

@test "frame: progress on demand, and a line for SIGUSR1" {
	mkfifo p
	mssynth -n 2 --npts 10 -o a.msp
	expect_sh 0 'mscat p 2>err >out.msp & pid=$!; exec 3>p; sleep 0.3; kill -USR1 $pid; sleep 0.3; cat a.msp >&3; exec 3>&-; wait $pid'
	contains "$(cat err)" "mscat: "
	contains "$(cat err)" "objects in, "
	mscheck out.msp
	# a log, no terminal: lines, no escapes
	expect_sh 0 '(head -c 100 a.msp; sleep 3.2; tail -c +101 a.msp) | mscat --progress=always 2>err >out.msp'
	run ! grep -q "$(printf '\033')" err
}

@test "frame: a signal ends it by that signal, and nothing is left" {
	mkfifo p
	mssynth -n 2 --npts 10 -o a.msp
	for sig in TERM INT HUP; do
		expect_sh 0 "set +m; env --default-signal=INT,HUP mscat p -o out.msp 2>err & pid=\$!; exec 3>p; cat a.msp >&3; sleep 0.2; kill -$sig \$pid; wait \$pid; [ \$? = \$((128 + \$(kill -l $sig))) ] && [ ! -s err ]"
		[ ! -e out.msp ]
		equal "$(ls -A | grep -v '^separate-stderr')" "$(printf 'a.msp\nerr\np')"
	done
}

@test "frame: a second signal ends a command at once, though it computes" {
	# one object that takes long: a filter sees the first signal only when it is done with it
	mssynth -n 1 --npts 30M -o a.msp
	expect_sh 0 'set +m; msdetrend --polynomial 20 a.msp -o b.msp 2>err & pid=$!; sleep 1; kill -TERM $pid; sleep 0.2; kill -TERM $pid; wait $pid; [ $? = 143 ]'
	[ ! -e b.msp ]
}

@test "frame: with SIGPIPE ignored a closed pipe is exit 141, quietly" {
	mssynth -n 100 --npts 5000 -o a.msp
	expect_sh 0 '(trap "" PIPE; mscat --level 0 a.msp; echo $? >code) 2>err | head -c 10 >/dev/null; [ ! -s err ] && [ "$(cat code)" = 141 ]'
}

@test "frame: -o through links, into special files, to standard output" {
	mssynth -n 1 -o a.msp
	mkdir far
	ln -s far/b.msp link
	mscat a.msp -o link
	mscat a.msp -o link
	[ -L link ]
	mscheck far/b.msp
	mscat a.msp -o /dev/stdout | mscheck
	mscat a.msp -o - | mscheck
	mscat a.msp -o - >c.msp
	mscheck c.msp
	[ ! -e - ]
	expect_sh 0 "mscat a.msp -o /dev/fd/1 | cat >d.msp"
	mscheck d.msp
	equal "$(msls -o - a.msp)" "$(msls a.msp)"
	expect 1 mscat a.msp -o ""
	equal "$stderr" "mscat: '': No such file or directory"
	cp a.msp e.msp
	msfilter --lowpass 1 e.msp -o e.msp
	equal "$(mscheck --digest e.msp | cut -c 1-32)" "$(msfilter --lowpass 1 a.msp | mscheck --digest | cut -c 1-32)"
}

@test "frame: -o with the ending of a recording says what it writes" {
	mssynth -n 1 -o a.msp
	for name in a.mseed a.MS x/a.sac; do
		mkdir -p x
		expect 0 mscat a.msp -o "$name"
		equal "$stderr" "mscat: $name: -o writes an msp stream; for miniSEED or SAC pipe it to mssave"
	done
	for name in b.msp mseed x.sac/b; do
		mkdir -p x.sac
		expect 0 mscat a.msp -o "$name"
		equal "$stderr" ""
	done
	expect 0 msls -o list.ms a.msp
	equal "$stderr" ""
}

@test "frame: closed standard descriptors are errors, not other files" {
	mssynth -n 1 -o a.msp
	expect_sh 1 'mscat a.msp >&-'
	contains "$stderr" "standard output: Bad file descriptor"
	expect_sh 1 'mscat <&-'
	contains "$stderr" "standard input: Bad file descriptor"
	expect_sh 0 'mscat a.msp -o b.msp <&- >&- 2>&-'
	mscheck b.msp
}

@test "frame: a terminal is neither read nor written" {
	mssynth -n 1 -o a.msp
	expect_sh 0 "script -qec 'mscat a.msp; echo status \$?' /dev/null </dev/null >tty.out"
	contains "$(cat tty.out)" "a stream is not written to a terminal"
	contains "$(cat tty.out)" "status 2"
	expect_sh 0 "script -qec 'mscat -o x.msp; echo status \$?' /dev/null </dev/null >tty.out"
	contains "$(cat tty.out)" "a stream is not read from a terminal"
	contains "$(cat tty.out)" "status 2"
	[ ! -e x.msp ]
}

@test "frame: options that a command cannot have are refused" {
	mssynth -n 1 -o a.msp
	expect 2 msls --segment 3M a.msp
	expect 2 mssynth --segments
	expect 2 mssave -o b.msp c.msp
	expect 2 mssort --segments sta a.msp
	contains "$stderr" "mssort: it handles a stream as a whole"
}

@test "frame: a stream's segments go through filters one to one, whatever the stage does to their objects" {
	mssynth -n 40 --npts 1000 --segment 50k -o a.msp
	n=$(grep -a -c 'MSP SEGMENT END' a.msp)
	[ "$n" -gt 4 ]
	msgrep 'sta == "nobody"' a.msp -o none.msp
	equal "$(grep -a -c 'MSP SEGMENT END' none.msp)" "$n"
	mscheck none.msp
	msstack a.msp -o one.msp
	mscheck -v one.msp 2>said
	contains "$(cat said)" "1 live"
	# --segment makes a new stream of it
	msfilter --lowpass 1 --segment 1M a.msp -o few.msp
	equal "$(grep -a -c 'MSP SEGMENT END' few.msp)" 1
}

@test "frame: GNU parallel's cut at segments is the serial run" {
	command -v parallel >/dev/null || skip "no GNU parallel"
	mssynth -n 60 --npts 1000 --segment 50k -o a.msp
	parallel --will-cite -k --pipe --recend 'MSP SEGMENT END\n' --block 150k msfilter --segments --lowpass 2 <a.msp >b.msp
	equal "$(mscheck --full --digest b.msp | cut -c 1-32)" "$(msfilter --lowpass 2 a.msp | mscheck --digest | cut -c 1-32)"
}

@test "frame: a recording in place of a stream gets a hint" {
	expect 4 msfilter --lowpass 1 "$MSP_DATA/iu_anmo_bh3.mseed"
	equal "$stderr" "msfilter: $MSP_DATA/iu_anmo_bh3.mseed: byte 0: not an msp stream (msread reads recordings)"
}

@test "frame: a password in the URI of a store does not get into streams" {
	mssynth -n 1 -o a.msp
	mswindow --ref 'mongodb://user:secret@host/db?tls=secret' 0 1 a.msp -o b.msp 2>/dev/null
	contains "$(mshistory b.msp)" 'mongodb://user@host/db'
	run ! grep -q secret b.msp
	case $(mshistory --json b.msp) in *secret*) return 1 ;; esac
}

@test "MSP_LEVEL is the --level of standard output alone" {
	mssynth -n 20 --npts 2000 --level 0 -o raw.msp
	mssynth -n 20 --npts 2000 -o packed.msp
	size() { stat -c %s "$1"; }
	MSP_LEVEL=0 mssynth -n 20 --npts 2000 >a.msp
	equal "$(size a.msp)" "$(size raw.msp)"
	mssynth -n 20 --npts 2000 | MSP_LEVEL=0 msdetrend --demean >a.msp
	[ "$(size a.msp)" -gt "$(size packed.msp)" ]
	MSP_LEVEL=0 mssynth -n 20 --npts 2000 -o a.msp
	equal "$(size a.msp)" "$(size packed.msp)"
	MSP_LEVEL=0 mssynth -n 20 --npts 2000 --level 1 >a.msp
	equal "$(size a.msp)" "$(size packed.msp)"
	MSP_LEVEL= mssynth -n 20 --npts 2000 >a.msp
	equal "$(size a.msp)" "$(size packed.msp)"
	MSP_LEVEL=3 mscat raw.msp >a.msp
	[ "$(size a.msp)" -lt "$(size raw.msp)" ]
	for bad in x 20 -1; do
		MSP_LEVEL=$bad expect 2 mscat raw.msp
		contains "$stderr" "MSP_LEVEL=$bad"
	done
}
