# mscheck: the nine cases, and what only it does.
load common

@test "mscheck: whole files are quietly whole" {
	mssynth -n 3 -o a.msp
	expect 0 mscheck a.msp
	equal "$output$stderr" ""
	expect 0 mscheck -v --full a.msp
	contains "$stderr" "a.msp: whole: 3 live and 0 dead objects, 0 ensembles, 1 segments"
}

@test "mscheck: empty stream" { nine_empty mscheck; }
@test "mscheck: no input" { nine_no_input mscheck; }

@test "mscheck: one object, and its digest is that of the object alone" {
	mssynth -n 1 -o a.msp
	mssynth -n 2 -o b.msp
	expect 0 mscheck --digest a.msp b.msp
	equal "$(printf '%s\n' "$output" | cut -c 33-)" "$(printf '  a.msp\n  b.msp')"
	[ "$(printf '%s\n' "$output" | cut -c 1-32 | sort -u | wc -l)" -eq 2 ]
}

@test "mscheck: dead objects count" {
	mssynth -n 4 --dead-every 2 -o d.msp
	expect 0 mscheck -v d.msp
	contains "$stderr" "2 live and 2 dead"
}

@test "mscheck: bad option" { nine_bad_option mscheck; }
@test "mscheck: truncated input" { nine_truncated mscheck; }

@test "mscheck: full output" {
	mssynth -n 1 -o a.msp
	expect_sh 1 'mscheck --digest a.msp >/dev/full'
	contains "$stderr" "No space left"
}

@test "mscheck: SIGPIPE" {
	mssynth -n 1 -o a.msp
	for i in $(seq 4000); do echo a.msp; done >list
	expect_sh 0 'mscheck --digest $(cat list) 2>err | head -n 1 >/dev/null; [ ${PIPESTATUS[0]} = 141 ] && [ ! -s err ]'
}

@test "mscheck: a terminal is fine for text, and is no input" {
	mssynth -n 1 -o a.msp
	script -qec 'mscheck --digest a.msp' /dev/null </dev/null | grep -q '  a.msp'
	expect_sh 0 "script -qec 'mscheck; echo status \$?' /dev/null </dev/null >tty.out; grep -q 'status 2' tty.out && grep -q terminal tty.out"
}

@test "mscheck: every broken file is named, with the byte, and the whole ones pass" {
	mssynth -n 3 --npts 50 -o a.msp
	mssynth -n 3 --npts 50 --seed 9 -o c.msp
	head -c 200 a.msp >b.msp
	expect 4 mscheck --digest a.msp b.msp c.msp
	contains "$stderr" "b.msp: byte 200: the stream ends inside a segment"
	equal "$(printf '%s\n' "$output" | cut -c 35-)" "$(printf 'a.msp\nc.msp')"
}

@test "mscheck: order, blocks, compression do not change the digest; content does" {
	mssynth -n 20 --npts 100 -o a.msp
	mssort sta a.msp | mscat --level 7 --segment 2k -o b.msp
	mssort -o c.msp -- -sta a.msp
	one=$(mscheck --digest a.msp | cut -c 1-32)
	equal "$(mscheck --full --digest b.msp | cut -c 1-32)" "$one"
	equal "$(mscheck --full --digest c.msp | cut -c 1-32)" "$one"
	mshead -n 19 a.msp -o d.msp
	[ "$(mscheck --digest d.msp | cut -c 1-32)" != "$one" ]
}

@test "mscheck: an unreadable file" {
	expect 1 mscheck none.msp
	contains "$stderr" "mscheck: none.msp: No such file"
	expect 1 mscheck .
	contains "$stderr" "mscheck: .: Is a directory"
}
