/* SPDX-License-Identifier: MIT */
#include "base/refusal.h"

#include <stdarg.h>
#include <stdio.h>

enum stmboot_status sb_refuse(struct stmboot_refusal *why, enum stmboot_status status,
			      const char *hint, const char *format, ...)
{
	va_list args;

	if (why == NULL)
		return status;
	va_start(args, format);
	vsnprintf(why->message, sizeof(why->message), format, args);
	va_end(args);
	snprintf(why->hint, sizeof(why->hint), "%s", hint != NULL ? hint : "");
	return status;
}
