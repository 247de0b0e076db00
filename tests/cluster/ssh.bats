# Real ssh between hosts: network namespaces with their own sshd. Needs root.

load cluster

setup_file()
{
	make_input
	digest serial.msp >digest
	if ! hosts_possible; then
		export HOSTS_WHY
		return 0
	fi
	hosts_start 2 || return 1
	export HOSTS NET
}

teardown_file() { hosts_stop; }

more_setup()
{
	[ "$(id -u)" -eq 0 ] || skip "network namespaces need root"
	[ -z "${HOSTS_WHY:-}" ] || cannot "$HOSTS_WHY"
	own_scratch
	WANT=$(cat "$BATS_FILE_TMPDIR/digest")
	alive || return 1
}

alive() # host 2 is there again, if a test killed it
{
	on_master ssh -o ConnectTimeout=5 host2 true 2>/dev/null || host_start 2
}

# when_done N COMMAND...: as soon as N tasks of the msmap that runs have ended
when_done()
{
	local n=$1
	shift
	for _ in $(seq 1200); do
		[ "$(cat "$TMPDIR"/msmap.*/joblog 2>/dev/null | wc -l)" -gt "$n" ] && break
		sleep 0.05
	done
	"$@"
}

@test "ssh: two hosts give the serial result; both work" {
	on_master msmap -q -S host1,host2 -j 2 --joblog log --block 20k "$FLOW" -o out.msp <"$IN"
	equal "$(digest out.msp)" "$WANT"
	equal "$(awk -F '\t' 'NR > 1 { print $2 }' log | sort -u)" "$(printf 'host1\nhost2')"
	# together with this machine; from a file of hosts; unordered
	printf '1/host2\n1/:\n' >hosts
	on_master msmap -q --sshloginfile hosts --unordered --joblog log --block 40k "$FLOW" -o out.msp <"$IN"
	equal "$(digest out.msp)" "$WANT"
	equal "$(awk -F '\t' 'NR > 1 { print $2 }' log | sort -u)" "$(printf ':\nhost2')"
	[ -z "$(ls "$TMPDIR")" ]
}

@test "ssh: the words of a pipeline come through two shells" {
	odd_words
	on_master msmap -q -S host1 "$(cat p)" <a.msp >got
	diff want got
}

@test "ssh: sources, read by the hosts themselves, in a directory with an odd name" {
	mkdir 'a day $1'
	cd 'a day $1'
	for k in 1 2 3 4; do mssynth -n 3 --seed $k --codes "XX.P${k}.00.BHZ" | mssave $k.mseed; done
	on_master msmap -q -S host1,host2 --part-of . --parts 3 'msdetrend --demean' -o ../out.msp
	equal "$(digest ../out.msp)" "$(msread . | msdetrend --demean | mscheck --digest | cut -d ' ' -f 1)"
	on_master msmap -q -S host1,host2 --part-of . --parts 3 'msdetrend --demean | mssave ../p-{part}.msp'
	mscat ../p-*.msp -o ../out.msp
	equal "$(digest ../out.msp)" "$(msread . | msdetrend --demean | mscheck --digest | cut -d ' ' -f 1)"
}

@test "ssh: a task that fails is named with its host" {
	expect_sh 1 "$(declare -f on_master); on_master msmap -S host1,host2 -j 1 --block 20k '[ {part} -ne 2 ] || { echo why >&2; exit 7; }; $FLOW' -o out.msp <$IN"
	printf '%s\n' "$stderr" | grep -q 'msmap: part 2 on host[12]: why'
	printf '%s\n' "$stderr" | grep -q 'msmap: part 2 on host[12]: exit status 7'
	[ ! -e out.msp ]
}

@test "ssh: a host killed mid-run fails the run and is named; with --retries the result is the serial one" {
	when_done 2 host_kill 2 3>&- &
	expect_sh 1 "$(declare -f on_master); on_master msmap -S host1,host2 -j 1 --block 8k 'sleep 0.2; $FLOW' <$IN | mssave out.msp 2>/dev/null; exit \${PIPESTATUS[0]}"
	wait "$!"
	contains "$stderr" 'on host2: '
	contains "$stderr" 'are not in the result'
	[ ! -e out.msp ]
	host_start 2
	when_done 2 host_kill 2 3>&- &
	on_master msmap -q -S host1,host2 -j 1 --retries 3 --block 8k "sleep 0.2; $FLOW" -o out.msp <"$IN"
	wait "$!"
	equal "$(digest out.msp)" "$WANT"
}

@test "ssh: a host whose network is gone fails the run; with --retries the result is the serial one" {
	when_done 2 ip -n "$NET-2" link set eth0 down 3>&- &
	on_master msmap -q -S host1,host2 -j 1 --retries 3 --block 20k "sleep 0.2; $FLOW" -o out.msp <"$IN"
	wait "$!"
	equal "$(digest out.msp)" "$WANT"
	# now it cannot even be reached
	expect_sh 1 "$(declare -f on_master); on_master msmap -S host1,host2 --block 20k mscat -o out2.msp <$IN"
	contains "$stderr" 'msmap: host2: '
	contains "$stderr" 'nothing was run'
	[ ! -e out2.msp ]
	host_kill 2
}

@test "ssh: a host with another version, another stream format, or without mspipe is refused by name" {
	refuse() # MESSAGE
	{
		expect_sh 1 "$(declare -f on_master); on_master msmap -S host1,host2 --block 20k mscat -o out.msp <$IN"
		contains "$stderr" "$1"
		contains "$stderr" 'nothing was run'
		[ ! -e out.msp ]
	}
	mkdir fake
	fake() { printf '#!/bin/sh\necho "mscat (mspipe) %s"; echo "stream version %s"\n' "$1" "$2" >fake/mscat; chmod +x fake/mscat; }
	host_kill 2
	host_start 2 "mount --bind '$PWD/fake' '$MSP_BIN'"
	refuse 'msmap: host2: mspipe is not installed there'
	version=$(mscat --version | sed 's/.* //')
	fake 0.0.1 1
	refuse "msmap: host2: another mspipe: mspipe 0.0.1 stream version 1 there, mspipe $version stream version 1 here"
	fake "$version" 2
	refuse "msmap: host2: another mspipe: mspipe $version stream version 2 there"
	host_kill 2
}

@test "ssh: a full disk at one worker" {
	mkdir small
	host_kill 2
	host_start 2 "mount -t tmpfs -o size=40k tmpfs '$PWD/small'"
	expect_sh 1 "$(declare -f on_master); on_master msmap -S host1,host2 -j 1 --block 20k 'mssave $PWD/small/{part}.msp' <$IN"
	contains "$stderr" 'on host2: mssave: '
	contains "$stderr" 'No space left'
	host_kill 2
}

@test "ssh: a signal ends what runs on the hosts, too" {
	on_master msmap -S host1,host2 -j 1 --block 20k "sleep 47.3; mscat" -o out.msp <"$IN" 2>err 3>&- &
	pid=$!
	for _ in $(seq 400); do [ "$(pgrep -fc '^sleep 47[.]3')" -eq 2 ] && break; sleep 0.05; done
	equal "$(pgrep -fc '^sleep 47[.]3')" 2
	kill "$(pgrep -f "^sh $MSP_BIN/msmap|^/bin/sh $MSP_BIN/msmap" | head -n 1)"
	wait "$pid" || :
	for _ in $(seq 100); do pgrep -f '^sleep 47[.]3' >/dev/null || break; sleep 0.1; done
	run ! pgrep -f '^sleep 47[.]3'
	[ ! -e out.msp ]
	[ -z "$(ls "$TMPDIR")" ]
}
