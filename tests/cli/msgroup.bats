# msgroup: the nine cases, and what only it does.
load common

# "[1 S0001 S0004 ] [2 ...": each ensemble's k, and its stations
shape()
{
	msdump --json "${1:--}" | jq -r 'if .kind == "ensemble" then "[\(.metadata.k)" elif .kind == "timeseries" then .metadata.sta
		else "]" end' | tr '\n' ' '
}

more_setup()
{
	if command -v msset >/dev/null; then mssynth -n 6 | msset 'k=int(substr(sta, 4)) % 3' -o a.msp; fi
}

@test "msgroup: groups by first appearance; ids stay" {
	msgroup k a.msp -o g.msp
	equal "$(msls -f '%{sta}' g.msp | grep S | tr '\n' ' ')" "S0001 S0004 S0002 S0005 S0003 S0006 "
	equal "$(msdump --json g.msp | jq -c 'select(.kind == "ensemble") | .metadata' | tr '\n' ' ')" '{"k":1} {"k":2} {"k":0} '
	mscheck --full g.msp
}

@test "msgroup: --undo gives the objects as they were" {
	equal "$(msgroup k,net a.msp | msgroup --undo | mscheck --digest | cut -c 1-32)" "$(mscheck --digest a.msp | cut -c 1-32)"
}

@test "msgroup: --undo copies what a member lacks, and what it has stays" {
	mssynth -n 4 --ensembles 2 | msset --ensembles 'sta="other"' 'event.id=ensemble' -o e.msp
	msgroup --undo e.msp -o u.msp
	equal "$(msls -f '%{sta} %{ensemble} %{event.id}' u.msp)" "S0001 1 1
S0002 1 1
S0003 2 2
S0004 2 2"
	[ "$(msls -f '%{id}' u.msp | sort -u | wc -l)" -eq 4 ]
	run ! grep -qF "$(msls -f '%{id}' u.msp | head -n 1)" <(msls -f '%{id}' e.msp)
}

@test "msgroup: empty input" { nine_empty msgroup k; }
@test "msgroup: no input" { nine_no_input msgroup k; }

@test "msgroup: one object" {
	mssynth | msgroup sta -o g.msp
	equal "$(stream_counts g.msp)" "1 0"
	equal "$(msdump --json g.msp | jq -c 'select(.kind == "ensemble") | .metadata')" '{"sta":"S0001"}'
}

@test "msgroup: dead objects are grouped like others" {
	mssynth -n 4 --dead-every 2 -o d.msp
	equal "$(msgroup net d.msp | stream_counts -)" "2 2"
	equal "$(msgroup net d.msp | msgroup --undo | mscheck --digest | cut -c 1-32)" "$(mscheck --digest d.msp | cut -c 1-32)"
}

@test "msgroup: bad option" { nine_bad_option msgroup k; }
@test "msgroup: truncated input" { nine_truncated_writer msgroup k; }
@test "msgroup: truncated input, --undo" { nine_truncated_writer msgroup --undo; }
@test "msgroup: full output" { nine_full msgroup sta; }
@test "msgroup: SIGPIPE" { nine_sigpipe msgroup sta; }
@test "msgroup: terminal" { nine_tty msgroup sta; }

@test "msgroup: --sorted streams, and fails if a group comes back" {
	mssort k a.msp | msgroup --sorted k -o g.msp
	mssort k a.msp | msgroup k -o h.msp
	cmp <(msdump --json g.msp) <(msdump --json h.msp)
	expect_sh 1 "msgroup --sorted k a.msp >out.msp"
	contains "$stderr" "S0004"
	contains "$stderr" "mssort"
	expect 4 mscheck out.msp
	expect 2 msgroup --sorted --undo a.msp
}

@test "msgroup: the result does not depend on memory" {
	mssynth -n 400 --npts 500 | msset 'k=int(substr(sta, 3)) * 37 % 11' -o b.msp
	msgroup k b.msp -o whole.msp
	for mem in 20k 1M; do
		msgroup --max-mem $mem k b.msp -o part.msp
		cmp <(msdump --json --samples whole.msp) <(msdump --json --samples part.msp)
	done
	expect_sh 1 "msgroup --max-mem 10 k b.msp >out.msp"
	contains "$stderr" "--max-mem"
}

@test "msgroup: objects without the key are a group of their own, and counted" {
	mscat a.msp <(mssynth -n 2 --codes YY.L0001.00.BHZ) -o b.msp
	expect_sh 0 "msgroup k b.msp >g.msp"
	contains "$stderr" "2 objects lack a key of k"
	equal "$(msdump --json g.msp | jq -c 'select(.kind == "ensemble") | .metadata' | tr '\n' ' ')" '{"k":1} {"k":2} {"k":0} {} '
}

@test "msgroup: 1 and 1.0 agree, 1 and \"1\" do not" {
	mssynth -n 3 | msset 'k=sta == "S0001" ? 1 : sta == "S0002" ? 1.0 : "1"' | msgroup k -o g.msp
	equal "$(msdump --json g.msp | jq -c 'select(.kind == "ensemble") | .metadata.k' | tr '\n' ' ')" '1 "1" '
}

@test "msgroup: brackets of the input go" {
	mssynth -n 4 --ensembles 2 | msgroup net -o g.msp
	equal "$(msdump --json g.msp | jq -c 'select(.kind == "ensemble") | .metadata')" '{"net":"XX"}'
	equal "$(msls -f '%{ensemble}' g.msp | grep -E '^[12]$' | tr '\n' ' ')" "1 1 2 2 "
}

@test "msgroup: keys are asked for, and checked" {
	expect 2 msgroup
	contains "$stderr" "KEYS"
	expect 2 msgroup 'a,,b' a.msp
	expect 2 msgroup -- -k a.msp
	expect 2 msgroup --segments k a.msp
}
