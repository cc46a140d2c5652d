/* SPDX-License-Identifier: MIT */
/* What may be wrong with one copy of firmware update metadata: TF-A drivers/fwu/fwu.c. */
#include "format/fwu.h"

#include <inttypes.h>
#include <string.h>

#include "base/guid.h"
#include "format/formats.h"

enum {
	ACTIVE_OFFSET = 8,
	PREVIOUS_OFFSET = 12,
	SIZE_OFFSET = 16,
	DESCRIPTOR_FIELD = 20,
	BANK_STATE_OFFSET = 24,
	ACCEPTED_OFFSET = 16, /* in the image of a bank */
};

static const char zero_guid[] = "00000000-0000-0000-0000-000000000000";

static void check_length(const struct sb_scope *scope, const struct stmboot_fwu *fwu)
{
	if (!fwu->has_computed_crc)
		sb_report(scope, SB_FWU_TRUNCATED,
			  &(struct sb_finding){
				  .offset = fwu->version == 2 ? SIZE_OFFSET : 0,
				  .length = fwu->version == 2 ? 4 : fwu->source_bytes,
				  .found = sb_text(scope, "%" PRIu64 " bytes", fwu->source_bytes),
				  .expected = sb_text(scope, "at least %" PRIu64 " bytes",
						      fwu->metadata_bytes),
				  .hint = "write the metadata again" });
}

static void check_crc(const struct sb_scope *scope, const struct stmboot_fwu *fwu)
{
	if (fwu->crc != fwu->computed_crc)
		sb_report(scope, SB_FWU_CRC,
			  &(struct sb_finding){
				  .length = 4,
				  .found = sb_text(scope, "0x%08" PRIx32, fwu->crc),
				  .expected = sb_text(scope, "0x%08" PRIx32 ", computed",
						      fwu->computed_crc),
				  .hint = "write the metadata again, or copy the other one" });
}

static void report_index(const struct sb_scope *scope, uint64_t offset, const char *name,
			 uint32_t index)
{
	if (index >= SB_FWU_BANKS)
		sb_report(scope, SB_FWU_INDEX,
			  &(struct sb_finding){
				  .offset = offset,
				  .length = 4,
				  .found = sb_text(scope, "%s %" PRIu32, name, index),
				  .expected = "0 or 1",
				  .hint = "write the metadata again, or copy the other one" });
}

static void check_indices(const struct sb_scope *scope, const struct stmboot_fwu *fwu)
{
	report_index(scope, ACTIVE_OFFSET, "active bank", fwu->active_index);
	report_index(scope, PREVIOUS_OFFSET, "previous bank", fwu->previous_active_index);
}

/* Has the metadata states, and does one of them belong to the active bank? */
static bool has_state(const struct stmboot_fwu *fwu)
{
	return fwu->version == 2 && fwu->active_index < SB_FWU_BANKS;
}

static void report_state(const struct sb_scope *scope, const struct stmboot_fwu *fwu,
			 enum sb_code code)
{
	uint8_t state = fwu->bank_state[fwu->active_index];

	sb_report(scope, code,
		  &(struct sb_finding){
			  .offset = BANK_STATE_OFFSET + (uint64_t)fwu->active_index,
			  .length = 1,
			  .found = sb_text(scope, "bank %" PRIu32 ": 0x%02x (%s)",
					   fwu->active_index, state, stmboot_fwu_state_text(state)),
			  .expected = "0xfc (accepted)",
			  .hint = sb_fwu_can_boot(state)
					  ? "accept the bank from the running system"
					  : "write the bank again and make the metadata say so" });
}

static void check_any_bank(const struct sb_scope *scope, const struct stmboot_fwu *fwu)
{
	bool any = false;

	for (size_t i = 0; i < SB_FWU_BANKS; i++)
		any = any || sb_fwu_can_boot(fwu->bank_state[i]);
	if (has_state(fwu) && !any)
		report_state(scope, fwu, SB_FWU_NO_BANK);
}

/* plat_fwu_get_boot_idx() takes another bank when the active one is neither accepted nor on trial.
 */
static void check_active_bank(const struct sb_scope *scope, const struct stmboot_fwu *fwu)
{
	if (has_state(fwu) && !sb_fwu_can_boot(fwu->bank_state[fwu->active_index]))
		report_state(scope, fwu, SB_FWU_BANK_INVALID);
}

/* Version 1 has no states: an image that was not accepted is on trial. */
static void check_trial(const struct sb_scope *scope, const struct stmboot_fwu *fwu)
{
	if (!stmboot_fwu_choose(fwu).on_trial)
		return;
	if (has_state(fwu)) {
		report_state(scope, fwu, SB_FWU_TRIAL);
		return;
	}
	sb_report(scope, SB_FWU_TRIAL,
		  &(struct sb_finding){ .offset = sb_fwu_image_offset(fwu, 0) +
						  SB_FWU_BANKS_OFFSET +
						  (uint64_t)fwu->active_index * SB_FWU_BANK_BYTES +
						  ACCEPTED_OFFSET,
					.length = 4,
					.found = sb_text(scope, "bank %" PRIu32 ": not accepted",
							 fwu->active_index),
					.expected = "accepted",
					.hint = "accept the bank from the running system" });
}

static void check_banks(const struct sb_scope *scope, const struct stmboot_fwu *fwu)
{
	if (fwu->bank_count != SB_FWU_BANKS)
		sb_report(scope, SB_FWU_BANK_COUNT,
			  &(struct sb_finding){
				  .offset = SB_FWU_DESCRIPTOR_OFFSET,
				  .length = 1,
				  .found = sb_text(scope, "%" PRIu32 " banks", fwu->bank_count),
				  .expected = "2 banks",
				  .hint = "make the metadata with mkfwumdata -b 2" });
}

static void check_fip(const struct sb_scope *scope, const struct stmboot_fwu *fwu)
{
	bool any = fwu->decoded_images > 0;

	if (!fwu->has_computed_crc || stmboot_fwu_find_fip(fwu) != NULL)
		return;
	sb_report(scope, SB_FWU_NO_FIP,
		  &(struct sb_finding){ .offset = any ? sb_fwu_image_offset(fwu, 0)
						      : DESCRIPTOR_FIELD,
					.length = any ? SB_GUID_BYTES : 2,
					.found = any ? fwu->images[0].type_guid : "no image at all",
					.expected = sb_fwu_fip_type,
					.hint = "make the metadata with the type GUID of a FIP" });
}

/* The bank's image GUID is that of the partition which TF-A loads. */
static void check_partition(const struct sb_scope *scope, const struct stmboot_fwu *fwu)
{
	const struct stmboot_fwu_image *image = stmboot_fwu_find_fip(fwu);
	int32_t bank = stmboot_fwu_choose(fwu).bank;

	if (image == NULL || bank == STMBOOT_FWU_NO_BANK || (uint32_t)bank >= fwu->bank_count ||
	    strcmp(image->banks[bank].guid, zero_guid) != 0)
		return;
	sb_report(scope, SB_FWU_NO_PARTITION,
		  &(struct sb_finding){
			  .offset = sb_fwu_image_offset(fwu, (size_t)(image - fwu->images)) +
				    SB_FWU_BANKS_OFFSET + (uint64_t)bank * SB_FWU_BANK_BYTES,
			  .length = SB_GUID_BYTES,
			  .found = zero_guid,
			  .expected = "the unique GUID of a partition",
			  .hint = "make the metadata with the GUIDs of fip-a and fip-b" });
}

/* clang-format off */
static const SB_RULE(const struct sb_scope *, const struct stmboot_fwu *) rows[] = {
	{ SB_FWU_TRUNCATED, check_length },
	{ SB_FWU_CRC, check_crc },
	{ SB_FWU_INDEX, check_indices },
	{ SB_FWU_BANK_COUNT, check_banks },
	{ SB_FWU_NO_BANK, check_any_bank },
	{ SB_FWU_BANK_INVALID, check_active_bank },
	{ SB_FWU_TRIAL, check_trial },
	{ SB_FWU_NO_FIP, check_fip },
	{ SB_FWU_NO_PARTITION, check_partition },
};
/* clang-format on */

const struct sb_rules sb_fwu_rules = SB_RULES(rows);

void sb_fwu_validate(const struct sb_scope *scope, const struct stmboot_fwu *fwu)
{
	for (struct sb_run run = sb_run(&sb_fwu_rules, scope); sb_run_next(&run);)
		rows[run.row].check(scope, fwu);
}

enum stmboot_status stmboot_fwu_validate(const struct stmboot_fwu *fwu, struct stmboot_source *src,
					 struct stmboot_diags *diags)
{
	struct sb_scope scope = sb_scope(diags, src);

	sb_fwu_validate(&scope, fwu);
	return sb_diags_status(diags);
}
