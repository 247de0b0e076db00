# Filters, trends and windows against stored values of SciPy and ObsPy (see make_reference.py).
load ../cli/common

compare()
{
	"${MSP_BUILD:?}/tests/accuracy/compare" "$MSP_TOP/tests/accuracy/reference.txt" "$@"
}

@test "accuracy: filters, trends, windows agree with SciPy and ObsPy to 1e-9 of the peak" {
	run compare
	echo "$output"
	[ "$status" -eq 0 ]
	[[ $output =~ filter:\ ([0-9]+)\ cases ]]
	[ "${BASH_REMATCH[1]}" -ge 400 ]
}

@test "accuracy: the comparison can fail" {
	run compare 1e-17
	[ "$status" -eq 1 ]
	sed 's/^\(window .* \)\([0-9]*\) \(-*[0-9]*\)$/\1\2 7/' "$MSP_TOP/tests/accuracy/reference.txt" >off.txt
	run "$MSP_BUILD/tests/accuracy/compare" off.txt
	[ "$status" -eq 1 ]
}
