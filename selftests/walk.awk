# SPDX-License-Identifier: GPL-2.0
#
# Compares what four sources say about one scenario.  Each line printed is a
# difference; exit status 1 if there was any.
#
#   awk -f walk.awk [-v nomodule=1] DIR/expect DIR/trace DIR/ss DIR/nstat DIR/proc
#
# expect  the table of tcp_walk: edge, current, closed, nstat lines
# trace   the kernel's tracepoint sock:inet_sock_set_state, as tracefs prints it
# ss      ss -Htan
# nstat   nstat -asz
# proc    /proc/tcpstates
#
# Two views of the same life.  The tracepoint sees full sockets only: one that
# moves on to a mini socket looks closed, requests are not there at all.  The
# module sees as much as the hooks allow that it could attach ("hook" lines):
# mini and req below say so, and this is the only place that knows.

function differ(text) {
	print text
	bad = 1
}

function hooked(name) {
	return hook[name] == "ok"
}

function kinds_seen() {
	req = hooked("inet_csk_reqsk_queue_hash_add")
	mini = hooked("tcp_twsk_destructor")
}

# Table -> what the tracepoint shows
function want_trace(from, to, kind, n) {
	if (kind == "request" || kind == "mini")
		return
	if (to == "TIME_WAIT")
		to = "CLOSED"
	wt[from " " to] += n
}

# Table -> what the module shows
function want_proc(from, to, kind, n) {
	if ((kind == "request" && !req) || (kind == "mini" && !mini) ||
	    (kind == "trace" && mini))
		return
	if (to == "TIME_WAIT" && !mini)
		to = "CLOSED"
	wp[from " " to] += n
}

function compare_edges(name, want, got,    i, all) {
	for (i in want)
		all[i]
	for (i in got)
		all[i]
	for (i in all)
		if (want[i] + 0 != got[i] + 0)
			differ(name ": " i ": " got[i] + 0 ", expected " \
			       want[i] + 0)
}

# The order is the kernel's own: hold the module against the tracepoint.
function compare_loose(    i, from) {
	for (i in got_proc) {
		from = substr(i, 1, index(i, " ") - 1)
		if (from == "FIN_WAIT2" || from == "TIME_WAIT")
			continue
		if (i ~ / TIME_WAIT$/)
			from = from " CLOSED"
		else
			from = i
		sum[from] += got_proc[i]
	}
	for (i in got_trace)
		if (i !~ /^FIN_WAIT2 / && got_trace[i] != sum[i])
			differ("proc: " i ": " sum[i] + 0 ", tracepoint " \
			       got_trace[i])
	for (i in sum)
		if (sum[i] && !(i in got_trace))
			differ("proc: " i ": " sum[i] ", tracepoint 0")
}

function seen_by_proc(state) {
	if (state == "SYN_RECV")
		return req
	if (state == "FIN_WAIT2" || state == "TIME_WAIT")
		return mini
	return state != "CLOSED"
}

function compare_gauges(    i, s, f, into, out) {
	for (i in got_proc) {
		split(i, f, " ")
		into[f[2]] += got_proc[i]
		if (i != "LISTEN SYN_RECV")
			out[f[1]] += got_proc[i]
	}
	for (s in current) {
		if (s == "CLOSED")
			continue
		if (entered[s] - left[s] != current[s])
			differ("proc: " s ": entered " entered[s] " - left " \
			       left[s] " is not current " current[s])
		if (entered[s] != into[s] + 0 || left[s] != out[s] + 0)
			differ("proc: " s ": entered and left " entered[s] " " \
			       left[s] ", transitions " into[s] + 0 " " \
			       out[s] + 0)
		if (seen_by_proc(s) && current[s] != in_ss[s] + 0)
			differ("proc: " s ": current " current[s] ", ss " \
			       in_ss[s] + 0)
	}
}

function compare_nstat(    i) {
	for (i in want_nstat)
		if (nstat[i] != want_nstat[i])
			differ("nstat: " i ": " nstat[i] ", expected " \
			       want_nstat[i])
	if (nomodule)
		return
	if (nstat["TcpCurrEstab"] != current["ESTABLISHED"] + current["CLOSE_WAIT"])
		differ("nstat: TcpCurrEstab: " nstat["TcpCurrEstab"])
	if (nstat["TcpEstabResets"] != got_proc["ESTABLISHED CLOSED"] + \
	    got_proc["CLOSE_WAIT CLOSED"])
		differ("nstat: TcpEstabResets: " nstat["TcpEstabResets"])
	if (nstat["TcpPassiveOpens"] != got_trace["LISTEN SYN_RECV"] + 0)
		differ("nstat: TcpPassiveOpens: " nstat["TcpPassiveOpens"])
}

# Only the close causes that the table is sure of
function compare_causes(    i, j) {
	for (i in want_closed)
		if (closed[i] + 0 < want_closed[i])
			differ("proc: closed " i ": " closed[i] + 0 \
			       ", expected " want_closed[i])
}

BEGIN {
	split("ESTAB ESTABLISHED SYN-SENT SYN_SENT SYN-RECV SYN_RECV " \
	      "FIN-WAIT-1 FIN_WAIT1 FIN-WAIT-2 FIN_WAIT2 TIME-WAIT TIME_WAIT " \
	      "CLOSE-WAIT CLOSE_WAIT LAST-ACK LAST_ACK CLOSING CLOSING " \
	      "LISTEN LISTEN", f, " ")
	for (i = 1; i in f; i += 2)
		ss_name[f[i]] = f[i + 1]
	quiet["untracked"] quiet["lost"] quiet["drift"]
}

FNR == 1 { file = FILENAME; sub(/.*\//, "", file) }

file == "expect" && $1 == "scenario" { loose = $4 == "loose"; ran = 1 }
file == "expect" && $1 == "edge" { edge[++edges] = $2 " " $3 " " $5 " " $4 }
file == "expect" && $1 == "closed" { cause[++causes] = $0 }
file == "expect" && $1 == "nstat" { want_nstat[$2] = $3 }

file == "trace" && /inet_sock_set_state:.*protocol=IPPROTO_TCP/ {
	match($0, /oldstate=TCP_[A-Z0-9_]*/)
	from = substr($0, RSTART + 13, RLENGTH - 13)
	match($0, /newstate=TCP_[A-Z0-9_]*/)
	to = substr($0, RSTART + 13, RLENGTH - 13)
	if (from == to)
		next
	if (from == "CLOSE")
		from = "CLOSED"
	if (to == "CLOSE")
		to = "CLOSED"
	got_trace[from " " to]++
}

file == "ss" { in_ss[ss_name[$1]]++ }
file == "nstat" { nstat[$1] = $2 }

file == "proc" && $1 == "tcpstates" { version = $2 }
file == "proc" && $1 == "state" {
	current[$2] = $3
	entered[$2] = $4
	left[$2] = $5
	states++
}
file == "proc" && $1 == "transition" && $4 { got_proc[$2 " " $3] = $4 }
file == "proc" && $1 == "closed" { closed[$2 " " $3] += $4; closes++ }
file == "proc" && $1 == "hook" { hook[$2] = $4 }
file == "proc" && $1 == "counter" && $2 in quiet && $3 != 0 {
	differ("proc: counter " $2 " is " $3)
}

END {
	if (!ran)
		differ("tcp_walk printed no table")
	kinds_seen()
	for (i = 1; i <= edges; i++) {
		split(edge[i], f, " ")
		want_trace(f[1], f[2], f[3], f[4])
		want_proc(f[1], f[2], f[3], f[4])
	}
	if (!loose)
		compare_edges("tracepoint", wt, got_trace)
	compare_nstat()
	if (!nomodule) {
		if (version != 1 || states != 11)
			differ("proc: no /proc/tcpstates of version 1")
		if (!hooked("inet_sock_set_state"))
			differ("proc: no hook on inet_sock_set_state")
		if (loose)
			compare_loose()
		else
			compare_edges("proc", wp, got_proc)
		compare_gauges()
		for (i = 1; closes && i <= causes; i++) {
			split(cause[i], f, " ")
			if ((f[5] == "request" && !req) ||
			    (f[5] == "mini" && !mini))
				continue
			want_closed[f[2] " " f[3]] += f[4]
		}
		compare_causes()
	}
	exit bad
}
