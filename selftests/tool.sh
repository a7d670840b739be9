#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# packages: iproute2 util-linux gojq procps hping3
# modules: tcp_diag inet_diag
# clock: virtual
# timeout: 300
#
# tcpstatectl conns, listeners, hist, diagram, netns, --all-netns: against ss, /proc and
# the processes that own the sockets.

# The functions below are called through is() and poll().
# shellcheck disable=SC2317,SC2015,SC2016,SC2086,SC2191

. "$(dirname "$0")/lib.sh"

need swarm plight hping3 ss ip awk jq tcpstatectl setpriv pgrep
in_own_namespace
dir=$(mktemp -d)
mod_setup
at_exit "rm -rf $dir"
PORT=7901
COUNT=30
ktap_begin 38

# holding COMMAND...: in the background until let_go
holding()
{
	rm -f "$dir/held"	# of those before
	mkfifo "$dir/go"
	"$@" < "$dir/go" > "$dir/held" &
	holder=$!
	exec 9> "$dir/go"
	poll 20 grep -qs open "$dir/held"
}

let_go()
{
	exec 9>&-
	wait "$holder"
	rm -f "$dir/go"
}

# "LOCAL REMOTE" of connections, as ss writes them and as we do
ss_ends()
{
	ss -Htan "$@" | awk '{ print $(NF - 1), $NF }' | sort
}

our_ends()
{
	tcpstatectl conns "$@" | awk 'NR > 1 { print $3, $4 }' | sort
}

same_ends()
{
	[ "$(our_ends "$@" | wc -l)" -gt 0 ] &&
		diff <(ss_ends "${filter[@]}") <(our_ends "$@")
}

conns_are_those_of_ss()
{
	local filter=(state connected)
	same_ends
}

one_state()
{
	local filter=(state established)
	same_ends state established && same_ends state ESTABLISHED
}

by_port()
{
	local filter=(state connected sport = ":$PORT")
	same_ends sport $PORT
}

by_address()
{
	local filter=(state connected dst 127.0.0.0/8)
	same_ends dst 127.0.0.0/8 && [ "$(our_ends dst 10.0.0.0/8 | wc -l)" -eq 0 ]
}

by_age()
{
	[ "$(our_ends older 1h30m | wc -l)" -eq 0 ] &&
		[ "$(our_ends older 1ms500us | wc -l)" -eq $((2 * COUNT)) ]
}

# The ages of connections that were made between two looks at the clock
ages_are_right()
{
	tcpstatectl conns -j state established |
		jq -e --argjson t "$(($(date +%s) - began))" '
		[.connections[].age_us] | length == '$((2 * COUNT))' and
		min >= 0 and max <= ($t + 1) * 1000000'
}

# ss -p says users:(("swarm",pid=123,fd=4)): both ends are of one process.
owners_are_those_of_ss()
{
	diff <(ss -Htanp state established |
		sed -E 's/.*\(\("([^"]*)",pid=([0-9]+).*/\1\/\2/' | sort) \
		<(tcpstatectl conns state established |
		awk 'NR > 1 { print $5 }' | sort)
}

# As many connections as with processes; one that has some is asked for.
no_processes()
{
	[ "$(tcpstatectl conns -j | jq '[.connections[] | select(.process)] |
		length')" -gt 0 ] &&
	tcpstatectl conns -j --no-processes | jq -e \
		'.connections | length > 0 and all(.process == null and
		.processes == null)' > /dev/null &&
	tcpstatectl listeners -j --no-processes | jq -e \
		'.listeners | length > 0 and all(.processes == null)' > /dev/null
}

# A socket that three processes have open, one of them twice, as ss -p says it:
# "INODE NAME PID FD"
ss_triples()
{
	ss -Htanpe "$@" | awk '{
		match($0, /ino:[0-9]+/)
		inode = substr($0, RSTART + 4, RLENGTH - 4)
		n = split($0, part, "\\(\"")
		for (i = 2; i <= n; i++) {
			split(part[i], p, /[",=)]+/)
			print inode, p[1], p[3], p[5]
		}
	}' | sort
}

our_triples()
{
	tcpstatectl conns -j "$@" | jq -r '.connections[] | .inode as $i |
		.processes[] | .name as $n | .pid as $p | .fds[] |
		"\($i) \($n) \($p) \(.)"' | sort
}

several_owners()
{
	bash -c 'exec 5<> /dev/tcp/127.0.0.1/'$PORT' 6>&5 || exit
		sleep 60 6>&- & sleep 60 & echo open; wait' > "$dir/shared" &
	local parent=$! pids
	poll 20 grep -q open "$dir/shared" || return
	ss_triples dport = ":$PORT" > "$dir/ss"
	our_triples dport $PORT | diff "$dir/ss" - &&
		[ "$(wc -l < "$dir/ss")" -eq $((COUNT + 5)) ] &&
		tcpstatectl conns dport $PORT | grep " bash/$parent,+2 "
	local status=$?
	pids=$(pgrep -P $parent)
	kill $parent $pids
	return $status
}

user_is_said()
{
	tcpstatectl conns -n uid 4321 | awk 'NR > 1 { n++; bad += $6 != 4321 }
		END { exit !(n == 2 * '"$COUNT"' && !bad) }' &&
	[ "$(our_ends uid 4322 | wc -l)" -eq 0 ]
}

cgroup_is_said()
{
	tcpstatectl conns | awk 'NR > 1 { n++; bad += $7 != "/tool_test" }
		END { exit !(n && !bad) }' &&
	[ "$(our_ends cgroup '/tool_test' | wc -l)" -eq $((2 * COUNT)) ]
}

json_is_complete()
{
	tcpstatectl conns -j | jq -e '.version == 1 and .summary.complete and
		.summary.shown == (.connections | length) and
		([.connections[] | has("state", "age_us", "local", "remote",
			"process", "processes",
			"uid", "inode", "cgroup", "cookie", "kind")] |
			all)' > /dev/null
}

# again MEMBER CONDITION COMMAND...: three times the same, at rest
again()
{
	local member=$1 condition=$2
	shift 2
	"$@" -j --interval 0.2 --count 3 | jq -es "length == 3 and
		([.[] | .$member | $condition] | all) and
		.[0].interval_s == null and
		([.[1:][].interval_s >= 0.2] | all)" > /dev/null
}

all_again()
{
	again connections "length == $((2 * COUNT))" \
		tcpstatectl conns state established &&
	again listeners "length == 1" tcpstatectl listeners sport $PORT &&
	again netns "length > 0" in_initial tcpstatectl netns &&
	[ "$(tcpstatectl conns --interval 0.2 --count 2 | grep -c ^STATE)" \
		-eq 2 ] &&
	[ "$(tcpstatectl listeners --interval 0.2 --count 2 | grep -c '^$')" \
		-eq 1 ]
}

listeners_are_those_of_ss()
{
	diff <(ss -Htln | awk '{ print $4, $2, $3 }' | sort) \
		<(tcpstatectl listeners | awk 'NR > 1 { print $1, $5, $6 }' |
			sort)
}

listener_json()
{
	tcpstatectl listeners -j sport $PORT | jq -e '.listeners | length == 1 and
		.[0].local.port == '$PORT' and .[0].process.name == "swarm" and
		.[0].age_us > 0 and .[0].half_open == 0' > /dev/null
}

# The histogram has as many times as /proc says, and the same median.
hist_is_that_of_proc()
{
	local state=$1 samples p50
	read -r samples p50 < <(awk -v s="$state" \
		'$1 == "state" && $2 == s { print $9, $6 }' /proc/tcpstates)
	tcpstatectl hist -j "$state" | jq -e ".count == $samples and
		.dwell_us.p50 == $p50 and .count > 0 and
		([.buckets[].count] | add) == .count" > /dev/null && return
	grep " $state " /proc/tcpstates
	tcpstatectl hist -j "$state"
	return 1
}

samples_of()
{
	awk -v s="$1" '$1 == "state" && $2 == s { print $9 }' /proc/tcpstates
}

lines_in()
{
	[ "$(wc -l < "$1")" -ge "$2" ]
}

# Each turn is what has come since the one before, all of them are all there is.
hist_again()
{
	local before after pid
	before=$(samples_of ESTABLISHED)
	tcpstatectl hist -j --interval 0.3 established > "$dir/hist" &
	pid=$!
	poll 20 lines_in "$dir/hist" 1
	swarm clean $((PORT + 4)) 10 > /dev/null
	after=$(samples_of ESTABLISHED)
	poll 20 lines_in "$dir/hist" $(($(wc -l < "$dir/hist") + 3))
	kill "$pid"
	wait "$pid"
	[ $? -eq 143 ] && [ "$after" -eq $((before + 20)) ] &&
	jq -es "[.[].count] as \$n | (\$n | length) > 3 and \$n[0] == $before and
		(\$n | add) == $after and \$n[-1] == 0 and
		.[0].interval_s == null and .[1].interval_s >= 0.3 and
		([.[] | ([.buckets[].count] | add // 0) == .count] | all)" \
		"$dir/hist" > /dev/null && return
	cat "$dir/hist"
	return 1
}

hist_of_an_edge()
{
	[ "$(tcpstatectl hist -j syn_recv:established | jq .count)" -eq \
		"$(awk '$2 == "SYN_RECV" && $3 == "ESTABLISHED" { print $8 }' \
		/proc/tcpstates)" ] &&
	tcpstatectl hist syn-recv:established | grep -q '|\*\*' &&
	tcpstatectl hist -P syn-recv | grep -q '^p99.9 '
}

# All numbers of the drawing, which is no wider than 80, in order
drawn_numbers()
{
	local drawn
	drawn=$(tcpstatectl diagram) || return
	[ "$(awk '{ print length }' <<< "$drawn" | sort -n | tail -n 1)" -le 80 ] &&
		sed 's/[A-Z_]*WAIT[12]//g; s/2MSL//' <<< "$drawn" |
		grep -oE '[0-9]+' | sort -n
}

# Every gauge, every transition that has an arrow, and those that happened and
# have none.
numbers_to_draw()
{
	local arrows
	arrows=$(tcpstatectl diagram -j | jq -r '.transitions[] | select(.drawn) |
		"\(.from) \(.to)" | ascii_upcase') || return
	awk -v arrows="$arrows" '
	BEGIN {
		n = split(arrows, name, "\n")
		for (i = 1; i <= n; i++)
			drawn[name[i]] = 1
	}
	$1 == "state" && $2 != "CLOSED" { print $3 }
	$1 == "transition" && (drawn[$2 " " $3] || $4) { print $4 }
	END { exit n != 16 }' /proc/tcpstates | sort -n
}

# As JSON: those of /proc.  Drawn: all of them, none else, those that are known
# of this load where they belong.
diagram_has_the_numbers()
{
	tcpstatectl diagram -j | jq -r '
		(.states[] | "state \(.state) \(.current // "-")"),
		(.transitions[] | "transition \(.from) \(.to) \(.count)") |
		ascii_upcase' > "$dir/json" &&
	awk '$1 == "state" { print toupper($1), $2, $3 }
		$1 == "transition" { print toupper($1), $2, $3, $4 }' \
		/proc/tcpstates | diff - "$dir/json" &&
	diff <(numbers_to_draw) <(drawn_numbers) &&
	tcpstatectl diagram > "$dir/drawn" &&
	grep -q "| $((2 * COUNT)) *|" "$dir/drawn" &&
		grep -q "SYN received | $COUNT$" "$dir/drawn" &&
		! grep -n ' $' "$dir/drawn"
}

netns_are_listed()
{
	local ino
	ino=$(stat -L -c %i /run/netns/tcps_tool)
	in_initial tcpstatectl netns -j | jq -e "[.netns[] |
		select(.netns == $ino)] | length == 1 and
		.[0].name == \"tcps_tool\" and .[0].current.established == 10" \
		> /dev/null
}

# The test is in a namespace of its own, and process 1 is not.
in_initial()
{
	nsenter -t 1 -n "$@"
}

other_netns()
{
	[ "$(tcpstatectl -N tcps_tool show -j | jq '.states[] |
		select(.state == "established").current')" -eq 10 ] &&
	[ "$(tcpstatectl conns -N tcps_tool state established | wc -l)" -eq 11 ]
}

# By the number of a process, which may be any in it; a namespace whose name is a
# number comes first.  Of ours, what stays: TIME_WAIT may end between two looks.
other_netns_by_process()
{
	local pid status=0 mine
	mine=$(our_ends state established)
	pid=$(ip netns pids tcps_tool | tail -n 1)
	[ -n "$pid" ] && [ "$pid" != $$ ] &&
	diff <(ip netns exec tcps_tool ss -Htan state connected |
		awk '{ print $(NF - 1), $NF }' | sort) <(our_ends -N "$pid") &&
	[ "$(our_ends -N "$pid" | wc -l)" -eq 10 ] &&
	[ "$(wc -l <<< "$mine")" -eq 4 ] &&
	diff <(our_ends -N $$ state established) - <<< "$mine" &&
	[ "$(tcpstatectl -N "$pid" listeners -j | jq '.listeners[].local.port')" \
		-eq $((PORT + 1)) ] && ip netns add "$pid" || return
	[ "$(our_ends -N "$pid" | wc -l)" -eq 0 ] || status=1
	ip netns del "$pid"
	return $status
}

# everywhere COMMAND...: "NETNS WORDS..." of the named namespace, of this one,
# which is that of a process, and of the initial one
everywhere()
{
	local space
	for space in tcps_tool tcps_empty; do
		ip netns exec $space "$@" | sed "s/^/$space /"
	done
	"$@" | sed "s/^/here /"
	in_initial "$@" | sed "s/^/first /"
}

# Names of processes become those of namespaces; those of others stay.
by_space()
{
	local here first pid space words
	here=$(readlink /proc/self/ns/net)
	first=$(readlink /proc/1/ns/net)
	while read -r space words; do
		pid=${space#pid:}
		[ "$pid" = "$space" ] ||
			case $(readlink "/proc/$pid/ns/net") in
			"$here")	space=here ;;
			"$first")	space=first ;;
			esac
		echo "$space $words"
	done | sort
}

same_everywhere()
{
	[ "$(grep -c ^tcps_tool "$dir/ss")" -gt 0 ] &&
		[ "$(grep -c ^here "$dir/ss")" -gt 0 ] && diff "$dir/ss" -
}

all_conns()
{
	everywhere ss -Htan state connected |
		awk '{ print $1, $(NF - 1), $NF }' | sort > "$dir/ss"
	in_initial tcpstatectl conns --all-netns |
		awk 'NR > 1 { print $1, $4, $5 }' | by_space | same_everywhere &&
	in_initial tcpstatectl conns --all-netns -j sport $((PORT + 1)) | jq -e "
		.summary.shown == 5 and (.connections | length == 5) and
		([.connections[].netns | .name == \"tcps_tool\" and
		  .netns == $(stat -L -c %i /run/netns/tcps_tool)] | all) and
		([.connections[].process] | all)" > /dev/null
}

all_listeners()
{
	everywhere ss -Htln | awk '{ print $1, $5, $3, $4 }' | sort > "$dir/ss"
	in_initial tcpstatectl listeners --all-netns |
		awk 'NR > 1 { print $1, $2, $6, $7 }' | by_space |
		same_everywhere &&
	in_initial tcpstatectl listeners --all-netns -j sport $((PORT + 1)) |
		jq -e '.listeners | length == 1 and
			.[0].netns.name == "tcps_tool"' > /dev/null
}

# Only what is or was: "NETNS STATE NOW ENTERED LEFT"
all_states()
{
	everywhere awk '$1 == "state" && ($3 != 0 && $3 != "-" || $4 != 0) {
		print $2, $3, $4, $5 }' /proc/net/tcpstates | sort > "$dir/ss"
	in_initial tcpstatectl show --all-netns | awk 'NR > 1 && !NF { exit }
		NR > 1 { print $1, $2, $3, $4, $5 }' | by_space | same_everywhere &&
	in_initial tcpstatectl show --all-netns -j --interval 0.2 --count 2 |
		jq -es '.[1] | .interval_s > 0 and ([.netns[] |
			.version == 1 and (.states | length == 11) and
			.states[1].entered_per_s == 0] | all) and
			([.netns[].name] | contains(["tcps_empty", "tcps_tool"]))' \
		> /dev/null
}

# How many are said to be left out: a test before may have left some behind
left_out()
{
	sed -n 's/^tcpstatectl: left out: \([0-9]*\) network .*/\1/p' <<< "$1" |
		grep . || echo 0
}

# One that only a mount of another place, or a descriptor, keeps alive
unreachable_netns()
{
	local before said status
	before=$(left_out "$(in_initial tcpstatectl conns --all-netns 2>&1 \
		> /dev/null)")
	ip netns add tcps_gone && exec 7< /run/netns/tcps_gone &&
		ip netns del tcps_gone
	said=$(in_initial tcpstatectl conns --all-netns 2>&1 > /dev/null)
	status=$?
	exec 7<&-
	echo "$status: $said"
	[ $status -eq 0 ] && [ "$(left_out "$said")" -eq $((before + 1)) ] &&
		[ "$(wc -l <<< "$said")" -eq 1 ]
}

# A user, root of a namespace of its own, root without the right to go elsewhere
all_netns_is_for_root()
{
	local verb nobody="setpriv --reuid 65534 --clear-groups"
	for verb in show conns listeners; do
		refuses_it in_initial $nobody tcpstatectl $verb --all-netns &&
		refuses_it in_initial unshare -Urn tcpstatectl $verb \
			--all-netns &&
		refuses_it tcpstatectl $verb --all-netns &&
		refuses_it in_initial setpriv --bounding-set=-sys_admin \
			tcpstatectl $verb --all-netns || return
	done
	refuses "only one of them" 1 conns -N tcps_tool --all-netns &&
		refuses "no option '--all-netns'" 1 hist --all-netns listen
}

# Status 2, one line, nothing else
refuses_it()
{
	local status=0
	"$@" > "$dir/out" 2> "$dir/err" || status=$?
	[ $status -eq 2 ] && [ ! -s "$dir/out" ] &&
		[ "$(wc -l < "$dir/err")" -eq 1 ] && return
	echo "$*: $status"
	cat "$dir/out" "$dir/err"
	return 1
}

no_such_process()
{
	local gone
	sleep 0 & gone=$!
	wait "$gone"
	refuses "No such" 2 -N "$gone" conns && refuses "No such" 2 -N 0 show &&
	refuses "No such" 2 -N self show && refuses "No such" 2 -N -1 show &&
	refuses "No such" 2 -N ../1 show &&
	refuses "No such" 2 -N .. show && refuses "No such" 2 -N '' show
}

unprivileged()
{
	local said
	chmod 755 "$(command -v tcpstatectl)" 2> /dev/null
	said=$(setpriv --reuid 65534 --clear-groups tcpstatectl conns \
		--interval 0.1 --count 3 2>&1) &&
		[ "$(grep -c 'run as root' <<< "$said")" -eq 1 ] &&
		grep -q ESTABLISHED <<< "$said" || return
	! said=$(in_initial setpriv --reuid 65534 --clear-groups \
		tcpstatectl netns 2>&1) && [ "$(wc -l <<< "$said")" -eq 1 ]
}

# One line, the status, and the nearest word
refuses()
{
	local want=$1 status=$2 said got
	shift 2
	said=$(tcpstatectl "$@" 2>&1)
	got=$?
	[ $got -eq "$status" ] && [ "$(wc -l <<< "$said")" -eq 1 ] &&
		grep -q "$want" <<< "$said" && return
	echo "$* : $got: $said"
	return 1
}

wrong_words()
{
	refuses "did you mean 'CLOSE_WAIT'" 1 conns state close-wai &&
	refuses "did you mean 'older'" 1 conns oldr 5s &&
	refuses "1 to 65535" 1 conns sport 70000 &&
	refuses "500ms" 1 listeners older soon &&
	refuses "500ms" 1 conns older 30m1h &&
	refuses "did you mean 'conns'" 1 cons &&
	refuses "wants a state" 1 hist &&
	refuses "no network namespace" 2 -N nowhere conns
}

# A process whose name is meant to forge a line
hostile_name()
{
	local name=$'x\n\e[2J"'
	cp "$(command -v swarm)" "$dir/$name" || return
	holding "$dir/$name" open $((PORT + 3)) 1
	tcpstatectl conns sport $((PORT + 3)) > "$dir/text"
	tcpstatectl conns -j sport $((PORT + 3)) > "$dir/json"
	let_go
	[ "$(wc -l < "$dir/text")" -eq 2 ] && ! grep -q $'\e' "$dir/text" &&
		jq -e '.connections | length == 1' "$dir/json" > /dev/null
}

without_module()
{
	local verb
	for verb in conns listeners "hist listen" diagram netns; do
		# shellcheck disable=SC2086 # words
		refuses "not loaded" 2 $verb || return
	done
}

# More than a pipe takes, and nobody who reads it
closed_pipe()
{
	local count=800 status server
	! slow_kernel || count=500
	mkfifo "$dir/many"
	prlimit --nofile=4096 swarm open $((PORT + 5)) $count < "$dir/many" \
		> "$dir/open" &
	server=$!
	exec 7> "$dir/many"
	poll 60 grep -q open "$dir/open" || return
	tcpstatectl conns 2> "$dir/err" | head -n 1 > "$dir/first"
	status=${PIPESTATUS[0]}
	exec 7>&-
	wait "$server"
	echo "status $status"
	cat "$dir/err"
	[ "$status" -eq 141 ] && [ ! -s "$dir/err" ] && grep -q ^STATE "$dir/first"
}

# A server for both families: one of its ends is IPv4-mapped, which we write as
# the IPv4 address that it is.
both_families()
{
	local status=0 port=$((PORT + 6)) server
	busybox nc -ll -p $port -e cat < /dev/null > /dev/null 2>&1 &
	server=$!
	poll 10 eval "ss -Htln | grep -q ':$port '"
	exec 5<> "/dev/tcp/::1/$port" 6<> "/dev/tcp/127.0.0.1/$port" &&
	poll 10 eval "[ \$(ss -Htan state established sport = :$port |
		wc -l) -eq 2 ]" &&
	families_are_those_of_ss "$port" || status=1
	exec 5>&- 6>&-
	kill "$server"
	wait "$server"
	return $status
}

families_are_those_of_ss()
{
	our_ends | grep ":$1\\b" > "$dir/ours"
	ss_ends state connected | grep ":$1\\b" > "$dir/ss"
	cat "$dir/ours"
	grep -q '^\[::ffff:127[.]0[.]0[.]1\]:' "$dir/ss" &&
	sed -E 's/\[::ffff:([0-9.]+)\]/\1/g' "$dir/ss" | sort |
		diff - "$dir/ours" &&
	[ "$(wc -l < "$dir/ours")" -eq 4 ] &&
	[ "$(tcpstatectl conns -j family 6 sport "$1" | jq -r '.connections |
		map(.local.address) | sort | join(" ")')" = "127.0.0.1 ::1" ] &&
	[ "$(our_ends src 127.0.0.0/8 sport "$1" | wc -l)" -eq 1 ] &&
	[ "$(tcpstatectl listeners sport "$1" | awk 'NR > 1 { print $1 }')" = \
		"$(ss -Htln sport = ":$1" | awk '{ print $4 }' |
		sed 's/^[*]:/[::]:/')" ]
}

# All that was opened as fast as it could be, both ends
all_in_one_order()
{
	local i
	for i in 1 2 3 4 5; do
		tcpstatectl conns -j state established > "$dir/order.json" &&
		jq -r '.connections[] | .local.port, .remote.port' \
			"$dir/order.json" > "$dir/order.$i" &&
		[ "$(wc -l < "$dir/order.$i")" -ge $((4 * COUNT)) ] &&
		cmp "$dir/order.1" "$dir/order.$i" || return
	done
}

# The oldest first, and each time the same
order_is_stable()
{
	local port=$((PORT + 9)) server i status=0
	mkfifo "$dir/order"
	{
		echo "listen 10"
		for i in 1 2 3 4 5 6; do
			echo "open 1"
			sleep 0.1
		done
		cat "$dir/order"
	} | plight 127.0.0.1 $port > /dev/null 2>&1 &
	server=$!
	exec 7> "$dir/order"
	poll 20 eval "[ \$(our_ends dport $port | wc -l) -eq 6 ]" || status=1
	tcpstatectl conns dport $port | awk '{ print $1, $3, $4 }' \
		> "$dir/once"
	tcpstatectl conns dport $port | awk '{ print $1, $3, $4 }' |
		diff "$dir/once" - || status=1
	tcpstatectl conns -j dport $port | jq -e '[.connections[].age_us] |
		length == 6 and . == (sort | reverse)' > /dev/null || status=1
	exec 7>&-
	wait "$server"
	[ $status -eq 0 ] && all_in_one_order
}

# SYNs from somewhere that nobody answers from: as ss has them, and those of
# them whose SYN,ACK was not repeated.  A slow kernel looks when it was.
half_open_is_that_of_ss()
{
	local port=$((PORT + 7)) half young
	hping3 -q -S -a 192.0.2.9 -s $((next += 10)) -p $port -i u1000 -c 5 \
		127.0.0.1 > /dev/null 2>&1
	ss -Htano state syn-recv sport = ":$port" > "$dir/half"
	read -r half young < <(tcpstatectl listeners sport $port |
		awk 'NR > 1 { print $2, $3 }')
	echo "$half half open, $young of them young"
	cat "$dir/half"
	[ "$half" -eq "$(wc -l < "$dir/half")" ] &&
		[ "$young" -lt "$half" ] &&
		{ [ "$young" -gt 0 ] || slow_kernel; } &&
		[ "$young" -eq "$(grep -c 'timer:(on,[^,]*,0)' "$dir/half")" ]
}

drops_are_those_of_ss()
{
	local port=$((PORT + 8)) drops
	drops=$(tcpstatectl listeners sport $port |
		awk 'NR > 1 { print $7 }')
	ss -Htlnm sport = ":$port" > "$dir/drops"
	echo "$drops dropped"
	cat "$dir/drops"
	[ "$drops" -gt 0 ] && grep -q ",d$drops)" "$dir/drops"
}

# A queue of half-open connections, and a full one of those to be accepted
queues()
{
	local status=0 half full next=20000
	ip route add 192.0.2.0/24 dev lo
	mkfifo "$dir/stop"
	swarm open $((PORT + 7)) 1 < "$dir/stop" > "$dir/open" &
	half=$!
	{
		printf 'listen 1\nopen 2\nhang 3\n'
		cat "$dir/stop"
	} | plight 127.0.0.1 $((PORT + 8)) > /dev/null 2>&1 &
	full=$!
	exec 7> "$dir/stop"
	poll 20 grep -q open "$dir/open" && poll 20 half_open_is_that_of_ss &&
		poll 20 drops_are_those_of_ss || status=1
	exec 7>&-
	wait $half $full
	ip route del 192.0.2.0/24 dev lo
	return $status
}

mkdir "/sys/fs/cgroup/tool_test"
at_exit "rmdir '/sys/fs/cgroup/tool_test'"
began=$(date +%s)
in_cgroup()
{
	echo "$BASHPID" > "/sys/fs/cgroup/tool_test/cgroup.procs"
	exec setpriv --reuid 4321 --clear-groups swarm open $PORT $COUNT
}
holding in_cgroup
is "conns: those of ss" conns_are_those_of_ss
is "conns: one state" one_state
is "conns: a port" by_port
is "conns: an address" by_address
is "conns: an age" by_age
is "conns: ages are right" ages_are_right
is "conns: processes, those of ss" owners_are_those_of_ss
is "conns: user" user_is_said
if grep -qF ' cgroup_sk_alloc' /proc/kallsyms; then
	is "conns: cgroup" cgroup_is_said
else
	skip "conns: cgroup" "this kernel does not know a socket's cgroup"
fi
is "conns: JSON" json_is_complete
is "listeners: those of ss" listeners_are_those_of_ss
is "listeners: JSON" listener_json
is "again and again" all_again
is "diagram: the numbers of the load" diagram_has_the_numbers
is "an unprivileged user" unprivileged
is "a closed pipe" closed_pipe
is "conns: several processes, all descriptors" several_owners
is "conns: processes are left out" no_processes
is "conns: IPv6, and IPv4 mapped into it" both_families
is "conns: the same order each time" order_is_stable
is "listeners: half open, young, drops" queues
let_go
is "hist: a state" hist_is_that_of_proc ESTABLISHED
is "hist: a transition" hist_of_an_edge
is "hist: another state" hist_is_that_of_proc SYN_SENT
is "hist: what has come since" hist_again

ip netns add tcps_tool && ip -n tcps_tool link set lo up
at_exit "ip netns del tcps_tool"
holding ip netns exec tcps_tool swarm open $((PORT + 1)) 5
is "netns: names and numbers" netns_are_listed
is "another namespace" other_netns
mkfifo "$dir/stay"
swarm open $((PORT + 2)) 2 < "$dir/stay" > "$dir/here" &
server=$!
exec 8> "$dir/stay"
poll 20 grep -q open "$dir/here"
is "another namespace, by a process" other_netns_by_process
ip netns add tcps_empty
at_exit "ip netns del tcps_empty"
# What is in TIME_WAIT from before may end between two looks.
is "all namespaces: connections, those of ss in each" poll 90 all_conns
is "all namespaces: listeners, those of ss in each" poll 90 all_listeners
is "all namespaces: states, those of /proc in each" poll 90 all_states
is "all namespaces: one that cannot be reached" unreachable_netns
is "all namespaces: refused to others, in one line" all_netns_is_for_root
exec 8>&-
wait "$server"
is "a process that is not there" no_such_process
let_go
is "a process with a hostile name" hostile_name
is "wrong words: one line, the nearest one" wrong_words
is "gauges are the kernel's" poll 10 gauges_are_kernels
mod_unload
is "without the module: one line, status 2" without_module
ktap_end
