# Expressions choose the same documents wherever they are evaluated: in memory, by the filter that they become, in SQL, on a server.

load ../cli/common
load store

@test "random expressions: a file chooses and counts what they are true of" {
	for seed in 1 2; do
		run "$MSP_BUILD/tests/store/exprs" random$seed.msdb $seed 2000
		echo "$output"
		[ "$status" -eq 0 ]
	done
	# both kinds of documents were there: those whose columns stand for their keys, and others
	run "$MSP_BUILD/tests/store/exprs" plain.msdb 3 200
	[ "$status" -eq 0 ]
	equal "$(sqlite3 plain.msdb 'select count(*) from wf_TimeSeries where _odd = 1')" 0
	equal "$(sqlite3 random1.msdb 'select count(*) > 50 from wf_TimeSeries where _odd = 1')" 1
}

@test "random expressions: so does a MongoDB server" {
	need_server
	local flags=()
	[ -n "${MSP_TEST_MONGODB_URI:-}" ] || flags=(-s)
	run "$MSP_BUILD/tests/store/exprs" "${flags[@]}" "$MONGO/msp_exprs_$$" 1 250
	echo "$output"
	[ "$status" -eq 0 ]
}

@test "an expression, its filter, and both stores on real documents" {
	need_shared mspass_db
	need_server
	msdb import a.msdb "$MSP_SHARED/mspass_db"
	msdb import "$MONGO/msp_exprs_real_$$" "$MSP_SHARED/mspass_db"
	for e in 'npts > 100' 'starttime >= "2010-01-01"' 'sta =~ "^A" || chan =~ "Z$"' 'delta == 0.05 && !defined(site_id)' 'loc == ""' 'endtime - starttime > 100' \
		'time_standard == "UTC" && sampling_rate >= 20' 't0 < time("2012-01-01") && dt < 1' 'kind == "timeseries"' 'storage_mode in ["gridfs", "file"]'; do
		for c in wf_TimeSeries wf_Seismogram; do
			equal "$(msdb find a.msdb $c -e "$e" --sort _id)" "$(msdb find "$MONGO/msp_exprs_real_$$" $c -e "$e" --sort _id)"
			equal "$(msdb count a.msdb $c -e "$e")" "$(msdb find a.msdb $c -e "$e" | wc -l)"
			equal "$(msdb count "$MONGO/msp_exprs_real_$$" $c -e "$e")" "$(msdb find a.msdb $c -e "$e" | wc -l)"
		done
	done
	expect 0 msdb find --explain "$MONGO/msp_exprs_real_$$" wf_TimeSeries -e 'chan =~ "^BH" && npts + 1 > 5'
	contains "$output" 'filter: {"chan":{"$regex":"^BH"}}'
	contains "$output" 'after the fetch: '
}

@test "msread -e on a store chooses what msgrep chooses of its objects" {
	need_shared mspass_db
	msdb import a.msdb "$MSP_SHARED/mspass_db"
	chosen=0
	for c in wf_TimeSeries wf_Seismogram; do
		msread --headers --collection $c a.msdb -o all.msp
		for e in 'npts > 100' 'starttime >= "2010-01-01"' 'chan =~ "Z$"' 'delta == 0.05 && !defined(site_id)' 'loc == ""' 'endtime - starttime > 100' \
			'time_standard == "UTC" && sampling_rate >= 20' 't0 < time("2012-01-01") && dt < 1' 'kind == "timeseries"' 'ncomp == 3 && live' '!(net == "TA")' \
			'nsamp in [255, 1200, 6000]' 'site.lat > 10 || site_lat <= 10' 'endtime > "2010-01-01" && endtime < "2030-01-01"' 'defined(starttime_shift)'; do
			equal "$(msread --headers --collection $c -e "$e" a.msdb | mscheck --digest -)" "$(msgrep "$e" all.msp | mscheck --digest -)"
			chosen=$((chosen + $(msgrep "$e" all.msp | msls | wc -l)))
		done
	done
	[ $chosen -gt 50 ]
}

@test "and of objects that mssave put there, to the nanosecond" {
	mssynth -n 20 --npts 100 --rate 40 --start 2010-02-27T06:30:00.019538123 --codes XX.S01..BHZ -o a.msp
	mssynth -n 5 --kind seismogram --npts 50 --rate 3 --start 2011-01-01T00:00:00.000000001 --codes XX.T01.10.BHZ -o b.msp
	mscat a.msp b.msp | msset channel_hang=90.5 'site.lat=endtime-starttime' 'blank=" "' x.y_z=npts 'dir="/somewhere"' -o all.msp
	mssave s.msdb <all.msp
	id=$(msls -f '%{id}\n' all.msp | head -n 1)
	for e in "id == \"$id\"" 'starttime == "2010-02-27T06:30:00.019538123Z"' 'starttime > "2010-02-27T06:30:00.019538122Z"' \
		'starttime > "2010-02-27T06:30:00.019538123Z"' 'endtime == "2010-02-27T06:30:02.494538123"' 'loc == ""' 'loc != "10"' 'defined(loc)' '!defined(loc)' \
		'blank == " "' 'blank =~ "^ $"' 'blank < "a"' 'channel_hang == 90.5' 'channel.hang > 90' 'site.lat > 3' 'site_lat < 3' 'x.y.z == npts' 'x_y_z == 100' \
		'defined(channel)' 'kind == "seismogram"' 'ncomp > 1' 'sampling_rate == 40' 'sampling_rate == 3' 'dt > 0.1' 'starttime - time("2010-01-01") > 5e6' \
		'sta in ["S01", "T02"]' 'sta =~ "S0[1-5]"' 'dir == "/somewhere"' 'live && !(sta == "S01")'; do
		equal "$(msread -e "$e" s.msdb | mscheck --digest -)" "$(msgrep "$e" all.msp | mscheck --digest -)"
	done
}

@test "expressions that are long" {
	msdb import a.msdb <(printf '{"_id":%d,"npts":%d,"sta":"S%d"}\n' 1 1 1 2 2 2 3 3 3) --collection wf_TimeSeries
	list() { seq "$1" | sed "s/.*/$2/" | paste -sd "$3" | sed "s/$3/ $3$3 /g"; }
	equal "$(msdb count a.msdb wf_TimeSeries -e "$(list 3000 'npts == &' '|')")" 3
	equal "$(msdb count a.msdb wf_TimeSeries -e "$(list 2000 'npts != 1&' '\&')")" 3
	equal "$(msdb count a.msdb wf_TimeSeries -e "npts in [$(seq -s, 2 9000)]")" 2
	equal "$(msdb count a.msdb wf_TimeSeries -e "npts in [null, $(seq -s, 2 7000)]")" 2
	equal "$(msdb count a.msdb wf_TimeSeries --query "{\"npts\":{\"\$in\":[null,$(seq -s, 2 7000)]}}")" 2
}

@test "epochs that end in 2599, or began in the year 1: times, too" {
	local store e
	printf '%s\n' '{"sta": "OPEN", "starttime": 1262304000.0, "endtime": 19880899199.0}' '{"sta": "SHUT", "starttime": 1262304000.0, "endtime": 1577836800.0}' \
		'{"sta": "OLD", "starttime": -62135596800.0, "endtime": 253402300799}' '{"sta": "NONE", "starttime": 1262304000.0}' \
		'{"sta": "NAN", "starttime": 1262304000.0, "endtime": {"$numberDouble": "NaN"}}' >channel.jsonl
	for store in a.msdb ${MONGO:+"$MONGO/msp_far_$$"}; do
		msdb import "$store" channel.jsonl
		chosen() { msdb find "$store" channel -e "$1" 2>/dev/null | jq -r .sta | sort | tr '\n' ' '; }
		equal "$(chosen 'endtime > "2026-01-01"')" 'OLD OPEN '
		equal "$(chosen '"2026-01-01" <= endtime')" 'OLD OPEN '
		equal "$(chosen 'starttime <= "2026-01-01" && endtime >= "2026-01-01"')" 'OLD OPEN '
		equal "$(chosen '!(endtime < "2026-01-01")')" 'NAN NONE OLD OPEN '
		equal "$(chosen 'endtime != "2026-01-01"')" 'OLD OPEN SHUT '
		equal "$(chosen 'starttime < "1700-01-01"')" 'OLD '
		equal "$(chosen 'starttime < time("1700-01-01") || endtime > time(4e9)')" 'OLD OPEN '
		equal "$(chosen 'endtime == 19880899199')" 'OPEN '
		equal "$(chosen 'endtime > 2e10')" 'OLD '
		equal "$(chosen 'endtime in ["2020-01-01", "2026-01-01"]')" 'SHUT '
	done
}
