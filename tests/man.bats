# The manual: every page is clean, its OPTIONS are those of the command's table, its EXAMPLES run.

load cli/common

commands() { for f in "$MSP_TOP"/bin/*; do basename "$f" .c; done; }

# table COMMAND own|common: the options of its table, "LETTER LONG" ("-": none), sorted
table() { "$1" --dump-options | awk -F '\t' -v whose="$2" '$6 == whose { print ($1 == "" ? "-" : $1), ($2 == "" ? "-" : $2) }' | sort; }

@test "every page passes mandoc's lint" {
	run mandoc -Tlint -Wwarning "$MSP_TOP"/man/*.[1-8]
	[ "$status" -eq 0 ]
	[ -z "$output" ]
}

@test "every page has its sections" {
	bad=0
	for c in $(commands); do
		for s in NAME SYNOPSIS DESCRIPTION OPTIONS 'EXIT STATUS' EXAMPLES 'SEE ALSO'; do
			grep -q "^\.Sh $s\$" "$MSP_TOP/man/$c.1" || { echo "man/$c.1 has no section $s"; bad=1; }
		done
		grep -q "^\.Dt $(echo "$c" | tr '[:lower:]' '[:upper:]') 1" "$MSP_TOP/man/$c.1" || { echo "man/$c.1 has another title"; bad=1; }
	done
	[ $bad -eq 0 ]
}

@test "OPTIONS of every page are the command's own options" {
	bad=0
	for c in $(commands); do
		table "$c" own >own
		sh "$MSP_TOP/tests/man/options" "$MSP_TOP/man/$c.1" OPTIONS >page
		diff -u --label "$c --dump-options" --label "man/$c.1" own page || bad=1
	done
	[ $bad -eq 0 ]
}

@test "COMMON OPTIONS of mspipe(7) are what all commands share" {
	sh "$MSP_TOP/tests/man/options" "$MSP_TOP/man/mspipe.7" 'COMMON OPTIONS' >page
	[ -s page ]
	# Text commands and sinks write no stream: they lack what is about writing one.
	table mscat common >table
	diff -u --label 'mscat --dump-options' --label 'mspipe(7)' table page
}

@test "the help of every command names each of its options" {
	bad=0
	for c in $(commands); do
		"$c" --help >full || { echo "$c --help: exit $?"; bad=1; }
		"$c" -h >short || { echo "$c -h: exit $?"; bad=1; }
		[ "$(wc -l <short)" -le 40 ] || { echo "$c -h: more than a screen"; bad=1; }
		for o in $("$c" --dump-options | cut -f 2); do
			grep -q -e "--$o" full || { echo "$c --help does not name --$o"; bad=1; }
		done
		[ "$("$c" --version | wc -l)" -eq 1 ] || { echo "$c --version: more than a line"; bad=1; }
	done
	[ $bad -eq 0 ]
}

# Each page's blocks run in order, by sh -e, in a directory with the three recordings, stations.xml, events.xml and demo.msp.
run_examples() # PAGE
{
	local page=$1 dir blocks b status
	dir=$BATS_TEST_TMPDIR/$(basename "$page")
	mkdir "$dir" "$dir.blocks"
	cp "$MSP_DATA"/*.mseed "$MSP_DATA"/*.xml "$dir/"
	(cd "$dir" && mssynth -n 4 --ensembles 2 -o demo.msp) || return 1
	blocks=$(sh "$MSP_TOP/tests/man/blocks" "$page" "$dir.blocks")
	[ "$blocks" -gt 0 ] || return 2
	for b in "$dir.blocks"/*.sh; do
		(cd "$dir" && timeout 120 sh -e "$b" >"$b.out" 2>"$b.err" </dev/null) || {
			status=$?
			printf '%s: example %s: exit %s\n' "$(basename "$page")" "$(basename "$b" .sh)" "$status"
			cat "$b"
			echo '-- stderr:'
			head -n 20 "$b.err"
			return 1
		}
	done
}

@test "the EXAMPLES of every page run" {
	bad=0
	for page in "$MSP_TOP"/man/*.[1-8]; do
		status=0
		run_examples "$page" || status=$?
		case $page in
		*.1) [ $status -ne 2 ] || echo "$page has no examples" ;;
		*) [ $status -ne 2 ] || status=0 ;;
		esac
		[ $status -eq 0 ] || bad=1
	done
	[ $bad -eq 0 ]
}

@test "every test that mspipe(7) names is there, and every command it lists" {
	bad=0
	for f in $(grep -o 'tests/[A-Za-z0-9_./-]*[a-z0-9]' "$MSP_TOP/man/mspipe.7" | sort -u); do
		[ -e "$MSP_TOP/$f" ] || { echo "mspipe(7) names $f"; bad=1; }
	done
	for c in $(commands); do
		grep -q "^\.It Xr $c 1" "$MSP_TOP/man/mspipe.7" || { echo "mspipe(7) does not list $c"; bad=1; }
		grep -q "\`$c\`" "$MSP_TOP/README.md" || { echo "README.md does not list $c"; bad=1; }
	done
	[ $bad -eq 0 ]
}

@test "references between pages lead somewhere" {
	bad=0
	for page in "$MSP_TOP"/man/*.[1-8]; do
		while read -r name section; do
			[ -e "$MSP_TOP/man/$name.$section" ] || { echo "$(basename "$page") refers to $name($section)"; bad=1; }
		done < <(sed -n 's/^\.\(It \)\{0,1\}Xr \(ms[a-z]*\) \([1-8]\).*/\2 \3/p' "$page")
	done
	[ $bad -eq 0 ]
}
