# SPDX-License-Identifier: MIT
# Sourced by the entry points and by kernel/*: messages, the cache, packages.
# shellcheck shell=bash

TOP=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)

# Everything that takes long to make lives here, outside the checkout, keyed
# by what it is made from; deleting the directory is always safe.
CACHE=${PANTHOR_MEM_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/panthor-mem}

JOBS=${JOBS:-$(nproc)}

# is_odd PATH: can Linux's make, and what it starts, not work in it?
is_odd() { [[ $1 == *[!A-Za-z0-9_./+,~-]* ]]; }

# Our whole files, at their path in the kernel. All but the uAPI header are in
# kernel/, below that path.
own_files() {
	(cd "$TOP/kernel" && find Documentation drivers mm -type f | LC_ALL=C sort)
	echo include/uapi/drm/panthor_mem.h
}
own_path() {
	case $1 in
	include/uapi/*) echo "$TOP/$1" ;;
	*) echo "$TOP/kernel/$1" ;;
	esac
}
# Objects that are made of those in mm/.
own_mm_objects() { own_files | sed -n 's|^\(mm/.*\)\.c$|\1.o|p'; }

# Progress goes to standard error, so that --json leaves standard output alone.
say() { printf '%s\n' "$*" >&2; }
die() { printf '%s: error: %s\n' "${0##*/}" "$*" >&2; exit 1; }

if is_odd "$CACHE"; then
	die "no kernel can be built in '$CACHE': set PANTHOR_MEM_CACHE to a path of letters," \
		"digits and -_.+,~"
fi

# build_kernel OPTION...: kernel/build, from a copy if the checkout is in such a place.
build_kernel() {
	local from=$TOP
	if is_odd "$TOP"; then
		need rsync
		from=$CACHE/checkout/$(printf '%s' "$TOP" | sha256sum | cut -c 1-12)
		mkdir -p "$from"
		rsync -a --delete "$TOP/kernel" "$TOP/include" "$TOP/scripts" "$from/" >&2
	fi
	"$from/kernel/build" "$@"
}

# need PACKAGE...: install what is missing of these Debian packages.
need() {
	local missing=() p
	for p in "$@"; do
		dpkg-query -W -f '${db:Status-Status}\n' "$p" 2>/dev/null |
			grep -qx installed || missing+=("$p")
	done
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

# with_lock NAME COMMAND...: one builder at a time for one thing in the cache.
with_lock() {
	local name=$1
	shift
	mkdir -p "$CACHE"
	(
		flock -n 9 || { say "waiting for another build of $name"; flock 9; }
		"$@"
	) 9>"$CACHE/$name.lock"
}
