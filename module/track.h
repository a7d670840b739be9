/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The table of live connections: bounded, preallocated, without a lock.
 * Pure: compiled by the unit tests, under ThreadSanitizer too.
 *
 * A connection is named by the address of the kernel object it lives in at
 * the moment (socket, request or mini socket) and costs one 16-byte slot.  Four
 * slots are one bucket and one cache line; an address has two buckets, and
 * room elsewhere for the few that find both full.
 * Events of one object are serialised by the kernel (socket lock,
 * reference counts), so two CPUs never work on one key, but many CPUs work
 * on one bucket: a slot is claimed by cmpxchg, and given back by a store.
 */
#ifndef _TCPS_TRACK_H
#define _TCPS_TRACK_H

#include "pure.h"

/*
 * word: | address bits 56 … 3 | mark | unknown | kind (2) | state (4) | 2 free
 * The address is shifted left by 7, which keeps 57 significant bits: enough
 * for every 64-bit architecture's kernel addresses, 5-level x86 included.
 */
#define TCPS_REC_STATE_SHIFT	2
#define TCPS_REC_STATE		(15ULL << TCPS_REC_STATE_SHIFT)
#define TCPS_REC_KIND_SHIFT	6
#define TCPS_REC_KIND		(3ULL << TCPS_REC_KIND_SHIFT)
#define TCPS_REC_UNKNOWN	BIT_ULL(8)	/* older than the module */
#define TCPS_REC_MARK		BIT_ULL(9)	/* seen by the audit's sweep */
#define TCPS_REC_BUSY		BIT_ULL(0)	/* claimed, not filled in yet */
#define TCPS_REC_KEY		(~0ULL << 10)

enum tcps_kind {
	TCPS_KIND_SOCK,
	TCPS_KIND_REQ,
	TCPS_KIND_MINI,
};

#define TCPS_BUCKET_SLOTS	4
#define TCPS_STASH_BUCKETS	16

/**
 * struct tcps_slot - the record of one connection
 * @word:	key, state and flags; 0: free.  Claimed by cmpxchg, then
 *		written only by the owner of the kernel object
 * @when:	48 bits: when the state was entered (ticks, clock.h); 16
 *		bits: number of the namespace.  Written by the owner only
 */
struct tcps_slot {
	u64 word;
	u64 when;
};

struct tcps_bucket {
	struct tcps_slot slot[TCPS_BUCKET_SLOTS];
} __aligned(64);

/**
 * struct tcps_table - the table of connections
 * @bucket:	@nr_buckets of them, then TCPS_STASH_BUCKETS more
 * @nr_buckets:	never changes
 * @elsewhere:	records outside their own two buckets, which were full: in the
 *		buckets that come next, or in the stash.  0 saves everybody the
 *		search
 * @stashed:	those of them that are in the stash
 */
struct tcps_table {
	struct tcps_bucket *bucket;
	u64 nr_buckets;
	atomic_t elsewhere;
	atomic_t stashed;
};

static inline u64 tcps_key(const void *ptr)
{
	return (u64)(unsigned long)ptr << 7;
}

static inline const void *tcps_slot_ptr(u64 word)
{
	/* An arithmetic shift: kernel addresses have their top bits set. */
	return (const void *)(unsigned long)((s64)(word & TCPS_REC_KEY) >> 7);
}

static inline u64 tcps_rec_word(const void *ptr, unsigned int kind,
				unsigned int state, u64 flags)
{
	return tcps_key(ptr) | (u64)kind << TCPS_REC_KIND_SHIFT |
	       (u64)state << TCPS_REC_STATE_SHIFT | flags;
}

static inline unsigned int tcps_rec_state(u64 word)
{
	return (word & TCPS_REC_STATE) >> TCPS_REC_STATE_SHIFT;
}

static inline unsigned int tcps_rec_kind(u64 word)
{
	return (word & TCPS_REC_KIND) >> TCPS_REC_KIND_SHIFT;
}

static inline u64 tcps_when(u64 now, unsigned int netid)
{
	return now << 16 | netid;
}

static inline unsigned int tcps_when_netid(u64 when)
{
	return when & 0xffff;
}

/**
 * tcps_when_elapsed() - the time since a record's state was entered
 * @when:	the record's @when
 * @now:	the clock, in ticks
 *
 * Modulo 48 bits: right for every time below 2 years.
 *
 * Return: ticks; 0 if another CPU's clock was ahead.
 */
static inline u64 tcps_when_elapsed(u64 when, u64 now)
{
	u64 diff = ((now << 16) - (when & ~0xffffULL)) >> 16;

	return diff >> 47 ? 0 : diff;
}

/**
 * tcps_update() - write a record anew
 * @slot:	the record, which belongs to the caller
 * @word:	tcps_rec_word() of the same object
 * @when:	tcps_when()
 *
 * Any context.
 */
static inline void tcps_update(struct tcps_slot *slot, u64 word, u64 when)
{
	WRITE_ONCE(slot->when, when);
	/* Whoever sees @word sees @when, or a later one. */
	smp_store_release(&slot->word, word);
}

/**
 * tcps_slot_read() - read a record that belongs to somebody else
 * @slot:	the slot
 * @when:	where its @when goes
 *
 * Any context.  What is read is one record, except that @when may be that of
 * the state which its owner is about to enter: no time in a state is ever
 * overestimated.
 *
 * Return: the slot's @word, or 0: it is free, or changing.
 */
static inline u64 tcps_slot_read(const struct tcps_slot *slot, u64 *when)
{
	/* Pairs with the release in tcps_update() and in tcps_insert(). */
	u64 word = smp_load_acquire(&slot->word);

	*when = READ_ONCE(slot->when);
	smp_rmb(); /* look, then look again */
	if (word & TCPS_REC_BUSY || READ_ONCE(slot->word) != word)
		return 0;
	/* The slot may have been another's, and be the same again since. */
	smp_rmb();
	return READ_ONCE(slot->when) == *when ? word : 0;
}

size_t tcps_table_bytes(u32 max_connections);
void tcps_table_init(struct tcps_table *table, void *mem, u32 max_connections);
struct tcps_slot *tcps_find_rest(struct tcps_table *table, const void *ptr);
struct tcps_slot *tcps_find_other(struct tcps_table *table, const void *ptr,
				  const struct tcps_slot *not_this);
struct tcps_slot *tcps_insert_rest(struct tcps_table *table, u64 word,
				   u64 when);
void tcps_count_erased(struct tcps_table *table, const struct tcps_slot *slot,
		       u64 word);
bool tcps_erase_if(struct tcps_table *table, struct tcps_slot *slot, u64 word);
u64 tcps_table_slots(const struct tcps_table *table);
struct tcps_slot *tcps_table_slot(const struct tcps_table *table, u64 index);

/*
 * The usual case of finding, inserting and erasing is inlined into the probes:
 * one multiplication, one cache line.
 *
 * Multiplicative hashing (Knuth) with 2^64 divided by the golden ratio; the
 * second bucket comes from an unrelated factor (the square root of 2), so that
 * what shares one bucket does not share both.  Objects of one slab stand at
 * equal distances, and so would their products: a shift breaks that.
 */
#define TCPS_HASH_FIRST		0x9e3779b97f4a7c15ULL
#define TCPS_HASH_SECOND	0x6a09e667f3bcc909ULL

static inline struct tcps_bucket *tcps_bucket(const struct tcps_table *table,
					      u64 key, u64 factor)
{
	u64 hash = (key ^ key >> 13) * factor;

	/* The hash as a fraction of the number of buckets */
	return &table->bucket[tcps_mul_high(hash, table->nr_buckets)];
}

/* A record that is being made is nobody's yet: its maker may still give way. */
static inline bool tcps_is_record(u64 word, u64 key)
{
	return !((word ^ key) & (TCPS_REC_KEY | TCPS_REC_BUSY));
}

/* The first slot of a bucket whose @word is @as in the bits of @mask */
static __always_inline bool tcps_find_in(struct tcps_bucket *b, u64 as,
					 u64 mask, struct tcps_slot **slot,
					 u64 *word)
{
	struct tcps_slot *s = b->slot;

	BUILD_BUG_ON(TCPS_BUCKET_SLOTS != 4);
	*slot = s;
	*word = READ_ONCE(s[0].word);
	if (likely(!((*word ^ as) & mask)))
		return true;
	*slot = s + 1;
	*word = READ_ONCE(s[1].word);
	if (likely(!((*word ^ as) & mask)))
		return true;
	*slot = s + 2;
	*word = READ_ONCE(s[2].word);
	if (!((*word ^ as) & mask))
		return true;
	*slot = s + 3;
	*word = READ_ONCE(s[3].word);
	return !((*word ^ as) & mask);
}

/**
 * tcps_find_near() - the record of an object, if it is in its first bucket
 * @table:	the table
 * @ptr:	the object
 * @slot:	where the record goes
 * @word:	where its @word goes
 *
 * Any context.
 *
 * Return: false if it is not there.
 */
static __always_inline bool tcps_find_near(const struct tcps_table *table,
					   const void *ptr,
					   struct tcps_slot **slot, u64 *word)
{
	u64 key = tcps_key(ptr);

	return tcps_find_in(tcps_bucket(table, key, TCPS_HASH_FIRST), key,
			    TCPS_REC_KEY | TCPS_REC_BUSY, slot, word);
}

/**
 * tcps_find_as() - the record of an object, as it is expected to be
 * @table:	the table
 * @ptr:	the object
 * @state:	the state that it is in
 * @more:	TCPS_REC_UNKNOWN: since a time that is known; 0: or not
 * @slot:	where the record goes
 * @word:	where its @word goes
 *
 * Any context.  One comparison finds the record and what it has to be.
 *
 * Return: false if its first bucket has none that is so.
 */
static __always_inline bool tcps_find_as(const struct tcps_table *table,
					 const void *ptr, unsigned int state,
					 u64 more, struct tcps_slot **slot,
					 u64 *word)
{
	u64 key = tcps_key(ptr);

	return tcps_find_in(tcps_bucket(table, key, TCPS_HASH_FIRST),
			    key | state << TCPS_REC_STATE_SHIFT,
			    TCPS_REC_KEY | TCPS_REC_BUSY | TCPS_REC_STATE |
			    more, slot, word);
}

/**
 * tcps_find() - the record of an object
 * @table:	the table
 * @ptr:	the object
 *
 * Any context.  The caller's exclusive right to the object's events is what
 * keeps the record from moving.
 *
 * Return: the record, or NULL.
 */
static inline struct tcps_slot *tcps_find(struct tcps_table *table,
					  const void *ptr)
{
	struct tcps_slot *slot;
	u64 word;

	return tcps_find_near(table, ptr, &slot, &word) ?
	       slot : tcps_find_rest(table, ptr);
}

/*
 * Claim, fill in, publish: a reader that walks the table sees BUSY, or the
 * whole record.
 */
static __always_inline bool tcps_claim(struct tcps_slot *slot, u64 word,
				       u64 when)
{
	u64 old = 0;

	if (!try_cmpxchg(&slot->word, &old, word | TCPS_REC_BUSY))
		return false;
	WRITE_ONCE(slot->when, when);
	/* Whoever walks the table sees @when no later than this. */
	smp_store_release(&slot->word, word);
	return true;
}

/**
 * tcps_insert_near() - add a record, if its first bucket is half empty
 * @table:	the table
 * @ptr:	the object
 * @word:	tcps_rec_word() of @ptr; no record of it may be in the table
 * @when:	tcps_when()
 * @slot:	where the record goes
 *
 * Any context.
 *
 * Return: false: nothing has been done.
 */
static __always_inline bool tcps_insert_near(const struct tcps_table *table,
					     const void *ptr, u64 word,
					     u64 when, struct tcps_slot **slot)
{
	struct tcps_slot *s = tcps_bucket(table, tcps_key(ptr),
					  TCPS_HASH_FIRST)->slot;

	*slot = s;
	if (likely(tcps_claim(s, word, when)))
		return true;
	*slot = ++s;
	return likely(tcps_claim(s, word, when));
}

/**
 * tcps_insert() - add a record
 * @table:	the table
 * @word:	tcps_rec_word(); no record of that key may be in the table
 * @when:	tcps_when()
 *
 * Any context.
 *
 * Return: the record, or NULL: there is no room.
 */
static inline struct tcps_slot *tcps_insert(struct tcps_table *table, u64 word,
					    u64 when)
{
	struct tcps_slot *slot;

	return tcps_insert_near(table, tcps_slot_ptr(word), word, when, &slot) ?
	       slot : tcps_insert_rest(table, word, when);
}

/**
 * tcps_erase() - remove a record
 * @table:	the table
 * @slot:	the record, which belongs to the caller
 * @word:	what it is
 *
 * Any context.
 */
static __always_inline void tcps_erase(struct tcps_table *table,
				       struct tcps_slot *slot, u64 word)
{
	/* Our last look at the record comes before its next owner's first. */
	smp_store_release(&slot->word, 0);
	if (unlikely(atomic_read(&table->elsewhere)))
		tcps_count_erased(table, slot, word);
}

#endif /* _TCPS_TRACK_H */
