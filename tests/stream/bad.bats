# Streams that break one rule of msp(5), with right checksums: every command exits 4 and says why; none takes one for whole, and none crashes.

load ../torture/torture

@test "the independent reader refuses each" {
	python3 "$STREAM/make_bad.py" --check
}

@test "every command refuses each" {
	python3 "$STREAM/make_bad.py" bad >list
	[ "$(wc -l <list)" -gt 150 ]
	try()
	{
		local name=$1 kind=$2 rule status stderr wrong=0
		shift 2
		while IFS=$'\t' read -r bad rule _; do
			status=0
			"$name" "$@" <"bad/$bad.msp" >out 2>err || status=$?
			# what is no stream at all is, to msread, a recording that it does not know
			case $name/$bad in msread/text | msread/zeros | msread/plain-zstd)
				[ $status -eq 0 ] && grep -q "1 of 1 objects is dead" err && continue ;;
			esac
			# what does not decode passes on what is inside of a frame; then the next reader refuses it
			if [ $status -eq 0 ]; then
				case $kind in
				blocks) mscheck --full out 2>err || status=$? ;;
				frames) mscheck --full "bad/$bad.msp" 2>err || status=$? ;;
				esac
			fi
			if [ $status -ne 4 ] || [ ! -s err ] || compgen -G 'target*' >/dev/null; then
				echo "$bad ($rule): exit $status: $(cat err) $(compgen -G 'target*')"
				rm -rf target*
				wrong=1
			fi
		done <list
		return $wrong
	}
	for_each "blocks filter text frames sink" try
}

@test "a message names the file and the byte" {
	mssynth -n 3 --npts 100 -o a.msp
	size=$(stat -c %s a.msp)
	head -c $((size - 1)) a.msp >cut.msp
	expect 4 mscheck cut.msp
	contains "$stderr" "mscheck: cut.msp: byte $((size - 1)): "
	{ cat a.msp; echo; } >long.msp
	expect 4 mscheck long.msp
	contains "$stderr" "mscheck: long.msp: byte $size: "
	cat a.msp a.msp >twice.msp
	expect 4 mscheck twice.msp
	contains "$stderr" "mscheck: twice.msp: "
}

@test "with --segments: whole segments, each once, are taken" {
	python3 "$STREAM/make_bad.py" bad >list
	while IFS=$'\t' read -r bad rule fine; do
		run --separate-stderr mscat --segments "bad/$bad.msp"
		if [ -n "$fine" ]; then
			# that a stream goes on after its last segment may be seen here, too
			[ "$status" -eq 0 ] || { [ "$status" -eq 4 ] && contains "$stderr" last; }
		elif [ "$status" -eq 0 ]; then
			mscat --segments "bad/$bad.msp" | cat >out
			expect 4 mscheck --full out
		else
			[ "$status" -eq 4 ] || { echo "$bad ($rule): exit $status"; return 1; }
		fi
	done <list
}
