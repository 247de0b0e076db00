# What the bats files of tests/torture share: `load torture`. MSP_TORTURE=full makes the large sweeps.

# shellcheck source=../cli/common.bash
source "${BASH_SOURCE[0]%/*}/../cli/common.bash"
# shellcheck source=commands.bash
source "${BASH_SOURCE[0]%/*}/commands.bash"

TORTURE=$MSP_TOP/tests/torture
STREAM=$MSP_TOP/tests/stream

# helper NAME [FLAGS]: compiles NAME.c of this directory into the file's directory; prints its path
helper()
{
	local out=$BATS_FILE_TMPDIR/$1
	[ -x "$out" ] || "${CC:-cc}" -std=c11 -D_GNU_SOURCE -O2 -Wall -Wextra "${@:2}" -o "$out" "$TORTURE/$1.c" || return 1
	printf '%s\n' "$out"
}

full() # are the large sweeps asked for?
{
	[ "${MSP_TORTURE:-}" = full ]
}

# under CI what cannot be tested is a failure, for a user a skip
cannot()
{
	[ "${CI:-}" != true ] || { echo "under CI: $1"; return 1; }
	skip "$1"
}

read_back() # FILE...: the digest line that the independent reader finds
{
	python3 "$STREAM/msp_read.py" --digest "$@"
}
