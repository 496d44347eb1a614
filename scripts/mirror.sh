# SPDX-License-Identifier: MIT
# Sourced, after common.sh, by scripts that fetch packages of a Debian release other than the
# host's. Sets the variables mirror, which is the one that the system's apt is configured with, and
# KEYRING, Debian's own keyring. apt_instead, if it is set, says what the user can do without a
# mirror.
# shellcheck shell=bash disable=SC2034

KEYRING=/usr/share/keyrings/debian-archive-keyring.gpg
[ -r "$KEYRING" ] || need debian-archive-keyring
# The archive's own address, as apt resolves it from any configuration style.
mirror=$(apt-get update --print-uris 2>/dev/null |
	sed -n "s|^'\([^']*\)/dists/[^/']*/InRelease'.*|\1|p" |
	grep -v -e security | head -n 1)
[ -n "$mirror" ] || die "apt has no Debian mirror configured${apt_instead:+; $apt_instead}"
