# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
# Debian's archive, through this machine's own APT configuration: which
# versions there are, and the packages themselves.

# Where its lists are, and when they were read: archive_use() changes it.
ARCHIVE_LISTS=/var/lib/apt/lists
ARCHIVE_NAME=own

# archive_use SUITE ARCH: from now on another suite, or another architecture,
# of the archive that this machine's own sources name. Nothing of the machine
# is changed: APT gets a configuration, and lists, in the cache.
archive_use()
{
	local dir=$CACHE/apt/$1-$2

	mkdir -p "$dir"/{lists/partial,parts,cache/archives/partial} ||
		die "cannot write to the cache $CACHE"
	archive_sources "$1" >"$dir/sources.list.$$"
	mv "$dir/sources.list.$$" "$dir/sources.list"
	cat >"$dir/apt.conf" <<-END
		APT::Architecture "$2";
		APT::Architectures { "$2"; };
		APT::Sandbox::User "root";
		Dir::State "$dir";
		Dir::State::status "/dev/null";
		Dir::Cache "$dir/cache";
		Dir::Etc::sourcelist "$dir/sources.list";
		Dir::Etc::sourceparts "$dir/parts";
	END
	export APT_CONFIG=$dir/apt.conf
	ARCHIVE_LISTS=$dir/lists
	ARCHIVE_NAME=$1-$2
}

# archive_own: what the machine's own configuration says, again.
archive_own()
{
	unset APT_CONFIG
	ARCHIVE_LISTS=/var/lib/apt/lists
	ARCHIVE_NAME=own
}

# archive_sources SUITE: as sources.list has it. Backports stand on a suite.
archive_sources()
{
	local base=${1%-backports} main security suite
	local key=/usr/share/keyrings/debian-archive-keyring.gpg

	main=$(archive_address Debian) || exit
	security=$(archive_address Debian-Security) || exit
	for suite in "$base" "$1"; do
		echo "deb [signed-by=$key] $main $suite main"
	done | sort -u
	echo "deb [signed-by=$key] $security $base-security main"
}

# archive_address LABEL: where the machine gets that part of Debian from.
archive_address()
{
	# The dollar signs are for APT.
	# shellcheck disable=SC2016
	env -u APT_CONFIG apt-get indextargets \
		--format '$(LABEL)|$(REPO_URI)' 'Created-By: Packages' |
		awk -F'|' -v label="$1" '$1 == label { print $2; exit }' |
		grep . || die "this machine's APT sources have no $1"
}

# archive_update: read the package lists again where we may.
archive_update()
{
	[[ $(id -u) -eq 0 ]] ||
		die "the package lists are missing or old: run 'apt-get update' as root"
	say "reading the package lists (apt-get update)"
	apt-get -qq -o DPkg::Lock::Timeout=600 update >&2 ||
		die "apt-get update failed: see above"
}

# archive_version PACKAGE: its newest version in the archive, or nothing.
archive_version()
{
	apt-cache madison "$1" 2>/dev/null |
		awk -F'|' '/ Packages$/ { gsub(/ /, "", $2); print $2; exit }'
}

# archive_newest REGEX: of the packages whose whole name matches, and that
# can be fetched, the one that sorts highest, as "name=version".
archive_newest()
{
	local name version

	while read -r name; do
		version=$(archive_version "$name")
		[[ -n $version ]] || continue
		echo "$name=$version"
		return 0
	done < <(apt-cache pkgnames | grep -Ex "$1" | sort -rV)
	return 1
}

# archive_closure PACKAGE...: them and all they depend on, as if nothing were
# installed, one "name=version" a line.
archive_closure()
{
	apt-get -s -qq -o Dir::State::status=/dev/null \
		-o Dir::State::extended_states=/dev/null \
		--no-install-recommends install "$@" |
		awk '/^Inst / { sub(/^\(/, "", $3); print $2 "=" $3 }'
}

# archive_there PACKAGE...: those of them that there are, sorted
archive_there()
{
	apt-cache madison "$@" 2>/dev/null | awk '{ print $1 }' | sort -u
}

# archive_refresh: old versions leave the archive, so read the lists again
# once a day where we may; without a network the old ones have to do.
archive_refresh()
{
	local stamp=$CACHE/resolved/refreshed-$ARCHIVE_NAME

	mkdir -p "${stamp%/*}" || die "cannot write to the cache $CACHE"
	[[ $(id -u) -eq 0 ]] || return 0
	[[ -z $(find "$stamp" "$ARCHIVE_LISTS" -maxdepth 0 -mtime -1 \
		2>/dev/null) ]] || return 0
	touch "$stamp"
	(archive_update) || say "going on with the package lists there are"
}

# archive_memo COMMAND...: what COMMAND prints, remembered until the machine's
# package lists or sources change; tried once more with new lists.
archive_memo()
{
	local memo found

	archive_refresh
	memo=$CACHE/resolved/$(sha256sum <<<"$ARCHIVE_NAME $*" | cut -c1-16)
	if [[ -s $memo && $memo -nt $ARCHIVE_LISTS &&
	      $memo -nt /etc/apt && $memo -nt /etc/apt/sources.list.d ]]; then
		cat "$memo"
		return
	fi
	found=$("$@") || :
	if [[ -z $found ]]; then
		archive_update
		found=$("$@") || :
		[[ -n $found ]] ||
			die "this machine's APT sources have no: ${*:2}"
	fi
	echo "$found" >"$memo.$$"
	mv "$memo.$$" "$memo"
	echo "$found"
}

# archive_unpack DIR PACKAGE=VERSION...: their files below DIR.
archive_unpack()
{
	local dir=$1 debs=$1.debs deb

	shift
	rm -rf "$debs"
	mkdir -p "$dir" "$debs"
	archive_fetch "$debs" "$@" || return
	for deb in "$debs"/*.deb; do
		dpkg-deb --fsys-tarfile "$deb" |
			tar -C "$dir" --keep-directory-symlink -xf - || return
	done
	rm -rf "$debs"
}

# archive_fetch DIR PACKAGE=VERSION...: download into DIR. What the lists
# name may have left the archive since they were read.
archive_fetch()
{
	local dir=$1

	shift
	say "fetching $1$( (($# == 1)) || echo " and $(($# - 1)) more packages")"
	(cd "$dir" && apt-get -qq -o APT::Sandbox::User=root download "$@" >&2) &&
		return 0
	say "the download failed: if a file is not found, the package lists are"
	say "old, and 'apt-get update' as root and another try are the cure"
	return 1
}
