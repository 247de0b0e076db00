# msdb merge: several stores made into one, whatever interrupts it.

load ../cli/common
load store

catalogue() { python3 "$MSP_TOP/tests/store/catalogue.py" "$@"; }
on_server() { echo "$MONGO/msp_merge_$$_${BATS_TEST_NUMBER}_${1:-}"; }

parts() # N WAVEFORMS: part-1.msdb ..., with their sample files together, and whole/, a dump of what all hold
{
	local i
	for i in $(seq "$1"); do
		catalogue make . "$2" "$i"
		msdb import "part-$i.msdb" dump
		msdb import whole.msdb dump
		rm -r dump
	done
	msdb export whole.msdb whole
}

same_as() # STORE DIRECTORY
{
	rm -rf out
	msdb export "$1" out
	catalogue same out "$2"
}

# sum STORE: of all documents, whatever their order
sum()
{
	rm -rf out
	msdb export "$1" out
	for f in out/*.jsonl; do
		if [ -s "$f" ]; then echo "${f##*/} $(sort "$f" | cksum)"; fi
	done
}

@test "into one file, into another, again" {
	parts 3 40
	expect 0 msdb merge -v all.msdb part-1.msdb part-2.msdb part-3.msdb
	contains "$stderr" 'part-1.msdb: 63 documents and 27 files added, 0 replaced, 0 there already'
	same_as all.msdb whole
	equal "$(msdb check all.msdb)" ''
	cp all.msdb before.msdb
	expect 0 msdb merge -v all.msdb part-3.msdb part-1.msdb part-1.msdb
	contains "$stderr" 'part-3.msdb: 0 documents and 0 files added, 0 replaced, 90 there already'
	cmp all.msdb before.msdb # nothing was written
	msdb merge again.msdb all.msdb part-2.msdb
	same_as again.msdb whole
}

@test "from files to a server and back" {
	need_server
	parts 2 40
	msdb merge "$(on_server)" part-1.msdb part-2.msdb
	same_as "$(on_server)" whole
	expect 0 msdb check "$(on_server)"
	expect 0 msdb merge -v "$(on_server)" part-1.msdb
	contains "$stderr" '0 documents and 0 files added, 0 replaced, 90 there already'
	msdb merge back.msdb "$(on_server)"
	same_as back.msdb whole
	msdb merge "$(on_server other)" "$(on_server)"
	same_as "$(on_server other)" whole
	equal "$(msdb check back.msdb)" ''
}

@test "documents of one _id that differ: named, and nothing is written; or replaced" {
	parts 2 20
	msdb merge all.msdb part-1.msdb
	id=$(msdb find part-1.msdb site --query '{"sta": "S0003"}' | jq -c ._id)
	msdb update part-1.msdb site '{"$set": {"lat": 5.5}}' --query "{\"_id\": $id}"
	cp all.msdb before.msdb
	expect 1 msdb merge all.msdb part-2.msdb part-1.msdb
	contains "$stderr" "part-1.msdb: site: the document with the _id $id differs from the store's"
	expect 1 msdb merge before.msdb part-1.msdb
	equal "$(sum before.msdb)" "$(rm -f x.msdb; msdb merge x.msdb before.msdb; sum x.msdb)"
	same_as all.msdb whole
	expect 0 msdb merge -v --replace all.msdb part-1.msdb
	contains "$stderr" '0 documents and 0 files added, 1 replaced'
	equal "$(msdb find all.msdb site --query "{\"_id\": $id}" | jq .lat)" 5.5
}

@test "a file that two tasks wrote is the same, whenever; another one is not" {
	parts 1 20
	msdb merge all.msdb part-1.msdb
	msdb update part-1.msdb fs.files '{"$set": {"uploadDate": {"$date": "2001-01-01T00:00:00Z"}}}' --all
	expect 0 msdb merge -v all.msdb part-1.msdb
	contains "$stderr" '0 documents and 0 files added, 0 replaced'
	id=$(msdb find part-1.msdb fs.files --limit 1 | jq -c ._id)
	chunk=$(msdb find part-1.msdb fs.chunks --query "{\"files_id\": $id, \"n\": 0}" --limit 1)
	other=$(jq -c '.data["$binary"].base64 |= (if .[0:1] == "A" then "B" else "A" end) + .[1:]' <<<"$chunk")
	msdb update part-1.msdb fs.chunks "{\"\$set\": {\"data\": $(jq -c .data <<<"$other")}}" --query "{\"_id\": $(jq -c ._id <<<"$chunk")}"
	expect 1 msdb merge all.msdb part-1.msdb
	contains "$stderr" "fs.files: the document with the _id $id differs"
	same_as all.msdb whole
	expect 0 msdb merge -v --replace all.msdb part-1.msdb
	contains "$stderr" '1 replaced'
	equal "$(msdb find all.msdb fs.chunks --query "{\"files_id\": $id, \"n\": 0}" | jq -c .data)" "$(jq -c .data <<<"$other")"
	equal "$(msdb check all.msdb)" ''
}

@test "what is not whole is not merged" {
	parts 1 20
	msdb delete part-1.msdb fs.chunks --query '{"n": 1}'
	expect 4 msdb merge all.msdb part-1.msdb
	contains "$stderr" 'is a file with chunks missing'
	expect 0 msdb check all.msdb
	equal "$(msdb count all.msdb wf_TimeSeries)" 0
	echo '{"_id": {"$oid": "000000000000000000000001"}, "began": 1.0}' >msp_saves.jsonl
	msdb import saving.msdb msp_saves.jsonl
	expect 4 msdb merge all2.msdb saving.msdb
	contains "$stderr" 'saving.msdb: a save into it is not finished'
	ln part-1.msdb link.msdb
	expect 2 msdb merge part-1.msdb link.msdb
	expect 2 msdb merge part-1.msdb part-1.msdb
	contains "$stderr" 'the store itself'
	expect 1 msdb merge all.msdb none.msdb
	contains "$stderr" 'none.msdb: No such file'
	expect 2 msdb merge all.msdb
}

@test "history of one pipeline that ran at two times is one; indexes come along" {
	printf '{"_id": 1, "alg_name": "x", "time": %s.0}\n' 1 >a.jsonl
	printf '{"_id": 1, "alg_name": "x", "time": %s.0}\n' 2 >b.jsonl
	msdb import a.msdb a.jsonl --collection history_global
	msdb import b.msdb b.jsonl --collection history_global
	msdb index b.msdb history_global alg_name
	msdb merge all.msdb a.msdb b.msdb
	equal "$(msdb find all.msdb history_global)" '{"_id":1,"alg_name":"x","time":1.0}'
	printf '{"_id": 2, "alg_name": "y"}\n' >>b.jsonl
	msdb import b.msdb b.jsonl --collection history_global
	msdb merge all.msdb b.msdb
	contains "$(msdb index all.msdb history_global)" alg_name_1
	equal "$(msdb count all.msdb history_global)" 2
}

@test "a full disk: said, and merged again when there is room" {
	[ "$(id -u)" = 0 ] && mkdir small && mount -t tmpfs -o size=600k none small 2>/dev/null || skip "no mount"
	parts 1 300
	expect 1 msdb merge small/all.msdb part-1.msdb || { umount small; return 1; }
	contains "$stderr" 'No space left' || { umount small; return 1; }
	cp small/all.msdb* . || { umount small; return 1; }
	umount small
	expect 0 msdb check all.msdb
	msdb merge all.msdb part-1.msdb
	same_as all.msdb whole
}

# killed SIGNAL RUNS STORE SUM: merges that are killed at any moment
killed()
{
	local signal=$1 runs=$2 store=$3 want=$4 begin took pid i
	begin=$(date +%s%N)
	msdb merge "$store" part-1.msdb part-2.msdb
	took=$((($(date +%s%N) - begin) / 1000000))
	for i in $(seq "$runs"); do
		clear_store "$store"
		msdb merge "$store" part-1.msdb part-2.msdb 2>err 3>&- &
		pid=$!
		sleep "$(printf '0.%03d' $((RANDOM % (took < 900 ? took + 20 : 900))))"
		kill -"$signal" "$pid" 2>/dev/null || true
		wait "$pid" || true
		# nothing is wrong: what is not finished is said to be
		run --separate-stderr msdb check "$store"
		case $status,$stderr in 0,* | 1,*'No such file'* | 2,*'empty: not a store'*) ;; *) echo "$status $output $stderr"; return 1 ;; esac
		msdb merge "$store" part-1.msdb part-2.msdb
		equal "$(sum "$store")" "$want"
		equal "$(msdb check "$store" | grep -v 'no-index')" ''
	done
}

clear_store()
{
	local c
	case $1 in
	*.msdb) rm -f "$1" "$1"-* ;;
	*) msdb ls "$1" | while read -r _ c; do msdb delete "$1" "$c" --all; done ;;
	esac
}

@test "killed at any moment: nothing is wrong with what there is, and merging again completes it" {
	local runs=50
	parts 2 200
	want=$(sum whole.msdb)
	killed KILL $runs all.msdb "$want"
	killed TERM $runs all.msdb "$want"
}

@test "so on a server" {
	local runs=4
	need_server
	if [ "${MSP_TORTURE:-}" = full ]; then runs=100; fi
	parts 2 60
	want=$(sum whole.msdb)
	killed KILL $runs "$(on_server)" "$want"
	killed TERM $runs "$(on_server)" "$want"
}

@test "four merges into one store at once: all of it, once" {
	parts 4 100
	pids=()
	for i in 1 2 3 4; do
		msdb merge all.msdb part-$i.msdb 3>&- &
		pids+=($!)
	done
	for pid in "${pids[@]}"; do wait "$pid"; done
	same_as all.msdb whole
	equal "$(msdb check all.msdb)" ''
}

@test "a merge that was killed is left by check --fix, and completed by doing it again" {
	local i pid left=0
	parts 2 300
	msdb merge all.msdb part-2.msdb
	want=$(sum whole.msdb)
	for i in $(seq 20); do
		cp all.msdb some.msdb
		msdb merge some.msdb part-1.msdb 3>&- &
		pid=$!
		sleep "0.0$((RANDOM % 10))$((RANDOM % 10))"
		kill -9 "$pid" 2>/dev/null || true
		wait "$pid" || true
		if [ "$(msdb count some.msdb msp_saves)" = 1 ]; then left=$((left + 1)); fi
		expect 0 msdb check --fix some.msdb
		msdb merge some.msdb part-1.msdb
		equal "$(msdb check some.msdb)" ''
		equal "$(sum some.msdb)" "$want"
		rm -f some.msdb*
	done
	[ "$left" -gt 0 ]
}
