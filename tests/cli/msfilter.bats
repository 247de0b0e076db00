# msfilter: the nine cases, and what only it does.
load common

@test "msfilter: all bands, types and both phases give live data" {
	mssynth -n 2 --npts 300 --rate 20 -o a.msp
	for band in '--bandpass 0.5,2' '--highpass 1' '--lowpass 500mHz' '--bandstop 1,2Hz'; do
		for type in butterworth bessel chebyshev1:0.5 chebyshev2:40; do
			for phase in '' --zero-phase; do
				msfilter $band --type $type $phase -n 3 a.msp -o b.msp
				equal "$(stream_counts b.msp)" "2 0"
			done
		done
	done
	mscheck --full b.msp
}

@test "msfilter: a sine in the band stays, one outside goes" {
	amplitude() { msdump --json --samples "$1" | jq '[.samples[1000:] | .[] | fabs] | max * 1000 | round'; }
	mssynth -n 1 --npts 4000 --rate 20 --signal sine:1 -o sine.msp
	full=$(amplitude sine.msp)
	msfilter --bandpass 0.3,3 -o in.msp sine.msp
	msfilter --bandpass 4,8 -o out.msp sine.msp
	msfilter --bandstop 0.5,2 -o stop.msp sine.msp
	[ "$(amplitude in.msp)" -ge $((full * 99 / 100)) ]
	[ "$(amplitude out.msp)" -le $((full / 50)) ]
	[ "$(amplitude stop.msp)" -le $((full / 50)) ]
}

@test "msfilter: the same filter however it is spelled has the same id" {
	mssynth -n 1 -o a.msp
	msfilter --bandpass 0.010,2 --type chebyshev1:1.0 a.msp -o b.msp
	msfilter -b 10mHz,2Hz -t chebyshev1:1 -n 4 a.msp -o c.msp
	equal "$(msls -f '%{id}' b.msp)" "$(msls -f '%{id}' c.msp)"
	msfilter -b 10mHz,2Hz -t chebyshev1:2 a.msp -o d.msp
	[ "$(msls -f '%{id}' b.msp)" != "$(msls -f '%{id}' d.msp)" ]
	msfilter --bandpass 0.01,2 a.msp -o e.msp
	msfilter --bandpass 0.01,2 --type butterworth --corners 4 a.msp -o f.msp
	equal "$(mscheck --digest e.msp | cut -c 1-32)" "$(mscheck --digest f.msp | cut -c 1-32)"
}

@test "msfilter: objects of different rates are each filtered for theirs" {
	mssynth -n 1 --rate 20 -o a.msp
	mssynth -n 1 --rate 50 -o b.msp
	mssynth -n 1 --rate 20 --seed 2 -o c.msp
	for f in a b c; do msfilter -L 1 $f.msp; done | msdump --json --samples >apart
	cat a.msp b.msp c.msp | msfilter -L 1 | msdump --json --samples >together
	cmp apart together
	cat a.msp b.msp | msfilter --lowpass 15 -o d.msp
	equal "$(stream_counts d.msp)" "1 1"
	contains "$(msls d.msp)" "corner 15 Hz is at or above the Nyquist frequency 10 Hz"
}

@test "msfilter: a seismogram's components are filtered alike" {
	mssynth -n 1 --npts 200 --kind seismogram | msfilter -H 1 | msdump --json --samples |
		jq -e '.samples | length == 3 and (map(length) | unique == [200])' >/dev/null
}

@test "msfilter: empty input" { nine_empty msfilter -L 1; }
@test "msfilter: no input" { nine_no_input msfilter -L 1; }

@test "msfilter: one object" {
	mssynth -n 1 | msfilter -L 1 -o one.msp
	equal "$(stream_counts one.msp)" "1 0"
}

@test "msfilter: dead objects pass" {
	mssynth -n 6 --dead-every 2 -o d.msp
	msfilter -L 1 d.msp -o e.msp
	equal "$(stream_counts e.msp)" "3 3"
}

@test "msfilter: bad options" {
	nine_bad_option msfilter -L 1
	mssynth -n 1 -o a.msp
	expect 2 msfilter a.msp
	contains "$stderr" "which band?"
	expect 2 msfilter -L 1 -H 2 a.msp
	for bad in '--bandpass 2,1' '--bandpass 1,1' '--bandpass 1' '--lowpass 0' '--lowpass -1' '--lowpass nan' \
		'-L 1 -n 0' '-L 1 -n 11' '-L 1 -t butter' '-L 1 -t butterworth:3' '-L 1 -t chebyshev1' '-L 1 -t chebyshev2:' \
		'-L 1 -t chebyshev1:-1' '-L 1 -t chebyshev1:1dB'; do
		expect 2 msfilter $bad a.msp
		[ -n "$stderr" ]
	done
}

@test "msfilter: truncated input" { nine_truncated_writer msfilter -L 1; }
@test "msfilter: full output" { nine_full msfilter -L 1; }
@test "msfilter: SIGPIPE" { nine_sigpipe msfilter -L 1; }
@test "msfilter: terminal" { nine_tty msfilter -L 1; }
