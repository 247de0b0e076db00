# Promise 1, the other half: no byte of a stream changes unseen. Every byte of a small stream is spoilt, by one bit and by all of them;
# no command takes it with another content.

load torture

setup_file()
{
	helper sweep >/dev/null
}

flip()
{
	local file=$1
	local seen=" "
	row()
	{
		local name=$1 kind=$2
		shift 2
		# with its first row: a stream is read in the same way whatever the options
		full || case $seen in *" $name "*) return 0 ;; esac
		seen="$seen$name "
		"$BATS_FILE_TMPDIR/sweep" flip "$kind" "$file" "$(command -v mscheck)" "$name" "$@"
	}
	for_each "$2" row
}

@test "flip every byte: filters" {
	python3 "$TORTURE/make_small.py" small.msp
	flip "$PWD/small.msp" "filter blocks"
}

@test "flip every byte: text, and sinks commit nothing" {
	python3 "$TORTURE/make_small.py" small.msp
	flip "$PWD/small.msp" "text frames sink"
}

@test "flip every byte: the golden streams" {
	full || skip "only with MSP_TORTURE=full"
	for f in kinds ensembles segments parts; do
		flip "$MSP_TOP/tests/golden/v1/$f.msp" "blocks text frames sink"
	done
}
