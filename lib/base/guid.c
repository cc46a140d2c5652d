/* SPDX-License-Identifier: MIT */
#include "base/guid.h"

#include <string.h>
#include <uuid/uuid.h>

/* libuuid keeps RFC 4122 order; GPT swaps the first three groups (UEFI 2.10, appendix A). */
static void swap_groups(const uint8_t in[SB_GUID_BYTES], uint8_t out[SB_GUID_BYTES])
{
	static const uint8_t from[SB_GUID_BYTES] = { 3, 2,  1,	0,  5,	4,  7,	6,
						     8, 9, 10, 11, 12, 13, 14, 15 };

	for (int i = 0; i < SB_GUID_BYTES; i++)
		out[i] = in[from[i]];
}

void sb_guid_format(const uint8_t guid[SB_GUID_BYTES], char out[SB_GUID_TEXT])
{
	uint8_t plain[SB_GUID_BYTES];

	swap_groups(guid, plain);
	uuid_unparse_lower(plain, out);
}

bool sb_guid_parse(const char *text, uint8_t out[SB_GUID_BYTES])
{
	uint8_t plain[SB_GUID_BYTES];

	if (uuid_parse(text, plain) != 0)
		return false;
	swap_groups(plain, out);
	return true;
}

bool sb_guid_is_zero(const uint8_t guid[SB_GUID_BYTES])
{
	static const uint8_t zero[SB_GUID_BYTES];

	return memcmp(guid, zero, SB_GUID_BYTES) == 0;
}
