# SPDX-License-Identifier: GPL-2.0
#
# Compares what several sources say about each scenario, and prints
#
#	ok FAMILY NAME | skip FAMILY NAME REASON | not ok FAMILY NAME, then
#	one line "# ..." for each difference
#
# Standard input is what "tcp_walk -r TRACE" prints; per scenario:
#
# == family NAME	not from tcp_walk: goes before names from here on
# edge, current, closed, nstat	the scenario's own table
# == proc	/proc/tcpstates
# == trace	the kernel's tracepoint sock:inet_sock_set_state
# == snmp	/proc/net/snmp: what nstat shows
# == ss		ss -Htan
# == done NAME STATUS
#
# Two views of the same life.  The tracepoint sees full sockets only: one that
# moves on to a mini socket looks closed, requests are not there at all.  The
# module sees as much as the hooks allow that it could attach: kinds_seen()
# reads that from the hook lines and is the only place that knows.
#
# -v nomodule=1: there is no module; the other sources only.

function differ(text) {
	notes[++bad] = text
}

function hooked(name) {
	return hook[name] == "ok"
}

function kinds_seen() {
	req = hooked("inet_csk_reqsk_queue_hash_add")
	mini = hooked("tcp_twsk_destructor")
}

function seen(kind) {
	if (kind == "request")
		return req
	if (kind == "mini")
		return mini
	return kind != "trace" || !mini
}

function seen_state(state) {
	if (state == "SYN_RECV")
		return req
	if (state == "FIN_WAIT2" || state == "TIME_WAIT")
		return mini
	return state != "CLOSED"
}

# Follows what the kernel counts, once a second, without any transition.
function sampled(state) {
	return state == "SYN_RECV" && !req || state == "TIME_WAIT" && !mini
}

# The table, as the tracepoint and as the module will show it
function expect_edge(from, to, n, kind) {
	if (kind == "sock" || kind == "trace")
		want_trace[from " " (to == "TIME_WAIT" ? "CLOSED" : to)] += n
	if (seen(kind))
		want_proc[from " " (to == "TIME_WAIT" && !mini ? \
				    "CLOSED" : to)] += n
}

function compare(name, want, got,    i, all) {
	for (i in want)
		all[i]
	for (i in got)
		all[i]
	for (i in all)
		if (want[i] + 0 != got[i] + 0)
			differ(name " " i ": " got[i] + 0 ", expected " \
			       want[i] + 0)
}

# Two CPUs may make a child of one request each.  The one that loses goes from
# SYN_RECV to CLOSED at the tracepoint and never was a connection.
function rivals(i, sum,    lost) {
	lost = trace["SYN_RECV CLOSED"] - sum["SYN_RECV CLOSED"]
	return lost > 0 && (i == "LISTEN SYN_RECV" || i == "SYN_RECV CLOSED") ? \
		lost : 0
}

# The order is the kernel's own: hold the module against the tracepoint.
function compare_loose(    i, f, sum) {
	for (i in proc) {
		split(i, f, " ")
		sum[f[1] " " (f[2] == "TIME_WAIT" ? "CLOSED" : f[2])] += proc[i]
	}
	for (i in trace)
		if (i !~ /^(FIN_WAIT2|TIME_WAIT) / &&
		    trace[i] != sum[i] + rivals(i, sum))
			differ("proc: " i ": " sum[i] + 0 ", tracepoint " \
			       trace[i])
	for (i in sum)
		if (i !~ /^(FIN_WAIT2|TIME_WAIT) / && sum[i] && !trace[i])
			differ("proc: " i ": " sum[i] ", tracepoint 0")
}

function compare_gauges(    i, s, f, into, out) {
	for (i in proc) {
		split(i, f, " ")
		into[f[2]] += proc[i]
		if (i != "LISTEN SYN_RECV")
			out[f[1]] += proc[i]
	}
	for (s in current) {
		if (s == "CLOSED")
			continue
		if (entered[s] - left[s] != current[s])
			differ("proc: " s ": entered " entered[s] " - left " \
			       left[s] " is not current " current[s])
		if (sampled(s) && entered[s] >= into[s] + 0 && \
		    left[s] >= out[s] + 0)
			continue
		if (entered[s] != into[s] + 0 || left[s] != out[s] + 0)
			differ("proc: " s ": entered and left " entered[s] " " \
			       left[s] ", transitions " into[s] + 0 " " \
			       out[s] + 0)
		if (seen_state(s) && current[s] != ss[s] + 0)
			differ("proc: " s ": current " current[s] ", ss " \
			       ss[s] + 0)
	}
}

function compare_snmp(    i) {
	for (i in want_snmp)
		if (snmp[i] != want_snmp[i])
			differ("nstat: Tcp" i ": " snmp[i] ", expected " \
			       want_snmp[i])
	if (snmp["PassiveOpens"] != trace["LISTEN SYN_RECV"] + 0)
		differ("nstat: TcpPassiveOpens: " snmp["PassiveOpens"])
	if (nomodule)
		return
	if (snmp["CurrEstab"] != current["ESTABLISHED"] + current["CLOSE_WAIT"])
		differ("nstat: TcpCurrEstab: " snmp["CurrEstab"])
	if (snmp["EstabResets"] != proc["ESTABLISHED CLOSED"] + \
	    proc["CLOSE_WAIT CLOSED"])
		differ("nstat: TcpEstabResets: " snmp["EstabResets"])
}

# Causes that the table is sure of, and their sum in any case
function compare_causes(    i, f, sum) {
	for (i in want_closed)
		if (closed[i] + 0 < want_closed[i])
			differ("proc: closed " i ": " closed[i] + 0 \
			       ", expected " want_closed[i])
	for (i in closed) {
		split(i, f, " ")
		sum[f[1] " CLOSED"] += closed[i]
	}
	for (i in proc)
		if (i ~ / CLOSED$/ && proc[i] != sum[i] + 0)
			differ("proc: " i ": " proc[i] ", all causes together " \
			       sum[i] + 0)
}

# All connections began here: each edge out of a state has its dwell times.
function check_dwell(edge, n, p50, p99, max, samples,    none) {
	none = n == 0 || edge ~ /^CLOSED / || edge == "LISTEN SYN_RECV"
	if (samples != (none ? 0 : n))
		differ("proc: " edge ": " samples " dwell times, not " \
		       (none ? 0 : n))
	if (none && p50 p99 max != "---")
		differ("proc: " edge ": dwell times from nowhere: " p50 " " \
		       p99 " " max)
	if (!none && (p50 == "-" || p99 == "-" || max == "-"))
		differ("proc: " edge ": no dwell times")
	if (!none && (p50 + 0 > p99 + 0 || p99 + 0 > max + 0))
		differ("proc: " edge ": p50 " p50 ", p99 " p99 ", max " max)
}

function judge(    i, f) {
	kinds_seen()
	for (i = 1; i <= nr_table; i++) {
		split(table[i], f, " ")
		if (f[1] == "edge")
			expect_edge(f[2], f[3], f[4], f[5])
		else if (f[1] == "closed" && seen(f[5]))
			want_closed[f[2] " " f[3]] += f[4]
	}
	if (!loose)
		compare("tracepoint:", want_trace, trace)
	compare_snmp()
	if (nomodule)
		return
	if (version != 1 || states != 11)
		differ("no /proc/tcpstates of version 1")
	if (!hooked("inet_sock_set_state"))
		differ("proc: no hook on inet_sock_set_state")
	if (loose)
		compare_loose()
	else
		compare("proc:", want_proc, proc)
	compare_gauges()
	compare_causes()
}

function reset() {
	split("", notes)
	split("", table)
	split("", want_trace)
	split("", want_proc)
	split("", want_snmp)
	split("", want_closed)
	split("", trace)
	split("", proc)
	split("", ss)
	split("", snmp)
	split("", current)
	split("", entered)
	split("", left)
	split("", closed)
	split("", hook)
	bad = nr_table = states = version = loose = 0
	section = said = ""
}

BEGIN {
	split("ESTAB ESTABLISHED SYN-SENT SYN_SENT SYN-RECV SYN_RECV " \
	      "FIN-WAIT-1 FIN_WAIT1 FIN-WAIT-2 FIN_WAIT2 TIME-WAIT TIME_WAIT " \
	      "CLOSE-WAIT CLOSE_WAIT LAST-ACK LAST_ACK CLOSING CLOSING " \
	      "LISTEN LISTEN", words, " ")
	for (i = 1; i in words; i += 2)
		ss_name[words[i]] = words[i + 1]
	reset()
}

/^tcp_walk: / {
	said = $0
	notes[++bad] = $0
	next
}

$1 == "==" && $2 == "family" { family = $3; next }

$1 == "==" && $2 == "done" {
	if ($4 == 4) {
		print "skip " family " " $3 " " said
	} else {
		if ($4 == 0)
			judge()
		else if (!bad)
			differ("tcp_walk ended with status " $4)
		print (bad ? "not ok " : "ok ") family " " $3
		for (i = 1; i <= bad; i++)
			print "# " notes[i]
	}
	fflush()
	reset()
	next
}

$1 == "==" { section = $2; next }

section == "" && $1 == "scenario" { loose = $4 == "loose" }
section == "" && $1 == "nstat" { want_snmp[substr($2, 4)] = $3 }
section == "" { table[++nr_table] = $0 }

section == "trace" && /inet_sock_set_state:.*protocol=IPPROTO_TCP/ {
	match($0, /oldstate=TCP_[A-Z0-9_]*/)
	from = substr($0, RSTART + 13, RLENGTH - 13)
	match($0, /newstate=TCP_[A-Z0-9_]*/)
	to = substr($0, RSTART + 13, RLENGTH - 13)
	if (from == to)
		next
	from = from == "CLOSE" ? "CLOSED" : from
	to = to == "CLOSE" ? "CLOSED" : to
	trace[from " " to]++
}

section == "snmp" && $1 == "Tcp:" {
	if ($2 ~ /^[A-Za-z]/)
		split($0, columns, " ")
	else
		for (i = 2; i <= NF; i++)
			snmp[columns[i]] = $i
}

section == "ss" { ss[ss_name[$1]]++ }

section == "proc" && $1 == "tcpstates" { version = $2 }
section == "proc" && $1 == "state" {
	current[$2] = $3
	entered[$2] = $4
	left[$2] = $5
	states++
}
section == "proc" && $1 == "transition" {
	check_dwell($2 " " $3, $4, $5, $6, $7, $8)
	if ($4)
		proc[$2 " " $3] = $4
}
section == "proc" && $1 == "closed" { closed[$2 " " $3] += $4 }
section == "proc" && $1 == "hook" { hook[$2] = $4 }
section == "proc" && $1 == "counter" && $2 ~ /^(untracked|lost|stale|drift|other)$/ {
	if ($3 != before[$2] + 0)
		differ("proc: counter " $2 " went from " before[$2] + 0 \
		       " to " $3)
	before[$2] = $3
}
