// SPDX-License-Identifier: GPL-2.0
/*
 * What is said of an ailment: why it matters, what usually helps, who says so.
 */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "doctor.h"
#include "duration.h"

const struct advice advices[NR_AILMENTS] = {
	[AIL_SYN_FLOOD] = {
		.name = "syn_flood",
		.why =
"Somebody sends SYNs and does not answer the SYN,ACK. Each such request waits for about a minute; when there is no room for more, clients are turned away unless SYN cookies are on.",
		.help = {
"Leave SYN cookies on (net.ipv4.tcp_syncookies = 1): clients get in while the queue is full. A 2 is for tests: cookies for everybody.",
"A longer queue: a larger backlog in listen(), with net.core.somaxconn and net.ipv4.tcp_max_syn_backlog to match. It helps against a burst, not against a flood.",
"Source addresses of a flood are forged as a rule: blocking single ones does not help. Filter before this host, or limit the rate of SYNs.",
		},
		.source = {
"RFC 4987", "tcp(7): tcp_syncookies, tcp_max_syn_backlog", "listen(2)",
"Linux: Documentation/networking/ip-sysctl.rst",
		},
	},
	[AIL_ACCEPT] = {
		.name = "accept_overflow",
		.why =
"Handshakes are complete, but the application does not call accept() fast enough. When the queue is full the kernel drops what the clients send, who believe to be connected, and wait.",
		.help = {
"Look at what the process does instead: blocked, stopped, out of descriptors (accept() fails with EMFILE), or out of processor time.",
"More workers, or accept() until there is nothing left each time the socket is readable.",
"A longer queue: the backlog in listen(), no more than net.core.somaxconn. It helps against bursts only.",
"net.ipv4.tcp_abort_on_overflow = 1 is for clients that are better off with a quick error; it helps no application.",
		},
		.source = {
"listen(2)", "accept(2)", "tcp(7): tcp_abort_on_overflow",
"Linux: Documentation/admin-guide/sysctl/net.rst",
		},
	},
	[AIL_CLOSE_WAIT] = {
		.name = "close_wait_leak",
		.why =
"The other end has closed; the application has not called close(). Each holds a descriptor and memory until it does so or ends: this state has no time-out of its own, and there is no setting for it.",
		.help = {
"It is a mistake of the application: a path, of an error mostly, on which a connection is forgotten, or a pool that does not look at idle connections. read() returning 0 means: close.",
"Until it is mended: restart the process; or end its connections with 'ss -K state close-wait sport = :PORT' (a kernel with CONFIG_INET_DIAG_DESTROY).",
"TCP keepalive ends the connection once the other end has forgotten it, but not the descriptor: the leak stays.",
		},
		.source = {
"RFC 9293, sections 3.3.2 and 3.6", "tcp(7)", "ss(8)",
		},
	},
	[AIL_FIN_LOST] = {
		.name = "half_dead",
		.why =
"The FIN, or the data before it, is not acknowledged: the other end is gone, a firewall has forgotten the connection, or it keeps its window closed. The kernel goes on repeating, and keeps the data meanwhile.",
		.help = {
"Is the other end reachable? Firewalls and load balancers that drop idle connections silently are the usual cause: make their time-out longer than the keepalive of the application.",
"When the application has closed, net.ipv4.tcp_orphan_retries says how often to try; net.ipv4.tcp_max_orphans how many there may be.",
"The application can set TCP_USER_TIMEOUT.",
		},
		.source = {
"RFC 9293, section 3.6", "RFC 5482",
"tcp(7): tcp_orphan_retries, tcp_max_orphans, TCP_USER_TIMEOUT",
"Linux: Documentation/networking/ip-sysctl.rst",
		},
	},
	[AIL_FIN_WAIT2] = {
		.name = "half_dead",
		.why =
"This end has closed, the other one has acknowledged it and does not close: there, such a connection is in CLOSE_WAIT, and its application has forgotten it. A half-close in use (shutdown(), then reading on) looks the same.",
		.help = {
"Look for the mistake in the application at the other end.",
"With close() the kernel gives up after net.ipv4.tcp_fin_timeout (60 s); with shutdown() alone there is no time-out: close(), or use TCP_LINGER2 or a time-out of the application.",
		},
		.source = {
"RFC 9293, section 3.6", "tcp(7): tcp_fin_timeout, TCP_LINGER2", "shutdown(2)",
		},
	},
	[AIL_TIME_WAIT] = {
		.name = "time_wait_pressure",
		.why =
"TIME_WAIT is no fault: for a minute it keeps late segments of an old connection out of a new one and repeats a lost last ACK. Too many of them use up the table, or the local ports to one destination: connect() fails with EADDRNOTAVAIL.",
		.help = {
"Reuse connections: keepalive, or a pool, in whoever closes first.",
"To one destination: a wider net.ipv4.ip_local_port_range, more addresses at either end, and net.ipv4.tcp_tw_reuse = 1, which the protocol allows: it is for connect() alone, and needs timestamps.",
"For the table: a larger net.ipv4.tcp_max_tw_buckets; each takes 256 bytes (Linux 6.12). A smaller one ends TIME_WAIT too early.",
"Myths: tcp_fin_timeout is about FIN_WAIT2 and does not shorten TIME_WAIT; tcp_tw_recycle broke clients behind NAT and is gone since Linux 4.12; SO_LINGER with 0 loses data.",
		},
		.source = {
"RFC 9293, section 3.6", "RFC 1337", "RFC 6191",
"tcp(7): tcp_tw_reuse, tcp_max_tw_buckets, tcp_tw_recycle, tcp_fin_timeout",
"Linux: Documentation/networking/ip-sysctl.rst",
		},
	},
	[AIL_SYN_SENT] = {
		.name = "syn_sent_pileup",
		.why =
"Nobody answers the SYN: the host is down, a firewall drops it silently, or its queues are full. connect() blocks for about two minutes, and with it whoever waits for that.",
		.help = {
"Is the destination up, and is the address right? A refusal would come at once: silence is a firewall, or overload.",
"Give connect() a time-out in the application (non-blocking, poll()); net.ipv4.tcp_syn_retries is for the whole host.",
"Do not try again without a pause.",
		},
		.source = {
"RFC 9293, section 3.5", "connect(2): ETIMEDOUT", "tcp(7): tcp_syn_retries",
		},
	},
	[AIL_RESET] = {
		.name = "reset_burst",
		.why =
"Connections end by RST and not by FIN: data under way may be lost. A process that ends with unread data, a health check that resets, a load balancer that gives up, or an application that uses SO_LINGER with 0.",
		.help = {
"Find out who sends them: 'tcpdump \"tcp[tcpflags] & tcp-rst != 0\"'.",
"Read what the other end sends before close(): unread data make the kernel send RST.",
"Health checks that reset on purpose are harmless; raise count of rule reset_burst.",
		},
		.source = {
"RFC 9293, section 3.5.2", "RFC 1122, section 4.2.2.13", "RFC 2525, section 2.17",
		},
	},
	[AIL_REFUSED] = {
		.name = "connects_refused",
		.why =
"connect() is answered by RST: nobody listens there, or a firewall rejects it.",
		.help = {
"Is the service up, on that port and address? 'ss -ltn' on its host says so.",
"Do not try again without a pause.",
		},
		.source = {
"connect(2): ECONNREFUSED", "RFC 9293, section 3.5.2",
		},
	},
	[AIL_TIMEOUT] = {
		.name = "timeouts",
		.why =
"Connections end because nobody answered: the other end is gone, or what is between has forgotten them.",
		.help = {
"'tcpstatectl show' says in which state: SYN_SENT is a destination that is silent, SYN_RECV a client that never came back, ESTABLISHED a broken path.",
"TCP keepalive (SO_KEEPALIVE) keeps firewalls from forgetting; TCP_USER_TIMEOUT says how long to try. net.ipv4.tcp_retries2 is for the whole host.",
		},
		.source = {
"RFC 1122, section 4.2.3.5", "RFC 5482",
"tcp(7): tcp_retries2, tcp_keepalive_time, TCP_USER_TIMEOUT",
		},
	},
	[AIL_DROPS] = {
		.name = "handshakes_dropped",
		.why =
"Clients were turned away, and try again after a second, then three: what they see is a slow service.",
		.help = {
"'tcpstatectl listeners' says which listener: an accept queue that is full is the application's, a queue of half-open requests may be a flood.",
"'tcpstatectl history' says when.",
		},
		.source = {
"listen(2)", "tcp(7): tcp_max_syn_backlog",
		},
	},
	[AIL_COUNTER] = {
		.name = "incomplete",
		.why =
"The module could not count or remember everything: what it shows is not all there is.",
		.help = {
"untracked: load the module with a larger max_connections. The others are explained in tcpstates(4).",
		},
		.source = {
"tcpstates(4): COUNTERS",
		},
	},
	[AIL_HOOK] = {
		.name = "incomplete",
		.why =
"The module is not attached everywhere: with that hook, what it counts is missing.",
		.help = {
"The kernel log says why, in the line of the load. Is CONFIG_FUNCTION_TRACER or CONFIG_KPROBES off, or does this kernel not have that function?",
		},
		.source = {
"tcpstates(4): HOOKS",
		},
	},
};

__attribute__((format(printf, 3, 4)))
static void add(char *text, size_t size, const char *format, ...)
{
	size_t len = strlen(text);
	va_list args;

	va_start(args, format);
	vsnprintf(text + len, size - len, format, args);
	va_end(args);
}

static void add_oldest(const struct finding *finding, char *text, size_t size)
{
	char age[DURATION_SIZE];

	if (finding->oldest_us.known)
		add(text, size, ", oldest %s%s",
		    finding->at_least ? "at least " : "",
		    duration_format(age, finding->oldest_us.value));
}

static void add_minutes(const struct patient *patient, char *text, size_t size)
{
	char age[DURATION_SIZE];

	add(text, size, " in the last %s",
	    duration_format(age, patient->ms * 1000));
}

/* Without a listener, or with a rate: as the rule has it */
static bool add_alert(const struct finding *finding, char *text, size_t size)
{
	if (finding->nr_inodes || finding->oldest_us.known)
		return false;
	add(text, size, "%llu, where %llu is an alert", finding->count,
	    finding->of.value);
	return true;
}

static void add_cookies(const struct patient *patient, char *text, size_t size)
{
	const struct tcpstates_num *cookies = &patient->setting[SET_SYNCOOKIES];

	if (cookies->known)
		add(text, size, "; net.ipv4.tcp_syncookies is %llu",
		    cookies->value);
}

static void what_of_listener(const struct patient *patient,
			     const struct finding *finding, char *text,
			     size_t size)
{
	bool flood = finding->ailment == AIL_SYN_FLOOD;

	add(text, size, "%s: ", flood ? "half-open requests" :
					"connections that wait for accept()");
	if (!finding->problem || !add_alert(finding, text, size))
		add(text, size, "%llu, and room for %llu", finding->count,
		    finding->of.value);
	if (flood)
		add_cookies(patient, text, size);
}

static void what_of_conns(const struct finding *finding, char *text,
			  size_t size)
{
	static const char * const what[] = {
		[AIL_CLOSE_WAIT] = "connections in CLOSE_WAIT",
		[AIL_FIN_LOST] = "connections whose FIN is lost (FIN_WAIT1, CLOSING, LAST_ACK)",
		[AIL_FIN_WAIT2] = "connections in FIN_WAIT2",
		[AIL_SYN_SENT] = "connects without an answer (SYN_SENT)",
	};

	add(text, size, "%llu %s", finding->count, what[finding->ailment]);
	add_oldest(finding, text, size);
}

static void what_of_tally(const struct patient *patient,
			  const struct finding *finding, char *text, size_t size)
{
	static const char * const what[] = {
		[AIL_RESET] = "connections ended by a reset",
		[AIL_REFUSED] = "connects were refused",
		[AIL_TIMEOUT] = "connections timed out",
	};

	if (finding->problem)
		add(text, size, "%llu %s in a second; %llu is an alert",
		    finding->count, what[finding->ailment], finding->of.value);
	else
		add(text, size, "%llu of %llu %s", finding->count,
		    finding->of.value, what[finding->ailment]);
	if (!finding->problem)
		add_minutes(patient, text, size);
}

static void what_of_module(const struct finding *finding, char *text,
			   size_t size)
{
	char name[64], status[64];

	tcpstates_escape(name, sizeof(name), finding->name);
	if (finding->ailment == AIL_COUNTER) {
		add(text, size, "counter '%s' is %llu", name, finding->count);
		return;
	}
	tcpstates_escape(status, sizeof(status), finding->status);
	add(text, size, "hook %s: %s", name, status);
}

/**
 * doctor_what() - a finding in a few words
 * @patient:	with settings
 * @finding:	the finding
 * @text:	where to
 * @size:	room for it
 */
void doctor_what(const struct patient *patient, const struct finding *finding,
		 char *text, size_t size)
{
	*text = '\0';
	switch (finding->ailment) {
	case AIL_SYN_FLOOD:
	case AIL_ACCEPT:
		what_of_listener(patient, finding, text, size);
		break;
	case AIL_TIME_WAIT:
		add(text, size, "%llu connections in TIME_WAIT, %s is %llu",
		    finding->count, finding->remote ? "an alert" :
		    "net.ipv4.tcp_max_tw_buckets", finding->of.value);
		break;
	case AIL_DROPS:
		add(text, size, "%llu handshakes were dropped, %llu by a full accept queue",
		    finding->count, finding->of.value);
		add_minutes(patient, text, size);
		break;
	case AIL_COUNTER:
	case AIL_HOOK:
		what_of_module(finding, text, size);
		break;
	case AIL_RESET:
	case AIL_REFUSED:
	case AIL_TIMEOUT:
		what_of_tally(patient, finding, text, size);
		break;
	default:
		what_of_conns(finding, text, size);
	}
}
