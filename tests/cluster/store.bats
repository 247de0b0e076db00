#!/usr/bin/env bats
# Many tasks and one store: whatever is run twice, killed and run again, or run a thousand at a time, the documents are those of
# one undisturbed run. On a file and on a MongoDB server.

load ../cli/common
load ../store/store

more_setup()
{
	parts=$MSP_TOP/contrib/parts
	mssynth -n 60 --npts 300 --dead-every 9 -o data.msp
	job='msdetrend --linear | msfilter --lowpass 0.2'
}

# documents STORE DIR: what is in it, a line a document, sorted; not when it was put there
documents()
{
	msdb export -q "$1" "$2"
	# chunks have ids of their own; what a killed task had begun is said by msdb check, and is no document of the result
	rm -f "$2"/fs.chunks.jsonl "$2"/msp_saves.jsonl
	for f in "$2"/*.jsonl; do jq -cS 'del(.uploadDate, .msp_save, .time)' "$f" | sort >"$f.sorted" && mv "$f.sorted" "$f"; done
}

# the_tasks STORE: a plan of 20 parts that save into it
the_tasks()
{
	rm -rf out
	"$parts/plan" -d out -n 20 -m "$job | mssave $1" -s -- data.msp
}

run_tasks() # a few at a time; what fails is told by its mark's absence
{
	seq 20 | xargs -P 4 -I{} "$parts/part" out {} 2>>tasks.log || true
}

twice_and_killed() # STORE
{
	the_tasks "$1"
	run_tasks
	"$parts/fold" out
	documents "$1" first
	[ "$(cat first/wf_TimeSeries.jsonl | wc -l)" -eq 54 ]
	[ "$(cat first/cemetery.jsonl | wc -l)" -eq 6 ]
	# again: nothing changes
	the_tasks "$1"
	run_tasks
	"$parts/fold" out
	documents "$1" second
	diff -r first second
	# into an empty store, three of ten tasks killed at some moment, and the whole run again
	msdb ls "$1" | awk '{ print $2 }' | while read -r c; do msdb delete -q "$1" "$c" --all; done
	the_tasks "$1"
	for i in $(seq 20); do
		case $i in
		*[258])
			"$parts/part" out "$i" 2>>tasks.log &
			sleep "0.0$((RANDOM % 9))"
			# the task and all that it started
			pkill -KILL -f "mssave $1" || true
			kill -9 $! 2>/dev/null || true
			wait $! || true
			;;
		*) "$parts/part" out "$i" 2>>tasks.log ;;
		esac
	done
	run_tasks
	"$parts/fold" out
	documents "$1" third
	diff -r first third
	expect 0 msdb check "$1"
	expect 0 msdb check --fix "$1"
	expect 0 msdb count "$1" msp_saves
	equal "$output" 0
	msread "$1" | mscheck
}

many() # STORE N: N tasks add one each, and save one object each
{
	msdb import -q "$1" --collection tally <(echo '{"_id": "sum", "n": 0}')
	# shellcheck disable=SC2016 # for the tasks' shells
	seq "$2" | xargs -P 16 -I{} sh -c 'msdb update -q "$1" tally "{\"\$inc\": {\"n\": 1}}" --query "{\"_id\": \"sum\"}" || echo {}' sh "$1" >failed
	[ ! -s failed ]
	contains "$(msdb find "$1" tally)" "\"n\":$2"
}

many_saves() # STORE N
{
	mssynth -n "$2" --npts 20 -o many.msp
	# shellcheck disable=SC2016 # for the tasks' shells
	seq "$2" | xargs -P 16 -I{} sh -c 'msread --part {}/$2 many.msp | mssave -q --tag many "$1" || echo {}' sh "$1" "$2" >failed
	[ ! -s failed ]
	[ "$(msdb count "$1" wf_TimeSeries --query '{"data_tag": "many"}')" -eq "$2" ]
	equal "$(msread --tag many --sort sta "$1" | mscheck --digest | cut -c1-32)" "$(mscheck --digest many.msp | cut -c1-32)"
}

@test "twice, and killed and again: the same documents, in a file" {
	twice_and_killed "$PWD/out.msdb"
}

@test "twice, and killed and again: the same documents, on a server" {
	need_server
	twice_and_killed "$MONGO/cluster_twice"
}

@test "a thousand tasks on a file: no update is lost" {
	many many.msdb 1000
	many_saves many.msdb 300
}

@test "a thousand tasks on a server: no update is lost" {
	need_server
	many "$MONGO/cluster_many" 1000
	many_saves "$MONGO/cluster_many" 100
}
