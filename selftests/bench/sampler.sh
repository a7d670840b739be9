#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# In the guest that counts instructions: what the look once a second costs.
# Prints "sampler INSTRUCTIONS WHAT".  The module says how many nanoseconds its
# last look has taken, in thousands; here they are instructions.
#
#   sampler.sh RECORDS "LISTENERS..."

here=$(cd "$(dirname "$0")" && pwd)
PARAMETERS=/sys/module/tcpstates/parameters
warmup=0 count=0
. "$here/loads.sh"

say()
{
	echo "sampler $1 $2"
}

# looks COUNT: the least and the most of so many, 1 s apart
looks()
{
	local i
	for ((i = 0; i < $1; i++)); do
		sleep 1
		cut -d ' ' -f 1 $PARAMETERS/look_us
	done | sort -n | sed -n '1p; $p' | tr '\n' ' '
}

# told COMMAND...: somebody who makes sockets and says so, until "untold"
told()
{
	mkfifo /tmp/go /tmp/there
	setsid "$@" < /tmp/go > /tmp/there &
	teller=$!
	exec 3> /tmp/go 4< /tmp/there
	rm /tmp/go /tmp/there
}

# answered WORD
answered()
{
	local answer
	read -r answer <&4
	[ "$answer" = "$1" ] || { echo "bench: $answer, not $1"; exit 1; }
}

untold()
{
	exec 3>&- 4<&-
	wait "$teller" 2> /dev/null
	sleep 3
}

load_module()
{
	insmod "$TCPSTATES_KO" clock=tsc max_connections=2097152 || exit 1
}

# What unloading takes: the time of the kernel and of whoever it waits for
unload()
{
	local begin
	begin=$("$here/load" clock)
	rmmod tcpstates
	echo $(($("$here/load" clock) - begin))
}

listeners()
{
	local least most
	told "$here/../plight" 127.0.0.1 20000
	echo "listen 16" >&3
	answered "done"
	if [ "$1" -gt 1 ]; then
		echo "crowd $(($1 - 1))" >&3
		answered "done"
	fi
	sleep 2
	read -r least most < <(looks 5)
	say $((least * 1000)) "a look: $1 listeners"
	[ "$1" -lt 10000 ] ||
		say "$(unload)" "ns to unload: $1 listeners"
	[ "$1" -lt 10000 ] || load_module
	untold
}

# Sockets are walked when some rule has to know how old those of a state are.
records()
{
	local least most seconds=0
	told "$here/crowd" "$1"
	answered there
	exec 5>&3 6<&4
	crowd=$teller
	sleep 2
	read -r least most < <(looks 5)
	say $((least * 1000)) "a look: $1 connections, none of them asked for"
	echo "close_wait_leak age=1 count=100" > $PARAMETERS/rule
	told "$here/../plight" 127.0.0.1 20000
	printf 'listen 200\nopen 150\naccept 150\nclose client\n' >&3
	answered "done"
	answered "done"
	answered "done"
	answered "done"
	while ! grep -q ^culprit /proc/tcpstates; do
		[ $((seconds += 1)) -lt 60 ] || exit 1
		sleep 1
	done
	read -r least most < <(looks 10)
	say $((most * 1000)) "a look: $1 connections, walked for 150 of them"
	say $((seconds * 1000000000)) "ns until 150 of $1 were an alert"
	say "$(unload)" "ns to unload while $1 are walked"
	untold
	exec 5>&- 6<&-
	wait "$crowd" 2> /dev/null
}

load_module
sleep 2
say "$(unload)" "ns to unload: nothing there"
load_module
echo "kernel $(uname -r)"
"$here/load" seed
ip link set lo up
syn_network 1
sysctl -qw fs.file-max=4000000 net.ipv4.ip_local_port_range="61000 65000"
ulimit -n 1048576
for nr in $2; do
	listeners "$nr"
done
records "$1"
exit 0
