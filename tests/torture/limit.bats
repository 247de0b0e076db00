# Promise 6: 10 GB through any filter in 64 MB (here 1 GB; 10 GB with MSP_TORTURE=full). And what a stream claims is not believed: no memory by
# a number in the input; and few descriptors, little address space and little stack are enough, or said to be too few.

load torture

LIMIT=65536 # KiB

setup_file()
{
	helper rss >/dev/null
}

more_setup()
{
	if ldd "$MSP_BIN/mscat" | grep -q 'lib[at]san'; then skip "a sanitizer takes memory of its own"; fi
}

# within NAME: the last rss is not above the limit
within()
{
	local used
	used=$(cat rss)
	echo "# $1: $((used / 1024)) MiB" >>"$BATS_FILE_TMPDIR/used"
	[ "$used" -le $LIMIT ] || { echo "$1 took $used KiB, more than $LIMIT"; return 1; }
}

@test "1 GB through every command in 64 MB" {
	local n=3600
	full && n=36000
	# the disk must hold it once; objects of 300 kB
	[ "$(df -Pk . | awk 'NR == 2 { print $4 }')" -gt $((n * 310)) ] || cannot "no room for a large stream here"
	mssynth -n $n --npts 37500 --type f64 --level 0 -o large.msp
	mkdir work
	cd work
	try()
	{
		local name=$1 kind=$2
		shift 2
		case "$name $*" in
		# what must hold much, is told how much
		mssort* | msgroup* | "mssplit --by"*) set -- --max-mem 32M "$@" ;;
		msfold*) set -- "${@/sta/net}" ;;
		"mssynth "*) set -- -n $n --npts 37500 --type f64 --level 0 ;;
		*"--to sac"*) return 0 ;; # many files; below
		"mscat --level 3" | "msdump --csv" | "msdump --json --samples") full || return 0 ;; # slow; a tenth of it below
		esac
		expect_sh 0 "TMPDIR=$PWD '$BATS_FILE_TMPDIR/rss' rss $(printf '%q ' "$name" "$@") <../large.msp >/dev/null" || return 1
		rm -rf target*
		within "$name $*"
	}
	for_each "filter blocks text frames source sink" try
}

@test "100 MB through the slow ones in 64 MB" {
	mssynth -n 360 --npts 37500 --type f64 --level 0 -o large.msp
	for c in "mscat --level 3" "msdump --csv" "msdump --json --samples" "mssave --to mseed target.mseed" "mssave --to sac target.dir/"; do
		expect_sh 0 "'$BATS_FILE_TMPDIR/rss' rss $c <large.msp >/dev/null"
		within "$c"
	done
}

@test "many small objects, and many ensembles, in 64 MB" {
	mssynth -n 300000 --npts 4 --level 0 -o small.msp
	mssynth -n 3 --ensembles 100000 --npts 4 --level 0 -o ensembles.msp
	for c in mscat msread "mscheck --full" "msdetrend --demean" "msgrep npts>0" 'msset a=1' msls "mssave target.msp" "mshead -n 10000000"; do
		for f in small.msp ensembles.msp; do
			# shellcheck disable=SC2086
			expect_sh 0 "'$BATS_FILE_TMPDIR/rss' rss $(printf '%q ' $c) - <$f >/dev/null" || return 1
			within "$c $f" || return 1
		done
	done
}

@test "many segments in 64 MB" {
	mssynth -n 100000 --npts 4 --segment 1k --level 0 -o segments.msp
	for c in mscat "mscheck --full" "msdetrend --demean" msls; do
		# shellcheck disable=SC2086
		expect_sh 0 "'$BATS_FILE_TMPDIR/rss' rss $(printf '%q ' $c) <segments.msp >/dev/null"
		within "$c"
	done
}

@test "lengths that are claimed do not take memory" {
	python3 "$STREAM/make_bad.py" bad >list
	try()
	{
		local name=$1 kind=$2
		shift 2
		# all read with the same code, but in these ways
		case "$name $*" in mscat* | "mscheck --full"* | msread* | mshistory* | mssort* | msfilter*) ;; *) return 0 ;; esac
		while IFS=$'\t' read -r bad _; do
			case $bad in
			*huge* | *wrap* | frame-bomb | frame-content-size | header-L-16M | bson-*long | bson-very-deep) ;;
			*) continue ;;
			esac
			expect_sh 4 "ulimit -v 400000; ulimit -s 512; '$BATS_FILE_TMPDIR/rss' rss $(printf '%q ' "$name" "$@") <bad/$bad.msp | cat >/dev/null; exit \${PIPESTATUS[0]}" || {
				# what copies blocks may pass it on: tests/stream/bad.bats looks at what becomes of it
				[ "$status" -eq 0 ] || { echo "$bad"; return 1; }
				case $kind in blocks | frames) ;; *) echo "$bad"; return 1 ;; esac
			}
			within "$name $bad" || return 1
		done <list
	}
	for_each "filter blocks text frames sink" try
}

@test "little address space" {
	python3 "$TORTURE/make_small.py" small.msp
	try()
	{
		local name=$1
		shift 2
		# so little that something must fail: it says so; or it is enough
		for v in 8000 12000 16000 20000 30000 50000; do
			run --separate-stderr bash -c "ulimit -v $v; exec $(printf '%q ' "$(command -v "$name")" "$@") <small.msp >out"
			case $status in
			0) ;;
			1 | 127) [ -n "$stderr" ] ;; # 127: not even the libraries can be loaded
			*) echo "$name $* with $v KiB: exit $status: $stderr"; return 1 ;;
			esac
			rm -rf target.*
		done
		[ "$status" -eq 0 ] || { echo "$name $*: 50 MB are not enough: $stderr"; return 1; }
	}
	for_each "filter blocks text frames sink source -joins" try
}

@test "few descriptors" {
	python3 "$TORTURE/make_small.py" small.msp
	# the loader itself needs one beside the standard files
	expect_sh 1 "exec 3>&- 4>&-; ulimit -n 4; mscat -o new.msp small.msp"
	contains "$stderr" ".msp: Too many open files"
	[ ! -e new.msp ]
	expect_sh 0 "exec 3>&- 4>&-; ulimit -n 6; mscat -o new.msp small.msp"
	# many inputs, one descriptor
	mssynth -n 1 -o one.msp
	for i in $(seq 300); do mssynth -n 1 --npts 2 --seed "$i" -o "in$i.msp"; done
	expect_sh 0 "exec 3>&- 4>&-; ulimit -n 8; mscat in*.msp >out"
	expect 0 mscheck --full out
	# a sort that spills
	mssynth -n 400 --npts 50000 --type f64 -o large.msp
	expect_sh 0 "ulimit -n 64; TMPDIR=$PWD mssort -o sorted.msp sta large.msp"
	equal "$(mscheck --digest large.msp | cut -c1-32)" "$(mscheck --digest sorted.msp | cut -c1-32)"
}
