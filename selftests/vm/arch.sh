# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
# A guest of another architecture: what builds for it here, and the machine
# that the emulator makes for it.
#   KERNEL_ARCH    Debian's name of it
#   KERNEL_MAKE    the make, and its arguments, that build modules for it
#   ARCH_LINUX     the kernel's name of it
#   ARCH_TRIPLET   what its compiler is called after; empty for our own
#   ARCH_QEMU      the emulator and its machine
#   ARCH_APPEND    what tells the kernel the port for its log, and more
#   ARCH_CHANNEL   the device with the results, in the guest
#   ARCH_MODULES   the kernel modules it takes

# arch_resolve LINE: the architecture is its last word, or our own.
arch_resolve()
{
	local own

	own=$(dpkg --print-architecture)
	KERNEL_ARCH=$own KERNEL_MAKE=(make) ARCH_LINUX=x86 ARCH_TRIPLET=''
	ARCH_QEMU=(qemu-system-x86_64)
	# A guest that gets no processor for a while has no broken timer.
	ARCH_APPEND="console=ttyS0 no_timer_check" ARCH_CHANNEL=/dev/ttyS1 ARCH_MODULES=''
	case ${1##*/} in
	*-"$own")	;;
	*-arm64)	arch_arm64 ;;
	*-s390x)	arch_s390x ;;
	esac
}

arch_arm64()
{
	arch_foreign arm64 arm64 aarch64-linux-gnu qemu-system-arm \
		qemu-system-aarch64 -machine virt,gic-version=3 -cpu cortex-a72
	ARCH_APPEND=console=ttyAMA0 ARCH_CHANNEL=/dev/ttyS0
}

# Big-endian
arch_s390x()
{
	arch_foreign s390x s390 s390x-linux-gnu qemu-system-misc \
		qemu-system-s390x -machine s390-ccw-virtio
	# Its own second port would get the kernel's log, too.
	ARCH_APPEND=console=ttysclp0 ARCH_CHANNEL=/dev/hvc0
	ARCH_MODULES=virtio_console
}

# arch_foreign DEBIAN LINUX TRIPLET QEMU-PACKAGE QEMU...: the compiler is the
# one that Debian 12 builds its kernels with.
arch_foreign()
{
	local packages="gcc-12-${3//_/-} $4 rsync" program

	KERNEL_ARCH=$1 ARCH_LINUX=$2 ARCH_TRIPLET=$3
	ARCH_QEMU=("${@:5}")
	ARCH_CC=$3-gcc-12
	KERNEL_MAKE=(make "ARCH=$2" "CROSS_COMPILE=$3-" "CC=$ARCH_CC")
	for program in "$ARCH_CC" "$5" rsync; do
		command -v "$program" >/dev/null && continue
		die "'$program' is missing: run 'selftests/vm/deps $packages' as root"
	done
}

# arch_archive: packages are of the guest's architecture from now on, until
# archive_own().
arch_archive()
{
	[[ -z $ARCH_TRIPLET ]] || archive_use "$(arch_suite)" "$KERNEL_ARCH"
}

# arch_suite: this machine's own.
arch_suite()
{
	# shellcheck source=/dev/null
	(. /etc/os-release && echo "$VERSION_CODENAME")
}

# What the tool and the C drivers are linked with
ARCH_LIBRARIES=(libc6-dev libgcc-12-dev libjson-c-dev libmnl-dev libncurses-dev
		libtraceevent-dev libtracefs-dev)

# arch_programs: the tool and the drivers, in $PROGRAMS, which is a copy of
# the sources: the checkout has its own.
arch_programs()
{
	local dir=$TOP/out/programs/$KERNEL_ARCH part lib

	arch_sysroot
	lib=$ARCH_SYSROOT/usr/lib
	mkdir -p "$dir/module"
	(
		flock 9
		export PKG_CONFIG_SYSROOT_DIR=$ARCH_SYSROOT
		export PKG_CONFIG_LIBDIR=$lib/$ARCH_TRIPLET/pkgconfig
		arch_copy "$dir" || exit
		for part in tools selftests; do
			make -s -C "$dir/$part" AR="$ARCH_TRIPLET-ar" \
				OBJCOPY="$ARCH_TRIPLET-objcopy" \
				CC="$ARCH_CC --sysroot=$ARCH_SYSROOT" \
				>&2 9>&- || exit
		done
	) 9>"$dir.lock" ||
		die "the tool or the tests do not build for $KERNEL_ARCH: see above"
	PROGRAMS=$dir
}

# arch_copy DIR: sources only; what was built of them before stays.
arch_copy()
{
	rsync -a --delete --prune-empty-dirs --include='*/' \
		--include='*.[ch]' --include='*.map' --include=Makefile \
		--exclude='*' "$TOP"/{tools,selftests} "$1/" &&
		rsync -a --delete "$TOP/module/include" "$1/module/"
}

# arch_sysroot: sets ARCH_SYSROOT, a folder with headers and libraries.
arch_sysroot()
{
	local closure key

	arch_archive
	closure=$(archive_memo archive_closure "${ARCH_LIBRARIES[@]}") || exit
	key=sysroot/$KERNEL_ARCH-$(sha256sum <<<"$closure" | cut -c1-16)
	# One word a package.
	# shellcheck disable=SC2086
	cache_fill "$key" arch_sysroot_make $closure
	archive_own
	ARCH_SYSROOT=$CACHE/$key
}

# arch_sysroot_make PACKAGE=VERSION... DIR
arch_sysroot_make()
{
	local dir=${*: -1}

	mkdir -p "$dir/usr/lib"
	ln -s usr/lib "$dir/lib"
	archive_unpack "$dir" "${@:1:$#-1}" || return
	rm -rf "$dir"/usr/share/{doc,man,locale}
}

# arch_selftests DIR: what the checkout's folder has for another machine goes;
# a test that wants it says so.
arch_selftests()
{
	local file

	find "$1" -type f -perm -u+x | while read -r file; do
		[[ $(head -c 4 "$file" | tr -d '\0') != $'\x7fELF' ]] ||
			rm "$file"
	done
	find "$PROGRAMS/selftests" -maxdepth 1 -type f -perm -u+x \
		-exec cp {} "$1" \;
}

# arch_needed FILE...: the libraries they are linked with, in the sysroot.
arch_needed()
{
	local name

	readelf -d "$@" 2>/dev/null |
		sed -n 's/.*(NEEDED).*\[\(.*\)\]$/\1/p' | sort -u |
		while read -r name; do
			find "$ARCH_SYSROOT"/usr/lib -name "$name"
		done
}

# arch_applets TREE: what its busybox would say, which does not run here.
arch_applets()
{
	local dir=$1.busybox

	(
		archive_own
		archive_unpack "$dir" \
			"busybox-static=$(archive_version busybox-static)"
	) || return
	"$dir/bin/busybox" --list
	rm -rf "$dir"
}
