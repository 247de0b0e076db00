# msread: the nine cases, and what only it does. What it reads in recorded data is compared with ObsPy in tests/accuracy.
load common

more_setup()
{
	cp "$MSP_DATA"/*.mseed .
}

ids() # FILE...: sorted
{
	msls -f '%{id}' "$@" | sort
}

put() # FILE OFFSET BYTES-AS-PRINTF: overwrites
{
	printf "$3" | dd of="$1" bs=1 seek="$2" conv=notrunc status=none
}

# ---- the nine cases

@test "msread: recordings become a stream" {
	msread iu_anmo_bh3.mseed ta_034a_bhe.mseed -o a.msp
	mscheck --full a.msp
	equal "$(msls -f '%{net} %{sta} %{loc} %{chan} %{starttime} %{npts} %{delta}' a.msp | head -n 1)" \
		"IU ANMO 00 BH1 2010-02-27T06:30:00.019538Z 6000 0.05"
	equal "$(stream_counts a.msp)" "4 0"
	equal "$(msls -f '%{mseed.encoding} %{mseed.dataquality} %{mseed.record_length} %{mseed.number_of_records}' a.msp | tail -n 1)" \
		"STEIM2 M 4096 19"
}

@test "msread: empty stream" { nine_empty msread; }
@test "msread: no input" { nine_no_input msread; }

@test "msread: an empty file is no input; among others it is a dead object" {
	: >empty
	expect 4 msread empty
	equal "$stderr" "msread: empty: no input: it is empty" # once
	expect_sh 4 'msread - </dev/null'
	equal "$stderr" "msread: standard input: no input: it is empty"
	expect 0 msread empty ta_034a_bhe.mseed -o a.msp
	equal "$(stream_counts a.msp)" "1 1"
}

@test "msread: one object" {
	msread ta_034a_bhe.mseed -o a.msp
	equal "$(stream_counts a.msp)" "1 0"
}

@test "msread: dead objects of a stream are handed on" {
	mssynth -n 4 --dead-every 2 -o d.msp 2>/dev/null
	msread d.msp -o e.msp
	equal "$(mscheck --digest e.msp | cut -c 1-32)" "$(mscheck --digest d.msp | cut -c 1-32)"
}

@test "msread: bad option" { nine_bad_option msread; }
@test "msread: truncated input" { nine_truncated_writer msread; }
@test "msread: full output" { nine_full msread; }
@test "msread: full output, from recordings" {
	expect_sh 1 'msread *.mseed >/dev/full'
	contains "$stderr" "No space left"
}
@test "msread: SIGPIPE" { nine_sigpipe msread; }
@test "msread: terminal" { nine_tty msread; }

# ---- sources

@test "msread: what a file is, its content says" {
	mv ta_034a_bhe.mseed a.sac
	msread a.sac | mssave --to sac d/
	mv d/*.sac b.mseed
	expect 0 msread -v a.sac b.mseed -o a.msp
	equal "$(msls -f '%{npts}' a.msp)" "$(printf '59081\n59081')"
	expect 0 msread --from sac a.sac -o b.msp
	contains "$stderr" "SAC header"
}

@test "msread: a missing source is found before anything is written" {
	expect_sh 1 'msread ta_034a_bhe.mseed nowhere.mseed >out.msp'
	contains "$stderr" "nowhere.mseed: No such file"
	[ ! -s out.msp ]
	: >old; echo old >target
	expect 1 msread nowhere -o target
	equal "$(cat target)" old
}

@test "msread: stores" { # more in tests/store/read.bats
	expect 1 msread net.msdb
	equal "$stderr" "msread: net.msdb: No such file or directory"
	expect 2 msread mongodb://localhost
	mkdir dump
	printf '{"_id": 1, "sta": "A"}\n' >dump/wf_TimeSeries.jsonl
	msdb import net.msdb dump
	expect 0 msread net.msdb -o a.msp
	contains "$stderr" "net.msdb: 1 of 1 objects is dead: the document has no npts"
	equal "$(stream_counts a.msp)" "0 1"
	expect 3 msread --strict-data net.msdb -o a.msp
}

@test "msread: directories are read in order of paths, without hidden files" {
	mkdir -p d/b d/a.c
	cp ta_034a_bhe.mseed d/b/1
	cp ta_abtx_bhn.mseed d/a.c/2
	cp iu_anmo_bh3.mseed d/.hidden
	cp iu_anmo_bh3.mseed d/a
	msread d -o a.msp
	equal "$(msls -f '%{sta}' a.msp | tr '\n' ' ')" "ANMO ANMO ANMO ABTX 034A "
	ln -s .. d/b/loop
	msread d | mscheck
	mkdir e
	expect 1 msread e
	contains "$stderr" "no files"
}

@test "msread: what cannot be read in a directory is a dead object, and stops nothing" {
	mkdir -p d/b
	cp ta_034a_bhe.mseed d/a
	ln -s nowhere d/b/gone
	ln -s self d/b/self
	cp ta_abtx_bhn.mseed d/c
	expect 0 msread d -o out.msp
	contains "$stderr" "msread: d/b/gone: 1 of 1 objects is dead: No such file or directory"
	equal "$(msls -f '%{live} %{sta} %{file} %{reason}' out.msp)" "true 034A - -
false - d/b/gone format: No such file or directory
false - d/b/self format: Too many levels of symbolic links
true ABTX - -"
	expect 3 msread --strict-data d -o strict.msp
	equal "$(msread -e 'npts > 9' --headers d | msls -f '%{sta}' | tr '\n' ' ')" "034A ABTX "
	for named in d/b/gone d/b/self d/none; do
		expect 1 msread $named
		contains "$stderr" "msread: $named: "
	done
}

@test "msread: ranges of bytes" {
	equal "$(msread iu_anmo_bh3.mseed@0-8192 | msls -f '%{chan} %{mseed.number_of_records}')" "BH1 16"
	equal "$(msread iu_anmo_bh3.mseed@8192- | msls -f '%{chan}' | tr '\n' ' ')" "BH2 BHZ "
	equal "$(msread iu_anmo_bh3.mseed@-512 | msls -f '%{mseed.number_of_records}')" 1
	expect 0 msread iu_anmo_bh3.mseed@512-1000 -o cut.msp
	contains "$stderr" "byte 512: partial record: 488 of 512 bytes"
	expect 1 msread iu_anmo_bh3.mseed@0-99999999
	expect 2 msread iu_anmo_bh3.mseed@512-512
	expect 2 msread iu_anmo_bh3.mseed@-0
	contains "$stderr" "iu_anmo_bh3.mseed@-0: the range is empty"
	cp ta_034a_bhe.mseed 'x@1-2'
	equal "$(msread 'x@1-2' | msls -f '%{npts}')" 59081
}

@test "msread: lists" {
	printf '# two\nta_034a_bhe.mseed\n\niu_anmo_bh3.mseed@0-8192\n' >list
	equal "$(msread @list | msls -f '%{chan}' | tr '\n' ' ')" "BHE BH1 "
	equal "$(msread @- <list | msls -f '%{chan}' | tr '\n' ' ')" "BHE BH1 "
	echo nowhere >>list
	expect 1 msread @list
	contains "$stderr" "nowhere"
	expect 1 msread @nolist
	equal "$stderr" "msread: nolist: No such file or directory"
	expect_sh 1 'printf "# none\n" | msread @-'
	equal "$stderr" "msread: @-: the list names no source"
	expect_sh 2 'printf "%s\0" *.mseed | msread @-'
	contains "$stderr" "@-: a NUL byte"
	expect_sh 2 'ls *.mseed | msread - @-'
	contains "$stderr" "standard input is named twice"
	expect_sh 2 'ls *.mseed | msread @- -'
	expect_sh 2 'msread - - <ta_034a_bhe.mseed'
	expect 1 msread ""
	equal "$stderr" "msread: '': No such file or directory"
	expect 1 msls ""
	equal "$stderr" "msls: '': No such file or directory"
}

@test "msread: standard input, of any format, from a pipe" {
	msread ta_034a_bhe.mseed -o a.msp
	cat ta_034a_bhe.mseed | msread -o b.msp
	cat ta_034a_bhe.mseed | msread - -o c.msp
	cat a.msp | msread - -o d.msp
	mssave --to sac s/ a.msp
	cat s/*.sac | msread - | mscheck
	for f in b c d; do
		equal "$(mscheck --digest $f.msp | cut -c 1-32)" "$(mscheck --digest a.msp | cut -c 1-32)"
	done
	mkfifo pipe
	cat ta_034a_bhe.mseed >pipe &
	msread pipe | mscheck
	expect_sh 2 'msread - - <a.msp'
}

# ---- what cannot be read

@test "msread: garbage after good records" {
	cat iu_anmo_bh3.mseed >a
	head -c 3000 /dev/zero | tr '\0' x >>a
	expect 0 msread a -o a.msp
	equal "$stderr" "msread: a: 1 of 4 objects is dead: byte 23552: not a miniSEED record"
	equal "$(stream_counts a.msp)" "3 1"
	equal "$(msls -f '%{live} %{file} %{offset} %{npts}' a.msp | tail -n 1)" "false a 23552 0"
	expect 3 msread --strict-data a -o b.msp
	expect 0 msread -q a -o b.msp
	equal "$stderr" ""
}

@test "msread: a broken record in the middle" {
	put iu_anmo_bh3.mseed 1078 '\377'    # an absurd length
	expect 0 msread iu_anmo_bh3.mseed -o a.msp
	contains "$stderr" "byte 1024: absurd record length 2^255"
	equal "$(msls -f '%{live} %{mseed.number_of_records}' a.msp | head -n 1)" "true 2"
	equal "$(stream_counts a.msp)" "1 1"
	put iu_anmo_bh3.mseed 1078 '\011'
	put iu_anmo_bh3.mseed 1088 '\377\377\377\377' # codes of a frame: the record is lost, what follows is not
	expect 0 msread iu_anmo_bh3.mseed -o b.msp
	contains "$stderr" "record at byte 1024: Steim-2"
	equal "$(stream_counts b.msp)" "4 1"
	equal "$(msls -f '%{live} %{chan} %{mseed.number_of_records}' b.msp | head -n 3 | tr '\n' ';')" "true BH1 2;false BH1 1;true BH1 13;"
}

@test "msread: a failed integrity check is said" {
	put iu_anmo_bh3.mseed 75 '\000'
	expect 0 msread iu_anmo_bh3.mseed -o a.msp
	contains "$stderr" "1 of 3 objects is doubtful: integrity check of Steim data failed in 1 of 16 records, the first at byte 0"
	equal "$(stream_counts a.msp)" "3 0"
}

@test "msread: unknown files, devices, SAC that contradicts itself" {
	echo "hello" >text
	expect 0 msread text -o a.msp
	equal "$stderr" "msread: text: 1 of 1 objects is dead: neither miniSEED, SAC nor msp"
	expect 0 msread /dev/zero -o a.msp
	msread ta_034a_bhe.mseed | mssave one.sac
	put one.sac 0 '\0\0\0\0'
	expect 0 msread one.sac -o a.msp
	contains "$stderr" "SAC header says sample interval 0"
	msread ta_034a_bhe.mseed | mssave one.sac
	truncate -s -8 one.sac
	expect 0 msread one.sac -o a.msp
	contains "$stderr" "SAC header says 59081 samples, the file holds 59079"
	equal "$(stream_counts a.msp)" "0 1"
	equal "$(msls -f '%{file} %{offset} %{sta}' a.msp)" "one.sac 0 034A"
}

@test "msread: memory does not follow what a header claims" {
	need_ulimit 200000
	msread ta_034a_bhe.mseed | mssave one.sac
	put one.sac 316 '\377\377\377\177' # 2^31 - 1 samples
	expect_sh 0 'ulimit -v 200000; msread one.sac -o a.msp'
	contains "$stderr" "SAC header says 2147483647 samples"
}

@test "msread: a broken stream is an error, wherever the damage is" {
	mssynth -n 2 --npts 20 -o a.msp
	for i in 0 1 2 3 4 8 9 12 20 60; do
		cp a.msp b.msp
		put b.msp $i '\252'
		expect 4 msread b.msp -o c.msp
	done
	for n in 1 3 11 100; do
		head -c $n a.msp >b.msp
		expect 4 msread b.msp -o c.msp
	done
	[ ! -e c.msp ]
}

# ---- selecting

@test "msread: -e chooses alike in files, which are read twice, and in pipes" {
	for e in 'chan == "BHZ"' 'npts > 10000' 'net == "TA" && endtime > time("2011-03-11T06:40")' 'sta == "NONE"' 'undefined_key == 1'; do
		msread -e "$e" *.mseed -o a.msp 2>err1
		cat *.mseed | msread -e "$e" -o b.msp 2>err2
		equal "$(ids a.msp)" "$(ids b.msp)"
		diff err1 err2
	done
	equal "$(msread -e 'net == "IU"' -e 'chan == "BH1"' *.mseed | msls -f '%{chan}')" BH1
	contains "$(cat err1)" "undefined_key"
	expect 2 msread -e 'chan ==' .
}

@test "msread: --start and --end cut at samples" {
	msread --start 2010-02-27T06:31 --end 2010-02-27T06:31:59.969538 iu_anmo_bh3.mseed ta_034a_bhe.mseed -o a.msp
	equal "$(msls -f '%{chan} %{starttime} %{npts}' a.msp | head -n 1)" "BH1 2010-02-27T06:31:00.019538Z 1200"
	equal "$(stream_counts a.msp)" "3 0"
	mswindow 60 119.95 <(msread iu_anmo_bh3.mseed) | msdump --csv | grep -v '^#' >want
	msdump --csv a.msp | grep -v '^#' | diff want -
	msread iu_anmo_bh3.mseed | msread --start 2010-02-27T06:31 --end 2010-02-27T06:31:59.969538 | msdump --csv | grep -v '^#' | diff want -
	expect 2 msread --start 2011-01-01 --end 2010-01-01 .
}

@test "msread: parts are disjoint, complete, and know of each other" {
	msread *.mseed -o all.msp
	for n in 1 2 3 7; do
		rm -f p.*
		for i in $(seq $n); do msread --part $i/$n *.mseed -o p.$i; done
		equal "$(ids p.*)" "$(ids all.msp)"
		mscat p.* | mscheck
		equal "$(mscat p.* | mscheck --digest | cut -c 1-32)" "$(mscheck --digest all.msp | cut -c 1-32)"
		expect_sh 4 'mscat p.* p.1 >/dev/null'
		if [ $n -gt 2 ]; then # a part alone is what a task works on
			rm p.2
			expect_sh 4 'mscat p.* >/dev/null'
		fi
	done
	for i in 1 2; do msread --part $i/2 all.msp -o q.$i; done
	equal "$(mscat q.1 q.2 | mscheck --digest | cut -c 1-32)" "$(mscheck --digest all.msp | cut -c 1-32)"
	expect_sh 4 'mscat q.1 q.1 >/dev/null'
	for bad in 0/3 4/3 1 a/b 1/0 1/2/3 -1/2; do expect 2 msread --part=$bad .; done
}

# Three channels by turns, a gap, a record that does not decode, and at the end what is no record.
by_turns() # FILE
{
	mssynth -n 3 --npts 20000 --type i32 --signal noise | mssave --record-length 512 --name '%{sta}.mseed' channels
	python3 - "$1" channels/* <<'END'
import itertools, sys
records = [[open(f, "rb").read()[i:i + 512] for i in range(0, 1 << 20, 512)] for f in sys.argv[2:]]
with open(sys.argv[1], "wb") as out:
    for n, turn in enumerate(itertools.zip_longest(*records, fillvalue=b"")):
        if n % 20 != 19:
            out.writelines(turn)
        elif n == 59:
            out.write(turn[0][:64] + b"\xff" * 448)
    out.write(b"no record")
END
	rm -r channels
}

same_in_parts() # ARGUMENT...: of msread
{
	local n i
	want=$(msread -q "$@" | mscheck --digest)
	for n in 1 2 3 7 64; do
		rm -f p.*
		for i in $(seq $n); do msread -q --part "$i/$n" "$@" -o "p.$i"; done
		equal "$(mscat p.* | mscheck --digest)" "$want"
		if [ "$n" -gt 2 ]; then
			rm p.2
			expect_sh 4 'mscat p.* >/dev/null'
		fi
	done
}

@test "msread: parts of everything at once are the whole" {
	mkdir day sac
	for k in 1 2 3 4 5; do mssynth -n $k --npts 3000 --seed $k --type i32 --codes "XX.P$k.00.BHZ" | mssave --record-length 4096 day/$k.mseed; done
	mssynth -n 9 --npts 900 --type f32 | mssave --name '%{sta}.sac' sac
	: >day/empty
	ln -s nowhere day/link
	echo 'no recording' >day/text
	by_turns turns.mseed
	mssynth -n 60 --ensembles 20 --npts 500 --segment 30k -o e.msp
	mssynth -n 100 --npts 900 --seed 4 -o s.msp
	mssave -q net.msdb s.msp
	same_in_parts day e.msp sac turns.mseed s.msp net.msdb turns.mseed@512-30000
	same_in_parts turns.mseed
	same_in_parts e.msp
	same_in_parts s.msp sac
	same_in_parts -e 'sta =~ "[24]" || npts < 600' --start 1970-01-01T00:00:01 e.msp day turns.mseed s.msp
	same_in_parts --sort sta day s.msp e.msp
	same_in_parts --headers day turns.mseed
	same_in_parts --limit 20 day turns.mseed
	same_in_parts --limit 15 e.msp
}

@test "msread: a part reads what is its own" {
	[ -r /proc/self/io ] || skip 'no /proc/self/io'
	bytes_read() { sh -c '"$@" >/dev/null && grep rchar /proc/$$/io' sh "$@" | cut -d ' ' -f 2; }
	mssynth -n 32 --npts 300000 --type i32 | mssave --name '%{sta}.mseed' day
	mssynth -n 3000 --npts 3000 -o all.msp
	cat day/* >all.mseed # each part looks at each header
	start=$(bytes_read msread --version) # what it takes to begin
	for source in 'day 105' 'all.msp 125' 'all.mseed 125'; do
		sum=0
		for i in $(seq 8); do sum=$((sum + $(bytes_read msread --part "$i/8" "${source% *}") - start)); done
		whole=$(($(bytes_read msread "${source% *}") - start))
		echo "$source: $sum $whole"
		[ $((100 * sum)) -le $((${source#* } * whole)) ]
	done
}

@test "msread: among many files a stream in parts is called one" {
	mssynth -n 1 --npts 10 | mssave one.mseed
	mkdir many
	for k in $(seq 300); do cp one.mseed many/$k; done
	mssynth -n 2 -o many/s.msp
	same_in_parts many
	mv many/s.msp many/s
	rm -f p.*
	failed=0
	for i in 1 2 3; do msread -q --part $i/3 many -o p.$i 2>err || { failed=$((failed + 1)); grep 'many/s: a stream: among more than 256 files' err; }; done
	[ $failed -eq 1 ]
	expect 4 msread --from msp --part 1/3 many -o p.4
}

@test "msread: whole ensembles are parts" {
	mssynth -n 12 --ensembles 4 -o e.msp
	for i in 1 2 3; do msread --part $i/3 e.msp -o p.$i; done
	equal "$(msls -f '%{kind}' p.1 | sort | uniq -c | awk '{ print $1 $2 }' | tr '\n' ' ')" "$(printf '6timeseries ')"
	equal "$(mscat p.1 p.2 p.3 | mscheck --digest | cut -c 1-32)" "$(mscheck --digest e.msp | cut -c 1-32)"
}

@test "msread: --limit" {
	equal "$(msread --limit 2 *.mseed | msls -f '%{chan}' | tr '\n' ' ')" "BH1 BH2 "
	equal "$(msread *.mseed | msread --limit 2 - | msls -f '%{chan}' | tr '\n' ' ')" "BH1 BH2 "
	equal "$(msread --limit 2 -e 'net == "TA"' --part 2/2 *.mseed | msls -f '%{sta}')" ABTX
	msread --limit 0 *.mseed | mscheck
	mssynth -n 2 | msread --limit 0 | mscheck
	expect 2 msread --limit -1 *.mseed
	mssynth -n 100 -o s.msp
	equal "$(msread --limit 3 s.msp | mscheck -v 2>&1)" "mscheck: standard input: whole: 3 live and 0 dead objects, 0 ensembles, 1 segments"
}

@test "msread: --headers" {
	msread --headers *.mseed -o h.msp
	mscheck --full h.msp
	equal "$(msls -f '%{sta} %{chan} %{starttime} %{npts} %{live}' h.msp)" "$(msread *.mseed | msls -f '%{sta} %{chan} %{starttime} %{npts} %{live}')"
	[ "$(stat -c %s h.msp)" -lt 5000 ]
	equal "$(msread *.mseed | msread --headers | msls -f '%{npts}')" "$(msls -f '%{npts}' h.msp)"
}

@test "msread: --headers: what needs samples kills such objects" {
	msread --headers *.mseed -o h.msp
	for command in "msdetrend --demean" "msfilter --lowpass 2" "msstack --sum" "msstack --median" "mswindow --short pad -1 2"; do
		expect 0 $command h.msp -o dead.msp
		equal "$(msls -f '%{reason}' dead.msp | grep -c 'only its header was read, not its samples')" 5
	done
	expect 0 mswindow 1 2 h.msp -o cut.msp
	equal "$(msls -f '%{type} %{npts}' cut.msp | sort -u)" "$(printf 'none %s\n' 21 41)"
	expect 0 mswindow --short truncate -1 1 h.msp -o cut.msp
	equal "$(msls -f '%{type} %{npts}' cut.msp | sort -u)" "$(printf 'none %s\n' 21 41)"
	expect 0 mssave --to sac sac/ h.msp
	contains "$stderr" "5 objects not saved"
}

@test "msread: --sort and --group do as mssort and msgroup" {
	equal "$(msread --sort sta,-chan *.mseed | msls -f '%{sta} %{chan}')" "$(msread *.mseed | mssort sta,-chan | msls -f '%{sta} %{chan}')"
	msread --group net *.mseed | msdump --json | jq -r '.kind + " " + (.metadata.net // "")' >got
	msread *.mseed | msgroup net | msdump --json | jq -r '.kind + " " + (.metadata.net // "")' | diff - got
	equal "$(msread --sort chan --group sta --max-mem 1k *.mseed | msls -f '%{sta}.%{chan}' | tr '\n' ' ')" "ANMO.BH1 ANMO.BH2 ANMO.BHZ 034A.BHE ABTX.BHN "
	expect 2 msread --sort sta,sta .
	contains "$stderr" "--sort"
}

# ---- identity

@test "msread: ids are those of the data, wherever they lie" {
	mkdir else
	cp iu_anmo_bh3.mseed else/other
	equal "$(msread iu_anmo_bh3.mseed | mscheck --digest | cut -c 1-32)" "$(msread else/other | mscheck --digest | cut -c 1-32)"
	equal "$(msread iu_anmo_bh3.mseed -o a.msp; cksum <a.msp)" "$(msread iu_anmo_bh3.mseed -o b.msp; cksum <b.msp)"
	msread ta_034a_bhe.mseed -o a.msp
	msread ta_034a_bhe.mseed | msread | msread -o b.msp
	equal "$(ids a.msp)" "$(ids b.msp)"
}

@test "msread: a file that becomes shorter after it was looked up is an error, one that grows is none" {
	mkfifo p
	for size in 4096 4000 0; do
		cp ta_034a_bhe.mseed late.mseed
		expect_sh 0 "msread p late.mseed -o out.msp 2>err & pid=\$!; exec 3>p; truncate -s $size late.mseed; cat iu_anmo_bh3.mseed >&3; exec 3>&-; wait \$pid; [ \$? = 1 ]"
		grep -q "late.mseed: it ended after $size of 77824 bytes" err
		[ ! -e out.msp ]
	done
	cp ta_034a_bhe.mseed late.mseed
	expect_sh 0 "msread p late.mseed@0-40960 -o out.msp 2>err & pid=\$!; exec 3>p; truncate -s 40000 late.mseed; cat iu_anmo_bh3.mseed >&3; exec 3>&-; wait \$pid; [ \$? = 1 ]"
	grep -q "it ended after 40000 of 40960 bytes" err
	head -c 40960 ta_034a_bhe.mseed >late.mseed
	expect_sh 0 "msread p late.mseed -o out.msp & pid=\$!; exec 3>p; tail -c +40961 ta_034a_bhe.mseed >>late.mseed; cat iu_anmo_bh3.mseed >&3; exec 3>&-; wait \$pid"
	equal "$(msls -f '%{sta} %{npts}' out.msp | tail -n 1)" "034A 59081"
}
