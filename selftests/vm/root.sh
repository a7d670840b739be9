# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
# The programs of the guest: Debian packages with all they depend on, unpacked
# (their maintainer scripts are not run) and packed as an initramfs.

ROOT_BASE=(bash busybox-static iproute2 kmod)

# root_there: leaves out of "wanted" what another architecture does not have
root_there()
{
	local there name

	[[ -n $ARCH_TRIPLET ]] || return 0
	there=$(archive_memo archive_there "${wanted[@]}") || exit
	for name in $(comm -13 <(echo "$there") <(printf '%s\n' "${wanted[@]}")); do
		say "there is no $name for $KERNEL_ARCH: a test that wants it says so"
	done
	mapfile -t wanted <<<"$there"
}

# root_resolve PACKAGE...: sets ROOT (a folder with tree/ and cpio).
root_resolve()
{
	local wanted closure key

	mapfile -t wanted < <(printf '%s\n' "${ROOT_BASE[@]}" "$@" | sort -u)
	arch_archive
	root_there
	closure=$(archive_memo archive_closure "${wanted[@]}") || exit
	key=root/${ARCH_TRIPLET:+$KERNEL_ARCH-}
	key+=$(sha256sum <<<"$closure" | cut -c1-16)
	# One word a package.
	# shellcheck disable=SC2086
	cache_fill "$key" root_make $closure
	archive_own
	ROOT=$CACHE/$key
}

# root_make PACKAGE=VERSION... DIR
root_make()
{
	local dir=${*: -1} tree=${*: -1}/tree name

	for name in bin sbin lib lib32 lib64 libx32; do
		mkdir -p "$tree/usr/$name"
		ln -s "usr/$name" "$tree/$name"
	done
	archive_unpack "$tree" "${@:1:$#-1}" || return
	root_trim "$tree"
	root_accounts "$tree"
	root_alternatives "$tree"
	root_nginx "$tree"
	# Another machine's libraries are all where its loader looks first.
	[[ -n $ARCH_TRIPLET ]] || /sbin/ldconfig -r "$tree"
	say "packing $(du -sm "$tree" | cut -f1) MB of programs for the guest"
	root_pack "$tree" >"$dir/cpio"
}

# root_trim TREE: what nobody reads in a guest.
root_trim()
{
	rm -rf "$1"/usr/share/{doc,man,info,locale,lintian,bug,zoneinfo} \
		"$1"/usr/share/{i18n,pixmaps,debconf,perl5,gcc} \
		"$1"/usr/lib/*-linux-gnu/{gconv,perl-base} \
		"$1"/var/cache/* "$1"/lib/systemd
	mkdir -p "$1"/{dev,proc,sys,tmp,run,root,mnt,var/log,var/tmp}
	chmod 1777 "$1/tmp" "$1/var/tmp"
}

# root_accounts TREE: what the scripts of base-passwd would have made.
root_accounts()
{
	cat >"$1/etc/passwd" <<-END
		root:x:0:0:root:/root:/bin/bash
		daemon:x:1:1:daemon:/usr/sbin:/usr/sbin/nologin
		www-data:x:33:33:www-data:/var/www:/usr/sbin/nologin
		nobody:x:65534:65534:nobody:/nonexistent:/usr/sbin/nologin
	END
	cat >"$1/etc/group" <<-END
		root:x:0:
		daemon:x:1:
		adm:x:4:
		www-data:x:33:
		nogroup:x:65534:
	END
	echo '127.0.0.1 localhost guest' >"$1/etc/hosts"
	echo '::1 localhost' >>"$1/etc/hosts"
	echo 'hosts: files' >"$1/etc/nsswitch.conf"
}

# root_alternatives TREE: busybox for every name no package has taken.
root_alternatives()
{
	local applet

	root_applets "$1" | while read -r applet; do
		[[ -e $1/usr/bin/$applet || -e $1/usr/sbin/$applet ]] ||
			ln -s busybox "$1/usr/bin/$applet"
	done
	ln -sf bash "$1/usr/bin/sh"
	[[ -e $1/usr/bin/mawk ]] && ln -sf mawk "$1/usr/bin/awk"
	return 0
}

# root_applets TREE: their names.
root_applets()
{
	if [[ -n $ARCH_TRIPLET ]]; then
		arch_applets "$1"
	else
		"$(readlink -f "$1/bin/busybox")" --list
	fi
}

# root_nginx TREE: the default site, as its script would have enabled it.
root_nginx()
{
	[[ -d $1/etc/nginx/sites-enabled ]] || return 0
	ln -s ../sites-available/default "$1/etc/nginx/sites-enabled/default"
	mkdir -p "$1/var/www/html"
	cp "$1/usr/share/nginx/html/index.html" "$1/var/www/html/"
}

# root_pack TREE: on stdout, owned by root.
root_pack()
{
	(cd "$1" && find . -mindepth 1 | LC_ALL=C sort |
		cpio -o -H newc -R 0:0 --quiet)
}
