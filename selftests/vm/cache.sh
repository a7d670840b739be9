# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
# The cache outside the checkout. An entry is a folder that appears complete,
# by rename, or not at all; whoever comes second waits for the first.

CACHE=${TCPSTATES_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/tcpstates}

# cache_fill KEY COMMAND...: make $CACHE/KEY unless it is there. COMMAND is
# run with the name of an empty folder appended, under the lock of KEY.
cache_fill()
{
	local key=$1 dir=$CACHE/$1 lock=$CACHE/lock/${1//\//_} tmp status=0

	shift
	[[ -d $dir ]] && return 0
	mkdir -p "$CACHE/lock" "${dir%/*}" ||
		die "cannot write to the cache $CACHE: set TCPSTATES_CACHE"
	tmp=$CACHE/tmp/${key//\//_}
	(
		flock -n 9 || {
			say "waiting for another run that makes $key"
			flock 9
		}
		[[ -d $dir ]] && exit 0
		# We hold the lock: what lies here was left by a killed run.
		rm -rf "$tmp"
		mkdir -p "$tmp"
		"$@" "$tmp" 9>&- || exit
		mv -T "$tmp" "$dir"
	) 9>"$lock" || status=$?
	[[ $status -eq 0 ]] || die "could not make $dir"
}
