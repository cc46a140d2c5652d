/* SPDX-License-Identifier: MIT */
/*
 * The table of contents of a firmware package, TF-A
 * include/tools_share/firmware_image_package.h, and what TF-A makes of it
 * (drivers/io/io_fip.c, plat/st).
 */
#include <stmboot/fip.h>

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/checked.h"
#include "base/context.h"
#include "base/cursor.h"
#include "format/formats.h"
#include "source/source.h"

enum {
	HEADER_BYTES = 16,
	ENTRY_BYTES = 40,
	UUID_BYTES = 16,
	SERIAL_OFFSET = 4,
	ENTRY_OFFSET_OFFSET = 16,
	ENTRY_SIZE_OFFSET = 24,
	MAX_ENTRIES = 128, /* the tools know about 50 images */
};

/* Of a package, and of an encrypted image within one. */
#define MAGIC UINT32_C(0xaa640001)

/* TF-A tools/fiptool/tbbr_config.c, plat/st/common/include/plat_def_fip_uuid.h. */
static const struct known {
	const char *uuid;
	const char *name;
	const char *title;
} known_images[] = {
	{ "5807e16a-8459-47be-8ed5-648e8dddab0e", "fw-config", "FW_CONFIG" },
	{ "08b8f1d9-c9cf-9349-a962-6fbc6b7265cc", "hw-config", "U-Boot device tree (HW_CONFIG)" },
	{ "d6d0eea7-fcea-d54b-9782-9934f234b6e4", "nt-fw", "U-Boot (BL33)" },
	{ "05d0e189-53dc-1347-8d2b-500a4b7a3e38", "tos-fw", "SP_min or OP-TEE (BL32)" },
	{ "0b70c29b-2a5a-7840-9f65-0a5682738288", "tos-fw-extra1", "OP-TEE pager" },
	{ "8ea87bb1-cfa2-3f4d-85fd-e7bba50220d9", "tos-fw-extra2", "OP-TEE pageable part" },
	{ "26257c1a-dbc6-7f47-8d96-c4c4b0248021", "tos-fw-config", "SP_min device tree" },
	{ "47d4086d-4cfe-9846-9b95-2950cbbd5a00", "soc-fw", "BL31" },
	{ "9979814b-0376-fb46-8c8e-8d267f7859e0", "soc-fw-config", "BL31 device tree" },
	{ "b11249be-92dd-4b10-867c-2c6a4b47a7fb", "ddr-fw", "DDR firmware" },
	{ "501d8dd2-8bce-49a5-84eb-559a9f2eaeaf", "stm32mp-cfg-cert",
	  "ST configuration certificate" },
	{ "827ee890-f860-e411-a1b4-777a21b4f94c", "trusted-key-cert", "trusted key certificate" },
	{ "9477d603-fb60-e411-85dd-b7105b8cee04", "tos-fw-key-cert", "trusted OS key certificate" },
	{ "8ad5832a-fb60-e411-8aaf-df30bbc49859", "nt-fw-key-cert", "BL33 key certificate" },
	{ "a49f4411-5e63-e411-8728-3f05722af33d", "tos-fw-cert", "trusted OS content certificate" },
	{ "8ec4c1f3-5d63-e411-a7a9-87ee40b23fa7", "nt-fw-cert", "BL33 content certificate" },
	{ "8ab8becc-f960-e411-9ad0-eb4822d8dcf8", "soc-fw-key-cert", "BL31 key certificate" },
	{ "e2b20c20-5e63-e411-9ce8-abccf92bb666", "soc-fw-cert", "BL31 content certificate" },
	{ "28da9815-93e8-7e44-ac66-1aaf801550f9", "nt-fw-config", "NT_FW_CONFIG" },
	{ "6c0458ff-af6b-7d4f-82ed-aa27bc69bfd2", "tb-fw-config", "TB_FW_CONFIG" },
	{ "5ff9ec0b-4d22-3e4d-a544-c39d81c73f0a", "tb-fw", "BL2" },
	{ "9766fd3d-89be-e849-ae5d-78a140608213", "scp-fw", "SCP_BL2" },
	{ "862d1d72-f860-e411-920b-8be762160f24", "rot-cert", "root of trust certificate" },
	{ "1c67873d-5f63-e411-978d-27c0c7148abd", NULL, "non-trusted world key certificate" },
	{ "6c0762a6-12f2-4b56-92cb-ba8f633606d9", "rmm-fw", "RMM" },
};

/* In text order, unlike a GPT's GUID. */
static void format_uuid(const uint8_t uuid[UUID_BYTES], char out[37])
{
	static const char digits[] = "0123456789abcdef";
	size_t at = 0;

	for (size_t i = 0; i < UUID_BYTES; i++) {
		if (i == 4 || i == 6 || i == 8 || i == 10)
			out[at++] = '-';
		out[at++] = digits[uuid[i] >> 4];
		out[at++] = digits[uuid[i] & 15];
	}
	out[at] = '\0';
}

static void name_entry(struct stmboot_fip_entry *e)
{
	for (size_t i = 0; i < sizeof(known_images) / sizeof(known_images[0]); i++)
		if (strcmp(known_images[i].uuid, e->uuid_text) == 0) {
			e->name = known_images[i].name;
			e->title = known_images[i].title;
		}
}

static bool is_terminator(const struct stmboot_fip_entry *e)
{
	static const uint8_t zero[UUID_BYTES];

	return memcmp(e->uuid, zero, sizeof(zero)) == 0;
}

static struct stmboot_fip_entry decode_entry(const uint8_t bytes[ENTRY_BYTES], uint64_t offset,
					     uint64_t source_bytes)
{
	struct stmboot_fip_entry e = { .toc_offset = offset };
	struct sb_cursor c = sb_cursor(bytes, ENTRY_BYTES);

	sb_bytes(&c, e.uuid, sizeof(e.uuid));
	e.offset = sb_le64(&c);
	e.size = sb_le64(&c);
	e.flags = sb_le64(&c);
	e.fits = sb_range_within(e.offset, e.size, source_bytes);
	format_uuid(e.uuid, e.uuid_text);
	name_entry(&e);
	return e;
}

/* Entries up to the terminator, the end of the source or the ceiling. */
static enum stmboot_status decode_entries(struct sb_arena *arena, struct stmboot_source *src,
					  struct stmboot_fip *fip)
{
	struct stmboot_fip_entry *entries = NULL;
	size_t capacity = 0;

	while (fip->entry_count < MAX_ENTRIES) {
		uint8_t bytes[ENTRY_BYTES];
		struct stmboot_fip_entry e, *kept;
		size_t got;
		enum stmboot_status status =
			sb_source_peek(src, fip->toc_bytes, bytes, sizeof(bytes), &got);

		if (status != STMBOOT_OK || got < sizeof(bytes))
			return status;
		e = decode_entry(bytes, fip->toc_bytes, fip->source_bytes);
		fip->toc_bytes += ENTRY_BYTES;
		if (is_terminator(&e)) {
			fip->terminated = true;
			fip->total_bytes = e.offset;
			return STMBOOT_OK;
		}
		kept = sb_arena_push(arena, &entries, &fip->entry_count, &capacity, sizeof(*kept));
		if (kept == NULL)
			return STMBOOT_NO_MEMORY;
		*kept = e;
		fip->entries = entries;
	}
	return STMBOOT_OK;
}

static enum stmboot_status read_tos_magic(struct stmboot_source *src, struct stmboot_fip *fip)
{
	const struct stmboot_fip_entry *tos = stmboot_fip_find(fip, "tos-fw");
	uint8_t word[4];
	enum stmboot_status status;

	if (tos == NULL || !tos->fits || tos->size < sizeof(word))
		return STMBOOT_OK;
	status = stmboot_source_read(src, tos->offset, word, sizeof(word));
	if (status == STMBOOT_OK)
		fip->tos_magic = sb_get_le32(word);
	return status;
}

enum stmboot_status sb_fip_decode(struct sb_arena *arena, struct stmboot_source *src,
				  struct stmboot_fip *out)
{
	struct stmboot_fip fip = { .source_bytes = stmboot_source_size(src),
				   .toc_bytes = HEADER_BYTES };
	uint8_t header[HEADER_BYTES];
	struct sb_cursor c = sb_cursor(header, sizeof(header));
	size_t got;
	enum stmboot_status status = sb_source_peek(src, 0, header, sizeof(header), &got);

	if (status != STMBOOT_OK)
		return status;
	if (got < 4 || sb_le32(&c) != MAGIC)
		return STMBOOT_NOT_RECOGNISED;
	if (got < sizeof(header))
		return STMBOOT_TRUNCATED;
	fip.serial_number = sb_le32(&c);
	fip.flags = sb_le64(&c);
	status = decode_entries(arena, src, &fip);
	if (status == STMBOOT_OK)
		status = read_tos_magic(src, &fip);
	if (status == STMBOOT_OK)
		*out = fip;
	return status;
}

enum stmboot_status stmboot_fip_decode(struct stmboot_context *ctx, struct stmboot_source *src,
				       struct stmboot_fip **out)
{
	struct stmboot_fip *fip = sb_object_new(ctx, sizeof(*fip));
	enum stmboot_status status;

	if (fip == NULL)
		return STMBOOT_NO_MEMORY;
	status = sb_fip_decode(sb_object_arena(fip), src, fip);
	if (status == STMBOOT_OK)
		*out = fip;
	else
		sb_object_free(fip);
	return status;
}

void stmboot_fip_free(struct stmboot_fip *fip)
{
	sb_object_free(fip);
}

const struct stmboot_fip_entry *stmboot_fip_find(const struct stmboot_fip *fip, const char *name)
{
	for (size_t i = 0; i < fip->entry_count; i++)
		if (fip->entries[i].name != NULL && strcmp(fip->entries[i].name, name) == 0)
			return &fip->entries[i];
	return NULL;
}

/* "nt-fw", or the UUID of what has no such name. */
static const char *label(const struct stmboot_fip_entry *e)
{
	return e->name != NULL ? e->name : e->uuid_text;
}

/* What is looked at: the package, and on the way one of its entries. */
struct checked {
	const struct sb_scope *scope;
	const struct stmboot_fip *fip;
	enum stmboot_soc soc;
	size_t index;
};

static const struct stmboot_fip_entry *entry_of(const struct checked *c)
{
	return &c->fip->entries[c->index];
}

static void check_serial_number(const struct checked *c)
{
	if (c->fip->serial_number == 0)
		sb_report(c->scope, SB_FIP_SERIAL_NUMBER,
			  &(struct sb_finding){ .offset = SERIAL_OFFSET,
						.length = 4,
						.found = "0",
						.expected = "any other number",
						.hint = "make the package again with fiptool" });
}

static void check_end(const struct checked *c)
{
	const struct stmboot_fip *fip = c->fip;

	if (!fip->terminated)
		sb_report(c->scope, SB_FIP_UNTERMINATED,
			  &(struct sb_finding){ .offset = fip->toc_bytes,
						.length = ENTRY_BYTES,
						.found = sb_text(c->scope, "%zu entries and no end",
								 fip->entry_count),
						.expected = "an entry with a UUID of zeros",
						.hint = "make the package again with fiptool" });
}

static void check_any_bytes(const struct checked *c)
{
	const struct stmboot_fip_entry *e = entry_of(c);

	if (e->size == 0)
		sb_report(
			c->scope, SB_FIP_EMPTY_IMAGE,
			&(struct sb_finding){ .offset = e->toc_offset + ENTRY_SIZE_OFFSET,
					      .length = 8,
					      .found = sb_text(c->scope, "%s of 0 bytes", label(e)),
					      .expected = "the bytes of the image",
					      .hint = "make the package again with fiptool" });
}

static void check_range(const struct checked *c)
{
	const struct stmboot_fip_entry *e = entry_of(c);

	if (!e->fits)
		sb_report(c->scope, SB_FIP_TRUNCATED,
			  &(struct sb_finding){
				  .offset = e->toc_offset + ENTRY_OFFSET_OFFSET,
				  .length = 16,
				  .found = sb_text(c->scope, "%s: %" PRIu64 " bytes at %" PRIu64,
						   label(e), e->size, e->offset),
				  .expected = sb_text(c->scope, "an end within %" PRIu64 " bytes",
						      c->fip->source_bytes),
				  .hint = "make the partition large enough, then write the package "
					  "again" });
}

/* What BL2 has room for: plat/st/stm32mp1, stm32mp2. */
static void check_size(const struct checked *c)
{
	static const struct {
		const char *name;
		uint64_t most_bytes;
	} rooms[] = { { "nt-fw", 4 << 20 }, { "hw-config", 256 << 10 }, { "fw-config", 4 << 10 } };
	const struct stmboot_fip_entry *e = entry_of(c);

	for (size_t i = 0; i < sizeof(rooms) / sizeof(rooms[0]); i++)
		if (e->name != NULL && strcmp(e->name, rooms[i].name) == 0 &&
		    e->size > rooms[i].most_bytes)
			sb_report(c->scope, SB_FIP_IMAGE_TOO_LARGE,
				  &(struct sb_finding){
					  .offset = e->toc_offset + ENTRY_SIZE_OFFSET,
					  .length = 8,
					  .found = sb_text(c->scope, "%s of %" PRIu64 " bytes",
							   e->name, e->size),
					  .expected = sb_text(c->scope, "at most %" PRIu64 " bytes",
							      rooms[i].most_bytes),
					  .hint = "build it with fewer features" });
}

static void report_overlap(const struct sb_scope *scope, const struct stmboot_fip_entry *e,
			   const char *other)
{
	sb_report(scope, SB_FIP_OVERLAP,
		  &(struct sb_finding){ .offset = e->toc_offset + ENTRY_OFFSET_OFFSET,
					.length = 16,
					.found = sb_text(scope,
							 "%s: %" PRIu64 " bytes at %" PRIu64
							 ", where %s stands",
							 label(e), e->size, e->offset, other),
					.expected = "a place of its own",
					.hint = "make the package again with fiptool" });
}

/* An entry of the same UUID before this one, or NULL. */
static const struct stmboot_fip_entry *twin(const struct checked *c)
{
	for (size_t i = 0; i < c->index; i++)
		if (memcmp(entry_of(c)->uuid, c->fip->entries[i].uuid, UUID_BYTES) == 0)
			return &c->fip->entries[i];
	return NULL;
}

static void check_twice(const struct checked *c)
{
	if (twin(c) != NULL)
		sb_report(c->scope, SB_FIP_DUPLICATE_IMAGE,
			  &(struct sb_finding){
				  .offset = entry_of(c)->toc_offset,
				  .length = UUID_BYTES,
				  .found = sb_text(c->scope, "%s again", label(entry_of(c))),
				  .expected = "every image once",
				  .hint = "make the package again with fiptool" });
}

/* Against the table and the entries before it. */
static void check_overlap(const struct checked *c)
{
	const struct stmboot_fip_entry *e = entry_of(c);

	if (sb_ranges_overlap(e->offset, e->size, 0, c->fip->toc_bytes)) {
		report_overlap(c->scope, e, "the table");
		return;
	}
	for (size_t i = 0; i < c->index; i++) {
		const struct stmboot_fip_entry *other = &c->fip->entries[i];

		if (other->fits &&
		    sb_ranges_overlap(e->offset, e->size, other->offset, other->size)) {
			report_overlap(c->scope, e, label(other));
			return;
		}
	}
}

/* The end that the terminator states; fiptool aligns it upwards. */
static void check_total(const struct checked *c)
{
	const struct sb_scope *scope = c->scope;
	const struct stmboot_fip *fip = c->fip;
	uint64_t end = fip->toc_bytes;

	if (!fip->terminated)
		return;
	for (size_t i = 0; i < fip->entry_count; i++)
		if (fip->entries[i].fits && fip->entries[i].offset + fip->entries[i].size > end)
			end = fip->entries[i].offset + fip->entries[i].size;
	if (fip->total_bytes < end || fip->total_bytes > fip->source_bytes)
		sb_report(
			scope, SB_FIP_TOTAL_SIZE,
			&(struct sb_finding){
				.offset = fip->toc_bytes - ENTRY_BYTES + ENTRY_OFFSET_OFFSET,
				.length = 8,
				.found = sb_text(scope, "%" PRIu64 " bytes", fip->total_bytes),
				.expected = sb_text(scope, "from %" PRIu64 " to %" PRIu64 " bytes",
						    end, fip->source_bytes),
				.hint = "make the package again with fiptool" });
}

static void need(const struct checked *c, const char *name)
{
	const struct sb_scope *scope = c->scope;
	const struct stmboot_fip *fip = c->fip;

	if (stmboot_fip_find(fip, name) == NULL)
		sb_report(scope, SB_FIP_MISSING_IMAGE,
			  &(struct sb_finding){
				  .offset = 0,
				  .length = fip->toc_bytes,
				  .found = sb_text(scope, "%zu images, none of them %s",
						   fip->entry_count, name),
				  .expected = name,
				  .hint = sb_text(scope, "add it: fiptool update --%s FILE PACKAGE",
						  name) });
}

/*
 * What BL2 asks for: OP-TEE comes as a header and its pager; SP_min, on
 * STM32MP15 only, with a device tree. An encrypted one shows neither.
 */
static void check_set(const struct checked *c)
{
	static const char *const always[] = { "fw-config", "tos-fw", "nt-fw", "hw-config" };
	static const char *const mp2[] = { "ddr-fw", "soc-fw", "soc-fw-config" };
	const struct stmboot_fip *fip = c->fip;

	for (size_t i = 0; i < sizeof(always) / sizeof(always[0]); i++)
		need(c, always[i]);
	for (size_t i = 0; c->soc == STMBOOT_SOC_STM32MP2 && i < sizeof(mp2) / sizeof(mp2[0]); i++)
		need(c, mp2[i]);
	if (fip->tos_magic == STMBOOT_FIP_OPTEE)
		need(c, "tos-fw-extra1");
	else if (fip->tos_magic != 0 && fip->tos_magic != MAGIC && c->soc == STMBOOT_SOC_STM32MP15)
		need(c, "tos-fw-config");
}

/* clang-format off */
static const SB_RULE(const struct checked *) header_rows[] = {
	{ SB_FIP_SERIAL_NUMBER, check_serial_number },
	{ SB_FIP_UNTERMINATED, check_end },
};
/* clang-format on */

const struct sb_rules sb_fip_header_rules = SB_RULES(header_rows);

/* clang-format off */
static const SB_RULE(const struct checked *) entry_rows[] = {
	{ SB_FIP_EMPTY_IMAGE, check_any_bytes },
	{ SB_FIP_TRUNCATED, check_range },
	{ SB_FIP_IMAGE_TOO_LARGE, check_size },
	{ SB_FIP_DUPLICATE_IMAGE, check_twice },
	{ SB_FIP_OVERLAP, check_overlap },
};
/* clang-format on */

const struct sb_rules sb_fip_entry_rules = SB_RULES(entry_rows);

/* clang-format off */
static const SB_RULE(const struct checked *) set_rows[] = {
	{ SB_FIP_TOTAL_SIZE, check_total },
	{ SB_FIP_MISSING_IMAGE, check_set },
};
/* clang-format on */

const struct sb_rules sb_fip_set_rules = SB_RULES(set_rows);

void sb_fip_validate(const struct sb_scope *scope, const struct stmboot_fip *fip,
		     enum stmboot_soc soc)
{
	size_t first = stmboot_diags_count(scope->diags);
	struct checked c = { .scope = scope, .fip = fip, .soc = soc };

	for (struct sb_run run = sb_run(&sb_fip_header_rules, scope); sb_run_next(&run);)
		header_rows[run.row].check(&c);
	for (; c.index < fip->entry_count; c.index++)
		for (struct sb_run run = sb_run(&sb_fip_entry_rules, scope); sb_run_next(&run);)
			entry_rows[run.row].check(&c);
	for (struct sb_run run = sb_run_since(&sb_fip_set_rules, scope, first); sb_run_next(&run);)
		set_rows[run.row].check(&c);
}

enum stmboot_status stmboot_fip_validate(const struct stmboot_fip *fip, struct stmboot_source *src,
					 enum stmboot_soc soc, struct stmboot_diags *diags)
{
	struct sb_scope scope = sb_scope(diags, src);

	sb_fip_validate(&scope, fip, soc);
	return sb_diags_status(diags);
}
