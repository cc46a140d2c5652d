/* SPDX-License-Identifier: MIT */
/* Which bank TF-A boots: drivers/fwu/fwu.c, plat/st/common/bl2_io_storage.c. */
#include "format/fwu.h"

#include <string.h>

#include "format/formats.h"

const char sb_fwu_fip_type[] = "19d5df83-11b0-457b-be2c-7559c13142a5";

enum stmboot_fwu_reason stmboot_fwu_judge(const struct stmboot_fwu *fwu,
					  const struct stmboot_fwu_reader *reader)
{
	if (reader->version != 0 && fwu->version != reader->version)
		return STMBOOT_FWU_OTHER_VERSION;
	if (!fwu->has_computed_crc)
		return STMBOOT_FWU_CUT;
	if (fwu->active_index >= SB_FWU_BANKS || fwu->previous_active_index >= SB_FWU_BANKS)
		return STMBOOT_FWU_BAD_INDEX;
	if (reader->bytes != 0 && fwu->metadata_bytes > reader->bytes)
		return STMBOOT_FWU_TOO_LARGE;
	if (fwu->version == 2 && fwu->descriptor_offset == 0)
		return STMBOOT_FWU_NO_IMAGES;
	if (fwu->bank_count != SB_FWU_BANKS)
		return STMBOOT_FWU_OTHER_BANKS;
	return fwu->crc == fwu->computed_crc ? STMBOOT_FWU_READS : STMBOOT_FWU_BAD_CRC;
}

const char *stmboot_fwu_reason_text(enum stmboot_fwu_reason reason)
{
	static const char *const texts[] = {
		[STMBOOT_FWU_READS] = "TF-A reads it",
		[STMBOOT_FWU_OTHER_VERSION] = "this TF-A reads another version",
		[STMBOOT_FWU_CUT] = "it is cut short",
		[STMBOOT_FWU_BAD_CRC] = "its CRC is wrong",
		[STMBOOT_FWU_BAD_INDEX] = "it names a bank that does not exist",
		[STMBOOT_FWU_OTHER_BANKS] = "it has another number of banks",
		[STMBOOT_FWU_TOO_LARGE] = "it describes more images than this TF-A is built for",
		[STMBOOT_FWU_NO_IMAGES] = "it describes no image",
	};

	return (size_t)reason < sizeof(texts) / sizeof(texts[0]) ? texts[reason] : "?";
}

const char *stmboot_fwu_state_text(uint8_t state)
{
	switch (state) {
	case STMBOOT_FWU_BANK_INVALID:
		return "invalid";
	case STMBOOT_FWU_BANK_VALID:
		return "valid";
	case STMBOOT_FWU_BANK_ACCEPTED:
		return "accepted";
	default:
		return "unknown";
	}
}

const char *stmboot_fwu_bank_text(const struct stmboot_fwu *fwu, size_t bank)
{
	const struct stmboot_fwu_image *fip = stmboot_fwu_find_fip(fwu);

	if (bank >= STMBOOT_FWU_MAX_BANKS || (fwu->version == 1 && fip == NULL))
		return "unknown";
	if (fwu->version != 1)
		return stmboot_fwu_state_text(fwu->bank_state[bank]);
	return fip->banks[bank].accepted != 0 ? "accepted" : "valid";
}

const struct stmboot_fwu_image *stmboot_fwu_find_fip(const struct stmboot_fwu *fwu)
{
	for (size_t i = 0; i < fwu->decoded_images; i++)
		if (strcmp(fwu->images[i].type_guid, sb_fwu_fip_type) == 0)
			return &fwu->images[i];
	return NULL;
}

bool sb_fwu_has_fip(const struct stmboot_fwu *fwu)
{
	return stmboot_fwu_find_fip(fwu) != NULL;
}

bool sb_fwu_can_boot(uint8_t state)
{
	return state == STMBOOT_FWU_BANK_VALID || state == STMBOOT_FWU_BANK_ACCEPTED;
}

/* fwu_get_alternate_boot_bank(): the previous one before others, accepted ones before all. */
static int32_t alternate(const struct stmboot_fwu *fwu)
{
	static const uint8_t states[] = { STMBOOT_FWU_BANK_ACCEPTED, STMBOOT_FWU_BANK_VALID };

	for (size_t s = 0; s < sizeof(states); s++) {
		if (fwu->previous_active_index < SB_FWU_BANKS &&
		    fwu->bank_state[fwu->previous_active_index] == states[s])
			return (int32_t)fwu->previous_active_index;
		for (int32_t bank = 0; bank < SB_FWU_BANKS; bank++)
			if (fwu->bank_state[bank] == states[s])
				return bank;
	}
	return STMBOOT_FWU_NO_BANK;
}

/* Up to v2.10 TF-A asks the active bank's images whether each is accepted. */
static struct stmboot_fwu_choice choose_v1(const struct stmboot_fwu *fwu)
{
	struct stmboot_fwu_choice choice = { .bank = (int32_t)fwu->active_index,
					     .alternate = STMBOOT_FWU_NO_BANK };

	for (size_t i = 0; i < fwu->decoded_images; i++)
		choice.on_trial =
			choice.on_trial || fwu->images[i].banks[fwu->active_index].accepted == 0;
	if (choice.on_trial && fwu->previous_active_index < SB_FWU_BANKS)
		choice.alternate = (int32_t)fwu->previous_active_index;
	return choice;
}

struct stmboot_fwu_choice stmboot_fwu_choose(const struct stmboot_fwu *fwu)
{
	struct stmboot_fwu_choice choice = { .bank = STMBOOT_FWU_NO_BANK,
					     .alternate = STMBOOT_FWU_NO_BANK };

	if (fwu->active_index >= SB_FWU_BANKS)
		return choice;
	if (fwu->version == 1)
		return choose_v1(fwu);
	switch (fwu->bank_state[fwu->active_index]) {
	case STMBOOT_FWU_BANK_ACCEPTED:
		choice.bank = (int32_t)fwu->active_index;
		break;
	case STMBOOT_FWU_BANK_VALID:
		choice.bank = (int32_t)fwu->active_index;
		choice.on_trial = true;
		choice.alternate = alternate(fwu);
		break;
	default:
		choice.bank = alternate(fwu);
	}
	return choice;
}
