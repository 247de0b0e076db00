# The house itself: headers, exports, install, distribution, completions, and the tools that judge the rest.

load cli/common

more_setup()
{
	CC=${CC:-gcc}
	CXX=${CXX:-g++}
	# -isystem: warnings of other people's headers are not ours
	deps=$(pkg-config --cflags libbson-1.0 | sed 's/-I/-isystem /g')
	# The flags of the make that runs this test hold for those below; its job server does not.
	make=(make -C "$MSP_TOP" --no-print-directory -j 2)
}

quietly() # COMMAND...: output only if it fails
{
	"$@" >quiet.log 2>&1 || { tail -n 60 quiet.log; return 1; }
}

@test "each public header compiles alone, as C11 and as C++" {
	for h in "$MSP_TOP"/include/mspipe/*.h; do
		printf '#include "mspipe/%s"\n' "$(basename "$h")" >one.c
		# shellcheck disable=SC2086
		$CC -std=c11 -Wall -Wextra -Wshadow -Wconversion -Wundef -Wstrict-prototypes -Werror $deps -I "$MSP_TOP/include" -fsyntax-only one.c
		# shellcheck disable=SC2086
		$CXX -x c++ -std=c++11 -Wall -Wextra -Wundef -Werror $deps -I "$MSP_TOP/include" -fsyntax-only one.c
	done
}

# declared HEADER...: the functions that they declare for others
declared()
{
	# After the preprocessor MSP_API is an attribute; the name is the first msp_ one before a parenthesis.
	for h in "$@"; do
		# shellcheck disable=SC2086
		printf '#include "mspipe/%s"\n' "$(basename "$h")" | $CC -E -P -x c $deps -I "$MSP_TOP/include" - | tr '\n' ' ' | tr ';{}' '\n\n\n'
	done | sed -nE '/visibility *\("default"\)/s/.*visibility *\("default"\) *\)\)([^(]*[^a-z0-9_])?(msp_[a-z0-9_]+) *\(.*/\2/p' | sort -u
}
exported() { nm -D --defined-only "$1" | awk '$2 != "A" { sub(/@.*/, "", $3); print $3 }' | sort; }
soname() { readelf -d "$1" | sed -n 's/.*SONAME.*\[\(.*\)\]/\1/p'; }

@test "the libraries export what the public headers declare, no more and no less" {
	# What is about stores includes store.h, and is the other library's.
	mapfile -t headers < <(grep -L 'include "mspipe/store\.h"' "$MSP_TOP"/include/mspipe/*.h | grep -Ev '/(store|xml)\.h$')
	mapfile -t store_headers < <(grep -l 'include "mspipe/store\.h"' "$MSP_TOP"/include/mspipe/*.h)
	declared "${headers[@]}" >declared
	exported "$MSP_BUILD"/lib/libmspipe.so >exported
	[ "$(wc -l <declared)" -gt 50 ]
	diff -u declared exported
	[ "$(soname "$MSP_BUILD"/lib/libmspipe.so)" = libmspipe.so.0 ]
	# store.h includes core.h, which the first library has
	declared store.h "${store_headers[@]}" | comm -23 - declared >declared.store
	exported "$MSP_BUILD"/lib/libmspipe-store.so >exported
	[ "$(wc -l <declared.store)" -gt 20 ]
	diff -u declared.store exported
	[ "$(soname "$MSP_BUILD"/lib/libmspipe-store.so)" = libmspipe-store.so.0 ]
	equal "$(exported "$MSP_BUILD"/lib/libmspipe-mongo.so)" msp_mongo_open
	# and for XML one more
	declared xml.h | comm -23 - declared >declared.xml
	exported "$MSP_BUILD"/lib/libmspipe-xml.so | diff -u declared.xml -
	[ -s declared.xml ]
}

@test "only a command that uses a store loads its library, and only mongodb:// loads libmongoc" {
	for c in "$MSP_BIN"/*; do
		[ "$(head -c 2 "$c")" != '#!' ] || continue
		run readelf -d "$c"
		case $(basename "$c") in
		msdb | msimport | msindex | msjoin | msread | mssave) contains "$output" libmspipe-store ;;
		*) case $output in *libmspipe-store* | *libsqlite3*) echo "$c loads a store"; return 1 ;; esac ;;
		esac
		case $output in *libmongoc* | *libxml2*) echo "$c loads libmongoc or libxml2"; return 1 ;; esac
		case $(basename "$c"),$output in
		msimport,*libmspipe-xml*) ;;
		msimport,* | *libmspipe-xml*) echo "$c: only msimport loads libmspipe-xml"; return 1 ;;
		esac
	done
	run readelf -d "$MSP_BUILD"/lib/libmspipe-store.so
	case $output in *libmongoc*) return 1 ;; esac
}

@test "the archive defines the same names" {
	nm -D --defined-only "$MSP_BUILD"/lib/libmspipe.so | awk '$2 != "A" { sub(/@.*/, "", $3); print $3 }' | sort >shared
	nm -g --defined-only "$MSP_BUILD"/lib/libmspipe.a | awk 'NF == 3 && $3 !~ /^(__|\.|asan)/ { print $3 }' | sort -u >static
	diff -u shared static
}

@test "install, installcheck, uninstall, in a directory of their own" {
	dest=$BATS_TEST_TMPDIR/dest
	quietly "${make[@]}" install DESTDIR="$dest" PREFIX=/opt/mspipe
	quietly "${make[@]}" installcheck DESTDIR="$dest" PREFIX=/opt/mspipe
	for f in "$dest"/opt/mspipe/share/bash-completion/completions/*; do bash -n "$f"; done
	quietly "${make[@]}" uninstall DESTDIR="$dest" PREFIX=/opt/mspipe
	run find "$dest" ! -type d
	equal "$output" ""
}

@test "the other layout: libdir elsewhere, found without ldconfig" {
	[ -z "${MSP_SAN:-}" ] || skip "once is enough"
	dest=$BATS_TEST_TMPDIR/dest
	quietly "${make[@]}" install DESTDIR="$dest" prefix=/usr libdir=/usr/lib/mspipe-test-layout
	quietly "${make[@]}" installcheck DESTDIR="$dest" prefix=/usr libdir=/usr/lib/mspipe-test-layout
	hash=$(cd "$MSP_TOP/build" && readlink current)
	quietly "${make[@]}" all
	[ "$hash" = "$(readlink "$MSP_TOP/build/current")" ] || rm -rf "$MSP_TOP/build/$hash"
}

@test "dist: the same bytes twice, and they build and work" {
	[ -z "${MSP_SAN:-}" ] || skip "once is enough"
	git -C "$MSP_TOP" rev-parse HEAD >/dev/null 2>&1 || skip "not a git checkout"
	tarball=$(sh "$MSP_TOP/tests/dist" test)
	cp "$MSP_TOP/$tarball" one.tar.gz
	sleep 1
	sh "$MSP_TOP/tests/dist" test
	cmp one.tar.gz "$MSP_TOP/$tarball"
	rm "$MSP_TOP/$tarball"
	tar -xf one.tar.gz
	cd mspipe-test
	quietly make -j 2 install DESTDIR="$PWD/dest"
	quietly make installcheck DESTDIR="$PWD/dest"
}

@test "completions work in bash, and parse in zsh and fish where they are" {
	for c in msfilter mssynth mscat msmap; do
		sh "$MSP_TOP/contrib/completions/generate" bash "$MSP_BIN/$c" >"$c"
		sh "$MSP_TOP/contrib/completions/generate" zsh "$MSP_BIN/$c" >"_$c"
		sh "$MSP_TOP/contrib/completions/generate" fish "$MSP_BIN/$c" >"$c.fish"
		if command -v zsh >/dev/null; then zsh -n "_$c"; fi
		if command -v fish >/dev/null; then fish -n "$c.fish"; fi
		grep -q "^complete -c $c .*-l output" "$c.fish"
	done
	# shellcheck disable=SC1091
	. ./msfilter
	COMP_WORDS=(msfilter --zero) COMP_CWORD=1
	_msfilter
	equal "${COMPREPLY[*]}" --zero-phase
	# shellcheck disable=SC1091
	. ./mssynth
	COMP_WORDS=(mssynth --type f) COMP_CWORD=2
	_mssynth
	equal "${COMPREPLY[*]}" 'f64 f32'
}

@test "lint is content with the tree" {
	run "$MSP_TOP/tests/lint"
	echo "$output"
	[ "$status" -eq 0 ]
}

@test "lint finds what it looks for" {
	mkdir -p w/tests w/bin w/man w/contrib w/lib/signal w/include
	cp "$MSP_TOP/tests/lint" w/tests/
	printf '/* */\n#include <zstd.h>\n#include "core/endian.h"\n' >w/bin/msfoo.c
	printf '#include "expr/expr.h"\n	strcpy(a, b); \n	printf("x");\n' >w/lib/signal/bad.c
	printf '.Dd\n' >w/man/msbar.1
	printf '#!/bin/sh\nfor f in $(ls); do echo $f; done\n' >w/bin/msqux
	printf '#!/bin/sh\necho $a\n' >w/contrib/script
	run w/tests/lint
	[ "$status" -eq 1 ]
	for what in 'bin/msfoo.c has no man/msfoo.1' 'bin/msfoo.c has no tests/cli/msfoo.bats' 'bin/msqux has no man/msqux.1' 'SC2045' 'man/msbar.1 has no bin/msbar.c' \
		'missing date' 'SC2154' 'zstd.h belongs' 'private header' 'signal includes expr' 'strcpy' 'printf' 'say what they hold' 'white space'; do
		contains "$output" "$what"
	done
}

@test "the runner counts what fails, crashes, hangs or tests nothing" {
	printf '@test "a" { true; }\n@test "b" { false; }\n@test "c" { skip; }\n' >mixed.bats
	printf '#!/bin/sh\necho "u: 3 passed, 0 failed"\n' >good
	printf '#!/bin/sh\necho "u: 3 passed, 0 failed"; kill -ABRT $$\n' >crash
	printf '#!/bin/sh\nsleep 300\n' >hang
	printf '#!/bin/sh\n:\n' >nothing
	chmod +x good crash hang nothing
	run "$MSP_TOP/tests/run" -t 20 mixed.bats ./good ./crash ./hang ./nothing
	[ "$status" -eq 1 ]
	equal "$(printf '%s\n' "$output" | tail -n 1)" '7 passed, 4 failed, 1 skipped'
	run "$MSP_TOP/tests/run" ./good
	[ "$status" -eq 0 ]
	equal "$(printf '%s\n' "$output" | tail -n 1)" '3 passed, 0 failed'
	run "$MSP_TOP/tests/run"
	[ "$status" -eq 1 ]
}

@test "quickstart demo shows the job and its result" {
	[ -z "${MSP_SAN:-}" ] || skip "once is enough"
	command -v gnuplot >/dev/null || skip "no gnuplot"
	run sh "$MSP_TOP/contrib/quickstart" demo out
	echo "$output"
	[ "$status" -eq 0 ]
	contains "$output" 'mswindow 200 500 | mssave out.msdb'
	equal "$(msdb count out/out.msdb wf_TimeSeries) $(msdb count out/out.msdb cemetery)" '2 3'
	msread out/out.msdb | mscheck
	# Every failure is one: a step that cannot work ends with a message and not with 0.
	mkdir -p not
	: >not/writable
	run sh "$MSP_TOP/contrib/quickstart" demo not/writable
	[ "$status" -ne 0 ]
	contains "$output" 'cannot write'
}

@test "make help names every public target" {
	run "${make[@]}" help
	for t in all check check-fast check-torture check-fresh bench install uninstall installcheck dist fuzz lint help; do
		printf '%s\n' "$output" | grep -q "^  $t  *[a-z]"
	done
}
