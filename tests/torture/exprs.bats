# Many more random expressions than tests/store/exprs.bats tries.

load ../cli/common

@test "random expressions: files" {
	[ "${MSP_TORTURE:-}" = full ] || skip "only at full size: MSP_TORTURE=full"
	for seed in $(seq 100 120); do
		run "$MSP_BUILD/tests/store/exprs" random.msdb "$seed" 20000
		echo "$seed: $output"
		[ "$status" -eq 0 ]
		run "$MSP_BUILD/unit/expr_filter" "$seed" 100000
		echo "$seed: $output"
		[ "$status" -eq 0 ]
	done
}

@test "random expressions: a MongoDB server" {
	[ "${MSP_TORTURE:-}" = full ] || skip "only at full size: MSP_TORTURE=full"
	[ -n "${MSP_TEST_MONGODB_URI:-}" ] || skip "MSP_TEST_MONGODB_URI is not set"
	run "$MSP_BUILD/tests/store/exprs" "${MSP_TEST_MONGODB_URI%/}/msp_exprs_$$" 100 20000
	echo "$output"
	[ "$status" -eq 0 ]
}
