# msimport: both back ends, kills and memory are in tests/store/import.bats; ObsPy's numbers in tests/accuracy.
load common

more_setup()
{
	cp "$MSP_DATA"/stations.xml "$MSP_DATA"/events.xml .
}

# station BODY: a StationXML file with one station of that body
station()
{
	printf '<FDSNStationXML xmlns="http://www.fdsn.org/xml/station/1" schemaVersion="1.1">\n<Network code="%s">\n<Station code="%s" startDate="2000-01-01T00:00:00">\n%s\n</Station>\n</Network>\n</FDSNStationXML>\n' \
		"${NET-XX}" "${STA-ONE}" "$1"
}
PLACE='<Latitude>1</Latitude><Longitude>2</Longitude><Elevation>3</Elevation>'
CHANNEL="<Channel code=\"BHZ\" locationCode=\"00\" startDate=\"2001-01-01\">$PLACE<Depth>4</Depth></Channel>"
ORIGIN='<origin publicID="o"><time><value>2011-03-11T05:46:24Z</value></time><latitude><value>38</value></latitude><longitude><value>142</value></longitude></origin>'
# event BODY: a QuakeML file with one event of that body
event()
{
	printf '<q:quakeml xmlns:q="http://quakeml.org/xmlns/quakeml/1.2" xmlns="http://quakeml.org/xmlns/bed/1.2">\n<eventParameters publicID="p">\n<event publicID="e">\n%s\n</event>\n</eventParameters>\n</q:quakeml>\n' "$1"
}
find_one() { msdb find "$@" | head -n 1; }

@test "msimport: stations" {
	msimport stations.xml a.msdb
	equal "$(msdb ls a.msdb)" '           9  channel
           3  site'
	equal "$(find_one a.msdb site -e 'sta == "034A"' | jq -c '[.net, .loc, .lat, .lon, .elev, .edepth, .starttime, .endtime, .coords, .location]')" \
		'["TA","",27.064699,-98.683296,0.155,0,1262908800,1321574399,[-98.683296,27.064699],{"type":"Point","coordinates":[-98.683296,27.064699]}]'
	# in km, and at the borehole
	equal "$(find_one a.msdb channel -e 'sta == "ANMO" && chan == "BH2"' |
		jq -c '[.loc, .hang, .vang, .elev, .edepth, .sample_rate, .sensitivity, .input_units, .sensor.description, .response.instrument_sensitivity.frequency]')" \
		'["00",58,90,1.671,0.145,20,3344370000,"m/s","Geotech KS-54000 Borehole Seismometer",0.02]'
	equal "$(find_one a.msdb channel -e 'sta == "ABTX" && chan == "BHZ"' | jq -c '[.hang, .vang]')" '[0,0]'
	# types as the schema has them, and ids that belong together
	contains "$(msdb find a.msdb site --canonical -e 'sta == "ANMO"')" '"endtime" : { "$numberDouble" : "2556144000.0" }'
	[ "$(msdb find a.msdb channel -e 'sta == "ANMO"' | jq -r '.site_id["$oid"]' | sort -u)" = "$(find_one a.msdb site -e 'sta == "ANMO"' | jq -r '._id["$oid"]')" ]
	[ "$(msdb find a.msdb channel | jq -r '._id["$oid"], .chan_id["$oid"]' | sort | uniq -c | awk '$1 == 2' | wc -l)" -eq 9 ]
}

@test "msimport: earthquakes" {
	msimport events.xml a.msdb
	equal "$(find_one a.msdb source -e 'magnitude > 9' | jq -c '[.lat, .lon, .depth, .time, .magnitude, .magnitude_type, .event_id, .name, .coords, .epicenter.type, (._id == .source_id)]')" \
		'[38.297,142.373,29,1299822384,9.1,"Mw","smi:local/mspipe/tohoku-2011","Tohoku, Japan",[142.373,38.297],"Point",true]'
	# the preferred origin, not the first; the depth that is not known
	event "<preferredOriginID> o </preferredOriginID><origin publicID=\"x\"><time><value>1999-01-01</value></time><latitude><value>1</value></latitude><longitude><value>1</value></longitude></origin>$ORIGIN" >e.xml
	msimport e.xml b.msdb
	equal "$(msdb find b.msdb source | jq -c '[.lat, .depth, .depth_known, .origin_id, (.origins | length), has("magnitude")]')" '[38,0,false,"o",2,false]'
	event "<preferredOriginID>gone</preferredOriginID>$ORIGIN" >e.xml
	expect 0 msimport e.xml b.msdb
	contains "$stderr" '1 events whose preferred origin'
	equal "$(msdb count b.msdb source)" 1
}

@test "msimport: picks and the arrivals of the preferred origin" {
	event "<pick publicID=\"p1\"><time><value>2011-03-11T05:59:30.125Z</value><uncertainty>0.5</uncertainty></time><waveformID networkCode=\"TA\" stationCode=\"034A\" channelCode=\"BHZ\"/><phaseHint>P</phaseHint></pick>
	<pick publicID=\"p2\"><time><value>2011-03-11T06:10:00Z</value></time><waveformID stationCode=\"ABTX\"/><phaseHint>S</phaseHint><polarity>positive</polarity></pick>
	${ORIGIN%</origin>}<arrival publicID=\"a1\"><pickID>p1</pickID><phase>Pn</phase><timeResidual>-0.25</timeResidual><distance>91.5</distance></arrival><arrival publicID=\"a2\"><pickID>gone</pickID><phase>P</phase></arrival></origin>" >e.xml
	expect 0 msimport e.xml a.msdb
	contains "$stderr" '1 arrivals are left out'
	equal "$(msdb find a.msdb arrival --sort time | jq -c '[.net, .sta, .loc, .chan, .phase, .time, .residual, .distance, .time_uncertainty, .phase_hint, .polarity, .origin_id]')" \
		'["TA","034A",null,"BHZ","Pn",1299823170.125,-0.25,91.5,0.5,"P",null,"o"]
[null,"ABTX",null,null,"S",1299823800,null,null,null,"S","positive",null]'
	equal "$(msdb find a.msdb arrival | jq -r '.source_id["$oid"]' | sort -u)" "$(msdb find a.msdb source | jq -r '._id["$oid"]')"
}

@test "msimport: the -RT form, with origins beside the events" {
	cat >rt.xml <<-END
	<q:quakeml xmlns:q="http://quakeml.org/xmlns/quakeml-rt/1.2" xmlns="http://quakeml.org/xmlns/bed-rt/1.2"><eventParameters publicID="p">
	<event publicID="e1"><originReference><originID>o</originID></originReference><magnitudeReference><magnitudeID>m</magnitudeID></magnitudeReference><preferredOriginID>o</preferredOriginID></event>
	<pick publicID="p1"><time><value>2011-03-11T05:59:30Z</value></time><waveformID stationCode="034A"/></pick>
	${ORIGIN%</origin>}<arrival publicID="a"><pickID>p1</pickID><phase>P</phase></arrival></origin>
	<magnitude publicID="m"><mag><value>9.1</value></mag><type>Mw</type></magnitude>
	<event publicID="e2"><originReference>o</originReference></event>
	</eventParameters></q:quakeml>
	END
	msimport rt.xml a.msdb
	equal "$(msdb find a.msdb source --sort event_id | jq -c '[.event_id, .lat, .magnitude, (.origins | length)]')" '["e1",38,9.1,1]
["e2",38,null,1]'
	equal "$(msdb find a.msdb arrival -e 'event_id == "e1"' | jq -c '[.sta, .phase, .pick_id]')" '["034A","P","p1"]'
}

@test "msimport: again changes nothing, a corrected file corrects" {
	msimport stations.xml events.xml a.msdb
	msdb export a.msdb one
	msimport events.xml stations.xml a.msdb
	msdb export a.msdb two
	for f in site channel source; do diff <(sort one/$f.jsonl) <(sort two/$f.jsonl); done
	sed 's|<Elevation>155.0<|<Elevation>156.0<|; s|2011-11-17T23:59:59|2012-01-01T00:00:00|' stations.xml >new.xml
	msimport new.xml a.msdb
	equal "$(msdb count a.msdb site)" 3
	equal "$(find_one a.msdb site -e 'sta == "034A"' | jq -c '[.elev, .endtime]')" '[0.156,1325376000]'
}

@test "msimport: what MsPASS stored of the same station keeps its _id" {
	msimport stations.xml a.msdb
	# as MsPASS: an _id of its own, times a little off, and another that is another epoch
	msdb find a.msdb site -e 'sta == "034A"' --canonical | jq -c '._id = {"$oid": "627bdeeb710bf2bf006b9bb2"} | .site_id = ._id | .starttime = 1262908805.5 | .lat = 1.0' >site.jsonl
	msdb find a.msdb site -e 'sta == "034A"' --canonical | jq -c '._id = {"$oid": "000000000000000000000001"} | .starttime = 1262908815.5' >>site.jsonl
	msdb import b.msdb site.jsonl
	expect 0 msimport -v stations.xml b.msdb
	contains "$stderr" '1 of them took the place'
	equal "$(msdb count b.msdb site)" 4
	equal "$(find_one b.msdb site --query '{"_id": {"$oid": "627bdeeb710bf2bf006b9bb2"}}' | jq -c '[.lat, .starttime, (._id == .site_id)]')" '[27.064699,1262908800,true]'
	equal "$(msdb find b.msdb channel -e 'sta == "034A"' | jq -r '.site_id["$oid"]' | sort -u)" 627bdeeb710bf2bf006b9bb2
	msdb export b.msdb one
	msimport stations.xml b.msdb
	msdb export b.msdb two
	diff <(sort one/site.jsonl) <(sort two/site.jsonl)
	diff <(sort one/channel.jsonl) <(sort two/channel.jsonl)
}

@test "msimport: a response, whole" {
	station "$PLACE${CHANNEL%</Channel>}<Response resourceId=\"r\"><InstrumentSensitivity><Value>1e9</Value><Frequency>1</Frequency></InstrumentSensitivity>
	<Stage number=\"1\"><PolesZeros name=\"n\"><PzTransferFunctionType>LAPLACE (HERTZ)</PzTransferFunctionType><Zero number=\"0\"><Real>0</Real><Imaginary>0</Imaginary></Zero><Pole number=\"1\"><Real plusError=\"0.5\" minusError=\"0.0\">-1.5</Real><Imaginary>2</Imaginary></Pole></PolesZeros></Stage>
	<Stage number=\"2\"><FIR><Symmetry>NONE</Symmetry><NumeratorCoefficient i=\"0\">0.1</NumeratorCoefficient><NumeratorCoefficient i=\"1\">-2e-3</NumeratorCoefficient></FIR><Decimation><InputSampleRate unit=\"HERTZ\">100</InputSampleRate><Factor>5</Factor></Decimation></Stage>
	<Stage number=\"3\"><ResponseList><ResponseListElement><Frequency>1</Frequency><Amplitude>2</Amplitude><Phase>3</Phase></ResponseListElement></ResponseList></Stage>
	<Stage number=\"4\"><Polynomial><Coefficient number=\"2\">7</Coefficient></Polynomial></Stage></Response></Channel>" >r.xml
	msimport r.xml a.msdb
	equal "$(msdb find a.msdb channel | jq -c .response.stages)" '[{"number":1,"poles_zeros":{"name":"n","pz_transfer_function_type":"LAPLACE (HERTZ)","zeros":[{"number":0,"real":0,"imaginary":0}],"poles":[{"number":1,"real":-1.5,"real_plus_error":0.5,"imaginary":2}]}},{"number":2,"fir":{"symmetry":"NONE","numerator_coefficients":[0.1,-0.002]},"decimation":{"input_sample_rate":100,"factor":5}},{"number":3,"response_list":{"elements":[{"frequency":1,"amplitude":2,"phase":3}]}},{"number":4,"polynomial":{"coefficients":[{"number":2,"value":7}]}}]'
	equal "$(msdb count a.msdb channel --query '{"response.stages.poles_zeros.poles.real": {"$lt": -1}}')" 1
}

@test "msimport: JSON and tables" {
	printf '[{"net": "IU", "sta": "ANMO", "loc": "00", "starttime": 5.5},\n {"_id": 7, "sta": "X"}]' >site.json
	msimport site.json a.msdb
	msimport site.json a.msdb
	equal "$(msdb count a.msdb site)" 2
	cat >site.csv <<-'END'
	net,sta,loc,lat,starttime,n,ok,note
	IU,ANMO,00,34.9459,2002-11-19T21:07:00Z,1,true,"a ""quoted"", note"
	TA,034A,,27,1262908800.5,22,false,
	TA,007,"",-1e1,0,,true,"two
	lines"

	END
	msimport site.csv b.msdb
	equal "$(msdb find b.msdb site --sort -lat | jq -c 'del(._id)')" '{"net":"IU","sta":"ANMO","loc":"00","lat":34.9459,"starttime":1037740020,"n":1,"ok":true,"note":"a \"quoted\", note"}
{"net":"TA","sta":"034A","lat":27,"starttime":1262908800.5,"n":22,"ok":false}
{"net":"TA","sta":"007","loc":"","lat":-10,"starttime":0,"ok":true,"note":"two\nlines"}'
	contains "$(msdb find b.msdb site --canonical -e 'sta == "034A"')" '"lat" : { "$numberDouble" : "27.0" }'
	contains "$(msdb find b.msdb site --canonical -e 'sta == "034A"')" '"n" : { "$numberInt" : "22" }'
	# the same row corrected, by the keys of a station
	sed 's/34.9459/35/' site.csv >corrected.csv
	msimport -c site corrected.csv b.msdb
	equal "$(msdb count b.msdb site)" 3
	# told types, keys, delimiters
	printf 'id\tv\tt\n1\t2\t1970-01-01T00:00:10Z\n2\t3\t\n' >t.txt
	msimport --delimiter tab -c t -k id --types v=string,t=time t.txt c.msdb
	sed -i 's/\t3\t/\t4\t/' t.txt
	msimport --delimiter tab -c t -k id --types v=string,t=time t.txt c.msdb
	equal "$(msdb find c.msdb t --sort id | jq -c 'del(._id)')" '{"id":1,"v":"2","t":10}
{"id":2,"v":"4"}'
	# by standard input
	msimport -c t - c.msdb <t.txt --delimiter tab
	msimport -c t - c.msdb <stations.xml && false
	msimport - c.msdb <stations.xml
	equal "$(msdb count c.msdb site)" 3
}

@test "msimport: tables that are none" {
	check() # TEXT PART
	{
		printf '%b' "$1" >x.csv
		expect 4 msimport x.csv a.msdb
		contains "$stderr" "x.csv: line $2"
		[ ! -e a.msdb ]
	}
	check 'a,b\n1\n' '2: 1 fields; the first row has 2'
	check 'a,a\n1,2\n' '1: "a" is the name of two columns'
	check 'a,$b\n1,2\n' '1: "$b" cannot be a key'
	check 'a,b.c\n1,2\n' '1: "b.c" cannot be a key'
	check 'a,\n1,2\n' '1: "" cannot be a key'
	check 'a,b\n"1,2\n' '2: a quote without end'
	check 'a,b\n"1"x,2\n' '2: something after a quoted field'
	check 'a,b\n1,x"y\n' '2: a quote in a field'
	check 'a,b\n1,x\0y\n' '2: a NUL'
	check '\n\n' '1: nothing in it'
	printf 'sta,lat\nX,1\nY,north\n' >x.csv
	expect 4 msimport -c site x.csv a.msdb
	contains "$stderr" 'x.csv: line 3: lat: "north" is no double'
	printf 'sta,lat\nX,\xff\n' >x.csv
	expect 4 msimport x.csv a.msdb
	printf 'a\n1\n' >x.csv
	expect 2 msimport --types b=int x.csv a.msdb
	contains "$stderr" 'no column "b"'
	expect 2 msimport --types a=float x.csv a.msdb
	expect 4 msimport -k z x.csv a.msdb
	contains "$stderr" 'x.csv: line 2: no z'
	[ ! -e a.msdb ]
}

@test "msimport: stations and earthquakes that are none: said with the line, nothing stored" {
	check() # PART: of the message for x.xml
	{
		expect 4 msimport x.xml a.msdb
		contains "$stderr" "msimport: x.xml: line $1"
		[ ! -e a.msdb ]
	}
	station '' >x.xml; check '3: <Station>: no <Latitude>'
	station "${PLACE/<Longitude>2<\/Longitude>/}" >x.xml; check '3: <Station>: no <Longitude>'
	station "$CHANNEL${CHANNEL/<Elevation>3<\/Elevation>/}" >x.xml; check '4: <Channel>: no <Elevation>'
	station "${PLACE/<Latitude>1/<Latitude>91}" >x.xml; check '4: <Latitude> is 91'
	station "${PLACE/<Latitude>1/<Latitude>1,5}" >x.xml; check '4: <Latitude> is "1,5", which is no number'
	station "${PLACE/<Latitude>1/<Latitude>1e999}" >x.xml; check '4: <Latitude>'
	station "${PLACE/<Latitude>1/<Latitude>NaN}" >x.xml; check '4: <Latitude>'
	station "${PLACE/<Elevation>/<Elevation unit=\"FEET\">}" >x.xml; check '4: <Elevation> in "FEET"'
	station "${CHANNEL/2001-01-01/2001-02-30}" >x.xml; check '4: <Channel>: startDate is "2001-02-30", which is no time'
	station "${CHANNEL/startDate=/endDate=\"2001-01-01\" startDate=}" >x.xml; check '4: <Channel>: its epoch is empty'
	station "${CHANNEL/code=\"BHZ\"/}" >x.xml; check '4: <Channel> without code'
	station "${CHANNEL/<Depth>/<Azimuth>x<\/Azimuth><Depth>}" >x.xml; check '4: <Azimuth> is "x"'
	station "${CHANNEL%</Channel>}<Response><Stage number=\"one\"/></Response></Channel>" >x.xml; check '4: <Stage>: number is "one", which is no whole number'
	NET='' station "$PLACE" >x.xml; check '2: <Network> without code'
	station "$PLACE" | sed 's/1.1">/2.0">/' >x.xml; check '1: StationXML of schemaVersion "2.0"'
	event '' >x.xml; check '3: <event> without an origin'
	event "${ORIGIN/<latitude>/<north>}" | sed 's|</latitude>|</north>|' >x.xml; check '4: <origin>: no <latitude>'
	event "${ORIGIN/2011-03-11/2011-03-32}" >x.xml; check '4: <time> is "2011-03-32T05:46:24Z", which is no time'
	event "$ORIGIN" | sed 's/ publicID="e"//' >x.xml; check '3: <event> without publicID'
	event "$ORIGIN<pick publicID=\"p\"><time><value>2011-03-11</value></time></pick>" >x.xml; check '4: <pick>: no <waveformID> with a stationCode'
	printf '<html/>' >x.xml; check '1: neither StationXML nor QuakeML: the root is <html>'
	printf '<FDSNStationXML xmlns="urn:x"/>' >x.xml; check '1: neither StationXML nor QuakeML'
	printf '\n<!-- -->' >x.xml; check 2
	: >x.xml; check '1: nothing in it'
}

@test "msimport: files that are cut anywhere: refused, nothing stored" {
	size=$(stat -c %s stations.xml)
	for ((at = 100; at < size - 1; at += 397)); do
		head -c $at stations.xml >cut.xml
		expect 4 msimport cut.xml a.msdb
		contains "$stderr" 'cut.xml: line '
	done
	[ ! -e a.msdb ]
	head -c $((size - 30)) stations.xml >cut.xml
	msimport events.xml a.msdb
	expect 4 msimport events.xml cut.xml a.msdb
	equal "$(msdb ls a.msdb)" '           2  source'
	echo '<more/>' >>stations.xml
	expect 4 msimport stations.xml b.msdb
}

@test "msimport: entities, other files, the network: refused" {
	echo SECRET >secret
	lol=$(for i in 1 2 3 4 5 6 7 8 9; do printf '<!ENTITY l%s "&l%s;&l%s;&l%s;&l%s;&l%s;&l%s;&l%s;&l%s;&l%s;&l%s;">' $i $((i-1)) $((i-1)) $((i-1)) $((i-1)) $((i-1)) $((i-1)) $((i-1)) $((i-1)) $((i-1)) $((i-1)); done)
	for dtd in "<!DOCTYPE FDSNStationXML [<!ENTITY l0 \"lol\">$lol]>" '<!DOCTYPE FDSNStationXML [<!ENTITY l9 SYSTEM "secret">]>' \
		'<!DOCTYPE FDSNStationXML SYSTEM "http://127.0.0.1:1/x.dtd">' "<!DOCTYPE FDSNStationXML [<!ENTITY % p SYSTEM \"file://$PWD/secret\"> %p;]>" \
		'<!DOCTYPE FDSNStationXML>'; do
		{ echo "$dtd"; STA='&l9;' station "$PLACE"; } >x.xml
		expect 4 msimport x.xml a.msdb
		contains "$stderr" 'x.xml: line 1: a document type declaration: refused'
		case $stderr in *SECRET*) return 1 ;; esac
	done
	STA='&l9;' station "$PLACE" >x.xml
	expect 4 msimport x.xml a.msdb
	contains "$stderr" "line 3: "
	[ ! -e a.msdb ]
	# the five that XML has, and characters by number, once and not again
	STA='&amp;lt;&#65;&quot;' station "$PLACE<Site><Name>&lt;&amp;amp;&gt;</Name></Site>" >x.xml
	msimport x.xml a.msdb
	equal "$(msdb find a.msdb site | jq -r '.sta, .details.site.name')" '&lt;A"
<&amp;>'
}

@test "msimport: large and deep, in little memory" {
	need_ulimit 400000
	python3 -c '
import sys
a, b = open("attributes.xml", "w"), open("value.xml", "w")
for f in (a, b): f.write("<FDSNStationXML xmlns=\"http://www.fdsn.org/xml/station/1\"><Network code=\"XX\" ")
for i in range(4000000): a.write("a%d=\"xxxxxxxxxx\" " % i)
b.write("description=\"")
for i in range(100): b.write("x" * 1000000)
b.write("\"")
for f in (a, b): f.write("/></FDSNStationXML>")
open("deep.xml", "w").write("<FDSNStationXML xmlns=\"http://www.fdsn.org/xml/station/1\">" + "<a>" * 100000)
open("text.xml", "w").write("<FDSNStationXML xmlns=\"http://www.fdsn.org/xml/station/1\"><Network code=\"X\"><Station code=\"Y\"><Channel code=\"Z\"><Comment>" + "x" * 400000000)
open("names.xml", "w").write("<FDSNStationXML xmlns=\"http://www.fdsn.org/xml/station/1\"><Network code=\"X\"><Station code=\"Y\"><Channel code=\"Z\"><Latitude>1</Latitude><Longitude>1</Longitude><Elevation>1</Elevation>" + "".join("<e%d/>" % i for i in range(200000)) + "</Channel></Station></Network></FDSNStationXML>")
'
	for f in attributes value deep text names; do
		expect_sh 4 "ulimit -v 400000; timeout 600 msimport $f.xml a.msdb"
		contains "$stderr" "$f.xml: line 1: "
	done
	[ ! -e a.msdb ]
}

@test "msimport: other namespaces, other encodings" {
	station "<Latitude xmlns=\"\">97</Latitude><x:Latitude xmlns:x=\"urn:x\">99</x:Latitude><Vault xmlns=\"urn:y\"><Latitude>98</Latitude></Vault>$PLACE
	<Site><Name>Ü</Name><z xmlns=\"urn:z\">no</z></Site>" | sed 's/code="ONE"/code="ONE" y:code="TWO" xmlns:y="urn:y"/' >x.xml
	msimport x.xml a.msdb
	want='["ONE",1,{"name":"Ü"},null]'
	equal "$(msdb find a.msdb site | jq -c '[.sta, .lat, .details.site, .details.vault]')" "$want"
	sed '1s/^/<?xml version="1.0" encoding="ISO-8859-1"?>/' x.xml | iconv -f UTF-8 -t ISO-8859-1 >latin.xml
	{ printf '\xff\xfe'; sed '1s/^/<?xml version="1.0" encoding="UTF-16"?>/' x.xml | iconv -f UTF-8 -t UTF-16LE; } >utf16.xml
	{ printf '\xef\xbb\xbf\n'; cat x.xml; } >bom.xml
	sed 's/ xmlns="http:[^"]*"//; s/<Latitude xmlns="">97</<Latitude xmlns="urn:x">97</' x.xml >none.xml
	sed 's/<Latitude xmlns="">97<.Latitude>//; s/<\(\/*\)\([FNSLE]\)/<\1f:\2/g; s/xmlns="http/xmlns:f="http/' x.xml >prefix.xml
	for f in latin utf16 bom none prefix; do
		msimport $f.xml $f.msdb
		equal "$(msdb find $f.msdb site | jq -c '[.sta, .lat, .details.site, .details.vault]')" "$want"
	done
	printf '<?xml version="1.0" encoding="UTF-8"?><FDSNStationXML xmlns="http://www.fdsn.org/xml/station/1"><Network code="\xff"/></FDSNStationXML>' >bad.xml
	expect 4 msimport bad.xml b.msdb
	contains "$stderr" 'bad.xml: line 1: '
}

@test "msimport: codes with quotes, dollars, dots and statements are data" {
	for code in "'); drop table site; --" '$where' 'a.b' '"' '{"$gt": ""}' '%s%n' '../../x'; do
		STA=$(printf '%s' "$code" | sed 's/&/\&amp;/g; s/"/\&quot;/g') station "$CHANNEL" >x.xml
		msimport x.xml a.msdb
		msimport x.xml a.msdb
		equal "$(msdb count a.msdb site --query "$(jq -cn --arg s "$code" '{sta: $s}')")" 1
		equal "$(msdb count a.msdb channel --query "$(jq -cn --arg s "$code" '{sta: $s}')")" 1
	done
	equal "$(msdb count a.msdb site)" 7
	printf '<FDSNStationXML><Network code="a\0b"/></FDSNStationXML>' >x.xml
	expect 4 msimport x.xml a.msdb
	printf '[{"sta": "A"},\n {"sta": "a\\u0000b", "$x": 1}]' >site.json
	expect 4 msimport site.json a.msdb
	contains "$stderr" 'site.json: line 2: a document with the key "$x"'
	printf '[{"sta": "a\\u0000b"}]' >site.json
	msimport site.json a.msdb
	equal "$(msdb count a.msdb site)" 8
}

@test "msimport: bad option, operands, files, stores" {
	nine_bad_option msimport stations.xml a.msdb
	expect 2 msimport
	expect 2 msimport stations.xml
	expect 2 msimport stations.xml events.xml
	contains "$stderr" 'not the name of a store'
	expect 1 msimport nothing.xml a.msdb
	contains "$stderr" 'nothing.xml: No such file'
	expect 1 msimport . a.msdb
	expect 2 msimport -c site stations.xml a.msdb
	contains "$stderr" '--collection'
	cp events.xml events.dat
	msimport events.dat a.msdb
	echo '{"a": 1}' >x.txt
	expect 2 msimport x.txt a.msdb
	contains "$stderr" '--collection C'
	echo '{"a": 1' >x.json
	expect 4 msimport x.json a.msdb
	contains "$stderr" 'x.json: line 1: '
	expect 2 msimport --delimiter ,, x.txt a.msdb
	echo none >bad.msdb
	expect 2 msimport stations.xml bad.msdb
	expect 1 msimport stations.xml nowhere/a.msdb
	start=$SECONDS
	expect 1 msimport stations.xml 'mongodb://u:secret@127.0.0.1:1/db?connectTimeoutMS=500'
	[ $((SECONDS - start)) -le 15 ]
	case $stderr in *secret*) return 1 ;; esac
}

@test "msimport: a full disk, and temporary files that cannot be made" {
	# big enough that documents have to wait in a file
	python3 -c '
print("<FDSNStationXML xmlns=\"http://www.fdsn.org/xml/station/1\"><Network code=\"XX\"><Station code=\"ONE\" startDate=\"2000-01-01\">")
for i in range(20000): print("<Channel code=\"C%d\" locationCode=\"\"><Latitude>1</Latitude><Longitude>2</Longitude><Elevation>3</Elevation><Depth>4</Depth></Channel>" % i)
print("</Station></Network></FDSNStationXML>")' >x.xml
	TMPDIR=/nowhere expect 1 msimport x.xml a.msdb
	contains "$stderr" '/nowhere'
	[ ! -e a.msdb ]
	msimport events.xml a.msdb
	expect_sh 1 'ulimit -f 2000; trap "" XFSZ; msimport x.xml a.msdb'
	equal "$(msdb ls a.msdb)" '           2  source'
	msimport x.xml a.msdb
	equal "$(msdb count a.msdb channel)" 20000
}

@test "what is no text, or none of ours, is said with what to do; and a file in which nothing is" {
	gzip -c "$MSP_DATA/stations.xml" >stations.xml.gz
	expect 4 msimport stations.xml.gz a.msdb
	contains "$stderr" 'stations.xml.gz: line 1: compressed: unpack it first'
	expect 4 msimport "$MSP_DATA/iu_anmo_bh3.mseed" a.msdb
	contains "$stderr" 'not a text (recordings are put into a store by msindex)'
	printf 'net,sta\nIU,ANMO\n' | iconv -f UTF-8 -t UTF-16 >site.csv
	expect 4 msimport site.csv a.msdb
	contains "$stderr" 'site.csv: line 1: UTF-16, which only XML may be'
	printf 'net,sta\rIU,ANMO\r' >site.csv
	expect 4 msimport site.csv a.msdb
	contains "$stderr" 'line 1: a carriage return that ends no line'
	printf 'net,sta\nIU,M\xfcnchen\n' >site.csv
	expect 4 msimport site.csv a.msdb
	contains "$stderr" 'line 2: sta: a text that is not UTF-8'
	[ ! -e a.msdb ]
	printf 'net,sta\n' >site.csv
	printf '<FDSNStationXML xmlns="http://www.fdsn.org/xml/station/1" schemaVersion="1.1"><Network code="IU"/></FDSNStationXML>' >net.xml
	for f in site.csv net.xml; do
		expect 0 msimport $f a.msdb
		equal "$stderr" "msimport: $f: nothing to be imported in it: no station, no event, no document"
	done
	iconv -f UTF-8 -t UTF-16 <(sed '1s/UTF-8/UTF-16/' "$MSP_DATA/events.xml") >events.xml
	expect 0 msimport -v events.xml a.msdb
	contains "$stderr" 'documents into source'
}

@test "msimport: what cannot be imported is left out, if that is wanted, and named" {
	station "$PLACE$CHANNEL${CHANNEL/BHZ/BHN}${CHANNEL/<Latitude>1<\/Latitude>/}" >x.xml
	expect 4 msimport x.xml a.msdb
	[ ! -e a.msdb ]
	expect 0 msimport --skip-bad x.xml a.msdb
	contains "$stderr" 'msimport: x.xml: line 4: <Channel>: no <Latitude>: left out'
	contains "$stderr" 'msimport: x.xml: 1 element left out'
	equal "$(msdb count a.msdb channel)" 2
	equal "$(msdb count a.msdb site)" 1
	expect 3 msimport --skip-bad --strict-data x.xml a.msdb
	expect 0 msdb check a.msdb
	# a station with wrong coordinates goes with its channels, one without code too; the next is taken
	station "${PLACE/<Latitude>1/<Latitude>91}$CHANNEL</Station><Station>$PLACE</Station><Station code=\"GOOD\">$PLACE$CHANNEL" >y.xml
	expect 0 msimport --skip-bad y.xml b.msdb
	contains "$stderr" 'y.xml: line 4: <Latitude> is 91, which is none: left out'
	contains "$stderr" '<Station> without code: left out'
	contains "$stderr" 'y.xml: 2 elements left out'
	equal "$(msdb distinct b.msdb channel sta)" '"GOOD"'
	equal "$(msdb distinct b.msdb site sta)" '"GOOD"'
	# an event without coordinates
	event "${ORIGIN/<latitude>/<north>}" | sed 's|</latitude>|</north>|' >z.xml
	expect 4 msimport z.xml c.msdb
	expect 0 msimport --skip-bad z.xml c.msdb
	contains "$stderr" '4: <origin>: no <latitude>'
	equal "$(msdb count c.msdb source)" 0
	# what is no matter of one element
	head -c 200 x.xml >cut.xml
	expect 4 msimport --skip-bad cut.xml d.msdb
	[ ! -e d.msdb ]
	echo '{"a": 1}' >t.json
	expect 2 msimport --skip-bad t.json a.msdb
}
