# msgrep: the nine cases, and what only it does.
load common

@test "msgrep: keeps what the expression is true for; ids and digests stay" {
	mssynth -n 5 -o a.msp
	msgrep 'sta == "S0002" || sta in ["S0004", "X"]' a.msp -o b.msp
	equal "$(msls -f '%{sta}' b.msp | tr '\n' ' ')" "S0002 S0004 "
	equal "$(msls -f '%{id}' b.msp)" "$(msls -f '%{id}' a.msp | sed -n '2p;4p')"
	equal "$(msgrep true a.msp | mscheck --digest | cut -c 1-32)" "$(mscheck --digest a.msp | cut -c 1-32)"
}

@test "msgrep: -v inverts, so that both together are all" {
	mssynth -n 50 --dead-every 7 --ensembles 5 -o a.msp
	e='sta > "S0020" && live'
	msgrep "$e" a.msp -o yes.msp
	msgrep -v "$e" a.msp -o no.msp
	equal "$(cat yes.msp no.msp | msls -f '%{sta}' | grep S | sort)" "$(msls -f '%{sta}' a.msp | grep S | sort)"
	equal "$(msls -f '%{sta}' yes.msp | grep -c S)" 25
}

@test "msgrep: empty input" { nine_empty msgrep true; }
@test "msgrep: no input" { nine_no_input msgrep true; }

@test "msgrep: one object, kept or not" {
	mssynth -n 1 -o one.msp
	equal "$(msgrep 'npts > 5' one.msp | stream_counts -)" "1 0"
	equal "$(msgrep 'npts < 5' one.msp | stream_counts -)" "0 0"
}

@test "msgrep: dead objects are selected like others, and live is a key" {
	mssynth -n 6 --dead-every 3 -o d.msp
	equal "$(msgrep 'sta > "S0003"' d.msp | stream_counts -)" "2 1"
	equal "$(msgrep live d.msp | stream_counts -)" "4 0"
	equal "$(msgrep '!live' d.msp | msls)" "$(msls d.msp | grep DEAD)"
}

@test "msgrep: bad option" { nine_bad_option msgrep true; }
@test "msgrep: truncated input" { nine_truncated_writer msgrep true; }
@test "msgrep: full output" { nine_full msgrep true; }
@test "msgrep: SIGPIPE" { nine_sigpipe msgrep true; }
@test "msgrep: terminal" { nine_tty msgrep true; }

@test "msgrep: an ensemble of which nothing is kept goes; one that was empty stays" {
	mssynth -n 6 --ensembles 3 -o e.msp
	msgrep 'sta == "S0003"' e.msp -o one.msp
	equal "$(msdump --json one.msp | jq -r .kind | tr '\n' ' ')" "ensemble timeseries ensemble_end "
	equal "$(msdump --json one.msp | jq -r 'select(.kind == "ensemble") | .metadata.ensemble')" 2
	equal "$(msgrep false e.msp | msdump --json)" ""
	mssynth -n 0 --ensembles 2 -o none.msp
	equal "$(msgrep false none.msp | mscheck --digest | cut -c 1-32)" "$(mscheck --digest none.msp | cut -c 1-32)"
}

@test "msgrep: --ensembles keeps whole ensembles by their own metadata, and loose objects" {
	mssynth -n 6 --ensembles 3 -o e.msp
	mssynth -n 1 --codes YY.LOOSE.00.BHZ -o l.msp
	mscat e.msp l.msp | msgrep --ensembles 'ensemble != 2' -o k.msp
	equal "$(msls -f '%{sta}' k.msp | grep '[SL]' | tr '\n' ' ')" "S0001 S0002 S0005 S0006 LOOSE "
	mscat e.msp l.msp | msgrep --ensembles -v 'ensemble != 2' -o k.msp
	equal "$(msls -f '%{sta}' k.msp | grep '[SL]' | tr '\n' ' ')" "S0003 S0004 LOOSE "
}

@test "msgrep: segments stay one to one" {
	mssynth -n 40 --npts 500 --segment 20k -o a.msp
	msgrep 'sta > "S0010"' a.msp -o b.msp
	equal "$(grep -ac 'MSP SEGMENT END' b.msp)" "$(grep -ac 'MSP SEGMENT END' a.msp)"
	expect_sh 0 "mscat --segments a.msp | msgrep --segments 'sta > \"S0010\"' | mscheck --digest - | cut -c 1-32"
	equal "$output" "$(mscheck --digest b.msp | cut -c 1-32)"
}

@test "msgrep: undefined keys and wrong types are counted, once per object, and -q is quiet" {
	mssynth -n 3 -o a.msp
	expect_sh 0 "msgrep 'site.lat > 5 || site.lat < 3 || sta < 5' a.msp >/dev/null"
	equal "$stderr" "msgrep: 3 objects have no key \"site.lat\": their comparisons were false
msgrep: 3 objects: \"sta < 5\" has operands of the wrong type"
	expect_sh 0 "mssynth | msgrep 'gone == 5 || npts / 0 > 1' >/dev/null"
	equal "$stderr" "msgrep: 1 object has no key \"gone\": their comparisons were false
msgrep: 1 object: \"npts / 0\" has no value"
	expect_sh 0 "msgrep -q 'gone == 5' a.msp >/dev/null"
	equal "$stderr" ""
	expect_sh 0 "msgrep 'defined(gone) && gone == 5' a.msp >/dev/null"
	equal "$stderr" ""
}

@test "msgrep: a wrong expression is refused with its place, before anything is written" {
	mssynth -o a.msp
	expect 2 msgrep -o out.msp 'sta == && chan' a.msp
	equal "$stderr" 'msgrep: sta == && chan
msgrep:        ^
msgrep: expected a value at column 8, near "&& chan"'
	[ ! -e out.msp ]
	expect 2 msgrep 'npts * 2' a.msp
	contains "$stderr" "a condition is needed, not a number"
	expect 2 msgrep "$(printf '(%.0s' $(seq 10000))1" a.msp
	contains "$stderr" "nested too deeply"
	expect 2 msgrep
	contains "$stderr" "EXPR"
	expect 2 msgrep 'starttime > "yesterday"' a.msp
	contains "$stderr" "yesterday"
}

@test "msgrep: times of real recordings" {
	msread "$MSP_DATA/iu_anmo_bh3.mseed" "$MSP_DATA/ta_034a_bhe.mseed" "$MSP_DATA/ta_abtx_bhn.mseed" -o r.msp
	equal "$(msgrep 'starttime < "2010-12-31"' r.msp | stream_counts -)" "$(msls -f '%{starttime}' r.msp | grep -c ^2010) 0"
	equal "$(msgrep 'starttime >= "2011-001"' r.msp | stream_counts -)" "$(msls -f '%{starttime}' r.msp | grep -c ^2011) 0"
}
