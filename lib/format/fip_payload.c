/* SPDX-License-Identifier: MIT */
/* What the images of a firmware package hold. */
#include <string.h>

#include <stmboot/dtb.h>

#include "base/checked.h"
#include "base/context.h"
#include "base/cursor.h"
#include "base/digest.h"
#include "format/fip_internal.h"
#include "format/formats.h"
#include "source/source.h"

enum {
	OPTEE_HEADER_BYTES = 12,
	OPTEE_PART_BYTES = 16,
	ENCRYPTION_BYTES = 44,
	MOST_CERTIFICATE_BYTES = 64 << 10, /* of real ones: less than 2 KiB */
	HASH_CHUNK_BYTES = 16 << 10,
	SHA256_BYTES = 32,
};

/* A package while its images are read. */
struct reading {
	struct stmboot_context *ctx;
	struct sb_arena *arena;
	struct stmboot_source *src;
	const struct stmboot_fip *fip;
	struct stmboot_fip_payload *payloads;
	struct stmboot_fip_optee *optee;
	struct sb_scan *uboot;
	bool cut;             /* an image was more than could be read */
	uint64_t budget;      /* bytes that may still be read */
	uint64_t hash_budget; /* and hashed */
};

/* Which programs an image may be, the likeliest first. */
static const struct candidate {
	const char *image;
	enum sb_firmware firmware;
	const char *program;
} candidates[] = {
	{ "nt-fw", SB_FIRMWARE_UBOOT, "U-Boot" },
	{ "tos-fw", SB_FIRMWARE_OPTEE, "OP-TEE" },
	{ "tos-fw", SB_FIRMWARE_TFA, "TF-A" },
	{ "tos-fw-extra1", SB_FIRMWARE_OPTEE, "OP-TEE" },
	{ "tos-fw-extra2", SB_FIRMWARE_OPTEE, "OP-TEE" },
	{ "soc-fw", SB_FIRMWARE_TFA, "TF-A" },
};

static bool is_program(const char *image)
{
	for (size_t i = 0; image != NULL && i < sizeof(candidates) / sizeof(candidates[0]); i++)
		if (strcmp(candidates[i].image, image) == 0)
			return true;
	return false;
}

static enum stmboot_status name_program(struct reading *r, const char *image,
					const struct sb_scan *scan,
					struct stmboot_fip_payload *payload)
{
	for (size_t i = 0; i < sizeof(candidates) / sizeof(candidates[0]); i++) {
		const struct sb_scan_text *text = sb_scan_find(scan, candidates[i].firmware);

		if (text == NULL || strcmp(candidates[i].image, image) != 0)
			continue;
		payload->program = candidates[i].program;
		payload->version = sb_arena_strdup(r->arena, text->version);
		return payload->version != NULL ? STMBOOT_OK : STMBOOT_NO_MEMORY;
	}
	return STMBOOT_OK;
}

static enum stmboot_status read_code(struct reading *r, const struct stmboot_fip_entry *e,
				     struct stmboot_fip_payload *payload)
{
	struct sb_scan scan;
	enum stmboot_status status;

	if (!is_program(e->name))
		return STMBOOT_OK;
	status = sb_scan_range(r->ctx, r->src, e->offset, e->size, &scan);
	if (status != STMBOOT_OK)
		return status;
	if (e == stmboot_fip_find(r->fip, "nt-fw"))
		*r->uboot = scan;
	return name_program(r, e->name, &scan, payload);
}

/* TF-A lib/optee/optee_utils.c. */
static enum stmboot_status read_optee(struct reading *r, const struct stmboot_fip_entry *e)
{
	uint8_t bytes[OPTEE_HEADER_BYTES + STMBOOT_FIP_OPTEE_PARTS * OPTEE_PART_BYTES];
	size_t size = (size_t)sb_min_u64(e->size, sizeof(bytes));
	struct sb_cursor c = sb_cursor(bytes, size);
	struct stmboot_fip_optee *optee = sb_arena_alloc(r->arena, sizeof(*optee));
	enum stmboot_status status = stmboot_source_read(r->src, e->offset, bytes, size);

	if (optee == NULL)
		return STMBOOT_NO_MEMORY;
	if (status != STMBOOT_OK)
		return status;
	sb_skip(&c, 4);
	optee->version = sb_u8(&c);
	optee->architecture = sb_u8(&c);
	optee->flags = sb_le16(&c);
	optee->part_count = sb_le32(&c);
	while (optee->decoded_parts < sb_min_u64(optee->part_count, STMBOOT_FIP_OPTEE_PARTS)) {
		struct stmboot_fip_optee_part part = { .address = (uint64_t)sb_le32(&c) << 32 };

		part.address |= sb_le32(&c);
		part.id = sb_le32(&c);
		part.size = sb_le32(&c);
		if (!sb_cursor_ok(&c))
			break;
		optee->parts[optee->decoded_parts++] = part;
	}
	r->optee = optee;
	return STMBOOT_OK;
}

/* TF-A include/tools_share/firmware_encrypted.h. */
static enum stmboot_status read_encryption(struct reading *r, const struct stmboot_fip_entry *e,
					   struct stmboot_fip_payload *payload)
{
	uint8_t bytes[ENCRYPTION_BYTES] = { 0 };
	size_t size = (size_t)sb_min_u64(e->size, sizeof(bytes));
	struct sb_cursor c = sb_cursor(bytes, sizeof(bytes));
	struct stmboot_fip_encryption *encryption =
		sb_arena_alloc(r->arena, sizeof(struct stmboot_fip_encryption));
	enum stmboot_status status = stmboot_source_read(r->src, e->offset, bytes, size);

	if (encryption == NULL)
		return STMBOOT_NO_MEMORY;
	if (status != STMBOOT_OK)
		return status;
	sb_skip(&c, 4);
	encryption->algorithm = sb_le16(&c);
	encryption->flags = sb_le16(&c);
	encryption->iv_bytes = sb_le16(&c);
	encryption->tag_bytes = sb_le16(&c);
	payload->encryption = encryption;
	return STMBOOT_OK;
}

/* The tree itself is not kept: what counts of it is. */
static enum stmboot_status read_tree(struct reading *r, struct stmboot_source *window,
				     const struct stmboot_fip_entry *e,
				     struct stmboot_fip_payload *payload)
{
	struct stmboot_dtb *dtb;
	enum stmboot_status status = stmboot_dtb_decode(r->ctx, window, &dtb);

	if (status != STMBOOT_OK)
		return status;
	if (dtb->defect == STMBOOT_DTB_GOOD) {
		payload->model = sb_arena_strdup(r->arena, dtb->model);
		if (dtb->compatible_count > 0)
			payload->board = sb_arena_strdup(r->arena, dtb->compatible[0]);
	} else {
		payload->defect = sb_arena_strdup(
			r->arena, dtb->defect_text != NULL ? dtb->defect_text : "no device tree");
		payload->defect_offset = e->offset + dtb->defect_offset;
	}
	stmboot_dtb_free(dtb);
	return r->arena->failed ? STMBOOT_NO_MEMORY : STMBOOT_OK;
}

/* X.690: a SEQUENCE whose length takes two bytes, as that of every real certificate. */
static enum stmboot_status read_certificate(struct reading *r, const struct stmboot_fip_entry *e,
					    struct stmboot_fip_payload *payload)
{
	uint8_t head[4];
	enum stmboot_status status = STMBOOT_OK;

	if (e->size < sizeof(head))
		return STMBOOT_OK;
	status = stmboot_source_read(r->src, e->offset, head, sizeof(head));
	if (status == STMBOOT_OK && head[0] == 0x30 && head[1] == 0x82)
		payload->certificate_bytes = sizeof(head) + (uint64_t)sb_get_be16(head + 2);
	return status;
}

static enum stmboot_status read_content(struct reading *r, const struct stmboot_fip_entry *e,
					enum sb_fip_kind kind, struct stmboot_source *window,
					struct stmboot_fip_payload *payload)
{
	enum stmboot_status status =
		stmboot_content_detect(r->ctx, window, &payload->content, NULL);

	if (status != STMBOOT_OK)
		return status;
	if (payload->content == STMBOOT_CONTENT_FIP) {
		payload->content = STMBOOT_CONTENT_UNKNOWN;
		return read_encryption(r, e, payload);
	}
	if (kind == SB_FIP_TREE)
		return read_tree(r, window, e, payload);
	if (kind == SB_FIP_CERTIFICATE)
		return read_certificate(r, e, payload);
	if (e == stmboot_fip_find(r->fip, "tos-fw") && r->fip->tos_magic == STMBOOT_FIP_OPTEE)
		status = read_optee(r, e);
	return status == STMBOOT_OK ? read_code(r, e, payload) : status;
}

/* The whole file may be each of its images, which costs as much each time. */
static bool take(struct reading *r, uint64_t *budget, uint64_t bytes)
{
	if (bytes > *budget) {
		r->cut = true;
		return false;
	}
	*budget -= bytes;
	return true;
}

static enum stmboot_status read_payload(struct reading *r, size_t index)
{
	const struct stmboot_fip_entry *e = &r->fip->entries[index];
	const struct sb_fip_known *known = sb_fip_known(e->uuid_text);
	struct stmboot_fip_payload *payload = &r->payloads[index];
	struct stmboot_source *window = NULL;
	enum stmboot_status status;

	if (!e->fits || e->size == 0 || !take(r, &r->budget, e->size))
		return STMBOOT_OK;
	status = stmboot_source_window(r->ctx, r->src, e->offset, e->size, &window);
	if (status == STMBOOT_OK)
		status = read_content(r, e, known != NULL ? known->kind : SB_FIP_OTHER, window,
				      payload);
	stmboot_source_close(window);
	payload->known = status == STMBOOT_OK;
	return status;
}

static enum stmboot_status hash_image(struct reading *r, const struct stmboot_fip_entry *e,
				      uint8_t digest[SB_DIGEST_BYTES])
{
	uint8_t *chunk = sb_alloc_uncleared(r->ctx, HASH_CHUNK_BYTES);
	enum stmboot_status status = STMBOOT_OK;
	struct sb_digest hash;

	if (chunk == NULL)
		return STMBOOT_NO_MEMORY;
	sb_digest_begin(&hash, SB_DIGEST_SHA256);
	for (uint64_t at = 0; at < e->size && status == STMBOOT_OK; at += HASH_CHUNK_BYTES) {
		size_t part = (size_t)sb_min_u64(HASH_CHUNK_BYTES, e->size - at);

		status = stmboot_source_read(r->src, e->offset + at, chunk, part);
		if (status == STMBOOT_OK)
			sb_digest_feed(&hash, chunk, part);
	}
	if (status == STMBOOT_OK)
		status = sb_progress(r->ctx, e->offset + e->size, r->fip->source_bytes);
	sb_digest_end(&hash, digest);
	sb_free(r->ctx, chunk);
	return status;
}

/* Certificates hold a DigestInfo of each image (RFC 8017, section 9.2, note 1). */
static enum stmboot_fip_hash find_digest(const uint8_t *certificate, size_t size,
					 const uint8_t digest[SB_DIGEST_BYTES])
{
	static const uint8_t prefix[] = { 0x30, 0x31, 0x30, 0x0d, 0x06, 0x09, 0x60,
					  0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02,
					  0x01, 0x05, 0x00, 0x04, 0x20 };
	enum stmboot_fip_hash found = STMBOOT_FIP_HASH_UNKNOWN;
	const uint8_t *end = certificate + size, *at = certificate;

	while ((at = memmem(at, (size_t)(end - at), prefix, sizeof(prefix))) != NULL) {
		at += sizeof(prefix);
		if (end - at < SHA256_BYTES)
			break;
		if (memcmp(at, digest, SHA256_BYTES) == 0)
			return STMBOOT_FIP_HASH_AGREES;
		found = STMBOOT_FIP_HASH_DIFFERS;
	}
	return found;
}

/*
 * The certificate of an image, when both can be read; NULL without one. What is
 * encrypted was signed before that.
 */
static const struct stmboot_fip_entry *certificate_of(const struct reading *r, size_t index)
{
	const struct sb_fip_known *known = sb_fip_known(r->fip->entries[index].uuid_text);
	const struct stmboot_fip_entry *certificate;

	if (!r->payloads[index].known || r->payloads[index].encryption != NULL || known == NULL ||
	    known->certificate == NULL)
		return NULL;
	certificate = stmboot_fip_find(r->fip, known->certificate);
	if (certificate == NULL || !r->payloads[certificate - r->fip->entries].known ||
	    certificate->size > MOST_CERTIFICATE_BYTES)
		return NULL;
	return certificate;
}

static enum stmboot_status compare_hash(struct reading *r, size_t index)
{
	const struct stmboot_fip_entry *certificate = certificate_of(r, index);
	uint8_t digest[SB_DIGEST_BYTES];
	enum stmboot_status status;
	uint8_t *bytes;

	if (certificate == NULL ||
	    !take(r, &r->hash_budget, r->fip->entries[index].size + certificate->size))
		return STMBOOT_OK;
	bytes = sb_alloc(r->ctx, (size_t)certificate->size);
	if (bytes == NULL)
		return STMBOOT_NO_MEMORY;
	status = stmboot_source_read(r->src, certificate->offset, bytes, (size_t)certificate->size);
	if (status == STMBOOT_OK)
		status = hash_image(r, &r->fip->entries[index], digest);
	if (status == STMBOOT_OK)
		r->payloads[index].hash = find_digest(bytes, (size_t)certificate->size, digest);
	sb_free(r->ctx, bytes);
	return status;
}

/* What cannot be read is passed over, and said in the end. */
static enum stmboot_status read_all(struct reading *r,
				    enum stmboot_status (*read)(struct reading *r, size_t index))
{
	enum stmboot_status first = STMBOOT_OK;

	for (size_t i = 0; i < r->fip->entry_count; i++) {
		enum stmboot_status status = read(r, i);

		if (status == STMBOOT_NO_MEMORY || status == STMBOOT_CANCELLED)
			return status;
		if (first == STMBOOT_OK)
			first = status;
	}
	return first;
}

/* Of images that do not overlap; those that do so here and there are looked at as well. */
static uint64_t most_bytes(const struct stmboot_context *ctx, const struct stmboot_fip *fip)
{
	uint64_t most = sb_limits(ctx)->max_unpacked_bytes;

	return sb_min_u64(most, 2 * sb_min_u64(fip->source_bytes, most));
}

enum stmboot_status sb_fip_scan(struct stmboot_context *ctx, struct stmboot_source *src,
				struct stmboot_fip *fip, struct sb_scan *scan)
{
	struct reading r = { .ctx = ctx,
			     .arena = sb_object_arena(fip),
			     .src = src,
			     .fip = fip,
			     .uboot = scan,
			     .budget = most_bytes(ctx, fip),
			     .hash_budget = most_bytes(ctx, fip) };
	enum stmboot_status status, hashes;

	*scan = (struct sb_scan){ .bytes = 0 };
	r.payloads = sb_arena_array(r.arena, fip->entry_count, sizeof(*r.payloads));
	if (r.payloads == NULL)
		return STMBOOT_NO_MEMORY;
	status = read_all(&r, read_payload);
	if (status == STMBOOT_NO_MEMORY || status == STMBOOT_CANCELLED)
		return status;
	hashes = read_all(&r, compare_hash);
	if (hashes != STMBOOT_OK)
		status = hashes;
	if (status == STMBOOT_NO_MEMORY || status == STMBOOT_CANCELLED)
		return status;
	scan->cut = r.cut;
	fip->payloads = r.payloads;
	fip->optee = r.optee;
	return status;
}

enum stmboot_status stmboot_fip_identify(struct stmboot_context *ctx, struct stmboot_source *src,
					 struct stmboot_fip *fip)
{
	struct sb_scan scan;

	return sb_fip_scan(ctx, src, fip, &scan);
}
