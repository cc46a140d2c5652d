/* SPDX-License-Identifier: MIT */
#include "base/refusal.h"

#include <stdarg.h>
#include <stdio.h>

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
