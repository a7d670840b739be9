/* SPDX-License-Identifier: GPL-2.0 */
/* Newer kernels keep the sum of a MIB counter over all CPUs to themselves. */
#include_next <net/ip.h>

#ifndef _TCPS_COMPAT_NET_IP_H
#define _TCPS_COMPAT_NET_IP_H

#ifndef TCPS_HAVE_SNMP_FOLD_FIELD
static inline unsigned long tcps_snmp_fold_field(void __percpu *mib, int which)
{
	unsigned long sum = 0;
	int cpu;

	for_each_possible_cpu(cpu)
		sum += READ_ONCE(per_cpu_ptr((unsigned long __percpu *)mib,
					     cpu)[which]);
	return sum;
}

#define snmp_fold_field	tcps_snmp_fold_field
#endif

#endif
