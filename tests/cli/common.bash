# What every bats file of tests/cli shares: `load common`.
# MSP_BIN names the commands to be tested; the last build is the default.

bats_require_minimum_version 1.5.0
MSP_TOP=$(cd "$BATS_TEST_DIRNAME" && while [ ! -f Makefile ]; do cd .. || exit 1; done && pwd)
MSP_BUILD=${MSP_BUILD:-$MSP_TOP/build/current}
MSP_BIN=${MSP_BIN:-$MSP_BUILD/bin}
MSP_DATA=$MSP_TOP/contrib/data
MSP_SHARED=${MSP_SHARED:-$MSP_TOP/../shared/data}

setup()
{
	PATH=$MSP_BIN:$PATH
	export LC_ALL=C TZ=UTC
	unset MSP_MONGODB_URI NO_COLOR
	cd "$BATS_TEST_TMPDIR" || return 1
	if declare -F more_setup >/dev/null; then more_setup; fi
}

# Recorded data that the project does not ship: absent is a skip for a user, a failure under CI.
need_shared()
{
	[ -e "$MSP_SHARED/$1" ] && return 0
	[ "${CI:-}" != true ] || { echo "missing $MSP_SHARED/$1 under CI"; return 1; }
	skip "no recorded data at $MSP_SHARED"
}

# expect STATUS COMMAND...: runs it (no shell), output in $output, stderr in $stderr; says what differed.
# A crash never counts as an expected failure.
expect()
{
	local want=$1
	shift
	run --separate-stderr "$@"
	[ "$status" -eq "$want" ] && return 0
	printf 'expected exit %s, got %s: %s\nstdout: %.2000s\nstderr: %.2000s\n' "$want" "$status" "$*" "$output" "$stderr"
	return 1
}

# expect_sh STATUS 'SHELL COMMAND'
expect_sh()
{
	expect "$1" bash -c "$2"
}

contains() # TEXT PART
{
	case $1 in *"$2"*) return 0 ;; esac
	printf 'no "%s" in: %.2000s\n' "$2" "$1"
	return 1
}

equal() # A B
{
	[ "$1" = "$2" ] && return 0
	printf 'A: %.2000s\nB: %.2000s\n' "$1" "$2"
	return 1
}

# odd_words: a stream a.msp; in p a pipeline with all that a shell, or parallel(1), could take for its own; in want what it makes of a.msp, as the
# first part of a msmap
odd_words()
{
	mssynth -n 2 -o a.msp
	cat >p <<-'END'
	msset 'note = "it'\''s $HOME `id` \\n \"x\" %{sta} {} {#} {1} {part} ! ~ * ; & | < >"' |
	  msls -f '%{note} {.}'   # a comment's end
	END
	sed "s/{part}/1/g" p >q
	sh ./q <a.msp >want
}

# stream_counts FILE: "LIVE DEAD"
stream_counts()
{
	msls -f '%{live}' "$1" | awk '$1 == "true" { l++ } $1 == "false" { d++ } END { print l + 0, d + 0 }'
}

# The generic ones of the nine cases, for a command that reads a stream.
# Usage: nine_empty TOOL ARGS... and so on. "Stream writers" also have nine_writer_*.

nine_empty() # an empty stream (header, trailer) gives exit 0 and, from a filter, an empty stream
{
	mssynth -n 0 -o empty.msp
	expect 0 "$@" empty.msp
}

nine_no_input() # no bytes at all is an error that says so
{
	expect_sh 4 "$(printf '%q ' "$@") </dev/null"
	contains "$stderr" "${1##*/}: "
	contains "$stderr" "no input"
}

nine_bad_option()
{
	expect 2 "$@" --no-such-option
	contains "$stderr" "--no-such-option"
	[ "$(printf '%s\n' "$stderr" | wc -l)" -le 2 ]
}

nine_truncated()
{
	mssynth -n 3 --npts 100 -o whole.msp
	head -c "$(($(stat -c %s whole.msp) - 7))" whole.msp >cut.msp
	expect_sh 4 "$(printf '%q ' "$@") cut.msp >out.msp"
	contains "$stderr" cut.msp
}

# for stream writers: what came of a cut input does not pass mscheck
nine_truncated_writer()
{
	nine_truncated "$@"
	expect 4 mscheck out.msp
}

nine_full()
{
	mssynth -n 3 --npts 100 -o whole.msp
	expect_sh 1 "$(printf '%q ' "$@") whole.msp >/dev/full"
	contains "$stderr" "${1##*/}: "
	contains "$stderr" "No space left"
}

nine_sigpipe() # the reader goes away: silent death by SIGPIPE
{
	mssynth -n 200 --npts 5000 --type f64 -o big.msp
	expect_sh 0 "$(printf '%q ' "$@") big.msp 2>err | head -c 10 >/dev/null; s=\${PIPESTATUS[0]}; [ \$s = 141 ] || { echo status \$s; cat err; exit 1; }; [ ! -s err ]"
}

nine_tty() # a stream is not written to a terminal
{
	mssynth -n 1 -o one.msp
	expect_sh 0 "script -qec '$(printf '%q ' "$@") one.msp' /dev/null </dev/null >tty.out; true"
	contains "$(cat tty.out)" "terminal"
	run ! grep -q 'MSPH' tty.out
}

# Programs built with AddressSanitizer do not start in little memory.
need_ulimit() # KB
{
	(ulimit -v "$1" && mscat --version) >/dev/null 2>&1 || skip "commands do not start in $1 KB (a sanitizer?)"
}
