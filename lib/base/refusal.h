/* SPDX-License-Identifier: MIT */
#ifndef SB_BASE_REFUSAL_H
#define SB_BASE_REFUSAL_H

#include <stmboot/refusal.h>
#include <stmboot/status.h>

/* Say why, unless `why` is NULL; the hint may be NULL. Gives the status, to be returned. */
enum stmboot_status sb_refuse(struct stmboot_refusal *why, enum stmboot_status status,
			      const char *hint, const char *format, ...) STMBOOT_PRINTF(4, 5);

#endif
