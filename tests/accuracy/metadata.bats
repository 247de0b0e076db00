# Stations and earthquakes: what msimport writes against what ObsPy reads in the same files (see metadata.py), for both back ends.
# Made with ObsPy 1.5.1: metadata.py obspy SHARED/*_station.xml SHARED/usgs_event.xml SHARED/neries_events.xml contrib/data/{stations,events}.xml
load ../cli/common
load ../store/store

TABLE=$BATS_TEST_DIRNAME/metadata.tsv

import_all() # STORE
{
	msimport "$MSP_SHARED"/*_station.xml "$MSP_SHARED"/usgs_event.xml "$MSP_SHARED"/neries_events.xml "$MSP_DATA"/stations.xml "$MSP_DATA"/events.xml "$1"
}

@test "every StationXML and QuakeML file: a file store has what ObsPy reads" {
	need_shared ta_035a_station.xml
	[ "$(wc -l <"$TABLE")" -gt 130 ]
	import_all a.msdb
	python3 "$BATS_TEST_DIRNAME/metadata.py" store a.msdb >got
	diff -u "$TABLE" got
}

@test "every StationXML and QuakeML file: a MongoDB server has the same" {
	need_shared ta_035a_station.xml
	need_server
	import_all a.msdb
	import_all "$MONGO/msp_metadata_$$"
	python3 "$BATS_TEST_DIRNAME/metadata.py" store "$MONGO/msp_metadata_$$" >got
	diff -u "$TABLE" got
	msdb export a.msdb one
	msdb export "$MONGO/msp_metadata_$$" two
	for f in one/*.jsonl; do diff <(sort "$f") <(sort "two/${f#one/}"); done
}

@test "site.json and source.json of a MsPASS database go in as they are" {
	need_shared site.json
	msimport "$MSP_SHARED/site.json" "$MSP_SHARED/source.json" a.msdb
	equal "$(msdb ls a.msdb | awk '{ print $1, $2 }')" '447 site
22 source'
	for f in site source; do
		# the event as a pickle is binary, and spelled in two ways: by its base64
		jq -cS '.[] | if .serialized_event then .serialized_event |= ."$binary" else . end' "$MSP_SHARED/$f.json" | sort >want
		msdb find a.msdb $f | jq -cS 'if .serialized_event then .serialized_event |= ."$binary".base64 else . end' | sort >got
		diff want got
	done
	# the station of an inventory is found among them, and keeps its _id
	expect 0 msimport -v "$MSP_SHARED/ta_035a_station.xml" a.msdb
	contains "$stderr" '1 of them took the place'
	equal "$(msdb count a.msdb site)" 447
	equal "$(msdb find a.msdb site --query '{"_id": {"$oid": "627bdeeb710bf2bf006b9bb5"}}' | jq -c '[.sta, .lat, .details.site.name]')" \
		'["035A",26.937901,"Encino, TX, USA"]'
	equal "$(msdb find a.msdb channel | jq -r '.site_id["$oid"]' | sort -u)" 627bdeeb710bf2bf006b9bb5
}
