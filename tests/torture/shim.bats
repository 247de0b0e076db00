# Promises 1, 3 and 4 when the machine fails: the K-th allocation, read, write, fsync, rename, open or mmap fails, K = 1, 2, ...
# Exit status 1 (or 4) with a message, or 0 with the right output; never a crash; the target is the old file or the whole new one.

load torture

setup_file()
{
	helper faults >/dev/null
	"${CC:-cc}" -std=c11 -D_GNU_SOURCE -O2 -shared -fPIC -o "$BATS_FILE_TMPDIR/shim.so" "$TORTURE/shim.c" -ldl
}

more_setup()
{
	if ldd "$MSP_BIN/mscat" | grep -q 'lib[at]san'; then skip "the sanitizer wants to be loaded first"; fi
	# few and small objects, so that there are few calls; two segments, so that there is more than one of everything
	mssynth -n 3 --npts 20 --type i32 -o one.msp
	mssynth -n 2 --npts 20 --seed 3 --type f64 -o two.msp
	cat one.msp two.msp >in.msp
	mkdir work
	cd work
}

faults() # KIND MAX TARGET NAME ARGUMENTS...
{
	"$BATS_FILE_TMPDIR/faults" "$1" "$2" "$BATS_FILE_TMPDIR/shim.so" ../in.msp "${@:3}"
}

# every KIND [MAX]: over every command, to standard output; filters with -o, too; sinks
every()
{
	local what=$1 max=${2:-250}
	full && [ "$max" -gt 0 ] && max=1000000
	try()
	{
		local name=$1 row=$2 target=-
		shift 2
		[ "$row" = sink ] && target=target.msp
		case "$*" in *target.dir* | *--prefix*) return 0 ;; esac # several files: mssplit with one part is below
		faults "$what" "$max" "$target" "$name" "$@"
	}
	for_each "filter blocks text frames sink source $([ "$what" != malloc ] || echo -joins)" try
	for o in "mscat" "mscat --level 1" "msfilter --lowpass 2" "mssort sta" "msread"; do
		# shellcheck disable=SC2086
		faults "$what" "$max" target.msp ${o%% *} -o target.msp ${o#"${o%% *}"} ../one.msp ../two.msp || { echo "-- $o -o"; return 1; }
	done
	for o in "0001 -n 1" "0001 --size 1G" "XX --by net"; do
		# shellcheck disable=SC2086
		faults "$what" "$max" target.${o%% *}.msp mssplit ${o#* } --prefix target ../one.msp ../two.msp || { echo "-- mssplit $o"; return 1; }
	done
}

@test "the shim makes failures" {
	run env LD_PRELOAD="$BATS_FILE_TMPDIR/shim.so" MSP_SHIM=open:1 cat ../in.msp
	[ "$status" -eq 1 ]
	run faults write 10 - sh -c 'dd bs=64k 2>/dev/null; true'
	[ "$status" -ne 0 ]
	contains "$output" "status 0 with another output"
	run faults write 10 target.msp sh -c 'dd bs=1k 2>/dev/null >target.msp; mscheck target.msp'
	[ "$status" -ne 0 ]
	contains "$output" "the target is neither old nor whole"
}

@test "malloc fails" {
	every malloc
}

@test "read fails" {
	every read
}

@test "write fails" {
	every write
}

@test "fsync fails" {
	every fsync
}

@test "rename and link fail" {
	every rename
}

@test "open fails" {
	every open
}

@test "mmap fails" {
	every mmap
}

@test "one byte at a time" {
	every short 0
}

@test "a storm of interruptions" {
	every eintr 0
}
