# The two back ends give the same answers, and the file says what is wrong with it.

load ../cli/common
load store

conformance() { "$MSP_BUILD/tests/store/conformance" "$@"; }

@test "conformance: a file" {
	run conformance new.msdb
	echo "$output"
	[ "$status" -eq 0 ]
	contains "$output" ' passed, 0 failed'
}

@test "conformance: a file without a write-ahead log" {
	msdb import plain.msdb <(:) --collection x
	sqlite3 plain.msdb 'PRAGMA journal_mode = DELETE' >/dev/null
	run conformance plain.msdb
	echo "$output"
	[ "$status" -eq 0 ]
}

@test "conformance: a MongoDB server" {
	need_server
	# shellcheck disable=SC2086 # flags
	run conformance $CONFORMANCE_FLAGS "$MONGO/msp_conformance_$$"
	echo "$output"
	[ "$status" -eq 0 ]
	contains "$output" ' passed, 0 failed'
}

@test "random filters: the file finds what the matcher in memory says" {
	for seed in 1 2 3; do
		run "$MSP_BUILD/tests/store/choose" random$seed.msdb $seed 2000
		echo "$output"
		[ "$status" -eq 0 ]
	done
}

@test "random filters: so does a MongoDB server" {
	# SecantusDB answers $all of arrays, and $elemMatch over arrays in arrays, in its own way
	[ -n "${MSP_TEST_MONGODB_URI:-}" ] || skip "only on a server that MSP_TEST_MONGODB_URI names"
	run "$MSP_BUILD/tests/store/choose" "$MONGO/msp_choose_$$" 1 2000
	echo "$output"
	[ "$status" -eq 0 ]
}

@test "a database of MsPASS goes into both, and comes out as it was" {
	need_shared mspass_db
	need_server
	for store in a.msdb "$MONGO/msp_mspass_$$"; do
		msdb import "$store" "$MSP_SHARED/mspass_db"
		rm -rf out
		msdb export "$store" out
		for f in "$MSP_SHARED"/mspass_db/*.jsonl; do
			python3 "$MSP_TOP/tests/store/same.py" "$f" "out/$(basename "$f")"
		done
	done
}

@test "a MongoDB client that was killed leaves nothing that a later process of its number stumbles over" {
	need_server
	[ -w /dev/shm ] || skip "no /dev/shm"
	# shellcheck disable=SC2016 # the inner shell's
	run --separate-stderr bash -c 'printf %s $$ >pid; head -c 10 /dev/zero >/dev/shm/mongoc-$$; exec msdb ls "$0"' "$MONGO/msp_shm_$$"
	rm -f "/dev/shm/mongoc-$(cat pid)"
	equal "$status:$stderr" 0:
	mkfifo never
	# shellcheck disable=SC2016
	bash -c 'rm -f /dev/shm/mongoc-$$; exec mssave "$0"' "$MONGO/msp_shm_$$" <never 3>&- &
	pid=$!
	exec 4>never
	until grep -q libmongoc "/proc/$pid/maps"; do sleep 0.1; done
	sleep 0.2
	[ ! -e "/dev/shm/mongoc-$pid" ]
	kill -9 $pid
	exec 4>&-
	wait $pid || :
}

@test "both answer the same questions about real documents" {
	need_shared site.json
	need_server
	for f in site source; do
		msdb import a.msdb "$MSP_SHARED/$f.json"
		msdb import "$MONGO/msp_same_$$" "$MSP_SHARED/$f.json"
	done
	same() { equal "$(msdb "$1" a.msdb "${@:2}")" "$(msdb "$1" "$MONGO/msp_same_$$" "${@:2}")"; }
	same ls
	same find site --sort sta,net,starttime,_id
	same find site --query '{"lat": {"$gt": 40}, "sta": {"$regex": "^[A-F]"}}' --sort -lat,_id --keys sta,lat
	same find source --sort -magnitude,_id --limit 5
	same distinct site net
	same distinct source magnitude_type --query '{"depth": {"$lt": 30}}'
	same count site -e 'elev > 1 && sta =~ "^1"'
	[ "$(msdb count a.msdb site)" -gt 100 ]
}

@test "people can read the file with sqlite3" {
	need_shared mspass_db
	msdb import a.msdb "$MSP_SHARED/mspass_db"
	equal "$(sqlite3 a.msdb "select sta, npts, time_standard from wf_TimeSeries where sta = 'S0001'")" 'S0001|137|UTC'
	equal "$(sqlite3 a.msdb 'select count(*) from wf_TimeSeries where starttime > 1.5e9')" "$(msdb count a.msdb wf_TimeSeries --query '{"starttime": {"$gt": 1.5e9}}')"
	equal "$(sqlite3 a.msdb 'pragma integrity_check')" ok
}

@test "a selection by time and station uses an index" {
	printf '{"_id": 1, "sta": "A", "starttime": 1.0}\n' >wf_TimeSeries.jsonl
	msdb import a.msdb wf_TimeSeries.jsonl
	contains "$(sqlite3 a.msdb "explain query plan select _doc from wf_TimeSeries where (sta = 'A' and starttime > 0)")" 'USING INDEX wf_TimeSeries:sta starttime'
}

@test "what is no store is said" {
	expect 1 msdb ls not/there.msdb
	contains "$stderr" 'not/there.msdb: No such file or directory'
	: >empty.msdb
	expect 2 msdb ls empty.msdb
	contains "$stderr" 'empty.msdb: empty: not a store'
	yes text | head -n 1000 >text.msdb
	expect 2 msdb ls text.msdb
	contains "$stderr" 'text.msdb: not a store'
	sqlite3 other.msdb 'create table t(a)'
	expect 2 msdb import other.msdb --collection x /dev/null
	contains "$stderr" 'a database of something else'
	mkdir dir.msdb
	expect 2 msdb ls dir.msdb
	expect 2 msdb ls something
	contains "$stderr" 'not the name of a store'
	printf '{"_id": 1}\n' >x.jsonl
	msdb import new.msdb x.jsonl
	sqlite3 new.msdb 'pragma user_version = 99'
	expect 2 msdb ls new.msdb
	contains "$stderr" 'format 99'
}

@test "damage is found, not passed on" {
	seq 3000 | sed 's/.*/{"_id": &, "text": "some text to fill the page with, number &"}/' >x.jsonl
	msdb import a.msdb x.jsonl
	dd if=/dev/urandom of=a.msdb bs=1 seek=40000 count=60000 conv=notrunc status=none
	run msdb find a.msdb x
	[ "$status" -eq 4 ] || [ "$status" -eq 1 ]
	contains "$output" 'a.msdb: '
}

@test "a full disk: said, and the store is as it was" {
	mkdir disk
	mount -t tmpfs -o size=1m tmpfs disk 2>/dev/null || { [ "${CI:-}" != true ]; skip "a small tmpfs cannot be mounted here"; }
	printf '{"_id": 1}\n' >x.jsonl
	msdb import disk/a.msdb x.jsonl
	seq 20000 | sed 's/.*/{"_id": &, "text": "some text to fill the disk with, number &"}/' >x.jsonl
	run msdb import disk/a.msdb x.jsonl
	umount_later=$status
	echo "$output"
	contains "$output" 'disk/a.msdb: No space left on device' || umount_later=wrong
	[ "$(msdb count disk/a.msdb x)" -ge 1 ] || umount_later=wrong
	equal "$(sqlite3 disk/a.msdb 'pragma integrity_check')" ok || umount_later=wrong
	umount disk
	equal "$umount_later" 1
}

@test "a read-only file system: read, and not written" {
	mkdir disk here
	printf '{"_id": 1}\n' >x.jsonl
	msdb import disk/a.msdb x.jsonl
	mount --bind disk here 2>/dev/null && mount -o remount,ro,bind here || { [ "${CI:-}" != true ]; skip "nothing can be mounted here"; }
	found=$(msdb find here/a.msdb x) || found=failed
	run msdb update here/a.msdb x '{"$set": {"a": 1}}' --all
	written=$status said=$output
	run msdb import here/b.msdb x.jsonl
	umount here
	equal "$found" '{"_id":1}'
	equal "$written" 1
	contains "$said" 'here/a.msdb: Read-only file system'
	contains "$output" 'here/b.msdb: Read-only file system'
}

@test "a file system without locks: said, at once" {
	[ -z "${MSP_SAN:-}" ] || skip "a sanitizer wants to be first"
	"${CC:-cc}" -std=c11 -D_GNU_SOURCE -shared -fPIC -o nolock.so "$MSP_TOP/tests/store/preload/nolock.c" -ldl
	printf '{"_id": 1}\n' >x.jsonl
	start=$SECONDS
	LD_PRELOAD=./nolock.so expect 1 msdb import a.msdb x.jsonl
	contains "$stderr" 'a.msdb: its file system has no locks'
	msdb import b.msdb x.jsonl
	LD_PRELOAD=./nolock.so expect 1 msdb find b.msdb x
	contains "$stderr" 'b.msdb: its file system has no locks'
	[ $((SECONDS - start)) -lt 10 ]
}

@test "a writer waits for another" {
	printf '{"_id": 1}\n' >x.jsonl
	msdb import a.msdb x.jsonl
	sqlite3 a.msdb 'begin immediate; select 1;' '.shell : >begun; until [ -e go ]; do sleep 0.05; done' 'commit;' >/dev/null 3>&- &
	writer=$!
	until [ -e begun ]; do sleep 0.05; done
	equal "$(msdb count a.msdb x)" 1 # a reader does not
	msdb update a.msdb x '{"$set": {"a": 1}}' --all &
	waiting=$!
	sleep 0.7
	kill -0 "$waiting"
	equal "$(msdb count a.msdb x --query '{"a": 1}')" 0
	: >go
	wait "$waiting"
	wait "$writer"
	equal "$(msdb count a.msdb x --query '{"a": 1}')" 1
}

@test "killed at any moment, it is whole, and complete when it is done again" {
	seq 30000 | sed 's/.*/{"_id": &, "sta": "S&", "starttime": &.5}/' >wf_TimeSeries.jsonl
	for i in 1 2 3 4 5 6; do
		msdb import a.msdb wf_TimeSeries.jsonl 3>&- &
		sleep "0.0$((RANDOM % 10))$i"
		kill -9 $! 2>/dev/null
		wait $! || true
		if [ -s a.msdb ]; then equal "$(sqlite3 a.msdb 'pragma integrity_check')" ok; fi
	done
	msdb import a.msdb wf_TimeSeries.jsonl
	equal "$(msdb count a.msdb wf_TimeSeries)" 30000
}

@test "a server that is not there: said, within five seconds, without the password" {
	start=$SECONDS
	expect 1 msdb ls 'mongodb://user:secret@127.0.0.1:1/db?connectTimeoutMS=1000'
	[ $((SECONDS - start)) -le 15 ] # five on a machine that does nothing else; libmongoc's own limit is thirty
	contains "$stderr" 'mongodb://user@127.0.0.1:1/db: no server answers'
	case $stderr in *secret* | *connectTimeout*) return 1 ;; esac
	# a server that takes the connection and says nothing
	python3 -c 'import socket, time
s = socket.socket(); s.bind(("127.0.0.1", 0)); s.listen(5); print(s.getsockname()[1], flush=True); time.sleep(60)' >port 3>&- &
	silent=$!
	while [ ! -s port ]; do sleep 0.1; done
	start=$SECONDS
	expect 1 msdb ls "mongodb://user:secret@127.0.0.1:$(cat port)/db"
	[ $((SECONDS - start)) -le 15 ]
	case $stderr in *secret*) return 1 ;; esac
	kill $silent
}

@test "URIs that are none: the password is not in the message" {
	for uri in 'mongodb://user:se@cret@/db' 'mongodb://user:sec/ret@host/db' 'mongodb://user:sec?ret@host/db' 'mongodb://user:secret@host:x/db' \
		'mongodb://user:secret@127.0.0.1:1/?a=secret' 'mongodb://127.0.0.1:1/db?tlsCertificateKeyFilePassword=sec@ret&x'; do
		run --separate-stderr msdb ls "$uri"
		[ "$status" -ne 0 ]
		case $stderr in *secret* | *cret* | *ret*@* | *sec/* | *sec?*) echo "$uri: $stderr"; return 1 ;; esac
	done
	expect 2 msdb ls mongodb://127.0.0.1:1/
	contains "$stderr" 'no database'
	expect 2 msdb ls 'mongodb://127.0.0.1:1/db?w=0'
	contains "$stderr" 'w=0'
}

@test "a URI from the environment, and from a file" {
	expect 2 msdb ls mongodb:
	contains "$stderr" MSP_MONGODB_URI
	MSP_MONGODB_URI='mongodb://u:secret@127.0.0.1:1/db?serverSelectionTimeoutMS=200' expect 1 msdb ls mongodb:
	contains "$stderr" 'mongodb://u@127.0.0.1:1/db'
	echo 'mongodb://u:secret@127.0.0.1:1/other?serverSelectionTimeoutMS=200' >uri
	expect 1 msdb ls mongodb:@uri
	contains "$stderr" 'mongodb://u@127.0.0.1:1/other'
	expect 1 msdb ls mongodb:@nothing
	contains "$stderr" 'nothing: No such file'
}

@test "a server that dies under way: said; started again, the import is completed" {
	[ -n "${SECANTUS_PID:-}" ] || need_server
	[ -n "${SECANTUS_PID:-}" ] || skip "the server is somebody else's"
	seq 5000 | sed 's/.*/{"_id": &, "sta": "S&"}/' >x.jsonl
	MONGO=${MONGO%/}
	# a server of its own, so that the others keep theirs
	BATS_FILE_TMPDIR=$BATS_TEST_TMPDIR
	server_start
	msdb import "$MONGO/db" x.jsonl 2>err 3>&- &
	import=$!
	sleep 0.4
	kill -9 "$SECANTUS_PID"
	if wait $import; then echo 'it had ended before' >err; fi
	cat err
	port=${MONGO##*:}
	(cd server && exec "$(secantus_environment)" --host 127.0.0.1 --port "$port" --storage-path ./db --log-level WARNING --standalone) >log 2>&1 3>&- &
	SECANTUS_PID=$!
	for _ in $(seq 100); do
		if msdb ls "$MONGO/db?serverSelectionTimeoutMS=300" >/dev/null 2>&1; then break; fi
		sleep 0.1
	done
	msdb import "$MONGO/db" x.jsonl
	equal "$(msdb count "$MONGO/db" x)" 5000
	server_stop
}

@test "six at once make one store" {
	echo '{"_id": 1}' >x.jsonl
	for round in $(seq 30); do
		rm -f n.msdb*
		pids=()
		for _ in 1 2 3 4 5 6; do
			msdb import -q n.msdb x.jsonl 3>&- &
			pids+=($!)
		done
		for pid in "${pids[@]}"; do wait "$pid" || { echo "round $round"; return 1; }; done
	done
}

@test "a store that belongs to somebody else, in a directory that cannot be written, is read" {
	local drop=()
	# root, too, without what lets it write where it may not
	if [ "$(id -u)" -eq 0 ]; then drop=(setpriv --inh-caps=-all --bounding-set=-all); fi
	mkdir archive
	mssynth -n 5 --npts 100 | mssave archive/a.msdb
	cp "$MSP_DATA/iu_anmo_bh3.mseed" archive
	msindex archive/iu_anmo_bh3.mseed archive/a.msdb
	want=$(msread --collection wf_TimeSeries archive/a.msdb | mscheck --digest -)
	chmod 444 archive/*
	chmod 555 archive
	expect 1 "${drop[@]}" touch archive/x
	equal "$("${drop[@]}" msread --collection wf_TimeSeries archive/a.msdb | mscheck --digest -)" "$want"
	expect 0 "${drop[@]}" msdb find archive/a.msdb wf_miniseed -e 'sta == "ANMO"' --keys sta,chan
	equal "$(printf '%s\n' "$output" | wc -l)" 3
	expect 0 "${drop[@]}" msdb check archive/a.msdb
	expect 1 "${drop[@]}" msdb delete --all archive/a.msdb wf_miniseed
	contains "$stderr" 'msdb: archive/a.msdb: Permission denied'
	expect 1 "${drop[@]}" mssave archive/b.msdb <(mssynth)
	contains "$stderr" 'mssave: archive/b.msdb: Permission denied'
	equal "$(ls archive)" "$(printf 'a.msdb\niu_anmo_bh3.mseed')"
	chmod 755 archive
	echo log >archive/a.msdb-wal
	chmod 555 archive
	expect 1 "${drop[@]}" msdb ls archive/a.msdb
	contains "$stderr" 'msdb: archive/a.msdb: its log lies beside it'
	chmod -R u+w archive
}
