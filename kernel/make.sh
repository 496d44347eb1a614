# SPDX-License-Identifier: MIT
# Sourced by kernel/*: keep a source tree up to date, check a configuration, run make.
# shellcheck shell=bash

# update_tree TREE ORIG NEXT: change TREE to what ORIG has, with the files of NEXT instead of its
# own. Only files that differ are written, so that make rebuilds just those, and none is written
# through a hard link. An earlier call may have changed other files: ORIG needs to have those.
update_tree() {
	local tree=$1 orig=$2 next=$3 f
	touch "$tree/.changed"
	while read -r f; do
		[ -e "$next/$f" ] && continue
		rm -f "$tree/$f"
		[ ! -e "$orig/$f" ] || cp "$orig/$f" "$tree/$f"
	done <"$tree/.changed"
	rm "$tree/.changed"
	(cd "$next" && find . -type f | sed 's|^\./||' | sort) >"$tree/.changed"
	rsync -rc --no-times "$next/" "$tree/"
}

# join_fragments FILE...: print these parts of a configuration as one. The last file has the last
# word on an option.
join_fragments() {
	cat "$@" | tac | awk '
		match($0, /CONFIG_[A-Z0-9_]+/) && /^(# )?CONFIG_/ && seen[substr($0, RSTART, RLENGTH)]++ { next }
		{ print }' | tac
}

# unmet CONFIG FRAGMENT: print the lines of FRAGMENT that do not hold in CONFIG.
unmet() {
	local line
	while read -r line; do
		case $line in
		'# CONFIG_'*' is not set') ! grep -q "^${line:2:-11}=" "$1" || echo "$line" ;;
		CONFIG_*) grep -qxF -e "$line" "$1" || echo "$line" ;;
		esac
	done <"$2"
}

# to_do MAKE...: how many objects this make command would build. Empty if make cannot say.
to_do() {
	"$@" -nk 2>/dev/null | grep -cE "echo '  (CC|AS|LD|AR)" || true
}

# run_make LABEL LOG MAKE...: run a make command with one line of progress. Its output is kept
# in LOG.
run_make() {
	local label=$1 log=$2 start=$SECONDS n=0 shown=0 line all
	shift 2
	all=$(to_do "$@")
	if ! "$@" 2>&1 | tee "$log" |
		while read -r line; do
			case $line in
			CC* | AS* | LD* | AR*) n=$((n + 1)) ;;
			*warning:* | *error:*) say "$line" ;;
			esac
			if [ $((SECONDS - shown)) -ge "$([ -t 2 ] && echo 1 || echo 30)" ]; then
				shown=$SECONDS
				[ $n -le "$all" ] || all=$n
				if [ -t 2 ]; then
					printf '\r%s: %d of %d objects, %d s ' "$label" $n "$all" $((SECONDS - start)) >&2
				else
					say "$label: $n of $all objects, $((SECONDS - start)) s"
				fi
			fi
		done; then
		tail -n 30 "$log" >&2
		die "$label failed; the whole log is $log"
	fi
	[ ! -t 2 ] || printf '\r\033[K' >&2
	say "$label: done in $((SECONDS - start)) s"
}
