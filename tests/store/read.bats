# msread on stores: what MsPASS wrote, and documents of every form, good and bad; both back ends.

load ../cli/common
load store

# the stores that there are
stores()
{
	echo a.msdb
	[ -z "${MONGO:-}" ] || echo "$MONGO/msp_read_${BATS_TEST_NUMBER}_$$"
}

@test "reading: every datum of a database of MsPASS, value for value" {
	need_shared mspass_db
	need_server
	ln -s "$MSP_SHARED/mspass_db/files" files
	for store in $(stores); do
		msdb import "$store" "$MSP_SHARED/mspass_db"
		expect 0 msread --ids "$store" -o live.msp
		equal "$stderr" ""
		mscheck --full live.msp
		msdump --json --samples live.msp >live.json
		msread --collection cemetery "$store" | msdump --json >dead.json
		run python3 "$MSP_TOP/tests/store/mspass_expected.py" "$MSP_SHARED/mspass_db/expected.json-lines" live.json dead.json
		echo "$output"
		[ "$status" -eq 0 ]
		# ensembles, and the same from parts
		msread --tag ens_file --group gather "$store" | msls >ensembles
		equal "$(grep -c '^{ ensemble' ensembles) $(grep -c '^  ' ensembles)" "2 6"
		for n in 1 3; do
			for i in $(seq $n); do msread --part "$i/$n" "$store" -o p$i.msp; done
			equal "$(mscat p?.msp | mscheck --digest)" "$(msread "$store" | mscheck --digest)"
			rm p?.msp
		done
	done
	equal "$(msread a.msdb | mscheck --digest)" "$(msread "$store" | mscheck --digest)"
}

values() # OBJECTS.json: station, kind, type, first and last sample of each component
{
	jq -r '[.metadata.sta // .metadata.STA, .kind, .type, ([.samples] | flatten(1) | if .[0] | type == "array" then . else [.] end | map("\(.[0] + 0) \(.[-1] + 0)") | join(" "))] | join(" ")' "$1"
}

@test "reading: samples of every form" {
	python3 "$MSP_TOP/tests/store/make_documents.py" "$PWD"
	for store in $(stores); do
		msdb import "$store" good
		expect 0 msread "$store" -o a.msp
		equal "$stderr" "msread: ${store}: 1 of 10 objects is doubtful: the document refers to an error log that is not in the store"
		mscheck --full a.msp
		msdump --json --samples a.msp >a.json
		values a.json >got
		cat >want <<-'END'
			GRID timeseries f64 1000 1002.375
			NOMODE timeseries f64 3000 3002.375
			FILE timeseries f64 4000 4002.375
			REL timeseries f64 6000 6002.375
			EMPTY timeseries f64 0 0
			SAVED timeseries i32 -10 9
			MEM1 timeseries f32 9000 9002.375
			MEM0 timeseries f32 10000 10002.375
			GRID3 seismogram f64 2000 2002.375 2100 2102.375 2200 2202.375
			FILE3 seismogram f64 5000 5002.375 5100 5102.375 5200 5202.375
		END
		diff want got
		equal "$(jq -c 'select(.metadata.sta == "GRID3") | [(.tmatrix | map(. + 0)), .cardinal, .orthogonal]' a.json)" "[[0.6,0.8,0,-0.8,0.6,0,0,0,1],false,true]"
		equal "$(jq -c 'select(.metadata.sta == "REL") | [.starttime, .starttime_shift, .metadata, (.elog | length), .elog[1]]' a.json)" \
			'[-2.5,"2008-01-10T21:20:00Z",{"net":"XX","sta":"REL","chan":"BHZ","elog_id":{"$oid":"000000000000000000001b59"}},2,{"algorithm":"two","badness":"Debug","message":"äöü"}]'
	done
	equal "$(msread -q a.msdb | mscheck --digest)" "$(msread -q "$store" --base . | mscheck --digest)"
}

@test "reading: what was saved is the same object: id, type, times to the nanosecond, metadata in their order" {
	python3 "$MSP_TOP/tests/store/make_documents.py" "$PWD"
	msdb import a.msdb good
	msread -q a.msdb -e 'data_tag == "t"' | msdump --json --samples >a.json
	equal "$(jq -c '[.id, .starttime, .type, .metadata]' a.json)" \
		'["00112233445566778899aabbccddeeff","2009-02-13T23:31:30.123456789Z","i32",{"chan":"BHZ","loc":"","dir":"own","net":"XX","STA":"SAVED","a.b":"x","added":"later","station":"no"}]'
	# what somebody changed counts
	msdb update a.msdb wf_TimeSeries --query '{"data_tag": "t"}' '{"$set": {"starttime": 1234567890.5, "loc": "10"}, "$unset": {"chan": 1}}'
	msread -q a.msdb --tag t | msdump --json >b.json
	equal "$(jq -c '[.starttime, .metadata.loc, .metadata.chan]' b.json)" '["2009-02-13T23:31:30.500Z","10",null]'
	[ "$(jq -r .id b.json)" != 00112233445566778899aabbccddeeff ]
	# ensembles as they were saved
	msread -q --ensembles a.msdb | msdump --json >c.json
	equal "$(jq -c 'select(.kind == "ensemble") | [.id, .metadata]' c.json)" '["0000000000000000000000000000002a",{"source_id":{"$oid":"000000000000000000000009"},"note":"ours"}]'
	equal "$(jq -r 'if .kind == "timeseries" then .metadata.sta // "SAVED" else .kind end' c.json | sed -n '/ensemble/,/_end/p' | tr '\n' ' ')" "ensemble MEM0 MEM1 ensemble_end "
	equal "$(jq -c 'select(.metadata.sta == "MEM0") | .metadata' c.json)" '{"net":"XX","sta":"MEM0","chan":"BHZ"}'
	# the dead
	equal "$(msread --collection cemetery a.msdb | msdump --json | jq -c '[.kind, .live, .id, .type, .npts, .metadata.sta, .elog[0].message]')" \
		'["seismogram",false,"0000000000000000000000000000000d","i32",20,"DEAD","no good"]'
}

@test "reading: what cannot be read is a dead object with the reason, and never fewer" {
	python3 "$MSP_TOP/tests/store/make_documents.py" "$PWD"
	for store in $(stores); do
		msdb import "$store" bad
		expect 0 timeout 60 msread "$store" -o a.msp
		contains "$stderr" "48 of 48 objects are dead"
		equal "$(stream_counts a.msp)" "0 48"
		msls -f '%{sta}: %{reason}' a.msp | sed "s|$PWD/||; s|mongodb:[^ ]*:|a.msdb:|" >got
		[ -e got.1 ] || cp got got.1
		diff got.1 got
	done
	while IFS= read -r line; do
		grep -qF "$line" got.1 || { echo "no: $line"; cat got.1; return 1; }
	done <<-'END'
		nochunk: store: a.msdb: fs.chunks: chunk 1 is missing
		badchunk: store: a.msdb: fs.chunks: chunk 1 has a wrong size
		wrongnpts: store: npts 21 are 168 bytes, the GridFS file has 160
		nofile: store: a.msdb: there is no file with this id
		noid: store: the document has no gridfs_id
		badfile: store: a.msdb: fs.files: a document without length and chunkSize
		hugenpts: store: the document says 9223372036854775807 samples
		negnpts: store: the document has no npts that is a number of samples
		halfnpts: store: the document has no npts that is a number of samples
		textnpts: store: the document has no npts that is a number of samples
		zerodelta: store: the document has no delta that is a sample interval
		hugestart: store: the document has no starttime that is a time
		nostandard: store: the document has no time_standard
		badstandard: store: the document's time_standard is neither UTC nor Relative: GPS
		url: store: samples of storage_mode url are not read
		fdsn: store: samples of storage_mode fdsn are not read
		missing: store: files/nowhere: No such file or directory
		short: store: files/short: npts 20 from byte 0 on are 160 bytes, the file has only 80 in all
		negfoff: store: the document's foff is no place in a file
		nuldfile: store: the document has no dfile that names a file
		isdir: store: ./files: not a file
		fifo: store: files/fifo: not a file
		device: store: /dev/zero: not a file
		format: store: files of format GSE2 are not read
		negbytes: store: the document's nbytes is no number of bytes
		matrix: store: the document's tmatrix is not nine numbers
	END
	expect 3 msread -q --strict-data a.msdb -o b.msp
	# headers: samples are not looked for
	expect 0 msread -q --headers a.msdb -o h.msp
	equal "$(msls -f '%{sta} %{live}' h.msp | grep -cE '^(nochunk|missing|url|fifo) true')" 4
}

@test "reading: the index of recordings gives what the recordings give; stations join" {
	need_shared ffbx_unrotated_gaps.mseed
	cp "$MSP_SHARED"/*.mseed "$MSP_SHARED"/*.sac .
	for i in $(seq 0 14); do for c in 0 16 31; do dd if=iu_anmo_bh3.mseed bs=512 skip=$((i + c)) count=1 status=none; done; done >mixed.mseed
	msread -q ./*.mseed ./*.sac -o want.msp
	for store in $(stores); do
		msindex ./*.mseed ./*.sac "$store"
		expect 0 msread -q "$store" -o got.msp
		equal "$(mscheck --digest got.msp | cut -c 1-32)" "$(mscheck --digest want.msp | cut -c 1-32)"
		for i in 1 2; do msread -q --part $i/2 "$store" -o p$i.msp; done
		equal "$(mscat p1.msp p2.msp | mscheck --digest | cut -c 1-32)" "$(mscheck --digest want.msp | cut -c 1-32)"
		msdb import "$store" "$MSP_SHARED/site.json"
		expect 0 msread --join site -e 'net == "TA"' "$store" -o joined.msp
		equal "$(msls -f '%{sta} %{live}' joined.msp | sort)" "$(printf '034A true\nABTX true')"
		equal "$(msls -f '%{sta} %{site_lat}' joined.msp | sort)" "$(for s in 034A ABTX; do msdb find "$store" site --query "{\"sta\": \"$s\"}" | jq -r '"\(.sta) \(.lat)"'; done | sort -u)"
		expect 0 msread --join site -e 'net == "IU" && sta == "ANMO"' "$store" -o unjoined.msp
		contains "$stderr" "without a match: killed"
		equal "$(msls -f '%{live}' unjoined.msp | sort -u)" false
		expect 1 msread --join nothing "$store"
	done
}

# index FILE...: a document of wf_miniseed for each contiguous run, from what msread finds in each file alone
index()
{
	local f n=0
	for f in "$@"; do
		msread --headers "$f" | msdump --json | jq -c --arg file "$f" --arg dir "$PWD" --argjson size "$(stat -c %s "$f")" '
			def seconds: capture("^(?<t>[^.Z]*)(?<f>[.][0-9]*)?") | ((.t + "Z") | fromdate) + ((.f // "0") | tonumber);
			{net: .metadata.net, sta: .metadata.sta, chan: .metadata.chan, npts: .npts, delta: .delta, starttime: (.starttime | seconds),
			 time_standard: "UTC", storage_mode: "file", format: "mseed", dir: $dir, dfile: $file, foff: 0, nbytes: $size}
			+ if .metadata.loc then {loc: .metadata.loc} else {} end'
	done | jq -c '._id = input_line_number'
}

@test "reading: runs of miniSEED files are what msread gives of the files" {
	cp "$MSP_DATA"/*.mseed .
	# records of three channels, one after the other in turn
	for i in $(seq 0 14); do for c in 0 16 31; do dd if=iu_anmo_bh3.mseed bs=512 skip=$((i + c)) count=1 status=none; done; done >mixed.mseed
	index iu_anmo_bh3.mseed ta_034a_bhe.mseed mixed.mseed >wf_miniseed.jsonl
	for store in $(stores); do
		msdb import "$store" wf_miniseed.jsonl
		expect 0 msread "$store" -o a.msp
		equal "$stderr" ""
		equal "$(msls -f '%{id}' a.msp | sort)" "$(msread iu_anmo_bh3.mseed ta_034a_bhe.mseed mixed.mseed | msls -f '%{id}' | sort)"
		equal "$(mscheck --digest a.msp | cut -c 1-32)" "$(msread iu_anmo_bh3.mseed ta_034a_bhe.mseed mixed.mseed | mscheck --digest | cut -c 1-32)"
		equal "$(msread --start 2010-02-27T06:31 --end 2010-02-27T06:32 "$store" | mscheck --digest)" \
			"$(msread --start 2010-02-27T06:31 --end 2010-02-27T06:32 iu_anmo_bh3.mseed mixed.mseed | mscheck --digest)"
	done
	# what stands in the document besides becomes metadata; what was corrected there counts
	msdb update a.msdb wf_miniseed --query '{"sta": "034A"}' '{"$set": {"sta": "34A", "channel_id": 7}}'
	expect 0 msread -e 'sta == "34A"' a.msdb -o b.msp
	contains "$stderr" "the document's codes are not those of the file at its place"
	equal "$(msls -f '%{sta} %{channel_id} %{npts} %{mseed.encoding}' b.msp)" "34A 7 59081 STEIM2"
	# a file that is gone, that became shorter, that is another
	rm ta_034a_bhe.mseed
	truncate -s 20000 iu_anmo_bh3.mseed
	expect 0 msread a.msdb -o c.msp
	contains "$stderr" "4 of 7 objects are dead"
	cp mixed.mseed ta_034a_bhe.mseed
	truncate -s 77824 ta_034a_bhe.mseed
	expect 0 msread -e 'sta == "34A"' a.msdb -o d.msp
	contains "$(msls -f '%{live} %{reason}' d.msp)" "false"
}

@test "reading: a document of several runs gives each, and says so; one that MsPASS wrote of an ensemble is found by its start" {
	mssynth -n 1 --npts 1000 --rate 10 --codes XX.A..BHZ --start 2020-01-01 | mssave one.mseed
	mssynth -n 1 --npts 500 --rate 10 --codes XX.A..BHZ --start 2020-01-01T01:00 | mssave two.mseed
	cat one.mseed two.mseed >both.mseed
	size=$(stat -c %s both.mseed)
	printf '{"_id": 1, "net": "XX", "sta": "A", "chan": "BHZ", "npts": 36500, "delta": 0.1, "starttime": 1577836800.0, "time_standard": "UTC", "storage_mode": "file", "format": "MSEED", "dir": ".", "dfile": "both.mseed", "foff": 0, "nbytes": %s}\n' "$size" >wf_TimeSeries.jsonl
	printf '{"_id": %s, "net": "XX", "sta": "A", "chan": "BHZ", "npts": %s, "delta": 0.1, "starttime": %s, "time_standard": "UTC", "storage_mode": "file", "format": "MSEED", "dir": ".", "dfile": "both.mseed", "foff": 0}\n' \
		2 1000 1577836800.0 3 500 1577840400.0 4 500 1577850000.0 >>wf_TimeSeries.jsonl
	msdb import a.msdb wf_TimeSeries.jsonl
	expect 0 msread a.msdb -o a.msp
	equal "$(msls -f '%{live} %{starttime} %{npts}' a.msp)" "$(printf 'true 2020-01-01T00:00:00Z 1000\ntrue 2020-01-01T01:00:00Z 500\ntrue 2020-01-01T00:00:00Z 1000\ntrue 2020-01-01T01:00:00Z 500\nfalse 2020-01-01T03:40:00Z 500')"
	equal "$(msdump --json a.msp | jq -r '.elog[0].message' | cut -c 1-60 | sort | uniq -c | awk '{ print $1, $2, $3, $4, $5 }')" \
		"$(printf '%s\n' "1 ./both.mseed: nothing in it" "2 the document does not" "2 the document's bytes of" | sort)"
}

@test "reading: SAC files, also one behind the other" {
	cp "$MSP_DATA"/ta_034a_bhe.mseed .
	msread ta_034a_bhe.mseed | mssave one.sac
	size=$(stat -c %s one.sac)
	cat one.sac one.sac >two.sac
	for foff in 0 "$size"; do
		printf '{"_id": %s, "net": "TA", "sta": "034A", "chan": "BHE", "npts": 59081, "delta": 0.025, "starttime": 1299822000.0, "time_standard": "UTC", "storage_mode": "file", "format": "SAC", "dir": "%s", "dfile": "two.sac", "foff": %s, "nbytes": %s}\n' "$foff" "$PWD" "$foff" "$size"
	done >wf_miniseed.jsonl
	start=$(msread one.sac | msdump --json | jq -r .starttime)
	sed -i "s/1299822000.0/$(date -u -d "$start" +%s.%N)/" wf_miniseed.jsonl
	msdb import a.msdb wf_miniseed.jsonl
	expect 0 msread a.msdb -o a.msp
	equal "$stderr" ""
	msread one.sac -o b.msp
	equal "$(msls -f '%{id}' a.msp)" "$(msls -f '%{id}' b.msp b.msp)"
	equal "$(mscheck --digest a.msp | cut -c 1-32)" "$(mscat b.msp <(msread ./one.sac) | mscheck --digest | cut -c 1-32)"
}

@test "reading: modes" {
	printf '%s\n' '{"_id": 1, "npts": 3.0, "delta": 1, "starttime": "12.5", "time_standard": "UTC", "storage_mode": "gridfs", "gridfs_id": 1, "sta": 7, "calib": "x", "odd": 1, "odder": 2, "net": "XX"}' >wf_TimeSeries.jsonl
	printf '%s\n' '{"_id": 1, "length": 24, "chunkSize": 24}' >fs.files.jsonl
	printf '%s\n' '{"_id": 1, "files_id": 1, "n": 0, "data": {"$binary": {"base64": "AAAAAAAA8D8AAAAAAADwPwAAAAAAAPA/", "subType": "00"}}}' >fs.chunks.jsonl
	msdb import a.msdb .
	msread -q a.msdb -o p.msp
	equal "$(msls -f '%{live} %{reason}' p.msp)" "false store: the document has no starttime that is a time"
	expect 0 msread --mode cautious -q a.msdb -o c.msp
	equal "$(msdump --json c.msp | jq -c '[.live, .metadata, (.elog | map(.message))]')" \
		'[false,{"sta":"7","net":"XX"},["npts: made an integer","delta: made a double","starttime: made a double","gridfs_id: not an ObjectId: dropped","sta: made a string","calib: not a double: dropped","odd: not in the schema, like 1 more: dropped","the document has no gridfs_id"]]'
	msread --mode pedantic -q a.msdb -o d.msp
	equal "$(msls -f '%{live} %{reason}' d.msp)" "false store: npts is not an integer"
	printf '%s\n' '{"_id": 1, "npts": [3], "delta": 1.0, "starttime": 12.5, "time_standard": "UTC"}' >wf_TimeSeries.jsonl
	msdb import a.msdb wf_TimeSeries.jsonl
	msread --mode cautious -q a.msdb -o e.msp
	equal "$(msls -f '%{live} %{reason}' e.msp)" "false store: npts is not an integer, and cannot be made one"
	expect 2 msread --mode strict a.msdb
}

# 200 small objects of 10 stations in a store, without samples worth the name
small() # STORE
{
	for i in $(seq 0 199); do
		printf '{"_id": %s, "net": "XX", "sta": "S%s", "chan": "BH%s", "npts": 100, "delta": 1.0, "starttime": %s.0, "endtime": %s.0, "time_standard": "UTC", "utc_convertible": true, "starttime_shift": 0.0, "storage_mode": "file", "dir": "%s", "dfile": "zeros", "source_id": {"$oid": "%024d"}, "magnitude": %s, "data_tag": "%s"}\n' \
			"$i" $((i % 10)) $((i % 3)) $((1577836800 + 100 * i)) $((1577836899 + 100 * i)) "$PWD" $((i / 20)) $((i / 20)).5 $((i % 2 ? 1 : 2))
	done >wf_TimeSeries.jsonl
	head -c 800 /dev/zero >zeros
	msdb import "$1" wf_TimeSeries.jsonl
}

keys() { msls -f '%{sta}.%{chan} %{starttime}'; }

@test "reading: selections are made by the store, or after it, and choose alike" {
	for store in $(stores); do
		small "$store"
		equal "$(msread "$store" -e 'sta == "S3" && magnitude > 4' --headers | keys | wc -l)" 12
		equal "$(msread "$store" --query '{"sta": "S3", "magnitude": {"$gt": 4}}' --headers | keys)" "$(msread "$store" -e 'sta == "S3" && magnitude > 4' --headers | keys)"
		equal "$(msread "$store" -e 'sta == "S3"' -e 'npts + 0 == 100 && length(chan) == 3' --headers | keys | wc -l)" 20
		equal "$(msread "$store" --tag 1 --headers | keys | wc -l)" 100
		equal "$(msread "$store" --tag none --headers | keys | wc -l)" 0
		equal "$(msread "$store" --start 2020-01-01T00:10:50 --end 2020-01-01T00:20:00 | msls -f '%{starttime} %{npts}')" \
			"$(printf '2020-01-01T00:10:50Z 50\n'; for i in $(seq 7 11); do date -u -d @$((1577836800 + 100 * i)) '+%FT%TZ 100'; done; echo '2020-01-01T00:20:00Z 1')"
		equal "$(msread "$store" -e 'starttime < time("2020-01-01T00:05") && kind == "timeseries"' --headers | keys | wc -l)" 3
		# order, and the first of it
		equal "$(msread "$store" --sort -sta,starttime --limit 3 --headers | keys)" "$(printf 'S9.BH%s 2020-01-01T%sZ\n' 0 00:15:00 1 00:31:40 2 00:48:20)"
		equal "$(msread "$store" --sort sta,-starttime --headers | keys)" "$(msread "$store" --headers | mssort sta,-starttime | keys)"
		equal "$(msread "$store" --sort magnitude,-chan,starttime --headers | keys)" "$(msread "$store" --headers | mssort magnitude,-chan,starttime | keys)"
		contains "$(msread "$store" --sort sta --explain --limit 1 -e 'sta == "S3"' 2>&1 >/dev/null)" S3
		# ensembles
		msread "$store" --group source_id --sort -starttime --headers -o g.msp
		equal "$(msls g.msp | grep -c '^{')" 10
		equal "$(msdump --json g.msp | jq -c 'select(.kind == "ensemble") | .metadata' | head -n 2)" "$(printf '{"source_id":{"$oid":"%024d"}}\n' 0 1)"
		equal "$(msls -f '%{starttime}' g.msp | head -n 20 | sort -r)" "$(msls -f '%{starttime}' g.msp | head -n 20)"
		# parts: of objects and of groups, whole and disjoint, and the same whatever else there is
		for how in "--headers" "--headers --group sta,chan" "--headers --limit 77"; do
			for i in 1 2 3; do msread "$store" $how --part $i/3 -o p$i.msp; done
			equal "$(mscat p?.msp | mscheck --digest)" "$(msread "$store" $how --sort starttime | mscheck --digest)"
			expect_sh 4 'mscat p1.msp p3.msp >/dev/null'
		done
		before=$(msread "$store" --headers --part 2/3 -e 'sta == "S4"' | mscheck --digest)
		msdb delete "$store" wf_TimeSeries -e 'sta == "S7"'
		equal "$(msread "$store" --headers --part 2/3 -e 'sta == "S4"' | mscheck --digest)" "$before"
	done
}

@test "reading: stores beside files, in lists, and what is none" {
	small a.msdb
	mssynth -n 3 --npts 10 -o b.msp
	cp b.msp c.msp
	equal "$(msread a.msdb b.msp --headers | keys | wc -l)" 203
	printf 'b.msp\na.msdb\n' >list
	equal "$(msread @list --headers --sort -starttime | msls -f '%{starttime}' | sort -r)" "$(msread @list --headers --sort -starttime | msls -f '%{starttime}')"
	mkdir d
	cp a.msdb b.msp d
	equal "$(msread d | keys | wc -l)" 3
	expect 1 msread no.msdb
	equal "$stderr" "msread: no.msdb: No such file or directory"
	expect 2 msread --query '{}' b.msp
	contains "$stderr" "--query is for stores"
	expect 2 msread --query '{' a.msdb
	contains "$stderr" "query: "
	expect 2 msread --query '{"$where": "1"}' a.msdb
	contains "$stderr" '$where'
	expect 2 msread --ensembles --group sta a.msdb
	expect 0 msread --collection wf_TimeSerie a.msdb -o e.msp
	equal "$stderr" "msread: a.msdb: no documents in wf_TimeSerie"
	mscheck e.msp
	expect_sh 1 'timeout 20 msread "mongodb://user:secret@127.0.0.1:1/x?serverSelectionTimeoutMS=300" >/dev/null'
	case $stderr in *secret*) return 1 ;; esac
	expect_sh 1 'msread a.msdb >/dev/full'
	expect 0 bash -c 'msread a.msdb --headers | mshistory'
	# ids and headers
	equal "$(msread --ids --headers --limit 1 a.msdb | msls -f '%{wf_TimeSeries_id} %{data_tag} %{type}')" "0 2 none"
}

@test "reading: a million documents in flat memory" {
	[ "${MSP_TORTURE:-}" = full ] || N=20000
	# one of the store's own tables, filled by itself: a document a row
	printf '{"_id": 0, "net": "XX", "sta": "S0", "chan": "BHZ", "npts": 100, "delta": 1.0, "starttime": 1577836800.0, "endtime": 1577836899.0, "time_standard": "UTC", "storage_mode": "file", "dir": "%s", "dfile": "zeros"}\n' "$PWD" >wf_TimeSeries.jsonl
	head -c 800 /dev/zero >zeros
	seq 0 $((${N:-1000000} - 1)) | sed "s|.*|{\"_id\": &, \"net\": \"XX\", \"sta\": \"S0\", \"npts\": 100, \"delta\": 1.0, \"starttime\": 1577836800.0, \"endtime\": 1577836899.0, \"time_standard\": \"UTC\", \"storage_mode\": \"file\", \"dir\": \"$PWD\", \"dfile\": \"zeros\"}|" >wf_TimeSeries.jsonl
	msdb import a.msdb wf_TimeSeries.jsonl
	for how in "" "--sort starttime" "--part 3/7" "--group sta"; do
		run "$MSP_BUILD/tests/bench/rss" msread a.msdb $how
		echo "$how: $output KiB"
		[ "$status" -eq 0 ]
		[ -n "${MSP_SAN:-}" ] || [ "$output" -lt 100000 ]
	done
}

@test "reading: headers of what was saved are other objects than those" {
	python3 "$MSP_TOP/tests/store/make_documents.py" "$PWD"
	msdb import a.msdb good
	id=$(msread -q --headers --tag t a.msdb | msls -f '%{id} %{type}')
	[ "${id#* }" = none ]
	[ "${id% *}" != 00112233445566778899aabbccddeeff ]
	equal "$(msread -q --headers a.msdb -e 'sta == "GRID"' | msread --headers | msls -f '%{id}')" "$(msread -q --headers a.msdb -e 'sta == "GRID"' | msls -f '%{id}')"
}

@test "reading: a server that dies while it is read: an error, and no stream that looks whole" { # the last: the server is gone then
	need_server
	[ -n "${SECANTUS_PID:-}" ] || skip "only with a server of our own"
	head -c 800 /dev/zero >zeros
	seq 3000 | sed "s|.*|{\"_id\": &, \"sta\": \"S\", \"npts\": 100, \"delta\": 1.0, \"starttime\": 0.5, \"time_standard\": \"UTC\", \"storage_mode\": \"file\", \"dir\": \"$PWD\", \"dfile\": \"zeros\"}|" >wf_TimeSeries.jsonl
	msdb import "$MONGO/msp_dies_$$" wf_TimeSeries.jsonl
	equal "$(msread "$MONGO/msp_dies_$$" | msls | wc -l)" 3000
	mkfifo p
	timeout 120 msread "$MONGO/msp_dies_$$" >p 2>err &
	pid=$!
	exec 4<p
	head -c 1000 <&4 >start
	kill -9 "$SECANTUS_PID"
	cat start <(cat <&4) >got.msp
	exec 4<&-
	status=0
	wait "$pid" || status=$?
	equal "$status" 1
	grep -q "msread: mongodb://" err
	expect 4 mscheck got.msp
}

@test "samples in GridFS that are not those that were saved are told, whatever their type" {
	local store=a.msdb
	for type in f64 f32 i32; do mssynth -n 5 --npts 50000 --type $type --codes "XX.$type.00.BHZ"; done | mssave a.msdb
	mssynth -n 3 --npts 50000 --kind seismogram | mssave a.msdb
	expect 0 msread a.msdb -o whole.msp
	equal "$stderr" ''
	# a bit of the first chunk of each file, and of none of the others
	sqlite3 a.msdb "pragma wal_checkpoint(truncate)" >/dev/null
	python3 - a.msdb <<-'END'
		import sqlite3, sys
		db = sqlite3.connect(sys.argv[1])
		n = 0
		for rowid, doc in db.execute('select rowid, _doc from "fs.chunks"').fetchall():
		    b = bytearray(doc)
		    if b.find(b'\x10n\x00\x00\x00\x00\x00') < 0: continue
		    n += 1
		    if n % 2: continue
		    b[-600] ^= 0x10
		    db.execute('update "fs.chunks" set _doc = ? where rowid = ?', (bytes(b), rowid))
		db.commit()
		print(n // 2)
	END
	expect 0 msread a.msdb -o out.msp
	contains "$stderr" 'are doubtful'
	contains "$stderr" 'the stored samples are not those that were saved: they were changed, or are damaged'
	equal "$(msdump --json out.msp | jq -r 'select(.elog | length > 0) | .elog[0].message' | wc -l)" 9
	equal "$(msdump --json out.msp | jq -r 'select(.elog | length == 0) | .id' | sort)" "$(msdump --json out.msp | jq -r .id | sort | comm -12 - <(msdump --json whole.msp | jq -r .id | sort))"
	# a document without its type (as MsPASS would leave it) is not asked for it
	msdb update a.msdb wf_TimeSeries '{"$unset": {"msp": ""}}' --all
	expect 0 msread --collection wf_TimeSeries a.msdb -o out.msp
	equal "$stderr" ''
}

@test "of several things that are wrong with an object the worst is told, and of the dead before that of the doubtful" {
	cp "$MSP_DATA/ta_034a_bhe.mseed" x.mseed
	cp "$MSP_DATA/iu_anmo_bh3.mseed" y.mseed
	msindex x.mseed y.mseed a.msdb
	# another station's recording has come in its place
	cp "$MSP_DATA/ta_abtx_bhn.mseed" x.mseed
	expect 0 msread a.msdb -e 'sta == "034A"' -o out.msp
	equal "$stderr" "msread: a.msdb: 1 of 1 objects is doubtful: the document's codes are not those of the file at its place, which are of TA.ABTX..BHN 2011-03-11T06:34:33.024998Z"
	truncate -s 20000 y.mseed
	for order in sta -sta; do
		expect 0 msread a.msdb --sort $order -o out.msp
		contains "$stderr" "msread: a.msdb: 1 of 4 objects is dead: $PWD/y.mseed: the document's samples end at byte 23552, the file has only 20000"
	done
}
