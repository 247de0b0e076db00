# msstack: the nine cases, and what only it does.
load common

@test "msstack: one stack for each ensemble" {
	mssynth -n 6 --npts 100 --ensembles 2 -o e.msp
	msstack --sum e.msp -o s.msp
	mscheck --full s.msp
	equal "$(stream_counts s.msp)" "2 0"
	equal "$(msls -f '%{fold} %{npts}' s.msp | sort -u)" "3 100"
	want=$(msdump --json --samples e.msp | jq -c 'select(.samples) | .samples' | head -n 3 | jq -sc 'transpose | map(add)')
	got=$(msdump --json --samples s.msp | jq -c .samples | head -n 1)
	jq -ne --argjson a "$want" --argjson b "$got" '[$a, $b] | transpose | all((.[0] - .[1] | fabs) < 1e-9)' >/dev/null
}

@test "msstack: one of the whole stream where there are no ensembles" {
	mssynth -n 5 --npts 50 -o a.msp
	for op in --mean --sum --median --rms; do
		msstack $op a.msp -o s.msp
		equal "$(msls -f '%{fold} %{npts} %{live}' s.msp)" "5 50 true"
	done
	# the mean of equal series is the series
	mssynth -n 1 --npts 50 -o one.msp
	for year in 2001 2002; do mssynth -n 1 --npts 50 --start $year-01-01 -o $year.msp; done
	cat one.msp 2001.msp 2002.msp | msstack | msdump --json --samples | jq -c .samples >mean
	msdump --json --samples one.msp | jq -c .samples | cmp - mean
}

@test "msstack: weights" {
	mssynth -n 2 --npts 20 -o a.msp
	msset 'w=2' a.msp | msstack --weights w | msdump --json --samples | jq -c '.samples | map(. * 1e6 | round)' >w
	msstack a.msp | msdump --json --samples | jq -c '.samples | map(. * 1e6 | round)' | cmp - w
	msstack --weights nokey a.msp -o s.msp
	equal "$(stream_counts s.msp)" "0 3"
	contains "$(msls s.msp)" "no weight: key 'nokey' is undefined"
	contains "$(msls s.msp)" "no live member"
}

@test "msstack: alignment and span" {
	mssynth -n 1 --npts 100 --rate 10 --start 2020-01-01T00:00:00Z -o a.msp
	mssynth -n 1 --npts 100 --rate 10 --start 2020-01-01T00:00:05Z -o b.msp
	equal "$(cat a.msp b.msp | msstack --align zero | msls -f '%{npts} %{starttime} %{fold}')" "50 2020-01-01T00:00:05Z 2"
	equal "$(cat b.msp a.msp | msstack --align zero --span all | msls -f '%{npts} %{starttime}')" "150 2020-01-01T00:00:00Z"
	equal "$(cat b.msp a.msp | msstack | msls -f '%{npts} %{starttime}')" "100 2020-01-01T00:00:00Z"
}

@test "msstack: what cannot enter is killed, written, and not in the fold" {
	mssynth -n 2 --npts 50 --rate 20 -o a.msp
	mssynth -n 1 --npts 50 --rate 40 -o b.msp
	mssynth -n 2 --npts 50 --dead-every 2 -o d.msp
	cat a.msp b.msp d.msp | msstack -o s.msp
	equal "$(stream_counts s.msp)" "1 2"
	equal "$(msgrep live s.msp | msls -f '%{fold}')" 3
	contains "$(msls s.msp)" "sample interval 0.025 s is not that of the stack, 0.05 s"
	mscheck s.msp
	cat a.msp b.msp >ab.msp
	expect 3 msstack --strict-data ab.msp
}

@test "msstack: an ensemble of the dead gives a dead stack with its reason" {
	mssynth -n 4 --npts 50 --ensembles 2 --dead-every 1 -o dead.msp
	msstack dead.msp -o s.msp
	equal "$(stream_counts s.msp)" "0 6"
	contains "$(msls s.msp)" "no live member"
	equal "$(msls -f '%{id}' s.msp | sort | uniq -d)" ""
}

@test "msstack: common metadata stay, others go" {
	mssynth -n 3 --npts 50 -o a.msp
	msset 'event="maule"' a.msp | msstack -o s.msp
	msdump --json s.msp | jq -e '.metadata.event == "maule" and .metadata.fold == 3 and .metadata.sta == null' >/dev/null
}

@test "msstack: ids and history do not depend on the order or on --history" {
	mssynth -n 3 --npts 50 -o a.msp
	msstack a.msp -o s.msp
	mssort -r sta a.msp | msstack --history full -o r.msp || mssort sta a.msp | msstack --history full -o r.msp
	equal "$(msls -f '%{id}' s.msp)" "$(msls -f '%{id}' r.msp)"
	equal "$(msls -f '%{id}' s.msp)" "$(msstack --mean a.msp | msls -f '%{id}')"
	[ "$(msls -f '%{id}' s.msp)" != "$(msstack --sum a.msp | msls -f '%{id}')" ]
	equal "$(mscheck --digest s.msp | cut -c 1-32)" "$(msstack --history full a.msp | mscheck --digest | cut -c 1-32)"
}

@test "msstack: memory" {
	mssynth -n 20 --npts 10000 -o a.msp
	expect 1 msstack --median --max-mem 1M a.msp -o s.msp
	contains "$stderr" "--max-mem"
	[ ! -e s.msp ]
	expect 0 msstack --median --max-mem 2M a.msp -o s.msp
	expect 0 msstack --sum --max-mem 100k a.msp -o s.msp
}

@test "msstack: --segments: ensembles only" {
	mssynth -n 4 --npts 50 --ensembles 2 -o e.msp
	expect 0 msstack --segments e.msp -o s.msp
	mssynth -n 4 --npts 50 -o a.msp
	expect 2 msstack --segments a.msp -o s2.msp
	contains "$stderr" "--segments"
}

@test "msstack: empty input" { nine_empty msstack; }
@test "msstack: empty input gives an empty stream" {
	mssynth -n 0 | msstack -o s.msp
	equal "$(stream_counts s.msp)" "0 0"
}
@test "msstack: no input" { nine_no_input msstack; }

@test "msstack: one object" {
	mssynth -n 1 | msstack -o one.msp
	equal "$(stream_counts one.msp)" "1 0"
}

@test "msstack: bad option" {
	nine_bad_option msstack
	mssynth -n 1 -o a.msp
	expect 2 msstack --sum --mean a.msp
	expect 2 msstack --align never a.msp
	expect 2 msstack --max-mem lots a.msp
}

@test "msstack: truncated input" { nine_truncated_writer msstack; }
@test "msstack: full output" { nine_full msstack; }

@test "msstack: SIGPIPE" {
	mssynth -n 400 --npts 5000 --ensembles 200 -o big.msp
	expect_sh 0 'msstack big.msp 2>err | head -c 10 >/dev/null; s=${PIPESTATUS[0]}; [ $s = 141 ] || { echo status $s; cat err; exit 1; }; [ ! -s err ]'
}
@test "msstack: terminal" { nine_tty msstack; }
