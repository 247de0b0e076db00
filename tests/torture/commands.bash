# Every command, as the tests of promises run it: `load commands`. A command without a row fails tests/torture/table.bats.
#
# NAME|KIND|ARGUMENTS, the stream coming on standard input. A command may have several rows. KIND:
#   filter   stream in, stream out; every object of its input has part in its output, or is in it
#   joins    the same, with a store beside it: @STORE. Not where memory runs out: libbson, which stores are made of, ends the process then
#   blocks   the same, but whole blocks may be copied without being decoded
#   text     stream in, text out
#   frames   the same, but blocks are not decoded
#   sink     stream in, nothing out; commits to target.* in the working directory
#   source   no stream in
#   map      a front end that runs others: its promises are tested in tests/cluster
#   store    no stream at all: what is promised of stores is tested in tests/store and tests/cli/msdb.bats

command_table()
{
	cat <<-'END'
	mscat|blocks|
	mscat|filter|--level 3
	mscat|filter|-v --level 0 --segment 4k
	mscheck|frames|--digest
	mschop|frames|--block 0
	mscheck|text|--full --digest
	msdb|store|
	msdetrend|filter|--linear
	msdump|text|--json --samples
	msdump|text|--csv
	msfilter|filter|--lowpass 2 --zero-phase
	msfold|filter|--by sta
	msfold|filter|--partial --sum --by sta
	msgrep|filter|npts >= 0 || !defined(npts)
	msgroup|filter|sta
	mshead|filter|-n 1000000
	mshistory|frames|
	msimport|store|
	msindex|store|
	msjoin|joins|--optional --match net=net @STORE site
	msls|text|
	msmap|map|
	msread|filter|-
	mssave|sink|target.msp
	mssave|sink|--to sac target.dir/
	msset|filter|torture="yes"
	mssort|filter|sta,starttime
	mssplit|sink|-n 2 --prefix target
	mssplit|sink|--size 4k --prefix target
	mssplit|sink|--by sta --prefix target
	msstack|filter|--mean
	mssynth|source|-n 3 --npts 50
	mswindow|filter|--short pad 0 1
	END
}

# torture_store: a store with a station
torture_store()
{
	local store=$BATS_FILE_TMPDIR/torture.msdb
	if [ ! -e "$store" ]; then
		echo '{"net": "XX", "sta": "S0001", "lat": 1.5, "lon": 2.5, "elev": 0.25}' >"$BATS_FILE_TMPDIR/site.jsonl"
		msdb import "$store" "$BATS_FILE_TMPDIR/site.jsonl"
	fi
	printf '%s\n' "$store"
}

# for_each KINDS FUNCTION: (with -joins among KINDS, those are no filters) calls (without errexit: FUNCTION returns what is not to be passed over) FUNCTION NAME KIND ARGUMENT... for each row of one of KINDS
for_each()
{
	local kinds=" $1 " call=$2 name kind args rows
	mapfile -t rows < <(command_table)
	for row in "${rows[@]}"; do
		IFS='|' read -r name kind args <<<"$row"
		# the rest of the row after the second bar may hold bars (||)
		args=${row#*|*|}
		case $kinds in
		*" $kind "*) ;;
		*" filter "*) [ "$kind" = joins ] && [[ $kinds != *" -joins "* ]] || continue; kind=filter ;;
		*) continue ;;
		esac
		case $name in
		msgrep) set -- "$args" ;;
		*) case $args in *@STORE*) args=${args//@STORE/$(torture_store)} ;; esac
			read -ra words <<<"$args"; set -- "${words[@]}" ;;
		esac
		"$call" "$name" "$kind" "$@" || { echo "-- $name $args"; return 1; }
	done
}
