# SPDX-License-Identifier: MIT
# Sourced by kernel/*: the parts, patches and files of the series.
# shellcheck shell=bash
#
# The series has parts that can be merged one after the other, with a folder for each
# in kernel/patches. Between "---" and the diff, a patch names the whole files of ours
# that come with it:
#
#   Adds:
#    drivers/gpu/drm/panthor/panthor_mem.c
#   Replaces:
#    drivers/gpu/drm/panthor/panthor_mem_pieces.c
#
# They are in kernel/linux, at their path in the kernel. Some of them do more than the
# part "core" needs. Core has a smaller version in kernel/core instead, which a later
# patch replaces.

PARTS=(fixes core targets speed sysfs)

# series_patches [PART]: the patches up to PART, or all of them.
series_patches() {
	local part n=0
	for part in "${PARTS[@]}"; do
		n=$((n + 1))
		find "$TOP/kernel/patches/$n-$part" -name '*.patch' | LC_ALL=C sort
		[ "$part" != "${1-}" ] || break
	done
}

# guest_patches [PART]: the patches that only the guest needs, on top of the series up to PART.
guest_patches() {
	local part n=0
	find "$TOP/guest/patches" -maxdepth 1 -name '*.patch' | LC_ALL=C sort
	for part in "${PARTS[@]}"; do
		n=$((n + 1))
		[ ! -d "$TOP/guest/patches/$n-$part" ] ||
			find "$TOP/guest/patches/$n-$part" -name '*.patch' | LC_ALL=C sort
		[ "$part" != "${1-}" ] || break
	done
}

is_part() { [[ " ${PARTS[*]} " == *" $1 "* ]]; }

# Of patch $1: the text between "---" and the diff, and the files that it names.
notes() { sed -n '/^---$/,/^diff --git /p' "$1" | sed '/^---$/d; /^diff --git /d'; }
adds() { notes "$1" | sed -n '/^Adds:$/,/^Replaces:$/ s/^ //p'; }
replaces() { notes "$1" | sed -n '/^Replaces:$/,$ s/^ //p'; }
touched() { sed -n 's|^+++ b/||p' "$1"; }

# The upstream files that the patches on standard input change.
patched_files() {
	local p
	while read -r p; do
		touched "$p"
	done | LC_ALL=C sort -u
}

# own_files [PART]: our whole files, at their path in the kernel.
own_files() {
	local p
	while read -r p; do
		adds "$p"
	done < <(series_patches "${1-}") | LC_ALL=C sort
}

# own_path FILE [PART]: the version of FILE at the end of the series up to PART.
own_path() {
	local p
	if [ -e "$TOP/kernel/core/$1" ]; then
		while read -r p; do
			! replaces "$p" | grep -qxF "$1" || { echo "$TOP/kernel/linux/$1"; return; }
		done < <(series_patches "${2-}")
		echo "$TOP/kernel/core/$1"
	else
		echo "$TOP/kernel/linux/$1"
	fi
}

# The objects of our files in mm/.
own_mm_objects() { own_files '' | sed -n 's|^\(mm/.*\)\.c$|\1.o|p'; }
