# mshistory: the nine cases, and what only it does.
load common

@test "mshistory: a line a stage" {
	mssynth -n 2 | msdetrend --demean | msfilter --lowpass 2 -o a.msp
	expect 0 mshistory a.msp
	equal "$(printf '%s\n' "$output" | cut -f 1,2)" "$(printf '1\tmssynth --count 2\n2\tmsdetrend --demean\n3\tmsfilter --lowpass 2')"
}

@test "mshistory: empty stream has a history, too" {
	nine_empty mshistory
	contains "$output" "mssynth --count 0"
}
@test "mshistory: no input" { nine_no_input mshistory; }

@test "mshistory: one object" {
	mssynth -n 1 | mshistory | grep -q 'mssynth --count 1'
}

@test "mshistory: dead objects are no matter" {
	mssynth -n 2 --dead-every 1 | mshistory | grep -q 'dead-every 1'
}

@test "mshistory: bad option" { nine_bad_option mshistory; }
@test "mshistory: truncated input" { nine_truncated mshistory; }
@test "mshistory: full output" { nine_full mshistory; }

@test "mshistory: SIGPIPE" {
	mssynth -n 1 -o a.msp
	expect_sh 0 'trap "" CHLD; (mshistory a.msp; echo $? >code) 2>err | true; [ ! -s err ]'
	case $(cat code) in 0 | 141) ;; *) false ;; esac
}

@test "mshistory: text goes to a terminal" {
	mssynth -n 1 -o a.msp
	script -qec 'mshistory a.msp' /dev/null </dev/null | grep -q mssynth
}

@test "mshistory: --sh runs again to the same digest, by another road" {
	mssynth -n 4 --seed 3 | msdetrend --linear | msfilter --bandpass 0.5,2 --zero-phase | mswindow 1 20 -o a.msp
	mshistory --sh a.msp >again.sh
	equal "$(sh again.sh | mscheck --digest | cut -c 1-32)" "$(mscheck --digest a.msp | cut -c 1-32)"
}

@test "mshistory: where streams met, --sh is a graph that runs again" {
	mssynth -n 2 --seed 1 | msfilter --lowpass 2 -o a.msp
	mssynth -n 2 --seed 2 --codes 'YY.B..BHZ' | msdetrend --demean -o b.msp
	cat a.msp b.msp | mssort -- -sta | msstack -o c.msp
	mshistory --sh c.msp >again.sh
	equal "$(sh again.sh | mscheck --digest | cut -c 1-32)" "$(mscheck --digest c.msp | cut -c 1-32)"
	equal "$(mshistory c.msp | wc -l)" 6
}

@test "mshistory: options that do not change the result are not in it; odd words are quoted" {
	mssynth -n 2 --level 9 -o a.msp
	msset "note='it''s'" a.msp -o b.msp || msset 'note="it'"'"'s $HOME"' a.msp -o b.msp
	mshistory b.msp >said
	run ! grep -q -e --level said
	run ! grep -q a.msp said
	mshistory --sh b.msp >again.sh
	equal "$(sh again.sh | mscheck --digest | cut -c 1-32)" "$(mscheck --digest b.msp | cut -c 1-32)"
}

@test "mshistory: --json is JSON, --dot is a graph" {
	mssynth -n 1 | msfilter --lowpass 2 -o a.msp
	mshistory --json a.msp >h.json
	python3 -c 'import json; d = json.load(open("h.json")); assert [s["tool"] for s in d["stages"]] == ["mssynth", "msfilter"] and d["stages"][1]["in"] == [0]'
	expect 0 mshistory --dot a.msp
	contains "$output" "s0 -> s1;"
	expect 2 mshistory --dot --json a.msp
	contains "$stderr" "--dot and --json exclude each other"
}

@test "mshistory: equal numbers, written differently, are the same stage" {
	mssynth -n 1 -o a.msp
	equal "$(msfilter --bandpass 0.010,2.0 a.msp | msls -f '%{id}')" "$(msfilter --bandpass 0.01,2000mHz --corners 4 a.msp | msls -f '%{id}')"
	[ "$(msfilter --bandpass 0.01,2 a.msp | msls -f '%{id}')" != "$(msfilter --bandpass 0.01,2.1 a.msp | msls -f '%{id}')" ]
}

@test "mshistory: odd names neither break a line nor drive a terminal, and --json is valid" {
	name=$(printf 'a\033[31m\nb\377')
	cp "$MSP_DATA/iu_anmo_bh3.mseed" "$name"
	msread "$name" | msfilter --lowpass 2 -o a.msp
	equal "$(mshistory a.msp | cut -f 2)" "$(printf "msread 'a?[31m?b?'\nmsfilter --lowpass 2")"
	mshistory --json a.msp | python3 -c 'import json, sys; d = json.loads(sys.stdin.buffer.read().decode("utf-8", "strict")); assert d["stages"][0]["argv"] == ["msread", "a\x1b[31m\nb\ufffd"]'
	mshistory --dot a.msp | grep -qF "s0 [label=\"msread 'a?[31m?b?'\"];"
	equal "$(mshistory --sh a.msp | sh | mscheck --digest | cut -c 1-32)" "$(mscheck --digest a.msp | cut -c 1-32)"
}
