# msjoin on the two back ends: the same objects with the same keys, the same deaths, the same remarks.

load ../cli/common
load store

# same COLLECTION ARGUMENTS...: in.msp joined from either store
same()
{
	local mongo=$MONGO/msp_join_$$
	msjoin "${@:2}" a.msdb "$1" in.msp -o a.msp 2>a.err || { cat a.err; return 1; }
	msjoin "${@:2}" "$mongo" "$1" in.msp -o b.msp 2>b.err || { cat b.err; return 1; }
	equal "$(mscheck --full --digest a.msp | cut -c 1-32)" "$(mscheck --full --digest b.msp | cut -c 1-32)" || return 1
	equal "$(cat a.err)" "$(cat b.err)"
}

both() # FILE...: imported into either
{
	msdb import a.msdb "$@"
	msdb import "$MONGO/msp_join_$$" "$@"
}

@test "documents of every kind: the same from a file and from a server" {
	need_server
	cat >channel.jsonl <<-'END'
	{"_id": {"$oid": "0123456789abcdef01234567"}, "net": "XX", "sta": "S0001", "loc": "00", "chan": "BHZ", "lat": 1, "lon": 2.5, "elev": {"$numberLong": "3"}, "hang": 0.1, "starttime": {"$date": "2019-01-01T00:00:00Z"}}
	{"_id": {"$oid": "0123456789abcdef01234568"}, "net": "XX", "sta": "S0002", "loc": "00", "chan": "BHZ", "lat": {"$numberDouble": "NaN"}, "lon": 2.5, "elev": 3}
	{"_id": {"$oid": "0123456789abcdef01234569"}, "net": "XX", "sta": "S0003", "loc": "00", "chan": "BHZ", "lat": 1, "lon": 2, "elev": 3, "response": {"gain": [1, 2, {"x": null}]}}
	{"_id": {"$oid": "0123456789abcdef0123456a"}, "net": "XX", "sta": "S0003", "loc": "00", "chan": "BHZ", "lat": 4, "lon": 5, "elev": 6}
	{"_id": {"$oid": "0123456789abcdef0123456b"}, "net": "XX", "sta": "S0004", "loc": "00", "chan": "BHZ", "lat": 4, "lon": 5, "elev": 6, "starttime": "2019-01-01"}
	{"_id": {"$oid": "0123456789abcdef0123456c"}, "net": "XX", "sta": "S0005", "loc": "00", "chan": "BHZ", "lat": 4, "lon": 5, "elev": 6, "endtime": 1577836800.0}
	{"_id": 7, "net": "XX", "sta": "S0006", "loc": "00", "chan": "BHZ", "lat": 4, "lon": 5, "elev": 6, "starttime": 1577836800.0}
	{"_id": "seven", "net": "XX", "sta": "S0007", "loc": "00", "chan": "BHZ", "lat": "4", "lon": 5, "elev": 6}
	{"_id": 8, "net": "XX", "sta": "S0008", "loc": "00", "chan": "BHZ", "lat": 1e300, "lon": {"$numberLong": "9007199254740993"}, "elev": 6, "endtime": 1577836801.5}
	END
	cat >table.jsonl <<-'END'
	{"_id": 1, "k": 5, "t": {"$date": "2020-01-01T00:00:00Z"}, "s": "one", "d": {"deep": [1]}}
	{"_id": 2, "k": {"$numberLong": "9007199254740993"}, "s": "two"}
	{"_id": 3, "k": "S0003", "s": "three", "n": null}
	{"_id": 4, "k": null, "s": "four"}
	{"_id": 5, "s": "five"}
	{"_id": 6, "k": 5.0, "s": "six"}
	END
	both channel.jsonl table.jsonl
	mssynth -n 9 --npts 100 --start 2020-01-01T00:00:00 -o in.msp
	same channel
	equal "$(stream_counts a.msp)" '3 6'
	same channel --optional
	same channel --ambiguous first
	same channel --ambiguous last --whole
	same channel --keys 'response.gain?,lat:stla?,_id'
	same channel -e 'starttime < "2020-01-01" || elev > 5'
	same channel --query '{"response": {"$exists": false}}'
	msset 'k=sta == "S0001" ? 5.0 : sta' in.msp | msset 'channel_id=7' -o k.msp
	mv k.msp in.msp
	same table --match k=k --optional
	equal "$(msdump --json a.msp | jq -r 'select(.metadata.table_s == "three") | .metadata.sta')" S0003
	same table --match k=k --ambiguous last
	same channel --match id --keys lat
}

@test "the stations and earthquakes of a MsPASS database" {
	need_shared site.json
	need_server
	both "$MSP_SHARED/site.json" "$MSP_SHARED/source.json"
	msread "$MSP_DATA"/*.mseed -o in.msp
	same site
	equal "$(msdump --json a.msp | jq -r 'select(.live) | "\(.metadata.sta) \(.metadata.site_lat)"' | sort -u)" '034A 27.064699
ABTX 32.623798'
	same source --match origin:30min --keys _id,lat,lon,depth,time,magnitude,magnitude_type? --ambiguous first
	same source --match origin:1h --unique --ambiguous last
}

@test "waveform documents are joined in either store alike, and what somebody else changed stays" {
	need_server
	printf '{"_id": %d, "net": "XX", "sta": "S%04d", "loc": "00", "chan": "BHZ", "lat": %d, "lon": 2, "elev": 3}\n' \
		$(for i in $(seq 20); do echo "$i $i $i"; done) >channel.jsonl
	for i in $(seq 2500); do
		printf '{"_id": %d, "net": "XX", "sta": "S%04d", "loc": "00", "chan": "BHZ", "starttime": %d.5, "npts": 10, "delta": 0.1}\n' $i $((i % 25)) $i
	done >wf_miniseed.jsonl
	both channel.jsonl wf_miniseed.jsonl
	for store in a.msdb "$MONGO/msp_join_$$"; do
		msdb update "$store" wf_miniseed '{"$set": {"mine": 1}}' --query '{"_id": {"$lt": 50}}'
		expect 0 msdb join -v "$store" wf_miniseed channel --set _id,lat?
		contains "$stderr" '2500 documents, 2000 matched, 2000 changed'
		contains "$stderr" '500 waveforms without a match'
		expect 0 msdb join -v "$store" wf_miniseed channel --set _id,lat?
		contains "$stderr" '2500 documents, 2000 matched, 0 changed'
		msdb find "$store" wf_miniseed --sort _id >"found.${store%%:*}"
	done
	cmp found.a.msdb found.mongodb
	equal "$(jq -c 'select(.sta == "S0007") | [.channel_id, .channel_lat]' found.a.msdb | sort -u)" '[7,7]'
	equal "$(jq -c 'select(.mine)' found.a.msdb | wc -l)" 49
}
