// SPDX-License-Identifier: GPL-2.0
/*
 * The table of live connections; track.h says how it is laid out.
 */
#include "track.h"

/* The two buckets of a key. */
struct candidates {
	struct tcps_bucket *first;
	struct tcps_bucket *second;
};

static inline struct candidates candidates(const struct tcps_table *table,
					   u64 key)
{
	struct candidates c = {
		.first = tcps_bucket(table, key, TCPS_HASH_FIRST),
		.second = tcps_bucket(table, key, TCPS_HASH_SECOND),
	};

	return c;
}

/* Where a record goes whose own two buckets are full. */
static inline struct tcps_bucket *beside(const struct tcps_table *table,
					 struct tcps_bucket *b)
{
	return b + 1 < &table->bucket[table->nr_buckets] ? b + 1 :
							   table->bucket;
}

static inline struct tcps_slot *find_in(struct tcps_bucket *b, u64 key)
{
	unsigned int i;

	for (i = 0; i < TCPS_BUCKET_SLOTS; i++)
		if (tcps_is_record(READ_ONCE(b->slot[i].word), key))
			return &b->slot[i];
	return NULL;
}

/* What no table has as long as there is room to spare. */
static struct tcps_slot *find_elsewhere(struct tcps_table *table,
					struct candidates c, u64 key)
{
	struct tcps_slot *slot = find_in(beside(table, c.first), key);
	unsigned int i;

	if (!slot)
		slot = find_in(beside(table, c.second), key);
	if (slot || likely(!atomic_read(&table->stashed)))
		return slot;
	for (i = 0; i < TCPS_STASH_BUCKETS && !slot; i++)
		slot = find_in(&table->bucket[table->nr_buckets + i], key);
	return slot;
}

/**
 * tcps_table_bytes() - the memory a table needs
 * @max_connections:	how many connections it is to hold
 *
 * Two slots a connection: a table half full practically never turns one away.
 *
 * Return: bytes.
 */
size_t tcps_table_bytes(u32 max_connections)
{
	size_t nr = max_connections / (TCPS_BUCKET_SLOTS / 2);

	return (nr + TCPS_STASH_BUCKETS) * sizeof(struct tcps_bucket);
}

/**
 * tcps_table_init() - make a table out of memory
 * @table:		the table
 * @mem:		tcps_table_bytes() bytes, zeroed, aligned to 64
 * @max_connections:	the same as there; at least 2
 */
void tcps_table_init(struct tcps_table *table, void *mem, u32 max_connections)
{
	table->bucket = mem;
	table->nr_buckets = max_connections / (TCPS_BUCKET_SLOTS / 2);
	atomic_set(&table->elsewhere, 0);
	atomic_set(&table->stashed, 0);
}

/**
 * tcps_find_rest() - the record of an object, if its first bucket has none
 * @table:	the table
 * @ptr:	the object
 *
 * Any context.
 *
 * Return: the record, or NULL.
 */
struct tcps_slot *tcps_find_rest(struct tcps_table *table, const void *ptr)
{
	u64 key = tcps_key(ptr);
	struct candidates c = candidates(table, key);
	struct tcps_slot *slot = find_in(c.second, key);

	if (slot || likely(!atomic_read(&table->elsewhere)))
		return slot;
	return find_elsewhere(table, c, key);
}

static struct tcps_slot *find_other_in(struct tcps_bucket *b, unsigned int n,
				       u64 key, const struct tcps_slot *not_this)
{
	struct tcps_slot *slot = b->slot;

	for (; slot < b[n].slot; slot++)
		if (slot != not_this &&
		    tcps_is_record(READ_ONCE(slot->word), key))
			return slot;
	return NULL;
}

/**
 * tcps_find_other() - a second record of the same object
 * @table:	the table
 * @ptr:	the object
 * @not_this:	the record that is known
 *
 * Only the seeder, which has no exclusive right to an object's events, can
 * make two, and it uses this to find that out: of two that insert, have a
 * full barrier, and then look, at least one sees the other's record.
 *
 * Return: a record other than @not_this, or NULL.
 */
struct tcps_slot *tcps_find_other(struct tcps_table *table, const void *ptr,
				  const struct tcps_slot *not_this)
{
	u64 key = tcps_key(ptr);
	struct candidates c = candidates(table, key);
	struct tcps_slot *slot;

	slot = find_other_in(c.first, 1, key, not_this);
	if (!slot)
		slot = find_other_in(c.second, 1, key, not_this);
	if (slot || likely(!atomic_read(&table->elsewhere)))
		return slot;
	slot = find_other_in(beside(table, c.first), 1, key, not_this);
	if (!slot)
		slot = find_other_in(beside(table, c.second), 1, key, not_this);
	if (!slot && atomic_read(&table->stashed))
		slot = find_other_in(&table->bucket[table->nr_buckets],
				     TCPS_STASH_BUCKETS, key, not_this);
	return slot;
}

static struct tcps_slot *claim(struct tcps_bucket *b, u64 word, u64 when)
{
	unsigned int i;

	for (i = 0; i < TCPS_BUCKET_SLOTS; i++)
		if (!READ_ONCE(b->slot[i].word) &&
		    tcps_claim(&b->slot[i], word, when))
			return &b->slot[i];
	return NULL;
}

static inline unsigned int used(const struct tcps_bucket *b)
{
	unsigned int i, n = 0;

	for (i = 0; i < TCPS_BUCKET_SLOTS; i++)
		n += !!READ_ONCE(b->slot[i].word);
	return n;
}

/* Every count is made before its record: whoever must find it looks there. */
static struct tcps_slot *claim_stash(struct tcps_table *table, u64 word,
				     u64 when)
{
	struct tcps_slot *slot = NULL;
	unsigned int i;

	atomic_inc(&table->stashed);
	for (i = 0; i < TCPS_STASH_BUCKETS && !slot; i++)
		slot = claim(&table->bucket[table->nr_buckets + i], word, when);
	if (!slot)
		atomic_dec(&table->stashed);
	return slot;
}

static struct tcps_slot *claim_beside(const struct tcps_table *table,
				      struct candidates c,
				      struct tcps_bucket *full, u64 word,
				      u64 when)
{
	struct tcps_bucket *b = beside(table, full);

	if (b == c.first || b == c.second)
		return NULL;
	return claim(b, word, when);
}

static struct tcps_slot *claim_elsewhere(struct tcps_table *table,
					 struct candidates c, u64 word,
					 u64 when)
{
	struct tcps_slot *slot;

	atomic_inc(&table->elsewhere);
	slot = claim_beside(table, c, c.first, word, when);
	if (!slot)
		slot = claim_beside(table, c, c.second, word, when);
	if (!slot)
		slot = claim_stash(table, word, when);
	if (!slot)
		atomic_dec(&table->elsewhere);
	return slot;
}

static inline bool is_in(const struct tcps_bucket *b,
			 const struct tcps_slot *slot)
{
	return slot >= b->slot && slot < b[1].slot;
}

/**
 * tcps_count_erased() - a slot has been given back while some are counted
 * @table:	the table
 * @slot:	the slot
 * @word:	what it was
 *
 * Any context.  It is counted only outside its two buckets.
 */
void tcps_count_erased(struct tcps_table *table, const struct tcps_slot *slot,
		       u64 word)
{
	struct candidates c = candidates(table, word & TCPS_REC_KEY);

	if (is_in(c.first, slot) || is_in(c.second, slot))
		return;
	if (slot >= table->bucket[table->nr_buckets].slot)
		atomic_dec(&table->stashed);
	atomic_dec(&table->elsewhere);
}

/**
 * tcps_insert_rest() - add a record whose first bucket is half full
 * @table:	the table
 * @word:	tcps_rec_word()
 * @when:	tcps_when()
 *
 * Any context.  The emptier of its two buckets is taken; when both are full, the
 * one beside either; then the stash.
 *
 * Return: the record, or NULL: there is no room.
 */
struct tcps_slot *tcps_insert_rest(struct tcps_table *table, u64 word, u64 when)
{
	struct candidates c = candidates(table, word & TCPS_REC_KEY);
	bool turn = used(c.second) < used(c.first);
	struct tcps_slot *slot;

	slot = claim(turn ? c.second : c.first, word, when);
	if (likely(slot))
		return slot;
	slot = claim(turn ? c.first : c.second, word, when);
	if (likely(slot))
		return slot;
	return claim_elsewhere(table, c, word, when);
}

/**
 * tcps_erase_if() - remove a record that may belong to somebody else
 * @table:	the table
 * @slot:	the record
 * @word:	what it must still be
 *
 * Any context.
 *
 * Return: false if it has changed; it is left alone then.
 */
bool tcps_erase_if(struct tcps_table *table, struct tcps_slot *slot, u64 word)
{
	if (cmpxchg(&slot->word, word, 0) != word)
		return false;
	if (unlikely(atomic_read(&table->elsewhere)))
		tcps_count_erased(table, slot, word);
	return true;
}

/**
 * tcps_table_slots() - how many slots there are to walk
 * @table:	the table
 *
 * Return: the number of slots, the stash included.
 */
u64 tcps_table_slots(const struct tcps_table *table)
{
	return (table->nr_buckets + TCPS_STASH_BUCKETS) *
	       TCPS_BUCKET_SLOTS;
}

/**
 * tcps_table_slot() - a slot by its number
 * @table:	the table
 * @index:	0 … tcps_table_slots() - 1
 *
 * Return: the slot, free or not.
 */
struct tcps_slot *tcps_table_slot(const struct tcps_table *table, u64 index)
{
	return &table->bucket[index / TCPS_BUCKET_SLOTS]
			.slot[index % TCPS_BUCKET_SLOTS];
}
