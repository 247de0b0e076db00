# Who saves shows signs of life; who shows none for too long is taken for dead, and learns it before he does harm.

load ../cli/common
load store

savecheck() { "$MSP_BUILD/tests/store/savecheck" "$@"; }
state() { savecheck "$@" | tail -n 1; }
nothing_left() { equal "$(state "$1" | cut -d' ' -f 1-10)" 'documents 0 files 0 wrong 0 unfinished 0 left 0'; }
whole() { equal "$(savecheck "$1" -s | cut -d' ' -f 1-10)" 'documents 700 files 700 wrong 0 unfinished 0 left 0'; }

# stores FUNCTION: calls it with a new store of each kind
stores()
{
	# not `... || ...`: within that no command of the function that fails would end the test
	echo "-- a file"
	"$1" new.msdb
	need_server
	echo "-- MongoDB"
	"$1" "$MONGO/msp_alive_${BATS_TEST_NUMBER}_$$"
}

setup_input()
{
	mssynth -n 700 --npts 2000 -o whole.msp
	head -c "$(($(stat -c %s whole.msp) - 7))" whole.msp >cut.msp
	tail -c 7 whole.msp >rest
}

# A test that failed leaves nobody stopped or waiting.
teardown()
{
	for pid in $(jobs -p); do # some are bats's own
		case " ${sink:-} ${proxy:-} " in *" $pid "*) kill -KILL "$pid" 2>/dev/null || true ;; esac
	done
}

# eventually COMMAND...: waits till it succeeds
eventually()
{
	for _ in $(seq 1800); do
		if "$@" >/dev/null 2>&1; then return 0; fi
		sleep 0.1
	done
	echo "never: $*"
	return 1
}

# A save that has put samples, and waits for the rest of its input: $sink, descriptor 7.
begin_save()
{
	mkfifo pipe
	mssave "$1" <pipe 2>err 3>&- & sink=$!
	exec 7>pipe
	rm pipe
	cat cut.msp >&7
	has_put() { state "$1" | grep -q 'left 512 '; } # a batch
	eventually has_put "$1"
}

# end_save STATUS TEXT
end_save()
{
	cat rest >&7
	exec 7>&-
	rc=0
	wait "$sink" || rc=$?
	cat err
	equal $rc "$1"
	contains "$(cat err)" "$2"
}

# as_if STORE HOST SECONDS: its saves are on that host, and were silent so long
as_if() { msdb update -q "$1" msp_saves "{\"\$set\": {\"host\": \"$2\", \"beat\": $(($(date +%s) - $3))}}" --all; }

elsewhere()
{
	begin_save "$1"
	as_if "$1" far.away 100
	expect 0 msdb check --fix "$1"
	contains "$output" 'on far.away, and may be going on (heard of 1'
	contains "$output" 'dead after 300'
	contains "$(state "$1")" 'unfinished 1 left 512'
	end_save 0 ''
	whole "$1"
	equal "$(msdb count "$1" msp_saves)" 0
}

@test "alive: a save on another host that was heard of is left alone" {
	setup_input
	stores elsewhere
}

stopped()
{
	begin_save "$1"
	kill -STOP "$sink"
	as_if "$1" far.away 400
	expect 0 msdb check "$1"
	contains "$output" 'on far.away, and was left unfinished; 512 samples of it: run it again, or --fix removes them'
	expect 0 msdb check --fix "$1"
	nothing_left "$1"
	equal "$(msdb count "$1" fs.chunks)" 0
	kill -CONT "$sink"
	end_save 1 'this was taken for dead'
	nothing_left "$1"
	equal "$(msdb count "$1" wf_TimeSeries)" 0
	equal "$(msdb count "$1" fs.chunks)" 0
	mssave "$1" whole.msp
	whole "$1"
}

@test "alive: one that was stopped, taken for dead and robbed of its samples writes no documents" {
	setup_input
	stores stopped
}

forgotten()
{
	begin_save "$1"
	kill -STOP "$sink"
	as_if "$1" far.away 4000
	kill -CONT "$sink"
	end_save 0 ''
	whole "$1"
}

@test "alive: one that was stopped, and that nobody missed, goes on" {
	setup_input
	stores forgotten
}

relieved()
{
	begin_save "$1"
	kill -STOP "$sink"
	as_if "$1" far.away 400
	mssave -v "$1" whole.msp 2>other # the same: it uses what is there
	contains "$(cat other)" 'objects had their samples there already'
	whole "$1"
	kill -CONT "$sink"
	end_save 1 'this was taken for dead'
	whole "$1"
	equal "$(msread "$1" | mscheck --digest - | cut -c 1-32)" "$(mscheck --digest whole.msp | cut -c 1-32)"
}

@test "alive: one that was stopped, and whose work another did meanwhile, undoes nothing of that" {
	setup_input
	stores relieved
}

cleaner()
{
	mssynth -n 0 | mssave "$1"
	printf '{"_id": {"$oid": "0102030405060708090a0b0c"}, "stage": "cleaning", "host": "far.away", "pid": 7, "began": 1.0, "beat": 1.0}\n' >msp_saves.jsonl
	msdb import -q "$1" msp_saves.jsonl
	as_if "$1" far.away 10
	mssave "$1" whole.msp 3>&- & waiting=$!
	sleep 1
	equal "$(msdb count "$1" fs.files)" 0 # it waits: somebody may be removing what it would find
	as_if "$1" far.away 4000
	wait "$waiting"
	whole "$1"
	equal "$(msdb count "$1" msp_saves)" 0
}

@test "alive: somebody who removes samples is waited for, unless he is dead" {
	setup_input
	stores cleaner
}

many()
{
	mssynth -n 3 | mssave "$1"
	python3 -c 'for i in range(200): print("{\"_id\": {\"$oid\": \"%024x\"}, \"host\": \"far.%d\", \"pid\": 7, \"began\": 1.0, \"beat\": 1.0}" % (i, i))' >msp_saves.jsonl
	msdb import -q "$1" msp_saves.jsonl
	expect 0 msdb check --fix "$1"
	equal "$(msdb count "$1" msp_saves)" 0
	contains "$(state "$1")" 'documents 3 files 3 wrong 0 unfinished 0'
}

@test "alive: the dead of a whole cluster" {
	stores many
}

other_numbers()
{
	begin_save "$1"
	# a container of this name, with processes of its own: that ours has no such process says nothing
	msdb update -q "$1" msp_saves '{"$set": {"pid": 999999999, "kernel": "another"}}' --all
	expect 0 msdb check --fix "$1"
	contains "$output" 'and may be going on (heard of'
	end_save 0 ''
	whole "$1"
}

@test "alive: a process number of another machine of this name, or container, is not looked for here" {
	setup_input
	stores other_numbers
}

beat() { msdb find "$1" msp_saves --keys beat | sed 's/.*"beat" *: *//; s/ *}$//'; }

@test "alive: while nothing comes, a save says that it is there" {
	need_server
	setup_input
	declare -A was
	list="new.msdb $MONGO/msp_beat_$$"
	mkfifo pipe1 pipe2
	mssave new.msdb <pipe1 2>/dev/null 3>&- & one=$!
	exec 7>pipe1
	mssave "$MONGO/msp_beat_$$" <pipe2 2>/dev/null 3>&- & two=$!
	exec 8>pipe2
	cat cut.msp >&7
	cat cut.msp >&8
	there() { [ -n "$(beat "$1")" ]; }
	changed() { [ "$(beat "$1")" != "${was[$1]}" ]; }
	for s in $list; do
		eventually there "$s"
		was[$s]=$(beat "$s")
	done
	for s in $list; do # after 30 s
		eventually changed "$s" || eventually changed "$s"
		python3 -c 'import sys; assert float(sys.argv[2]) - float(sys.argv[1]) >= 25, sys.argv' "${was[$s]}" "$(beat "$s")"
	done
	kill $one $two
	exec 7>&- 8>&-
	wait $one || true
	wait $two || true
	for s in $list; do nothing_left "$s"; done
}

@test "alive: a named pipe that nobody opens yet, a save says it there, too" {
	mssynth -n 10 -o a.msp
	mkfifo second
	mssave new.msdb a.msp second 3>&- & one=$!
	there() { [ "$(msdb count new.msdb msp_saves 2>/dev/null)" = 1 ]; }
	eventually there
	sleep 0.5
	was=$(beat new.msdb)
	changed() { [ "$(beat new.msdb)" != "$was" ]; }
	eventually changed
	mssynth -n 10 --start 2001-01-01 >second
	wait "$one"
	contains "$(state new.msdb)" 'documents 20 files 20 wrong 0 unfinished 0'
}

@test "alive: declared dead just when a server takes the documents: they are taken back" {
	[ -z "${MSP_SAN:-}" ] || skip "a sanitizer wants to be first"
	need_server
	setup_input
	"${CC:-cc}" -std=c11 -D_GNU_SOURCE -shared -fPIC -o later.so "$MSP_TOP/tests/store/preload/later.c" -ldl
	store=$MONGO/msp_late_$$
	port=$((20000 + RANDOM % 12000))
	python3 "$MSP_TOP/tests/store/proxy.py" $port "${MONGO##*:}" hold wf_TimeSeries >ready 3>&- & proxy=$!
	eventually test -s ready
	MSP_LATER=$PWD/slept LD_PRELOAD=$PWD/later.so mssave "mongodb://127.0.0.1:$port/msp_late_$$?serverSelectionTimeoutMS=60000" whole.msp 2>err 3>&- & sink=$!
	eventually grep -q held ready || { cat err; return 1; }
	as_if "$store" far.away 400
	expect 0 msdb check --fix "$store"
	nothing_left "$store"
	echo 400 >slept
	touch go
	rc=0
	wait $sink || rc=$?
	cat err
	equal $rc 1
	contains "$(cat err)" 'this was taken for dead'
	equal "$(msdb count "$store" wf_TimeSeries)" 0
	savecheck "$store"
	kill $proxy
	wait $proxy || true
	mssave "$store" whole.msp
	whole "$store"
}
