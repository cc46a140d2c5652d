/* SPDX-License-Identifier: MIT */
#include "base/refusal.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

void sb_refuse_say(struct stmboot_refusal *why, const char *hint, const char *format, ...)
{
	va_list args;

	if (why == NULL)
		return;
	va_start(args, format);
	vsnprintf(why->message, sizeof(why->message), format, args);
	va_end(args);
	snprintf(why->hint, sizeof(why->hint), "%s", hint != NULL ? hint : "");
}

enum stmboot_status sb_refuse_work(struct stmboot_refusal *why, enum stmboot_status status,
				   const char *what, const char *hint)
{
	if (status == STMBOOT_OK)
		return status;
	if (status == STMBOOT_CANCELLED) /* nothing is wrong that could be mended */
		hint = NULL;
	return sb_refuse(why, status, hint, "could not %s: %s", what,
			 status == STMBOOT_IO && errno != 0 ? strerror(errno)
							    : stmboot_status_text(status));
}
