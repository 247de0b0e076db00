# msdetrend: the nine cases, and what only it does.
load common

@test "msdetrend: a mean of zero, whatever the trend" {
	mssynth -n 3 --npts 500 --signal walk -o a.msp
	for trend in --demean --linear --simple '--polynomial 3' -m -l -s '-p 0'; do
		msdetrend $trend a.msp -o b.msp
		equal "$(stream_counts b.msp)" "3 0"
		mscheck --full b.msp
		[ "${trend#*s}" != "$trend" ] || msdump --json --samples b.msp |
			jq -e '(.samples | add / length | fabs) < 1e-9' >/dev/null
	done
}

@test "msdetrend: first and last sample are zero after --simple" {
	mssynth -n 1 --npts 100 --type i32 | msdetrend --simple | msdump --json --samples |
		jq -e '.samples | (.[0] | fabs) < 1e-9 and (.[99] | fabs) < 1e-9' >/dev/null
}

@test "msdetrend: every component of a seismogram" {
	mssynth -n 1 --npts 100 --kind seismogram | msdetrend --linear | msdump --json --samples |
		jq -e '[.samples[] | (add | fabs) < 1e-9] | all and length == 3' >/dev/null
}

@test "msdetrend: integers become doubles, ids change, times stay" {
	mssynth -n 1 --type i32 -o a.msp
	msdetrend -m a.msp -o b.msp
	[ "$(msls -f '%{id}' a.msp)" != "$(msls -f '%{id}' b.msp)" ]
	equal "$(msls -f '%{starttime} %{npts}' a.msp)" "$(msls -f '%{starttime} %{npts}' b.msp)"
}

@test "msdetrend: empty input" { nine_empty msdetrend -m; }
@test "msdetrend: no input" { nine_no_input msdetrend -m; }

@test "msdetrend: one object" {
	mssynth -n 1 | msdetrend -l -o one.msp
	equal "$(stream_counts one.msp)" "1 0"
}

@test "msdetrend: dead objects pass" {
	mssynth -n 6 --dead-every 2 -o d.msp
	msdetrend -l d.msp -o e.msp
	equal "$(stream_counts e.msp)" "3 3"
}

@test "msdetrend: bad option" {
	nine_bad_option msdetrend -m
	mssynth -n 1 -o a.msp
	expect 2 msdetrend a.msp
	contains "$stderr" "which trend?"
	expect 2 msdetrend --linear --demean a.msp
	contains "$stderr" "--linear"
	contains "$stderr" "--demean"
	expect 2 msdetrend --polynomial 31 a.msp
	expect 2 msdetrend --polynomial x a.msp
}

@test "msdetrend: truncated input" { nine_truncated_writer msdetrend -m; }
@test "msdetrend: full output" { nine_full msdetrend -m; }
@test "msdetrend: SIGPIPE" { nine_sigpipe msdetrend -m; }
@test "msdetrend: terminal" { nine_tty msdetrend -m; }

@test "msdetrend: too few samples kill" {
	mssynth -n 1 --npts 1 | msdetrend --linear -o short.msp
	equal "$(stream_counts short.msp)" "0 1"
	contains "$(msls short.msp)" "1 sample: this trend needs 2"
	mssynth -n 1 --npts 1 -o one.msp
	expect 3 msdetrend --linear --strict-data one.msp
	msdetrend --demean --strict-data one.msp | mscheck
}
