/* SPDX-License-Identifier: MIT */
#ifndef SB_BASE_REFUSAL_H
#define SB_BASE_REFUSAL_H

#include <stmboot/refusal.h>
#include <stmboot/status.h>

/* Say why, unless `why` is NULL; the hint may be NULL. */
void sb_refuse_say(struct stmboot_refusal *why, const char *hint, const char *format, ...)
	STMBOOT_PRINTF(3, 4);

/* The same, and the status to be returned: in sight of whoever asks whether it can be OK. */
#define sb_refuse(why, status, hint, ...) (sb_refuse_say(why, hint, __VA_ARGS__), (status))

/* Say that a part of the work failed: "could not WHAT: errno" for STMBOOT_IO. Gives the status. */
enum stmboot_status sb_refuse_work(struct stmboot_refusal *why, enum stmboot_status status,
				   const char *what, const char *hint);

#endif
