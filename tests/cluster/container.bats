#!/usr/bin/env bats
# contrib/containers/Containerfile is built, by buildah without a container engine on a base made by debootstrap, and the main
# job runs in it.

load ../cli/common

teardown()
{
	if [ -d store ]; then
		buildah "${where[@]}" rm --all >/dev/null 2>&1
		rm -rf --one-file-system store run root
	fi
	return 0
}

@test "the container image is built, and the main job runs in it" {
	where=()
	for tool in buildah debootstrap; do
		if ! command -v $tool >/dev/null || [ "$(id -u)" -ne 0 ]; then
			[ "${CI:-}" != true ] || { echo "no $tool, or not root"; return 1; }
			skip "buildah and debootstrap are needed, and root"
		fi
	done
	git -C "$MSP_TOP" rev-parse >/dev/null 2>&1 || skip "not a checkout"
	# shellcheck disable=SC2016 # apt's own variables
	mirror=$(apt-get indextargets --format '$(RELEASE) $(REPO_URI)' 'Created-By: Packages' | awk '$1 == "bookworm" { print $2; exit }')
	[ -n "$mirror" ] || { [ "${CI:-}" != true ] || return 1; skip "apt's sources name no mirror with bookworm"; }
	export STORAGE_DRIVER=vfs BUILDAH_ISOLATION=chroot
	where=(--root "$PWD/store" --runroot "$PWD/run")
	mkdir store
	debootstrap --variant=minbase bookworm root "$mirror" >log 2>&1 || { tail -n 20 log; return 1; }
	base=$(buildah "${where[@]}" from scratch)
	buildah "${where[@]}" add -q "$base" root /
	buildah "${where[@]}" commit -q "$base" localhost/base
	buildah "${where[@]}" rm "$base" >/dev/null
	rm -rf --one-file-system root
	# the files of the project, without what was built
	mkdir tree
	(cd "$MSP_TOP" && git ls-files -z | tar -c --null --files-from=-) | tar -x -C tree
	buildah "${where[@]}" bud -q --network host --build-arg BASE=localhost/base -f tree/contrib/containers/Containerfile -t localhost/mspipe tree \
		>log 2>&1 || { tail -n 40 log; return 1; }
	box=$(buildah "${where[@]}" from localhost/mspipe)
	mkdir data
	cp "$MSP_DATA"/*.mseed data/
	buildah "${where[@]}" run -v "$PWD/data:/data" "$box" -- sh -c 'msread *.mseed | msdetrend --linear | msfilter --bandpass 0.01,2 | mswindow 200 500 | mssave out.msp &&
		msread *.mseed | msdetrend --linear | msfilter --bandpass 0.01,2 | mswindow 200 500 | mssave out.msdb && msdb ls out.msdb && msmap --version >/dev/null'
	# and it is the very result of the commands here
	want=$(msread "$MSP_DATA"/*.mseed | msdetrend --linear | msfilter --bandpass 0.01,2 | mswindow 200 500 | mscheck --digest | cut -c1-32)
	equal "$(mscheck --digest data/out.msp | cut -c1-32)" "$want"
}
