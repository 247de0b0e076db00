# The parallel result is the serial one, to the last bit: any number of parts, arriving in any order, folded by trees of any shape.

load cluster

FLOW='msset "k = npts * 2" | msdetrend --demean | mswindow --short truncate 0.1 0.6'

setup_file()
{
	cd "$BATS_FILE_TMPDIR" || return 1
	PATH=$MSP_BIN:$PATH
	python3 "$BATS_TEST_DIRNAME/make_hard.py" hard.msp
	mssynth -n 120 --npts 300 --ensembles 40 --seed 7 --signal noise --segment 4k -o ensembles.msp
	for f in hard ensembles; do bash -c "$FLOW" <$f.msp >$f.serial.msp 2>/dev/null; mscat --level 0 $f.serial.msp -o $f.raw.msp; done
}

in_parts() # FILE N: pieces of such a size that there are about N
{
	local size n
	size=$(stat -c %s "$1.msp")
	n=$(mschop --block $((size / $2)) <"$1.msp" | wc -l)
	[ "$n" -le "$2" ] && [ "$n" -ge $((($2 + 1) / 2)) ]
	msmap -q -j 3 --block $((size / $2)) "$FLOW" <"$1.msp" >ordered.msp
	mscat --level 0 ordered.msp | cmp - "$1.raw.msp"
	# a later piece is ready before an earlier one
	msmap -q -j 3 --unordered --block $((size / $2)) "[ \$(({part} % 3)) -ne 1 ] || sleep 0.1; $FLOW" <"$1.msp" >shuffled.msp
	equal "$(digest shuffled.msp)" "$(digest "$1.serial.msp")"
}

@test "a map of 1, 2, 3, 7, 64 parts, in order and shuffled" {
	cd "$BATS_FILE_TMPDIR"
	for f in hard ensembles; do
		for n in 1 2 3 7 64; do in_parts $f $n; done
	done
}

@test "a map of parts that mssplit made, each by itself, in any order" {
	cd "$BATS_FILE_TMPDIR"
	for n in 1 2 3 7 64; do
		rm -f part.* done.*
		mssplit -n $n hard.msp
		for p in part.*.msp; do printf '%s\0' "$p"; done | shuf -z | xargs -0 -n 1 -P 3 sh -c "{ $FLOW; }"' <"$1" >"done.$1" 2>/dev/null' flow
		[ "$(ls done.* | wc -l)" -eq $n ]
		ls done.* | shuf | xargs mscat -o joined.msp
		equal "$(digest joined.msp)" "$(digest hard.serial.msp)"
	done
}

# A tree over partial folds: as many as WIDTH are folded into one, again and again.
tree() # WIDTH FOLD...: of the files fold.*
{
	local width=$1 k n=0
	shift
	while [ "$(ls fold.* | wc -l)" -gt 1 ]; do
		k=0
		ls fold.* | shuf | xargs -n "$width" >groups
		while read -ra group; do
			# what belongs together after a fold is judged by what it was made from
			cat "${group[@]}" | msfold --partial "$@" >"next.$n.$k" 2>/dev/null || return 1
			k=$((k + 1))
		done <groups
		rm fold.*
		for f in next.*; do mv "$f" "fold${f#next}"; done
		n=$((n + 1))
		[ "$n" -lt 20 ] || return 1
	done
}

@test "a fold of partial folds, of parts of any number and trees of any shape" {
	cd "$BATS_FILE_TMPDIR"
	for how in '--sum' '--mean' '--stats' '--max'; do
		# shellcheck disable=SC2086 # words
		msfold $how --by sta hard.msp 2>/dev/null >serial.fold
		want=$(digest serial.fold)
		[ "$(msls serial.fold | wc -l)" -ge 4 ]
		for n in 1 7 64; do
			msmap -q -j 3 --unordered --block $(($(stat -c %s hard.msp) / n)) "msfold --partial $how --by sta" <hard.msp 2>/dev/null |
				msfold $how --by sta 2>/dev/null >parallel.fold
			equal "$(msdump --json --samples parallel.fold | jq -cS '[.metadata.sta, .npts, .samples]' | sort)" \
				"$(msdump --json --samples serial.fold | jq -cS '[.metadata.sta, .npts, .samples]' | sort)"
		done
		for shape in '2 2' '7 7' '64 64'; do
			read -r width n <<<"$shape"
			rm -f part.* fold.* next.*
			mssplit -n "$n" hard.msp
			for p in part.*.msp; do msfold --partial $how --by sta "$p" >"fold.$p" 2>/dev/null; done
			tree "$width" $how --by sta
			msfold $how --by sta fold.* >parallel.fold 2>/dev/null
			equal "$(digest parallel.fold)" "$want"
		done
	done
}

@test "sources in 1, 2, 3, 7, 64 parts" {
	mkdir day
	for k in $(seq 9); do mssynth -n 3 --npts 500 --seed "$k" --codes "XX.P${k}.00.BHZ" | mssave "day/$k.mseed"; done
	cp "$MSP_DATA"/*.mseed day/
	msread day | msdetrend --demean | msfilter --lowpass 2 -o serial.msp
	for n in 1 2 3 7 64; do
		msmap -q -j 3 --unordered --part-of day --parts $n 'msdetrend --demean | msfilter --lowpass 2' -o out.msp
		equal "$(digest out.msp)" "$(digest serial.msp)"
	done
}
