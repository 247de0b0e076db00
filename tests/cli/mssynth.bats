# mssynth: the nine cases as far as a source has them, and what only it does.
load common

digest() { mscheck --digest "$1" | cut -c 1-32; }

@test "mssynth: the defaults" {
	mssynth -o a.msp
	equal "$(msls -f '%{kind} %{live} %{net}.%{sta}.%{loc}.%{chan} %{starttime} %{npts} %{delta} %{type}' a.msp)" \
		"timeseries true XX.S0001.00.BHZ 2020-01-01T00:00:00Z 1000 0.05 f64"
}

@test "mssynth: the same bytes again, and everywhere" {
	mssynth -n 20 --dead-every 7 --ensembles 3 -o a.msp
	mssynth -n 20 --dead-every 7 --ensembles 3 -o b.msp
	cmp a.msp b.msp
	# made once; any machine, compiler and library must give these
	equal "$(digest a.msp)" f78791d4b845582c29af398a9c64117b
	mssynth --signal sine:1.3 --kind seismogram --type f32 -o c.msp
	equal "$(digest c.msp)" 0e10532ff5842adeb32f800c7964125f
	mssynth --signal ricker:2 --rate 100Hz --npts 555 --type i32 --start 2011-070T05:46:24.12 -o d.msp
	equal "$(digest d.msp)" 40600bd9f0df6e2db67ccca87f98356d
}

@test "mssynth: another seed, other samples; ids differ between objects" {
	mssynth --seed 1 -o a.msp
	mssynth --seed 2 -o b.msp
	[ "$(digest a.msp)" != "$(digest b.msp)" ]
	equal "$(mssynth -n 50 --npts 3 --signal impulse | msls -f '%{id}' | sort -u | wc -l)" 50
	equal "$(mssynth -n 9 --npts 9 | msdump --csv | grep -c '^# ')" 9
}

@test "mssynth: no objects, no samples" {
	mssynth -n 0 -o none.msp
	equal "$(stream_counts none.msp)" "0 0"
	mssynth --npts 0 -n 2 | mscheck
}

@test "mssynth: station codes count up" {
	equal "$(mssynth -n 3 --npts 1 --codes XX.A098.. | msls -f '%{sta}' | tr '\n' ' ')" "A098 A099 A100 "
	equal "$(mssynth -n 2 --npts 1 --codes .99.. | msls -f '%{sta}' | tr '\n' ' ')" "99 100 "
	equal "$(mssynth -n 3 --npts 1 --codes IU.ANMO.00.BHZ | msls -f '%{sta}' | tr '\n' ' ')" "ANMO ANMO1 ANMO2 "
	equal "$(mssynth --npts 1 --codes IU.ANMO.10.LHZ | msls -f '%{net}.%{sta}.%{loc}.%{chan}')" IU.ANMO.10.LHZ
}

@test "mssynth: every K-th is dead, with a reason and its metadata" {
	mssynth -n 10 --dead-every 3 -o d.msp
	equal "$(stream_counts d.msp)" "7 3"
	equal "$(msls -f '%{live}' d.msp | grep -n false | cut -d : -f 1 | tr '\n' ' ')" "3 6 9 "
	contains "$(msls d.msp)" "DEAD XX.S0003.00.BHZ"
	contains "$(msls d.msp)" "mssynth: killed on demand"
	equal "$(msls -f '%{npts} %{type}' d.msp | sort -u)" "1000 f64"
	expect 3 mssynth -n 3 --dead-every 3 --strict-data -o e.msp
	equal "$(stream_counts e.msp)" "2 1"
}

@test "mssynth: ensembles share the objects in order" {
	mssynth -n 7 --npts 5 --ensembles 3 -o e.msp
	equal "$(msls e.msp | cut -c 1-1 | tr -d '\n')" "{   }{  }{  }"
	equal "$(msls -f '%{sta}' e.msp | head -n 3 | tail -n 1)" S0003
	mssynth -n 1 --ensembles 3 | mscheck -v 2>said
	contains "$(cat said)" "1 live and 0 dead objects, 3 ensembles"
	equal "$(msdump --json e.msp | grep '"kind":"ensemble"' | cut -d , -f 3 | sort -u | wc -l)" 3
}

@test "mssynth: types and kinds" {
	for type in f64 f32 i32; do
		for kind in timeseries seismogram; do
			mssynth --npts 7 --type $type --kind $kind | msdump --csv >x.csv
			equal "$(grep -c '^2020' x.csv)" 7
		done
	done
	equal "$(tail -n 1 x.csv | tr -dc , | wc -c)" 3
	equal "$(mssynth --kind seismogram --signal impulse --npts 3 --type i32 | msdump --csv | sed -n 4p)" \
		"2020-01-01T00:00:00.050Z,1000,500,250"
}

@test "mssynth: bad option" { nine_bad_option mssynth; }

@test "mssynth: bad values" {
	expect 2 mssynth --signal triangle
	contains "$stderr" "--signal triangle: not walk, noise"
	expect 2 mssynth --signal sine
	contains "$stderr" "at which frequency"
	expect 2 mssynth --signal sine:
	expect 2 mssynth --signal ricker:-3
	expect 2 mssynth --signal walk:3
	contains "$stderr" "takes no frequency"
	expect 2 mssynth --codes XX.S1
	contains "$stderr" "not NET.STA.LOC.CHAN"
	expect 2 mssynth --codes a.b.c.d.e
	expect 2 mssynth --codes "$(printf %050d 0)..."
	expect 2 mssynth --type f16
	expect 2 mssynth --rate 0
	expect 2 mssynth -n -1
	expect 2 mssynth file.msp
	contains "$stderr" "reads no files"
}

@test "mssynth: memory that is not there is no crash" {
	need_ulimit 400000
	expect_sh 1 'ulimit -v 400000; mssynth --npts 1G -o big.msp'
	contains "$stderr" "out of memory for 1000000000 samples"
	[ ! -e big.msp ]
}

@test "mssynth: memory is one object's" {
	need_ulimit 100000
	expect_sh 0 'ulimit -v 100000; mssynth -n 300 --npts 100000 --level 0 | mscheck'
}

@test "mssynth: full output" {
	expect_sh 1 'mssynth >/dev/full'
	contains "$stderr" "mssynth: "
	contains "$stderr" "No space left"
}

@test "mssynth: SIGPIPE" {
	expect_sh 0 'mssynth -n 2000 --npts 5000 2>err | head -c 10 >/dev/null; [ "${PIPESTATUS[0]}" = 141 ] && [ ! -s err ]'
}

@test "mssynth: terminal" {
	expect_sh 0 "script -qec 'mssynth' /dev/null </dev/null >tty.out; true"
	contains "$(cat tty.out)" "terminal"
	run ! grep -q MSPH tty.out
}

@test "mssynth: -o is the whole file or none" {
	expect 1 mssynth -o none/x.msp
	contains "$stderr" "none/x.msp"
	mssynth -n 3 -o x.msp
	mscheck x.msp
	equal "$(ls -A | grep msp)" x.msp
}
