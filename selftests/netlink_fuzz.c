// SPDX-License-Identifier: GPL-2.0
/*
 * netlink_fuzz: requests of all kinds to the family tcpstates, made after the
 * policies that the kernel itself gives out, and then broken.
 *
 *   netlink_fuzz MESSAGES SEED
 *
 * Ends with 1 if a refusal of an attribute has no text, if an answer has
 * what looks like a kernel address, if an operation was never accepted that we may
 * do (config-set and all namespaces: as root in the initial namespace), or if the
 * family does not answer in the end.  Whether the kernel minds is for the kernel's
 * log to say.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <unistd.h>

#include "netlink_client.h"

#define POLICIES	16
#define ATTRS		64
#define CMDS		16

/**
 * struct rule - what a policy says of an attribute
 * @type:	NL_ATTR_TYPE_…; 0: the attribute is refused
 * @min:	smallest value
 * @max:	greatest value
 * @nested:	policy of what is in it
 */
struct rule {
	unsigned int type;
	uint64_t min, max;
	unsigned int nested;
};

static struct rule rules[POLICIES][ATTRS];
static int policy_of[CMDS][2];		/* for do, for dump; -1: none */
static unsigned long refused, accepted, silent, addresses, abandoned;
static unsigned long accepted_of[CMDS], everywhere;
static uint64_t seed;

/* xorshift64* */
static uint64_t any(void)
{
	seed ^= seed >> 12;
	seed ^= seed << 25;
	seed ^= seed >> 27;
	return seed * 2685821657736338717ULL;
}

static unsigned int below(unsigned int n)
{
	return any() % n;
}

static bool one_in(unsigned int n)
{
	return !below(n);
}

static void take_rule(struct rule *rule, const struct nlattr *nest)
{
	const struct nlattr *attr = attr_data(nest);
	size_t left = attr_len(nest);

	for (; attr_ok(attr, left); attr = attr_next(attr, &left)) {
		uint64_t value = attr_number(attr);

		switch (attr_type(attr)) {
		case NL_POLICY_TYPE_ATTR_TYPE:
			rule->type = value;
			break;
		case NL_POLICY_TYPE_ATTR_MIN_VALUE_U:
			rule->min = value;
			break;
		case NL_POLICY_TYPE_ATTR_MAX_VALUE_U:
		case NL_POLICY_TYPE_ATTR_MASK:
			rule->max = value;
			break;
		case NL_POLICY_TYPE_ATTR_POLICY_IDX:
			rule->nested = value;
			break;
		}
	}
}

/* policy → attribute → what it must be like */
static void take_policy(const struct nlattr *nest)
{
	const struct nlattr *policy = attr_data(nest), *attr;
	size_t left = attr_len(nest), inner;

	for (; attr_ok(policy, left); policy = attr_next(policy, &left)) {
		attr = attr_data(policy);
		inner = attr_len(policy);
		for (; attr_ok(attr, inner); attr = attr_next(attr, &inner))
			take_rule(&rules[attr_type(policy) % POLICIES]
				  [attr_type(attr) % ATTRS], attr);
	}
}

static void take_op(const struct nlattr *nest)
{
	const struct nlattr *op = attr_data(nest), *attr;
	size_t left = attr_len(nest), inner;

	for (; attr_ok(op, left); op = attr_next(op, &left)) {
		attr = attr_data(op);
		inner = attr_len(op);
		for (; attr_ok(attr, inner); attr = attr_next(attr, &inner))
			policy_of[attr_type(op) % CMDS]
				[attr_type(attr) == CTRL_ATTR_POLICY_DUMP] =
				attr_number(attr);
	}
}

static void take_message(const struct nlmsghdr *nlh, void *arg)
{
	const struct nlattr *attr;
	size_t left;

	(void)arg;
	for (attr = attr_first(nlh, &left); attr_ok(attr, left);
	     attr = attr_next(attr, &left)) {
		if (attr_type(attr) == CTRL_ATTR_POLICY)
			take_policy(attr);
		else if (attr_type(attr) == CTRL_ATTR_OP_POLICY)
			take_op(attr);
	}
}

/* What the family takes, in the words of the kernel's own nlctrl */
static int read_policies(int fd, int family)
{
	unsigned int p, a, n = 0;
	uint16_t id = family;
	struct request r;
	struct answer end;

	memset(policy_of, -1, sizeof(policy_of));
	request_begin(&r, GENL_ID_CTRL, NLM_F_DUMP, CTRL_CMD_GETPOLICY);
	request_put(&r, CTRL_ATTR_FAMILY_ID, &id, sizeof(id));
	if (request_send(fd, &r) ||
	    request_answer(fd, take_message, NULL, &end) || end.error)
		return -1;
	for (p = 0; p < POLICIES; p++)
		for (a = 0; a < ATTRS; a++)
			n += !!rules[p][a].type;
	printf("%u attributes in the policies\n", n);
	return n ? 0 : -1;
}

static size_t size_of(const struct rule *rule)
{
	switch (rule->type) {
	case NL_ATTR_TYPE_FLAG:
		return 0;
	case NL_ATTR_TYPE_U8:
		return 1;
	case NL_ATTR_TYPE_U16:
		return 2;
	case NL_ATTR_TYPE_U32:
		return 4;
	case NL_ATTR_TYPE_U64:
		return 8;
	default:
		return one_in(2) ? 4 : 16;
	}
}

/* A value that passes, one at the edge, one past it, a small one, or any. */
static uint64_t value_of(const struct rule *rule)
{
	uint64_t span = rule->max - rule->min + 1;

	switch (below(8)) {
	case 0:
		return rule->min;
	case 1:
		return rule->max;
	case 2:
		return rule->min - 1;
	case 3:
		return rule->max + 1;
	case 4:
		return any();
	case 5:
	case 6:
		return below(128);
	default:
		return rule->min + (span ? any() % span : any());
	}
}

static void put_any(struct request *r, unsigned int policy, int depth);

static void put_value(struct request *r, int type, const struct rule *rule)
{
	uint64_t other[8], value = value_of(rule);
	size_t len = size_of(rule), i;

	for (i = 0; i < 8; i++)
		other[i] = any();
	type |= one_in(32) ? NLA_F_NESTED : 0;
	if (one_in(16))
		request_put(r, type, other, below(sizeof(other)));
	else if (len && len <= sizeof(value))
		request_put_number(r, type, value, len);
	else
		request_put(r, type, other, len);
}

static void put_attr(struct request *r, unsigned int policy, int depth)
{
	int type = one_in(12) ? (int)below(ATTRS) : 1 + (int)below(20);
	const struct rule *rule = &rules[policy][type % ATTRS];
	size_t nest;

	/* Mostly what there is a rule for */
	if (!rule->type && !one_in(8))
		return;
	if (rule->type == NL_ATTR_TYPE_NESTED && depth < 4 && !one_in(16)) {
		nest = request_nest(r, type);
		put_any(r, rule->nested % POLICIES, depth + 1);
		request_end(r, nest);
		return;
	}
	put_value(r, type, rule);
}

static void put_any(struct request *r, unsigned int policy, int depth)
{
	unsigned int n = below(one_in(2) ? 5 : 24);

	while (n--)
		put_attr(r, policy, depth);
}

/* One parameter of a rule: by chance alone, hardly ever one is right. */
static void put_param(struct request *r, const struct rule *of)
{
	int type = TCPSTATES_A_RULE_ENABLED +
		   (int)below(TCPSTATES_A_RULE_QUIET -
			      TCPSTATES_A_RULE_ENABLED + 1);

	put_value(r, TCPSTATES_A_RULE_RULE, &of[TCPSTATES_A_RULE_RULE]);
	put_value(r, type, &of[type]);
}

/*
 * Bytes that are wrong, where lengths and types may be among them.  True: nobody
 * has to say what is wrong with it.
 */
static bool damage(struct request *r)
{
	unsigned int n = 1 + below(4);
	size_t head = NLMSG_HDRLEN;

	while (n--)
		if (r->len > head)
			r->buf.bytes[head + below(r->len - head)] = any();
	if (one_in(4) && r->len > head + 4)
		r->len -= below(r->len - head);
	return true;
}

/* Return: whether it is a message that can be judged. */
static bool make(struct request *r, int family)
{
	bool whole = true;
	bool dump = one_in(2);
	int cmd = one_in(32) ? (int)below(256) :
			       1 + (int)below(TCPSTATES_CMD_MAX);
	int policy = cmd < CMDS ? policy_of[cmd][dump] : -1;

	request_begin(r, family, NLM_F_ACK | (dump ? NLM_F_DUMP : 0), cmd);
	if (one_in(64)) {
		r->buf.nlh.nlmsg_flags |= any();
		whole = false;
	}
	if (cmd == TCPSTATES_CMD_RULE_SET && policy >= 0 && one_in(2))
		put_param(r, rules[policy]);
	else
		put_any(r, policy < 0 ? below(POLICIES) : (unsigned int)policy,
			0);
	if (one_in(8))
		whole = !damage(r);
	return whole;
}

/* No number of 8 bytes may look like the address of something. */
static void inspect(const struct nlattr *attr, size_t left, int depth)
{
	for (; attr_ok(attr, left); attr = attr_next(attr, &left)) {
		if (attr_len(attr) == 8 && attr_number(attr) >> 47 == 0x1ffff &&
		    ~attr_number(attr) > 0xffff)
			addresses++;
		if (attr->nla_type & NLA_F_NESTED && depth < 4)
			inspect(attr_data(attr), attr_len(attr), depth + 1);
	}
}

static void look(const struct nlmsghdr *nlh, void *arg)
{
	const struct nlattr *attr;
	size_t left;

	(void)arg;
	attr = attr_first(nlh, &left);
	inspect(attr, left, 0);
}

/* A dump of all namespaces */
static bool of_all(const struct request *r)
{
	static const int all_netns[CMDS] = {
		[TCPSTATES_CMD_STATS_GET] = TCPSTATES_A_STATS_ALL_NETNS,
		[TCPSTATES_CMD_ALERT_GET] = TCPSTATES_A_ALERT_ALL_NETNS,
		[TCPSTATES_CMD_RULE_GET] = TCPSTATES_A_RULE_ALL_NETNS,
		[TCPSTATES_CMD_HISTORY_GET] = TCPSTATES_A_MOMENT_ALL_NETNS,
	};
	const struct genlmsghdr *genl = NLMSG_DATA(&r->buf.nlh);
	const struct nlattr *attr;
	size_t left;

	if (genl->cmd >= CMDS || !all_netns[genl->cmd])
		return false;
	for (attr = attr_first(&r->buf.nlh, &left); attr_ok(attr, left);
	     attr = attr_next(attr, &left))
		if (attr_type(attr) == all_netns[genl->cmd])
			return true;
	return false;
}

static void judge(const struct answer *a, const struct request *r, bool whole)
{
	const struct genlmsghdr *genl = NLMSG_DATA(&r->buf.nlh);

	if (!a->error) {
		accepted++;
		if (genl->cmd < CMDS)
			accepted_of[genl->cmd]++;
		everywhere += of_all(r);
		return;
	}
	refused++;
	if (whole && !a->text[0] && a->error != -EOPNOTSUPP && a->error != -EBUSY &&
	    silent++ < 10)
		printf("refused without a text: %s\n", strerror(-a->error));
}

static int again(int fd)
{
	struct timeval wait = { .tv_sec = 20 };

	if (fd >= 0)
		close(fd);
	fd = client_open();
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &wait, sizeof(wait));
	return fd;
}

/* Every now and then somebody else, or gone in the middle of an answer */
static int one_message(int fd, int family)
{
	struct request r;
	struct answer a;
	bool whole = make(&r, family);

	if (request_send(fd, &r))
		return again(fd);
	if (one_in(64)) {
		abandoned++;
		return again(fd);
	}
	if (request_answer(fd, look, NULL, &a)) {
		printf("no answer: %s\n", strerror(errno));
		silent++;
		return again(fd);
	}
	judge(&a, &r, whole);
	return fd;
}

static bool answers(int fd, int family)
{
	struct request r;
	struct answer a;

	request_begin(&r, family, NLM_F_ACK, TCPSTATES_CMD_STATS_GET);
	return !request_send(fd, &r) && !request_answer(fd, look, NULL, &a) &&
	       !a.error && a.messages == 1;
}

static bool in_initial(void)
{
	struct stat here, first;

	return !stat("/proc/self/ns/net", &here) &&
	       !stat("/proc/1/ns/net", &first) && here.st_ino == first.st_ino;
}

/* Who we are, and where, the kernel refuses that for certain. */
static bool not_for_us(int cmd)
{
	if (cmd == TCPSTATES_CMD_CONFIG_SET)
		return geteuid() || !in_initial();
	return cmd == TCPSTATES_CMD_RULE_SET && geteuid();
}

/* Return: whether each operation has been done, and not only refused. */
static bool all_done(void)
{
	bool all = true;
	int cmd;

	for (cmd = 0; cmd < CMDS; cmd++) {
		if (policy_of[cmd][0] < 0 && policy_of[cmd][1] < 0)
			continue;
		printf("operation %d: accepted %lu times\n", cmd,
		       accepted_of[cmd]);
		/* What nobody may do must not have been done, either. */
		all &= (accepted_of[cmd] > 0) != not_for_us(cmd);
	}
	printf("all namespaces: accepted %lu times\n", everywhere);
	return all && (everywhere > 0) != not_for_us(TCPSTATES_CMD_CONFIG_SET);
}

int main(int argc, char **argv)
{
	unsigned long n = argc > 1 ? strtoul(argv[1], NULL, 0) : 1000;
	int fd = again(-1), family = client_family(fd, TCPSTATES_FAMILY_NAME);

	seed = argc > 2 ? strtoull(argv[2], NULL, 0) : 1;
	seed = seed * 0x9e3779b97f4a7c15ULL | 1;
	if (family < 0 || read_policies(fd, family)) {
		fprintf(stderr, "netlink_fuzz: no family, or no policies\n");
		return 1;
	}
	while (n--)
		fd = one_message(fd, family);
	fd = again(fd);
	printf("%lu accepted, %lu refused, %lu abandoned, %lu without a text, %lu addresses\n",
	       accepted, refused, abandoned, silent, addresses);
	return silent || addresses || !refused || !all_done() ||
	       !answers(fd, family);
}
