# A Slurm of two nodes on this machine, for tests: `load slurm`. slurmctld, two slurmd and a munged of its own, with their files
# in a directory of their own, on loopback.

# shellcheck source=../daemon.bash
source "${BASH_SOURCE[0]%/*}/../daemon.bash"

# slurm_start: exports SLURM_CONF; fails where Slurm cannot be started
slurm_start()
{
	local host port
	SLURM_DIR=$(mktemp -d "${TMPDIR:-/tmp}/mspipe-slurm.XXXXXX") || return 1
	host=$(hostname -s)
	port=$((17000 + RANDOM % 2000 * 5))
	export SLURM_CONF=$SLURM_DIR/slurm.conf
	mkdir "$SLURM_DIR/munge" "$SLURM_DIR/state" "$SLURM_DIR/n1" "$SLURM_DIR/n2"
	# munged wants directories that others cannot write, from the root on
	chmod 755 "$SLURM_DIR"
	head -c 128 /dev/urandom >"$SLURM_DIR/munge/key"
	chmod 400 "$SLURM_DIR/munge/key"
	munged --force --key-file="$SLURM_DIR/munge/key" --socket="$SLURM_DIR/munge.socket" --pid-file="$SLURM_DIR/munge.pid" \
		--log-file="$SLURM_DIR/munge.log" --seed-file="$SLURM_DIR/munge/seed" 3>&- || return 1
	cat >"$SLURM_CONF" <<-END
		ClusterName=test
		SlurmctldHost=$host(127.0.0.1)
		SlurmctldPort=$port
		SlurmUser=root
		SlurmdUser=root
		AuthType=auth/munge
		AuthInfo=socket=$SLURM_DIR/munge.socket
		CryptoType=crypto/munge
		StateSaveLocation=$SLURM_DIR/state
		SlurmdSpoolDir=$SLURM_DIR/%n
		SlurmctldPidFile=$SLURM_DIR/slurmctld.pid
		SlurmdPidFile=$SLURM_DIR/%n.pid
		SlurmctldLogFile=$SLURM_DIR/slurmctld.log
		SlurmdLogFile=$SLURM_DIR/%n.log
		ProctrackType=proctrack/linuxproc
		TaskPlugin=task/none
		SwitchType=switch/none
		MpiDefault=none
		ReturnToService=2
		SchedulerType=sched/backfill
		SchedulerParameters=bf_interval=1,sched_interval=2
		SelectType=select/cons_tres
		SelectTypeParameters=CR_Core
		JobRequeue=1
		KillWait=3
		SlurmdTimeout=10
		MaxArraySize=6
		NodeName=n[1-2] NodeHostname=$host NodeAddr=127.0.0.1 Port=[$((port + 1))-$((port + 2))] CPUs=2 State=UNKNOWN
		PartitionName=all Nodes=ALL Default=YES MaxTime=INFINITE State=UP
	END
	slurmctld -f "$SLURM_CONF" 3>&- && slurmd -N n1 -f "$SLURM_CONF" 3>&- && slurmd -N n2 -f "$SLURM_CONF" 3>&- || return 1
	for _ in $(seq 100); do
		[ "$(sinfo -h -o '%D %t' 2>/dev/null)" = '2 idle' ] && return 0
		sleep 0.2
	done
	slurm_logs
	return 1
}

slurm_logs()
{
	tail -n 15 "$SLURM_DIR"/*.log
}

slurm_stop()
{
	[ -n "${SLURM_DIR:-}" ] || return 0
	scancel --full -s KILL -u "$(id -un)" 2>/dev/null
	scancel -u "$(id -un)" 2>/dev/null
	for pid in n1 n2 slurmctld munge; do
		[ ! -f "$SLURM_DIR/$pid.pid" ] || end_daemon "$(cat "$SLURM_DIR/$pid.pid")"
	done
	pkill -KILL -f "slurmstepd.*$SLURM_DIR" 2>/dev/null
	rm -rf "$SLURM_DIR"
}

# slurm_wait [SECONDS]: till no job is left. What was queued again is to begin in two minutes: sooner will do.
slurm_wait()
{
	local id
	for _ in $(seq $((${1:-120} * 4))); do
		[ -n "$(squeue -h 2>&1)" ] || return 0
		for id in $(squeue -h -r -t PD -o '%r %i' | awk '$1 == "BeginTime" { print $2 }'); do
			scontrol update "jobid=$id" starttime=now 2>/dev/null
		done
		sleep 0.25
	done
	squeue
	slurm_logs
	return 1
}

# slurm_until 'COMMAND' [SECONDS]: till it succeeds
slurm_until()
{
	for _ in $(seq $((${2:-60} * 5))); do
		bash -c "$1" && return 0
		sleep 0.2
	done
	echo "in vain: $1"
	squeue
	return 1
}
