# An index of recordings: the same in both kinds of store, whatever happens while it is made.

load ../cli/common
load store

# dump STORE: all there is in it, in an order of its own
dump()
{
	local dir
	dir=$(mktemp -d "$BATS_TEST_TMPDIR/dump.XXXXXX")
	msdb export "$1" "$dir" || return 1
	find "$dir" -empty -delete
	(cd "$dir" && sort -s -- *)
	rm -rf "$dir"
}

# clear STORE
clear()
{
	case $1 in
	*.msdb) rm -f "$1" "$1"-* ;;
	*) for c in wf_miniseed msp_files abortions; do msdb delete --all "$1" $c; done ;;
	esac
}

# archive DIRECTORY FILES: recordings of several runs, one file of many, and one that breaks
archive()
{
	mkdir -p "$1"
	for i in $(seq "$2"); do cp "$MSP_DATA"/iu_anmo_bh3.mseed "$1/$i"; done
	cp "$MSP_DATA"/ta_034a_bhe.mseed "$1"
	mssynth -n "$((20 * $2))" --npts 50 --codes XX.S1.00.BHZ | mssave --to mseed --record-length 256 "$1/many"
	head -c 20300 "$MSP_DATA"/iu_anmo_bh3.mseed >"$1/broken"
	echo text >"$1/readme"
}

# another DIRECTORY: a third of it changes
another()
{
	local n=0
	for f in "$1"/[0-9]*; do
		n=$((n + 1))
		case $((n % 6)) in
		0) tail -c +8193 "$MSP_DATA"/iu_anmo_bh3.mseed >"$f" ;;
		3) cp "$MSP_DATA"/ta_abtx_bhn.mseed "$f" ;;
		esac
	done
	tail -c +257 "$1/many" >x # every run begins elsewhere
	mv x "$1/many"
	cp "$MSP_DATA"/iu_anmo_bh3.mseed "$1/broken"
}

# milliseconds that COMMAND... takes
took()
{
	local begin
	begin=$(date +%s%N)
	"$@" 2>/dev/null
	echo $((($(date +%s%N) - begin) / 1000000))
}

# struck SIGNAL MS COMMAND...: COMMAND, killed after MS milliseconds, if it still runs. Counts them in $ended.
struck()
{
	local pid signal=$1 ms=$2
	shift 2
	"$@" 2>/dev/null &
	pid=$!
	sleep "$(printf '0.%03d' "$ms")"
	kill -"$signal" $pid 2>/dev/null || ended=$((ended + 1))
	wait $pid || true
}

# kills STORE RUNS FILES: an index is made, and made anew of changed files; both are killed, at moments spread over what they take, and
# then done again
kills()
{
	local store=$1 runs=$2 signal ms i whole ended=0
	archive d "$3"
	cp -Rp d e
	another e
	clear "$store"
	ms=$(took msindex d "$store")
	dump "$store" >first
	mv d keep && mv e d
	whole=$(took msindex d "$store")
	[ "$whole" -gt "$ms" ] && ms=$whole
	dump "$store" >second
	run ! cmp -s first second
	clear "$store"
	msindex d "$store" 2>/dev/null
	dump "$store" | diff second - # of the changed files there is nothing old
	mv d e && mv keep d
	for i in $(seq "$runs"); do
		signal=KILL
		[ $((i % 4)) -ne 0 ] || signal=TERM
		clear "$store"
		struck $signal $((RANDOM % (ms + 2))) msindex -j $((i % 3 + 1)) d "$store"
		[ $((i % 2)) -eq 0 ] || { msindex d "$store" 2>/dev/null && dump "$store" | diff -q first -; }
		mv d keep && mv e d
		struck $signal $((RANDOM % (ms + 2))) msindex -j $((i % 3 + 1)) d "$store"
		msindex d "$store" 2>/dev/null
		dump "$store" | diff -q second -
		mv d e && mv keep d
	done
	echo "$ended of $((2 * runs)) had ended before they were struck"
	[ "$ended" -lt $((2 * runs)) ]
}

@test "both kinds of store have the same index" {
	need_server
	archive d 5
	for store in a.msdb "$MONGO/msp_index_$$"; do
		msindex --tag x d "$store" 2>/dev/null
		msindex --tag x -v d "$store" 2>err
		contains "$(cat err)" "9 files: 0 read, 9 unchanged"
		dump "$store" >"${store##*/}.dump"
	done
	diff a.msdb.dump "msp_index_$$.dump"
	another d
	rm d/readme
	for store in a.msdb "$MONGO/msp_index_$$"; do
		msindex --tag x --prune -v d "$store" 2>err
		contains "$(cat err)" "readme: gone; its documents are removed"
		dump "$store" >"${store##*/}.dump"
	done
	diff a.msdb.dump "msp_index_$$.dump"
	rm a.msdb
	msindex --tag x d a.msdb
	dump a.msdb | diff a.msdb.dump -
	clear "$MONGO/msp_index_$$"
}

@test "killed at any moment and run again: the index of an undisturbed run, in a file" {
	kills a.msdb "${MSP_KILLS:-100}" 60
}

@test "killed at any moment and run again: the index of an undisturbed run, on a MongoDB server" {
	need_server
	kills "$MONGO/msp_kill_$$" 4 20
	clear "$MONGO/msp_kill_$$"
}

@test "several at once, of the same and of other files, make one index" {
	need_server
	for store in a.msdb "$MONGO/msp_many_$$"; do
		rm -rf d
		archive d 20
		msindex d "$store" 2>/dev/null
		dump "$store" >one
		another d
		msindex d "$store" 2>/dev/null
		dump "$store" >two
		clear "$store"
		for again in 1 2; do
			pids=()
			for part in d/1* d/2* d d d/many; do
				# shellcheck disable=SC2086 # a pattern that is expanded
				msindex $part "$store" 2>>err &
				pids+=($!)
			done
			for pid in "${pids[@]}"; do wait "$pid"; done
			dump "$store" | diff two -
		done
		clear "$store"
	done
}

@test "a store that cannot be written to is an error, and said" {
	archive d 2
	msindex d a.msdb 2>/dev/null
	chmod 444 a.msdb
	if [ ! -w a.msdb ]; then expect 1 msindex --all d a.msdb; fi
	expect_sh 1 'ulimit -f 40; trap "" XFSZ; msindex -q d limited.msdb'
	contains "$stderr" "limited.msdb"
	msindex -q d limited.msdb
	msindex -q d whole.msdb
	diff <(dump whole.msdb) <(dump limited.msdb)
	expect 1 msindex d "mongodb://127.0.0.1:1/db?serverSelectionTimeoutMS=300"
	contains "$stderr" "127.0.0.1"
}

@test "a server that goes away in the middle: an error; the index is completed when it is back" {
	need_server
	[ -z "${MSP_TEST_MONGODB_URI:-}" ] || skip "not somebody else's server"
	archive d 100
	msindex -q d whole.msdb
	server=$(secantus_environment)
	mkdir s
	port=$((20000 + RANDOM % 12000))
	begin_server()
	{
		(cd s && exec "$server" --host 127.0.0.1 --port $port --storage-path ./db --log-level WARNING --standalone) >log 2>&1 3>&- &
		own=$!
		for _ in $(seq 100); do
			if msdb ls "$uri" >/dev/null 2>&1; then return 0; fi
			sleep 0.1
		done
		return 1
	}
	uri="mongodb://127.0.0.1:$port/gone?serverSelectionTimeoutMS=1000"
	begin_server
	msindex -q d "$uri" 2>err &
	pid=$!
	sleep 0.15
	kill -9 $own
	wait $own || true
	status=0
	wait $pid || status=$?
	[ $status -le 1 ]
	begin_server
	msindex -q d "$uri"
	diff <(dump whole.msdb) <(dump "$uri")
	kill $own
	wait $own || true
}

@test "a read, open or write that fails: said, or done all the same; the next run makes it whole" {
	if ldd "$MSP_BIN/msindex" | grep -q 'lib[at]san'; then skip "the sanitizer wants to be loaded first"; fi
	"${CC:-cc}" -std=c11 -D_GNU_SOURCE -O2 -shared -fPIC -o shim.so "$MSP_TOP/tests/torture/shim.c" -ldl
	archive d 2
	msindex -q d whole.msdb
	dump whole.msdb >want
	for kind in read open write; do
		for k in $(seq 25); do
			clear a.msdb
			run --separate-stderr env LD_PRELOAD="$PWD/shim.so" MSP_SHIM=$kind:"$k" msindex d a.msdb
			case $status in
			0) ;;
			1 | 4) contains "$stderr" "msindex: a.msdb" ;;
			*) echo "$kind $k: $status $stderr"; return 1 ;;
			esac
			msindex -q d a.msdb
			dump a.msdb | diff want -
		done
	done
}

# Recordings of all kinds: interleaved at random, with damaged samples, cut, of an unknown encoding, SAC with and without a reference time
many_kinds() # DIRECTORY
{
	mkdir "$1"
	cp "$MSP_DATA"/*.mseed "$1"
	if [ -e "$MSP_SHARED" ]; then find "$MSP_SHARED/" \( -name '*.mseed' -o -name '*.sac' \) -exec cp {} "$1" \;; fi
	python3 - "$1" <<-'END'
		import glob, random, sys
		random.seed(5)
		d = sys.argv[1]
		def records(name):
		    b = open(name, 'rb').read()
		    return [b[i:i + 512] for i in range(0, len(b), 512)]
		names = [n for n in sorted(glob.glob(d + '/*.mseed')) if not '/ta_' in n and not 'nl_' in n and not '/ts' in n]
		queues, out = [records(n) for n in names], []
		while any(queues):
		    out.append(random.choice([q for q in queues if q]).pop(0))
		open(d + '/many', 'wb').write(b''.join(out))
		good = b''.join(records(d + '/iu_anmo_bh3.mseed'))
		bad = bytearray(good)
		for record in (3, 4, 20, 40):
		    bad[512 * record + 64:512 * record + 68] = b'\xff\xff\xff\xff' # codes of the first frame
		    bad[512 * record + 128:512 * record + 160] = bytes(32)
		bad[512 * 30 + 52] = 99
		open(d + '/damaged', 'wb').write(bad)
		open(d + '/cut', 'wb').write(good[:20300])
		open(d + '/twice', 'wb').write(good + good)
	END
	msread "$1/iu_anmo_bh3.mseed" | mssave --to sac "$1/sac/"
	for f in "$1"/sac/*BHZ*; do printf '\xc7\xcf\xff\xff' | dd of="$f" bs=1 seek=280 conv=notrunc status=none; done
}

@test "what msread reads by the index is what it reads from the files, to the digest" {
	need_server
	many_kinds d
	# what is dead without a document: the rest of the cut file, and a run of an encoding that nobody knows
	msread -q "$PWD/d" | msgrep -q 'live || mseed.number_of_records > 0 && mseed.encoding != "UNKNOWN"' -o files.msp
	msread -q --headers "$PWD/d" | msgrep live -o headers.msp
	equal "$(($(msls files.msp | wc -l) > 60))" 1
	[ "$(msls files.msp | grep -c DEAD)" -gt 2 ]
	for store in a.msdb "$MONGO/msp_back_$$"; do
		msindex -q d "$store"
		msread -q "$store" -o store.msp
		diff <(msls -f '%{id} %{live} %{net} %{sta} %{loc} %{chan} %{starttime} %{npts} %{type} %{reason}' files.msp | sort) \
			<(msls -f '%{id} %{live} %{net} %{sta} %{loc} %{chan} %{starttime} %{npts} %{type} %{reason}' store.msp | sort)
		equal "$(mscheck --digest <files.msp)" "$(mscheck --digest <store.msp)"
		msread -q --headers "$store" -o store.msp
		equal "$(mscheck --digest <headers.msp)" "$(mscheck --digest <store.msp)"
		clear "$store"
	done
}
