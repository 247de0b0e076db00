# msls: the nine cases, and what only it does.
load common

@test "msls: a line per object" {
	mssynth -n 3 -o a.msp
	equal "$(msls a.msp | wc -l)" 3
	equal "$(msls a.msp | head -n 1)" "timeseries live XX.S0001.00.BHZ  2020-01-01T00:00:00Z            1000  20 Hz"
	equal "$(mssynth --kind seismogram --rate 0.1 | msls)" \
		"seismogram live XX.S0001.00.BH   2020-01-01T00:00:00Z            1000  0.1 Hz"
}

@test "msls: empty input" {
	nine_empty msls
	equal "$(msls empty.msp)" ""
}
@test "msls: no input" { nine_no_input msls; }

@test "msls: one object, several files" {
	mssynth -o a.msp
	mssynth --seed 2 -o b.msp
	equal "$(msls a.msp b.msp | wc -l)" 2
	equal "$(msls <a.msp)" "$(msls a.msp)"
}

@test "msls: dead objects show why" {
	mssynth -n 4 --dead-every 4 -o d.msp
	equal "$(msls d.msp | grep -c live)" 3
	contains "$(msls d.msp | tail -n 1)" "DEAD XX.S0004.00.BHZ"
	contains "$(msls d.msp | tail -n 1)" "mssynth: killed on demand"
	equal "$(msls -f '%{live} %{reason}' d.msp | tail -n 1)" "false mssynth: killed on demand (--dead-every)"
	equal "$(msls -f '%{reason}' d.msp | head -n 1)" -
}

@test "msls: bad option" { nine_bad_option msls; }
@test "msls: truncated input: what is whole is listed" { nine_truncated msls; }
@test "msls: full output" { nine_full msls; }

@test "msls: full output, long before the end" {
	mssynth -n 3000 --npts 1 --level 0 -o a.msp
	expect_sh 1 'msls a.msp >/dev/full'
	contains "$stderr" "No space left"
	[ "$(printf '%s\n' "$stderr" | wc -l)" -eq 1 ]
}

@test "msls: SIGPIPE" {
	mssynth -n 5000 --npts 1 -o a.msp
	expect_sh 0 'msls a.msp 2>err | head -n 1 >/dev/null; s=${PIPESTATUS[0]}; [ $s = 141 ] && [ ! -s err ]'
}

@test "msls: terminal: the list comes, the dead are red, unless NO_COLOR" {
	mssynth -n 2 --dead-every 2 -o d.msp
	expect_sh 0 "script -qec 'msls d.msp' /dev/null </dev/null"
	contains "$output" "$(printf '\033[31mDEAD\033[0m')"
	expect_sh 0 "NO_COLOR=1 script -qec 'msls d.msp' /dev/null </dev/null"
	contains "$output" "timeseries DEAD"
	run ! grep -q "$(printf '\033')" <(msls d.msp)
	# colour moves no column
	equal "$(script -qec 'msls d.msp' /dev/null </dev/null | sed 's/\x1b\[[0-9]*m//g' | tr -d '\r')" "$(msls d.msp)"
}

@test "msls: ensembles are brackets" {
	mssynth -n 3 --ensembles 2 -o e.msp
	msls e.msp >list
	equal "$(sed -n 1p list)" "{ ensemble  ensemble=1"
	equal "$(cut -c 1-12 list | sed -n 2p)" "  timeseries"
	equal "$(sed -n 4p list)" "}"
	equal "$(wc -l <list)" 7
	equal "$(msls -f '%{sta}' e.msp | wc -l)" 3
}

@test "msls: FORMAT" {
	mssynth --kind seismogram --start 2011-03-11T05:46:24.123456789 -o a.msp
	equal "$(msls -f '%{sta}\t%{starttime}\n%%%{npts}\\' a.msp)" "$(printf 'S0001\t2011-03-11T05:46:24.123456789Z\n%%1000\\')"
	equal "$(msls -f '%{nothing}|%{kind}|%{ncomp}|%{delta}|%{sampling_rate}|%{time_standard}|%{type}' a.msp)" '-|seismogram|3|0.05|20|UTC|f64'
	equal "$(msls -f '%{id}' a.msp | tr -d '0-9a-f')" ""
	equal "$(msls -f '' a.msp | wc -l)" 1
	expect 2 msls -f '%{sta' a.msp
	contains "$stderr" "no } after the key"
	expect 2 msls -f '%s' a.msp
	contains "$stderr" "after % comes {KEY} or %"
	expect 2 msls -f '\q' a.msp
	expect 2 msls -f '%{}' a.msp
	contains "$stderr" "no key"
}

@test "msls: FORMAT reaches into subdocuments, in both spellings" {
	mssynth | msset 'channel.hang=90' 'site_lat=35.5' -o a.msp
	equal "$(msls -f '%{channel.hang} %{channel_hang} %{site.lat} %{site_lat} %{channel}' a.msp)" '90 90 35.5 35.5 {"hang":90}'
}

@test "msls: -l" {
	mssynth -n 2 --type i32 --dead-every 2 -o a.msp
	contains "$(msls -l a.msp | head -n 1)" "to 2020-01-01T00:00:49.950Z  i32  $(msls -f '%{id}' a.msp | head -n 1)  net,sta,loc,chan"
	contains "$(msls -l a.msp | tail -n 1)" "net,sta,loc,chan"
	contains "$(msls -l a.msp | tail -n 1)" "killed on demand"
}

@test "msls: nothing in a stream drives the terminal or breaks the line" {
	mssynth --codes "$(printf 'X\033[2J.S\302\2331.\377\n.B\303\251')" -o a.msp
	equal "$(msls a.msp | cut -d ' ' -f 3)" "X?[2J.S??1.??.B$(printf '\303\251')"
	equal "$(msls -f '%{net} %{sta} %{loc} %{chan}' a.msp)" "X?[2J S??1 ?? B$(printf '\303\251')"
	equal "$(msls -l a.msp | wc -l)" 1
}

@test "msls: what could not be read is shown by its place in the file" {
	(cat "$MSP_DATA/iu_anmo_bh3.mseed"; echo this is no record) >tail.mseed
	msread -q tail.mseed nothing.txt 2>/dev/null && return 1
	echo text >nothing.txt
	msread -q tail.mseed nothing.txt | msls >list
	grep -q "^timeseries DEAD tail.mseed@23552  .*record" list
	grep -q "^timeseries DEAD nothing.txt  .*neither miniSEED" list
	[ "$(grep -c 1970 list)" -eq 0 ]
}
