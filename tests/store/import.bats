# msimport and stores: both back ends have the same; killed at any moment, what was there is whole, and again completes it; memory.

load ../cli/common
load store

# inventory STATIONS CHANNELS: StationXML with a response each
inventory()
{
	python3 -c '
import sys
stations, channels = int(sys.argv[1]), int(sys.argv[2])
fir = "".join("<NumeratorCoefficient i=\"%d\">%r</NumeratorCoefficient>" % (i, 1 / (i + 3)) for i in range(100))
out = sys.stdout.write
out("<?xml version=\"1.0\"?>\n<FDSNStationXML xmlns=\"http://www.fdsn.org/xml/station/1\" schemaVersion=\"1.1\">\n<Network code=\"XX\">\n")
place = "<Latitude>%g</Latitude><Longitude>%g</Longitude><Elevation>%g</Elevation>"
for s in range(stations):
    out("<Station code=\"S%04d\" startDate=\"2000-01-01T00:00:00\">" % s + place % (s % 90, s % 180, s) + "\n")
    for c in range(channels):
        out("<Channel code=\"C%02d\" locationCode=\"%02d\" startDate=\"2001-01-01T00:00:00\">" % (c, c % 3) + place % (s % 90, s % 180, s))
        out("<Depth>1</Depth><Azimuth>%d</Azimuth><Dip>0</Dip><SampleRate>40</SampleRate><Response><InstrumentSensitivity><Value>%d</Value><Frequency>1</Frequency></InstrumentSensitivity><Stage number=\"1\"><FIR><Symmetry>NONE</Symmetry>" % (c, s + 1) + fir + "</FIR></Stage></Response></Channel>\n")
    out("</Station>\n")
out("</Network>\n</FDSNStationXML>\n")' "$1" "$2"
}

# documents STORE: sorted, as text
documents() { for c in site channel source arrival; do msdb find --canonical "$1" $c | sed "s/^/$c /"; done | sort; }

@test "a server and a file have the same documents, and again changes neither" {
	need_server
	inventory 40 6 >x.xml
	cp "$MSP_DATA/events.xml" .
	msimport x.xml events.xml a.msdb
	documents a.msdb >want
	[ "$(wc -l <want)" -eq $((40 * 3 + 40 * 6 + 2)) ]
	for _ in 1 2; do
		msimport x.xml events.xml "$MONGO/msp_import_$$"
		documents "$MONGO/msp_import_$$" | cmp - want
		msimport x.xml events.xml a.msdb
		documents a.msdb | cmp - want
	done
}

@test "killed at any moment, a file store has all of a file or nothing of it" {
	inventory 100 10 >x.xml
	cp "$MSP_DATA/events.xml" .
	msimport events.xml x.xml want.msdb
	documents want.msdb >want
	start=$(date +%s%N)
	msimport events.xml x.xml time.msdb
	took=$((($(date +%s%N) - start) / 1000))
	whole=0 nothing=0
	for i in $(seq 100); do
		rm -f a.msdb*
		msimport events.xml a.msdb
		msimport x.xml a.msdb 2>/dev/null 3>&- &
		pid=$!
		sleep "$(printf '0.%06d' $((RANDOM % 1000 * took * 12 / 10000)) | cut -c 1-8)"
		if ((i % 2)); then kill -9 $pid 2>/dev/null || true; else kill -TERM $pid 2>/dev/null || true; fi
		wait $pid || true
		case $(msdb count a.msdb channel) in
		1000) whole=$((whole + 1)); documents a.msdb | cmp - want ;;
		0) nothing=$((nothing + 1)); equal "$(msdb count a.msdb site)" 0 ;;
		*) echo "half of it: $(msdb ls a.msdb)"; return 1 ;;
		esac
		equal "$(sqlite3 a.msdb 'pragma integrity_check')" ok
		if ((i % 10 == 0)); then msimport x.xml a.msdb; documents a.msdb | cmp - want; fi
	done
	echo "$whole times all of it, $nothing times nothing, took $took us"
	[ $whole -gt 0 ]
	[ $nothing -gt 0 ]
	# and no temporary files
	equal "$(find . -name 'mspipe-*')" ''
}

@test "killed at any moment, a server has the undisturbed documents when it is done again" {
	need_server
	inventory 60 10 >x.xml
	msimport x.xml want.msdb
	documents want.msdb >want
	partly=0
	for i in 1 2 3 4 5 6; do
		db=$MONGO/msp_killed_${i}_$$
		msimport x.xml "$db" 2>/dev/null 3>&- &
		pid=$!
		sleep "0.$((i * 2))"
		if ((i % 2)); then kill -9 $pid 2>/dev/null || true; else kill -TERM $pid 2>/dev/null || true; fi
		wait $pid || true
		n=$(msdb count "$db" channel)
		if ((n > 0 && n < 600)); then partly=$((partly + 1)); fi
		msimport x.xml "$db"
		documents "$db" | cmp - want
	done
	echo "$partly times a part of it"
}

@test "two imports of the same file at once: one of each document" {
	inventory 50 6 >x.xml
	for _ in 1 2 3; do
		rm -f a.msdb*
		msimport "$MSP_DATA/events.xml" a.msdb
		msimport x.xml a.msdb 3>&- & one=$!
		msimport x.xml a.msdb 3>&- & two=$!
		wait $one
		wait $two
		equal "$(msdb count a.msdb channel)" 300
		equal "$(msdb count a.msdb site)" 150
	done
}

@test "a large inventory in little memory" {
	need_ulimit 300000
	inventory 800 20 >x.xml
	[ "$(stat -c %s x.xml)" -gt 80000000 ]
	expect_sh 0 'ulimit -v 300000; msimport x.xml a.msdb'
	equal "$(msdb count a.msdb channel)" 16000
	rm x.xml
	python3 -c '
print("[")
for i in range(400000): print("{\"sta\": \"S%d\", \"lat\": %d.5, \"text\": \"%s\"}," % (i, i % 90, "x" * 200))
print("{\"sta\": \"last\"}]")' >site.json
	[ "$(stat -c %s site.json)" -gt 90000000 ]
	expect_sh 0 'ulimit -v 300000; msimport site.json b.msdb'
	equal "$(msdb count b.msdb site)" 400001
}

@test "mutated files: read or refused, never a crash, never half" {
	# shellcheck disable=SC2016
	cat >mutate.py <<-'END'
	import random, subprocess, sys
	random.seed(5)
	files = [open(p, 'rb').read() for p in sys.argv[1:]]
	refused = taken = 0
	for n in range(400):
	    b = bytearray(random.choice(files))
	    for _ in range(random.choice((1, 1, 1, 1, 2, 50))):
	        if not b: break
	        at, how = random.randrange(len(b)), random.randrange(5)
	        if how == 0: b[at] = random.randrange(256)
	        elif how == 1: del b[at:at + random.randrange(1, 40)]
	        elif how == 2: b[at:at] = b[random.randrange(len(b)):][:random.randrange(1, 200)]
	        elif how == 3: b[at:at] = random.choice((b'<', b'>', b'&', b'"', b'/>', b'<a>', b'&#0;', b'\x00', b'xmlns=""', b'<!--', b']]>', b'1e400', b'-'))
	        else: b = b[:at + 1]
	    open('m.xml', 'wb').write(b)
	    p = subprocess.run(['msimport', 'm.xml', 'm%d.msdb' % n, '-c', 'c'] if not b.lstrip(b'\xef\xbb\xbf \t\r\n').startswith(b'<') else ['msimport', 'm.xml', 'm%d.msdb' % n], stderr=subprocess.PIPE)
	    if p.returncode == 0: taken += 1
	    elif p.returncode == 4 and b'm.xml: line ' in p.stderr: refused += 1
	    else: sys.exit('%d: %r' % (p.returncode, p.stderr))
	print(taken, refused)
	if not taken or not refused: sys.exit('nothing taken, or nothing refused')
	END
	cat "$MSP_TOP"/tests/fuzz/corpus/xml/response >response.xml
	cat "$MSP_TOP"/tests/fuzz/corpus/xml/picks >picks.xml
	run python3 mutate.py response.xml picks.xml "$MSP_DATA/stations.xml" "$MSP_DATA/events.xml"
	echo "$output"
	[ "$status" -eq 0 ]
	# what was refused left no store
	[ "$(find . -name 'm*.msdb' | wc -l)" -eq "${output%% *}" ]
}
