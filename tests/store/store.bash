# A MongoDB server for tests: `load ../store/store`. SecantusDB, a separate process, in an environment of its own outside the tree;
# MSP_TEST_MONGODB_URI (mongodb://host:port, without database) is used instead if it is set.

# shellcheck source=../daemon.bash
source "${BASH_SOURCE[0]%/*}/../daemon.bash"

SECANTUS='secantusdb==0.7.0b3'

# The environment's Python is made once, and kept for the next run.
secantus_environment()
{
	local cache=${XDG_CACHE_HOME:-$HOME/.cache}/mspipe-tests venv
	venv=$cache/secantusdb-0.7.0b3
	if [ ! -x "$venv/bin/secantusd-py" ]; then
		mkdir -p "$cache" || return 1
		(
			flock 9
			[ -x "$venv/bin/secantusd-py" ] && exit 0
			python3 -m venv "$venv" && "$venv/bin/pip" install -q --disable-pip-version-check --retries 2 "$SECANTUS"
		) 9>"$cache/lock" >&2 || return 1
	fi
	printf '%s\n' "$venv/bin/secantusd-py"
}

# server_start: sets MONGO (mongodb://host:port), SECANTUS_PID unless it is somebody else's, and CONFORMANCE_FLAGS
server_start()
{
	local server port
	if [ -n "${MSP_TEST_MONGODB_URI:-}" ]; then
		MONGO=${MSP_TEST_MONGODB_URI%/} CONFORMANCE_FLAGS=
		return 0
	fi
	server=$(secantus_environment) || return 1
	mkdir -p "$BATS_FILE_TMPDIR/server"
	for _ in 1 2 3; do
		port=$((20000 + RANDOM % 12000))
		(cd "$BATS_FILE_TMPDIR/server" && exec "$server" --host 127.0.0.1 --port $port --storage-path ./db --log-level WARNING --standalone) \
			>"$BATS_FILE_TMPDIR/server.log" 2>&1 3>&- &
		SECANTUS_PID=$!
		MONGO=mongodb://127.0.0.1:$port CONFORMANCE_FLAGS=-d
		for _ in $(seq 100); do
			if "$MSP_BIN/msdb" ls "$MONGO/ready?serverSelectionTimeoutMS=300" >/dev/null 2>&1; then return 0; fi
			kill -0 $SECANTUS_PID 2>/dev/null || break
			sleep 0.1
		done
		kill $SECANTUS_PID 2>/dev/null
		wait $SECANTUS_PID 2>/dev/null
	done
	cat "$BATS_FILE_TMPDIR/server.log"
	return 1
}

server_stop()
{
	[ -n "${SECANTUS_PID:-}" ] || return 0
	end_daemon "$SECANTUS_PID"
}

# Where the server cannot be had: for a user a skip, under CI a failure.
need_server()
{
	[ -n "${MONGO:-}" ] && return 0
	[ "${CI:-}" != true ] || { echo "no MongoDB server for the tests"; return 1; }
	skip "no MongoDB server: python3-venv and PyPI are needed, or MSP_TEST_MONGODB_URI"
}

# One server for all tests of a file.
setup_file()
{
	if server_start; then export MONGO CONFORMANCE_FLAGS SECANTUS_PID; fi
}

teardown_file()
{
	server_stop
}
