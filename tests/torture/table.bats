# The other files of this directory speak of "every command": here is why they may.

load torture

@test "every command has a row in commands.bash" {
	for source in "$MSP_TOP"/bin/*; do
		name=${source##*/}
		command_table | cut -d'|' -f1 | grep -qx "${name%.c}" || { echo "no row: ${name%.c}"; return 1; }
	done
}

@test "every row's command takes a whole stream" {
	python3 "$TORTURE/make_small.py" small.msp
	try()
	{
		local name=$1 kind=$2
		shift 2
		expect_sh 0 "$(printf '%q ' "$name" "$@") <small.msp >out" || return 1
		case $kind in filter | blocks) expect 0 mscheck --full out ;; esac
	}
	for_each "filter blocks text frames sink source" try
}
