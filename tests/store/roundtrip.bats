# What mssave put into a store comes out of it as it was: msread's digest is that of what was saved. And what it writes has the shape of
# what MsPASS writes.

load ../cli/common
load store

digest() { mscheck --digest "$1" | cut -c 1-32; }

# everywhere FUNCTION ARGUMENT...: with a new store of each kind, and each storage: FUNCTION STORE STORAGE ARGUMENT...
everywhere()
{
	local storage n=0
	for storage in gridfs "file:$PWD/samples"; do
		rm -f new.msdb*
		# not `... || ...`: within that no command of the function that fails would end the test
		echo "-- a file, $storage"
		"$1" new.msdb "$storage" "${@:2}"
		need_server
		n=$((n + 1))
		echo "-- MongoDB, $storage"
		"$1" "$MONGO/msp_round_${BATS_TEST_NUMBER}_${n}_${RANDOM}_$$" "$storage" "${@:2}"
	done
}

same() # STORE STORAGE FILE OPTIONS...
{
	mssave --storage "$2" "$1" "$3"
	msread "${@:4}" "$1" -o back.msp
	equal "$(digest back.msp)" "$(digest "$3")"
}

@test "round trip: time series and seismograms of every type" {
	for kind in timeseries seismogram; do
		for type in f64 f32 i32; do
			mssynth -n 7 --npts 1000 --kind $kind --type $type -o a.msp
			everywhere same a.msp
		done
	done
}

@test "round trip: recordings, processed" {
	msread "$MSP_DATA"/*.mseed | msdetrend --linear | msfilter --lowpass 2 | msset 'note="é"' 'big=1099511627777' 'yes=true' -o a.msp
	everywhere same a.msp
}

@test "round trip: ensembles" {
	mssynth -n 30 --ensembles 5 --npts 100 -o a.msp
	everywhere same a.msp --ensembles
	mssynth -n 12 --npts 100 | msset 'k=npts' | msgroup sta -o b.msp
	everywhere same b.msp --ensembles
}

large() # more than one batch, more than one chunk, more than a chunk with a rest
{
	mssave --storage "$2" "$1" a.msp
	msread "$1" -o back.msp
	equal "$(digest back.msp)" "$(digest a.msp)"
}

@test "round trip: large objects" {
	mssynth -n 1 --npts 3000001 --type i32 -o 1.msp
	mssynth -n 2 --npts 32640 --kind seismogram --codes A.A..A -o 2.msp
	mssynth -n 1 --npts 1000001 --kind seismogram --codes B.B..B --type f32 -o 3.msp
	mscat 1.msp 2.msp 3.msp -o a.msp
	everywhere large
}

# Every object of odd.msp, the dead ones too, is what it was.
odd()
{
	mssave --storage "$2" "$1" odd.msp
	msread --ensembles "$1" -o back.msp
	msread --ensembles --collection cemetery "$1" -o dead.msp
	for f in back dead; do msdump --json --samples $f.msp; done >back.json
	python3 - odd.json back.json <<-'END'
	import json, sys
	was, now = ({(d := json.loads(line))["id"]: d for line in open(name)} for name in sys.argv[1:3])
	for id, d in was.items():
	    if not d["kind"].startswith("ensemble"):
	        assert id in now and json.dumps(now[id]) == json.dumps(d), (d, now.get(id))
	assert sum(not d["kind"].startswith("ensemble") for d in now.values()) == sum(not d["kind"].startswith("ensemble") for d in was.values())
	END
	# bit by bit: the digests of those that live
	msgrep live odd.msp | msgroup --undo | msgrep 'sta != "M0" && sta != "M1" && sta != "M2" && sta != "E2"' -o live.msp
	msgroup --undo back.msp | msgrep 'live && sta != "M0" && sta != "M1" && sta != "M2" && sta != "E2"' -o alive.msp
	equal "$(digest alive.msp)" "$(digest live.msp)"
}

@test "round trip: NaN, infinity, -0.0, denormals; relative times; logs, histories, the dead; blank strings" {
	python3 "$MSP_TOP/tests/store/make_objects.py" odd >odd.msp
	msdump --json --samples odd.msp >odd.json
	everywhere odd
}

@test "round trip: metadata that no document holds" {
	python3 "$MSP_TOP/tests/store/make_objects.py" hostile >h.msp
	msdump --json --samples h.msp | sed 's/"elog":.*"samples"/"samples"/' >h.json
	hostile() { mssave --storage "$2" "$1" h.msp; msread "$1" | msdump --json --samples | sed 's/"elog":.*"samples"/"samples"/' >back.json; cmp h.json back.json; }
	everywhere hostile
	python3 "$MSP_TOP/tests/store/make_objects.py" oid >o.msp
	everywhere same o.msp
}

@test "round trip: again under another tag, and into another collection" {
	mssynth -n 5 --npts 50 -o a.msp
	mssave --tag x a.msdb a.msp
	mssave --collection mine a.msdb a.msp
	msread --tag x a.msdb -o b.msp
	msread --collection mine a.msdb -o c.msp
	for f in b c; do equal "$(digest $f.msp)" "$(digest a.msp)"; done
}

@test "what is saved has the keys, the types and the values of what MsPASS saved" {
	need_shared mspass_db
	msdb import m.msdb "$MSP_SHARED/mspass_db"
	msdb export m.msdb theirs
	for storage in gridfs "file:$PWD/samples"; do
		rm -rf ours.msdb* ours
		msread --ids --base "$MSP_SHARED/mspass_db" m.msdb | mssave --storage "$storage" ours.msdb
		msdb export ours.msdb ours
		python3 "$MSP_TOP/tests/store/shape.py" theirs ours "$storage"
	done
}
