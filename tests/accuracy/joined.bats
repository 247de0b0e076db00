# msimport and msjoin against ObsPy's inventories: which channel belongs to a channel's codes at a time, and where it is (see
# make_joined.py).
load ../cli/common

TABLE=$BATS_TEST_DIRNAME/joined.tsv

# objects FILE: an object for each row of the table, two samples long
objects()
{
	awk -F '\t' -v name="$1" '$1 == name { print $2, $3 }' "$TABLE" | while read -r codes ns; do
		mssynth -n 1 --npts 2 --rate 1000 --codes "$codes" --start "${ns%?????????}.${ns: -9}"
	done
}

# as the table has it: codes, time, channels found, and their values
found()
{
	msdump --json "$1" | jq -r '[([.metadata.net, .metadata.sta, .metadata.loc // "", .metadata.chan] | join(".")), .starttime,
		(if .live then 1 elif ((.elog | last).message | test("several")) then 2 else 0 end),
		(.metadata | .channel_lat, .channel_lon, .channel_elev, .channel_hang, .channel_vang)] | map(. // "-" | tostring) | .[]' |
		paste - - - - - - - -
}

check() # FILE
{
	local file
	file=$MSP_DATA/$1
	[ -e "$file" ] || { need_shared "$1" && file=$MSP_SHARED/$1; }
	msimport "$file" a.msdb
	objects "$1" >in.msp
	msjoin -q a.msdb channel in.msp -o out.msp
	found out.msp >got
	python3 - "$TABLE" "$1" got <<-'END'
	import sys
	from datetime import datetime, timezone
	rows = [l.rstrip("\n").split("\t") for l in open(sys.argv[1])]
	want = [r[1:] for r in rows if r[0] == sys.argv[2]]
	got = [l.rstrip("\n").split("\t") for l in open(sys.argv[3])]
	assert len(want) == len(got) > 5, (len(want), len(got))
	for w, g in zip(want, got):
	    whole, _, fraction = g[1].rstrip("Z").partition(".")
	    t = int(datetime.fromisoformat(whole).replace(tzinfo=timezone.utc).timestamp()) * 10**9 + int(fraction.ljust(9, "0") or 0)
	    assert (w[0], int(w[1]), int(w[2])) == (g[0], t, int(g[2])), (w, g)
	    for a, b in zip(w[3:], g[3:]):
	        assert a == b == "-" or abs(float(a) - float(b)) <= 1e-9, (w, g)
	END
}

@test "the demonstration's stations" {
	check stations.xml
	# the recordings themselves
	msread "$MSP_DATA"/*.mseed | msjoin --strict-data a.msdb channel | msjoin --strict-data a.msdb site -o out.msp
	equal "$(stream_counts out.msp)" '5 0'
}

@test "TA.035A" { check ta_035a_station.xml; }

@test "BK.CMB" { check bk_cmb_station.xml; }

@test "FFBX: recordings with gaps of three boreholes" {
	check ffbx_station.xml
	msread "$MSP_SHARED/ffbx_unrotated_gaps.mseed" | msjoin --strict-data a.msdb channel -o out.msp
	equal "$(stream_counts out.msp | cut -d ' ' -f 2)" 0
	equal "$(msls -f '%{sta} %{channel_hang}' out.msp | grep 'FFB2 8' | sort -u)" 'FFB2 81'
}
