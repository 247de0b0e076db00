# msjoin: the nine cases, and what only it does. How documents are found is tested in tests/unit/join.c and tests/store/join.bats.
load common

# metadata of the data objects, one document a line
meta() { msdump --json "${1:--}" | sed 's/\([0-9]\)\.0\([,}]\)/\1\2/g' | jq -c 'select(.kind == "timeseries") | .metadata'; }
reasons() { msdump --json "$1" | jq -r 'select(.npts != null) | [.elog[]? | .badness + ": " + .message] | join("; ")'; }

more_setup()
{
	cat >site.jsonl <<-'END'
	{"_id": 1, "net": "XX", "sta": "S0001", "lat": 1.5, "lon": -2.5, "elev": 0.25}
	{"_id": 2, "net": "XX", "sta": "S0002", "lat": 3, "lon": 4, "elev": 1, "starttime": 1577836800.0}
	{"_id": 3, "net": "XX", "sta": "S0003", "lat": 5, "lon": 6, "elev": 2, "endtime": 1577836800.0}
	END
	cat >source.jsonl <<-'END'
	{"_id": "a", "lat": 10, "lon": 20, "depth": 30, "time": 1577836700.0, "magnitude": 6.5}
	{"_id": "b", "lat": 11, "lon": 21, "depth": 31, "time": 1577836900.0}
	{"_id": "c", "lat": 12, "lon": 22, "time": 1577840000.0}
	END
	msdb import a.msdb site.jsonl source.jsonl
}

@test "msjoin: keys flat under the collection's name; no match kills, with the reason" {
	mssynth -n 3 -o a.msp
	expect 0 msjoin a.msdb site a.msp -o b.msp
	contains "$stderr" 'msjoin: site: 1 object without a match: killed'
	contains "$stderr" 'msjoin: 1 of 3 objects killed'
	equal "$(stream_counts b.msp)" '2 1'
	equal "$(meta b.msp | head -n 2)" '{"net":"XX","sta":"S0001","loc":"00","chan":"BHZ","site_id":1,"site_lat":1.5,"site_lon":-2.5,"site_elev":0.25}
{"net":"XX","sta":"S0002","loc":"00","chan":"BHZ","site_id":2,"site_lat":3,"site_lon":4,"site_elev":1,"site_starttime":1577836800}'
	equal "$(reasons b.msp | tail -n 1)" 'Invalid: no match in site: no document with its codes holds at its time'
	expect 3 msjoin --strict-data a.msdb site a.msp -o c.msp
	expect 0 msjoin --optional a.msdb site a.msp -o c.msp
	contains "$stderr" 'passed on without its keys'
	equal "$(stream_counts c.msp)" '3 0'
	equal "$(meta c.msp | tail -n 1)" '{"net":"XX","sta":"S0003","loc":"00","chan":"BHZ"}'
	expect 0 msjoin -q --optional a.msdb site a.msp -o c.msp
	equal "$stderr" ''
	expect_sh 0 'mssynth -n 2 | msjoin a.msdb site >b.msp'
	equal "$stderr" ''
}

@test "msjoin: --keys, under other names; --expr and --query" {
	mssynth -n 2 -o a.msp
	msjoin a.msdb site --keys 'lat:stla,lon,magnitude?' a.msp -o b.msp
	equal "$(meta b.msp | head -n 1 | jq -c '[.stla, .site_lon, .magnitude]')" '[1.5,-2.5,null]'
	msjoin --optional a.msdb site -e 'lat > 2' a.msp -o b.msp 2>/dev/null
	equal "$(meta b.msp | jq -c .site_lat)" 'null
3'
	msjoin --optional a.msdb site --query '{"sta": "S0001"}' a.msp -o b.msp 2>/dev/null
	equal "$(meta b.msp | jq -c .site_lat)" '1.5
null'
	expect 1 msjoin a.msdb site -e 'lat > 100' a.msp
	contains "$stderr" 'a.msdb: site: no documents'
	expect 2 msjoin a.msdb site --query '{"sta": ' a.msp
	contains "$stderr" '--query'
	expect 2 msjoin a.msdb site -e 'lat >' a.msp
	for keys in '' lat, 'lat:a.b' lat:npts lat,lat; do
		expect 2 msjoin a.msdb site --keys "$keys" a.msp
		contains "$stderr" 'msjoin: keys'
	done
	for how in seeds origin origin:x sta=; do
		expect 2 msjoin a.msdb site --match "$how" a.msp
		contains "$stderr" 'msjoin: match'
	done
}

@test "msjoin: earthquakes by time and by id" {
	mssynth -n 1 --start 2020-01-01T00:00:00 -o a.msp # 1577836800
	expect 0 msjoin a.msdb source --match origin:99 a.msp -o b.msp
	equal "$(stream_counts b.msp)" '0 1'
	expect 0 msjoin a.msdb source --match origin:100 a.msp -o b.msp
	equal "$(reasons b.msp)" 'Invalid: several documents of source match: a and b'
	expect 0 msjoin a.msdb source --match origin:100 --ambiguous last a.msp -o b.msp
	equal "$(reasons b.msp)" 'Complaint: several documents of source match: b was taken, not a'
	contains "$stderr" 'source: 1 object with several matches: the last was taken'
	msjoin a.msdb source --match origin:100 --offset 1 a.msp -o b.msp
	equal "$(meta b.msp | jq -c '[.source_id, .source_depth, .source_time, .source_magnitude]')" '["a",30,1577836700,6.5]'
	msset 'source_id="b"' a.msp | msjoin a.msdb source -o b.msp
	equal "$(meta b.msp | jq -c '[.source_id, .source_depth]')" '["b",31]'
	expect_sh 0 "msset 'source_id=\"c\"' a.msp | msjoin a.msdb source -o b.msp"
	equal "$(reasons b.msp)" 'Invalid: source c has no depth'
	expect_sh 0 "msset 'x=12.0' a.msp | msjoin a.msdb source --match x=lat --keys lon -o b.msp"
	equal "$(meta b.msp | jq -c .source_lon)" 22
}

@test "msjoin: an object that outlasts its epoch is suspect, or has no match" {
	cat >channel.jsonl <<-'END'
	{"_id": 1, "net": "XX", "sta": "S0001", "loc": "00", "chan": "BHZ", "lat": 1, "lon": 2, "elev": 3, "endtime": 1577836801.0}
	{"_id": 2, "net": "XX", "sta": "S0001", "loc": "00", "chan": "BHZ", "lat": 4, "lon": 5, "elev": 6, "starttime": 1577836801.0}
	END
	msdb import a.msdb channel.jsonl
	mssynth -n 1 --npts 21 --rate 20 --start 2020-01-01T00:00:00 -o a.msp
	expect 0 msjoin a.msdb channel a.msp -o b.msp
	equal "$(reasons b.msp)" 'Suspect: channel 1 ends at 2020-01-01T00:00:01Z, before the last sample'
	equal "$(meta b.msp | jq .channel_lat)" 1
	contains "$stderr" '1 object longer than the document holds: logged as suspect'
	msjoin --whole a.msdb channel a.msp -o b.msp 2>/dev/null
	equal "$(stream_counts b.msp)" '0 1'
	expect_sh 0 'mswindow 0 0.95 a.msp | msjoin --whole a.msdb channel -o b.msp'
	equal "$(stream_counts b.msp)" '1 0'
	equal "$stderr" ''
}

@test "msjoin: members of ensembles, or ensembles" {
	mssynth -n 4 --ensembles 2 -o a.msp
	msjoin a.msdb site -o b.msp a.msp 2>/dev/null
	equal "$(msdump --json b.msp | jq -c 'select(.kind == "timeseries") | .metadata.site_lat')" '1.5
3
null
null'
	msset x=1 a.msp | msgroup --undo | msgroup sta -o g.msp
	expect 0 msjoin --ensembles --match sta=sta a.msdb site g.msp -o b.msp
	equal "$(msdump --json b.msp | jq -c 'select(.kind == "ensemble") | .metadata | [.sta, .site_lat]')" '["S0001",1.5]
["S0002",3]
["S0003",5]
["S0004",null]'
	equal "$(stream_counts b.msp)" '3 1'
	equal "$(reasons b.msp | tail -n 1)" 'Invalid: no match in site: no document has its values'
	contains "$stderr" 'msjoin: 1 of 4 objects killed'
	# members are as they were
	equal "$(msls -f '%{id}' b.msp | head -n 3)" "$(msls -f '%{id}' g.msp | head -n 3)"
	mscheck --full b.msp
	expect 0 msjoin --optional --ensembles --match sta=sta a.msdb site g.msp -o b.msp
	equal "$(stream_counts b.msp)" '4 0'
}

@test "msjoin: parts joined are the whole joined; where the store lies changes no id" {
	mssynth -n 9 --seed 4 -o a.msp
	msjoin --optional a.msdb site a.msp -o whole.msp 2>/dev/null
	for n in 1 2 3 7; do
		rm -f part.*
		mssplit -n $n --prefix part a.msp
		for p in part.*.msp; do msjoin --optional a.msdb site "$p" -o "joined.$p" 2>/dev/null; done
		mscat joined.part.*.msp -o parts.msp
		equal "$(mscheck --digest parts.msp | cut -c 1-32)" "$(mscheck --digest whole.msp | cut -c 1-32)"
		rm joined.*
	done
	mkdir elsewhere
	cp a.msdb elsewhere/b.msdb
	msjoin --optional elsewhere/b.msdb site a.msp -o other.msp 2>/dev/null
	equal "$(mscheck --digest other.msp | cut -c 1-32)" "$(mscheck --digest whole.msp | cut -c 1-32)"
	# its history runs again
	mshistory --sh whole.msp >again.sh
	expect_sh 0 "sh again.sh >again.msp"
	equal "$(mscheck --digest again.msp | cut -c 1-32)" "$(mscheck --digest whole.msp | cut -c 1-32)"
	# joined again: the same metadata
	msjoin --optional a.msdb site whole.msp -o twice.msp 2>/dev/null
	equal "$(meta twice.msp)" "$(meta whole.msp)"
}

@test "msjoin: data, never code" {
	cat >evil.jsonl <<-'END'
	{"_id": {"$numberInt": "1"}, "sta": "'); drop table site; --", "net": "$where", "note": "\u001b[31mred\u0007"}
	{"_id": 2, "sta": "a\"b", "net": "x.y", "\u001b]0;title": 1, "$set": 2, "": 3}
	{"_id": "\u001b[31mid\n", "sta": 5}
	END
	msdb import a.msdb evil.jsonl 2>/dev/null || sed -i 's/, "$set": 2, "": 3//' evil.jsonl
	msdb import a.msdb evil.jsonl
	mssynth -n 2 | msset "sta=sta == \"S0001\" ? \"'); drop table site; --\" : \"a\\\"b\"" "net=sta == \"a\\\"b\" ? \"x.y\" : \"\$where\"" -o a.msp
	expect 0 msjoin a.msdb evil --match seed a.msp -o b.msp
	contains "$stderr" '1 document cannot be used'
	run ! grep -q "$(printf '\033')" <<<"$stderr"
	equal "$(stream_counts b.msp)" '2 0'
	equal "$(msdb count a.msdb site)" 3
	mscheck --full b.msp
}

@test "msjoin: what is no store, and what is not there" {
	mssynth -n 1 -o a.msp
	expect 1 msjoin none.msdb site a.msp
	contains "$stderr" 'none.msdb: No such file'
	[ ! -e none.msdb ]
	expect 2 msjoin something site a.msp
	contains "$stderr" 'not the name of a store'
	expect 1 msjoin a.msdb nothing a.msp
	contains "$stderr" 'a.msdb: nothing: no documents'
	expect 2 msjoin a.msdb
	expect 1 msjoin 'mongodb://user:secret@127.0.0.1:1/db?serverSelectionTimeoutMS=200' site a.msp
	contains "$stderr" 'mongodb://user@127.0.0.1:1/db'
	case $stderr in *secret*) return 1 ;; esac
}

@test "msjoin: an empty stream" {
	nine_empty msjoin a.msdb site
	nine_no_input msjoin a.msdb site
}

@test "msjoin: one object, and dead ones" {
	mssynth -n 1 -o one.msp
	expect 0 msjoin a.msdb site one.msp -o out.msp
	equal "$(stream_counts out.msp)" '1 0'
	mssynth -n 4 --dead-every 2 -o dead.msp 2>/dev/null
	msjoin --optional a.msdb site dead.msp -o out.msp 2>/dev/null
	equal "$(stream_counts out.msp)" '2 2'
	equal "$(msls -f '%{live} %{id}' out.msp | grep false)" "$(msls -f '%{live} %{id}' dead.msp | grep false)"
}

@test "msjoin: a seismogram by its station" {
	mssynth -n 1 --kind seismogram -o a.msp
	msjoin a.msdb site a.msp | msdump --json | jq -c '.metadata | [.site_lat, .site_lon]' >got
	equal "$(cat got)" '[1.5,-2.5]'
}

@test "msjoin: bad options, cut input, full output, closed pipe, terminal" {
	nine_bad_option msjoin a.msdb site
	nine_truncated_writer msjoin --optional a.msdb site
	nine_full msjoin --optional a.msdb site
	nine_tty msjoin --optional a.msdb site
	nine_sigpipe msjoin -q --optional a.msdb site
}
