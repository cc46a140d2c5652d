/* SPDX-License-Identifier: MIT */
/* What is wrong inside the images of a firmware package. */
#include <inttypes.h>
#include <string.h>

#include "format/fip_checks.h"
#include "format/formats.h"

enum {
	OPTEE_VERSION = 2,
	OPTEE_VERSION_OFFSET = 4,
	OPTEE_ARCHITECTURE_OFFSET = 5,
	OPTEE_COUNT_OFFSET = 8,
	OPTEE_PARTS_OFFSET = 12,
	OPTEE_PART_BYTES = 16,
	OPTEE_PART_SIZE_OFFSET = 12,
	ENCRYPTION_OFFSET = 4,
	ENCRYPTION_FIELDS = 8,
	MOST_IV_BYTES = 16,
	MOST_TAG_BYTES = 16,
};

static const struct stmboot_fip_payload *payload_of(const struct sb_fip_checked *c)
{
	return &c->fip->payloads[c->index];
}

static enum sb_fip_kind kind_of(const struct stmboot_fip_entry *e)
{
	const struct sb_fip_known *known = sb_fip_known(e->uuid_text);

	return known != NULL ? known->kind : SB_FIP_OTHER;
}

static const char *replace_hint(const struct sb_fip_checked *c)
{
	return sb_text(c->scope, "put the right one in: stmboot fip replace IMAGE %s FILE",
		       sb_fip_label(sb_fip_checked_entry(c)));
}

/* TF-A, SP_min, BL31 and U-Boot each read one of them. */
static void check_tree(const struct sb_fip_checked *c)
{
	const struct stmboot_fip_payload *payload = payload_of(c);

	if (payload->defect != NULL)
		sb_report(c->scope, SB_FIP_DAMAGED_TREE,
			  &(struct sb_finding){
				  .offset = payload->defect_offset,
				  .length = 4,
				  .found = sb_text(c->scope, "%s: %s",
						   sb_fip_label(sb_fip_checked_entry(c)),
						   payload->defect),
				  .expected = "a device tree",
				  .hint = replace_hint(c) });
}

/* What a loader or Linux would unpack first; BL2 jumps to the first byte. */
bool sb_fip_is_wrapped(enum stmboot_content content)
{
	switch (content) {
	case STMBOOT_CONTENT_STM32:
	case STMBOOT_CONTENT_UIMAGE:
	case STMBOOT_CONTENT_FIT:
	case STMBOOT_CONTENT_DTB:
	case STMBOOT_CONTENT_ELF:
	case STMBOOT_CONTENT_GZIP:
	case STMBOOT_CONTENT_XZ:
	case STMBOOT_CONTENT_ZSTD:
	case STMBOOT_CONTENT_BZIP2:
	case STMBOOT_CONTENT_LZ4:
		return true;
	default:
		return false;
	}
}

static void check_code(const struct sb_fip_checked *c)
{
	const struct stmboot_fip_entry *e = sb_fip_checked_entry(c);
	enum stmboot_content content = payload_of(c)->content;

	if (kind_of(e) == SB_FIP_CODE && sb_fip_is_wrapped(content))
		sb_report(
			c->scope, SB_FIP_NOT_CODE,
			&(struct sb_finding){ .offset = e->offset,
					      .length = 4,
					      .found = sb_text(c->scope, "%s: %s", sb_fip_label(e),
							       stmboot_content_text(content)),
					      .expected = strcmp(sb_fip_label(e), "nt-fw") == 0
								  ? "u-boot-nodtb.bin"
								  : "a bare binary",
					      .hint = replace_hint(c) });
}

/* TF-A drivers/io/io_encrypted.c; the port for STM32MP knows AES-GCM only. */
static void check_encryption(const struct sb_fip_checked *c)
{
	const struct stmboot_fip_encryption *e = payload_of(c)->encryption;

	if (e != NULL && (e->algorithm != 0 || e->iv_bytes == 0 || e->iv_bytes > MOST_IV_BYTES ||
			  e->tag_bytes == 0 || e->tag_bytes > MOST_TAG_BYTES))
		sb_report(c->scope, SB_FIP_ENCRYPTION,
			  &(struct sb_finding){
				  .offset = sb_fip_checked_entry(c)->offset + ENCRYPTION_OFFSET,
				  .length = ENCRYPTION_FIELDS,
				  .found = sb_text(c->scope,
						   "%s: algorithm %u, IV of %u bytes, tag of %u",
						   sb_fip_label(sb_fip_checked_entry(c)),
						   (unsigned)e->algorithm, (unsigned)e->iv_bytes,
						   (unsigned)e->tag_bytes),
				  .expected = "algorithm 0 (AES-GCM), 1 to 16 bytes each",
				  .hint = "encrypt it again with encrypt_fw" });
}

/* As long as its image: fiptool takes files as they are. */
static void check_certificate(const struct sb_fip_checked *c)
{
	const struct stmboot_fip_entry *e = sb_fip_checked_entry(c);
	uint64_t stated = payload_of(c)->certificate_bytes;

	if (kind_of(e) == SB_FIP_CERTIFICATE && stated != e->size)
		sb_report(c->scope, SB_FIP_CERTIFICATE_FORMAT,
			  &(struct sb_finding){
				  .offset = e->offset,
				  .length = 4,
				  .found = stated == 0 ? sb_text(c->scope, "%s: something else",
								 sb_fip_label(e))
						       : sb_text(c->scope,
								 "%s: one of %" PRIu64 " bytes",
								 sb_fip_label(e), stated),
				  .expected = sb_text(c->scope,
						      "a DER certificate of %" PRIu64 " bytes",
						      e->size),
				  .hint = "make it again with cert_create" });
}

static void check_hash(const struct sb_fip_checked *c)
{
	const struct stmboot_fip_entry *e = sb_fip_checked_entry(c);
	const struct sb_fip_known *known = sb_fip_known(e->uuid_text);

	if (payload_of(c)->hash == STMBOOT_FIP_HASH_DIFFERS && known != NULL)
		sb_report(c->scope, SB_FIP_CERTIFICATE_HASH,
			  &(struct sb_finding){
				  .offset = e->offset,
				  .length = e->size,
				  .found = sb_text(c->scope, "%s, whose SHA-256 is not in %s",
						   sb_fip_label(e), known->certificate),
				  .expected = "the image that was signed",
				  .hint = "sign the images again with cert_create" });
}

const struct stmboot_fip_optee_part *sb_fip_optee_part(const struct stmboot_fip *fip, uint32_t id)
{
	const struct stmboot_fip_optee *optee = fip->optee;

	if (optee == NULL || optee->version != OPTEE_VERSION)
		return NULL;
	for (size_t i = 0; i < optee->decoded_parts; i++)
		if (optee->parts[i].id == id && optee->parts[i].size != 0)
			return &optee->parts[i];
	return NULL;
}

/* TF-A lib/optee/optee_utils.c, is_optee_header_valid() and parse_optee_header(). */
static void check_optee_header(const struct sb_fip_checked *c)
{
	const struct stmboot_fip_optee *optee = c->fip->optee;
	uint64_t at = sb_fip_checked_entry(c)->offset;
	bool version = optee->version == OPTEE_VERSION;

	if (version && optee->part_count != 0 && optee->part_count <= STMBOOT_FIP_OPTEE_PARTS &&
	    optee->decoded_parts == optee->part_count)
		return;
	sb_report(c->scope, SB_FIP_OPTEE_HEADER,
		  &(struct sb_finding){
			  .offset = at + (version ? OPTEE_COUNT_OFFSET : OPTEE_VERSION_OFFSET),
			  .length = version ? 4 : 1,
			  .found = version ? sb_text(c->scope,
						     "%" PRIu32 " parts, of which %zu are there",
						     optee->part_count, optee->decoded_parts)
					   : sb_text(c->scope, "version %u",
						     (unsigned)optee->version),
			  .expected = version ? "1 or 2 parts" : "version 2",
			  .hint = "put OP-TEE's three files in again: tee-header_v2.bin, "
				  "tee-pager_v2.bin, tee-pageable_v2.bin" });
}

static void check_optee_architecture(const struct sb_fip_checked *c)
{
	bool wide = c->soc == STMBOOT_SOC_STM32MP2;

	if (c->soc == STMBOOT_SOC_UNKNOWN || (c->fip->optee->architecture == 1) == wide)
		return;
	sb_report(c->scope, SB_FIP_OPTEE_ARCHITECTURE,
		  &(struct sb_finding){ .offset = sb_fip_checked_entry(c)->offset +
						  OPTEE_ARCHITECTURE_OFFSET,
					.length = 1,
					.found = sb_text(c->scope, "architecture %u",
							 (unsigned)c->fip->optee->architecture),
					.expected = wide ? "1 (64 bits)" : "0 (32 bits)",
					.hint = "build OP-TEE for this board" });
}

/* TF-A refuses a part that is larger than the header says; of a smaller one something is missing.
 */
static void check_optee_size(const struct sb_fip_checked *c)
{
	static const char *const names[] = {
		[SB_FIP_OPTEE_PAGER] = "tos-fw-extra1", [SB_FIP_OPTEE_PAGED] = "tos-fw-extra2"
	};

	for (uint32_t id = 0; id < sizeof(names) / sizeof(names[0]); id++) {
		const struct stmboot_fip_optee_part *part = sb_fip_optee_part(c->fip, id);
		const struct stmboot_fip_entry *e = stmboot_fip_find(c->fip, names[id]);

		if (part == NULL || e == NULL || e->size == part->size ||
		    c->fip->payloads[e - c->fip->entries].encryption != NULL)
			continue;
		sb_report(c->scope, SB_FIP_OPTEE_SIZE,
			  &(struct sb_finding){
				  .offset = sb_fip_checked_entry(c)->offset + OPTEE_PARTS_OFFSET +
					    OPTEE_PART_BYTES *
						    (uint64_t)(part - c->fip->optee->parts) +
					    OPTEE_PART_SIZE_OFFSET,
				  .length = 4,
				  .found = sb_text(c->scope, "%" PRIu32 " bytes", part->size),
				  .expected = sb_text(c->scope, "%" PRIu64 " bytes, as %s has",
						      e->size, names[id]),
				  .hint = "put in the files of one build of OP-TEE" });
	}
}

/* clang-format off */
static const SB_RULE(const struct sb_fip_checked *) payload_rows[] = {
	{ SB_FIP_DAMAGED_TREE, check_tree },
	{ SB_FIP_NOT_CODE, check_code },
	{ SB_FIP_ENCRYPTION, check_encryption },
	{ SB_FIP_CERTIFICATE_FORMAT, check_certificate },
	{ SB_FIP_CERTIFICATE_HASH, check_hash },
};
/* clang-format on */

const struct sb_rules sb_fip_payload_rules = SB_RULES(payload_rows);

/* clang-format off */
static const SB_RULE(const struct sb_fip_checked *) optee_rows[] = {
	{ SB_FIP_OPTEE_HEADER, check_optee_header },
	{ SB_FIP_OPTEE_ARCHITECTURE, check_optee_architecture },
	{ SB_FIP_OPTEE_SIZE, check_optee_size },
};
/* clang-format on */

const struct sb_rules sb_fip_optee_rules = SB_RULES(optee_rows);

void sb_fip_validate_payloads(const struct sb_fip_checked *package)
{
	const struct stmboot_fip *fip = package->fip;
	const struct stmboot_fip_entry *tos = stmboot_fip_find(fip, "tos-fw");
	struct sb_fip_checked c = *package;

	for (c.index = 0; c.index < fip->entry_count; c.index++) {
		struct sb_run run = sb_run(&sb_fip_payload_rules, c.scope);

		while (fip->payloads[c.index].known && sb_run_next(&run))
			payload_rows[run.row].check(&c);
	}
	if (fip->optee == NULL || tos == NULL)
		return;
	c.index = (size_t)(tos - fip->entries);
	for (struct sb_run run = sb_run(&sb_fip_optee_rules, c.scope); sb_run_next(&run);)
		optee_rows[run.row].check(&c);
}
