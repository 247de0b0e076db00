# msfold: the nine cases, and what only it does.
load common

# What a stream's objects are, bit by bit.
objects() { msdump --json --samples "$@"; }

@test "msfold: one result of all, one for each key, sorted by the keys" {
	mssynth -n 6 --npts 50 | msset 'k=7 - int(substr(sta, 2)) % 3' -o a.msp
	equal "$(msfold a.msp | msls -f '%{fold} %{npts} %{live}')" "6 50 true"
	equal "$(msfold --by k a.msp | msls -f '%{k} %{fold}' | tr '\n' ' ')" "5 2 6 2 7 2 "
	mssort -r sta a.msp | msfold --by k | objects | cmp - <(msfold --by k a.msp | objects)
}

@test "msfold: --mean is msstack --mean, to the bit; so is --sum" {
	mssynth -n 9 --npts 500 --type f64 | msfilter --lowpass 3 -o a.msp
	for op in --mean --sum; do
		msstack $op a.msp | objects | jq -c .samples >stack
		mssort -r sta a.msp | msfold $op | objects | jq -c .samples | cmp stack -
	done
}

@test "msfold: any number of parts, any order, any tree: the same bytes" {
	mssynth -n 70 --npts 300 --type f64 | msfilter --highpass 1 | msset 'k=int(substr(sta, 2)) % 4' -o f64.msp
	mssynth -n 70 --npts 300 --type i32 --codes YY.I0001.00.BHZ | msset 'k=int(substr(sta, 2)) % 4' -o i32.msp
	mssynth -n 70 --npts 300 --type f32 --signal noise --codes ZZ.F0001.00.BHZ | msset 'k=int(substr(sta, 2)) % 4' -o f32.msp
	mscat f64.msp i32.msp f32.msp | msset 'n=int(substr(sta, 2)) * 7 % 64 + 1' -o all.msp
	for how in "--by k" "--by k --stats --span all" "--sum --align zero" "--max --span all" "--min --by net,k" "--by k --count --span all"; do
		# shellcheck disable=SC2086
		msfold $how all.msp | objects >want
		for parts in 1 2 3 7 64; do
			rm -f p*.msp
			for ((i = 0; i < parts; i++)); do
				# shellcheck disable=SC2086
				msgrep "n % $parts == $i" all.msp | mssort -r n | msfold -p $how -o "p$((997 - i)).msp"
			done
			# shellcheck disable=SC2086
			mscat p*.msp | msfold $how | objects | cmp want -
		done
		# a tree: pairs, then a chain; and data together with partial folds
		set -- p*.msp
		while [ $# -gt 40 ]; do
			# shellcheck disable=SC2086
			mscat "$1" "$2" | msfold -p $how -o "q$#.msp"
			last=q$#.msp
			shift 2
			set -- "$@" "$last"
		done
		# shellcheck disable=SC2086
		mscat "$@" | msfold -p $how | msfold $how | objects | cmp want -
		# shellcheck disable=SC2086
		mscat <(msgrep 'n < 20' all.msp | msfold -p $how) <(msgrep 'n >= 20' all.msp) | msfold $how | objects | cmp want -
		# equal members make equal partial folds, too
		# shellcheck disable=SC2086
		cmp <(mscat "$@" | msfold -p $how | mscheck --digest -) <(msfold -p $how all.msp | mscheck --digest -)
	done
}

@test "msfold: spans and alignment" {
	mssynth -n 1 --npts 100 --rate 10 --start 2020-01-01T00:00:00Z -o a.msp
	mssynth -n 1 --npts 100 --rate 10 --start 2020-01-01T00:00:05Z -o b.msp
	mssynth -n 1 --npts 10 --rate 10 --start 2020-01-01T00:00:30Z -o c.msp
	equal "$(mscat a.msp b.msp | msfold --align zero | msls -f '%{npts} %{starttime} %{fold}')" "50 2020-01-01T00:00:05Z 2"
	equal "$(mscat b.msp a.msp | msfold --align zero --span all | msls -f '%{npts} %{starttime}')" "150 2020-01-01T00:00:00Z"
	equal "$(mscat b.msp a.msp | msfold | msls -f '%{npts} %{starttime}')" "100 2020-01-01T00:00:00Z"
	equal "$(mscat c.msp b.msp a.msp | msfold --count --align zero --span all | objects | jq -c '[.samples[0, 49, 50, 99, 100, 149, 150, 299, 300, 309]]')" \
		"[1,1,2,2,1,1,0,0,1,1]"
	for order in "a b c" "c b a" "b a c"; do
		read -r x y z <<<"$order"
		mscat "$x.msp" "$y.msp" "$z.msp" | msfold -q --align zero -o s.msp
		contains "$(msls s.msp)" "the members have no time in common"
	done
}

@test "msfold: members that do not agree: most of them win, none vanishes, whatever the order" {
	mssynth -n 2 --npts 50 --rate 40 -o x.msp
	mssynth -n 3 --npts 50 --rate 20 --codes YY.S0001..BHZ -o y.msp
	mssynth -n 1 --npts 50 --rate 20 --kind seismogram --codes ZZ.S0001..BH -o z.msp
	mscat x.msp y.msp z.msp | msfold -q -o s.msp
	mscat z.msp y.msp x.msp | msfold -q | objects | cmp - <(objects s.msp)
	equal "$(stream_counts s.msp)" "1 2"
	equal "$(msgrep live s.msp | msls -f '%{fold} %{delta}')" "3 0.05"
	contains "$(msls s.msp)" "2 members cannot be folded with the other 3: sample interval 0.025 s, not 0.05 s"
	contains "$(msls s.msp)" "1 member cannot be folded with the other 3: seismograms, not time series"
	mscat <(msfold -p x.msp) <(mscat z.msp y.msp | msfold -p) | msfold -q | objects | cmp - <(objects s.msp)
	# grids 0.4 of a sample apart
	mssynth -n 1 --npts 50 --rate 20 --start 2020-01-01T00:00:00.02Z --codes QQ.S0001..BHZ -o g.msp
	mscat g.msp y.msp | msfold -q --align zero -o s.msp
	contains "$(msls s.msp)" "their samples lie 0.400 of a sample beside"
	expect 3 msfold --strict-data --align zero g.msp y.msp
}

@test "msfold: grids to 1e-3 of a sample, also where counting turns over" {
	for off in 0.0000499 0.0249999 0.0250001 0.0499999; do
		mssynth -n 1 --npts 10 --rate 20 --start 2020-01-01T00:00:00Z | msset "starttime=starttime + $off" -o a.msp
		mssynth -n 2 --npts 10 --rate 20 --start 2020-01-01T00:00:00Z | msset "starttime=starttime + $off + 0.00002" -o b.msp
		equal "$(mscat a.msp b.msp | msfold --align zero --span all | msls -f '%{fold} %{npts}')" "3 10"
		mscat b.msp a.msp | msfold --align zero | objects | cmp - <(mscat <(msfold -p --align zero a.msp) <(msfold -p --align zero b.msp) | msfold --align zero | objects)
	done
}

@test "msfold: the dead are counted; all dead is a dead result" {
	mssynth -n 6 --npts 50 --dead-every 3 -o d.msp
	msfold d.msp -o s.msp
	equal "$(stream_counts s.msp)" "1 0"
	equal "$(msls -f '%{fold}' s.msp)" 4
	contains "$(objects s.msp)" "2 dead members are not in it"
	mscat <(msgrep 'sta > "S0003"' d.msp | msfold -p) <(msgrep 'sta <= "S0003"' d.msp | msfold -p) | msfold | objects | cmp - <(objects s.msp)
	mssynth -n 4 --npts 50 --dead-every 1 -o dead.msp
	msfold -q dead.msp -o s.msp
	equal "$(stream_counts s.msp)" "0 1"
	contains "$(msls s.msp)" "no live member"
	mscat <(msfold -p dead.msp) | msfold -q | objects | cmp - <(objects s.msp)
}

@test "msfold: NaN, infinity, -0, 1e300, denormals" {
	python3 -c '
import struct, sys
def sac(name, v):
    h = bytearray(632)
    struct.pack_into("<70f", h, 0, *([-12345.0] * 70)); struct.pack_into("<40i", h, 280, *([-12345] * 40))
    h[440:] = b"-12345  " * 24
    struct.pack_into("<f", h, 0, 0.05); struct.pack_into("<f", h, 20, 0.0); struct.pack_into("<f", h, 24, 0.05 * (len(v) - 1))
    struct.pack_into("<i", h, 280 + 4 * 6, 6); struct.pack_into("<i", h, 280 + 4 * 9, len(v)); struct.pack_into("<i", h, 280 + 4 * 15, 1)
    struct.pack_into("<i", h, 280 + 4 * 35, 1)
    for i, x in enumerate((2020, 1, 0, 0, 0, 0)): struct.pack_into("<i", h, 280 + 4 * i, x)
    open(name, "wb").write(bytes(h) + struct.pack("<%df" % len(v), *v))
sac("n.sac", [1.0, float("nan"), 2.0]); sac("i.sac", [1.0, 2.0, float("inf")])
sac("z.sac", [-0.0, -0.0, 1e-45]); sac("m.sac", [3e38, 1e-45, 1e-45]); sac("k.sac", [-3e38, 1.0, -1.0])' || skip "no python3"
	msread n.sac i.sac z.sac m.sac k.sac | msfold --sum 2>err -o s.msp
	contains "$(cat err)" "sample 1 is NaN"
	equal "$(msls -f '%{fold}' s.msp)" 3
	contains "$(objects s.msp)" "2 dead members are not in it"
	equal "$(objects s.msp | jq -c .samples)" "[0,1,-1]"
	equal "$(msread z.sac | msfold --sum | objects | jq -c '.samples[0] | tostring')" '"0"'
	equal "$(msread z.sac m.sac | msfold --max | objects | jq -c '.samples[1] > 0')" true
}

@test "msfold: metadata that all have stay, sorted; keys are kept" {
	mssynth -n 4 --npts 50 | msset 'zz="last"' 'event="maule"' -o a.msp
	equal "$(msfold a.msp | objects | jq -c '.metadata | keys_unsorted')" '["chan","event","loc","net","zz","fold"]'
	# equal as numbers, written otherwise
	mscat <(msset 'n=1' a.msp) <(msset 'n=1.0' a.msp) | msfold --by n | objects | jq -e '.metadata.n == 1 and .metadata.fold == 8' >/dev/null
	equal "$(mscat a.msp <(msset 'n=1' a.msp) | msfold --by n | msls -f '%{n} %{fold}' | tr '\n' ' ')" "- 4 1 4 "
}

@test "msfold: ensembles: member with member" {
	mssynth -n 9 --npts 50 --ensembles 3 -o e.msp
	msfold --sum e.msp -o s.msp
	equal "$(objects s.msp | jq -r '.kind + " " + (.metadata.fold // "" | tostring)' | tr '\n' ' ')" "ensemble 3 timeseries 3 timeseries 3 timeseries 3 ensemble_end  "
	mssort --ensembles -r ensemble e.msp | msfold --sum | objects | cmp - <(objects s.msp)
	equal "$(msgrep 'sta != "S0002"' e.msp | msfold -p --sum | msfold --sum | msls -f '%{fold}' | tr '\n' ' ')" "3 3 2 "
	# with loose objects beside them
	mssynth -n 2 --npts 50 -o l.msp
	equal "$(mscat e.msp l.msp | msfold | objects | jq -r .kind | tr '\n' ' ')" "timeseries ensemble timeseries timeseries timeseries ensemble_end "
}

@test "msfold: seismograms" {
	mssynth -n 3 --npts 50 --kind seismogram -o a.msp
	equal "$(msfold --sum a.msp | msls -f '%{kind} %{fold} %{ncomp}')" "seismogram 3 3"
	want=$(objects a.msp | jq -sc '[.[].samples[2][7]] | add')
	equal "$(msfold --sum a.msp | objects | jq -c --argjson w "$want" '(.samples[2][7] - $w | fabs) < 1e-9')" true
}

@test "msfold: --stats: mean, variance and count" {
	mssynth -n 5 --npts 50 --signal noise --type f64 -o a.msp
	msfold --stats a.msp -o s.msp
	equal "$(msls -f '%{statistic}' s.msp | tr '\n' ' ')" "mean variance count "
	objects a.msp | jq -sc '[.[].samples] | transpose | map((add / 5) as $m | map((. - $m) * (. - $m)) | add / 4)' >want
	objects s.msp | jq -c 'select(.metadata.statistic == "variance") | .samples' >got
	jq -ne --slurpfile a want --slurpfile b got '[$a[0], $b[0]] | transpose | all((.[0] - .[1] | fabs) < 1e-9 * .[0])' >/dev/null
	equal "$(msls -f '%{id}' s.msp | sort | uniq -d)" ""
	# a large mean does not hide the variance
	mssynth -n 1 --npts 5 -o b.msp
	mssynth -n 1 --npts 5 --start 1999-01-01 -o c.msp
	equal "$(mscat b.msp c.msp | msfold --stats | objects | jq -sc '.[1].samples')" "[0,0,0,0,0]"
}

@test "msfold: ids do not depend on division; they do on what is done" {
	mssynth -n 4 --npts 50 -o a.msp
	equal "$(msfold a.msp | msls -f '%{id}')" "$(msfold --mean a.msp | msls -f '%{id}')"
	equal "$(msfold -p a.msp | msfold -p | msfold | msls -f '%{id}')" "$(msfold a.msp | msls -f '%{id}')"
	[ "$(msfold a.msp | msls -f '%{id}')" != "$(msfold --sum a.msp | msls -f '%{id}')" ]
}

@test "msfold: partial folds pass every other command unchanged" {
	mssynth -n 4 --npts 300 --type f64 -o a.msp
	msfold -p --by sta a.msp -o p.msp
	d=$(mscheck --digest p.msp | cut -c 1-32)
	for c in mscat 'mscat --level 5' 'msfilter --lowpass 1' 'msdetrend --linear' 'mswindow 0 1' msstack 'mssort sta' 'mshead -n 9'; do
		equal "$($c p.msp | mscheck --digest - | cut -c 1-32)" "$d"
	done
	mssave copy.msp <p.msp
	equal "$(mscheck --digest copy.msp | cut -c 1-32)" "$d"
	msfold --by sta copy.msp | objects | cmp - <(msfold --by sta a.msp | objects)
}

@test "msfold: partial folds that do not fit" {
	mssynth -n 4 --npts 300 -o a.msp
	msfold -p --by sta --sum a.msp -o p.msp
	expect 2 msfold --by sta p.msp
	contains "$stderr" "a partial fold was made with --sum --align start --span common: it cannot be folded with --mean"
	expect 2 msfold --by chan --sum p.msp
	contains "$stderr" "was not made by key 'chan'"
	msfold --sum p.msp | objects | cmp - <(msfold --sum a.msp | objects)
}

@test "msfold: memory" {
	mssynth -n 20 --npts 10000 --type f64 -o a.msp
	expect 1 msfold --by sta --max-mem 1M a.msp -o s.msp
	contains "$stderr" "--max-mem"
	[ ! -e s.msp ]
	expect 0 msfold --max-mem 1M a.msp -o s.msp
	mssynth -n 1 --npts 10 -o b.msp
	mssynth -n 1 --npts 10 --start 1990-01-01 -o c.msp
	expect 1 msfold --align zero --span all b.msp c.msp
	contains "$stderr" "--max-mem"
}

@test "msfold: --segments: partial folds only" {
	mssynth -n 40 --npts 500 --segment 20k -o a.msp
	expect 2 msfold --segments a.msp
	contains "$stderr" "--partial"
	msfold --segments -p a.msp -o p.msp
	msfold p.msp | objects | cmp - <(msfold a.msp | objects)
}

@test "msfold: a part stays a part; all parts are whole" {
	mssynth -n 9 --npts 100 -o a.msp
	mssplit -n 3 a.msp
	for i in 1 2 3; do msfold -p part.000$i.msp -o p$i.msp; done
	msfold p1.msp p2.msp p3.msp | objects | cmp - <(msfold a.msp | objects)
	expect 4 msfold p1.msp p3.msp
	contains "$stderr" "missing: 2"
}

@test "msfold: empty input" { nine_empty msfold; }
@test "msfold: empty input gives an empty stream" {
	mssynth -n 0 | msfold -o s.msp
	equal "$(stream_counts s.msp)" "0 0"
}
@test "msfold: no input" { nine_no_input msfold; }

@test "msfold: one object" {
	mssynth -n 1 --npts 300 --type f64 -o a.msp
	equal "$(msfold a.msp | objects | jq -c .samples)" "$(objects a.msp | jq -c .samples)"
}

@test "msfold: bad option" {
	nine_bad_option msfold
	mssynth -n 1 -o a.msp
	expect 2 msfold --sum --mean a.msp
	expect 2 msfold --by 'a b' a.msp
	expect 2 msfold --align never a.msp
}

@test "msfold: truncated input" { nine_truncated_writer msfold; }
@test "msfold: truncated input of a partial fold" { nine_truncated_writer msfold --partial; }
@test "msfold: full output" { nine_full msfold; }

@test "msfold: SIGPIPE" { nine_sigpipe msfold --by sta; }
@test "msfold: terminal" { nine_tty msfold; }
