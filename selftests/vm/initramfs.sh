# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
# What a guest starts from: the cached programs, and after them a small
# archive with everything of this checkout and this run.

# initramfs_make FILE: reads ROOT, KERNEL_*, MODULE_KO and the folder
# $WORK/overlay, which holds guest.conf already.
initramfs_make()
{
	local overlay=$WORK/overlay

	install -D -m 755 "$VM/guest/init" "$overlay/init"
	mkdir -p "$overlay/selftests" "$overlay/usr/local/bin"
	initramfs_selftests "$overlay/selftests"
	[[ -z $MODULE_KO ]] ||
		install -D "$MODULE_KO" "$overlay/usr/lib/tcpstates/tcpstates.ko"
	[[ ! -x $PROGRAMS/tools/tcpstatectl ]] ||
		install "$PROGRAMS/tools/tcpstatectl" "$overlay/usr/local/bin/"
	initramfs_source "$overlay"
	initramfs_libraries "$overlay"
	initramfs_modules "$overlay"
	[[ $HEADERS == no ]] || initramfs_headers "$overlay"
	root_pack "$overlay" >"$WORK/overlay.cpio"
	cat "$ROOT/cpio" "$WORK/overlay.cpio" >"$1"
}

# initramfs_source OVERLAY: the contract of the netlink family, and what tests
# want of the kernel's source.
initramfs_source()
{
	mkdir -p "$1/docs" "$1/usr/src/linux"
	cp -r "$TOP/docs/netlink" "$1/docs/"
	[[ ${#SOURCE_PATHS[@]} -eq 0 ]] ||
		tar -C "$SOURCE" -cf - "${SOURCE_PATHS[@]}" |
			tar -C "$1/usr/src/linux" -xf -
}

# initramfs_selftests DIR: the whole folder, with its compiled drivers.
initramfs_selftests()
{
	tar -C "$TOP/selftests" --exclude='*.o' -cf - . |
		tar -C "$1" -xf -
	[[ -z $ARCH_TRIPLET ]] || arch_selftests "$1"
}

# initramfs_libraries OVERLAY: what the checkout's own programs are linked
# with and no package brought.
initramfs_libraries()
{
	local library to

	find "$1/selftests" "$1/usr/local/bin" -type f -perm -u+x |
		initramfs_needed | sort -u |
		while read -r library; do
			to=/usr/lib/${library##*/lib/}
			[[ -e $ROOT/tree$to ]] && continue
			install -D "$library" "$1$to"
		done
}

# initramfs_needed: the libraries of the programs that stdin names.
initramfs_needed()
{
	local file

	while read -r file; do
		if [[ -n $ARCH_TRIPLET ]]; then
			arch_needed "$file"
		else
			ldd "$file" 2>/dev/null |
				awk '$2 == "=>" && $3 ~ /^\// { print $3 }'
		fi || :
	done
}

# initramfs_modules OVERLAY: the kernel modules that were asked for, and
# those they need; a name the kernel does not have is said, not fatal: the
# test can skip.
initramfs_modules()
{
	local to=$1/usr/lib/modules/$KERNEL_RELEASE name file
	local from=$KERNEL_TREE/lib/modules/$KERNEL_RELEASE

	mkdir -p "$to"
	cp "$from"/modules.{order,builtin,builtin.modinfo} "$to" 2>/dev/null || :
	for name in "${KERNEL_MODULES[@]}"; do
		/sbin/modprobe -d "$KERNEL_TREE" -S "$KERNEL_RELEASE" \
			--ignore-install --show-depends "$name" 2>/dev/null ||
			say "the kernel $KERNEL_RELEASE has no module $name"
	done | awk '$1 == "insmod" { print $2 }' | sort -u |
		while read -r file; do
			install -D -m 644 "$file" "$to/${file##*/"$KERNEL_RELEASE"/}"
		done
	/sbin/depmod -b "$1/usr" "$KERNEL_RELEASE"
}

# initramfs_headers OVERLAY: what the kernel was built with, and what is the
# same for all of Debian's flavours of it, where Debian's packages have them.
initramfs_headers()
{
	local to=$1/usr/lib/modules/$KERNEL_RELEASE
	local common=${KERNEL_BUILD%-"$KERNEL_ARCH"}-common

	mkdir -p "$to"/{build,source}
	tar -C "$KERNEL_BUILD" -cf - .config include \
		"arch/$ARCH_LINUX/include" |
		tar -C "$to/build" -xf -
	tar -C "$common" -cf - include "arch/$ARCH_LINUX/include" |
		tar -C "$to/source" -xf -
}
