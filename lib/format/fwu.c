/* SPDX-License-Identifier: MIT */
/* Decoding of firmware update metadata: TF-A include/drivers/fwu/fwu_metadata.h. */
#include <stmboot/fwu.h>

#include <string.h>

#include "base/checked.h"
#include "base/context.h"
#include "base/crc32.h"
#include "base/cursor.h"
#include "base/guid.h"
#include "format/formats.h"
#include "format/fwu.h"
#include "source/source.h"

enum {
	MAX_METADATA_BYTES = 4096, /* 16 images in 4 banks need 2,088 */
	HEADER_BYTES = 32,         /* version 2 */
	V1_HEADER_BYTES = 16,
	V1_BYTES = 96, /* ST: one image in two banks */
	DESCRIPTOR_BYTES = 8,
	VERSION_OFFSET = 4,
};

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
	fwu->bank_count = SB_FWU_BANKS;
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
		fwu->bank_count = SB_FWU_BANKS;
		fwu->image_count = 0;
		return true;
	}
	if (fwu->bank_count == 0 || fwu->bank_count > STMBOOT_FWU_MAX_BANKS ||
	    bank_bytes != SB_FWU_BANK_BYTES ||
	    image_bytes != SB_FWU_BANKS_OFFSET + fwu->bank_count * SB_FWU_BANK_BYTES)
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
		fwu->bank_count = SB_FWU_BANKS;
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

uint64_t sb_fwu_image_offset(const struct stmboot_fwu *fwu, size_t index)
{
	uint64_t first = fwu->version == 2 ? HEADER_BYTES + DESCRIPTOR_BYTES : V1_HEADER_BYTES;

	return first +
	       index * (SB_FWU_BANKS_OFFSET + (uint64_t)fwu->bank_count * SB_FWU_BANK_BYTES);
}

size_t sb_fwu_guids(const struct stmboot_fwu *fwu, uint64_t offsets[SB_FWU_MAX_GUIDS])
{
	size_t count = 0;

	for (size_t i = 0; i < fwu->decoded_images; i++) {
		uint64_t at = sb_fwu_image_offset(fwu, i);

		offsets[count++] = at + SB_GUID_BYTES; /* where the image is: a disk, or zero */
		for (uint32_t bank = 0; bank < fwu->bank_count; bank++)
			offsets[count++] =
				at + SB_FWU_BANKS_OFFSET + (uint64_t)bank * SB_FWU_BANK_BYTES;
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
