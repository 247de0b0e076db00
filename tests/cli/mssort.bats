# mssort: the nine cases, and what only it does.
load common

stations() { msls -f '%{sta}' "${1:--}" | grep '[SL]' | tr '\n' ' '; }

@test "mssort: ascending, descending, by several keys; ids and digests stay" {
	mssynth -n 6 | msset 'k=int(substr(sta, 4)) % 3' -o a.msp
	equal "$(mssort k,sta a.msp | stations)" "S0003 S0006 S0001 S0004 S0002 S0005 "
	equal "$(mssort k,-sta a.msp | stations)" "S0006 S0003 S0004 S0001 S0005 S0002 "
	equal "$(mssort -- -k,sta a.msp | stations)" "S0002 S0005 S0001 S0004 S0003 S0006 "
	equal "$(mssort -r k,sta a.msp | stations)" "S0005 S0002 S0004 S0001 S0006 S0003 "
	equal "$(mssort k a.msp | mscheck --digest | cut -c 1-32)" "$(mscheck --digest a.msp | cut -c 1-32)"
}

@test "mssort: stable, also in reverse" {
	mssynth -n 6 | msset 'k=int(substr(sta, 4)) % 3' -o a.msp
	equal "$(mssort k a.msp | stations)" "S0003 S0006 S0001 S0004 S0002 S0005 "
	equal "$(mssort -r k a.msp | stations)" "S0002 S0005 S0001 S0004 S0003 S0006 "
	equal "$(mssort nosuch a.msp | stations)" "$(stations a.msp)"
}

@test "mssort: values of all types have an order" {
	mssynth -n 6 | msset 'v=sta == "S0001" ? "b" : sta == "S0002" ? 2.5 : sta == "S0003" ? 2 : sta == "S0004" ? null : "a"' |
		msset -q --optional 'v=v' | msset 'n=1' -o a.msp
	equal "$(mssort v a.msp | stations)" "S0004 S0003 S0002 S0005 S0006 S0001 "
	equal "$(cat a.msp <(mssynth -n 1 --codes XX.LACKS..B) | mssort v | stations)" "LACKS S0004 S0003 S0002 S0005 S0006 S0001 "
}

@test "mssort: empty input" { nine_empty mssort sta; }
@test "mssort: no input" { nine_no_input mssort sta; }

@test "mssort: one object" {
	mssynth -n 1 -o one.msp
	equal "$(mssort sta one.msp | mscheck --digest | cut -c 1-32)" "$(mscheck --digest one.msp | cut -c 1-32)"
}

@test "mssort: dead objects are sorted like others" {
	mssynth -n 6 --dead-every 2 -o d.msp
	equal "$(mssort -r sta d.msp | msls | sort)" "$(msls d.msp | sort)"
	equal "$(mssort live,sta d.msp | stations)" "S0002 S0004 S0006 S0001 S0003 S0005 "
}

@test "mssort: bad option" { nine_bad_option mssort sta; }
@test "mssort: truncated input" { nine_truncated_writer mssort sta; }
@test "mssort: full output" { nine_full mssort sta; }
@test "mssort: SIGPIPE" { nine_sigpipe mssort sta; }
@test "mssort: terminal" { nine_tty mssort sta; }

@test "mssort: the result does not depend on memory, and no file is left" {
	mssynth -n 300 --npts 300 --ensembles 7 -o e.msp
	mssynth -n 300 --npts 300 --codes YY.L0001.00.BHZ | msset 'k=int(substr(sta, 3)) * 37 % 11' -o l.msp
	mkdir t
	for how in "-r sta" "k,-sta" "--ensembles -r ensemble"; do
		# shellcheck disable=SC2086
		mscat l.msp e.msp | mssort $how -o whole.msp
		for mem in 1 100k 1M; do
			# shellcheck disable=SC2086
			mscat l.msp e.msp | TMPDIR=$PWD/t mssort -q --max-mem $mem $how -o part.msp
			cmp <(msdump --json --samples whole.msp) <(msdump --json --samples part.msp)
			[ -z "$(ls -A t)" ]
		done
	done
	equal "$(mscat l.msp e.msp | mscheck --digest | cut -c 1-32)" "$(mscheck --digest part.msp | cut -c 1-32)"
}

@test "mssort: ensembles first, members sorted; then loose objects, sorted" {
	mssynth -n 4 --ensembles 2 -o e.msp
	mssynth -n 2 --codes YY.L0001.00.BHZ -o l.msp
	mscat l.msp e.msp | mssort -r sta -o s.msp
	equal "$(stations s.msp)" "S0002 S0001 S0004 S0003 L0002 L0001 "
	mscat e.msp l.msp | mssort --ensembles -r ensemble -o s.msp
	equal "$(stations s.msp)" "L0001 L0002 S0003 S0004 S0001 S0002 "
}

@test "mssort: no room for temporary files is a failure that names the place" {
	mssynth -n 10 --npts 1000 -o a.msp
	expect_sh 1 "TMPDIR=/nosuch mssort --max-mem 1k sta a.msp >out.msp"
	contains "$stderr" "/nosuch"
	expect 4 mscheck out.msp
	expect_sh 2 "mssort --segments sta a.msp >out.msp"
	expect 2 mssort 'sta chan' a.msp
	expect 2 mssort sta,sta a.msp
}

@test "mssort: a key that no object has is said" {
	mssynth -n 4 --ensembles 2 -o a.msp
	expect_sh 0 'mssort sta,nosuch,no.such a.msp | mscheck'
	equal "$stderr" "mssort: no object has a key \"nosuch\": it sorts nothing
mssort: no object has a key \"no.such\": it sorts nothing"
	expect_sh 0 'msset --optional "x=sta == \"S0003\" ? 1 : nosuch" a.msp 2>/dev/null | mssort x | mscheck'
	equal "$stderr" ""
	expect_sh 0 'mssort --ensembles nosuch a.msp | mscheck'
	contains "$stderr" "nosuch"
	expect_sh 0 'mssort -q nosuch a.msp | mscheck'
	equal "$stderr" ""
	expect_sh 0 'mssynth -n 0 | mssort nosuch | mscheck'
	equal "$stderr" ""
	expect_sh 0 "msread --sort nosuch $MSP_DATA/iu_anmo_bh3.mseed | mscheck"
	equal "$stderr" 'msread: no object has a key "nosuch": it sorts nothing'
}
