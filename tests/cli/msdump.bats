# msdump: the nine cases, and what only it does.
load common

# valid_json FILE: every line is a JSON document, for Python and, if it is there, for jq
valid_json()
{
	python3 - "$1" <<'PY'
import json, sys
for line in open(sys.argv[1], 'rb'):
    json.loads(line.decode('utf-8'), parse_constant=lambda c: sys.exit('not JSON: ' + c))
PY
	if command -v jq >/dev/null; then jq -e . "$1" >/dev/null; fi
}

@test "msdump: text says it all" {
	mssynth -n 2 --dead-every 2 -o a.msp
	msdump a.msp >text
	contains "$(cat text)" "timeseries live"
	contains "$(cat text)" "starttime        2020-01-01T00:00:00Z"
	contains "$(cat text)" "endtime          2020-01-01T00:00:49.950Z"
	contains "$(cat text)" 'sta              "S0001"'
	contains "$(cat text)" '"Invalid" "mssynth" "killed on demand (--dead-every)"'
	equal "$(msdump --text a.msp)" "$(cat text)"
	equal "$(mssynth --npts 2 --signal impulse | msdump --samples | tail -n 2)" \
		"$(printf '    2020-01-01T00:00:00Z  0\n    2020-01-01T00:00:00.050Z  1000')"
}

@test "msdump: JSON has the documented keys" {
	mssynth --npts 2 --signal impulse -o a.msp
	id=$(msls -f '%{id}' a.msp)
	equal "$(msdump --json --samples a.msp)" \
		'{"kind":"timeseries","live":true,"id":"'"$id"'","starttime":"2020-01-01T00:00:00Z","delta":0.05,"npts":2,"type":"f64","metadata":{"net":"XX","sta":"S0001","loc":"00","chan":"BHZ"},"elog":[],"samples":[0.0,1000.0]}'
	mssynth --npts 2 --signal impulse --kind seismogram --type i32 | msdump --json --samples >s.json
	contains "$(cat s.json)" '"tmatrix":[1.0,0.0,0.0,0.0,1.0,0.0,0.0,0.0,1.0],"cardinal":true,"orthogonal":true'
	contains "$(cat s.json)" '"samples":[[0,1000],[0,500],[0,250]]'
	valid_json s.json
	contains "$(mssynth --dead-every 1 | msdump --json --samples)" '"elog":[{"algorithm":"mssynth","badness":"Invalid","message":"killed on demand (--dead-every)"}],"samples":[]}'
	equal "$(mssynth -n 1 --npts 1 --ensembles 1 | msdump --json | sed 's/.*"kind":"\([a-z_]*\)".*/\1/' | tr '\n' ' ')" "ensemble timeseries ensemble_end "
}

@test "msdump: JSON and CSV numbers read back to the bit, whatever their type" {
	for type in f64 f32 i32; do
		mssynth -n 2 --npts 2000 --type $type --kind seismogram -o a.msp
		[ $type = i32 ] || msfilter --bandpass 0.5,2 a.msp -o $type.msp
		[ $type != i32 ] || mv a.msp i32.msp
		msdump --json --samples $type.msp >$type.json
		valid_json $type.json
		msdump --csv $type.msp >$type.csv
		# a reader that shares no code with msdump, and reads bits
		python3 "$MSP_TOP/tests/stream/msp_read.py" $type.msp >$type.read
		python3 - $type.json $type.csv $type.read <<'PY'
import json, sys
got, want = ([json.loads(line) for line in open(f)] for f in (sys.argv[1], sys.argv[3]))
assert len(got) == len(want) == 2
for a, b in zip(got, want):
    for key in ('id', 'kind', 'live', 'npts', 'tmatrix', 'metadata', 'samples'):
        assert a[key] == b[key], key
    assert a['delta'] == float(b['dt'])
rows = [[float(x) for x in line.split(',')[1:]] for line in open(sys.argv[2]) if line[0].isdigit()]
assert rows == [list(r) for a in want for r in zip(*a['samples'])]
PY
	done
	[ "$(grep -o '[0-9.]*' f64.csv | awk 'length > 17' | wc -l)" -gt 1000 ]
}

@test "msdump: CSV" {
	mssynth -n 2 --npts 3 --signal impulse --type i32 --dead-every 2 -o a.msp
	msdump --csv a.msp >got
	cat >want <<'EOF'
# timeseries live XX.S0001.00.BHZ 2020-01-01T00:00:00Z delta=0.05 npts=3
time,value
2020-01-01T00:00:00Z,0
2020-01-01T00:00:00.050Z,1000
2020-01-01T00:00:00.100Z,0


# timeseries DEAD XX.S0002.00.BHZ 2020-01-01T00:00:00Z delta=0.05 npts=3 reason=killed on demand (--dead-every)
time,value
EOF
	diff want got
	msdump --csv --samples a.msp | cmp - got
	equal "$(mssynth --kind seismogram --npts 1 --signal impulse | msdump --csv | tail -n 2)" \
		"$(printf 'time,value1,value2,value3\n2020-01-01T00:00:00Z,1000,500,250')"
}

@test "msdump: not a number and infinity" {
	mssynth --npts 4 --type f32 --signal impulse -o a.msp
	mssave --to sac sac/ a.msp
	f=$(echo sac/*)
	printf '\0\0\300\177\0\0\200\377' | dd of="$f" bs=1 seek=632 conv=notrunc 2>/dev/null
	msread "$f" | msdump --json --samples >n.json
	contains "$(cat n.json)" '"samples":[{"$numberDouble":"NaN"},{"$numberDouble":"-Infinity"},1000.0,0.0]'
	valid_json n.json
	equal "$(msread "$f" | msdump --csv | sed -n '3,4s/.*,//p' | tr '\n' ' ')" "nan -inf "
}

@test "msdump: JSON is valid and the terminal safe whatever the metadata hold" {
	mssynth --codes "$(printf 'X\033[2J"\\.S\302\2331.\377\n.B\303\251')" -o a.msp
	msdump --json a.msp >a.json
	valid_json a.json
	contains "$(cat a.json)" '"net":"X\u001b[2J\"\\","sta":"S\u009b1","loc":"\ufffd\n","chan":"B'"$(printf '\303\251')"'"'
	for form in text json csv; do
		run ! grep -q "$(printf '\033')" <(msdump --$form a.msp)
		run ! grep -aq "$(printf '\302\233')" <(msdump --$form a.msp)
	done
}

@test "msdump: empty input" { nine_empty msdump; }
@test "msdump: no input" { nine_no_input msdump; }

@test "msdump: one object, from stdin" {
	equal "$(mssynth | msdump --json | wc -l)" 1
}

@test "msdump: dead object" {
	equal "$(mssynth --dead-every 1 | msdump | head -n 1)" "timeseries DEAD"
}

@test "msdump: bad option, two forms" {
	nine_bad_option msdump
	expect 2 msdump --json --csv
	contains "$stderr" "--json"
	contains "$stderr" "--csv"
}

@test "msdump: truncated input" {
	nine_truncated msdump
	nine_truncated msdump --json --samples
	nine_truncated msdump --csv
}

@test "msdump: full output" {
	nine_full msdump
	mssynth --npts 100000 -o long.msp
	for form in json text csv; do
		expect_sh 1 "msdump --$form --samples long.msp >/dev/full"
		contains "$stderr" "No space left"
		[ "$(printf '%s\n' "$stderr" | wc -l)" -eq 1 ]
	done
}

@test "msdump: SIGPIPE" {
	mssynth --npts 100000 -o long.msp
	expect_sh 0 'msdump --csv long.msp 2>err | head -n 1 >/dev/null; s=${PIPESTATUS[0]}; [ $s = 141 ] && [ ! -s err ]'
}

@test "msdump: terminal: text is for it" {
	mssynth -o a.msp
	expect_sh 0 "script -qec 'msdump a.msp' /dev/null </dev/null"
	contains "$output" "timeseries live"
}

@test "msdump: memory does not grow with the text" {
	mssynth --npts 1M -o long.msp
	need_ulimit 150000
	expect_sh 0 'ulimit -v 150000; msdump --json --samples long.msp | wc -c'
	[ "$output" -gt 8000000 ]
}
