# What the files of tests/cluster share: `load cluster`.

# shellcheck source=../torture/torture.bash
source "${BATS_TEST_DIRNAME%/*}/torture/torture.bash"

digest() # FILE: of its objects; nothing if it is not whole
{
	mscheck --full --digest "$1" | cut -d ' ' -f 1
}

# A flow that can be done in parts, and, in the directory of the file's tests, in.msp of many segments and serial.msp that the flow makes of it
FLOW='msdetrend --linear | msfilter --bandpass 0.5,4 --zero-phase | mswindow --short truncate 0.5 6'
make_input()
{
	cd "$BATS_FILE_TMPDIR" || return 1
	PATH=$MSP_BIN:$PATH
	mssynth -n 150 --npts 300 --dead-every 11 --segment 4k -o in.msp 2>/dev/null
	bash -c "$FLOW" <in.msp >serial.msp 2>/dev/null
}

own_scratch() # of a test: $TMPDIR, where nothing may be left, and $IN
{
	export TMPDIR=$BATS_TEST_TMPDIR/tmp IN=$BATS_FILE_TMPDIR/in.msp
	mkdir -p "$TMPDIR"
}

# ---- hosts: network namespaces, each with an sshd, on addresses that exist only inside them ----------------

# hosts_possible: is this machine one where hosts can be made? Else it fails, and $HOSTS_WHY says why not. (Of skip in a setup_file, bats
# 1.8 makes a failure.)
hosts_possible()
{
	local could=1
	if ! command -v ip >/dev/null || ! command -v ssh >/dev/null || [ ! -x /usr/sbin/sshd ]; then
		HOSTS_WHY="iproute2, openssh-client and openssh-server are needed"
		return 1
	fi
	HOSTS_WHY="network namespaces need root"
	[ "$(id -u)" -eq 0 ] || return 1
	HOSTS_WHY="network namespaces cannot be made here"
	ip netns add "msp$$-try" 2>/dev/null || return 1
	ip netns exec "msp$$-try" true 2>/dev/null || could=
	ip netns del "msp$$-try"
	[ -n "$could" ] || return 1
	HOSTS_WHY=
}

# hosts_start N: hosts host1 ... hostN, and the namespace that `on_master` runs in. $HOSTS is their directory.
hosts_start()
{
	local k
	HOSTS=$BATS_FILE_TMPDIR/hosts
	NET=msp$$
	mkdir -p "$HOSTS/bin" /run/sshd
	chmod 755 "$HOSTS"
	ssh-keygen -q -t ed25519 -N '' -f "$HOSTS/key"
	ip netns add "$NET-0"
	ip -n "$NET-0" link set lo up
	: >"$HOSTS/config"
	# ssh(1) finds its configuration by the user's home, whatever HOME says
	printf '#!/bin/sh\nexec /usr/bin/ssh -F %s/config "$@"\n' "$HOSTS" >"$HOSTS/bin/ssh"
	chmod +x "$HOSTS/bin/ssh"
	for ((k = 1; k <= $1; k++)); do host_start "$k"; done
}

# host_start K [COMMAND]: (again) a host; COMMAND is run in its mount namespace before sshd is
host_start()
{
	local k=$1 before=${2:-:} tries
	host_kill "$k"
	ip -n "$NET-0" link del "h$k" 2>/dev/null
	ip netns del "$NET-$k" 2>/dev/null
	ip netns add "$NET-$k"
	ip -n "$NET-0" link add "h$k" type veth peer name eth0 netns "$NET-$k"
	ip -n "$NET-0" addr add "10.77.$k.1/24" dev "h$k"
	ip -n "$NET-0" link set "h$k" up
	ip -n "$NET-$k" addr add "10.77.$k.2/24" dev eth0
	ip -n "$NET-$k" link set eth0 up
	ip -n "$NET-$k" link set lo up
	[ -f "$HOSTS/hostkey$k" ] || ssh-keygen -q -t ed25519 -N '' -f "$HOSTS/hostkey$k"
	cat >"$HOSTS/sshd$k" <<-END
	Port 22
	ListenAddress 10.77.$k.2
	HostKey $HOSTS/hostkey$k
	PidFile none
	AuthorizedKeysFile $HOSTS/key.pub
	PermitRootLogin prohibit-password
	StrictModes no
	UsePAM no
	MaxStartups 100
	END
	grep -q "^Host host$k\$" "$HOSTS/config" || cat >>"$HOSTS/config" <<-END
	Host host$k
	  HostName 10.77.$k.2
	  User root
	  IdentityFile $HOSTS/key
	  IdentitiesOnly yes
	  UserKnownHostsFile $HOSTS/known
	  StrictHostKeyChecking accept-new
	  LogLevel ERROR
	END
	ip netns exec "$NET-$k" unshare --mount sh -c "$before; exec /usr/sbin/sshd -D -f $HOSTS/sshd$k" >"$HOSTS/sshd$k.log" 2>&1 3>&- &
	for ((tries = 0; tries < 100; tries++)); do
		on_master ssh -o ConnectTimeout=2 "host$k" true 2>"$HOSTS/ssh.err" && return 0
		sleep 0.1
	done
	cat "$HOSTS/ssh.err" "$HOSTS/sshd$k.log"
	return 1
}

# on_master COMMAND...: where msmap runs
on_master()
{
	PATH=$HOSTS/bin:$PATH ip netns exec "$NET-0" env -u MSP_SEGMENTS "$@"
}

# host_kill K: all that runs there dies, at once
host_kill()
{
	local pids
	pids=$(ip netns pids "$NET-$1" 2>/dev/null) || return 0
	# shellcheck disable=SC2086 # a list
	[ -z "$pids" ] || kill -KILL $pids 2>/dev/null
	return 0
}

hosts_stop()
{
	local n
	[ -n "${NET:-}" ] || return 0
	for n in $(ip netns list 2>/dev/null | awk -v n="$NET-" 'index($1, n) == 1 { print $1 }'); do
		host_kill "${n##*-}"
		ip netns del "$n"
	done
}
