# msdb check: what is wrong with a store is found, and --fix puts right what can be, and nothing else.

load ../cli/common
load store

catalogue() { python3 "$MSP_TOP/tests/store/catalogue.py" "$@"; }

# what msdb check finds, as COLLECTION _id KIND, sorted
findings()
{
	local s=0
	msdb check "$@" >found 2>err || s=$?
	case $s in 0 | 4) ;; *) cat err; return 1 ;; esac
	grep -v '^#' found | cut -f 1-3 | grep -v "$(printf '\tno-index$')" | sort
}

same_dump() # STORE DIRECTORY: the store holds what the dump does, abortions apart
{
	rm -rf out
	msdb export "$1" out
	rm -f out/abortions.jsonl
	catalogue same out "$2"
}

damaged() # STORE N SEED KIND...: a catalogue of N waveforms, damaged so, in a directory of its own: found, and put right
{
	local store=$1 n=$2 seed=$3 left
	shift 3
	rm -rf work
	mkdir work
	cd work
	catalogue make . "$n" "$seed"
	catalogue damage . "$seed" "$@"
	msdb import "$store" dump
	# looking changes nothing
	findings "$store" >seen
	diff expected seen
	same_dump "$store" dump
	findings --fix "$store" >seen
	diff expected seen
	same_dump "$store" fixed
	# what is left is what is never put right
	grep -vE '	(no-samples|orphan|orphan-chunks)$' expected >left || true
	findings "$store" >seen
	if ! grep -q '	type$' expected; then diff left seen; fi
	left=$(grep -c '	no-samples$' expected) || true
	equal "$(msdb count "$store" abortions)" "$left"
	cd ..
}

on_server() { need_server; echo "$MONGO/msp_check_$$_${BATS_TEST_NUMBER}_${1:-}"; }

whole() # STORE
{
	catalogue make . 60 1
	msdb import "$1" dump
	equal "$(findings "$1")" ''
	expect 0 msdb check "$1"
	msdb check --fix "$1" >/dev/null
	same_dump "$1" dump
}

@test "a whole catalogue: nothing is found" {
	whole a.msdb
	equal "$(msdb check a.msdb)" ''
}

@test "a whole catalogue on a server: nothing is found" {
	need_server
	whole "$(on_server)" # and without an index of chunks, which --fix made
	equal "$(msdb check "$(on_server)")" ''
}

@test "each kind of damage is found, and put right where it can be" {
	for kind in $(catalogue kinds); do
		echo "== $kind"
		damaged a.msdb 30 7 "$kind"
	done
}

@test "on a server as well" {
	need_server
	# shellcheck disable=SC2046 # words
	damaged "$(on_server)" 120 7 $(catalogue kinds)
}

@test "random damage: all of it is found, and what was not damaged stays as it was" {
	local n=8
	if [ "${MSP_TORTURE:-}" = full ]; then n=500; fi
	for seed in $(seq $n); do
		echo "== seed $seed"
		damaged a.msdb 60 "$seed"
	done
}

@test "random damage on a server" {
	need_server
	for seed in 101 102; do
		echo "== seed $seed"
		damaged "$(on_server $seed)" 60 $seed
	done
}

@test "a database that MsPASS wrote: nothing is found" {
	need_shared mspass_db
	cp -r "$MSP_SHARED/mspass_db/files" .
	msdb import a.msdb "$MSP_SHARED/mspass_db" "$MSP_SHARED/site.json" "$MSP_SHARED/source.json"
	equal "$(msdb check a.msdb)" ''
	rm -r files
	expect 4 msdb check --fix a.msdb
	contains "$output" 'not mounted here?'
	contains "$output" '# no-samples: 13, 0 moved to abortions' # of a directory that is not there nothing is said to be lost
	expect 0 msdb check a.msdb site source
}

@test "the store's own file: damage, columns, journals" {
	catalogue make . 30 1
	msdb import a.msdb dump
	sqlite3 a.msdb "update wf_TimeSeries set sta = 'X' where sta = 'S0001'; update site set _odd = 1 where sta = 'S0002'; update site set _key = x'01' where sta = 'S0003'"
	equal "$(findings a.msdb | grep columns | cut -f 1,3)" "$(printf 'site\tcolumns\nsite\tcolumns\nwf_TimeSeries\tcolumns')"
	expect 0 msdb check --fix a.msdb
	contains "$output" '# columns: 3, 3 written anew'
	equal "$(msdb check a.msdb)" ''
	equal "$(sqlite3 a.msdb "select sta from wf_TimeSeries where sta = 'S0001' or sta = 'X'")" S0001
	same_dump a.msdb dump
	# a writer that was killed leaves its log
	cp a.msdb b.msdb
	sqlite3 b.msdb "begin; update site set lat = 1; commit;" '.shell cp b.msdb c.msdb; cp b.msdb-wal c.msdb-wal' >/dev/null
	[ -s c.msdb-wal ]
	expect 4 msdb check c.msdb
	contains "$output" $'\tjournal\t'
	contains "$output" '# columns: 9'
	# a page of nothing in the middle
	dd if=/dev/zero of=a.msdb bs=4096 seek=20 count=3 conv=notrunc 2>/dev/null
	expect 4 msdb check a.msdb
}

@test "what is wrong is counted, printed up to a limit, and taken for the exit status" {
	seq 50 | sed 's/.*/{"_id": &, "lat": 1.0, "lon": 1.0}/' >site.jsonl
	msdb import a.msdb site.jsonl
	expect 4 msdb check a.msdb --limit 3
	equal "$output" "$(printf 'site\t%d\tmissing-key\telev is missing\n' 1 2 3; echo '# missing-key: 50')"
	contains "$stderr" 'a.msdb: 50 things are wrong'
	expect 0 msdb check a.msdb source
	expect 2 msdb check --all a.msdb
	expect 1 msdb check none.msdb
	msdb import b.msdb <(:) --collection x
	expect 0 msdb check b.msdb
	expect 0 msdb check --fix b.msdb
}

@test "names that would drive a terminal are harmless" {
	printf '{"_id": "a\\u001b[2J\\tb", "lat": "\\u001b]0;x", "lon": 1.0, "elev": 0.0}\n' >site.jsonl
	msdb import a.msdb site.jsonl
	expect 4 msdb check a.msdb
	case $output in *$'\e'*) return 1 ;; esac
	equal "$(msdb check a.msdb 2>/dev/null | head -n 1 | tr -cd '\t' | wc -c)" 3
}

@test "a file that somebody gave a name stays, whoever refers to it" {
	catalogue make . 30 1
	python3 - <<-'END'
	import json
	docs = [json.loads(line) for line in open("dump/fs.files.jsonl")]
	docs[0]["filename"] = "notes.txt"
	open("dump/fs.files.jsonl", "w").writelines(json.dumps(d) + "\n" for d in docs)
	END
	msdb import a.msdb dump
	file=$(msdb find a.msdb fs.files --query '{"filename": "notes.txt"}' | jq -c ._id)
	msdb delete a.msdb wf_TimeSeries --query "{\"gridfs_id\": $file}"
	msdb delete a.msdb wf_Seismogram --query "{\"gridfs_id\": $file}"
	equal "$(findings a.msdb --fix | grep -c orphan)" 0
	equal "$(msdb count a.msdb fs.files --query '{"filename": "notes.txt"}')" 1
	msdb delete a.msdb fs.chunks --query "{\"files_id\": $file}"
	contains "$(findings a.msdb)" "$(printf 'fs.files\t%s\tbroken-file' "$file")"
}

@test "a save that was killed is told from damage; --fix removes what it put, and nothing of others" {
	mssynth -n 20 --npts 500 --start 2019-01-01 -o first.msp
	mssave a.msdb first.msp
	old() { msread -e 'starttime < "2020-01-01"' a.msdb | mscheck --digest - | cut -c 1-32; }
	equal "$(old)" "$(mscheck --digest first.msp | cut -c 1-32)"
	mssynth -n 4000 --npts 2000 -o x.msp
	for wait in 0.1 0.2 0.3 0.5; do
		mssave a.msdb x.msp 3>&- &
		pid=$!
		sleep $wait
		kill -9 $pid 2>/dev/null || true
		wait $pid || true
		expect 0 msdb check a.msdb
	done
	while [ "$(msdb count a.msdb msp_saves)" = 0 ]; do # a slow or a very fast machine: once more, a little later or earlier
		mssave --tag "t$RANDOM" a.msdb x.msp 3>&- &
		pid=$!
		sleep "0.$((RANDOM % 5))$((RANDOM % 10))"
		kill -9 $pid 2>/dev/null || true
		wait $pid || true
	done
	expect 0 msdb check a.msdb
	contains "$output" $'\tunfinished\tmssave began'
	contains "$output" 'was left unfinished'
	expect 0 msdb check --fix a.msdb
	contains "$output" ' removed'
	equal "$(msdb check a.msdb)" ''
	equal "$(old)" "$(mscheck --digest first.msp | cut -c 1-32)"
	msdb delete a.msdb wf_TimeSeries --query '{"data_tag": {"$exists": true}}' # of a save that was faster than its end
	msdb check --fix a.msdb >/dev/null
	mssave a.msdb x.msp
	equal "$(msdb check a.msdb)" ''
	equal "$(msdb count a.msdb wf_TimeSeries)" 4020
}

@test "while a save is going on, nothing of it is removed" {
	mssynth -n 100 --npts 5000 -o x.msp
	mkfifo pipe
	mssave a.msdb <pipe 3>&- &
	pid=$!
	exec 4>pipe
	head -c 2000000 x.msp >&4
	for _ in $(seq 100); do
		[ -s a.msdb ] && [ "$(msdb count a.msdb fs.files 2>/dev/null)" != 0 ] && break
		sleep 0.1
	done
	expect 0 msdb check --fix a.msdb
	contains "$output" 'and may be going on'
	tail -c +2000001 x.msp >&4
	exec 4>&-
	wait "$pid"
	equal "$(msdb check a.msdb)" ''
	equal "$(msread a.msdb | mscheck --digest - | cut -c 1-32)" "$(mscheck --digest x.msp | cut -c 1-32)"
}

@test "documents that were changed: another tag, other lengths, samples that are gone" {
	mssynth -n 20 --npts 500 | mssave --tag a a.msdb
	mssynth -n 20 --npts 500 --kind seismogram | mssave --storage file:samples a.msdb
	equal "$(msdb check a.msdb)" ''
	msdb update a.msdb wf_TimeSeries '{"$set": {"data_tag": "b"}}' --query '{"sta": "S0003"}'
	msdb update a.msdb wf_Seismogram '{"$set": {"npts": 499}}' --query '{"sta": "S0004"}'
	equal "$(findings a.msdb | cut -f 1,3)" "$(printf 'wf_Seismogram\tnpts\nwf_TimeSeries\tid')"
	truncate -s -1 samples/*
	equal "$(findings a.msdb | grep -c 'wf_Seismogram.*no-samples')" 1
	findings --fix a.msdb >/dev/null
	equal "$(msdb count a.msdb wf_Seismogram)" 19
	equal "$(msdb find a.msdb abortions | jq -r '.tombstone.sta, .type, .msp.collection')" "$(printf 'S0020\nSeismogram\nwf_Seismogram')"
	contains "$(msdb find a.msdb abortions | jq -r '.logdata[0].error_message')" 'the samples are 12000 at'
}

@test "stations and earthquakes may be in another store: said, no damage; one that is missing among others is damage" {
	mssynth -n 3 --npts 20 | mssave one.msdb
	msdb update one.msdb wf_TimeSeries '{"$set": {"source_id": {"$oid": "000000000000000000000001"}}}' --all
	expect 0 msdb check one.msdb
	contains "$output" "$(printf 'wf_TimeSeries\t-\telsewhere\tsource_id: this store has no source')"
	[ "$(printf '%s\n' "$output" | grep -c 'elsewhere.*source_id')" -eq 1 ]
	echo '{"_id": {"$oid": "000000000000000000000002"}, "lat": 1.0, "lon": 2.0, "depth": 3.0, "time": 4.0}' >source.jsonl
	msdb import -q one.msdb source.jsonl
	expect 4 msdb check one.msdb
	[ "$(printf '%s\n' "$output" | grep -c 'dangling.*source_id')" -eq 3 ]
}

@test "a save whose process is dead, but was not waited for, is not taken for running" {
	mssynth -n 100 --npts 5000 -o x.msp
	python3 -c '
import subprocess, time
p = subprocess.Popen(["mssave", "a.msdb"], stdin=subprocess.PIPE)
p.stdin.write(open("x.msp", "rb").read(2000000))
p.stdin.flush()
for _ in range(100):
    time.sleep(0.1)
    r = subprocess.run(["msdb", "count", "a.msdb", "msp_saves"], capture_output=True, text=True)
    if r.stdout.strip() == "1":
        break
p.kill()
open("killed", "w").close()
time.sleep(30)' 3>&- &
	pid=$!
	for _ in $(seq 200); do [ ! -e killed ] || break; sleep 0.1; done
	sleep 0.2
	expect 0 msdb check --fix a.msdb
	contains "$output" 'was left unfinished'
	equal "$(msdb count a.msdb msp_saves)" 0
	kill "$pid"
}

@test "a reference that is an operator or a pattern in a filter finds nothing: not other documents' samples, and nothing to remove" {
	mssynth -n 2 --npts 200 --dead-every 2 | mssave a.msdb
	mssynth -n 2 --npts 200 | msset 'sta = "X" + sta' | mssave a.msdb
	msdb export a.msdb whole
	for value in '{"$ne": null}' '{"$gt": ""}' '{"$regularExpression": {"pattern": ".*", "options": ""}}'; do
		rm -rf dump && cp -r whole dump
		jq -c --argjson v "$value" 'if .sta == "XS0001" then .gridfs_id = $v | .elog_id = $v | .history_object_id = $v else . end' \
			whole/wf_TimeSeries.jsonl >dump/wf_TimeSeries.jsonl
		jq -c --argjson v "$value" '{files_id: $v, n: 0, data: 1}' -n >>dump/fs.chunks.jsonl
		for store in "b$((++n)).msdb" ${MONGO:+"$(on_server $((++n)))"}; do
			msdb import "$store" dump
			expect 0 msread "$store" -o out.msp
			contains "$stderr" '1 of 3 objects is dead'
			contains "$stderr" 'there is no file with this id'
			equal "$(msls -f '%{sta} %{live}' out.msp | sort | tr '\n' ' ')" 'S0001 true XS0001 false XS0002 true '
			findings "$store" >seen
			grep -q "fs.chunks	-	orphan-chunks" seen
			grep -q 'wf_TimeSeries.*	type' seen
			grep -q 'wf_TimeSeries.*	no-samples' seen
			findings --fix "$store" >seen
			# what was whole is whole
			msread "$store" | msls -f '%{sta} %{live}' >list
			equal "$(sort list | tr '\n' ' ')" 'S0001 true XS0002 true '
		done
	done
	echo '{"_id": {"$ne": null}}' >x.jsonl
	for store in a.msdb ${MONGO:+"$(on_server)"}; do
		expect 2 msdb import --collection x "$store" x.jsonl
		contains "$stderr" 'an _id cannot be a document with a key that begins with $'
	done
}

@test "what msread would not take for an object is said of a document" {
	mssynth -n 3 --npts 20 | mssave a.msdb
	msdb update a.msdb wf_TimeSeries '{"$set": {"starttime": 1e300}}' --query '{"sta": "S0001"}'
	msdb update a.msdb wf_TimeSeries '{"$set": {"npts": 4611686018427387904}}' --query '{"sta": "S0002"}'
	expect 4 msdb check a.msdb
	equal "$(printf '%s\n' "$output" | grep -c '	value	')" 2
	contains "$output" 'starttime is 1e+300: not between 1677 and 2262'
	contains "$output" 'npts is 4611686018427387904: more than there can be'
}

@test "documents that are damaged inside are left by --fix, and not merged: said of the store that has them" {
	mssynth -n 4 --npts 20 | mssave a.msdb
	# no more UTF-8, in the BSON that is the truth
	python3 -c '
import sqlite3
db = sqlite3.connect("a.msdb")
rowid, doc = db.execute("select rowid, _doc from wf_TimeSeries where sta = \"S0002\"").fetchone()
db.execute("update wf_TimeSeries set _doc = ? where rowid = ?", (bytes(doc).replace(b"S0002", b"S\xff\xfe02"), rowid))
db.execute("delete from \"fs.chunks\"")
db.commit()'
	expect 4 msdb check --fix a.msdb
	equal "$(msdb count a.msdb wf_TimeSeries) $(msdb count a.msdb abortions)" '1 3'
	expect 4 msdb merge b.msdb a.msdb
	contains "$stderr" 'a.msdb: wf_TimeSeries: the document with the _id'
	contains "$stderr" 'is damaged'
	[ ! -e b.msdb ] || equal "$(msdb ls b.msdb | awk '{ n += $1 } END { print n + 0 }')" 0
}
