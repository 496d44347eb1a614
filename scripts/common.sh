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

# need PACKAGE...: install those of these Debian packages that are missing.
need() {
	local missing
	mapfile -t missing < <(printf '%s\n' "$@" | grep -vxFf <(
		dpkg-query -W -f '${db:Status-Status} ${Package}\n' "$@" 2>/dev/null |
			sed -n 's/^installed //p'))
	[ ${#missing[@]} -eq 0 ] && return
	local sudo=()
	if [ "$(id -u)" -ne 0 ]; then
		command -v sudo >/dev/null ||
			die "these packages are missing: ${missing[*]}; install them as root"
		sudo=(sudo)
	fi
	say "installing: ${missing[*]}"
	local log
	log=$(mktemp)
	if ! { "${sudo[@]}" env DEBIAN_FRONTEND=noninteractive \
			apt-get install -y --no-install-recommends "${missing[@]}" ||
		{ "${sudo[@]}" apt-get update &&
		  "${sudo[@]}" env DEBIAN_FRONTEND=noninteractive \
			apt-get install -y --no-install-recommends "${missing[@]}"; }
		} >"$log" 2>&1; then
		tail -n 20 "$log" >&2
		rm -f "$log"
		die "apt-get could not install: ${missing[*]}"
	fi
	rm -f "$log"
}

# with_lock NAME COMMAND...: run it while no other process holds the lock of this name.
with_lock() {
	local name=$1
	shift
	mkdir -p "$CACHE"
	(
		flock -n 9 || { say "waiting for another build of $name"; flock 9; }
		"$@"
	) 9>"$CACHE/$name.lock"
}
