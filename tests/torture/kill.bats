# Promise 2: kill any stage of a pipeline at any moment, without pipefail: the sink commits nothing, or all.

load torture

setup_file()
{
	helper kill >/dev/null
}

# a seed of its own in each full run, so that the moments differ; a fixed one otherwise
seed()
{
	if full; then printf '%s\n' "$RANDOM$RANDOM"; else printf '%s\n' "$1"; fi
}

killer() # SEED STAGES...
{
	local seed=$1
	shift
	mssynth -n 60 --npts 5000 --type f64 -o in.msp
	run "$BATS_FILE_TMPDIR/kill" "$(if full; then echo 1000; else echo 72; fi)" "$(seed "$seed")" "$@"
	echo "$output"
	return "$status"
}

@test "the helper sees a sink that commits what is not whole" {
	killer 1 target.msp mssynth -n 60 --npts 5000 , cat , cat , sh -c 'cat >target.msp' && return 1
	contains "$output" "neither the old file nor the whole new one"
}

@test "kill: mssynth | msdetrend | msfilter | mscat -o" {
	killer 2 target.msp mssynth -n 60 --npts 5000 --type f64 , msdetrend --linear , msfilter --bandpass 0.1,2 , mscat -o target.msp
}

@test "kill: msread | msdetrend | msfilter | mssave" {
	killer 3 target.msp msread in.msp , msdetrend --linear , msfilter --bandpass 0.1,2 , mssave target.msp
}

@test "kill: msread | msset | mssort | msgrep -o" {
	killer 4 target.msp msread in.msp , msset 'torture="yes"' , mssort sta , msgrep -o target.msp 'npts > 0'
}

@test "kill: mssave of many files leaves none of them behind" {
	mkdir out
	mssynth -n 60 --npts 5000 -o in.msp
	# all but the trailer comes, and no end of input: it has everything, and must wait
	mkfifo pipe
	for signal in TERM HUP; do
		mssave --to sac out <pipe & sink=$!
		exec 7>pipe
		head -c $(($(stat -c %s in.msp) - 96)) in.msp >&7
		sleep 0.3
		kill -$signal $sink
		wait $sink && return 1
		exec 7>&-
		[ -z "$(ls -A out)" ] || { ls -A out | head; return 1; }
	done
}

@test "kill: a shell pipeline without pipefail, its first stage killed" {
	mssynth -n 1 -o target.msp
	cp target.msp old.msp
	for i in 1 2 3; do
		{ mssynth -n 4000 --npts 20000 & echo $! >pid; wait $!; } | msdetrend --demean | msfilter --lowpass 1 | mssave target.msp 2>err & sink=$!
		until [ -s pid ]; do sleep 0.05; done
		sleep 0.2
		kill -KILL "$(cat pid)"
		rm pid
		wait $sink && return 1
		cmp target.msp old.msp
		contains "$(cat err)" "mssave: standard input: "
	done
}

catches() # PID: waits till it has set its signal handlers
{
	while [ $((0x$(sed -n 's/^SigCgt:.*\(........\)$/\1/p' "/proc/$1/status") & 0x200)) -eq 0 ]; do sleep 0.05; done # USR1 is 10
}

@test "a signal while a FIFO waits for its writer: SIGUSR1 is survived, SIGTERM is not" {
	mssynth -n 3 -o in.msp
	mkfifo pipe
	for command in mscat "mscheck --digest" msread; do
		$command pipe >out 2>err & pid=$!
		catches $pid
		sleep 0.1
		kill -USR1 $pid
		sleep 0.1
		cat in.msp >pipe
		wait $pid
		contains "$(cat err)" "0 objects in"
		$command pipe >out 2>err & pid=$!
		catches $pid
		sleep 0.1
		kill -TERM $pid
		rc=0
		wait $pid || rc=$?
		equal "$rc" 143
	done
}
