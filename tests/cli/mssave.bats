# mssave: the nine cases, and what only it does. What it writes is compared with what ObsPy reads in tests/accuracy.
load common

more_setup()
{
	cp "$MSP_DATA"/*.mseed .
}

only() # DIRECTORY NAME...: it holds these names and no others, hidden ones included
{
	local d=$1
	shift
	equal "$(ls -A "$d" | xargs)" "$(printf '%s\n' "$@" | sort | xargs)"
}

# ---- the nine cases

@test "mssave: a stream is saved as it is" {
	msread *.mseed | msdetrend --demean | mssave -v out.msp 2>err
	grep -qx 'mssave: saved 5 live, 0 dead in out.msp' err
	mscheck --full out.msp
	msread *.mseed | msdetrend --demean -o want.msp
	equal "$(mscheck --digest out.msp | cut -c 1-32)" "$(mscheck --digest want.msp | cut -c 1-32)"
	equal "$(mshistory out.msp)" "$(mshistory want.msp)"
	expect_sh 0 'mssave other.msp out.msp'
	equal "$output$stderr" ""
}

@test "mssave: empty stream" {
	mssynth -n 0 -o empty.msp
	expect 0 mssave a.msp empty.msp
	mscheck a.msp
	expect 0 mssave a.mseed empty.msp
	[ -f a.mseed ] && [ ! -s a.mseed ]
	expect 1 mssave a.sac empty.msp
	contains "$stderr" "mssave: a.sac: not written: nothing to save"
	[ ! -e a.sac ]
	expect_sh 1 'mssynth -n 1 --dead-every 1 2>/dev/null | mssave a.sac'
	contains "$stderr" "1 dead object left out"
	contains "$stderr" "nothing to save"
	expect 0 mssave --to sac d/ empty.msp
	only d
}

@test "mssave: no input" {
	nine_no_input mssave a.msp
	nine_no_input mssave a.mseed
	[ ! -e a.msp ] && [ ! -e a.mseed ]
}

@test "mssave: one object" {
	mssynth -n 1 | mssave one.sac
	equal "$(msread one.sac | msls -f '%{npts}')" 1000
}

@test "mssave: dead objects stay in msp and are counted where they cannot" {
	mssynth -n 4 --dead-every 2 -o d.msp 2>/dev/null
	expect 0 mssave -v a.msp d.msp
	contains "$stderr" "saved 2 live, 2 dead in a.msp"
	equal "$(mscheck --digest a.msp | cut -c 1-32)" "$(mscheck --digest d.msp | cut -c 1-32)"
	expect 0 mssave --live-only a.msp d.msp
	equal "$(stream_counts a.msp)" "2 0"
	expect 0 mssave a.mseed d.msp
	equal "$stderr" "mssave: a.mseed: 2 dead objects left out"
	equal "$(msread a.mseed | msls -f '%{sta}' | wc -l)" 2
}

@test "mssave: bad option" {
	nine_bad_option mssave a.msp
	expect 2 mssave
	expect 2 mssave what.ever one.msp
	contains "$stderr" "--to"
	expect 2 mssave --to sac net.msdb
	contains "$stderr" "--to is not for stores"
	[ ! -e net.msdb ]
	expect 2 mssave --record-length 1000 a.mseed
	expect 2 mssave --to msp --name '%{sta}.msp' d
	for bad in '' 'a/%{sta}.sac' '%{sta' '%x.sac' '%{}.sac'; do expect 2 mssave --to sac --name "$bad" d; done
	[ ! -e d ]
}

@test "mssave: of a truncated stream nothing is saved" {
	mssynth -n 3 --npts 100 -o whole.msp
	head -c "$(($(stat -c %s whole.msp) - 7))" whole.msp >cut.msp
	mkdir d
	echo old >d/a.mseed
	cp d/a.mseed d/a.sac
	cp d/a.mseed d/a.msp
	for t in d/a.mseed d/a.msp; do
		expect 4 mssave $t cut.msp
		equal "$(cat $t)" old
	done
	expect 4 mssave --to sac d/ cut.msp
	expect 4 mssave --to mseed --name 'x.mseed' new cut.msp
	only d a.mseed a.msp a.sac
	[ ! -e new ]
}

@test "mssave: full output" {
	mssynth -n 3 --npts 100000 -o big.msp
	for f in msp mseed; do
		expect 1 mssave --to $f /dev/full big.msp
		contains "$stderr" "/dev/full"
		contains "$stderr" "No space left"
	done
	expect 1 mssave nowhere/a.msp big.msp
	contains "$stderr" "nowhere/a.msp"
	expect_sh 1 'ulimit -f 100; trap "" XFSZ; mssave --to mseed d/ big.msp'
	[ ! -e d ]
}

@test "mssave: SIGPIPE is of no concern: it writes nothing to standard output" {
	mssynth -n 2 -o a.msp
	expect_sh 0 'mssave -v b.msp a.msp | head -c 0'
	expect 0 mssave b.msp a.msp
	equal "$output" ""
}

@test "mssave: a terminal is no input" {
	expect_sh 0 "script -qec 'mssave a.msp' /dev/null </dev/null >tty.out; true"
	contains "$(cat tty.out)" "terminal"
	[ ! -e a.msp ]
}

# ---- formats

@test "mssave: integers go through miniSEED unchanged, to the id" {
	msread *.mseed -o a.msp
	mssave all.mseed a.msp
	equal "$(msread all.mseed | msls -f '%{id}' | sort)" "$(msls -f '%{id}' a.msp | sort)"
	mssave --record-length 512 all.mseed a.msp
	equal "$(msread all.mseed | msls -f '%{id}' | sort)" "$(msls -f '%{id}' a.msp | sort)"
	equal "$(msread all.mseed | msls -f '%{mseed.record_length}' | sort -u)" 512
	for t in f32 f64 i32; do
		mssynth -n 3 --type $t -o s.msp
		mssave s.mseed s.msp
		equal "$(msread s.mseed | msls -f '%{id}')" "$(msls -f '%{id}' s.msp)"
	done
}

@test "mssave: SAC holds times to the nanosecond" {
	mssynth -n 1 --start 2011-03-11T05:46:24.123456789Z --type f32 | mssave a.sac
	equal "$(msread a.sac | msls -f '%{starttime}')" 2011-03-11T05:46:24.123456789Z
	mssynth -n 1 --start 2011-03-11T05:46:24.123456789Z --type f32 | mssave -v a.mseed 2>err
	equal "$(msread a.mseed | msls -f '%{starttime}')" 2011-03-11T05:46:24.123457Z
	contains "$(cat err)" "1 times are rounded"
}

@test "mssave: a SAC file holds one time series" {
	mssynth -n 2 -o a.msp
	expect 1 mssave a.sac a.msp
	contains "$stderr" "name a directory"
	[ ! -e a.sac ]
}

@test "mssave: seismograms become components" {
	mssynth -n 1 --kind seismogram -o s.msp
	mssave s.mseed s.msp
	equal "$(msread s.mseed | msls -f '%{chan}' | tr '\n' ' ')" "BHE BHN BHZ "
	mssave --to sac d/ s.msp
	equal "$(msread d | msls -f '%{chan} %{sac.cmpaz} %{sac.cmpinc}' | tr '\n' ';')" "BHE 90 90;BHN 0 90;BHZ 0 0;"
}

@test "mssave: what a format cannot hold is refused, counted and said" {
	msread iu_anmo_bh3.mseed | msset 'sta="TOOLONG"' -o long.msp
	expect 0 mssave a.mseed long.msp
	contains "$stderr" "a.mseed: 3 objects not saved: the first: IU.TOOLONG.00.BH1"
	contains "$stderr" "longer than miniSEED's 5 characters"
	expect 3 mssave --strict-data a.mseed long.msp
	expect 0 mssave --to sac d/ long.msp
	equal "$(ls d | wc -l)" 3
}

# ---- directories

@test "mssave: names by pattern; the same name is the same miniSEED file, and another SAC file" {
	msread *.mseed -o a.msp
	mssave --name '%{net}.%{sta}.mseed' d a.msp
	only d IU.ANMO.mseed TA.034A.mseed TA.ABTX.mseed
	equal "$(msread d/IU.ANMO.mseed | msls -f '%{chan}' | tr '\n' ' ')" "BH1 BH2 BHZ "
	mssave --name '%{net}.sac' e a.msp
	only e IU-2.sac IU-3.sac IU.sac TA-2.sac TA.sac
	mssave --to sac g a.msp
	equal "$(ls g | wc -l)" 5
	mssave --to mseed f/ a.msp
	equal "$(ls f | wc -l)" 5
	mssave --name '%{net}.%{sta}.mseed' d a.msp # again: the same files
	only d IU.ANMO.mseed TA.034A.mseed TA.ABTX.mseed
	equal "$(msread d | msls -f '%{id}' | sort)" "$(msls -f '%{id}' a.msp | sort)"
}

@test "mssave: no value leads out of the directory" {
	for v in '../../up' '/etc/passwd' '.hidden' '..' '.' '' 'a\nb'; do
		mssynth -n 1 | msset "evil=\"$v\"" -o v.msp
		rm -rf d
		mssave --to mseed --name '%{evil}' d v.msp
		equal "$(ls d | wc -l)" 1
		equal "$(find d -type f | wc -l)" 1
	done
	mssave --to mseed --name '%{nothing}%%' d v.msp
	[ -f d/_% ]
	mssynth -n 1 | msset "evil=\"$(printf 'x%.0s' $(seq 300))\"" -o v.msp
	expect 0 mssave --to mseed --name '%{evil}' e v.msp
	contains "$stderr" "not saved"
}

@test "mssave: thousands of files with few descriptors" {
	mssynth -n 3000 --npts 10 -o many.msp
	expect_sh 0 'ulimit -n 20; mssave --to sac d/ many.msp'
	equal "$(ls -A d | wc -l)" 3000
}

@test "mssave: a signal leaves nothing" {
	mkdir d
	for f in 'a.mseed' '--to sac d/' 'a.msp'; do
		{ mssynth -n 2; sleep 5; } 2>/dev/null | mssave $f &
		p=$!
		sleep 0.5
		kill -TERM $p
		wait $p && s=0 || s=$?
		equal $s 143
	done
	[ ! -e a.mseed ] && [ ! -e a.msp ]
	only d
	only . d iu_anmo_bh3.mseed ta_034a_bhe.mseed ta_abtx_bhn.mseed
}
