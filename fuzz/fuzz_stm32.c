/* SPDX-License-Identifier: MIT */
/*
 * The header of the boot ROM in all versions; the input is that of patched.h. In seven
 * of eight values of the last three bits of the choice the checksum is mended.
 */
#include <stmboot/stm32.h>

#include "../tests/support/containers.h"
#include "patched.h"

enum { UNMENDED = 0xe0 };

static size_t make(uint8_t *bytes, uint8_t choice)
{
	static const uint32_t versions[] = { 0x00010000, 0x00020000, 0x00020200, 0x00020300 };

	return make_stm32(bytes, versions[choice & 3]);
}

/* The sum of the payload, where it begins behind the header as it is made. */
static void mend(struct patched *p)
{
	bool is_v1 = (p->choice & 3) == 0, is_v23 = (p->choice & 3) == 3;
	size_t fields = is_v23 ? 100 : 68, start = is_v1 ? 256 : is_v23 ? 576 : 512;
	uint32_t sum = 0;
	size_t bytes;

	if ((p->choice & UNMENDED) == UNMENDED || p->size < start)
		return;
	bytes = patch_number(p->bytes + fields + 8);
	for (size_t i = 0; i < bytes && i < p->size - start; i++)
		sum += p->bytes[start + i];
	put_le(p->bytes + fields, sum, 4);
}

static void check_record(const struct patched *p, const struct stmboot_stm32 *s)
{
	require(s->source_bytes == p->size);
	require(s->version_known == (stmboot_stm32_version_text(s->version) != NULL));
	require(s->version_known || !s->header_fits);
	require(!s->header_fits || s->base_bytes <= p->size);
	require(!s->payload_fits || s->header_bytes + s->payload_bytes <= p->size);
	require(s->extension_count <= STMBOOT_STM32_MAX_EXTENSIONS);
	require(s->stray_offset < p->size);
	for (size_t i = 0; i < s->extension_count; i++)
		require(s->extensions[i].offset + 8 <= p->size);
}

static void check_sum(struct patched *p, struct stmboot_stm32 *s)
{
	enum stmboot_status status = stmboot_stm32_verify(p->ctx, p->src, s);
	uint32_t sum = 0;

	require((status == STMBOOT_OK) == (s->header_fits && s->payload_fits));
	require((status == STMBOOT_OK) == s->has_computed_checksum);
	for (uint64_t i = 0; status == STMBOOT_OK && i < s->payload_bytes; i++)
		sum += p->bytes[s->header_bytes + i];
	require(sum == s->computed_checksum);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct patched *p = patched_new(data, size, make);
	struct stmboot_stm32 *s = NULL;
	enum stmboot_status status;

	mend(p);
	status = stmboot_stm32_decode(p->ctx, p->src, &s);
	require((status == STMBOOT_OK) == (p->size >= 4 && memcmp(p->bytes, "STM2", 4) == 0));
	require(status == STMBOOT_OK || status == STMBOOT_NOT_RECOGNISED);
	if (status == STMBOOT_OK) {
		check_record(p, s);
		check_sum(p, s);
		require(stmboot_stm32_validate(s, p->src, stmboot_stm32_likely_role(s), p->diags) ==
			STMBOOT_OK);
		require(stmboot_stm32_validate(s, p->src, STMBOOT_STM32_FSBL, p->diags) ==
			STMBOOT_OK);
		require(stmboot_stm32_validate(s, p->src, STMBOOT_STM32_SSBL, p->diags) ==
			STMBOOT_OK);
		stmboot_stm32_free(s);
	}
	patched_free(p);
	return 0;
}
