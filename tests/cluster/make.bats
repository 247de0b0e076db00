#!/usr/bin/env bats
# contrib/make: a gather an earthquake; what is done stays done, and what was interrupted is done again.

load ../cli/common

@test "a gather an earthquake, by make" {
	mkdir archive
	cp "$MSP_DATA"/*.mseed archive/
	cp "$MSP_DATA"/*.xml .
	# a stage that fails leaves no gather
	expect 2 make -s -f "$MSP_TOP/contrib/make/Makefile" -j 2 'MAP=msdetrend --linear | { cat >/dev/null; false; }'
	run compgen -G 'gathers/*.msp'
	[ "$status" -ne 0 ]
	expect 0 make -s -f "$MSP_TOP/contrib/make/Makefile" -j 2
	[ "$(compgen -G 'gathers/*.msp' | wc -l)" -eq 2 ]
	[ "$(cat gathers/*.msp | msls -f '%{net}' | sort | uniq -c | tr -s ' \n' ' ')" = ' 3 IU 1 TA ' ]
	msgrep 'net == "TA"' gathers/*.msp | mshead -n 1 | msls -f '%{channel_lat}' | grep -q '^27\.06'
	# one is removed: only that is made again
	first=$(printf '%s\n' gathers/*.msp | head -n 1)
	before=$(stat -c '%i' gathers/*.msp | tail -n 1)
	digest=$(mscheck --digest "$first")
	rm "$first"
	expect 0 make -s -f "$MSP_TOP/contrib/make/Makefile" -j 2
	equal "$(mscheck --digest "$first")" "$digest"
	equal "$(stat -c '%i' gathers/*.msp | tail -n 1)" "$before"
}
