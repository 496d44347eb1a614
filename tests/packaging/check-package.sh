#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Check the Debian packages: they build without a network, their tests pass, lintian has no
# warnings, and together they contain the files that meson install installs.
# usage: check-package.sh [--clean | --boot MOCK]
# With --clean, also build in a Debian system that has only the packages in debian/control,
# and run debian/tests there (autopkgtest). This needs root or sudo.
# With --boot, only build the packages, without their tests, and boot a Debian with them:
# see check-boot.sh.
set -euo pipefail
top=$(cd "$(dirname "$0")/../.." && pwd)

work=$(mktemp -d)
admin=()
[ "$(id -u)" = 0 ] || admin=(sudo)
trap '"${admin[@]}" rm -rf --one-file-system "$work"' EXIT
# apt downloads as another user, which needs access.
chmod 755 "$work"
bad=0

# step WHAT COMMAND...: run it, and show the end of its output if it fails.
step() {
	local what=$1
	shift
	if "$@" >"$work/log" 2>&1; then
		echo "ok $what"
		return
	fi
	echo "FAILED: $what"
	tail -n 40 "$work/log" | sed 's/^/    /'
	bad=1
	return 1
}

# The files that git would have if everything were committed, without build directories.
copy_tree() {
	mkdir "$work/tree"
	(cd "$top" && git ls-files --cached --others --exclude-standard -z |
		tar -c --null --ignore-failed-read -T -) | tar -x -C "$work/tree"
}

# build [NAME=VALUE]: with that variable
build() {
	local alone=(unshare --net)
	[ "$(id -u)" = 0 ] || alone=(unshare --map-current-user --net)
	# Do not pass on settings of the caller.
	if ! (cd "$work/tree" && env -u CC -u CFLAGS -u DEB_BUILD_OPTIONS -u DEB_BUILD_PROFILES \
		"${alone[@]}" env "$@" dpkg-buildpackage -us -uc) >"$work/build.log" 2>&1; then
		cat "$work/build.log"
		return 1
	fi
}

# Check that at least the tests of the library, the command and the mock have run.
tests_ran() {
	grep -E '^(Ok|Fail|Skipped):' "$work/build.log"
	[ "$(sed -n 's/^Ok: *//p' "$work/build.log")" -ge 40 ]
}

# Changelogs, copyright files and documents exist only in packages, and Debian has its own
# directory for completions of zsh. debian/rules says why the conformance program is left out.
same_files() {
	local deb
	for deb in "$work"/*.deb; do
		[[ $deb == *-dbgsym_* ]] || dpkg-deb -x "$deb" "$work/root"
	done
	(cd "$work/root/usr" && find . ! -type d ! -path './share/doc/*' |
		sed 's,^\./,,; s,\.gz$,,; s,^lib/[^/]*-linux-gnu[^/]*/,LIBDIR/,
			s,zsh/vendor-completions/,zsh/site-functions/,' | LC_ALL=C sort) \
		>"$work/have"
	# Debian installs units in another directory.
	[ -f "$work/root/lib/systemd/system/panthor-memd.service" ] || return
	grep -v '^#\|panthor-mem-conformance\|^lib/systemd/system/' "$top/tests/packaging/files.txt" | LC_ALL=C sort | diff - "$work/have"
}

# The package of the module accepts only the Weston of the libweston that it is linked to.
same_weston() {
	local depends version
	depends=$(dpkg-deb -f "$work"/weston-panthor-mem_*.deb Depends)
	echo "$depends"
	version=$(sed -n 's/.*libweston-\([0-9]*\)-0 .*/\1/p' <<<"$depends")
	[[ ", $depends," == *", weston (>= $version), weston (<< $((version + 1))~),"* ]]
}

as_root=()
[ ${#admin[@]} -gt 0 ] || as_root=(--allow-root)

copy_tree
if [ "${1-}" = --boot ]; then
	step 'dpkg-buildpackage' build DEB_BUILD_OPTIONS=nocheck || exit 1
	"${admin[@]}" "$top/tests/packaging/check-boot.sh" "$work" "$2"
	exit
fi
step 'dpkg-buildpackage, without a network' build || exit 1
step 'with its tests' tests_ran || :
step lintian lintian "${as_root[@]}" --fail-on error,warning "$work"/*.changes || :
step 'the files of meson install' same_files || :
step 'the dependency on weston' same_weston || :
step 'debian/copyright' /usr/bin/python3 "$top/tests/packaging/check-copyright" "$top" || :

# tested DEBIAN WHAT...: run autopkgtest in that Debian release, in a mount namespace of its
# own, so that no mount is left behind.
tested() {
	"${admin[@]}" unshare --mount bash -c 'mount -t proc proc "$1/proc" &&
		mount --rbind /dev "$1/dev" && exec autopkgtest "${@:2}" -- chroot "$1"' - "$@"
}

if [ "${1-}" = --clean ]; then
	# Use the apt sources of this machine, so that a mirror or snapshot is respected.
	sources=()
	for file in /etc/apt/sources.list /etc/apt/sources.list.d/*.{list,sources}; do
		[ ! -s "$file" ] || sources+=("$file")
	done
	# Include the package lists, because autopkgtest does not fetch them.
	step 'a clean Debian' "${admin[@]}" mmdebstrap --variant=buildd --mode=root \
		--skip=cleanup/apt "$(. /etc/os-release && echo "$VERSION_CODENAME")" \
		"$work/debian" "${sources[@]}" || exit 1
	"${admin[@]}" cp -a "$work/debian" "$work/other"
	# Include the packages with their dependencies, and the source with its build dependencies.
	step 'autopkgtest of the packages' tested "$work/debian" --no-built-binaries \
		"$work"/*.deb "$work"/*.dsc || :
	step 'autopkgtest of the source' tested "$work/other" "$work"/*.dsc || :
fi
exit $bad
