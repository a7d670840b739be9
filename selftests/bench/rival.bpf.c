// SPDX-License-Identifier: GPL-2.0
/*
 * The strongest rival that BPF can be: the same hooks (BTF tracepoint, fentry),
 * per-CPU counters and histograms, one preallocated hash table for the time
 * of entry, nothing sent to user space.  It counts what an honest BPF program
 * can at that price: transitions, and dwell times in log-linear buckets.  It does
 * not follow a connection from request to socket to mini socket, knows no
 * namespaces, no sockets older than itself, and no causes.
 */
#include <linux/bpf.h>
#include <stdbool.h>
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>

#define IPPROTO_TCP	6
#define SYN_RECV	3
#define TIME_WAIT	6
#define CLOSE		7
#define BUCKETS		184
#define STATES		16

/* What is used of the kernel's types; CO-RE finds where it is. */
struct sock {
	unsigned short sk_protocol;
} __attribute__((preserve_access_index));

struct sock_common {
	struct sock *skc_listener;
} __attribute__((preserve_access_index));

struct inet_timewait_sock {
	int tw_timeout;
	unsigned char tw_substate;
} __attribute__((preserve_access_index));

struct request_sock {
	struct sock_common __req_common;
} __attribute__((preserve_access_index));

struct edge {
	__u64 count;
	__u64 max;
	__u32 hist[BUCKETS];
};

struct life {
	__u64 since;
	__u32 state;
};

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, STATES * STATES);
	__type(key, __u32);
	__type(value, struct edge);
} edges SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 131072);
	__type(key, __u64);
	__type(value, struct life);
} lives SEC(".maps");

static __always_inline int log2_of(__u64 x)
{
	int n = 0;

	if (x >> 32) {
		x >>= 32;
		n += 32;
	}
	if (x >> 16) {
		x >>= 16;
		n += 16;
	}
	if (x >> 8) {
		x >>= 8;
		n += 8;
	}
	if (x >> 4) {
		x >>= 4;
		n += 4;
	}
	if (x >> 2) {
		x >>= 2;
		n += 2;
	}
	return n + (x >> 1);
}

static __always_inline void count(int from, int to, __u64 dwell, bool measured)
{
	__u32 key = (from & 15) << 4 | (to & 15), bucket, drop;
	struct edge *e = bpf_map_lookup_elem(&edges, &key);
	__u64 units = dwell >> 10;

	if (!e)
		return;
	e->count++;
	if (!measured)
		return;
	drop = log2_of(units | 4) - 2;
	bucket = 4 * drop + (units >> drop);
	if (bucket < BUCKETS)
		e->hist[bucket]++;
	if (units > e->max)
		e->max = units;
}

static __always_inline void born(__u64 key, int from, int to)
{
	struct life life = { .since = bpf_ktime_get_ns(), .state = to };

	count(from, to, 0, false);
	bpf_map_update_elem(&lives, &key, &life, BPF_ANY);
}

static __always_inline void died(__u64 key, int from)
{
	struct life *life = bpf_map_lookup_elem(&lives, &key);

	if (!life)
		return;
	count(from, CLOSE, bpf_ktime_get_ns() - life->since, true);
	bpf_map_delete_elem(&lives, &key);
}

SEC("tp_btf/inet_sock_set_state")
int BPF_PROG(set_state, const struct sock *sk, int from, int to)
{
	__u64 key = (__u64)sk, now;
	struct life *life;

	if (sk->sk_protocol != IPPROTO_TCP)
		return 0;
	if (to == CLOSE) {
		died(key, from);
		return 0;
	}
	life = bpf_map_lookup_elem(&lives, &key);
	if (!life) {
		born(key, from, to);
		return 0;
	}
	now = bpf_ktime_get_ns();
	count(from, to, now - life->since, true);
	life->since = now;
	life->state = to;
	return 0;
}

SEC("fentry/inet_csk_reqsk_queue_hash_add")
int BPF_PROG(req_added, struct sock *listener, struct request_sock *req)
{
	born((__u64)req, 10, SYN_RECV);
	return 0;
}

SEC("fentry/tcp_v4_reqsk_destructor")
int BPF_PROG(req_freed, struct request_sock *req)
{
	if (req->__req_common.skc_listener)
		died((__u64)req, SYN_RECV);
	return 0;
}

SEC("fentry/inet_twsk_hashdance_schedule")
int BPF_PROG(mini_made, struct inet_timewait_sock *tw, struct sock *sk)
{
	born((__u64)tw, 5, tw->tw_substate);
	return 0;
}

SEC("fentry/tcp_twsk_destructor")
int BPF_PROG(mini_freed, struct sock *tw)
{
	died((__u64)tw, TIME_WAIT);
	return 0;
}

char LICENSE[] SEC("license") = "GPL";
