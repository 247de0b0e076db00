# What files share that start daemons for their tests.

end_daemon() # PID: ends it, and waits till it is gone
{
	kill "$1" 2>/dev/null
	for _ in $(seq 100); do
		kill -0 "$1" 2>/dev/null || return 0
		sleep 0.1
	done
	kill -9 "$1" 2>/dev/null
	return 0
}
