# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
# tcpstates.ko for the kernel of the guest, built from a copy of the sources
# in out/module/RELEASE, so that the checkout can be built for another kernel.

# module_resolve FILE|none|'': sets MODULE_KO, empty for none.
module_resolve()
{
	case $1 in
	none)
		MODULE_KO= ;;
	'')
		module_build ;;
	*)
		[[ -f $1 ]] || die "no such module: $1"
		MODULE_KO=$1 ;;
	esac
}

module_build()
{
	local dir=$TOP/out/module/$KERNEL_RELEASE

	[[ -f $TOP/Kbuild ]] ||
		die "no Kbuild in $TOP to build the module: or use --module none"
	mkdir -p "$dir"
	(
		flock 9
		module_make "$dir" 9>&-
	) 9>"$dir.lock" ||
		die "the module does not build for $KERNEL_RELEASE: see above"
	MODULE_KO=$(module_find "$dir")
}

module_make()
{
	local dir=$1 stamp

	stamp="$KERNEL_BUILD $(module_sources |
		(cd "$TOP" && xargs -d '\n' sha256sum))"
	[[ -f $dir/stamp && $stamp == "$(<"$dir/stamp")" ]] &&
		module_find "$dir" >/dev/null && return 0
	# Type information is made where the headers bring a vmlinux.
	[[ ! -f $KERNEL_BUILD/vmlinux ]] || need pahole pahole
	rm -f "$dir/stamp"
	module_copy "$dir"
	say "building the module for $KERNEL_RELEASE"
	module_kbuild "$dir" || return
	module_find "$dir" >/dev/null || {
		say "the build made no tcpstates.ko in $dir"
		return 1
	}
	echo "$stamp" >"$dir/stamp"
}

# module_kbuild DIR: warnings are shown, noise is not.
module_kbuild()
{
	"${KERNEL_MAKE[@]}" -s -C "$KERNEL_BUILD" M="$1" modules 2>"$1/build.log" >&2
	local status=$?

	grep -vE 'Skipping BTF generation|^$|compiler differs|  (The kernel|You are)' \
		"$1/build.log" >&2
	return $status
}

# module_sources: their names below $TOP, without what a build leaves.
module_sources()
{
	cd "$TOP" || return
	find Kbuild module -type f ! -name '.*' ! -name '*.o' ! -name '*.ko' \
		! -name '*.mod' ! -name '*.mod.c' ! -name '*.order' \
		! -name '*.symvers' ! -name '*~' | LC_ALL=C sort
}

# module_copy DIR: only what changed, so that make need not start afresh.
module_copy()
{
	local dir=$1 file

	while read -r file; do
		cmp -s "$TOP/$file" "$dir/$file" && continue
		# A shim that is new stands before a header that make knows of.
		[[ -f $dir/$file || $file != *.h ]] ||
			find "$dir" -name '*.o' -delete
		mkdir -p "$dir/$(dirname "$file")"
		cp -p "$TOP/$file" "$dir/$file"
		touch "$dir/$file"
	done < <(module_sources)
	# A file that left the sources must not live on in the copy.
	comm -13 <(module_sources) \
		<(TOP=$dir module_sources 2>/dev/null) |
		while read -r file; do
			rm -f "$dir/$file"
		done
}

module_find()
{
	local ko

	for ko in "$1/tcpstates.ko" "$1/module/tcpstates.ko"; do
		[[ -f $ko ]] && echo "$ko" && return 0
	done
	return 1
}
