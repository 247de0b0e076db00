# mshead: the nine cases, and what only it does.
load common

@test "mshead: the first ten, or N; ids stay" {
	mssynth -n 30 --npts 10 -o a.msp
	equal "$(mshead a.msp | msls | wc -l)" 10
	equal "$(mshead -n 3 a.msp | msls -f '%{id}')" "$(msls -f '%{id}' a.msp | head -n 3)"
	equal "$(mshead -n 0 a.msp | msls | wc -l)" 0
	mshead -n 3 a.msp | mscheck
}

@test "mshead: empty input" { nine_empty mshead; }
@test "mshead: no input" { nine_no_input mshead; }

@test "mshead: one object" {
	mssynth -n 1 | mshead -o one.msp
	equal "$(stream_counts one.msp)" "1 0"
}

@test "mshead: dead objects count as others do" {
	mssynth -n 6 --dead-every 2 | mshead -n 4 -o d.msp
	equal "$(stream_counts d.msp)" "2 2"
}

@test "mshead: bad option" { nine_bad_option mshead; }
@test "mshead: truncated input, as far as it is read" {
	nine_truncated_writer mshead --drain
	# what is enough is enough: the rest is not judged
	mssynth -n 30 --npts 100000 --level 0 -o big.msp
	head -c 10000000 big.msp >cut.msp
	expect_sh 0 'mshead -n 1 cut.msp | mscheck'
}
@test "mshead: full output" { nine_full mshead; }
@test "mshead: SIGPIPE" { nine_sigpipe mshead -n 100000; }
@test "mshead: terminal" { nine_tty mshead; }

@test "mshead: an ensemble is one, and whole" {
	mssynth -n 9 --npts 10 --ensembles 3 -o e.msp
	mshead -n 2 e.msp -o two.msp
	mscheck -v two.msp 2>said
	contains "$(cat said)" "6 live and 0 dead objects, 2 ensembles"
}

@test "mshead: stops early unless --drain" {
	expect_sh 0 'mssynth -n 2000 --npts 5000 | mshead -n 2 | mscheck; [ "${PIPESTATUS[*]}" = "141 0 0" ]'
	expect_sh 0 'mssynth -n 2000 --npts 5000 | mshead -n 2 --drain | mscheck; [ "${PIPESTATUS[*]}" = "0 0 0" ]'
}

@test "mshead: a number that is none" {
	expect 2 mshead -n x
	contains "$stderr" "-n: x: not a whole number"
	expect 2 mshead -n -3
	expect 2 mshead -n
	contains "$stderr" "-n needs a value: N"
}
