# mssplit: the nine cases, and what only it does.
load common

digest() { mscheck --digest "${1:--}" | cut -c 1-32; }
parts() { ls | grep -c '^part\.'; }

more_setup()
{
	mssynth -n 60 --npts 2000 --ensembles 7 -o e.msp
	mssynth -n 30 --npts 2000 --codes LL.L0001..BHZ -o l.msp
	mscat e.msp l.msp -o a.msp
}

@test "mssplit: all parts are the whole, in every way of splitting" {
	want=$(digest a.msp)
	for how in "-n 1" "-n 2" "-n 7" "-n 64" "--size 30k" "--size 1M" "--size 1" "--by net" "--by ensemble" "--by sta --max-mem 1"; do
		for input in "a.msp" "e.msp l.msp"; do
			rm -f part.*
			# shellcheck disable=SC2086
			mssplit $how $input
			mscheck --full part.*
			equal "$(mscat part.* | digest)" "$want"
			# arrival in another order
			# shellcheck disable=SC2012
			equal "$(ls part.* | sort -r | xargs cat | mscat | digest)" "$want"
			equal "$(ls -A | grep -c '^\.')" 0
		done
	done
}

@test "mssplit: a part that is missing, doubled, cut or of another split is an error that names it" {
	for how in "-n 5" "--size 60k" "--by ensemble"; do
		rm -f part.*
		# shellcheck disable=SC2086
		mssplit $how a.msp
		set -- part.*
		n=$#
		[ "$n" -ge 4 ]
		expect 4 mscat "$1" "$3" "${@:4}"
		contains "$stderr" "came in $((n - 1)) of $n parts; missing: 2"
		expect 4 mscat "$@" "$2"
		contains "$stderr" "came twice"
		head -c -100 "$2" >cut
		expect 4 mscat "$1" cut "${@:3}"
		contains "$stderr" "cut: "
		expect 0 mscat "$2"
	done
	mssplit -n 3 --prefix other a.msp
	mssplit -n 4 a.msp
	expect 4 mscat part.0001.msp part.0002.msp part.0003.msp other.0003.msp
	contains "$stderr" "missing: 4"
}

@test "mssplit: -n: parts of about the same size, of small streams, too" {
	mssynth -n 12 --npts 100 -o small.msp
	mssplit -n 4 small.msp
	for f in part.*; do equal "$(stream_counts "$f")" "3 0"; done
	mssynth -n 3000 --npts 2000 --type f64 --level 0 -o big.msp
	rm part.*
	mssplit -n 3 big.msp
	set -- $(stat -c %s part.* | sort -n)
	[ $(($1 * 5)) -ge $(($3 * 4)) ]
}

@test "mssplit: --size: in order, no part too large" {
	mssynth -n 2000 --npts 2000 --type f64 --level 0 -o big.msp
	for input in big.msp "e.msp"; do
		rm -f part.*
		mssplit --size 3M $input
		cmp <(mscat part.* | msdump --json) <(msdump --json $input)
	done
	rm -f part.*
	mssplit --size 3M big.msp
	[ "$(parts)" -ge 10 ]
	for f in part.*; do [ "$(stat -c %s "$f")" -le 3300000 ]; done
}

@test "mssplit: ensembles stay whole" {
	for how in "-n 5" "--size 20k" "--size 1" "--by ensemble"; do
		rm -f part.*
		# shellcheck disable=SC2086
		mssplit $how e.msp
		equal "$(for f in part.*; do msdump --json "$f" | jq -c 'select(.kind == "ensemble") | .metadata.ensemble'; done | sort | uniq -d)" ""
		mscheck --full part.*
	done
	equal "$(parts)" 7
}

@test "mssplit: --by: thousands of keys, few open files" {
	mssynth -n 3000 --npts 20 -o many.msp
	expect_sh 0 'ulimit -n 40; mssplit --by sta many.msp'
	equal "$(parts)" 3000
	equal "$(msls -f '%{sta}' part.S1234.msp)" S1234
	equal "$(cat part.* | digest)" "$(digest many.msp)"
	expect_sh 2 'ulimit -n 40; mssplit -n 100 --prefix q many.msp'
	contains "$stderr" "ulimit -n"
}

@test "mssplit: --by: names" {
	mssynth -n 4 --npts 10 | msset 'k=sta == "S0001" ? "a/b" : sta == "S0002" ? "a_b" : sta == "S0003" ? ".." : 2.5' -o k.msp
	mkdir d
	mssplit --by k --prefix d/x k.msp
	# shellcheck disable=SC2012
	equal "$(ls d | tr '\n' ' ')" "x....msp x.2.5.msp x.a_b.2.msp x.a_b.msp "
	msset -d k k.msp | mssplit --by k,net --prefix d/y
	equal "$(stream_counts d/y.undefined.XX.msp)" "4 0"
}

@test "mssplit: a part is not split again; a command's output of a part is that part" {
	mssplit -n 2 a.msp
	expect 2 mssplit -n 2 --prefix q part.0001.msp
	contains "$stderr" "part.0001.msp is part 1 of 2 of a stream already"
	[ ! -e q.0001.msp ]
	for i in 1 2; do msfilter --lowpass 2 part.000$i.msp -o f$i.msp; done
	equal "$(mscat f1.msp f2.msp | digest)" "$(msfilter --lowpass 2 a.msp | digest)"
	expect 4 mssort sta f1.msp f1.msp
	# a stream that is made of parts is none
	mssplit -n 3 --prefix t l.msp
	mssort -r sta t.0001.msp t.0002.msp t.0003.msp | mssplit -n 2 --prefix again
	equal "$(mscat again.* | digest)" "$(digest l.msp)"
	expect 4 mssort sta t.0001.msp t.0002.msp
}

@test "mssplit: several streams keep their origins" {
	mssynth -n 3 --npts 10 --codes AA.A0001..BHZ -o x.msp
	mssynth -n 3 --npts 10 --codes BB.B0001..BHZ | msfilter --lowpass 2 -o y.msp
	mssplit -n 2 x.msp y.msp
	equal "$(mscat part.* | mshistory | sort)" "$(mscat x.msp y.msp | mshistory | sort)"
	rm part.*
	mssplit --size 1 x.msp y.msp
	equal "$(mscat part.* | mshistory | sort)" "$(mscat x.msp y.msp | mshistory | sort)"
	mscat part.* >/dev/null
}

@test "mssplit: nothing appears unless all does" {
	mkdir d
	head -c -1 a.msp >cut.msp
	for how in "-n 3" "--size 50k" "--by sta"; do
		# shellcheck disable=SC2086
		expect 4 mssplit $how --prefix d/p cut.msp
		equal "$(ls -A d)" ""
		# shellcheck disable=SC2086
		expect 1 mssplit $how --prefix nosuch/p a.msp
		contains "$stderr" "nosuch/p"
	done
	mssplit -n 2 --prefix d/p a.msp
	before=$(cksum d/*)
	expect 4 mssplit -n 2 --prefix d/p cut.msp
	equal "$(cksum d/*)" "$before"
}

@test "mssplit: bad option" {
	nine_bad_option mssplit -n 2
	expect 2 mssplit a.msp
	expect 2 mssplit -n 2 --size 1M a.msp
	expect 2 mssplit -n 0 a.msp
	expect 2 mssplit --by 'a b' a.msp
	expect 2 mssplit -n 2 --segments a.msp
	expect 2 mssplit -n 2 --prefix '' a.msp
	equal "$(parts)" 0
}

@test "mssplit: empty input" { nine_empty mssplit -n 2; mscat part.0001.msp part.0002.msp | mscheck -; nine_empty mssplit --size 1k --prefix q; nine_empty mssplit --by sta --prefix r; }
@test "mssplit: no input" { nine_no_input mssplit -n 2; }

@test "mssplit: one object" {
	mssynth -n 1 -o one.msp
	mssplit -n 3 one.msp
	equal "$(mscat part.* | digest)" "$(digest one.msp)"
}

@test "mssplit: dead objects" {
	mssynth -n 6 --npts 100 --dead-every 2 -o d.msp
	mssplit --by live d.msp
	equal "$(stream_counts part.false.msp)" "0 3"
	equal "$(mscat part.* | digest)" "$(digest d.msp)"
}

@test "mssplit: truncated input" { nine_truncated mssplit -n 2; equal "$(parts)" 0; }

@test "mssplit: full output" {
	ln -s /dev/full part.0002.msp
	for how in "-n 2" "--size 50k"; do
		# shellcheck disable=SC2086
		expect 1 mssplit $how a.msp
		contains "$stderr" "part.0002.msp"
		[ ! -e part.0001.msp ]
	done
}

@test "mssplit: SIGPIPE and terminal: it writes nothing to standard output" {
	mssplit -v -n 2 a.msp >out 2>err
	[ ! -s out ]
	contains "$(cat err)" "2 parts"
}

@test "mssplit: a kill leaves nothing" {
	mkdir d
	mssynth -n 20000 --npts 1000 --type f64 -o big.msp
	for how in "-n 4" "--size 2M" "--by sta"; do
		# shellcheck disable=SC2086
		mssplit $how --prefix d/p big.msp &
		sleep 0.1
		kill "$!" 2>/dev/null || true
		wait "$!" || true
		n=$(ls -A d | wc -l)
		[ "$n" = 0 ] || { cat d/* | mscheck -; rm -rf d; mkdir d; }
	done
}
