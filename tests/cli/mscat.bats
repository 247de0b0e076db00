# mscat: the nine cases, and what only it does.
load common

more_setup()
{
	command -v mssynth >/dev/null
}

@test "mscat: two streams are one; ids and digests stay" {
	mssynth -n 2 --seed 1 -o a.msp
	mssynth -n 3 --seed 2 -o b.msp
	mscat a.msp b.msp -o c.msp
	equal "$(stream_counts c.msp)" "5 0"
	cat a.msp b.msp >d.msp
	equal "$(mscheck --digest c.msp | cut -c 1-32)" "$(mscheck --digest d.msp | cut -c 1-32)"
	equal "$(msls -f '%{id}' c.msp)" "$(msls -f '%{id}' a.msp b.msp)"
}

@test "mscat: empty input" { nine_empty mscat; }
@test "mscat: no input" { nine_no_input mscat; }

@test "mscat: one object" {
	mssynth -n 1 | mscat -o one.msp
	equal "$(stream_counts one.msp)" "1 0"
}

@test "mscat: dead objects are handed on with their reasons" {
	mssynth -n 4 --dead-every 2 -o d.msp
	mscat --level 3 d.msp | msls >after
	msls d.msp | diff - after
	equal "$(mscat d.msp | mscheck --digest | cut -c 1-32)" "$(mscheck --digest d.msp | cut -c 1-32)"
}

@test "mscat: bad option" { nine_bad_option mscat; }
@test "mscat: truncated input" { nine_truncated_writer mscat; }
@test "mscat: full output" { nine_full mscat; }
@test "mscat: SIGPIPE" { nine_sigpipe mscat; }
@test "mscat: terminal" { nine_tty mscat; }

@test "mscat: every level and back gives the same objects" {
	mssynth -n 5 --npts 3000 --ensembles 2 -o a.msp
	for level in 0 1 9 19; do
		mscat --level $level a.msp -o l.msp
		mscheck --full l.msp
		equal "$(mscheck --digest l.msp | cut -c 1-32)" "$(mscheck --digest a.msp | cut -c 1-32)"
		mscat l.msp | msdump --json --samples >l.json
		msdump --json --samples a.msp | cmp - l.json
	done
}

@test "mscat: raw from a pipe is compressed in a file, and zstd -t is content with it" {
	mssynth -n 10 --npts 20000 --level 0 -o raw.msp
	cat raw.msp | mscat >packed.msp
	[ "$(stat -c %s packed.msp)" -lt "$(($(stat -c %s raw.msp) * 9 / 10))" ]
	zstd -q -t packed.msp
	zstd -q -t raw.msp
}

@test "mscat: --segment cuts anew, never inside an ensemble, and loses nothing" {
	mssynth -n 60 --npts 1000 --ensembles 6 -o a.msp
	mscat --segment 20k a.msp -o small.msp
	segments=$(grep -a -c 'MSP SEGMENT END' small.msp)
	[ "$segments" -eq 6 ]
	equal "$(mscheck --full --digest small.msp | cut -c 1-32)" "$(mscheck --digest a.msp | cut -c 1-32)"
}

@test "mscat: segments in any order are whole; one lost or doubled is named" {
	mssynth -n 40 --npts 1000 --segment 50k -o a.msp
	split_segments a.msp
	[ "$(ls seg.* | wc -l)" -gt 4 ]
	cat $(ls -r seg.*) | mscat | mscheck --digest >reversed
	equal "$(cut -c 1-32 reversed)" "$(mscheck --digest a.msp | cut -c 1-32)"
	cat $(ls seg.* | sed 2d) >lost.msp
	expect 4 mscat -o out.msp lost.msp
	contains "$stderr" "segment 1 of stream"
	contains "$stderr" "is missing"
	[ ! -e out.msp ]
	cat seg.* seg.01 >doubled.msp
	expect 4 mscat -o out.msp doubled.msp
	contains "$stderr" "segment 1 of stream"
	contains "$stderr" "twice"
	cat $(ls seg.* | sed '$d') >cut.msp
	expect 4 mscat -o out.msp cut.msp
	contains "$stderr" "incomplete"
	# a process that is given some of them is told so
	expect 0 mscat --segments -o out.msp lost.msp
	expect 4 mscat --segments -o out2.msp doubled.msp
	expect 2 mscat --segments --segment 1M lost.msp -o out2.msp
}

# seg.00, seg.01, ...: the segments of a stream, each in a file
split_segments()
{
	awk -v RS='MSP SEGMENT END\n' -v ORS='MSP SEGMENT END\n' 'BEGIN { BINMODE = 3 } { f = sprintf("seg.%02d", NR - 1); printf "%s%s", $0, ORS >f; close(f) }' "$1"
	cat seg.* | cmp - "$1"
}

@test "mscat: the same file twice is an error that says so" {
	mssynth -n 1 -o a.msp
	expect 4 mscat a.msp a.msp -o b.msp
	contains "$stderr" "twice"
}

@test "mscat: a second file that is missing, or is not a stream" {
	mssynth -n 1 -o a.msp
	expect 1 mscat a.msp none.msp -o b.msp
	contains "$stderr" "mscat: none.msp: No such file"
	echo hello, this is text >text
	expect 4 mscat a.msp text -o b.msp
	contains "$stderr" "text: byte 0: not an msp stream"
	[ ! -e b.msp ]
	cat a.msp text >tail.msp
	expect 4 mscat tail.msp -o b.msp
	contains "$stderr" "tail.msp: byte $(stat -c %s a.msp): what follows the segment is no segment"
}

@test "mscat: -o leaves the old file when it fails, and replaces it when it does not" {
	echo old >out.msp
	mssynth -n 2 -o a.msp
	head -c 300 a.msp >cut.msp
	expect 4 mscat cut.msp -o out.msp
	equal "$(cat out.msp)" old
	expect 0 mscat a.msp -o out.msp
	mscheck out.msp
	[ "$(ls | grep -vc '^separate-stderr')" -eq 3 ]
}
