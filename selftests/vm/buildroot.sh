# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
# What builds modules for kernels of another Debian: its compiler and its
# libraries, in a folder of their own.

# buildroot_resolve SUITE: sets KERNEL_MAKE to a make of that Debian.
# archive_use() has been called.
buildroot_resolve()
{
	local gcc key btf=

	[[ $(id -u) -eq 0 ]] ||
		die "building for this kernel wants Debian $1 in a folder: be root"
	need mmdebstrap mmdebstrap
	gcc=$(archive_memo archive_compiler) || exit
	# Newer headers bring a vmlinux, and make type information of it.
	[[ $1 == bullseye ]] || btf=,pahole
	key=buildroot/$1-$gcc$btf
	cache_fill "$key" buildroot_make "$1" "$gcc$btf"
	KERNEL_MAKE=("$VM/inside" "$CACHE/$key" "$CACHE" "$TOP" make)
}

# archive_compiler: what that Debian builds its kernels with.
archive_compiler()
{
	archive_closure gcc | grep -oxE 'gcc-[0-9]+=.*' | sed 's/=.*//'
}

# buildroot_make SUITE PACKAGE,... DIR
buildroot_make()
{
	local dir=$3 log=$CACHE/tmp/buildroot-$1.log
	local include=make,perl,libelf1,sparse,$2

	say "making a folder with Debian $1, its make and its $2"
	chmod 755 "$dir"
	run_logged "$log" mmdebstrap --variant=minbase --mode=root \
		--include="$include" --aptopt='APT::Sandbox::User "root"' \
		"$1" "$dir" "${APT_CONFIG%/*}/sources.list" || return
	rm -rf "$dir"/var/{lib/apt/lists,cache/apt}/* "$dir"/usr/share/doc
}
