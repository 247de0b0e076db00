#!/usr/bin/env bats
# contrib/slurm on a real Slurm of two nodes: an array of parts and a dependent fold give what one pipe gives, whatever happens to
# tasks and nodes meanwhile; and never a result that is short.

load ../cli/common
load slurm

setup_file()
{
	for tool in slurmctld slurmd munged sbatch; do
		command -v $tool >/dev/null || PATH=$PATH:/usr/sbin:/sbin
		if ! command -v $tool >/dev/null || [ "$(id -u)" -ne 0 ]; then
			[ "${CI:-}" != true ] || { echo "no $tool, or not root" >&2; return 1; }
			export NO_SLURM=1 # bats 1.8 makes a failure of a skip here
			return 0
		fi
	done
	PATH=${MSP_BIN:-${MSP_BUILD:-$BATS_TEST_DIRNAME/../../build/current}/bin}:$PATH
	export PATH
	slurm_start || return 1
	export SLURM_DIR
}

teardown_file()
{
	slurm_stop
}

more_setup()
{
	[ -z "${NO_SLURM:-}" ] || skip "Debian's slurm-wlm and munge are needed, and root"
	parts=$MSP_TOP/contrib/parts slurm=$MSP_TOP/contrib/slurm
	mssynth -n 60 --npts 400 --dead-every 7 -o data.msp
	job='msdetrend --linear | msfilter --lowpass 0.2' fold='--by net --stats'
	want=$(msread data.msp | sh -c "$job" | msfold --by net --stats | mscheck --digest | cut -c1-32)
}

teardown()
{
	[ -z "${NO_SLURM:-}" ] || return 0
	# shellcheck disable=SC2154 # bats' own
	if [ -z "$BATS_TEST_COMPLETED" ]; then
		squeue -a 2>&1
		tail -n 5 "$BATS_TEST_TMPDIR"/out/log/* 2>&1
	fi
	scancel -u "$(id -un)" 2>/dev/null
	slurm_wait 30
	scontrol update nodename=n2 state=resume 2>/dev/null
	kill -0 "$(cat "$SLURM_DIR/n2.pid")" 2>/dev/null || slurmd -N n2 -f "$SLURM_CONF" 3>&-
	slurm_until '[ "$(sinfo -h -o "%D %t")" = "2 idle" ]' 30
}

result() # the digest of what the job made is the serial one
{
	equal "$(mscheck --full --digest out/result.msp | cut -c1-32)" "$want"
}

slow() # a job of which each task takes a while before its data come out
{
	job="$job | { sleep ${1:-4}; cat; }"
	"$parts/plan" -d out -n 6 -w 3 -m "$job" -f "$fold" -- data.msp
}

state_of() # JOB_TASK: RUNNING ...
{
	scontrol show job "$1" | sed -n 's/^ *JobState=\([A-Z]*\).*/\1/p' | head -n 1
}

@test "an array and a dependent fold: the serial result, from two nodes" {
	"$parts/plan" -d out -n 4 -m "$job; hostname >/dev/null" -f "$fold" -- data.msp
	run "$slurm/submit" -n out
	contains "$output" "'--array=1-4'"
	[ ! -e out/part-1.msp ]
	rm -rf out
	"$parts/plan" -d out -n 4 -m "$job | { cat; echo \$SLURMD_NODENAME >>$PWD/nodes; }" -f "$fold" -- data.msp
	"$slurm/submit" out
	slurm_wait
	result
	[ "$(sort -u nodes | tr '\n' ' ')" = 'n1 n2 ' ]
}

@test "more parts than an array may have, and a tree" {
	"$parts/plan" -d out -n 12 -w 4 -m "$job" -f "$fold" -- data.msp
	run "$slurm/submit" -t out
	[ "$status" -eq 0 ]
	[ "$(printf '%s\n' "$output" | sed -n 's/^parts //p' | tr ':' '\n' | wc -l)" -eq 3 ]
	slurm_wait
	[ -f out/branch-3.msp ]
	result
}

@test "a task that fails: no fold, no result; done again, only what is missing is done" {
	"$parts/plan" -d out -n 5 -m "$job | if [ \$SLURM_ARRAY_TASK_ID = 3 ] && [ ! -e $PWD/mended ]; then head -c 500; else cat; fi" -f "$fold" -- data.msp
	"$slurm/submit" out
	slurm_wait
	[ ! -e out/result.msp ]
	[ ! -e out/part-3.msp ]
	contains "$(cat out/log/mspipe-part-*-3)" 'part 3: failed'
	touch mended
	before=$(stat -c %Y.%i out/part-1.msp)
	"$slurm/submit" out
	slurm_wait
	result
	equal "$(stat -c %Y.%i out/part-1.msp)" "$before"
}

@test "a running task is queued again" {
	slow
	run "$slurm/submit" out
	id=$(printf '%s\n' "$output" | sed -n 's/^parts \([0-9]*\).*/\1/p')
	slurm_until "squeue -h -r -t R -o %i | grep -q '^${id}_1$'"
	scontrol requeue "${id}_1"
	slurm_until "! squeue -h -r -t R -o %i | grep -q '^${id}_1$'"
	[ ! -e out/part-1.msp ]
	slurm_wait
	result
}

@test "a task is cancelled: the fold does not run; submitted again, it is the serial result" {
	slow
	run "$slurm/submit" out
	id=$(printf '%s\n' "$output" | sed -n 's/^parts \([0-9]*\).*/\1/p')
	slurm_until "squeue -h -r -t R -o %i | grep -q '^${id}_2$'"
	scancel "${id}_2"
	slurm_wait
	[ ! -e out/result.msp ]
	[ ! -e out/part-2.msp ]
	"$slurm/submit" out
	slurm_wait
	result
}

@test "the time of a task is nearly over: it queues itself again" {
	slow
	run "$slurm/submit" out
	id=$(printf '%s\n' "$output" | sed -n 's/^parts \([0-9]*\).*/\1/p')
	slurm_until "squeue -h -r -t R -o %i | grep -q '^${id}_1$'"
	slurm_until "pgrep -f 'parts/part .* 1$' >/dev/null" # the script has set its traps
	scancel --batch --signal=USR1 "${id}_1"
	slurm_until "grep -q 'its time is over; queued again' out/log/mspipe-part-*-1"
	slurm_wait
	result
}

@test "a node goes down in the middle" {
	slow
	"$slurm/submit" out
	slurm_until "squeue -h -r -t R -o %N | grep -q n2"
	scontrol update nodename=n2 state=down reason=test
	slurm_wait
	result
}

@test "a node dies in the middle" {
	slow
	"$slurm/submit" out
	slurm_until "squeue -h -r -t R -o %N | grep -q n2"
	kill -9 "$(cat "$SLURM_DIR/n2.pid")"
	pkill -KILL -f 'slurmstepd: .*|slurmstepd-n2' || true
	# Slurm finds it out by itself, in a while
	scontrol update nodename=n2 state=down reason=dead
	slurm_wait
	result
}

@test "one job on two nodes by srun" {
	"$parts/plan" -d out -n 7 -m "$job" -f "$fold" -- data.msp
	sbatch -W --ntasks-per-node=2 --nodes=2 -o nodes.log "$slurm/nodes.sbatch" "$parts" "$PWD/out"
	result
}

@test "PBS: an array and a dependent fold, by Slurm's PBS commands" {
	command -v qsub >/dev/null || { [ "${CI:-}" != true ] || { echo 'no qsub'; return 1; }; skip "Debian's slurm-wlm-torque is needed"; }
	"$parts/plan" -d out -n 4 -m "$job" -f "$fold" -- data.msp
	run "$MSP_TOP/contrib/pbs/submit" -n out
	contains "$output" 'qsub -J 1-4'
	"$MSP_TOP/contrib/pbs/submit" "$PWD/out"
	slurm_wait
	result
}
