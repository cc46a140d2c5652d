/* SPDX-License-Identifier: MIT */
/* What is to be said about a device tree that Linux is to get. */
#include "format/dtb_internal.h"

#include <inttypes.h>

#include "base/checked.h"
#include "base/hint.h"
#include "base/refusal.h"

/* Offsets in the header. Devicetree specification v0.4, section 5.2. */
enum {
	AT_MAGIC = 0,
	AT_TOTAL = 4,
	AT_STRUCT = 8,
	AT_RESERVE = 16,
	AT_LAST_COMPATIBLE = 24,
	WORD = 4,
};

static const char build_again[] = "build the file again with dtc, or copy it again";

static void check_magic(const struct sb_scope *scope, const struct stmboot_dtb *dtb)
{
	const char *found = dtb->looks_like;

	if (dtb->defect != STMBOOT_DTB_BAD_MAGIC)
		return;
	if (found == NULL && dtb->header.magic == 0xd00dfeed)
		found = sb_text(scope, "%" PRIu64 " bytes", dtb->file_bytes);
	else if (found == NULL)
		found = sb_text(scope, "0x%08" PRIx32, dtb->header.magic);
	sb_report(scope, SB_DTB_BAD_MAGIC,
		  &(struct sb_finding){
			  .offset = AT_MAGIC,
			  .length = sb_min_u64(WORD, dtb->file_bytes),
			  .found = found,
			  .expected = "0xd00dfeed and a header of 40 bytes",
			  .hint = sb_hint_replace(scope, "take a file that dtc made (.dtb)") });
}

static void check_version(const struct sb_scope *scope, const struct stmboot_dtb *dtb)
{
	const struct stmboot_dtb_header *h = &dtb->header;

	if (dtb->defect != STMBOOT_DTB_BAD_VERSION)
		return;
	sb_report(scope, SB_DTB_VERSION,
		  &(struct sb_finding){
			  .offset = dtb->defect_offset,
			  .length = WORD,
			  .found = sb_text(scope, "version %" PRIu32 ", compatible with %" PRIu32,
					   h->version, h->last_compatible_version),
			  .expected = dtb->defect_offset == AT_LAST_COMPATIBLE
					      ? "compatible with version 17 or before"
					      : "version 16 or 17",
			  .hint = sb_hint_replace(
				  scope, "compile it again with dtc, which makes version 17") });
}

static void check_length(const struct sb_scope *scope, const struct stmboot_dtb *dtb)
{
	if (dtb->defect != STMBOOT_DTB_TRUNCATED)
		return;
	sb_report(scope, SB_DTB_TRUNCATED,
		  &(struct sb_finding){
			  .offset = AT_TOTAL,
			  .length = WORD,
			  .found = sb_text(scope, "a file of %" PRIu64 " bytes", dtb->file_bytes),
			  .expected = sb_text(scope, "%" PRIu32 " bytes, as its header says",
					      dtb->header.total_bytes),
			  .hint = sb_hint_replace(scope, build_again) });
}

static void check_limit(const struct sb_scope *scope, const struct stmboot_dtb *dtb)
{
	if (dtb->defect != STMBOOT_DTB_TOO_LARGE)
		return;
	sb_report(scope, SB_DTB_TOO_LARGE,
		  &(struct sb_finding){
			  .offset = AT_TOTAL,
			  .length = WORD,
			  .found = sb_text(scope, "%" PRIu32 " bytes", dtb->header.total_bytes),
			  .hint = "see whether the file is a FIT image" });
}

static void check_structure(const struct sb_scope *scope, const struct stmboot_dtb *dtb)
{
	uint64_t at = dtb->defect_offset;

	if (dtb->defect != STMBOOT_DTB_BAD_HEADER && dtb->defect != STMBOOT_DTB_BAD_STRUCTURE)
		return;
	sb_report(scope, SB_DTB_STRUCTURE,
		  &(struct sb_finding){ .offset = sb_min_u64(at, dtb->file_bytes),
					.length = at < dtb->file_bytes
							  ? sb_min_u64(WORD, dtb->file_bytes - at)
							  : 0,
					.message = sb_text(scope, "the device tree is damaged: %s",
							   dtb->defect_text),
					.hint = sb_hint_replace(scope, build_again) });
}

static void check_alignment(const struct sb_scope *scope, const struct stmboot_dtb *dtb)
{
	const struct stmboot_dtb_header *h = &dtb->header;
	bool reserve = h->struct_offset % WORD == 0;

	if (!dtb->misaligned)
		return;
	sb_report(scope, SB_DTB_MISALIGNED,
		  &(struct sb_finding){
			  .offset = reserve ? AT_RESERVE : AT_STRUCT,
			  .length = WORD,
			  .found = sb_text(scope, "0x%" PRIx32,
					   reserve ? h->reserve_offset : h->struct_offset),
			  .expected = reserve ? "a multiple of 8" : "a multiple of 4",
			  .message = reserve ? "the memory reserve map is misaligned"
					     : "the structure block is misaligned",
			  .hint = sb_hint_replace(scope, build_again) });
}

/* clang-format off */
static const SB_RULE(const struct sb_scope *, const struct stmboot_dtb *) rows[] = {
	{ SB_DTB_BAD_MAGIC, check_magic },
	{ SB_DTB_VERSION, check_version },
	{ SB_DTB_TRUNCATED, check_length },
	{ SB_DTB_TOO_LARGE, check_limit },
	{ SB_DTB_STRUCTURE, check_structure },
	{ SB_DTB_MISALIGNED, check_alignment },
};
/* clang-format on */

const struct sb_rules sb_dtb_rules = SB_RULES(rows);

void sb_dtb_validate(const struct sb_scope *scope, const struct stmboot_dtb *dtb)
{
	for (struct sb_run run = sb_run(&sb_dtb_rules, scope); sb_run_next(&run);)
		rows[run.row].check(scope, dtb);
}

enum stmboot_status stmboot_dtb_validate(struct stmboot_context *ctx, struct stmboot_source *src,
					 const struct stmboot_dtb *dtb, struct stmboot_diags *diags)
{
	struct sb_scope scope = sb_scope(diags, src);

	(void)ctx;
	sb_dtb_validate(&scope, dtb);
	return sb_diags_status(diags);
}

/* What is wrong with a tree that is not GOOD. */
static enum stmboot_status refuse(const struct stmboot_dtb *dtb, const char *name,
				  struct stmboot_refusal *why)
{
	const struct stmboot_dtb_header *h = &dtb->header;

	switch (dtb->defect) {
	case STMBOOT_DTB_BAD_MAGIC:
		return sb_refuse(why, STMBOOT_NOT_RECOGNISED, "name a file that dtc made (.dtb)",
				 "%s is no device tree but %s", name,
				 dtb->looks_like != NULL ? dtb->looks_like : "something else");
	case STMBOOT_DTB_BAD_VERSION:
		return sb_refuse(why, STMBOOT_UNSUPPORTED, "compile it again with dtc",
				 "%s is a device tree of version %" PRIu32, name, h->version);
	case STMBOOT_DTB_TRUNCATED:
		return sb_refuse(why, STMBOOT_CORRUPT, "copy it again",
				 "%s is cut short: %" PRIu64 " of %" PRIu32 " bytes", name,
				 dtb->file_bytes, h->total_bytes);
	case STMBOOT_DTB_TOO_LARGE:
		return sb_refuse(why, STMBOOT_LIMIT, "see whether it is a FIT image",
				 "%s is larger than any device tree: %" PRIu32 " bytes", name,
				 h->total_bytes);
	default:
		return sb_refuse(why, STMBOOT_CORRUPT,
				 "compile it again with dtc, or copy it again", "%s is damaged: %s",
				 name, dtb->defect_text);
	}
}

enum stmboot_status stmboot_dtb_read(struct stmboot_context *ctx, struct stmboot_source *src,
				     const char *name, struct stmboot_refusal *why,
				     struct stmboot_dtb **out)
{
	struct stmboot_dtb *dtb;
	enum stmboot_status status = stmboot_dtb_decode(ctx, src, &dtb);

	if (status != STMBOOT_OK)
		return status;
	if (dtb->defect != STMBOOT_DTB_GOOD) {
		status = refuse(dtb, name, why);
		stmboot_dtb_free(dtb);
		return status;
	}
	*out = dtb;
	return STMBOOT_OK;
}
