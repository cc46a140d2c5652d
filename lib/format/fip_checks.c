/* SPDX-License-Identifier: MIT */
/* What is wrong with a firmware package, by what TF-A does with it. */
#include <inttypes.h>
#include <string.h>

#include "base/checked.h"
#include "format/chips.h"
#include "format/fip_checks.h"
#include "format/formats.h"

enum {
	SERIAL_OFFSET = 4,
	FLAGS_OFFSET = 8,
};

/* Those that a platform may use. */
#define PLATFORM_FLAGS UINT64_C(0x0000ffff00000000)

static const char rebuild_hint[] = "make the package again with fiptool";

static void check_serial_number(const struct sb_fip_checked *c)
{
	if (c->fip->serial_number == 0)
		sb_report(c->scope, SB_FIP_SERIAL_NUMBER,
			  &(struct sb_finding){ .offset = SERIAL_OFFSET,
						.length = 4,
						.found = "0",
						.expected = "any other number",
						.hint = rebuild_hint });
}

static void check_end(const struct sb_fip_checked *c)
{
	const struct stmboot_fip *fip = c->fip;

	if (!fip->terminated)
		sb_report(c->scope, SB_FIP_UNTERMINATED,
			  &(struct sb_finding){ .offset = fip->toc_bytes,
						.length = SB_FIP_ENTRY_BYTES,
						.found = sb_text(c->scope, "%zu entries and no end",
								 fip->entry_count),
						.expected = "an entry with a UUID of zeros",
						.hint = rebuild_hint });
}

static void check_any_bytes(const struct sb_fip_checked *c)
{
	const struct stmboot_fip_entry *e = sb_fip_checked_entry(c);

	if (e->size == 0)
		sb_report(c->scope, SB_FIP_EMPTY_IMAGE,
			  &(struct sb_finding){
				  .offset = e->toc_offset + SB_FIP_ENTRY_SIZE,
				  .length = 8,
				  .found = sb_text(c->scope, "%s of 0 bytes", sb_fip_label(e)),
				  .expected = "the bytes of the image",
				  .hint = rebuild_hint });
}

static void check_range(const struct sb_fip_checked *c)
{
	const struct stmboot_fip_entry *e = sb_fip_checked_entry(c);

	if (!e->fits)
		sb_report(c->scope, SB_FIP_TRUNCATED,
			  &(struct sb_finding){
				  .offset = e->toc_offset + SB_FIP_ENTRY_OFFSET,
				  .length = 16,
				  .found = sb_text(c->scope, "%s: %" PRIu64 " bytes at %" PRIu64,
						   sb_fip_label(e), e->size, e->offset),
				  .expected = sb_text(c->scope, "an end within %" PRIu64 " bytes",
						      c->fip->source_bytes),
				  .hint = "make the partition large enough, then write the package "
					  "again" });
}

/* No OP-TEE, and not encrypted, on a chip that may run SP_min. */
static bool has_sp_min(const struct sb_fip_checked *c)
{
	const struct sb_chip *chip = sb_chip(c->soc);
	uint32_t magic = c->fip->tos_magic;

	return chip != NULL && chip->sp_min && magic != 0 && magic != STMBOOT_FIP_OPTEE &&
	       magic != SB_FIP_MAGIC;
}

static void check_size(const struct sb_fip_checked *c)
{
	const struct stmboot_fip_entry *e = sb_fip_checked_entry(c);
	const struct sb_chip_image *image = e->name != NULL ? sb_chip_image(c->soc, e->name) : NULL;

	if (image == NULL || e->size <= image->most_bytes || (image->sp_min && !has_sp_min(c)))
		return;
	sb_report(c->scope, SB_FIP_IMAGE_TOO_LARGE,
		  &(struct sb_finding){
			  .offset = e->toc_offset + SB_FIP_ENTRY_SIZE,
			  .length = 8,
			  .found = sb_text(c->scope, "%s of %" PRIu64 " bytes", e->name, e->size),
			  .expected =
				  sb_text(c->scope, "at most %" PRIu32 " bytes", image->most_bytes),
			  .hint = "build it with fewer features" });
}

static void report_overlap(const struct sb_scope *scope, const struct stmboot_fip_entry *e,
			   const char *other)
{
	sb_report(scope, SB_FIP_OVERLAP,
		  &(struct sb_finding){
			  .offset = e->toc_offset + SB_FIP_ENTRY_OFFSET,
			  .length = 16,
			  .found = sb_text(scope,
					   "%s: %" PRIu64 " bytes at %" PRIu64 ", where %s stands",
					   sb_fip_label(e), e->size, e->offset, other),
			  .expected = "a place of its own",
			  .hint = rebuild_hint });
}

/* An entry of the same UUID before this one, or NULL. */
static const struct stmboot_fip_entry *twin(const struct sb_fip_checked *c)
{
	for (size_t i = 0; i < c->index; i++)
		if (memcmp(sb_fip_checked_entry(c)->uuid, c->fip->entries[i].uuid,
			   SB_FIP_UUID_BYTES) == 0)
			return &c->fip->entries[i];
	return NULL;
}

static void check_twice(const struct sb_fip_checked *c)
{
	if (twin(c) != NULL)
		sb_report(c->scope, SB_FIP_DUPLICATE_IMAGE,
			  &(struct sb_finding){
				  .offset = sb_fip_checked_entry(c)->toc_offset,
				  .length = SB_FIP_UUID_BYTES,
				  .found = sb_text(c->scope, "%s again",
						   sb_fip_label(sb_fip_checked_entry(c))),
				  .expected = "every image once",
				  .hint = rebuild_hint });
}

/* Against the table and the entries before it. */
static void check_overlap(const struct sb_fip_checked *c)
{
	const struct stmboot_fip_entry *e = sb_fip_checked_entry(c);

	if (sb_ranges_overlap(e->offset, e->size, 0, c->fip->toc_bytes)) {
		report_overlap(c->scope, e, "the table");
		return;
	}
	for (size_t i = 0; i < c->index; i++) {
		const struct stmboot_fip_entry *other = &c->fip->entries[i];

		if (other->fits &&
		    sb_ranges_overlap(e->offset, e->size, other->offset, other->size)) {
			report_overlap(c->scope, e, sb_fip_label(other));
			return;
		}
	}
}

/* The end that the terminator states; fiptool aligns it upwards. */
static void check_total(const struct sb_fip_checked *c)
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
				.offset = fip->toc_bytes - SB_FIP_ENTRY_BYTES + SB_FIP_ENTRY_OFFSET,
				.length = 8,
				.found = sb_text(scope, "%" PRIu64 " bytes", fip->total_bytes),
				.expected = sb_text(scope, "from %" PRIu64 " to %" PRIu64 " bytes",
						    end, fip->source_bytes),
				.hint = rebuild_hint });
}

static void need(const struct sb_fip_checked *c, enum sb_code code, const char *name)
{
	const struct sb_scope *scope = c->scope;
	const struct stmboot_fip *fip = c->fip;

	if (stmboot_fip_find(fip, name) == NULL)
		sb_report(scope, code,
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
 * What BL2 asks for: OP-TEE comes as a header and its pager; SP_min
 * with a device tree. An encrypted one shows neither.
 */
static void check_set(const struct sb_fip_checked *c)
{
	const struct sb_chip *chip =
		c->soc != STMBOOT_SOC_UNKNOWN ? sb_chip(c->soc) : sb_chip_at(0);
	const struct stmboot_fip *fip = c->fip;

	for (size_t i = 0; chip != NULL && i < SB_CHIP_FIP_SET && chip->fip_set[i] != NULL; i++)
		need(c, SB_FIP_MISSING_IMAGE, chip->fip_set[i]);
	if (fip->tos_magic == STMBOOT_FIP_OPTEE)
		need(c, SB_FIP_MISSING_IMAGE, "tos-fw-extra1");
	else if (has_sp_min(c))
		need(c, SB_FIP_MISSING_IMAGE, "tos-fw-config");
	if (sb_fip_optee_part(fip, SB_FIP_OPTEE_PAGED) != NULL)
		need(c, SB_FIP_MISSING_IMAGE, "tos-fw-extra2");
}

static void report_reserved(const struct sb_fip_checked *c, uint64_t offset, const char *what,
			    uint64_t value)
{
	sb_report(c->scope, SB_FIP_RESERVED,
		  &(struct sb_finding){ .offset = offset,
					.length = 8,
					.found = sb_text(c->scope, "%s 0x%" PRIx64, what, value),
					.expected = "0",
					.hint = rebuild_hint });
}

/* TF-A include/tools_share/firmware_image_package.h; nothing reads them. */
static void check_reserved(const struct sb_fip_checked *c)
{
	const struct stmboot_fip *fip = c->fip;
	uint64_t end = fip->toc_bytes - SB_FIP_ENTRY_BYTES;

	if ((fip->flags & ~PLATFORM_FLAGS) != 0)
		report_reserved(c, FLAGS_OFFSET, "flags", fip->flags & ~PLATFORM_FLAGS);
	for (size_t i = 0; i < fip->entry_count; i++)
		if (fip->entries[i].flags != 0)
			report_reserved(c, fip->entries[i].toc_offset + SB_FIP_ENTRY_FLAGS,
					"flags of an image", fip->entries[i].flags);
	if (fip->terminated && fip->end_size != 0)
		report_reserved(c, end + SB_FIP_ENTRY_SIZE, "size of the last entry",
				fip->end_size);
	if (fip->terminated && fip->end_flags != 0)
		report_reserved(c, end + SB_FIP_ENTRY_FLAGS, "flags of the last entry",
				fip->end_flags);
}

/* TF-A searches by UUID: what it does not ask for takes part in nothing. */
static void check_known(const struct sb_fip_checked *c)
{
	const struct stmboot_fip_entry *e = sb_fip_checked_entry(c);

	if (sb_fip_known(e->uuid_text) == NULL)
		sb_report(
			c->scope, SB_FIP_UNKNOWN_IMAGE,
			&(struct sb_finding){ .offset = e->toc_offset,
					      .length = SB_FIP_UUID_BYTES,
					      .found = e->uuid_text,
					      .expected = "an image that fiptool knows",
					      .hint = "leave it out, unless this TF-A was changed "
						      "to load it" });
}

static void check_used(const struct sb_fip_checked *c)
{
	const struct stmboot_fip_entry *e = sb_fip_checked_entry(c);
	const struct sb_fip_known *known = sb_fip_known(e->uuid_text);
	unsigned who = c->soc == STMBOOT_SOC_UNKNOWN    ? SB_FIP_ON_MP1 | SB_FIP_ON_MP2
		       : c->soc == STMBOOT_SOC_STM32MP2 ? SB_FIP_ON_MP2
							: SB_FIP_ON_MP1;

	if (known != NULL && (known->loaded & who) == 0)
		sb_report(c->scope, SB_FIP_UNUSED_IMAGE,
			  &(struct sb_finding){
				  .offset = e->toc_offset,
				  .length = SB_FIP_UUID_BYTES,
				  .found = sb_fip_label(e),
				  .expected = "only what TF-A loads",
				  .hint = sb_text(c->scope,
						  "leave it out: fiptool remove --%s PACKAGE",
						  sb_fip_label(e)) });
}

/* One that is there makes all of them needed: no board trusts half a chain. */
static void check_certificates(const struct sb_fip_checked *c)
{
	static const char *const wanted[] = { "stm32mp-cfg-cert", "trusted-key-cert",
					      "tos-fw-key-cert",  "tos-fw-cert",
					      "nt-fw-key-cert",   "nt-fw-cert" };
	static const char *const wanted_mp2[] = { "soc-fw-key-cert", "soc-fw-cert" };
	const struct stmboot_fip *fip = c->fip;
	bool any = false;

	for (size_t i = 0; i < fip->entry_count && !any; i++) {
		const struct sb_fip_known *known = sb_fip_known(fip->entries[i].uuid_text);

		any = known != NULL && known->kind == SB_FIP_CERTIFICATE && known->loaded != 0;
	}
	for (size_t i = 0; any && i < sizeof(wanted) / sizeof(wanted[0]); i++)
		need(c, SB_FIP_MISSING_CERTIFICATE, wanted[i]);
	for (size_t i = 0; any && c->soc == STMBOOT_SOC_STM32MP2 &&
			   i < sizeof(wanted_mp2) / sizeof(wanted_mp2[0]);
	     i++)
		need(c, SB_FIP_MISSING_CERTIFICATE, wanted_mp2[i]);
}

/* clang-format off */
static const SB_RULE(const struct sb_fip_checked *) header_rows[] = {
	{ SB_FIP_SERIAL_NUMBER, check_serial_number },
	{ SB_FIP_RESERVED, check_reserved },
	{ SB_FIP_UNTERMINATED, check_end },
};
/* clang-format on */

const struct sb_rules sb_fip_header_rules = SB_RULES(header_rows);

/* clang-format off */
static const SB_RULE(const struct sb_fip_checked *) entry_rows[] = {
	{ SB_FIP_EMPTY_IMAGE, check_any_bytes },
	{ SB_FIP_TRUNCATED, check_range },
	{ SB_FIP_IMAGE_TOO_LARGE, check_size },
	{ SB_FIP_DUPLICATE_IMAGE, check_twice },
	{ SB_FIP_OVERLAP, check_overlap },
	{ SB_FIP_UNKNOWN_IMAGE, check_known },
	{ SB_FIP_UNUSED_IMAGE, check_used },
};
/* clang-format on */

const struct sb_rules sb_fip_entry_rules = SB_RULES(entry_rows);

/* clang-format off */
static const SB_RULE(const struct sb_fip_checked *) set_rows[] = {
	{ SB_FIP_TOTAL_SIZE, check_total },
	{ SB_FIP_MISSING_IMAGE, check_set },
	{ SB_FIP_MISSING_CERTIFICATE, check_certificates },
};
/* clang-format on */

const struct sb_rules sb_fip_set_rules = SB_RULES(set_rows);

void sb_fip_validate(const struct sb_scope *scope, const struct stmboot_fip *fip,
		     enum stmboot_soc soc)
{
	size_t first = sb_diags_mark(scope->diags);
	struct sb_fip_checked c = { .scope = scope, .fip = fip, .soc = soc };

	for (struct sb_run run = sb_run(&sb_fip_header_rules, scope); sb_run_next(&run);)
		header_rows[run.row].check(&c);
	for (; c.index < fip->entry_count; c.index++)
		for (struct sb_run run = sb_run(&sb_fip_entry_rules, scope); sb_run_next(&run);)
			entry_rows[run.row].check(&c);
	for (struct sb_run run = sb_run_since(&sb_fip_set_rules, scope, first); sb_run_next(&run);)
		set_rows[run.row].check(&c);
	if (fip->payloads != NULL)
		sb_fip_validate_payloads(&c);
}

enum stmboot_status stmboot_fip_validate(const struct stmboot_fip *fip, struct stmboot_source *src,
					 enum stmboot_soc soc, struct stmboot_diags *diags)
{
	struct sb_scope scope = sb_scope(diags, src);

	sb_fip_validate(&scope, fip, soc);
	return sb_diags_status(diags);
}
