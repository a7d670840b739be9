#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# packages: iproute2 hping3 util-linux
# modules: veth tcp_diag inet_diag
# timeout: 600
#
# Everything at once: SYN floods over a wire, connections that end in every way here
# and in a second namespace, namespaces that come and go with theirs, processors that
# go and come, readers of /proc and of netlink, a subscriber that never reads; and the
# module is unloaded and loaded all the time.  Where the kernel can, one in a hundred of
# its allocations fails: those of the network, which cannot wait, and all of the
# module's.  Afterwards gauges are the kernel's, and the memory is back.
#
#   STORM_LOADS=COUNT       loads (10)
#   STORM_NAMESPACES=COUNT  namespaces that come and go (30)
#   STORM_FAULTS=0          no allocation fails
#   STORM_WITHOUT=NAMES     not these: connections,churn,readers,processors,never_reads

# The functions below are called through is() and poll(); A && B || C means that.
# shellcheck disable=SC2317,SC2015,SC2086

. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/alerts_lib.sh"

need swarm ss ip awk hping3 tcpstatectl
in_own_namespace
loads=${STORM_LOADS:-10}
namespaces=${STORM_NAMESPACES:-30}
without=${STORM_WITHOUT:-}
[[ ,$without, != *,churn,* ]] || namespaces=0
dir=$(mktemp -d)
at_exit "rm -rf $dir"
mod_setup
PORT=7700
CPU=/sys/devices/system/cpu/cpu1/online
export -f gauges_are_kernels proc_gauges ss_gauges balanced
export PROC STATES

# --- allocations that fail --------------------------------------------------------

FAULTS=/sys/kernel/debug
can_fail()
{
	[ "${STORM_FAULTS:-1}" != 0 ] && [ -e $FAULTS/failslab/require-start ] &&
		[ -e $FAULTS/fail_page_alloc/require-start ]
}

# fault_set KIND NAME VALUE...
fault_set()
{
	local kind=$1
	shift
	while [ $# -gt 0 ]; do
		echo "$2" > "$FAULTS/$kind/$1" || return
		shift 2
	done
}

# Slab objects of all who cannot wait for memory; pages whoever asks for them on the
# module's behalf.  Where modules live is the same on all x86.
faults_begin()
{
	can_fail || return 0
	fault_set failslab require-start 0 require-end 0xffffffffffffffff \
		ignore-gfp-wait Y verbose 0 interval 1 times -1 probability 1 &&
		fault_set fail_page_alloc require-start 0xffffffffa0000000 \
			require-end 0xffffffffff000000 ignore-gfp-wait N \
			min-order 0 verbose 0 interval 1 times -1 probability 1
}

# What the module asks for, slab objects too, from half of the time on
faults_of_module()
{
	can_fail || return 0
	fault_set failslab require-start 0xffffffffa0000000 \
		require-end 0xffffffffff000000 ignore-gfp-wait N
}

faults_end()
{
	can_fail || return 0
	fault_set failslab probability 0 && fault_set fail_page_alloc probability 0
}
at_exit faults_end

# --- the storm ----------------------------------------------------------------------

storm=()

going()
{
	[ ! -e "$dir/stop" ]
}

# blow COMMAND...: in the background, until the end
blow()
{
	[[ ,$without, != *,$1,* ]] || return 0
	"$@" &
	storm+=($!)
}

# Again and again, each with another seed
connections()
{
	local seed=$1
	shift
	while going; do
		"$@" swarm chaos $((PORT + seed)) 500 $RANDOM 2> "$dir/swarm$seed" ||
			cat "$dir/swarm$seed" >> "$dir/failed"
		echo 500 >> "$dir/connections"
	done
}

# Whoever is told that there is no memory tries the next one.
churn()
{
	local n=0
	while going || [ $n -lt "$namespaces" ]; do
		ip netns add tcps_k && ip -n tcps_k link set lo up &&
			ip netns exec tcps_k swarm chaos 7600 20 $RANDOM &&
			ip netns exec tcps_k cat /proc/tcpstates > /dev/null
		ip netns del tcps_k && n=$((n + 1))
		echo $n > "$dir/namespaces"
	done 2> /dev/null
}

came_and_went()
{
	[ "$(cat "$dir/namespaces")" -ge "$namespaces" ]
}

readers()
{
	local said
	while going; do
		cat "$PROC" > "$dir/proc"
		tcpstatectl show -j > "$dir/json"
		tcpstatectl conns > "$dir/conns"
		for said in proc json conns; do
			[ ! -s "$dir/$said" ] || echo $said >> "$dir/reads"
		done
		awk '$1 == "state" && $3 ~ /^-./' "$dir/proc" >> "$dir/negative"
	done 2> /dev/null
}

# Of those that were read, and some were
none_negative()
{
	cat "$dir/negative"
	[ ! -s "$dir/negative" ] && grep -q proc "$dir/reads"
}

processors()
{
	[ -e $CPU ] || return 0
	while going; do
		echo 0 > $CPU
		sleep 0.3
		echo 1 > $CPU
		sleep 0.3
	done 2> /dev/null
}
at_exit "[ ! -e $CPU ] || echo 1 > $CPU"

# It is told of every alert, and stands still.
never_reads()
{
	local pid
	while going; do
		tcpstatectl alerts --follow > /dev/null 2>&1 &
		pid=$!
		sleep 0.5
		kill -STOP $pid
		sleep 2
		kill -KILL $pid
		wait $pid
	done 2> /dev/null
}

begin()
{
	local i
	alert_network && flood_network || return
	ip netns add tcps_i && ip -n tcps_i link set lo up || return
	at_exit "ip netns del tcps_i 2> /dev/null"
	at_exit "touch $dir/stop"
	plain_listener
	for i in 1 2 3; do
		flood_start 192.0.2.1 $((PORT + 90))
	done
	blow connections 1
	blow connections 2
	blow connections 3 ip netns exec tcps_i
	blow churn
	blow readers
	blow processors
	blow never_reads
	faults_begin
}

# Somebody has to listen, or there would be nothing but resets.
plain_listener()
{
	mkfifo "$dir/listen"
	swarm open $((PORT + 90)) 1 < "$dir/listen" > /dev/null 2>&1 &
	storm+=($!)
	exec 8> "$dir/listen"
	poll 20 listens
}

listens()
{
	[ -n "$(ss -Htln sport = :$((PORT + 90)))" ]
}

# Which may be refused for want of memory: then there is nothing of it.
load_again()
{
	local tries=0
	until mod_load 2> "$dir/insmod"; do
		grep -qi "cannot allocate memory" "$dir/insmod" &&
			[ ! -e "$PROC" ] && ! mod_loaded && tries=$((tries + 1)) &&
			[ $tries -lt 200 ] || { cat "$dir/insmod"; return 1; }
	done
	refused=$((refused + tries))
}

# A dump that is under way holds it for that moment.
unload_again()
{
	local tries=0
	until rmmod tcpstates 2> "$dir/rmmod"; do
		grep -q "in use" "$dir/rmmod" && tries=$((tries + 1)) &&
			[ $tries -lt 200 ] || { cat "$dir/rmmod"; return 1; }
		sleep 0.05
	done
	[ ! -e "$PROC" ] && ! mod_loaded
}

again_and_again()
{
	local i
	for ((i = 0; i < loads; i++)); do
		[ $i != $((loads / 2)) ] || faults_of_module
		unload_again && load_again || { echo "load $i failed"; return 1; }
		sleep 0.2
	done
}

end()
{
	faults_end
	touch "$dir/stop"
	exec 8>&-
	flood_stop
	wait "${storm[@]}"
	# Where memory may be refused, connections may, too.
	can_fail || [ ! -s "$dir/failed" ] || { cat "$dir/failed"; false; }
}

right_in()
{
	if [ $1 = here ]; then
		bash -c gauges_are_kernels
	else
		ip netns exec $1 bash -c gauges_are_kernels
	fi
}

balanced_in()
{
	if [ $1 = here ]; then
		balanced < "$PROC"
	else
		ip netns exec $1 cat /proc/tcpstates | balanced
	fi
}

# Pages of per-CPU memory, which is where counters are, and the module's own objects,
# in KiB: "PERCPU VMALLOC"
memory()
{
	awk '/^Percpu:/ { percpu = $2 } /^VmallocUsed:/ { vmalloc = $2 }
	END { print percpu, vmalloc }' /proc/meminfo
}

# Without the module, and without what the storm has made; the kernel frees
# namespaces later.
is_back()
{
	local percpu vmalloc
	read -r percpu vmalloc < <(memory)
	echo "per-CPU memory $percpu KiB, was $1; vmalloc $vmalloc, was $2"
	[ "$percpu" -le $(($1 + 256)) ] && [ "$vmalloc" -le $(($2 + 1024)) ]
}

memory_is_back()
{
	mod_unload && ip netns del tcps_i && poll 60 is_back $1 > "$dir/back" ||
		{ tail -n 1 "$dir/back"; false; }
}

refused=0
: > "$dir/negative"
: > "$dir/connections"
: > "$dir/reads"
echo 0 > "$dir/namespaces"
ktap_begin 10
# Once, so that what is made once is there
ip netns add tcps_k && ip netns exec tcps_k cat /proc/tcpstates > /dev/null
ip netns del tcps_k
mod_unload
before=$(memory)
mod_load
started=$SECONDS
begin > "$dir/begun" 2>&1
is "the storm begins" [ $? -eq 0 ]
note < "$dir/begun"
again_and_again > "$dir/loads"
is "unloaded and loaded $loads times in it" [ $? -eq 0 ]
note < "$dir/loads"
is "$namespaces namespaces have come and gone" poll 3600 came_and_went
took=$((SECONDS - started))
end > "$dir/ended" 2>&1
is "the storm ends" [ $? -eq 0 ]
note < "$dir/ended"
note "$(cat "$dir/namespaces") namespaces," \
	"$(awk '{ n += $1 } END { print n }' "$dir/connections") connections" \
	"in $took s; $refused loads refused for want of memory"
if [[ ,$without, == *,readers,* ]]; then
	skip "no gauge was ever negative" "nobody reads"
else
	is "no gauge was ever negative" none_negative
fi
note "read: $(sort "$dir/reads" | uniq -c | tr -s ' \n' ' ')"
for ns in here tcps_i; do
	is "$ns: gauges are the kernel's" poll 120 right_in $ns
	is "$ns: entered - left = current" balanced_in $ns
done
note "$(grep ^counter "$PROC" | awk '$3 { printf "%s %s, ", $2, $3 }')"
memory_is_back "$before" > "$dir/said"
is "the memory is back" [ $? -eq 0 ]
note < "$dir/said"
ktap_end
