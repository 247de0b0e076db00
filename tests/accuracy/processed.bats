# The recordings that the project ships, processed here and by ObsPy (see make_processed.py).
load ../cli/common

# one_case FILE CHANNEL PIPELINE NPTS START_NS PAIRS: says what differs
one_case()
{
	msread "$MSP_DATA/$1" | msgrep "chan == \"$2\"" | bash -c "$3" | msdump --json --samples >got.json || return 1
	jq -rn --slurpfile got got.json --arg npts "$4" --arg pairs "$6" '
		[$pairs | splits(" ") | split(":") | map(tonumber)] as $want
		| ($want[0][1] | fabs) as $peak
		| if ($got | length) != 1 then "\($got | length) objects"
		  elif ($got[0].npts | tostring) != $npts then "npts \($got[0].npts), not \($npts)"
		  else $want[] | . as [$k, $v] | $got[0].samples[$k]
		       | select(. == null or (. - $v | fabs) > 1e-9 * $peak) | "sample \($k): \(.), not \($v)" end' >differ
	[ "$(jq -r '.starttime' got.json)" = "$(at_ns "$5")" ] || jq -r '"starts at " + .starttime' got.json >>differ
	[ ! -s differ ] || { printf '%s %s, %s: ' "$1" "$2" "$3"; cat differ; return 1; }
}

# nanoseconds since the epoch as msdump prints them
at_ns()
{
	local s=${1%?????????} f
	f=${1#"$s"}
	case $f in
	000000000) f= ;;
	*000000) f=.${f%000000} ;;
	*000) f=.${f%000} ;;
	*) f=.$f ;;
	esac
	printf '%s%sZ\n' "$(date -u -d "@$s" +%Y-%m-%dT%H:%M:%S)" "$f"
}

@test "accuracy: recorded data, processed as ObsPy does, to 1e-9 of the peak" {
	bad=0 n=0
	while IFS=$'\t' read -r file chan pipeline npts start pairs; do
		[ -n "$pairs" ] || continue
		n=$((n + 1))
		one_case "$file" "$chan" "$pipeline" "$npts" "$start" "$pairs" || bad=1
	done <"$MSP_TOP/tests/accuracy/processed.txt"
	[ "$n" -eq 30 ]
	[ "$bad" -eq 0 ]
}
