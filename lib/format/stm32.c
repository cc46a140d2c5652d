/* SPDX-License-Identifier: MIT */
/*
 * Decoding of the STM32 image header. TF-A tools/stm32image/stm32image.c and
 * plat/st/stm32mp{1,2}/include/boot_api.h.
 */
#include "format/stm32.h"

#include <string.h>

#include "base/checked.h"
#include "base/context.h"
#include "base/cursor.h"
#include "format/chips.h"
#include "format/formats.h"
#include "source/source.h"

enum {
	MAGIC = 0x324d5453,         /* "STM2" */
	PEEK_BYTES = 256,           /* the longest base header */
	MAX_EXTENSION_BYTES = 2048, /* a signed 2.3 header with all extensions has less than 600 */
	EXT_PREFIX_BYTES = 8,
	V1_PADDING_OFFSET = 172,
	V1_TYPE_OFFSET = 255,
};

#define EXT_PADDING UINT32_C(0xffff5453)

struct extension_kind {
	uint32_t type;
	uint32_t flag;
	const char *name;
};

static const struct extension_kind extension_kinds[] = {
	{ SB_STM32_EXT_AUTHENTICATION, SB_STM32_FLAG_AUTHENTICATION, "authentication" },
	{ SB_STM32_EXT_DECRYPTION, SB_STM32_FLAG_DECRYPTION, "decryption" },
	{ EXT_PADDING, SB_STM32_FLAG_PADDING, "padding" },
};

enum { EXTENSION_KINDS = sizeof(extension_kinds) / sizeof(extension_kinds[0]) };

/*
 * The version stands behind the signature, whose length depends on the version.
 * At 72 a signed 2.3 header has signature bytes, which may look like a version;
 * at 104 the others have an algorithm or a length that is never 0x00020300.
 */
static uint32_t read_version(const uint8_t *header)
{
	uint32_t late = sb_get_le32(header + 104);

	return late == STMBOOT_STM32_V2_3 ? late : sb_get_le32(header + 72);
}

static bool all_zero(const uint8_t *at, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (at[i] != 0)
			return false;
	return true;
}

static void note_stray(struct stmboot_stm32 *image, const uint8_t *at, size_t count,
		       uint64_t offset)
{
	for (size_t i = 0; i < count && image->stray_offset == 0; i++)
		if (at[i] != 0)
			image->stray_offset = offset + i;
}

static void decode_common(struct stmboot_stm32 *image, struct sb_cursor *c)
{
	sb_seek(c, SB_STM32_SIGNATURE_OFFSET);
	sb_bytes(c, image->signature, image->key_bytes);
	image->has_signature = !all_zero(image->signature, image->key_bytes);
	image->checksum = sb_le32(c);
	sb_skip(c, 4);
	image->payload_bytes = sb_le32(c);
	image->entry_point = sb_le32(c);
	image->reserved1 = sb_le32(c);
	image->load_address = sb_le32(c);
	image->reserved2 = sb_le32(c);
	image->image_version = sb_le32(c);
	image->flags = sb_le32(c);
}

/* Bit 0 says "no signature" in version 1 and "signature" in version 2. */
static void decode_v1(struct stmboot_stm32 *image, struct sb_cursor *c)
{
	image->is_signed = (image->flags & SB_STM32_OPTION_UNSIGNED) == 0;
	image->algorithm = sb_le32(c);
	sb_bytes(c, image->public_key, image->key_bytes);
	note_stray(image, c->data + V1_PADDING_OFFSET, V1_TYPE_OFFSET - V1_PADDING_OFFSET,
		   V1_PADDING_OFFSET);
	sb_seek(c, V1_TYPE_OFFSET);
	image->binary_type = sb_u8(c);
}

static void decode_v2(struct stmboot_stm32 *image, const struct sb_chip_header *layout,
		      struct sb_cursor *c)
{
	image->is_signed = (image->flags & SB_STM32_FLAG_AUTHENTICATION) != 0;
	image->is_encrypted = (image->flags & SB_STM32_FLAG_DECRYPTION) != 0;
	image->extension_bytes = sb_le32(c);
	image->binary_type = sb_le32(c);
	note_stray(image, c->data + c->position, layout->padding_bytes, c->position);
	sb_skip(c, layout->padding_bytes);
	if (image->version == STMBOOT_STM32_V2_3) {
		image->non_secure_bytes = sb_le32(c);
		image->non_secure_hash = sb_le32(c);
	}
}

static void set_defect(struct stmboot_stm32 *image, enum stmboot_stm32_defect defect,
		       uint64_t offset)
{
	if (image->defect == STMBOOT_STM32_EXT_OK) {
		image->defect = defect;
		image->defect_offset = offset;
	}
}

static void decode_authentication(struct stmboot_stm32 *image,
				  const struct stmboot_stm32_extension *e, struct sb_cursor body)
{
	uint32_t hash_bytes = image->key_bytes / 2;

	image->key_index = sb_le32(&body);
	image->key_count = sb_le32(&body);
	image->algorithm = sb_le32(&body);
	sb_bytes(&body, image->public_key, image->key_bytes);
	if (e->offset != image->base_bytes)
		set_defect(image, STMBOOT_STM32_EXT_NOT_FIRST, e->offset);
	if (image->key_count <= SB_STM32_MAX_KEYS)
		sb_skip(&body, (size_t)image->key_count * hash_bytes);
	if (!sb_cursor_ok(&body))
		set_defect(image, STMBOOT_STM32_EXT_INCOMPLETE, e->offset);
}

static void decode_decryption(struct stmboot_stm32 *image, const struct stmboot_stm32_extension *e,
			      struct sb_cursor body)
{
	image->decryption_key_bits = sb_le32(&body);
	image->derivation_constant = sb_le32(&body);
	sb_bytes(&body, image->plain_hash, sizeof(image->plain_hash));
	if (!sb_cursor_ok(&body))
		set_defect(image, STMBOOT_STM32_EXT_INCOMPLETE, e->offset);
}

/* What the prefix of an extension says, before its type is known to be one. */
static enum stmboot_stm32_defect check_prefix(const struct stmboot_stm32_extension *e, size_t left)
{
	if (e->length < EXT_PREFIX_BYTES)
		return STMBOOT_STM32_EXT_SHORT;
	if (e->length > left)
		return STMBOOT_STM32_EXT_OVERRUN;
	return e->length % 4 != 0 ? STMBOOT_STM32_EXT_UNALIGNED : STMBOOT_STM32_EXT_OK;
}

static enum stmboot_stm32_defect check_type(const struct stmboot_stm32 *image,
					    const struct extension_kind *kind, uint32_t type)
{
	if (kind == NULL)
		return STMBOOT_STM32_EXT_UNKNOWN;
	for (size_t i = 0; i + 1 < image->extension_count; i++)
		if (image->extensions[i].type == type)
			return STMBOOT_STM32_EXT_TWICE;
	return (image->flags & kind->flag) == 0 ? STMBOOT_STM32_EXT_NO_FLAG : STMBOOT_STM32_EXT_OK;
}

static const struct extension_kind *kind_of(uint32_t type)
{
	for (size_t i = 0; i < EXTENSION_KINDS; i++)
		if (extension_kinds[i].type == type)
			return &extension_kinds[i];
	return NULL;
}

/* One extension at the cursor; false when the walk cannot go on behind it. */
static bool decode_extension(struct stmboot_stm32 *image, struct sb_cursor *c)
{
	size_t left = c->size - c->position;
	uint64_t offset = image->base_bytes + c->position;
	struct stmboot_stm32_extension *e = &image->extensions[image->extension_count];
	const struct extension_kind *kind;
	enum stmboot_stm32_defect defect;
	struct sb_cursor body;

	if (left < EXT_PREFIX_BYTES || image->extension_count == STMBOOT_STM32_MAX_EXTENSIONS) {
		set_defect(image, STMBOOT_STM32_EXT_SHORT, offset);
		return false;
	}
	e->offset = offset;
	e->type = sb_le32(c);
	e->length = sb_le32(c);
	kind = kind_of(e->type);
	e->name = kind != NULL ? kind->name : NULL;
	image->extension_count++;
	defect = check_prefix(e, left);
	if (defect == STMBOOT_STM32_EXT_OK)
		defect = check_type(image, kind, e->type);
	if (defect != STMBOOT_STM32_EXT_OK) {
		set_defect(image, defect, offset);
		return false;
	}
	body = sb_cursor(c->data + c->position, e->length - EXT_PREFIX_BYTES);
	sb_skip(c, body.size);
	if (e->type == SB_STM32_EXT_AUTHENTICATION)
		decode_authentication(image, e, body);
	if (e->type == SB_STM32_EXT_DECRYPTION)
		decode_decryption(image, e, body);
	if (e->type == EXT_PADDING)
		note_stray(image, body.data, body.size, offset + EXT_PREFIX_BYTES);
	return true;
}

static void find_missing(struct stmboot_stm32 *image)
{
	for (size_t k = 0; k < EXTENSION_KINDS; k++) {
		bool found = (image->flags & extension_kinds[k].flag) == 0;

		for (size_t i = 0; i < image->extension_count; i++)
			found = found || image->extensions[i].type == extension_kinds[k].type;
		if (!found)
			set_defect(image, STMBOOT_STM32_EXT_MISSING,
				   sb_stm32_field(image, SB_STM32_AT_FLAGS));
	}
}

static enum stmboot_status decode_extensions(struct stmboot_source *src,
					     struct stmboot_stm32 *image)
{
	uint8_t buffer[MAX_EXTENSION_BYTES];
	enum stmboot_status status;
	struct sb_cursor c;
	size_t got;

	if (image->extension_bytes > MAX_EXTENSION_BYTES) {
		set_defect(image, STMBOOT_STM32_EXT_TOO_LONG,
			   sb_stm32_field(image, SB_STM32_AT_EXTENSION_BYTES));
		return STMBOOT_OK;
	}
	status = sb_source_peek(src, image->base_bytes, buffer, image->extension_bytes, &got);
	if (status != STMBOOT_OK)
		return status;
	if (got < image->extension_bytes) {
		set_defect(image, STMBOOT_STM32_EXT_TRUNCATED, image->base_bytes + got);
		return STMBOOT_OK;
	}
	c = sb_cursor(buffer, got);
	while (c.position < c.size && decode_extension(image, &c))
		continue;
	find_missing(image);
	return STMBOOT_OK;
}

static enum stmboot_status decode_body(struct stmboot_source *src, struct stmboot_stm32 *image,
				       const struct sb_chip_header *layout, struct sb_cursor *c)
{
	enum stmboot_status status = STMBOOT_OK;

	decode_common(image, c);
	if (layout->version == STMBOOT_STM32_V1_0) {
		decode_v1(image, c);
	} else {
		decode_v2(image, layout, c);
		status = decode_extensions(src, image);
	}
	image->header_bytes = (uint64_t)image->base_bytes + image->extension_bytes;
	image->payload_fits =
		sb_range_within(image->header_bytes, image->payload_bytes, image->source_bytes);
	return status;
}

enum stmboot_status sb_stm32_decode(struct stmboot_source *src, struct stmboot_stm32 *out)
{
	struct stmboot_stm32 image = { .source_bytes = stmboot_source_size(src) };
	const struct sb_chip_header *layout;
	uint8_t header[PEEK_BYTES];
	struct sb_cursor c = sb_cursor(header, sizeof(header));
	size_t got;
	enum stmboot_status status = sb_source_peek(src, 0, header, sizeof(header), &got);

	if (status != STMBOOT_OK)
		return status;
	if (got < 4 || sb_le32(&c) != MAGIC)
		return STMBOOT_NOT_RECOGNISED;
	image.version = read_version(header);
	layout = sb_chip_header(image.version);
	if (layout != NULL) {
		image.version_known = true;
		image.soc = layout->soc;
		image.base_bytes = layout->base_bytes;
		image.key_bytes = layout->key_bytes;
		image.header_fits = got >= layout->base_bytes;
		if (image.header_fits)
			status = decode_body(src, &image, layout, &c);
	}
	if (status == STMBOOT_OK)
		*out = image;
	return status;
}

enum stmboot_status stmboot_stm32_decode(struct stmboot_context *ctx, struct stmboot_source *src,
					 struct stmboot_stm32 **out)
{
	struct stmboot_stm32 *image = sb_object_new(ctx, sizeof(*image));
	enum stmboot_status status;

	if (image == NULL)
		return STMBOOT_NO_MEMORY;
	status = sb_stm32_decode(src, image);
	if (status == STMBOOT_OK)
		*out = image;
	else
		sb_object_free(image);
	return status;
}

void stmboot_stm32_free(struct stmboot_stm32 *image)
{
	sb_object_free(image);
}

enum stmboot_status sb_stm32_scan(struct stmboot_context *ctx, struct stmboot_source *src,
				  struct stmboot_stm32 *image, struct sb_scan *scan)
{
	uint64_t start = sb_min_u64(image->header_bytes, image->source_bytes);
	uint64_t length = sb_min_u64(image->payload_bytes, image->source_bytes - start);
	enum stmboot_status status;

	if (length > sb_limits(ctx)->max_unpacked_bytes)
		return STMBOOT_LIMIT;
	status = sb_scan_range(ctx, src, start, length, scan);
	if (status == STMBOOT_OK && image->header_fits && image->payload_fits) {
		image->computed_checksum = scan->byte_sum;
		image->has_computed_checksum = true;
	}
	return status;
}

enum stmboot_status stmboot_stm32_verify(struct stmboot_context *ctx, struct stmboot_source *src,
					 struct stmboot_stm32 *image)
{
	struct sb_scan scan;

	if (!image->header_fits || !image->payload_fits)
		return STMBOOT_TRUNCATED;
	return sb_stm32_scan(ctx, src, image, &scan);
}

const char *stmboot_stm32_version_text(uint32_t version)
{
	const struct sb_chip_header *layout = sb_chip_header(version);

	return layout != NULL ? layout->text : NULL;
}

const char *stmboot_stm32_algorithm_text(uint32_t algorithm)
{
	static const char *const texts[] = { NULL, "NIST P-256", "brainpoolP256t1", "NIST P-384",
					     "brainpoolP384t1" };

	return algorithm < sizeof(texts) / sizeof(texts[0]) ? texts[algorithm] : NULL;
}

const char *stmboot_stm32_role_text(enum stmboot_stm32_role role)
{
	return role == STMBOOT_STM32_FSBL ? "rom" : "tf-a";
}

const char *stmboot_stm32_type_text(uint32_t binary_type)
{
	if (binary_type == STMBOOT_STM32_TYPE_UBOOT)
		return "U-Boot";
	if (binary_type >= STMBOOT_STM32_TYPE_TFA && binary_type < STMBOOT_STM32_TYPE_OPTEE_H)
		return "TF-A";
	if (binary_type == STMBOOT_STM32_TYPE_OPTEE_H)
		return "OP-TEE header";
	if (binary_type == STMBOOT_STM32_TYPE_OPTEE_X)
		return "OP-TEE pager";
	if (binary_type == STMBOOT_STM32_TYPE_OPTEE_D)
		return "OP-TEE pageable part";
	return binary_type == STMBOOT_STM32_TYPE_M33 ? "Cortex-M33 firmware" : NULL;
}

const char *stmboot_soc_text(enum stmboot_soc soc)
{
	const struct sb_chip *chip = sb_chip(soc);

	return chip != NULL ? chip->text : NULL;
}
