# SPDX-License-Identifier: MIT
# Sourced, after common.sh, by scripts that fetch packages of a Debian release other than the
# host's. apt downloads them and verifies them with Debian's own keyring, from the mirror that
# the system's apt is configured with. It uses a private set of directories, so the system's
# configuration is not changed. The script sets these variables first:
#   apt          the private directory; two scripts cannot use one at the same time
#   apt_instead  what the user can do without a mirror, or empty
# shellcheck shell=bash disable=SC2154

. "$TOP/scripts/mirror.sh"

mkdir -p "$apt"/{lists/partial,archives/partial,empty}
: >"$apt/status"
apt_options=(-o Dir::Etc::SourceList="$apt/sources.list" -o Dir::Etc::SourceParts="$apt/empty"
	-o Dir::State="$apt" -o Dir::State::Lists="$apt/lists" -o Dir::State::Status="$apt/status"
	-o Dir::Cache="$apt" -o Dir::Cache::Archives="$apt/archives"
	-o Dir::Etc::Preferences=/dev/null -o Dir::Etc::PreferencesParts="$apt/empty"
	-o APT::Sandbox::User=root -o APT::Update::Post-Invoke::= -o Acquire::Languages=none)
# The hooks of the system after an update are for its own lists.
export APT_CONFIG=$apt/apt.conf
cat >"$APT_CONFIG" <<-'CONF'
	#clear APT::Update::Post-Invoke;
	#clear APT::Update::Post-Invoke-Success;
	#clear DPkg::Post-Invoke;
CONF

# use SUITE [KIND]: read its list of packages, if the mirror has it. KIND is deb (default) or
# deb-src.
use() {
	printf '%s [signed-by=%s] %s %s main\n' "${2-deb}" "$KEYRING" "$mirror" "$1" \
		>"$apt/sources.list"
	apt-get "${apt_options[@]}" -qq update >"$apt/log" 2>&1
}
