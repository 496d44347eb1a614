# SPDX-License-Identifier: MIT
# Sourced by the entry points and by kernel/*: messages, the cache, packages, locks.
# shellcheck shell=bash

TOP=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)

# Everything that takes long to build is stored here, outside the checkout, under a key that
# is calculated from its inputs. Deleting the directory is always safe.
CACHE=${PANTHOR_MEM_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/panthor-mem}

JOBS=${JOBS:-$(nproc)}

# is_odd PATH: does it contain characters that the kernel's build cannot handle?
is_odd() { [[ $1 == *[!A-Za-z0-9_./+,~-]* ]]; }

# Messages go to standard error: standard output is for results, such as --json.
say() { printf '%s\n' "$*" >&2; }
die() { printf '%s: error: %s\n' "${0##*/}" "$*" >&2; exit 1; }

# usage: print the comment at the top of the running script, from line 3 on.
usage() { sed -n '3,/^[^#]/{/^[^#]/!s/^# \{0,1\}//p}' "$0"; }

if is_odd "$CACHE"; then
	die "no kernel can be built in '$CACHE': set PANTHOR_MEM_CACHE to a path of letters," \
		"digits and -_.+,~"
fi

# build_kernel OPTION...: run kernel/build, from a copy if the path of the checkout is odd.
build_kernel() {
	local from=$TOP
	if is_odd "$TOP"; then
		need rsync
		from=$CACHE/checkout/$(printf '%s' "$TOP" | sha256sum | cut -c 1-12)
		mkdir -p "$from"
		rsync -a --delete "$TOP/kernel" "$TOP/guest" "$TOP/include" "$TOP/scripts" "$from/" >&2
	fi
	"$from/kernel/build" "$@"
}

# with_lock NAME COMMAND...: run it while no other process holds the lock of this name.
with_lock() {
	local name=$1
	shift
	mkdir -p "$CACHE"
	(
		flock -n 9 || { say "waiting for another process: $name"; flock 9; }
		"$@"
	) 9>"$CACHE/$name.lock"
}

# missing_packages PACKAGE...: print those of these Debian packages that are not installed.
missing_packages() {
	printf '%s\n' "$@" | grep -vxFf <(
		dpkg-query -W -f '${db:Status-Status} ${Package}\n' "$@" 2>/dev/null |
			sed -n 's/^installed //p') || true
}

# need PACKAGE...: install those of these Debian packages that are missing. apt-get fails if
# another apt-get runs, so one process of ours waits for the other.
need() {
	[ -z "$(missing_packages "$@")" ] || with_lock packages install_missing "$@" || exit
}

install_missing() {
	local missing log sudo=()
	mapfile -t missing < <(missing_packages "$@")
	[ ${#missing[@]} -gt 0 ] || return 0
	if [ "$(id -u)" -ne 0 ]; then
		command -v sudo >/dev/null ||
			die "these packages are missing: ${missing[*]}; install them as root"
		sudo=(sudo)
	fi
	say "installing: ${missing[*]}"
	log=$(mktemp)
	if ! { apt_install "${missing[@]}" ||
		{ "${sudo[@]}" apt-get update && apt_install "${missing[@]}"; }
		} >"$log" 2>&1; then
		tail -n 20 "$log" >&2
		rm -f "$log"
		die "apt-get could not install: ${missing[*]}"
	fi
	rm -f "$log"
}

# The system itself may be installing its updates: wait ten minutes for them.
apt_install() {
	"${sudo[@]}" env DEBIAN_FRONTEND=noninteractive apt-get -o DPkg::Lock::Timeout=600 \
		install -y --no-install-recommends "$@"
}
