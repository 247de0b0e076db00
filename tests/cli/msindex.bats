# msindex: recordings in a store; both back ends, and being killed, are tested in tests/store/index.bats.
load common

more_setup()
{
	mkdir in
	cp "$MSP_DATA"/*.mseed in
	cp "$MSP_DATA"/*.mseed .
}

# rows STORE: what is indexed, in order of files and places
rows()
{
	msdb find "$1" wf_miniseed --sort dir,dfile,foff | jq -r '[.dfile, .foff, .nbytes, ([.net, .sta, .loc, .chan] | map(. // "") | join(".")), .npts, .data_tag // "-"] | join(" ")'
}

RECORDINGS='iu_anmo_bh3.mseed 0 8192 IU.ANMO.00.BH1 6000 -
iu_anmo_bh3.mseed 8192 7680 IU.ANMO.00.BH2 6000 -
iu_anmo_bh3.mseed 15872 7680 IU.ANMO.00.BHZ 6000 -
ta_034a_bhe.mseed 0 77824 TA.034A..BHE 59081 -
ta_abtx_bhn.mseed 0 94208 TA.ABTX..BHN 59080 -'

# dump STORE: all there is in it, in an order of its own
dump()
{
	local dir
	dir=$(mktemp -d "$BATS_TEST_TMPDIR/dump.XXXXXX")
	msdb export "$1" "$dir"
	find "$dir" -empty -delete
	(cd "$dir" && sort -s -- *)
}

# multiplex FILE N: the records of FILE (512 bytes), every N-th, then the next of every N-th ...
multiplex()
{
	local records i k
	records=$(($(stat -c %s "$1") / 512))
	for ((i = 0; i < $2; i++)); do
		for ((k = i; k < records; k += $2)); do
			tail -c +$((k * 512 + 1)) "$1" | head -c 512
		done
	done
}

@test "msindex: ok" {
	expect 0 msindex in a.msdb
	equal "$output$stderr" ""
	equal "$(rows a.msdb)" "$RECORDINGS"
	cd in
	expect 0 msindex -v -j 4 ta_034a_bhe.mseed ./iu_anmo_bh3.mseed ../in/ta_abtx_bhn.mseed ta_034a_bhe.mseed ../b.msdb
	cd ..
	equal "$stderr" "msindex: 3 files: 3 read, 0 unchanged; 5 documents written, 0 removed"
	equal "$(rows b.msdb)" "$RECORDINGS"
	diff <(dump a.msdb) <(dump b.msdb)
}

@test "msindex: a document has MsPASS's keys, and what is exact" {
	TZ=UTC touch -d 2020-01-02T03:04:05.123456789Z ta_034a_bhe.mseed
	msindex --tag ' a "tag" ' ta_034a_bhe.mseed a.msdb
	msdb find a.msdb wf_miniseed | jq -c 'del(._id)' >got
	# shellcheck disable=SC2016 # an expression of jq
	jq -nc --arg dir "$(pwd -P)" '{net: "TA", sta: "034A", chan: "BHE",
		mseed: {dataquality: "M", encoding: "STEIM2", byteorder: ">", record_length: 4096, number_of_records: 19}, npts: 59081,
		delta: 0.025, sampling_rate: 40.0, starttime: 1299822906.0, endtime: 1299824383.0, last_packet_time: 1299824342.625, time_standard: "UTC",
		utc_convertible: true, starttime_shift: 0.0, storage_mode: "file", format: "mseed", dir: $dir, dfile: "ta_034a_bhe.mseed", foff: 0,
		nbytes: 77824, data_tag: " a \"tag\" ", msp: {start: 1299822906000000000, type: "i32", run: 0, size: 77824, mtime: 1577934245123456789}}' >want
	equal "$(jq -cS . got)" "$(jq -cS . want)"
	equal "$(jq -c keys_unsorted got)" "$(jq -c keys_unsorted want)"
	equal "$(sqlite3 a.msdb 'select sta, npts, starttime, data_tag from wf_miniseed')" '034A|59081|1299822906.0| a "tag" '
}

@test "msindex: no input" {
	: >empty.mseed
	expect 0 msindex empty.mseed a.msdb
	equal "$stderr" "msindex: empty.mseed: the file is empty"
	equal "$(msdb find a.msdb abortions | jq -r '.tombstone.dfile, .logdata[0].error_message, .logdata[0].badness')" "empty.mseed
the file is empty
ErrorSeverity.Invalid"
	mkdir nothing
	expect 0 msindex -v nothing b.msdb
	equal "$stderr" "msindex: 0 files: 0 read, 0 unchanged; 0 documents written, 0 removed"
}

@test "msindex: bad options and operands" {
	expect 2 msindex --no-such-option in a.msdb
	contains "$stderr" "--no-such-option"
	expect 2 msindex a.msdb
	expect 2 msindex
	expect 2 msindex in not_a_store
	contains "$stderr" "not_a_store: not a store"
	expect 2 msindex x.msdb in a.msdb
	contains "$stderr" "x.msdb: a store is not indexed"
	expect 2 msindex - a.msdb </dev/null
	contains "$stderr" "standard input cannot be indexed"
	expect 2 msindex ta_034a_bhe.mseed@0-4096 a.msdb
	contains "$stderr" "a range of bytes cannot be indexed"
	expect 2 msindex -j 0 in a.msdb
	expect 1 msindex in nowhere.mseed a.msdb
	equal "$stderr" "msindex: nowhere.mseed: No such file or directory"
	[ ! -e a.msdb ]
	ln -s nowhere link
	expect 1 msindex link a.msdb
	expect 1 msindex /dev/null a.msdb
	contains "$stderr" "/dev/null: not a regular file"
	equal "$(msdb ls a.msdb)" ""
	expect 1 msindex in nowhere/a.msdb
	contains "$stderr" "nowhere/a.msdb"
	mkdir d
	cp ta_034a_bhe.mseed d/no.msdb
	expect 2 msindex ta_034a_bhe.mseed d/no.msdb
	cmp ta_034a_bhe.mseed d/no.msdb
}

@test "msindex: a truncated file: what came before is indexed, and the rest is told" {
	head -c 20300 iu_anmo_bh3.mseed >cut.mseed
	expect 0 msindex cut.mseed a.msdb
	equal "$stderr" "msindex: cut.mseed: byte 19968: partial record: 332 of 512 bytes"
	equal "$(rows a.msdb)" "cut.mseed 0 8192 IU.ANMO.00.BH1 6000 -
cut.mseed 8192 7680 IU.ANMO.00.BH2 6000 -
cut.mseed 15872 4096 IU.ANMO.00.BHZ 3245 -"
	equal "$(msdb find a.msdb abortions | jq -c '[.type, .tombstone.foff, (.logdata | length), .logdata[0].algorithm]')" '["TimeSeries",19968,1,"mseed"]'
	expect 3 msindex --strict-data --all cut.mseed a.msdb
	expect 0 msindex --strict-data cut.mseed a.msdb # nothing was read
	cp iu_anmo_bh3.mseed cut.mseed
	expect 0 msindex -v cut.mseed a.msdb
	equal "$(msdb count a.msdb abortions)" 0
}

@test "msindex: the disk is full" {
	[ -w /dev/full ] || skip "no /dev/full"
	ln -s /dev/full full.msdb
	run ! msindex in full.msdb
	[ "$status" -lt 126 ]
}

@test "msindex: unchanged files are not opened; changed ones are replaced; those that are gone are told" {
	mkdir d
	cp ./*.mseed d
	msindex d a.msdb
	dump a.msdb >first
	chmod 0 d/iu_anmo_bh3.mseed # root reads it all the same; strace would see it opened
	expect 0 msindex -v d a.msdb
	equal "$stderr" "msindex: 3 files: 0 read, 3 unchanged; 0 documents written, 0 removed"
	dump a.msdb | diff first -
	expect 0 msindex -v --all d a.msdb
	chmod 600 d/iu_anmo_bh3.mseed
	equal "$stderr" "msindex: 3 files: 3 read, 0 unchanged; 5 documents written, 0 removed"
	dump a.msdb | diff first -
	# two runs instead of three, and one of them begins elsewhere
	{ head -c 4096 iu_anmo_bh3.mseed; tail -c +15873 iu_anmo_bh3.mseed; } >d/iu_anmo_bh3.mseed
	expect 0 msindex -v d a.msdb
	equal "$stderr" "msindex: 3 files: 1 read, 2 unchanged; 2 documents written, 2 removed"
	msindex d fresh.msdb
	diff <(dump fresh.msdb) <(dump a.msdb)
	rm d/ta_abtx_bhn.mseed
	expect 0 msindex d a.msdb
	contains "$stderr" "$(pwd -P)/d/ta_abtx_bhn.mseed: gone; its documents are kept"
	contains "$stderr" "--prune"
	diff <(dump fresh.msdb) <(dump a.msdb)
	expect 0 msindex --prune d/ta_034a_bhe.mseed a.msdb # of what is named only
	equal "$stderr" ""
	expect 0 msindex -v --prune d a.msdb
	contains "$stderr" "its documents are removed"
	contains "$stderr" "0 documents written, 1 removed"
	rm fresh.msdb
	msindex d fresh.msdb
	diff <(dump fresh.msdb) <(dump a.msdb)
	rm d/*
	expect 0 msindex --prune d a.msdb
	equal "$(msdb count a.msdb wf_miniseed) $(msdb count a.msdb msp_files)" "0 0"
}

@test "msindex: a change that leaves the size, and one that leaves the time" {
	cp ta_034a_bhe.mseed x.mseed
	msindex x.mseed a.msdb
	printf '035A' | dd of=x.mseed bs=1 seek=8 conv=notrunc status=none
	expect 0 msindex -v x.mseed a.msdb
	contains "$stderr" "1 read"
	equal "$(rows a.msdb | cut -d ' ' -f 4 | tr '\n' ' ')" "TA.035A..BHE TA.034A..BHE "
	touch -r x.mseed stamp
	head -c 4096 ta_034a_bhe.mseed >>x.mseed
	touch -r stamp x.mseed
	expect 0 msindex -v x.mseed a.msdb
	contains "$stderr" "1 read"
}

@test "msindex: tags are indexes of their own" {
	msindex ta_034a_bhe.mseed a.msdb
	msindex --tag x ta_034a_bhe.mseed iu_anmo_bh3.mseed a.msdb
	msindex --tag '' ta_034a_bhe.mseed a.msdb # none
	equal "$(rows a.msdb | cut -d ' ' -f 1,6 | sort | uniq -c | tr -s ' ')" " 3 iu_anmo_bh3.mseed x
 1 ta_034a_bhe.mseed -
 1 ta_034a_bhe.mseed x"
	cp iu_anmo_bh3.mseed ta_034a_bhe.mseed
	msindex --tag x ta_034a_bhe.mseed a.msdb
	equal "$(rows a.msdb | cut -d ' ' -f 1,6 | sort | uniq -c | tr -s ' ')" " 3 iu_anmo_bh3.mseed x
 1 ta_034a_bhe.mseed -
 3 ta_034a_bhe.mseed x"
}

@test "msindex: documents of other programs stay" {
	msindex ta_034a_bhe.mseed a.msdb
	printf '{"_id": 1, "dir": "%s", "dfile": "ta_034a_bhe.mseed", "foff": 0, "npts": 5}\n{"_id": 2, "note": "mine"}\n' "$(pwd -P)" >mine.jsonl
	msdb import --collection wf_miniseed a.msdb mine.jsonl
	cp iu_anmo_bh3.mseed ta_034a_bhe.mseed
	expect 0 msindex -v ta_034a_bhe.mseed a.msdb
	contains "$stderr" "3 documents written, 0 removed" # that at byte 0 was replaced
	equal "$(msdb count a.msdb wf_miniseed)" 5
}

@test "msindex: multiplexed files, and SAC" {
	multiplex iu_anmo_bh3.mseed 16 >many.mseed
	msindex many.mseed a.msdb
	equal "$(msdb find a.msdb wf_miniseed -e 'npts > 20 && msp.mixed == true' | jq -c 'select(.nbytes <= 512 * .mseed.number_of_records)')" ""
	equal "$(msdb find a.msdb wf_miniseed | jq .mseed.number_of_records | awk '{ n += $1 } END { print n }')" 46
	equal "$(msread many.mseed --headers | msls -f '%{sta} %{chan} %{npts} %{mseed.number_of_records}' | sort)" \
		"$(msdb find a.msdb wf_miniseed | jq -r '[.sta, .chan, .npts, .mseed.number_of_records] | join(" ")' | sort)"
	msread iu_anmo_bh3.mseed | mssave --to sac sac/
	expect 0 msindex sac s.msdb
	equal "$(msdb find s.msdb wf_miniseed --sort chan | jq -c '[.chan, .format, .foff, .nbytes, .npts, .delta, .msp.type, has("sac"), has("last_packet_time")]')" \
		'["BH1","SAC",0,24632,6000,0.05,"f32",true,false]
["BH2","SAC",0,24632,6000,0.05,"f32",true,false]
["BHZ","SAC",0,24632,6000,0.05,"f32",true,false]'
	f=$(find sac -name '*BHZ*')
	printf '\xc7\xcf\xff\xff' | dd of="$f" bs=1 seek=280 conv=notrunc status=none # no year: no reference time
	expect 0 msindex -v "$f" s.msdb
	contains "$stderr" "1 read"
	equal "$(msdb find s.msdb wf_miniseed -e 'chan == "BHZ"' | jq -c '[.time_standard, .utc_convertible, .starttime, .msp.start]')" '["Relative",false,0.000538,538000]'
	head -c 1000 "$f" >cut.sac
	expect 0 msindex cut.sac c.msdb
	contains "$stderr" "SAC header says 6000 samples, the file holds 92"
	equal "$(msdb count c.msdb wf_miniseed)" 0
}

@test "msindex: what is no recording" {
	mkdir d
	mssynth -n 2 -o d/stream
	cp ta_034a_bhe.mseed d/good
	head -c 4096 /dev/zero >d/zero
	echo text >d/readme
	ln -s nowhere d/gone
	ln -s loop d/loop
	mkfifo d/fifo
	printf 'no' >d/short
	expect 0 msindex -v d a.msdb
	contains "$stderr" "d/zero: neither miniSEED, SAC nor msp"
	contains "$stderr" "d/readme: "
	contains "$stderr" "d/short: "
	contains "$stderr" "d/gone: No such file or directory"
	contains "$stderr" "d/loop: Too many levels of symbolic links"
	contains "$stderr" "1 msp streams and stores are not indexed"
	equal "$(rows a.msdb)" "good 0 77824 TA.034A..BHE 59081 -"
	equal "$(msdb find a.msdb abortions | jq -r .tombstone.dfile | sort | tr '\n' ' ')" "gone loop readme short zero "
	# those that could not be opened are tried again, the others are known
	expect 0 msindex -v d a.msdb
	contains "$stderr" "7 files: 2 read, 5 unchanged"
	rm d/gone
	cp iu_anmo_bh3.mseed d/gone
	expect 0 msindex -v d a.msdb
	equal "$(msdb find a.msdb abortions | jq -r .tombstone.dfile | sort | tr '\n' ' ')" "loop readme short zero "
	equal "$(msdb count a.msdb wf_miniseed)" 4
}

@test "msindex: what cannot be read now keeps the documents that it has" {
	mkdir d
	cp ta_034a_bhe.mseed real
	ln -s ../real d/x
	msindex d a.msdb
	mv real away
	expect 0 msindex d a.msdb
	contains "$stderr" "d/x: No such file or directory"
	equal "$(rows a.msdb)" "x 0 77824 TA.034A..BHE 59081 -"
	mv away real
	expect 0 msindex -v d a.msdb
	contains "$stderr" "1 read"
	equal "$(msdb count a.msdb wf_miniseed) $(msdb count a.msdb msp_files) $(msdb count a.msdb abortions)" "1 1 0"
}

@test "msindex: any name is data" {
	mkdir d
	for name in 'q"uo'\''te' $'new\nline' '$set' 'a.b' "'); drop table wf_miniseed; --" $'\xc3\xbc' $'esc\x1b[31m' ' ' '@x' '-v'; do
		cp ta_034a_bhe.mseed "d/$name"
	done
	cp ta_034a_bhe.mseed d/$'not\xffutf8'
	msindex d a.msdb 2>err
	equal "$(cat err)" "msindex: d/not?utf8: its name is not UTF-8: no document can hold it"
	equal "$(msdb count a.msdb wf_miniseed)" 10
	equal "$(msdb distinct a.msdb wf_miniseed dfile | jq -r . | LC_ALL=C sort)" "$(find d -type f ! -name not\* -printf '%f\n' | LC_ALL=C sort)"
	expect 0 msindex -v d a.msdb
	contains "$stderr" "11 files: 1 read, 10 unchanged"
	(cd d && expect 0 msindex -v -- -v ../a.msdb)
	rm d/not*
	expect 0 msindex --prune d a.msdb
	equal "$(msdb count a.msdb abortions)" 0
	rm d/*set d/new*
	expect 0 msindex -v --prune d a.msdb
	contains "$stderr" "2 removed"
}

@test "msindex: hostile records" {
	mkdir d
	head -c 64 ta_034a_bhe.mseed >d/head
	head -c 4096 ta_034a_bhe.mseed >d/huge
	printf '\x14' | dd of=d/huge bs=1 seek=54 conv=notrunc status=none # a record of 1 MB
	head -c 4096 ta_034a_bhe.mseed >d/absurd
	printf '\xff' | dd of=d/absurd bs=1 seek=54 conv=notrunc status=none
	head -c 8192 ta_034a_bhe.mseed >d/encoding
	printf '\x63' | dd of=d/encoding bs=1 seek=52 conv=notrunc status=none
	head -c 8192 ta_034a_bhe.mseed >d/rate
	printf '\0\0' | dd of=d/rate bs=1 seek=32 conv=notrunc status=none
	expect 0 msindex d a.msdb
	contains "$stderr" "d/absurd: byte 0: absurd record length 2^255"
	contains "$stderr" "d/encoding: TA.034A..BHE 2011-03-11T05:55:06Z: record at byte 0: encoding 99 is unknown"
	contains "$stderr" "d/huge: byte 0: partial record: 4096 of 1048576 bytes"
	equal "$(rows a.msdb | cut -d ' ' -f 1,2)" "encoding 4096
rate 4096"
}

@test "msindex: the store may lie among the recordings" {
	mkdir d
	cp ta_034a_bhe.mseed d
	for _ in 1 2; do expect 0 msindex -v d d/idx.msdb; done
	equal "$stderr" "msindex: 1 files: 0 read, 1 unchanged; 0 documents written, 0 removed"
	cp d/idx.msdb d/other
	expect 0 msindex d d/idx.msdb
	equal "$stderr" "msindex: 1 msp streams and stores are not indexed: mssave puts a stream's objects into a store"
	msdb export d/idx.msdb out
	equal "$(msdb count d/idx.msdb wf_miniseed) $(msdb count d/idx.msdb abortions)" "1 0"
}

@test "msindex: the place of a file is its real directory" {
	mkdir -p real/deep
	ln -s real/deep link
	cp ta_034a_bhe.mseed real/deep/a
	ln -s a real/deep/b
	msindex link a.msdb
	expect 0 msindex -v real/deep link/a a.msdb
	contains "$stderr" "2 files: 0 read, 2 unchanged"
	equal "$(msdb distinct a.msdb wf_miniseed dir)" "\"$(pwd -P)/real/deep\""
	equal "$(rows a.msdb | cut -d ' ' -f 1 | tr '\n' ' ')" "a b "
}

@test "msindex: a file that changes all the time ends as it is" {
	mkdir d
	(
		for i in $(seq 40); do
			head -c $((4096 * (i % 19 + 1))) ta_034a_bhe.mseed >d/x
			printf '%s' "$i" >d/y # no recording
			sleep 0.01
		done
	) &
	writer=$!
	while kill -0 $writer 2>/dev/null; do
		msindex -j 2 d a.msdb 2>>err || { cat err; return 1; }
	done
	wait $writer
	cp ta_034a_bhe.mseed d/z
	msindex d a.msdb
	msindex d fresh.msdb
	diff <(dump fresh.msdb) <(dump a.msdb)
}

@test "msindex: lists, and many files with many threads in order" {
	mkdir d
	for i in $(seq 300); do cp iu_anmo_bh3.mseed d/$i; done
	find d -type f | sort >list
	msindex @list one.msdb
	msindex -j 8 @list eight.msdb
	diff <(dump one.msdb) <(dump eight.msdb)
	# in the order of the files, whoever read them
	equal "$(msdb find eight.msdb wf_miniseed | jq -r .dfile | uniq | cksum)" "$(sed 's|d/||' list | cksum)"
	equal "$(msdb count one.msdb wf_miniseed)" 900
	expect 1 msindex @nolist one.msdb
}

@test "msindex: more documents of a file than a batch" {
	mssynth -n 2500 --npts 50 --codes XX.S1.00.BHZ | mssave --to mseed --record-length 256 many.mseed
	expect 0 msindex -v many.mseed a.msdb
	equal "$(msdb count a.msdb wf_miniseed)" 2500
	touch many.mseed
	expect 0 msindex -v many.mseed a.msdb
	contains "$stderr" "2500 documents written, 0 removed"
	tail -c +257 many.mseed >x
	cp x many.mseed
	expect 0 msindex -v many.mseed a.msdb
	equal "$(msdb count a.msdb wf_miniseed)" "$(msdb find a.msdb msp_files | jq .documents)"
	msindex many.mseed fresh.msdb
	diff <(dump fresh.msdb) <(dump a.msdb)
}

@test "msindex: SIGTERM ends it by SIGTERM" {
	mkdir d
	for i in $(seq 400); do cp iu_anmo_bh3.mseed d/$i; done
	msindex d whole.msdb
	for wait in 0.005 0.01 0.02 0.03; do
		rm -f a.msdb*
		msindex -j 2 d a.msdb &
		pid=$!
		sleep $wait
		kill -TERM $pid 2>/dev/null || true
		status=0
		wait $pid || status=$?
		[ $status = 143 ] || [ $status = 0 ]
		msindex d a.msdb
		diff <(dump whole.msdb) <(dump a.msdb)
	done
}

@test "msindex: SIGUSR1 prints how far it is" {
	mkdir d
	for i in $(seq 200); do cp iu_anmo_bh3.mseed d/$i; done
	expect 0 msindex --progress=always d a.msdb
	for i in $(seq 20); do
		rm -f a.msdb*
		msindex d a.msdb 2>err &
		pid=$!
		sleep 0.0$((RANDOM % 4))
		kill -USR1 $pid 2>/dev/null || true
		wait $pid || true
		if grep -qE '^msindex: 0 s: [0-9]+ of 200 files done, [0-9]+ documents written$' err; then return 0; fi
	done
	cat err
	return 1
}
