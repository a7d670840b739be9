# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
# The kernels built for debugging: Debian's 6.12 source with debug.config, for
# kcsan also with kcsan.config.

# debug_resolve LINE: sets the KERNEL_* variables, see kernel.sh.
debug_resolve()
{
	local key

	DEBUG_CONFIGS=("$VM/debug.config")
	[[ $1 == debug ]] || DEBUG_CONFIGS+=("$VM/$1.config")
	source_resolve 6.12
	key=$(cat "${DEBUG_CONFIGS[@]}" | sha256sum)
	key=$1/$SOURCE_VERSION-${key:0:12}
	cache_fill "$key" debug_build
	KERNEL_BUILD=$CACHE/$key
	KERNEL_IMAGE=$KERNEL_BUILD/bzImage
	KERNEL_TREE=$KERNEL_BUILD/modules
	KERNEL_RELEASE=$(<"$KERNEL_BUILD/include/config/kernel.release")
}

debug_build()
{
	local dir=$1 log=$1/build.log tool ticker status=0

	for tool in flex bison bc gcc make cpio; do
		need "$tool" "$tool"
	done
	debug_configure "$dir" "$log" || return
	say "building the debug kernel, about 7 minutes on 2 cores ($log)"
	debug_progress "$log" &
	ticker=$!
	run_logged "$log" nice make -C "$SOURCE" O="$dir" \
		-j"$(nproc)" bzImage modules || status=$?
	kill "$ticker"
	wait "$ticker" 2>/dev/null
	((status == 0)) || return "$status"
	mv "$dir/arch/x86/boot/bzImage" "$dir/bzImage" || return
	debug_modules "$dir" "$log" && debug_prune "$dir"
}

# debug_progress LOG: a sign of life each minute.
debug_progress()
{
	local minutes=0

	while sleep 60 >/dev/null 2>&1 && kill -0 "$$"; do
		minutes=$((minutes + 1))
		say "building the debug kernel: $minutes min," \
			"$(grep -c '^  CC ' "$1") files compiled"
	done
}

# debug_configure DIR LOG: an option that did not hold is named.
debug_configure()
{
	local dir=$1 log=$2 missing

	run_logged "$log" make -C "$SOURCE" O="$dir" tinyconfig || return
	run_logged "$log" "$SOURCE/scripts/kconfig/merge_config.sh" -m \
		-O "$dir" "$dir/.config" "${DEBUG_CONFIGS[@]}" || return
	run_logged "$log" make -C "$SOURCE" O="$dir" olddefconfig || return
	missing=$(debug_wanted | grep -vxFf "$dir/.config" | tr '\n' ' ')
	[[ -z $missing ]] && return 0
	say "options of ${DEBUG_CONFIGS[*]##*/} that the kernel refused: $missing"
	return 1
}

# debug_wanted: what is to be built in, where the last word counts.
debug_wanted()
{
	sed -n 's/^# \(CONFIG_[A-Z0-9_]*\) is not set$/\1=n/p; /^CONFIG_/p' \
		"${DEBUG_CONFIGS[@]}" |
		awk -F= '{ last[$1] = $0 } END { for (o in last) print last[o] }' |
		grep -x 'CONFIG_[A-Z0-9_]*=y'
}

# debug_modules DIR LOG: the names of what is built in, for modprobe.
debug_modules()
{
	run_logged "$2" make -C "$SOURCE" O="$1" modules_install \
		INSTALL_MOD_PATH="$1/modules" || return
	rm -f "$1"/modules/lib/modules/*/{build,source}
}

# debug_prune DIR: keep what building a module against it takes.
debug_prune()
{
	find "$1" \( -path "$1/scripts" -o -path "$1/tools" -o \
		-path "$1/modules" \) -prune -o -type f \
		\( -name '*.o' -o -name '*.a' -o -name '.*.cmd' \) \
		-exec rm -f {} +
}
