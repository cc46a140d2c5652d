/* SPDX-License-Identifier: MIT */
/*
 * Firmware update metadata, TF-A include/drivers/fwu/fwu_metadata.h, and what
 * TF-A makes of it (drivers/fwu/fwu.c, plat/st/common).
 */
#include <stmboot/fwu.h>

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/checked.h"
#include "base/context.h"
#include "base/crc32.h"
#include "base/cursor.h"
#include "base/guid.h"
#include "format/formats.h"
#include "source/source.h"

enum {
	MAX_METADATA_BYTES = 4096, /* 16 images in 4 banks need 2,088 */
	HEADER_BYTES = 32,         /* version 2 */
	V1_HEADER_BYTES = 16,
	V1_BYTES = 96, /* ST: one image in two banks */
	DESCRIPTOR_BYTES = 8,
	IMAGE_BYTES = 32,      /* before the banks */
	BANK_IMAGE_BYTES = 24, /* the image in one bank */
	ST_BANKS = 2,
	VERSION_OFFSET = 4,
	ACTIVE_OFFSET = 8,
	PREVIOUS_OFFSET = 12,
	SIZE_OFFSET = 16,
	BANK_STATE_OFFSET = 24,
};

static const char fip_type[] = "19d5df83-11b0-457b-be2c-7559c13142a5";
static const char zero_guid[] = "00000000-0000-0000-0000-000000000000";

static void decode_guid(struct sb_cursor *c, char out[SB_GUID_TEXT])
{
	uint8_t guid[SB_GUID_BYTES];

	sb_bytes(c, guid, sizeof(guid));
	sb_guid_format(guid, out);
}

static void decode_image(const struct stmboot_fwu *fwu, struct sb_cursor *c,
			 struct stmboot_fwu_image *image)
{
	decode_guid(c, image->type_guid);
	decode_guid(c, image->location_guid);
	for (uint32_t i = 0; i < fwu->bank_count; i++) {
		decode_guid(c, image->banks[i].guid);
		image->banks[i].accepted = sb_le32(c);
		sb_skip(c, 4);
	}
}

static void decode_images(struct stmboot_fwu *fwu, struct sb_cursor *c)
{
	while (fwu->decoded_images < fwu->image_count &&
	       fwu->decoded_images < STMBOOT_FWU_MAX_IMAGES && sb_cursor_ok(c)) {
		struct stmboot_fwu_image image = { .type_guid = "" };

		decode_image(fwu, c, &image);
		if (sb_cursor_ok(c))
			fwu->images[fwu->decoded_images++] = image;
	}
}

/* Version 1 states no sizes: TF-A is built for them. */
static bool decode_v1(struct stmboot_fwu *fwu, struct sb_cursor *c)
{
	fwu->metadata_bytes = V1_BYTES;
	fwu->bank_count = ST_BANKS;
	fwu->image_count = 1;
	decode_images(fwu, c);
	return fwu->active_index < STMBOOT_FWU_MAX_BANKS &&
	       fwu->previous_active_index < STMBOOT_FWU_MAX_BANKS &&
	       (fwu->decoded_images == 0 || strcmp(fwu->images[0].type_guid, zero_guid) != 0);
}

/* Do the sizes of the descriptor agree with each other? */
static bool decode_descriptor(struct stmboot_fwu *fwu, struct sb_cursor *c)
{
	uint32_t image_bytes, bank_bytes;

	fwu->bank_count = sb_u8(c);
	sb_skip(c, 1);
	fwu->image_count = sb_le16(c);
	image_bytes = sb_le16(c);
	bank_bytes = sb_le16(c);
	if (!sb_cursor_ok(c)) { /* cut short, which is another matter */
		fwu->bank_count = ST_BANKS;
		fwu->image_count = 0;
		return true;
	}
	if (fwu->bank_count == 0 || fwu->bank_count > STMBOOT_FWU_MAX_BANKS ||
	    bank_bytes != BANK_IMAGE_BYTES ||
	    image_bytes != IMAGE_BYTES + fwu->bank_count * BANK_IMAGE_BYTES)
		return false;
	decode_images(fwu, c);
	return HEADER_BYTES + DESCRIPTOR_BYTES + (uint64_t)fwu->image_count * image_bytes <=
	       fwu->metadata_bytes;
}

static bool decode_v2(struct stmboot_fwu *fwu, struct sb_cursor *c)
{
	fwu->metadata_bytes = sb_le32(c);
	fwu->descriptor_offset = sb_le16(c);
	sb_skip(c, 2);
	sb_bytes(c, fwu->bank_state, sizeof(fwu->bank_state));
	sb_skip(c, 4);
	if (fwu->metadata_bytes < HEADER_BYTES || fwu->metadata_bytes > MAX_METADATA_BYTES)
		return false;
	if (fwu->descriptor_offset == 0) {
		fwu->bank_count = ST_BANKS;
		return true;
	}
	return fwu->descriptor_offset == HEADER_BYTES && decode_descriptor(fwu, c);
}

/* `bytes` holds the start of the source; false when this is no metadata. */
static bool decode(struct stmboot_fwu *fwu, const uint8_t *bytes, size_t got)
{
	struct sb_cursor c = sb_cursor(bytes, got);
	bool makes_sense;

	fwu->crc = sb_le32(&c);
	fwu->version = sb_le32(&c);
	fwu->active_index = sb_le32(&c);
	fwu->previous_active_index = sb_le32(&c);
	if (fwu->version == 1 && got >= V1_HEADER_BYTES)
		makes_sense = decode_v1(fwu, &c);
	else
		makes_sense = fwu->version == 2 && got >= HEADER_BYTES && decode_v2(fwu, &c);
	if (makes_sense && fwu->metadata_bytes <= got) {
		fwu->computed_crc = sb_crc32(0, bytes + VERSION_OFFSET,
					     (size_t)(fwu->metadata_bytes - VERSION_OFFSET));
		fwu->has_computed_crc = true;
	}
	return makes_sense;
}

enum stmboot_status sb_fwu_decode(struct stmboot_context *ctx, struct stmboot_source *src,
				  struct stmboot_fwu *out)
{
	struct stmboot_fwu fwu = { .source_bytes = stmboot_source_size(src) };
	uint8_t *bytes = sb_alloc(ctx, MAX_METADATA_BYTES);
	enum stmboot_status status;
	size_t got;

	if (bytes == NULL)
		return STMBOOT_NO_MEMORY;
	status = sb_source_peek(src, 0, bytes, MAX_METADATA_BYTES, &got);
	if (status == STMBOOT_OK && !decode(&fwu, bytes, got))
		status = STMBOOT_NOT_RECOGNISED;
	if (status == STMBOOT_OK)
		*out = fwu;
	sb_free(ctx, bytes);
	return status;
}

enum stmboot_status stmboot_fwu_decode(struct stmboot_context *ctx, struct stmboot_source *src,
				       struct stmboot_fwu **out)
{
	struct stmboot_fwu *fwu = sb_object_new(ctx, sizeof(*fwu));
	enum stmboot_status status;

	if (fwu == NULL)
		return STMBOOT_NO_MEMORY;
	status = sb_fwu_decode(ctx, src, fwu);
	if (status == STMBOOT_OK)
		*out = fwu;
	else
		sb_object_free(fwu);
	return status;
}

void stmboot_fwu_free(struct stmboot_fwu *fwu)
{
	sb_object_free(fwu);
}

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
	if (index >= ST_BANKS)
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

static const char *state_text(uint8_t state)
{
	switch (state) {
	case STMBOOT_FWU_BANK_INVALID:
		return "invalid";
	case STMBOOT_FWU_BANK_VALID:
		return "valid, on trial";
	case STMBOOT_FWU_BANK_ACCEPTED:
		return "accepted";
	default:
		return "unknown";
	}
}

static bool can_boot(uint8_t state)
{
	return state == STMBOOT_FWU_BANK_VALID || state == STMBOOT_FWU_BANK_ACCEPTED;
}

/* Has the metadata states, and does one of them belong to the active bank? */
static bool has_state(const struct stmboot_fwu *fwu)
{
	return fwu->version == 2 && fwu->active_index < ST_BANKS;
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
					   fwu->active_index, state, state_text(state)),
			  .expected = "0xfc (accepted)",
			  .hint = can_boot(state)
					  ? "accept the bank from the running system"
					  : "write the bank again and make the metadata say so" });
}

static void check_any_bank(const struct sb_scope *scope, const struct stmboot_fwu *fwu)
{
	bool any = false;

	for (size_t i = 0; i < ST_BANKS; i++)
		any = any || can_boot(fwu->bank_state[i]);
	if (has_state(fwu) && !any)
		report_state(scope, fwu, SB_FWU_NO_BANK);
}

/* plat_fwu_get_boot_idx() takes another bank when the active one is neither accepted nor on trial.
 */
static void check_active_bank(const struct sb_scope *scope, const struct stmboot_fwu *fwu)
{
	if (has_state(fwu) && !can_boot(fwu->bank_state[fwu->active_index]))
		report_state(scope, fwu, SB_FWU_BANK_INVALID);
}

static void check_trial(const struct sb_scope *scope, const struct stmboot_fwu *fwu)
{
	if (has_state(fwu) && fwu->bank_state[fwu->active_index] == STMBOOT_FWU_BANK_VALID)
		report_state(scope, fwu, SB_FWU_TRIAL);
}

static uint64_t image_offset(const struct stmboot_fwu *fwu, size_t index)
{
	uint64_t first = fwu->version == 2 ? HEADER_BYTES + DESCRIPTOR_BYTES : V1_HEADER_BYTES;

	return first + index * (IMAGE_BYTES + (uint64_t)fwu->bank_count * BANK_IMAGE_BYTES);
}

size_t sb_fwu_guids(const struct stmboot_fwu *fwu, uint64_t offsets[SB_FWU_MAX_GUIDS])
{
	size_t count = 0;

	for (size_t i = 0; i < fwu->decoded_images; i++) {
		uint64_t at = image_offset(fwu, i);

		offsets[count++] = at + SB_GUID_BYTES; /* where the image is: a disk, or zero */
		for (uint32_t bank = 0; bank < fwu->bank_count; bank++)
			offsets[count++] = at + IMAGE_BYTES + (uint64_t)bank * BANK_IMAGE_BYTES;
	}
	return count;
}

void sb_fwu_seal(const struct stmboot_fwu *fwu, uint8_t *bytes)
{
	sb_put_le(
		bytes,
		sb_crc32(0, bytes + VERSION_OFFSET, (size_t)(fwu->metadata_bytes - VERSION_OFFSET)),
		4);
}

static void check_banks(const struct sb_scope *scope, const struct stmboot_fwu *fwu)
{
	if (fwu->bank_count != ST_BANKS)
		sb_report(scope, SB_FWU_BANK_COUNT,
			  &(struct sb_finding){
				  .offset = HEADER_BYTES,
				  .length = 1,
				  .found = sb_text(scope, "%" PRIu32 " banks", fwu->bank_count),
				  .expected = "2 banks",
				  .hint = "make the metadata with mkfwumdata -b 2" });
}

static const struct stmboot_fwu_image *find_fip(const struct stmboot_fwu *fwu, size_t *index)
{
	for (*index = 0; *index < fwu->decoded_images; (*index)++)
		if (strcmp(fwu->images[*index].type_guid, fip_type) == 0)
			return &fwu->images[*index];
	return NULL;
}

bool sb_fwu_has_fip(const struct stmboot_fwu *fwu)
{
	size_t index;

	return find_fip(fwu, &index) != NULL;
}

static void check_fip(const struct sb_scope *scope, const struct stmboot_fwu *fwu)
{
	if (fwu->decoded_images != 0 && !sb_fwu_has_fip(fwu))
		sb_report(scope, SB_FWU_NO_FIP,
			  &(struct sb_finding){ .offset = image_offset(fwu, 0),
						.length = SB_GUID_BYTES,
						.found = fwu->images[0].type_guid,
						.expected = fip_type,
						.hint = "make the metadata with the type GUID of a "
							"FIP" });
}

/* The bank's image GUID is that of the partition which TF-A loads. */
static void check_partition(const struct sb_scope *scope, const struct stmboot_fwu *fwu)
{
	size_t index;
	const struct stmboot_fwu_image *image = find_fip(fwu, &index);

	if (image == NULL || fwu->active_index >= fwu->bank_count ||
	    strcmp(image->banks[fwu->active_index].guid, zero_guid) != 0)
		return;
	sb_report(scope, SB_FWU_NO_PARTITION,
		  &(struct sb_finding){
			  .offset = image_offset(fwu, index) + IMAGE_BYTES +
				    (uint64_t)fwu->active_index * BANK_IMAGE_BYTES,
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
