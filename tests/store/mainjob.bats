#!/usr/bin/env bats
# The README's main job, line by line as it stands there, on a file and on a MongoDB server: the same result.

load ../cli/common
load store

more_setup()
{
	cp "$MSP_DATA"/*.mseed "$MSP_DATA"/*.xml .
}

# the_job NET OUT: the block of the README, with these stores in the place of net.msdb and out.msdb
the_job()
{
	awk '/^## The main job/ { here = 1 } here && /^    / { print; block = 1 } here && block && /^`/ { exit }' "$MSP_TOP/README.md" |
		sed -e "s|net\.msdb|$1|g; s|out\.msdb|$2|g" >job.sh
	[ "$(grep -c '^    ms' job.sh)" -ge 9 ]
	expect 0 sh -e job.sh
	expect 0 msdb check "$2"
}

digest() { msread --sort sta "$1" | mscheck --digest | cut -c1-32; }

@test "the README's main job, on files" {
	the_job net.msdb out.msdb
	equal "$(msdb count out.msdb wf_TimeSeries) $(msdb count out.msdb cemetery)" '2 3'
	equal "$(msread out.msdb | msjoin net.msdb channel | msls -f '%{sta} %{npts}' | sort | paste -s -d ,)" '034A 12001,ABTX 12001'
	# the very samples that come of the files
	want=$(msread ta_*.mseed | msdetrend --linear | msfilter --bandpass 0.01,2 | mswindow 200 500 | mssort sta | msdump --csv --samples | grep -v '^#' | cut -d, -f2 | cksum)
	equal "$(msread --sort sta out.msdb | msdump --csv --samples | grep -v '^#' | cut -d, -f2 | cksum)" "$want"
}

@test "the README's main job, on a server: the result of the file" {
	need_server
	the_job net.msdb out.msdb
	the_job "$MONGO/mainjob_net" "$MONGO/mainjob_out"
	equal "$(digest "$MONGO/mainjob_out")" "$(digest out.msdb)"
	# and with both in one database
	the_job "$MONGO/mainjob_one" "$MONGO/mainjob_one"
}
