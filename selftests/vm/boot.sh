# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
# One guest: qemu with the kernel log on one serial port and the results on
# another.

boot_can_kvm()
{
	grep -qE '^flags.* (vmx|svm)( |$)' /proc/cpuinfo && [[ -w /dev/kvm ]]
}

# boot_has_virtual: KVM has no clock but the real one.
boot_has_virtual()
{
	[[ $KERNEL != *-arm64 && $KERNEL != *-s390x ]] && ! boot_can_kvm
}

# boot_cpus: how many of them there can be. By a virtual clock, 5.10 and 6.1 wait for their
# second processor for ever.
boot_cpus()
{
	case $CLOCK:$KERNEL in
	virtual:5.10*|virtual:6.1|virtual:6.1-*)	echo 1 ;;
	*)	echo "$CPUS" ;;
	esac
}

# boot_shift: an instruction takes two to the power of it, in nanoseconds. A kernel for
# debugging takes ten of them where others take one.
boot_shift()
{
	case $KERNEL in
	debug|kcsan)	echo 0 ;;
	*)		echo 2 ;;
	esac
}

# boot_arguments: fills QEMU from the options of the run.
boot_arguments()
{
	QEMU=("${ARCH_QEMU[@]}" -no-user-config -nodefaults -display none
	      -no-reboot -m "$MEM" -kernel "$KERNEL_IMAGE"
	      -initrd "$WORK/initramfs")
	boot_ports
	# The emulator translates a program again where its addresses have
	# changed: without norandmaps a guest's shell scripts take twice as long.
	APPEND="$ARCH_APPEND ignore_loglevel panic=-1 oops=panic norandmaps"
	if [[ $ICOUNT == yes ]]; then
		QEMU+=(-accel tcg -smp "$CPUS" -icount "shift=0,sleep=off" -seed 1
		       -rtc "base=2024-01-01,clock=vm")
		APPEND+=" nokaslr"
	elif [[ $CLOCK == virtual ]]; then
		QEMU+=(-accel tcg -smp "$(boot_cpus)" -rtc clock=vm
		       -icount "shift=$(boot_shift),sleep=off")
	elif [[ -z $ARCH_TRIPLET ]] && boot_can_kvm; then
		QEMU+=(-accel kvm -cpu host -smp "$CPUS")
	else
		QEMU+=(-accel "tcg,thread=$THREADS" -smp "$CPUS")
		# Without a source of random numbers the first who wants one has the
		# kernel spin for two seconds.
		[[ -n $ARCH_TRIPLET ]] || QEMU+=(-cpu "qemu64,+rdrand")
	fi
	APPEND+=" $EXTRA_APPEND"
}

# boot_ports: for the log and for what the caller connects as "results".
boot_ports()
{
	local log=file:$OUT/console.log

	case $KERNEL_ARCH in
	arm64)	QEMU+=(-serial "$log" -device "pci-serial,chardev=results") ;;
	s390x)	QEMU+=(-serial "$log" -device virtio-serial-ccw
			-device "virtconsole,chardev=results") ;;
	*)	QEMU+=(-serial "$log" -serial chardev:results) ;;
	esac
}

# boot_start: the guest in the background, its results in $WORK/results. The
# host's limit is there for a guest that cannot end itself.
boot_start()
{
	mkfifo "$WORK/results"
	HOST_TIMEOUT=$(tests_time)
	boot_guarded >"$WORK/results" 8>&- &
	QEMU_PID=$!
}

boot_guarded()
{
	boot_once
	boot_lost || return 0
	mv "$OUT/console.log" "$OUT/console.lost.log"
	say "the emulator lost the guest while it booted (console.lost.log):" \
		"once more"
	boot_once
}

# boot_lost: with a thread for each processor QEMU 7.2 sometimes runs a
# breakpoint that the kernel has just taken away. Before "up" nothing of ours
# has run yet.
boot_lost()
{
	[[ $THREADS == multi && ! -e $WORK/timeout ]] &&
		! grep -qa 'tcpstates-vm: up' "$OUT/console.log" &&
		grep -qa 'Oops: int3' "$OUT/console.log"
}

boot_once()
{
	local pid status=0 begun=$SECONDS

	trap 'kill "$pid" 2>/dev/null' TERM
	timeout -k 5 "$HOST_TIMEOUT" "${QEMU[@]}" -append "$APPEND" \
		-chardev stdio,id=results,signal=off </dev/null 2>"$OUT/qemu.log" &
	pid=$!
	wait "$pid" 2>/dev/null || status=$?
	((status == 0 || SECONDS - begun < HOST_TIMEOUT)) ||
		: >"$WORK/timeout"
}

# boot_cost: seconds of a processor that the guest has taken so far. The emulator is
# the child of "timeout", which is ours.
boot_cost()
{
	local timeout

	timeout=$(pgrep -P "$QEMU_PID" -x timeout) &&
		ps -o cputimes= --ppid "$timeout" | tr -d ' '
}

# boot_terminal: the caller's terminal is the guest's second serial port.
boot_terminal()
{
	local warnings

	"${QEMU[@]}" -append "$APPEND" -mon chardev=results \
		-chardev stdio,id=results,mux=on,signal=off || return
	echo
	grep -qa 'tcpstates-vm: shell' "$OUT/console.log" ||
		die "the guest did not come up: see $OUT/console.log"
	warnings=$(verdict_warnings "$OUT/console.log") || return 0
	say "the kernel warned, see $OUT/console.log:"
	echo "$warnings" >&2
}
