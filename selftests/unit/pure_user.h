/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What module/pure.h takes from the kernel's headers, for user space.
 *
 * READ_ONCE() and WRITE_ONCE() are relaxed atomic accesses and the barriers
 * are C11 ones, so that ThreadSanitizer knows what is meant to race.
 */
#ifndef _PURE_USER_H
#define _PURE_USER_H

#include <errno.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

typedef uint8_t u8;
typedef uint16_t u16;
typedef uint32_t u32;
typedef uint64_t u64;
typedef int64_t s64;

#define likely(x)	__builtin_expect(!!(x), 1)
#define unlikely(x)	__builtin_expect(!!(x), 0)
#undef __always_inline
#define __always_inline	inline __attribute__((__always_inline__))
#define BUILD_BUG_ON(x)	_Static_assert(!(x), #x)
#define __aligned(x)	__attribute__((__aligned__(x)))
#define ARRAY_SIZE(a)	(sizeof(a) / sizeof((a)[0]))
#define BIT_ULL(nr)	(1ULL << (nr))

static inline u64 mul_u64_u64_shr(u64 a, u64 mul, unsigned int shift)
{
	return (__uint128_t)a * mul >> shift;
}

static inline u64 div_u64(u64 a, u32 b)
{
	return a / b;
}

static inline u64 div_u64_rem(u64 a, u32 b, u32 *rest)
{
	*rest = a % b;
	return a / b;
}

static inline unsigned long __fls(unsigned long x)
{
	return 63 - __builtin_clzl(x);
}

/* A test may define it, to be slow where another thread could come between. */
#ifndef STALL
#define STALL()		((void)0)
#endif

#define READ_ONCE(x)							\
	(STALL(), __atomic_load_n(&(x), __ATOMIC_RELAXED))
#define WRITE_ONCE(x, value)						\
	__atomic_store_n(&(x), value, __ATOMIC_RELAXED)

/* What each pairs with is said where it is used. */
#define smp_load_acquire(p)	__atomic_load_n(p, __ATOMIC_ACQUIRE)
#define smp_store_release(p, value) /* the other side of it */		\
	__atomic_store_n(p, value, __ATOMIC_RELEASE)
#define smp_mb()	/* full */					\
	__atomic_thread_fence(__ATOMIC_SEQ_CST)
#define smp_rmb()	/* reads */					\
	__atomic_thread_fence(__ATOMIC_ACQUIRE)

static inline u64 ror64(u64 x, unsigned int n)
{
	return x >> n | x << (64 - n);
}

static inline u64 cmpxchg(u64 *p, u64 old, u64 new)
{
	__atomic_compare_exchange_n(p, &old, new, false, __ATOMIC_SEQ_CST,
				    __ATOMIC_SEQ_CST);
	return old;
}

static inline bool try_cmpxchg(u64 *p, u64 *old, u64 new)
{
	return __atomic_compare_exchange_n(p, old, new, false, __ATOMIC_SEQ_CST,
					   __ATOMIC_SEQ_CST);
}

typedef struct {
	int counter;
} atomic_t;

static inline int atomic_read(const atomic_t *v)
{
	return READ_ONCE(v->counter);
}

static inline void atomic_set(atomic_t *v, int value)
{
	WRITE_ONCE(v->counter, value);
}

static inline void atomic_inc(atomic_t *v)
{
	__atomic_fetch_add(&v->counter, 1, __ATOMIC_RELAXED);
}

static inline void atomic_dec(atomic_t *v)
{
	__atomic_fetch_sub(&v->counter, 1, __ATOMIC_RELAXED);
}

#endif /* _PURE_USER_H */
