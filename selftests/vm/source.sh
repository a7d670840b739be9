# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
# The kernel's source from Debian's linux-source package: for the debug
# kernel, and for whoever needs checkpatch.pl or the kselftest makefiles.

# source_resolve LINE: sets SOURCE (its folder) and SOURCE_VERSION.
source_resolve()
{
	local found

	found=$(archive_memo archive_newest "linux-source-$1") || exit
	SOURCE_VERSION=${found#*=}
	SOURCE=$CACHE/source/$SOURCE_VERSION
	cache_fill "source/$SOURCE_VERSION" source_unpack "$found"
}

# source_unpack PACKAGE=VERSION DIR
source_unpack()
{
	local package=$1 dir=$2 tarball

	need xz xz-utils
	archive_unpack "$dir/deb" "$package" || return
	say "unpacking the kernel source, about 20 seconds"
	for tarball in "$dir"/deb/usr/src/linux-source-*.tar.*; do
		tar -C "$dir" --strip-components=1 -xf "$tarball" || return
	done
	rm -rf "$dir/deb"
}
