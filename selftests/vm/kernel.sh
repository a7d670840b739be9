# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
# The kernel of a guest, whatever it comes from:
#   KERNEL_RELEASE  what uname -r will say
#   KERNEL_IMAGE    the bzImage
#   KERNEL_BUILD    the folder to build modules against
#   KERNEL_TREE     the folder with lib/modules/RELEASE

# kernel_resolve LINE KDIR
kernel_resolve()
{
	case $1 in
	debug)			debug_resolve ;;
	[0-9]*.[0-9]*)		kernel_packaged "$1" ;;
	*)			kernel_own "$1" "$2" ;;
	esac
}

# kernel_packaged LINE: Debian's newest kernel of this line.
kernel_packaged()
{
	local arch found image version key

	arch=$(dpkg --print-architecture)
	found=$(archive_memo archive_newest \
		"linux-image-${1//./\\.}\.[0-9][^-]*(-[0-9]+)?-$arch") || exit
	image=${found%%=*}
	version=${found#*=}
	KERNEL_RELEASE=${image#linux-image-}
	key=kernel/$version/$KERNEL_RELEASE
	cache_fill "$key" kernel_unpack "$KERNEL_RELEASE" "$version"
	KERNEL_TREE=$CACHE/$key
	KERNEL_IMAGE=$KERNEL_TREE/boot/vmlinuz-$KERNEL_RELEASE
	KERNEL_BUILD=$KERNEL_TREE/usr/src/linux-headers-$KERNEL_RELEASE
}

# kernel_unpack RELEASE VERSION DIR: image and headers, not installed.
kernel_unpack()
{
	local release=$1 version=$2 dir=$3 name packages

	need depmod kmod
	packages=("linux-image-$release=$version"
		  "linux-headers-$release=$version")
	while read -r name; do
		packages+=("$name=$version")
	done < <(apt-cache show "linux-headers-$release=$version" |
		 kernel_header_parts)
	archive_unpack "$dir" "${packages[@]}" || return
	kernel_relocate "$dir" "$release" && depmod -b "$dir" "$release"
}

# kernel_header_parts: the packages that headers are spread over.
kernel_header_parts()
{
	grep '^Depends:' | tr -s ', ' '\n' |
		grep -E '^linux-(headers-.*-common|kbuild-)' | sort -u
}

# kernel_relocate DIR RELEASE: the headers name one another by absolute
# path; let them find one another below DIR.
kernel_relocate()
{
	# The dollar signs are for make.
	# shellcheck disable=SC2016
	sed -i 's|^include /usr/src/|include $(dir $(lastword $(MAKEFILE_LIST)))../|' \
		"$1/usr/src/linux-headers-$2/Makefile"
	rm -f "$1/usr/lib/modules/$2"/{build,source} \
		"$1/lib/modules/$2"/{build,source}
}

# kernel_own IMAGE KDIR: a kernel of the caller's.
kernel_own()
{
	local image=$1 build=$2

	[[ -f $image ]] ||
		die "no such kernel: '$image' (6.12, 6.1, debug, or a bzImage)"
	[[ -n $build ]] || die "a bzImage needs its build tree: add --kdir DIR"
	[[ -s $build/include/config/kernel.release ]] ||
		die "$build is no built kernel tree: no include/config/kernel.release"
	KERNEL_IMAGE=$image
	KERNEL_BUILD=$(cd "$build" && pwd)
	KERNEL_RELEASE=$(<"$build/include/config/kernel.release")
	KERNEL_TREE=$WORK/tree
	say "collecting the modules of $KERNEL_RELEASE"
	mkdir -p "$KERNEL_TREE"
	run_logged "$WORK/modules_install.log" make -C "$KERNEL_BUILD" \
		modules_install INSTALL_MOD_PATH="$KERNEL_TREE" ||
		die "modules_install failed in $KERNEL_BUILD"
}
