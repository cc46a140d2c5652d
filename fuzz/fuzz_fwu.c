/* SPDX-License-Identifier: MIT */
/* Firmware update metadata and the bank that it gives; the input is that of patched.h. */
#include <stmboot/fwu.h>

#include "../tests/support/containers.h"
#include "base/guid.h"
#include "patched.h"

static size_t make(uint8_t *bytes, uint8_t choice)
{
	return make_fwu(bytes, choice & 1 ? 2 : 1);
}

/* In seven of eight inputs the checksum is right again. */
static void mend(struct patched *p)
{
	size_t size = p->bytes[4] == 1 ? FWU_V1_BYTES : patch_number(p->bytes + 16);

	if ((p->choice >> 5) != 0 && size >= 32 && size <= p->size)
		mend_fwu(p->bytes, size);
}

static void require_word(const uint8_t *at, uint64_t value, size_t size)
{
	uint8_t bytes[8];

	put_le(bytes, value, size);
	require(memcmp(at, bytes, size) == 0);
}

static void require_guid(const uint8_t *at, const char *text)
{
	uint8_t guid[SB_GUID_BYTES];

	require(sb_guid_parse(text, guid));
	require(memcmp(at, guid, sizeof(guid)) == 0);
}

/* Written again, a record gives the bytes that it was read from. */
static void check_written(const struct patched *p, const struct stmboot_fwu *fwu)
{
	const uint8_t *at = p->bytes + (fwu->version == 1 ? 16 : 40);

	require_word(p->bytes, fwu->crc, 4);
	require_word(p->bytes + 4, fwu->version, 4);
	require_word(p->bytes + 8, fwu->active_index, 4);
	require_word(p->bytes + 12, fwu->previous_active_index, 4);
	if (fwu->version == 2) {
		require_word(p->bytes + 16, fwu->metadata_bytes, 4);
		require_word(p->bytes + 20, fwu->descriptor_offset, 2);
		require(memcmp(p->bytes + 24, fwu->bank_state, 4) == 0);
	}
	for (size_t i = 0; i < fwu->decoded_images; i++) {
		require_guid(at, fwu->images[i].type_guid);
		require_guid(at + 16, fwu->images[i].location_guid);
		at += 32;
		for (uint32_t bank = 0; bank < fwu->bank_count; bank++, at += 24) {
			require_guid(at, fwu->images[i].banks[bank].guid);
			require_word(at + 16, fwu->images[i].banks[bank].accepted, 4);
		}
	}
	require(fwu->decoded_images == 0 || (size_t)(at - p->bytes) <= p->size);
}

/* What follows the metadata in its partition makes no difference. */
static void check_cut(const struct patched *p, const struct stmboot_fwu *fwu)
{
	struct stmboot_source *cut;
	struct stmboot_fwu *again;

	if (!fwu->has_computed_crc)
		return;
	require(stmboot_source_window(p->ctx, p->src, 0, fwu->metadata_bytes, &cut) == STMBOOT_OK);
	require(stmboot_fwu_decode(p->ctx, cut, &again) == STMBOOT_OK);
	require(again->source_bytes == fwu->metadata_bytes);
	again->source_bytes = fwu->source_bytes;
	require(memcmp(again, fwu, sizeof(*fwu)) == 0);
	stmboot_fwu_free(again);
	stmboot_source_close(cut);
}

static bool can_boot(const struct stmboot_fwu *fwu, int32_t bank)
{
	return fwu->version == 1 || fwu->bank_state[bank] == STMBOOT_FWU_BANK_ACCEPTED ||
	       fwu->bank_state[bank] == STMBOOT_FWU_BANK_VALID;
}

static void check_choice(const struct stmboot_fwu *fwu)
{
	const struct stmboot_fwu_reader any = { .version = 0 }, v1 = { 1, 96 }, v2 = { 2, 120 };
	struct stmboot_fwu_choice choice = stmboot_fwu_choose(fwu);

	require(choice.bank >= STMBOOT_FWU_NO_BANK && choice.bank < 2);
	require(choice.alternate >= STMBOOT_FWU_NO_BANK && choice.alternate < 2);
	require(choice.bank == STMBOOT_FWU_NO_BANK || can_boot(fwu, choice.bank));
	require(choice.alternate == STMBOOT_FWU_NO_BANK ||
		(choice.on_trial && can_boot(fwu, choice.alternate)));
	if (stmboot_fwu_judge(fwu, &any) == STMBOOT_FWU_READS)
		require(fwu->crc == fwu->computed_crc && fwu->active_index < 2 &&
			fwu->previous_active_index < 2 && fwu->bank_count == 2);
	require(stmboot_fwu_judge(fwu, &v1) != STMBOOT_FWU_READS ||
		stmboot_fwu_judge(fwu, &v2) != STMBOOT_FWU_READS);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct patched *p = patched_new(data, size, make);
	struct stmboot_fwu *fwu;

	mend(p);
	if (stmboot_fwu_decode(p->ctx, p->src, &fwu) == STMBOOT_OK) {
		require(fwu->source_bytes == p->size);
		check_written(p, fwu);
		check_cut(p, fwu);
		check_choice(fwu);
		require(stmboot_fwu_validate(fwu, p->src, p->diags) == STMBOOT_OK);
		stmboot_fwu_free(fwu);
	}
	patched_free(p);
	return 0;
}
