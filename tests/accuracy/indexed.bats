# Recorded data: msindex, into both kinds of store, against what ObsPy reads in the same files (see make_indexed.py).
load ../cli/common
load ../store/store

TABLE=$BATS_TEST_DIRNAME/indexed.tsv

# The documents of a store as rows of the table. Times but the start are doubles of seconds: to the microsecond.
documents() # STORE
{
	msdb find "$1" wf_miniseed --canonical | jq -r '
		def n: if type == "object" then .["$numberInt"] // .["$numberLong"] // .["$numberDouble"] else . end;
		[.dfile, ([.net, .sta, .loc, .chan] | map(. // "") | join(".")), (.msp.start | n), (.npts | n), (.delta | n), (.endtime | n),
		 (.foff | n), (.nbytes | n), (.last_packet_time // 0 | n), (.mseed.number_of_records // 0 | n), (.sampling_rate | n), (.starttime | n)] | @tsv' |
		awk -F '\t' -v OFS='\t' '{ $5 = sprintf("%.12g", $5) } $11 * $5 < 0.999999999 || $11 * $5 > 1.000000001 { $11 = "rate?" }
			{ d = $12 - $3 / 1e9 } d > 1e-6 || d < -1e-6 { $12 = "start?" } { print }' | sort
}

# compare STORE: prints what differs
compare()
{
	documents "$1" >got
	sort "$TABLE" >want
	equal "$(wc -l <got)" "$(wc -l <want)"
	paste want got | awk -F '\t' '
		function far(a, b) { return a - b > 1e-6 || b - a > 1e-6 }
		{ for (i = 1; i <= 10; i++) if (i == 6 || i == 9 ? far($i / 1e9, $(i + 10)) : $i != $(i + 10)) print "column " i ": " $0 }
		$21 == "rate?" || $22 == "start?"'
}

index_all()
{
	need_shared README.md || return 1
	find "$MSP_SHARED/" \( -name '*.mseed' -o -name '*.sac' \) -printf '%p\n' | sort >list
	msindex -j 2 @list "$1"
}

@test "indexed: every recording, in a file" {
	index_all a.msdb
	run compare a.msdb; equal "$output" ""
}

@test "indexed: every recording, on a MongoDB server" {
	need_server
	index_all "$MONGO/msp_indexed_$$"
	run compare "$MONGO/msp_indexed_$$"; equal "$output" ""
	msdb delete --all "$MONGO/msp_indexed_$$" wf_miniseed
}

@test "indexed: the comparison can fail" {
	index_all a.msdb
	for change in npts:1 foff:1 nbytes:512 endtime:0.001 last_packet_time:0.001; do
		cp a.msdb b.msdb
		msdb update b.msdb wf_miniseed "{\"\$inc\": {\"${change%:*}\": ${change#*:}}}" -e 'sta == "HGN"'
		contains "$(compare b.msdb)" HGN
	done
}
