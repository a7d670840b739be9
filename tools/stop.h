/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _STOP_H
#define _STOP_H

#include <stdbool.h>

void stop_catch(void);
bool stop_wanted(void);
void stop_finish(void);

#endif /* _STOP_H */
