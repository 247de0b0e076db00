# mssave into stores: what it writes, and that it writes it once and whole, whatever happens. savecheck.c looks at a whole store;
# what is read back is tested in roundtrip.bats.

load ../cli/common
load store

savecheck() { "$MSP_BUILD/tests/store/savecheck" "$@"; }
objects() { python3 "$MSP_TOP/tests/store/make_objects.py" "$@"; }
state() { savecheck "$@" | tail -n 1; }
full() { [ "${MSP_TORTURE:-}" = full ]; }

# stores FUNCTION ARGUMENT...: calls it with a new store of each kind
stores()
{
	# not `... || ...`: within that no command of the function that fails would end the test
	echo "-- a file"
	"$1" new.msdb "${@:2}"
	need_server
	echo "-- MongoDB"
	"$1" "$MONGO/msp_save_${BATS_TEST_NUMBER}_$$" "${@:2}"
}

# key STORE COLLECTION KEY [MORE]: the values of a key, sorted
values() { msdb find "$1" "$2" --canonical --keys "$3" "${@:4}" | python3 -c 'import json, sys
for line in sys.stdin:
    d = json.loads(line); d.pop("_id"); print(json.dumps(d, sort_keys=True))' | sort; }

# ---- what is written

written()
{
	mssynth -n 5 --npts 100 --type i32 --dead-every 4 -o a.msp 2>/dev/null
	mssave -v "$1" a.msp 2>err
	contains "$(cat err)" "saved 4 live, 1 dead in $1"
	equal "$(msdb ls "$1" | grep -v ' 0 ' | xargs)" '1 cemetery 4 fs.chunks 4 fs.files 1 history_global 1 history_object 4 wf_TimeSeries'
	state "$1" >first
	contains "$(cat first)" 'documents 4 files 4 wrong 0 unfinished 0'
	equal "$(values "$1" wf_TimeSeries npts | uniq)" '{"npts": {"$numberInt": "100"}}'
	equal "$(values "$1" wf_TimeSeries delta | uniq)" '{"delta": {"$numberDouble": "0.050000000000000002776"}}'
	equal "$(values "$1" wf_TimeSeries sta | head -n 1)" '{"sta": "S0001"}'
	equal "$(values "$1" cemetery logdata)" '{"logdata": [{"algorithm": "mssynth", "badness": "ErrorSeverity.Invalid", "error_message": "killed on demand (--dead-every)", "job_id": {"$numberInt": "0"}, "process_id": {"$numberInt": "0"}}]}'
	# again: the same
	mssave -v "$1" a.msp 2>err
	contains "$(cat err)" '4 objects had their samples there already'
	equal "$(state "$1")" "$(cat first)"
	# another tag, another collection: other documents, with their own samples
	mssave --tag t "$1" a.msp
	equal "$(msdb count "$1" wf_TimeSeries -e 'data_tag == "t"' 2>/dev/null)" 4
	contains "$(state "$1")" 'documents 8 files 8 wrong 0 unfinished 0'
	mssave --collection mine "$1" a.msp
	equal "$(msdb count "$1" mine)" 4
	mssave --live-only --tag u "$1" a.msp
	equal "$(msdb count "$1" cemetery)" 3
}

@test "save: documents, samples, the dead; again, and under another tag" {
	stores written
}

@test "save: both back ends hold the same" {
	need_server
	mssynth -n 40 --npts 300 --dead-every 7 --ensembles 4 -o a.msp 2>/dev/null
	mssynth -n 10 --npts 200 --kind seismogram -o b.msp
	for f in a b; do
		mssave a.msdb $f.msp
		mssave "$MONGO/msp_both_$$" $f.msp
	done
	equal "$(state a.msdb)" "$(state "$MONGO/msp_both_$$")"
}

layout()
{
	mssynth -n 1 --npts 4 --kind seismogram --type i32 -o s.msp
	msdump --json --samples s.msp >s.json
	mssave "$1" s.msp
	rm -rf out
	msdb export "$1" out
	mssave --storage file:d --tag f "$1" s.msp
	equal "$(msdb find "$1" wf_Seismogram --canonical --query '{"data_tag": "f"}' --keys storage_mode,format,foff,nbytes,dir | sed 's/.*} *, "storage/"storage/')" \
		"\"storage_mode\" : \"file\", \"format\" : \"binary\", \"dir\" : \"$PWD/d\", \"foff\" : { \"\$numberInt\" : \"0\" }, \"nbytes\" : { \"\$numberInt\" : \"96\" } }"
	python3 - out/fs.chunks.jsonl d/*.bin s.json <<-'END'
	import base64, json, struct, sys
	chunk = json.loads(open(sys.argv[1]).read())
	samples = json.load(open(sys.argv[3]))["samples"]
	stored = struct.unpack("<12d", base64.b64decode(chunk["data"]["$binary"]["base64"]))
	assert list(stored) == samples[0] + samples[1] + samples[2], "GridFS: component after component"
	stored = struct.unpack("<12d", open(sys.argv[2], "rb").read())
	assert list(stored) == [samples[c][k] for k in range(4) for c in range(3)], "file: sample after sample"
	END
}

@test "save: GridFS holds component after component, a file sample after sample" {
	stores layout
}

@test "save: one file for a save; its name is what it holds" {
	mssynth -n 20 --npts 1000 -o a.msp
	mssave --storage file:d/ a.msdb a.msp
	equal "$(stat -c %s d/*)" 160000
	equal "$(msdb distinct a.msdb wf_TimeSeries dfile)" "\"$(ls d)\""
	equal "$(msdb distinct a.msdb wf_TimeSeries foff | wc -l)" 20
	ls -li d >before
	mssave --storage file:d a.msdb a.msp
	ls -li d >after
	cmp before after
	# from GridFS into a file: nothing is left behind; and back
	mssave b.msdb a.msp
	mssave --storage file:d b.msdb a.msp
	contains "$(state b.msdb)" 'documents 20 files 0 wrong 0 unfinished 0'
	mssave b.msdb a.msp
	contains "$(state b.msdb)" 'documents 20 files 20 wrong 0 unfinished 0'
	expect 1 mssave --storage file:a.msp b.msdb a.msp
	contains "$stderr" 'a.msp'
	mssynth -n 0 | mssave --storage file:none a.msdb
	[ -z "$(ls -A none)" ]
}

@test "save: an object larger than what is put at a time" {
	mssynth -n 2 --npts 5000000 --type f32 -o big.msp
	mssynth -n 1 --npts 100 --codes YY.SMALL.00.BHZ -o small.msp
	mscat small.msp big.msp -o both.msp
	stores large
}

large()
{
	mssave "$1" both.msp
	contains "$(state "$1")" 'documents 3 files 3 wrong 0 unfinished 0'
	mssave -v "$1" both.msp 2>err
	contains "$(cat err)" '3 objects had their samples there already'
}

@test "save: what cannot be saved live is buried, and what never was, is in abortions" {
	head -c 700 "$MSP_DATA/iu_anmo_bh3.mseed" >cut.mseed
	echo junk >>cut.mseed
	msread cut.mseed -o a.msp
	contains "$(msls a.msp)" DEAD
	mssave -v a.msdb a.msp 2>err
	contains "$(cat err)" 'objects never were data: in abortions'
	equal "$(values a.msdb abortions type | head -n 1)" '{"type": "TimeSeries"}'
	contains "$(msdb find a.msdb abortions)" cut.mseed
	msread --headers "$MSP_DATA/iu_anmo_bh3.mseed" -o h.msp
	expect 0 mssave b.msdb h.msp
	contains "$stderr" '3 objects killed, and buried: the first: IU.ANMO.00.BH1 2010-02-27T06:30:00.019538Z: no samples'
	equal "$(msdb count b.msdb cemetery)" 3
	expect 3 mssave --strict-data b.msdb h.msp
	# a partial fold is no datum
	mssynth -n 3 | msfold --partial --sum --by sta -o p.msp
	expect 0 mssave c.msdb p.msp
	contains "$stderr" '3 objects not saved'
}

@test "save: spellings, blank strings, keys of other collections" {
	mssynth -n 1 | msset 'a="x"' 'empty=""' 'channel_lat=1.5' 'site_elev=2' 'station_note="n"' -o a.msp
	mssave -v a.msdb a.msp 2>err
	contains "$(cat err)" '2 keys are not in the documents'
	msdb find a.msdb wf_TimeSeries >doc
	python3 - doc <<-'END'
	import json, sys
	d = json.load(open(sys.argv[1]))
	for key in "empty", "channel_lat", "site_elev":
	    assert key not in d and key in d["msp"]["values"], key
	assert d["sta"] == "S0001" and d["a"] == "x" and d["station_note"] == "n"
	assert d["msp"]["keys"][-1] == "station_note", d["msp"]["keys"]
	END
	mssave --mode pedantic --tag p a.msdb a.msp
	equal "$(msdb find a.msdb wf_TimeSeries --query '{"data_tag": "p"}' --keys msp | grep -c channel_lat || true)" 0
	# another spelling gets the schema's; a subdocument of that name is something else
	mssynth -n 1 | msset -d sta | msset 'station="Q"' 'channel.hang=90' -o b.msp
	mssave b.msdb b.msp
	equal "$(msdb find b.msdb wf_TimeSeries | python3 -c 'import json, sys; d = json.load(sys.stdin); print(d["sta"], "station" in d, d["channel"]["hang"], d["msp"]["alias"])')" \
		"Q False 90 {'sta': 'station'}"
}

@test "save: modes" {
	mssynth -n 1 | msset 'calib="1.5"' 'channel_lat=3.5' -o a.msp
	mssave a.msdb a.msp
	equal "$(values a.msdb wf_TimeSeries calib)" '{"calib": "1.5"}'
	mssave --mode cautious b.msdb a.msp
	equal "$(values b.msdb wf_TimeSeries calib)" '{"calib": {"$numberDouble": "1.5"}}'
	expect 0 mssave --mode pedantic c.msdb a.msp
	contains "$stderr" 'calib is not a double, which the schema says'
	equal "$(msdb count c.msdb cemetery)" 1
	equal "$(msdb count c.msdb wf_TimeSeries)" 0
	mssynth -n 1 | msset 'calib="no number"' | mssave --mode cautious d.msdb
	equal "$(msdb find d.msdb wf_TimeSeries | grep -c calib || true)" 0
	contains "$(msdb find d.msdb elog)" 'calib is not a double, which the schema says: left out'
	# a key that belongs to another collection, and was changed since it came from there
	printf '{"_id": {"$oid": "0102030405060708090a0b0c"}, "lat": 3.5, "lon": 4.5}\n' >channel.jsonl
	msdb import e.msdb channel.jsonl
	objects oid >c.msp
	mssave --mode cautious e.msdb c.msp
	equal "$(values e.msdb wf_TimeSeries READONLYERROR_channel_lon)" '{"READONLYERROR_channel_lon": {"$numberDouble": "9.0"}}'
	equal "$(msdb find e.msdb wf_TimeSeries | grep -c 'channel_lat' || true)" 0
	contains "$(msdb find e.msdb elog)" 'channel_lon was changed, and belongs to channel'
}

@test "save: ensembles" {
	mssynth -n 6 --ensembles 2 --npts 50 | msset 'x=1' -o a.msp
	mssave a.msdb a.msp
	msdb find a.msdb wf_TimeSeries --keys msp,sta >docs
	python3 - docs <<-'END'
	import json, sys
	docs = [json.loads(line) for line in open(sys.argv[1])]
	brackets = {}
	for d in docs:
	    e = d["msp"]["ensemble"]
	    brackets.setdefault(e["id"], []).append(e["member"])
	assert len(brackets) == 2 and all(sorted(m) == list(range(len(m))) for m in brackets.values()), brackets
	END
	mssynth -n 4 --npts 50 | msgroup sta | mssave b.msdb
	equal "$(msdb count b.msdb wf_TimeSeries)" 4
}

@test "save: history says who made an object, from what" {
	msread "$MSP_DATA/iu_anmo_bh3.mseed" | msfilter --lowpass 2 | mssave a.msdb
	msread "$MSP_DATA/iu_anmo_bh3.mseed" | mssave a.msdb
	msdb find a.msdb history_object >h
	python3 - h "$MSP_SHARED" <<-'END'
	import json, sys
	docs = [json.loads(line) for line in open(sys.argv[1])]
	assert len(docs) == 2
	names = {d["job_name"]: d for d in docs}
	assert set(names) == {"msread", "msread | msfilter"}, names
	d = names["msread | msfilter"]
	assert d["stages"][1]["argv"] == ["msfilter", "--lowpass", "2"] and d["stages"][1]["in"] == [0]
	assert d["alg_name"] == "msfilter" and d["save_stage"] == 2 and isinstance(d["save_uuid"], str) and "$binary" in d["processing_history"]
	END
	equal "$(msdb count a.msdb wf_TimeSeries -e 'defined(history_object_id)')" 6
	contains "$(msdb find a.msdb history_global --query '{"alg_name": "msfilter"}' --keys parameters)" 'lowpass'
	before=$(values a.msdb history_global time)
	msread "$MSP_DATA/iu_anmo_bh3.mseed" | mssave a.msdb
	equal "$(values a.msdb history_global time)" "$before"
	mssynth -n 0 | mssave b.msdb
	equal "$(msdb count b.msdb history_object)" 0
}

@test "save: more documents than are held in memory" {
	mkdir tmp
	mssynth -n 30000 --npts 2 -o many.msp
	TMPDIR=$PWD/tmp mssave --storage file:d a.msdb many.msp
	contains "$(state a.msdb)" 'documents 30000 files 0 wrong 0 unfinished 0'
	[ -z "$(ls -A tmp)" ]
	TMPDIR=$PWD/nowhere expect 1 mssave --storage file:d b.msdb many.msp
	contains "$stderr" nowhere
	equal "$(state b.msdb | cut -d' ' -f 1-10)" 'documents 0 files 0 wrong 0 unfinished 0 left 0'
}

@test "save: a store is made when there is something for it, not before" {
	mssynth -n 20 -o a.msp
	head -c 5000 a.msp >cut.msp
	expect_sh 4 'mssave a.msdb </dev/null'
	expect 4 mssave a.msdb cut.msp
	expect 1 mssave a.msdb absent.msp
	expect 2 mssave --tag "$(printf 'x%.0s' $(seq 300))" a.msdb a.msp
	expect 1 msindex absent.mseed a.msdb
	echo '<' >bad.xml
	expect 4 msimport bad.xml a.msdb
	expect 1 msimport absent.xml a.msdb
	expect 1 msdb import a.msdb absent.jsonl
	expect 1 msdb merge a.msdb absent.msdb
	expect 1 msdb join a.msdb wf_TimeSeries channel
	expect 1 mssave no/a.msdb a.msp
	contains "$stderr" 'no/a.msdb: No such file or directory'
	equal "$(find . -name '*.msdb*')" ''
	mssynth -n 0 | mssave a.msdb # nothing, but a whole stream of it
	[ -s a.msdb ]
	cp a.msdb before.msdb
	expect_sh 4 'mssave a.msdb </dev/null'
	cmp a.msdb before.msdb || [ "$(state a.msdb)" = "$(state before.msdb)" ]
	# the header of the segment that the first object stands in
	cat <(mssynth -n 0) <(mssynth -n 1 | msfilter --lowpass 2) | mssave b.msdb
	equal "$(msdb find b.msdb history_object | python3 -c 'import json, sys; print(json.loads(sys.stdin.read())["job_name"])')" 'mssynth | msfilter'
}

@test "save: bad options" {
	mssynth -n 1 -o a.msp
	for o in '--tag=' "--tag=$(printf 'x%.0s' $(seq 300))" '--collection=elog' '--collection=fs.files' '--collection=a$b' '--storage=disk' '--storage=file:' \
		'--to=mseed' '--mode=x'; do
		expect 2 mssave "$o" a.msdb a.msp
	done
	[ ! -e a.msdb ] || equal "$(state a.msdb | cut -d' ' -f 1-8)" 'documents 0 files 0 wrong 0 unfinished 0'
	expect 2 mssave --tag x a.msp2.msp a.msp
	contains "$stderr" 'are for stores'
	expect 1 mssave no/where.msdb a.msp
	contains "$stderr" 'no/where.msdb: No such file or directory'
	expect 2 mssave a.msp.msdb.. a.msp
	cp a.msp text.msdb
	expect 2 mssave text.msdb a.msp
	contains "$stderr" 'text.msdb: not a store'
	cmp a.msp text.msdb
}

@test "save: hostile metadata are data" {
	objects hostile >h.msp
	mscheck h.msp
	stores hostile
}

hostile()
{
	mssave "$1" h.msp
	contains "$(state "$1")" 'documents 1 files 1 wrong 0 unfinished 0'
	contains "$(msdb find "$1" wf_TimeSeries)" "'); drop table"
}

# ---- what fails

nothing_left()
{
	equal "$(state "$1" | cut -d' ' -f 1-10)" 'documents 0 files 0 wrong 0 unfinished 0 left 0'
}

cut_input()
{
	expect 4 mssave "$1" cut.msp
	nothing_left "$1"
	# all but the trailer comes, and no end of input: it has everything, and must wait
	mkfifo pipe
	mssave "$1" <pipe & sink=$!
	exec 7>pipe
	cat cut.msp >&7
	sleep 0.5
	kill -TERM $sink
	rc=0
	wait $sink || rc=$?
	exec 7>&-
	rm pipe
	equal $rc 143
	nothing_left "$1"
}

@test "save: of an input that is cut, and of one that a signal ends, nothing stays" {
	mssynth -n 300 --npts 6000 -o whole.msp
	head -c "$(($(stat -c %s whole.msp) - 7))" whole.msp >cut.msp
	stores cut_input
	expect 4 mssave --storage file:d a.msdb cut.msp
	nothing_left a.msdb
	[ -z "$(ls -A d)" ]
}

# killed STORE RUNS MAX_MS OPTIONS...: saves that are killed at random moments, and what another save makes of the rest
killed()
{
	local store=$1 runs=$2 max=$3 want sig ms out kills=0 open=0 s i
	shift 3
	mssynth -n 0 -o empty.msp
	s=$store
	[ "${s%.msdb}" != "$s" ] || s=${store}_u
	mssave "$@" "$s" in.msp
	want=$(state "$s")
	for i in $(seq "$runs"); do
		s=$store
		if [ "${s%.msdb}" != "$s" ]; then rm -f "$s"*; else s=${store}_$i; fi
		mssave "$@" "$s" empty.msp
		for _ in $(seq $((1 + RANDOM % 2))); do # perhaps twice
			sig=KILL
			[ $((RANDOM % 2)) = 0 ] || sig=TERM
			ms=$((RANDOM % max))
			timeout --foreground --signal=$sig $((ms / 1000)).$(printf %03d $((ms % 1000))) mssave "$@" "$s" in.msp >/dev/null 2>&1 || kills=$((kills + 1))
			out=$(savecheck "$s") || { echo "$sig after $ms ms: $out"; return 1; }
			[ $((i % 5)) != 0 ] || msdb check "$s" >checked 2>&1 || { echo "$sig after $ms ms"; cat checked; return 1; }
			case $out in *'unfinished 0 '*) ;; *) open=$((open + 1)) ;; esac
		done
		mssave "$@" "$s" in.msp || { echo "the save after $sig at $ms ms"; return 1; }
		equal "$(savecheck "$s" -s)" "$want" || { echo "after $sig at $ms ms"; return 1; }
	done
	echo "$runs runs, $kills killed, $open left something unfinished"
	[ $kills -ge $((runs / 10)) ] # a fast machine is done before most
}

# A save that is killed when it has all samples and waits for the end of its input.
unfinished() # STORE SAMPLES: "left N" where N is not 0, or, where all are there already, "unfinished 1"
{
	mkfifo pipe
	mssave "$1" <pipe & sink=$!
	exec 7>pipe
	cat cut.msp >&7
	for _ in $(seq 600); do
		if state "$1" 2>/dev/null | grep -q "$2"; then break; fi
		sleep 0.1
	done
	contains "$(state "$1" | grep "$2")" "documents"
	kill -KILL $sink
	wait $sink || true
	exec 7>&-
	rm pipe
	contains "$(savecheck "$1")" 'wrong 0 unfinished 1'
}

taken_away()
{
	unfinished "$1" 'left [1-9]'
	[ "$(state "$1" | sed 's/.*left \([0-9]*\) .*/\1/')" -gt 0 ]
	expect 0 msdb check "$1"
	contains "$output" 'run it again'
	msdb check --fix "$1"
	nothing_left "$1"
	equal "$(msdb count "$1" fs.chunks)" 0
	# and here the next save completes it
	unfinished "$1" 'left [1-9]'
	mssave -v "$1" whole.msp 2>err
	contains "$(cat err)" 'objects had their samples there already'
	contains "$(savecheck "$1" -s)" 'documents 700 files 700 wrong 0 unfinished 0 left 0'
	# what documents name stays: another save of the same, left unfinished, is taken away again
	unfinished "$1" 'unfinished 1'
	msdb check --fix "$1"
	contains "$(savecheck "$1" -s)" 'documents 700 files 700 wrong 0 unfinished 0 left 0'
}

@test "save: what an unfinished one left is taken away, or used" {
	mssynth -n 700 --npts 2000 -o whole.msp
	head -c "$(($(stat -c %s whole.msp) - 7))" whole.msp >cut.msp
	stores taken_away
}

@test "save: killed at random, a file" {
	mssynth -n 150 --npts 6000 --type i32 --dead-every 7 -o in.msp 2>/dev/null
	run killed k.msdb "$(if full; then echo 1000; else echo 100; fi)" 70
	echo "$output"
	[ "$status" -eq 0 ]
	[ "$(sed -n 's/.* \([0-9]*\) left .*/\1/p' <<<"$output")" -gt 0 ]
}

@test "save: killed at random, samples in a file" {
	mssynth -n 150 --npts 6000 --kind seismogram -o in.msp
	run killed k.msdb "$(if full; then echo 500; else echo 40; fi)" 70 --storage file:d
	echo "$output"
	[ "$status" -eq 0 ]
	equal "$(find d -name '*.bin' | wc -l)" 1
}

@test "save: killed at random, a MongoDB server" {
	need_server
	mssynth -n 60 --npts 3000 --type i32 --dead-every 7 -o in.msp 2>/dev/null
	run killed "$MONGO/msp_killed_$$" "$(if full; then echo 300; else echo 30; fi)" 400
	echo "$output"
	[ "$status" -eq 0 ]
}

@test "save: a server that is killed, and comes back" {
	need_server
	[ -z "${MSP_TEST_MONGODB_URI:-}" ] || skip "the server is not ours to kill"
	mssynth -n 150 --npts 6000 --type i32 -o in.msp
	mssave want.msdb in.msp
	port=$((20000 + RANDOM % 12000))
	mkdir server
	server=$(secantus_environment)
	begin() { (cd server && exec "$server" --host 127.0.0.1 --port $port --storage-path ./db --log-level WARNING --standalone >/dev/null 2>&1 3>&-) & pid=$!; }
	for delay in $(if full; then echo 0.05 0.1 0.2 0.3 0.4 0.5 0.6 0.8; else echo 0.2 0.5; fi); do
		begin
		for _ in $(seq 100); do msdb ls "mongodb://127.0.0.1:$port/x?serverSelectionTimeoutMS=300" >/dev/null 2>&1 && break; sleep 0.1; done
		mssave "mongodb://127.0.0.1:$port/k${delay#0.}" in.msp 2>err & save=$!
		sleep $delay
		kill -9 $pid
		wait $pid || true
		begin
		rc=0
		wait $save || rc=$?
		for _ in $(seq 100); do msdb ls "mongodb://127.0.0.1:$port/x?serverSelectionTimeoutMS=300" >/dev/null 2>&1 && break; sleep 0.1; done
		savecheck "mongodb://127.0.0.1:$port/k${delay#0.}"
		[ $rc -eq 0 ] || { equal $rc 1; contains "$(cat err)" "mssave: mongodb://127.0.0.1:$port"; }
		mssave "mongodb://127.0.0.1:$port/k${delay#0.}" in.msp
		equal "$(savecheck "mongodb://127.0.0.1:$port/k${delay#0.}" -s)" "$(state want.msdb)"
		kill $pid
		wait $pid || true
	done
}

# faulty STATUS TEXT FAULT...: through a bad way; then once more by a good one
faulty()
{
	local want=$1 text=$2 port db=msp_fault_${RANDOM}_$$ server=${MONGO##*:} patience=60000
	shift 2
	case $1 in hang | refuse) patience=1000 ;; esac # a server that is only slow, since the machine is, is waited for
	port=$((20000 + RANDOM % 12000))
	python3 "$MSP_TOP/tests/store/proxy.py" $port "$server" "$@" >ready 3>&- & proxy=$!
	for _ in $(seq 50); do [ -s ready ] && break; sleep 0.1; done
	run --separate-stderr timeout 100 mssave "mongodb://127.0.0.1:$port/$db?socketTimeoutMS=$patience&serverSelectionTimeoutMS=$patience" in.msp
	kill $proxy
	wait $proxy || true
	echo "$*: $status $stderr"
	[ "$status" -eq "$want" ]
	contains "$stderr" "$text"
	savecheck "$MONGO/$db"
	mssave "$MONGO/$db" in.msp
	equal "$(savecheck "$MONGO/$db" -s)" "$(state want.msdb)"
}

@test "save: a server that hangs, refuses, drops the connection, refuses one document" {
	need_server
	mssynth -n 100 --npts 3000 --type i32 --dead-every 7 -o in.msp 2>/dev/null
	mssave want.msdb in.msp
	for n in 500 5000 1000000 2070000 2110000; do faulty 0 '' drop $n; done
	faulty 1 'no server answers' refuse 1000000
	faulty 1 'socket timeout' hang 1000000
	for c in fs.chunks fs.files wf_TimeSeries cemetery; do faulty 1 injected error $c; done
}

@test "save: a full disk" {
	mssynth -n 100 --npts 6000 -o in.msp
	mssave want.msdb in.msp
	# the limit of 2 MB on every file stands for the disk
	for size in 40 400 2000; do
		rm -f a.msdb*
		mssynth -n 0 | mssave a.msdb
		expect_sh 1 "ulimit -f $size; trap '' XFSZ; mssave a.msdb in.msp"
		contains "$stderr" 'mssave: a.msdb'
		savecheck a.msdb
		mssave a.msdb in.msp
		equal "$(savecheck a.msdb -s)" "$(state want.msdb)"
	done
	rm -f a.msdb*
	expect_sh 1 "ulimit -f 2000; trap '' XFSZ; mssave --storage file:d a.msdb in.msp"
	contains "$stderr" 'File too large'
	[ -z "$(ls -A d)" ]
	nothing_left a.msdb
}

together()
{
	local i pids=
	for i in 1 2 3 4; do mssave "$1" part.$i.msp 2>err.$i & pids="$pids $!"; done
	for i in $pids; do wait "$i" || { cat err.*; return 1; }; done
	equal "$(savecheck "$1" -s | sed 's/digest.*//')" 'documents 200 files 200 wrong 0 unfinished 0 left 0 '
	# equal parts: all save the same
	pids=
	for i in 1 2 3 4; do mssave --tag same "$1" part.1.msp 2>err.$i & pids="$pids $!"; done
	for i in $pids; do wait "$i" || { cat err.*; return 1; }; done
	equal "$(savecheck "$1" -s | sed 's/digest.*//')" 'documents 250 files 250 wrong 0 unfinished 0 left 0 '
}

@test "save: four processes at once, disjoint parts and equal ones" {
	mssynth -n 200 --npts 2000 --type i32 -o in.msp
	mssplit -n 4 --prefix part in.msp
	rename() { local i=1 f; for f in part.*.msp; do [ "$f" = part.$i.msp ] || mv "$f" part.$i.msp; i=$((i + 1)); done; }
	rename
	stores together
	rm -f f.msdb*
	for i in 1 2 3 4; do mssave --storage file:d f.msdb part.$i.msp & pids="$pids $!"; done
	for i in $pids; do wait "$i"; done
	equal "$(savecheck f.msdb -s | sed 's/digest.*//')" 'documents 200 files 0 wrong 0 unfinished 0 left 0 '
}

mixed()
{
	local i pids rc
	# some of those that save the same are killed: the others' samples stay
	for i in $(seq 10); do
		pids=
		for _ in 1 2; do mssave --tag "r$i" "$1" in.msp 2>/dev/null & pids="$pids $!"; done
		for sig in KILL TERM; do timeout --foreground --signal=$sig 0.0$((10 + RANDOM % 80)) mssave --tag "r$i" "$1" in.msp 2>/dev/null || true; done
		for p in $pids; do wait "$p" || { echo "run $i: a save that nobody killed failed"; return 1; }; done
		savecheck "$1" || return 1
	done
	contains "$(state "$1")" "documents $((i * 60)) files $((i * 60)) wrong 0"
}

@test "save: some of those that save the same are killed" {
	mssynth -n 60 --npts 3000 --type i32 -o in.msp
	stores mixed
}

@test "save: what an interrupted waiting for another writer does" {
	mssynth -n 1 -o a.msp
	mssave a.msdb a.msp
	python3 -c 'import sqlite3, time
db = sqlite3.connect("a.msdb", isolation_level=None)
db.execute("BEGIN IMMEDIATE")
print("locked", flush=True)
time.sleep(100)' >locked & holder=$!
	for _ in $(seq 50); do [ -s locked ] && break; sleep 0.1; done
	mssave a.msdb a.msp & waiting=$!
	sleep 0.5
	kill -INT $waiting 2>/dev/null || kill -TERM $waiting
	kill -TERM $waiting 2>/dev/null || true
	rc=0
	wait $waiting || rc=$?
	[ $rc -ge 128 ] # not what it would say had it waited in vain
	kill $holder
	wait $holder || true
	savecheck a.msdb
}

@test "save: a password is said nowhere" {
	need_server
	mssynth -n 3 -o a.msp
	host=${MONGO#mongodb://}
	# no such user: the server refuses it, or does not care; what is said and written has no password
	run mssave "mongodb://user:s3cr3t-word@$host/msp_secret_$$?serverSelectionTimeoutMS=2000" a.msp
	run ! grep -q s3cr3t <<<"$output$stderr"
	echo "mongodb://$host/msp_secret_$$" >uri
	mssave mongodb:@uri a.msp
	MSP_MONGODB_URI="mongodb://$host/msp_secret_$$" mssave mongodb: a.msp
	contains "$(state "$MONGO/msp_secret_$$")" 'documents 3 files 3 wrong 0'
	# a stage of a pipeline that read from such a place
	objects secret >c.msp
	mssave c.msdb c.msp
	contains "$(msdb find c.msdb history_object)" 'mongodb://user@host/db'
	run ! grep -q s3cr3t c.msdb
}
