# msset: the nine cases, and what only it does.
load common

# metadata of the data objects, one document a line
meta() { msdump --json "${1:--}" | jq -c 'select(.kind == "timeseries") | .metadata'; }

@test "msset: assignments in order, then renames, then removals" {
	mssynth -n 2 -o a.msp
	msset -d loc --rename chan:cha 'label=net + "." + sta' 'twice=label + label' -d twice a.msp -o b.msp
	equal "$(meta b.msp)" '{"net":"XX","sta":"S0001","label":"XX.S0001","cha":"BHZ"}
{"net":"XX","sta":"S0002","label":"XX.S0002","cha":"BHZ"}'
}

@test "msset: types are kept" {
	mssynth --npts 1000 -o a.msp
	msset 'i=npts' 'd=npts / 2' 's="x"' 'b=i > 5' 'n=null' 't=starttime' 'site.lat=1.5' 'c=site' a.msp -o b.msp
	equal "$(meta b.msp | jq -c '[.i, .d, .s, .b, .n, .t, .site.lat, .c.lat]')" '[1000,500,"x",true,null,1577836800,1.5,1.5]'
	# an integer is no double
	equal "$(msgrep 'string(i) == "1000" && string(d) == "500"' b.msp | stream_counts -)" "1 0"
}

@test "msset: empty input" { nine_empty msset a=1; }
@test "msset: no input" { nine_no_input msset a=1; }

@test "msset: one object gets a new id, the same each time, whatever the spaces" {
	mssynth -o a.msp
	msset a=1+1 a.msp -o b.msp
	msset 'a =  1 + (1)' a.msp -o c.msp
	equal "$(msls -f '%{id}' b.msp)" "$(msls -f '%{id}' c.msp)"
	[ "$(msls -f '%{id}' a.msp)" != "$(msls -f '%{id}' b.msp)" ]
}

@test "msset: dead objects stay as they are" {
	mssynth -n 4 --dead-every 2 -o d.msp
	msset a=1 d.msp -o e.msp
	equal "$(msls e.msp | grep DEAD)" "$(msls d.msp | grep DEAD)"
	equal "$(meta e.msp | jq -c .a | tr '\n' ' ')" "1 null 1 null "
}

@test "msset: bad option" { nine_bad_option msset a=1; }
@test "msset: truncated input" { nine_truncated_writer msset a=1; }
@test "msset: full output" { nine_full msset a=1; }
@test "msset: SIGPIPE" { nine_sigpipe msset a=1; }
@test "msset: terminal" { nine_tty msset a=1; }

@test "msset: an undefined value kills with the reason; --optional skips" {
	mssynth -n 3 -o a.msp
	expect_sh 0 "msset 'd=depth * 2' a.msp >b.msp"
	equal "$(stream_counts b.msp)" "0 3"
	contains "$(msls b.msp)" 'key "depth" of the expression is undefined'
	contains "$stderr" '3 objects have no key "depth"'
	expect 3 msset --strict-data 'd=depth * 2' a.msp -o c.msp
	msset -q --optional 'd=depth * 2' a.msp -o d.msp
	equal "$(stream_counts d.msp)" "3 0"
	equal "$(meta d.msp)" "$(meta a.msp)"
}

@test "msset: fields: times and intervals change the object, others are refused" {
	mssynth -o a.msp
	msset 'starttime=starttime + 0.5' 'sampling_rate=10' a.msp -o b.msp
	equal "$(msdump --json b.msp | jq -c '[.starttime, .delta]')" '["2020-01-01T00:00:00.500Z",0.1]'
	for key in npts nsamp id kind ncomp endtime time_standard starttime_shift; do
		expect 2 msset "$key=1" a.msp
		contains "$stderr" "$key cannot be set"
	done
	expect 2 msset -d starttime a.msp
	contains "$stderr" "starttime"
	expect 2 msset --rename delta:dd a.msp
	contains "$stderr" "delta"
	expect_sh 0 "msset -q delta=0 a.msp | msls"
	contains "$output" "delta must be a number above 0"
	mssynth -n 3 -o l.msp
	expect_sh 0 "msset -q 'live=sta != \"S0002\"' l.msp | msls -f '%{sta} %{live}'"
	equal "$output" "S0001 true
S0002 false
S0003 true"
}

@test "msset: --rename takes the place of a key that is there, and leaves alone what has none" {
	mssynth -o a.msp
	msset --rename net:sta --rename gone:chan a.msp -o b.msp
	equal "$(meta b.msp)" '{"sta":"XX","loc":"00","chan":"BHZ"}'
	expect 2 msset --rename net a.msp
	expect 2 msset --rename net:net a.msp
	expect 2 msset --rename :x a.msp
}

@test "msset: --ensembles edits brackets and leaves members alone" {
	mssynth -n 4 --ensembles 2 -o e.msp
	msset --ensembles 'event=ensemble * 10' -d ensemble e.msp -o f.msp
	equal "$(msdump --json f.msp | jq -c 'select(.kind == "ensemble") | .metadata' | tr '\n' ' ')" '{"event":10} {"event":20} '
	equal "$(meta f.msp)" "$(meta e.msp)"
	equal "$(msls -f '%{id}' f.msp | sed -n 2p)" "$(msls -f '%{id}' e.msp | sed -n 2p)"
	expect_sh 0 "msset -q --ensembles 'x=ensemble > 1 ? 1 : gone' e.msp >g.msp"
	equal "$(stream_counts g.msp)" "2 2"
	contains "$(msls g.msp)" 'its ensemble: key "gone" of the expression is undefined'
}

@test "msset: what is wrong is refused before anything is written" {
	mssynth -o a.msp
	expect 2 msset a.msp -o b.msp
	contains "$stderr" "nothing to do"
	expect 2 msset 'x=1 +' a.msp -o b.msp
	contains "$stderr" "expected a value"
	expect 2 msset -d 'a b' a.msp -o b.msp
	[ ! -e b.msp ]
	# a file of such a name
	cp a.msp 'k=v'
	msset x=1 ./k=v -o b.msp
	equal "$(stream_counts b.msp)" "1 0"
}
