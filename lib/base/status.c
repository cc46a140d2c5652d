/* SPDX-License-Identifier: MIT */
#include <stddef.h>

#include <stmboot/status.h>

static const char *const texts[] = {
	[STMBOOT_OK] = "success",
	[STMBOOT_IO] = "input/output error",
	[STMBOOT_NO_MEMORY] = "out of memory",
	[STMBOOT_TRUNCATED] = "the data ends too early",
	[STMBOOT_NOT_RECOGNISED] = "not recognised",
	[STMBOOT_UNSUPPORTED] = "not supported",
	[STMBOOT_CORRUPT] = "damaged",
	[STMBOOT_LIMIT] = "larger than the limit allows",
	[STMBOOT_NOT_FOUND] = "not found",
	[STMBOOT_CONFLICT] = "changed or held by something else",
	[STMBOOT_INVALID_ARGUMENT] = "invalid argument",
	[STMBOOT_CANCELLED] = "cancelled",
	[STMBOOT_INTERNAL] = "internal error",
};

const char *stmboot_status_text(enum stmboot_status status)
{
	return (size_t)status < sizeof(texts) / sizeof(texts[0]) ? texts[status] : "unknown status";
}
