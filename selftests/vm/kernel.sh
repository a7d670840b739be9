# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
# The kernel of a guest, whatever it comes from:
#   KERNEL_RELEASE  what uname -r will say
#   KERNEL_IMAGE    the bzImage
#   KERNEL_BUILD    the folder to build modules against
#   KERNEL_TREE     the folder with lib/modules/RELEASE
# and what arch_resolve() sets.

# kernel_resolve LINE KDIR
kernel_resolve()
{
	arch_resolve "$1"
	case $1 in
	debug|kcsan)		debug_resolve "$1" ;;
	newest*|[0-9]*.[0-9]*)	kernel_packaged "$1" ;;
	*)			kernel_own "$1" "$2" ;;
	esac
}

# kernel_packaged LINE: Debian's newest kernel of this line, which is a version
# or "newest", a flavour, and an architecture: 6.12-rt, 6.1-cloud, newest-rt,
# 6.1-arm64, 6.1-rt-arm64.
kernel_packaged()
{
	local line=${1%-"$KERNEL_ARCH"} version=${1%%-*} rest='' suite=''
	local flavour='' found image key

	[[ $line != *-* ]] || rest=${line#*-}
	case $rest in
	rt|cloud)	flavour=-$rest ;;
	'')		;;
	*)		die "no flavour '$rest': there are rt and cloud," \
			"and for other machines arm64 and s390x" ;;
	esac
	case $version in
	5.10)	suite=bullseye ;;
	newest)	suite=trixie-backports version='[0-9]+.[0-9]+' ;;
	esac
	if [[ -z $suite ]]; then
		arch_archive
	elif [[ -n $ARCH_TRIPLET ]]; then
		die "no compiler for $KERNEL_ARCH builds the kernel $1:" \
			"there are 6.1-$KERNEL_ARCH and 6.12-$KERNEL_ARCH"
	else
		archive_use "$suite" "$KERNEL_ARCH"
	fi
	found=$(archive_memo archive_newest \
		"linux-image-${version//./\\.}\.[0-9][^-]*(-[0-9]+)?$flavour-$KERNEL_ARCH") || exit
	image=${found%%=*}
	version=${found#*=}
	KERNEL_RELEASE=${image#linux-image-}
	key=kernel/$version/$KERNEL_RELEASE
	cache_fill "$key" kernel_unpack "$KERNEL_RELEASE" "$version"
	KERNEL_TREE=$CACHE/$key
	KERNEL_IMAGE=$KERNEL_TREE/boot/vmlinuz-$KERNEL_RELEASE
	KERNEL_BUILD=$KERNEL_TREE/usr/src/linux-headers-$KERNEL_RELEASE
	[[ -z $suite ]] || buildroot_resolve "${suite%-backports}"
	archive_own
}

# kernel_unpack RELEASE VERSION DIR: image and headers, not installed.
kernel_unpack()
{
	local release=$1 version=$2 dir=$3 name packages tools

	need depmod kmod
	packages=("linux-image-$release=$version"
		  "linux-headers-$release=$version")
	tools=$(kernel_parts 'kbuild-' "linux-headers-$release=$version")
	while read -r name; do
		packages+=("$name=$version")
	done < <(kernel_parts '(headers-.*-common(-rt)?|(base|binary|modules)-[0-9].*)' \
			"${packages[@]}")
	archive_unpack "$dir" "${packages[@]}" || return
	kernel_tools "$dir" "$tools" || return
	kernel_merge "$dir" "$release"
	kernel_relocate "$dir" "$release" && depmod -b "$dir" "$release"
}

# kernel_parts REGEX PACKAGE=VERSION...: the packages of that kind which image
# and headers are spread over.
kernel_parts()
{
	local regex=$1

	shift
	apt-cache show "$@" | grep '^Depends:' | tr -s ', ' '\n' |
		grep -E "^linux-$regex" | sort -u
}

# kernel_tools DIR PACKAGE: modpost and the like, which run here.
kernel_tools()
{
	(
		[[ -z $ARCH_TRIPLET ]] || archive_own
		archive_unpack "$1/tools" "$2=$(archive_version "$2")"
	) || return
	cp -a "$1/tools/." "$1/" && rm -r "$1/tools"
}

# kernel_merge DIR RELEASE: newer packages know only /usr/lib, and keep the
# kernel itself beside its modules.
kernel_merge()
{
	local new=$1/usr/lib/modules/$2

	[[ ! -d $1/lib/modules/$2 && -d $new ]] || return 0
	mkdir -p "$1"/{lib,boot}
	ln -s ../usr/lib/modules "$1/lib/modules"
	cp -l "$new/vmlinuz" "$1/boot/vmlinuz-$2"
}

# kernel_relocate DIR RELEASE: the headers name one another by absolute
# path; let them find one another below DIR.
kernel_relocate()
{
	# The dollar signs are for make.
	# shellcheck disable=SC2016
	sed -i -e 's|^include /usr/src/|include $(dir $(lastword $(MAKEFILE_LIST)))../|' \
		-e 's|^KBUILD_OUTPUT=/usr/src/|KBUILD_OUTPUT=$(abspath $(dir $(lastword $(MAKEFILE_LIST))))/../|' \
		"$1/usr/src/linux-headers-$2/Makefile"
	rm -f "$1/usr/lib/modules/$2"/{build,source} \
		"$1/lib/modules/$2"/{build,source}
}

# kernel_own IMAGE KDIR: a kernel of the caller's.
kernel_own()
{
	local image=$1 build=$2

	[[ -f $image ]] ||
		die "no such kernel: '$image' (6.12, 6.1-rt, 5.10, debug, kcsan, ..., or a bzImage)"
	[[ -n $build ]] || die "a bzImage needs its build tree: add --kdir DIR"
	[[ -s $build/include/config/kernel.release ]] ||
		die "$build is no built kernel tree: no include/config/kernel.release"
	KERNEL_IMAGE=$image
	KERNEL_BUILD=$(cd "$build" && pwd)
	KERNEL_RELEASE=$(<"$build/include/config/kernel.release")
	KERNEL_TREE=$WORK/tree
	say "collecting the modules of $KERNEL_RELEASE"
	mkdir -p "$KERNEL_TREE"
	# Set by arch_resolve().
	# shellcheck disable=SC2153
	run_logged "$WORK/modules_install.log" "${KERNEL_MAKE[@]}" \
		-C "$KERNEL_BUILD" modules_install INSTALL_MOD_PATH="$KERNEL_TREE" ||
		die "modules_install failed in $KERNEL_BUILD"
}
