/* SPDX-License-Identifier: MIT */
#include "base/guid.h"

#include <string.h>
#include <uuid/uuid.h>

#include "base/context.h"
#include "base/cursor.h"

/* libuuid keeps RFC 4122 order; GPT swaps the first three groups (UEFI 2.10, appendix A). */
static void swap_groups(const uint8_t in[SB_GUID_BYTES], uint8_t out[SB_GUID_BYTES])
{
	static const uint8_t from[SB_GUID_BYTES] = { 3, 2, 1,  0,  5,  4,  7,  6,
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

/* Number `n` of SplitMix64 (S. Vigna, public domain), started at the seed. */
static uint64_t number_of_seed(uint64_t seed, uint64_t n)
{
	uint64_t z = seed + (n + 1) * UINT64_C(0x9e3779b97f4a7c15);

	z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
	z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
	return z ^ z >> 31;
}

void sb_guid_new(struct stmboot_context *ctx, uint8_t out[SB_GUID_BYTES])
{
	uint8_t plain[SB_GUID_BYTES];

	uuid_generate_random(plain);
	if (ctx->options.has_guid_seed) {
		sb_put_le(plain, number_of_seed(ctx->options.guid_seed, 2 * ctx->guids), 8);
		sb_put_le(plain + 8, number_of_seed(ctx->options.guid_seed, 2 * ctx->guids + 1), 8);
		plain[6] = (uint8_t)((plain[6] & 0x0f) | 0x40); /* RFC 4122, 4.4 */
		plain[8] = (uint8_t)((plain[8] & 0x3f) | 0x80);
		ctx->guids++;
	}
	swap_groups(plain, out);
}

bool sb_guid_is_zero(const uint8_t guid[SB_GUID_BYTES])
{
	static const uint8_t zero[SB_GUID_BYTES];

	return memcmp(guid, zero, SB_GUID_BYTES) == 0;
}
