# Promise 3: /dev/full, a full disk, a closed output: exit 1, and the message names the file. Promise 4: the target is the old file, or whole.

load torture

more_setup()
{
	python3 "$TORTURE/make_small.py" small.msp
}

teardown()
{
	if mountpoint -q "$BATS_TEST_TMPDIR/disk"; then umount "$BATS_TEST_TMPDIR/disk"; fi
}

# disk SIZE: a file system of its own at ./disk
disk()
{
	mkdir disk
	mount -t tmpfs -o size="$1" tmpfs disk 2>/dev/null || cannot "a small tmpfs cannot be mounted here"
}

# says_why COMMAND NAME: the last message is of the command, and names the file
says_why()
{
	contains "$stderr" "$1: " && contains "$stderr" "$2"
}

# fails_with 'REDIRECTIONS' NAME COMMAND ARGUMENT...: the command ends with 1, and says why of NAME
fails_with()
{
	expect_sh 1 "$(printf '%q ' "${@:3}") $1" && says_why "$3" "$2"
}

@test "/dev/full as standard output" {
	try()
	{
		fails_with '<small.msp >/dev/full' "standard output" "$1" "${@:3}" && contains "$stderr" "No space left"
	}
	for_each "filter blocks text frames source" try
}

@test "/dev/full as -o" {
	try()
	{
		fails_with '<small.msp' /dev/full "$1" -o /dev/full "${@:3}"
	}
	for_each "filter blocks source" try
	expect_sh 1 "mssave --to msp /dev/full <small.msp"
	contains "$stderr" "mssave: /dev/full"
}

@test "closed standard output" {
	try()
	{
		fails_with '<small.msp >&-' "standard output" "$1" "${@:3}"
	}
	for_each "filter blocks text frames source" try
}

@test "standard output that cannot be written" {
	try()
	{
		fails_with '<small.msp 1</dev/null' "standard output" "$1" "${@:3}"
	}
	for_each "filter blocks text frames source" try
}

@test "closed standard input" {
	try()
	{
		fails_with '<&- >out' "standard input" "$1" "${@:3}" || return 1
		! compgen -G 'target*'
	}
	for_each "filter blocks text frames sink" try
}

@test "standard input that cannot be read, or is a directory" {
	try()
	{
		fails_with '0>>other >out' "standard input" "$1" "${@:3}" || return 1
		fails_with '</ >out' "standard input" "$1" "${@:3}" || return 1
		! compgen -G 'target*'
	}
	for_each "filter blocks text frames sink" try
}

@test "standard files that are closed are not taken for others" {
	# a file that is opened gets the first free number: it may be that of standard output, input or error
	mscat -o want.msp small.msp
	for closed in '<&-' '>&-' '2>&-' '<&- >&-' '<&- >&- 2>&-'; do
		rm -f out.msp
		expect_sh 0 "mscat -v -o out.msp small.msp $closed"
		cmp out.msp want.msp
		rm -f out.msp
		expect_sh 0 "mssave -v out.msp small.msp $closed"
		expect 0 mscheck --full out.msp
	done
	# a message must not go into the output
	expect_sh 1 "msread -v small.msp missing.msp >out.msp 2>&-"
	expect 4 mscheck out.msp
	run ! grep -q "missing" out.msp
}

@test "a full disk: standard output" {
	disk 1m
	mssynth -n 100 --npts 5000 --type f64 -o big.msp
	try()
	{
		local name=$1
		shift 2
		case "$name" in msstack | mswindow | mshistory | mscheck) return 0 ;; esac # little output
		fails_with '<big.msp >disk/out' "standard output" "$name" "$@" && contains "$stderr" "No space left" || return 1
		case $2 in text) ;; *) expect 4 mscheck disk/out ;; esac
	}
	mssynth -n 30000 --npts 4 --type f64 -o many.msp
	for_each "filter blocks" try
	try_many()
	{
		local name=$1
		shift 2
		case "$name" in mshistory | mscheck) return 0 ;; esac
		fails_with '<many.msp >disk/out' "standard output" "$name" "$@" && contains "$stderr" "No space left"
	}
	for_each "text" try_many
}

@test "a full disk: -o and sinks keep the old file, and leave nothing" {
	disk 1m
	cp small.msp disk/out.msp
	mssynth -n 100 --npts 5000 --type f64 -o big.msp
	try()
	{
		local name=$1
		shift 2
		case "$name" in msstack | mswindow) return 0 ;; esac
		expect_sh 1 "$(printf '%q ' "$name" --level 0 -o disk/out.msp "$@") <big.msp" || return 1
		says_why "$name" "disk/out.msp" && contains "$stderr" "No space left" || return 1
		cmp small.msp disk/out.msp && equal "$(ls -A disk)" out.msp
	}
	for_each "filter blocks" try
	for sink in "mssave --level 0 disk/out.msp" "mssave --to mseed disk/out.mseed" "mssave --to sac disk/dir/"; do
		expect_sh 1 "$sink <big.msp"
		contains "$stderr" "mssave: disk/"
		contains "$stderr" "No space left"
		cmp small.msp disk/out.msp
		equal "$(ls -A disk)" out.msp
	done
}

@test "a file system without room for another file, and a read-only one" {
	disk 1m,nr_inodes=3
	cp small.msp disk/out.msp
	: >disk/other
	expect_sh 1 "mscat -o disk/new.msp small.msp"
	says_why mscat disk/new.msp
	mount -o remount,ro disk
	expect_sh 1 "mscat -o disk/out.msp small.msp"
	says_why mscat disk/out.msp
	cmp small.msp disk/out.msp
	equal "$(ls -A disk | tr '\n' ' ')" "other out.msp "
}

@test "a limit on the size of files" {
	mssynth -n 100 --npts 5000 --type f64 -o big.msp
	cp small.msp out.msp
	expect_sh 1 "trap '' XFSZ; ulimit -f 100; mscat --level 0 -o out.msp big.msp"
	says_why mscat out.msp
	cmp small.msp out.msp
	expect_sh 1 "trap '' XFSZ; ulimit -f 10; msdump --csv big.msp >text"
	says_why msdump "standard output"
}

@test "directories that are missing or closed to us" {
	for o in missing/out.msp small.msp/out.msp ""; do
		expect_sh 1 "mscat -o '$o' small.msp"
		[ -n "$stderr" ]
	done
	mkdir dir
	expect_sh 1 "mscat -o dir small.msp"
	says_why mscat dir
	equal "$(ls -A | grep -v "^separate-stderr" | tr "\n" " ")" "dir small.msp "
}

@test "TMPDIR is full while documents wait: a save removes what it put all the same" {
	disk 1m
	mssynth -n 30000 --npts 2 -o many.msp
	expect_sh 1 "TMPDIR=$PWD/disk mssave a.msdb many.msp"
	contains "$stderr" "mssave: $PWD/disk: No space left on device"
	equal "$(msdb check a.msdb)" ''
	equal "$(msdb count a.msdb fs.chunks) $(msdb count a.msdb fs.files) $(msdb count a.msdb msp_saves)" '0 0 0'
	[ -z "$(ls -A disk)" ]
}
