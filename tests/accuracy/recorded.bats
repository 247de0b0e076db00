# Recorded data: msread against what ObsPy reads in the same files, and in what mssave makes of them (see make_recorded.py).
load ../cli/common

TABLE=$BATS_TEST_DIRNAME/recorded.tsv

objects()
{
	"${MSP_BUILD:?}/tests/accuracy/objects"
}

# where FILE: its path, or the end of the test if it is not there
find_file()
{
	file=$MSP_DATA/$1
	[ ! -e "$file" ] || return 0
	need_shared README.md || return 1
	file=$(find "$MSP_SHARED/" -name "$1" | head -n 1)
	[ -n "$file" ]
}

rows() # WHAT FILE: the stored rows, sorted
{
	awk -F '\t' -v OFS='\t' -v what="$1" -v name="$2" '$1 == what && $2 == name { print $3, $4, $5, $6, $7, $8, $9, $10 }' "$TABLE" | sort
}

files()
{
	cut -f 2 "$TABLE" | uniq | sort -u
}

crc() # FILE: CRC-32, as gzip has it
{
	gzip -c <"$1" | tail -c 8 | od -An -tx4 --endian=little -N 4 | tr -d ' '
}

check_file() # NAME
{
	find_file "$1"
	msread "$file" | objects | sort >got
	rows read "$1" >want
	diff want got
	msread "$file" | mssave out.mseed
	msread out.mseed | objects | sort >got
	rows mseed "$1" >want
	diff want got
	equal "$(awk -F '\t' -v name="$1" '$1 == "mseed" && $2 == name { print $11 }' "$TABLE" | sort -u)" "$(crc out.mseed)"
	rm -rf sac
	msread "$file" | mssave --to sac sac/
	msread sac | objects | sort >got
	rows sac "$1" >want
	diff want got
	for f in sac/*; do crc "$f"; echo; done | grep . | sort >got
	awk -F '\t' -v name="$1" '$1 == "sac" && $2 == name { print $11 }' "$TABLE" | sort >want
	diff want got
}

@test "recorded: IU.ANMO, Maule 2010" { check_file iu_anmo_bh3.mseed; }
@test "recorded: TA.034A, Tohoku 2011" { check_file ta_034a_bhe.mseed; }
@test "recorded: TA.ABTX, Tohoku 2011" { check_file ta_abtx_bhn.mseed; }

@test "recorded: every other file of the shared data" {
	need_shared README.md
	for name in $(files); do
		echo "$name"
		check_file "$name"
	done
	# and the table has every waveform file that is there
	find "$MSP_SHARED/" \( -name '*.mseed' -o -name '*.sac' \) -printf '%f\n' | sort >there
	files | diff - there
}

@test "recorded: gaps are the ends of objects" {
	need_shared gaps.mseed
	equal "$(msread "$MSP_SHARED/gaps.mseed" | msls -f '%{npts}')" "$(printf '412\n824\n824\n50668')"
}

@test "recorded: the comparison can fail" {
	msread --end 2010-02-27T06:34 "$MSP_DATA/iu_anmo_bh3.mseed" | objects | sort >got
	rows read iu_anmo_bh3.mseed >want
	run diff want got
	[ "$status" -eq 1 ]
}
