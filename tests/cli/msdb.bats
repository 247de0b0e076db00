# msdb: what the store does is tested in tests/store; here, the command.
load common

more_setup()
{
	cat >site.jsonl <<-'END'
	{"_id": 1, "net": "IU", "sta": "ANMO", "lat": 34.9, "starttime": 1.5, "n": {"$numberLong": "5"}}
	{"_id": 2, "net": "TA", "sta": "034A", "lat": 27.0, "starttime": 1262908800.0, "tags": ["a", "b"]}
	{"_id": 3, "net": "TA", "sta": "035A", "lat": 26.9, "starttime": 1263254400.0, "s": {"deep": "x"}}
	END
}

@test "msdb: ls, count, find, distinct" {
	msdb import a.msdb site.jsonl
	equal "$(msdb ls a.msdb)" '           3  site'
	equal "$(msdb count a.msdb site)" 3
	equal "$(msdb count a.msdb nothing)" 0
	equal "$(msdb find a.msdb site --query '{"sta": "ANMO"}')" '{"_id":1,"net":"IU","sta":"ANMO","lat":34.9,"starttime":1.5,"n":5}'
	contains "$(msdb find a.msdb site --canonical --query '{"_id": 1}')" '"$numberLong" : "5"'
	equal "$(msdb find a.msdb site --keys sta --sort -lat --limit 2)" '{"_id":1,"sta":"ANMO"}
{"_id":2,"sta":"034A"}'
	equal "$(msdb distinct a.msdb site net)" '"IU"
"TA"'
	equal "$(msdb distinct a.msdb site tags)" '"a"
"b"'
	equal "$(msdb distinct --canonical a.msdb site n)" '{ "$numberLong" : "5" }'
}

@test "msdb: expressions" {
	msdb import a.msdb site.jsonl
	equal "$(msdb count a.msdb site -e 'lat > 27 || sta == "035A"')" 2
	equal "$(msdb find a.msdb site -e 'starttime >= "2010-01-10"' | jq -c ._id)" 3
	equal "$(msdb find a.msdb site -e 's.deep == "x"' | jq -c ._id)" 3
	equal "$(msdb find a.msdb site -e 'lat > 0' --query '{"net": "TA"}' --limit 1 --sort _id | jq -c ._id)" 2
	expect 2 msdb find a.msdb site -e 'lat >'
	contains "$stderr" '--expr'
	# of documents that the store leaves out nothing is said, unless it leaves out all of them
	expect 0 msdb count a.msdb site -e 's.deep == "x"'
	equal "$stderr" ''
	expect 0 msdb count a.msdb site -e 's.depe == "x"'
	contains "$stderr" 's.depe'
	equal "$(msdb find a.msdb site -e 'lat > 30' --keys sta)" '{"_id":1,"sta":"ANMO"}'
	expect 2 msdb distinct a.msdb site net -e 'lat > 0'
}

@test "msdb: update and delete want to be told which" {
	msdb import a.msdb site.jsonl
	expect 2 msdb update a.msdb site '{"$set": {"x": 1}}'
	contains "$stderr" --all
	expect 2 msdb delete a.msdb site
	expect 2 msdb delete a.msdb site --all -e 'lat > 0'
	expect 0 msdb update -v a.msdb site '{"$set": {"x": 1}}' -e 'lat > 27'
	contains "$stderr" '1 documents matched, 1 changed'
	equal "$(msdb count a.msdb site --query '{"x": 1}')" 1
	msdb update a.msdb site '{"$inc": {"x": 1}}' --all
	equal "$(msdb distinct a.msdb site x)" '1
2'
	msdb delete a.msdb site -e 'net == "TA"'
	equal "$(msdb count a.msdb site)" 1
	msdb delete a.msdb site --all
	equal "$(msdb count a.msdb site)" 0
	expect 2 msdb update a.msdb site '{"x": 1}' --all
	expect 2 msdb update a.msdb site '{"$push": {"x": 1}}' --all
	contains "$stderr" '$push'
	expect 2 msdb update a.msdb site 'x' --all
	contains "$stderr" 'UPDATE'
}

@test "msdb: --explain says what an expression becomes" {
	msdb import a.msdb site.jsonl
	expect 0 msdb find --explain a.msdb site -e 'sta == "034A" && lat + 0 > 1'
	contains "$output" 'filter: {"sta":"034A"}'
	contains "$output" 'sql: SELECT _doc FROM "site" WHERE'
	contains "$output" "'034A'"
	contains "$output" 'index: sta net (sta=?)'
	contains "$output" 'after the fetch: sta == "034A" && lat + 0 > 1'
	expect 0 msdb count --explain a.msdb site --query '{"lat": 5}'
	contains "$output" 'filter: {"lat":5}'
	contains "$output" 'index: none'
	equal "${output#*after the fetch}" "$output"
	expect 2 msdb ls --explain a.msdb
}

@test "msdb: keys and values in expressions are data" {
	msdb import a.msdb site.jsonl
	n=$(msdb count a.msdb site)
	for e in "sta == \"'); drop table site; --\"" '`'"'); drop table site; --"'` == 1' '`$where` == "1"' '`a.$where` == 1' \
		'`"` == "\""' 'sta == "{$gt: 1}"' '`sta"='"'"'x` == 1' 'sta in ["a\"b", "'"'"'"]' 'sta == "\\"' 'sta =~ "^a'"'"'"'; do
		expect 0 msdb count a.msdb site -e "$e"
		equal "$output" 0
		expect 0 msdb find --explain a.msdb site -e "$e"
		equal "$(msdb count a.msdb site)" "$n"
	done
}

@test "msdb: expressions choose more than one batch" {
	seq 2500 | sed 's/.*/{"_id": &, "v": &}/' >x.jsonl
	msdb import a.msdb x.jsonl
	msdb update a.msdb x '{"$set": {"w": true}}' -e 'v > 100'
	equal "$(msdb count a.msdb x --query '{"w": true}')" 2400
	msdb delete a.msdb x -e 'v % 2 == 0'
	equal "$(msdb count a.msdb x)" 1250
}

@test "msdb: indexes" {
	msdb import a.msdb site.jsonl
	msdb index a.msdb site sta,-starttime
	msdb index a.msdb site s.deep
	msdb index a.msdb site net,sta --unique
	equal "$(msdb index a.msdb site)" '{"name":"net_1_sta_1","key":{"net":1,"sta":1},"unique":true}
{"name":"s.deep_1","key":{"s.deep":1}}
{"name":"sta_1_starttime_-1","key":{"sta":1,"starttime":-1}}'
	printf '{"_id": 9, "net": "IU", "sta": "ANMO"}\n' >more.jsonl
	expect 1 msdb import a.msdb more.jsonl --collection site
	contains "$stderr" 'net_1_sta_1'
	msdb index a.msdb site net,sta --drop
	msdb import a.msdb more.jsonl --collection site
	expect 2 msdb index a.msdb site net,sta --drop
	expect 1 msdb index a.msdb site net,sta --unique
	expect 2 msdb index a.msdb site --unique
}

@test "msdb: export and import keep every document; again changes nothing" {
	msdb import a.msdb site.jsonl
	msdb export a.msdb out
	msdb import b.msdb out
	msdb export b.msdb again
	diff -r out again
	msdb import b.msdb out
	equal "$(msdb count b.msdb site)" 3
	msdb export a.msdb one site
	equal "$(ls one)" site.jsonl
}

@test "msdb: import of arrays, and of documents without _id" {
	printf ' [{"a": 1},\n {"a": 2, "b": [{"c": {}}]}\n]\n' >x.json
	msdb import a.msdb x.json
	msdb import a.msdb x.json
	equal "$(msdb count a.msdb x)" 2
	printf '[]' >y.json
	msdb import a.msdb y.json
	equal "$(msdb count a.msdb y)" 0
}

@test "msdb: JSON that is none, with its place" {
	printf '{"a": 1}\n{"a": }\n' >x.jsonl
	expect 4 msdb import a.msdb x.jsonl
	contains "$stderr" 'x.jsonl: line 2'
	for bad in '[{"a": 1}, ]' '[{"a": 1}' '[{"a": 1} {"a": 2}]' '[1]' '{"a": 01}' '{"a": "\ud800"}' '{"a": {"$oid": "x"}}' '{"a": 1} {"b": 2}' '{"a": nul}' '{"a": 1e999}' '[{"a": 1}] x'; do
		printf '%s\n' "$bad" >bad.json
		expect 4 msdb import a.msdb bad.json
		contains "$stderr" bad.json
	done
	python3 -c 'print("{\"a\":" * 100 + "1" + "}" * 100)' >deep.json
	expect 4 msdb import a.msdb deep.json
	contains "$stderr" 'nested too deep'
	expect 1 msdb import a.msdb nothing.json
	cp site.jsonl site.txt
	expect 2 msdb import a.msdb site.txt
	contains "$stderr" --collection
}

@test "msdb: quotes, dollars and semicolons are data" {
	printf '%s\n' "{\"_id\": 1, \"sta\": \"x'); drop table site; --\", \"q\\\"k\": \"\$v\"}" >site.jsonl
	msdb import a.msdb site.jsonl
	equal "$(msdb count a.msdb site --query "{\"sta\": \"x'); drop table site; --\"}")" 1
	msdb index a.msdb site 's;drop' 2>/dev/null || true
	equal "$(msdb count a.msdb site)" 1
	expect 2 msdb count a.msdb 'site"; drop table site; --$'
	equal "$(msdb count a.msdb 'site"; drop table site; --')" 0
}

@test "msdb: bad option, verb, operands" {
	nine_bad_option msdb ls a.msdb
	expect 2 msdb
	expect 2 msdb look a.msdb
	contains "$stderr" 'no such verb'
	expect 2 msdb count a.msdb
	contains "$stderr" 'msdb count STORE COLLECTION'
	expect 2 msdb ls --query '{}' a.msdb
	expect 2 msdb count --sort a a.msdb site
	msdb import a.msdb site.jsonl
	expect 2 msdb count a.msdb site --query '{"a": {"$near": 1}}'
	contains "$stderr" '$near'
	expect 2 msdb count a.msdb site --query '{'
	contains "$stderr" --query
}

@test "msdb: nothing there; one document" {
	: >x.jsonl
	msdb import a.msdb x.jsonl
	equal "$(msdb ls a.msdb)" ''
	printf '{"_id": 1}' >x.jsonl
	msdb import a.msdb x.jsonl
	equal "$(msdb find a.msdb x)" '{"_id":1}'
}

@test "msdb: full output, closed pipe" {
	seq 20000 | sed 's/.*/{"_id": &, "text": "some text to fill a pipe with"}/' >x.jsonl
	msdb import a.msdb x.jsonl
	expect_sh 1 'msdb find a.msdb x >/dev/full'
	contains "$stderr" 'No space left'
	expect_sh 0 'msdb find a.msdb x 2>err | head -n 1 >/dev/null; s=${PIPESTATUS[0]}; [ $s = 141 ] && [ ! -s err ]'
	expect 1 msdb export a.msdb /dev/null
}

@test "msdb: check says what is wrong, and puts right what can be" {
	msdb import a.msdb site.jsonl
	expect 4 msdb check a.msdb
	contains "$output" $'site\t1\tmissing-key\tlon is missing'
	contains "$output" '# missing-key: 6'
	msdb update a.msdb site '{"$set": {"lon": 1, "elev": 0.5}}' --all
	expect 4 msdb check a.msdb
	contains "$output" '# type: 3'
	expect 0 msdb check --fix a.msdb
	contains "$output" '# type: 3, 3 converted'
	equal "$(msdb check a.msdb)" ''
	expect 2 msdb check --sort a a.msdb
	expect 2 msdb ls --fix a.msdb
	expect_sh 1 'msdb update a.msdb site "{\"\$set\": {\"lon\": 1}}" --all; msdb check a.msdb >/dev/full'
	contains "$stderr" 'No space left'
}

@test "msdb: join sets the ids of channels in waveform documents" {
	cat >channel.jsonl <<-'END'
	{"_id": "a", "net": "IU", "sta": "ANMO", "loc": "00", "chan": "BHZ", "endtime": 1000, "lat": 1}
	{"_id": "b", "net": "IU", "sta": "ANMO", "loc": "00", "chan": "BHZ", "starttime": 1000, "lat": 2}
	{"_id": "c", "net": "IU", "sta": "ANMO", "loc": "00", "chan": "BHN"}
	{"_id": "d", "net": "IU", "sta": "ANMO", "loc": "00", "chan": "BHN"}
	END
	cat >wf_miniseed.jsonl <<-'END'
	{"_id": 1, "net": "IU", "sta": "ANMO", "loc": "00", "chan": "BHZ", "starttime": 10.0, "npts": 5, "delta": 1.0}
	{"_id": 2, "net": "IU", "sta": "ANMO", "loc": "00", "chan": "BHZ", "starttime": 1000.0, "npts": 5, "delta": 1.0}
	{"_id": 3, "net": "IU", "sta": "ANMO", "loc": "00", "chan": "BHN", "starttime": 10.0, "npts": 5, "delta": 1.0}
	{"_id": 4, "net": "IU", "sta": "ANMO", "loc": "10", "chan": "BHN", "starttime": 10.0, "npts": 5, "delta": 1.0}
	END
	msdb import a.msdb channel.jsonl wf_miniseed.jsonl
	ids() { msdb find a.msdb wf_miniseed --sort _id | jq -c .channel_id | paste -s -d ' '; }
	expect 0 msdb join -v a.msdb wf_miniseed channel -e 'starttime < 500'
	equal "$(ids)" '"a" null null null'
	contains "$stderr" 'msdb: 3 documents, 1 matched, 1 changed'
	contains "$stderr" 'channel: 1 waveform with several matches: left unchanged'
	contains "$stderr" 'channel: 1 waveform without a match: left unchanged'
	expect 0 msdb join -v a.msdb wf_miniseed channel --ambiguous last
	equal "$(ids)" '"a" "b" "d" null'
	contains "$stderr" 'msdb: 4 documents, 3 matched, 2 changed'
	expect 0 msdb join -v a.msdb wf_miniseed channel --ambiguous last
	contains "$stderr" 'msdb: 4 documents, 3 matched, 0 changed'
	msdb join a.msdb wf_miniseed channel -m id --set lat? 2>/dev/null
	equal "$(msdb find a.msdb wf_miniseed --sort _id | jq -c .channel_lat | paste -s -d ' ')" '1 2 null null'
	expect 2 msdb join a.msdb wf_miniseed channel --ambiguous both
	contains "$stderr" 'first|last'
	expect 2 msdb join a.msdb wf_miniseed
	expect 1 msdb join a.msdb wf_miniseed nothing
	expect 2 msdb join a.msdb wf_miniseed channel -m what
	expect 2 msdb find a.msdb channel --match id
}

@test "msdb: merge" {
	msdb import a.msdb site.jsonl
	printf '{"_id": 4, "sta": "X"}\n{"_id": 1, "net": "IU", "sta": "ANMO", "lat": 34.9, "starttime": 1.5, "n": {"$numberLong": "5"}}\n' >more.jsonl
	msdb import --collection site b.msdb more.jsonl
	expect 0 msdb merge -v a.msdb b.msdb
	contains "$stderr" 'b.msdb: 1 documents and 0 files added, 0 replaced, 1 there already'
	equal "$(msdb count a.msdb site)" 4
	msdb update b.msdb site '{"$set": {"lat": 1.0}}' --query '{"_id": 1}'
	expect 1 msdb merge a.msdb b.msdb
	contains "$stderr" 'b.msdb: site: the document with the _id 1 differs'
	expect 0 msdb merge --replace a.msdb b.msdb
	equal "$(msdb distinct a.msdb site lat --query '{"_id": 1}')" 1.0
	expect 2 msdb merge --fix a.msdb b.msdb
	expect 2 msdb merge a.msdb text.txt
}
