# mswindow: the nine cases, and what only it does.
load common

more_setup()
{
	mssynth -n 2 --npts 1000 --rate 100 --start 2020-01-01T00:00:00Z -o a.msp
}

@test "mswindow: seconds after the start" {
	mswindow 2 3 a.msp -o b.msp
	equal "$(msls -f '%{npts} %{starttime}' b.msp | sort -u)" "101 2020-01-01T00:00:02Z"
	mscheck --full b.msp
	equal "$(msdump --json --samples b.msp | jq -c .samples)" "$(msdump --json --samples a.msp | jq -c '.samples[200:301]')"
	mswindow 2000ms 0.05min a.msp -o c.msp
	equal "$(msls -f '%{id}' b.msp)" "$(msls -f '%{id}' c.msp)"
}

@test "mswindow: times" {
	mswindow 2020-01-01T00:00:02Z 2020-001T00:00:03 a.msp -o b.msp
	equal "$(msls -f '%{npts} %{starttime}' b.msp | sort -u)" "101 2020-01-01T00:00:02Z"
	mswindow 2020-01-01T00:00:02.006 2020-01-01T00:00:03 a.msp -o b.msp
	equal "$(msls -f '%{npts} %{starttime}' b.msp | sort -u)" "100 2020-01-01T00:00:02.010Z"
	expect 2 mswindow 2 2020-01-01T00:00:03 a.msp
	contains "$stderr" "both"
	expect 2 mswindow --ref zero 2020-01-01T00:00:02Z 2020-01-01T00:00:03Z a.msp
}

@test "mswindow: after a key; negative seconds" {
	msset 'arrival=starttime + 5' a.msp -o k.msp
	mswindow --ref arrival -1 1 k.msp -o b.msp
	equal "$(msls -f '%{npts} %{starttime}' b.msp | sort -u)" "201 2020-01-01T00:00:04Z"
	mswindow --ref nokey 0 1 k.msp -o b.msp
	equal "$(stream_counts b.msp)" "0 2"
	contains "$(msls b.msp)" "key 'nokey' is undefined"
	mswindow --ref zero 0 1 k.msp -o b.msp
	equal "$(stream_counts b.msp)" "0 2"
}

@test "mswindow: short data" {
	mswindow 5 15 a.msp -o kill.msp
	equal "$(stream_counts kill.msp)" "0 2"
	contains "$(msls kill.msp)" "the window ends 501 samples after the data"
	mswindow --short truncate -1 15 a.msp -o cut.msp
	equal "$(msls -f '%{npts} %{starttime}' cut.msp | sort -u)" "1000 2020-01-01T00:00:00Z"
	mswindow --short pad -1 15 a.msp -o pad.msp
	equal "$(msls -f '%{npts} %{starttime}' pad.msp | sort -u)" "1601 2019-12-31T23:59:59Z"
	for f in cut pad; do
		equal "$(stream_counts $f.msp)" "2 0"
		equal "$(msdump --json $f.msp | jq -r '.elog[].badness' | sort -u)" Complaint
	done
	msdump --json --samples pad.msp | jq -e '[.samples[:100][], .samples[1100:][]] | all(. == 0)' >/dev/null
	for short in kill truncate pad; do
		mswindow --short $short 11 12 a.msp -o out.msp
		equal "$(stream_counts out.msp)" "0 2"
		contains "$(msls out.msp)" "the window is wholly outside the data"
	done
}

@test "mswindow: the type of the samples stays" {
	for type in i32 f32 f64; do
		for kind in timeseries seismogram; do
			mssynth -n 1 --npts 100 --rate 1 --type $type --kind $kind -o t.msp
			mswindow 10 20 t.msp -o w.msp
			mscheck --full w.msp
			[ "$kind" = seismogram ] ||
				equal "$(msdump --json --samples w.msp | jq -c .samples)" "$(msdump --json --samples t.msp | jq -c '.samples[10:21]')"
			[ "$kind" = timeseries ] ||
				equal "$(msdump --json --samples w.msp | jq -c .samples)" "$(msdump --json --samples t.msp | jq -c '[.samples[][10:21]]')"
		done
	done
}

@test "mswindow: twice is once" {
	mswindow 1 9 a.msp | mswindow 1 3 | msdump --json --samples | jq -c .samples >twice
	mswindow 2 4 a.msp | msdump --json --samples | jq -c .samples >once
	cmp twice once
}

@test "mswindow: empty input" { nine_empty mswindow 0 1; }
@test "mswindow: no input" { nine_no_input mswindow 0 1; }

@test "mswindow: one object, one sample" {
	mssynth -n 1 --npts 1 | mswindow 0 0 -o one.msp
	equal "$(stream_counts one.msp)" "1 0"
}

@test "mswindow: dead objects pass" {
	mssynth -n 6 --npts 1000 --dead-every 2 | mswindow 0 1 -o e.msp
	equal "$(stream_counts e.msp)" "3 3"
}

@test "mswindow: bad options and operands" {
	nine_bad_option mswindow 0 1
	expect 2 mswindow
	expect 2 mswindow 1
	for bad in '2 1' 'x y' '0 inf' '0 1e300' '--short no 0 1' '--ref= 0 1'; do
		expect 2 mswindow $bad a.msp
		[ -n "$stderr" ]
	done
}

@test "mswindow: truncated input" { nine_truncated_writer mswindow 0 1; }
@test "mswindow: full output" { nine_full mswindow 0 1; }
@test "mswindow: SIGPIPE" { nine_sigpipe mswindow 0 20; }
@test "mswindow: terminal" { nine_tty mswindow 0 1; }
