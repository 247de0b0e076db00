# Promise 1: cut a stream at any byte, and every command exits 4, and what it wrote fails mscheck.

load torture

setup_file()
{
	helper sweep >/dev/null
}

# sweep MODE FILE KINDS
sweep()
{
	local mode=$1 file=$2
	row()
	{
		local name=$1 kind=$2
		shift 2
		"$BATS_FILE_TMPDIR/sweep" "$mode" "$kind" "$file" "$(command -v mscheck)" "$name" "$@"
	}
	for_each "$3" row
}

# how many objects a large stream has: 0.8 MB of them here, 64 MB in the full size
large()
{
	if full; then echo 2000; else echo 24; fi
}

@test "the sweep finds what it looks for" {
	local file=$MSP_TOP/tests/golden/v1/empty.msp sweep="$BATS_FILE_TMPDIR/sweep" mscheck
	mscheck=$(command -v mscheck)
	run "$sweep" cut text "$file" "$mscheck" cat
	[ "$status" -ne 0 ]
	contains "$output" "not refused"
	run "$sweep" cut filter "$file" "$mscheck" sh -c 'cat >in; mscheck in; s=$?; cat '"$file"'; rm in; exit $s'
	[ "$status" -ne 0 ]
	contains "$output" "passes mscheck"
	run "$sweep" cut text "$file" "$mscheck" sh -c 'cat >in; mscheck in'
	[ "$status" -ne 0 ]
	contains "$output" ": in: "
}

@test "cut at every byte: filters" {
	python3 "$TORTURE/make_small.py" small.msp
	sweep cut "$PWD/small.msp" "filter blocks"
}

@test "cut at every byte: text, and sinks commit nothing" {
	python3 "$TORTURE/make_small.py" small.msp
	sweep cut "$PWD/small.msp" "text frames sink"
}

@test "cut at every frame of a large stream, and a byte before and after" {
	mssynth -n "$(large)" --npts 4000 --type f64 --segment 256k | cat >large.msp
	sweep bounds "$PWD/large.msp" "filter blocks text frames sink"
}

@test "cut at every frame of a large compressed stream, and a byte before and after" {
	mssynth -n "$(large)" --npts 4000 --type i32 --segment 64k --level 1 -o large.msp
	sweep bounds "$PWD/large.msp" "filter blocks text frames sink"
}

@test "cut at every byte: the golden streams" {
	full || skip "only with MSP_TORTURE=full"
	for f in kinds ensembles segments parts times dead; do
		sweep cut "$MSP_TOP/tests/golden/v1/$f.msp" "blocks filter text frames sink"
	done
}
