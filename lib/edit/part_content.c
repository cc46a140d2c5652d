/* SPDX-License-Identifier: MIT */
/* What belongs into a partition, by what the programs on this card do with it. */
#include <inttypes.h>
#include <string.h>

#include "base/diag.h"
#include "boot/trace.h"
#include "edit/part_edit.h"
#include "format/chips.h"
#include "format/fit.h"
#include "format/formats.h"
#include "format/fwu.h"
#include "image/part.h"
#include "source/source.h"

enum role {
	ROLE_ANY,
	ROLE_FSBL,      /* the ROM starts it */
	ROLE_SPL,       /* SPL loads U-Boot from it */
	ROLE_TFA_STM32, /* TF-A up to v2.7 does */
	ROLE_TFA_FIP,   /* TF-A with a FIP does */
	ROLE_LOADER,    /* some first stage does: it is not on the card, or damaged */
	ROLE_METADATA,  /* of firmware updates */
	ROLE_CONFIG,    /* U-Boot reads extlinux.conf from it */
};

/* What a role needs, in words. */
static const struct {
	const char *who, *what, *hint;
} needs[] = {
	[ROLE_FSBL] = { "the boot ROM starts nothing else", "an STM32 header",
			"give the .stm32 file of U-Boot SPL or TF-A; mkimage -T stm32image "
			"(STM32MP13: stm32imagev2) makes one of a .bin" },
	[ROLE_SPL] = { "U-Boot SPL loads it from here", "a legacy image or a FIT",
		       "give u-boot.img or u-boot.itb" },
	[ROLE_TFA_STM32] = { "TF-A loads it from here", "an STM32 header",
			     "give u-boot.stm32, not u-boot.img" },
	[ROLE_TFA_FIP] = { "TF-A loads it from here", "a FIP",
			   "give fip.bin, or make one with fiptool create" },
	[ROLE_LOADER] = { "the first-stage loader loads U-Boot from here",
			  "a legacy image, a FIT, a FIP or an STM32 header",
			  "give u-boot.img, u-boot.itb, fip.bin or u-boot.stm32" },
	[ROLE_METADATA] = { "TF-A reads the metadata of firmware updates here", "such metadata",
			    "make it with mkfwumdata" },
	[ROLE_CONFIG] = { "U-Boot reads extlinux.conf from here", "an ext4 file system",
			  "give the image of a file system, not compressed" },
};

static bool has_name(const struct stmboot_part *part, const char *const *names)
{
	for (; *names != NULL; names++)
		if (strcmp(part->entry->name, *names) == 0)
			return true;
	return false;
}

static bool has_type(const struct stmboot_part *part, const char *guid)
{
	return strcmp(part->entry->type_guid, guid) == 0;
}

/* Is there a first stage, or only a guess? */
static bool knows_first_stage(const struct sb_facts *facts)
{
	return facts->fsbl[0].is_stm32 || facts->fsbl[1].is_stm32;
}

static enum role role_of_second(const struct sb_facts *facts)
{
	if (!knows_first_stage(facts))
		return ROLE_LOADER;
	if (facts->fsbl_kind != STMBOOT_FSBL_TFA)
		return ROLE_SPL;
	return facts->tfa.fip ? ROLE_TFA_FIP : ROLE_TFA_STM32;
}

/* By what the trace found the partition to be, then by its type and name. */
static enum role role_of(const struct stmboot_boot_edit *edit, const struct stmboot_part *part)
{
	static const char *const secure[] = { "teeh", "teed", "teex", NULL };
	const char *const metadata[] = { sb_metadata_names[0], sb_metadata_names[1], NULL };
	const struct sb_facts *facts = sb_boot_facts(edit->before.boot);
	const struct sb_config *config = sb_facts_config(sb_boot_facts(edit->before.boot));
	bool tfa = facts->fsbl_kind == STMBOOT_FSBL_TFA;

	if (sb_part_loader(edit, part) >= 0)
		return ROLE_FSBL;
	if (part == facts->second.part)
		return role_of_second(facts);
	if (has_type(part, sb_fwu_fip_type))
		return ROLE_TFA_FIP;
	if (tfa && !facts->tfa.fip && has_name(part, secure))
		return ROLE_TFA_STM32;
	if (part->fwu != NULL || has_type(part, sb_metadata_type) || has_name(part, metadata))
		return ROLE_METADATA;
	return config != NULL && config->partition == part->number ? ROLE_CONFIG : ROLE_ANY;
}

static bool fits(enum role role, enum stmboot_content content)
{
	bool stm32 = content == STMBOOT_CONTENT_STM32, fip = content == STMBOOT_CONTENT_FIP;
	bool spl = content == STMBOOT_CONTENT_UIMAGE || content == STMBOOT_CONTENT_FIT;

	switch (role) {
	case ROLE_FSBL:
	case ROLE_TFA_STM32:
		return stm32;
	case ROLE_SPL:
		return spl;
	case ROLE_TFA_FIP:
		return fip;
	case ROLE_LOADER:
		return stm32 || fip || spl;
	case ROLE_METADATA:
		return content == STMBOOT_CONTENT_FWU_METADATA;
	case ROLE_CONFIG:
		return content == STMBOOT_CONTENT_EXT4;
	default:
		return true;
	}
}

/* A file while it is looked at. */
struct checked {
	struct stmboot_boot_edit *edit;
	const struct stmboot_part *part; /* where it is to go */
	enum role role;
	struct sb_part file;
	struct sb_scan scan;
	struct sb_scope scope;
	struct stmboot_refusal *why;
};

static const char *content_text(const struct checked *c)
{
	enum stmboot_content content = c->file.public.content;

	return content != STMBOOT_CONTENT_UNKNOWN ? stmboot_content_text(content) : "not known";
}

static enum stmboot_status check_kind(const struct checked *c)
{
	const char *text = sb_part_text(&c->edit->arena, c->part);

	if (fits(c->role, c->file.public.content))
		return STMBOOT_OK;
	return sb_refuse(c->why, STMBOOT_NOT_RECOGNISED, needs[c->role].hint,
			 "%s needs %s, for %s; the content of the file is %s",
			 text != NULL ? text : "it", needs[c->role].what, needs[c->role].who,
			 content_text(c));
}

/* SPL would load it, or the first stage of which nobody knows. */
static enum stmboot_status validate_fit(const struct checked *c)
{
	const struct sb_facts *facts = sb_boot_facts(c->edit->before.boot);
	struct sb_fit_load load = { .reader = SB_FIT_SPL, .board = facts->board };
	enum stmboot_status status = sb_fit_select(&c->edit->arena, c->file.public.fit, &load);

	if (status == STMBOOT_OK)
		status = sb_fit_look(c->file.cached, &load);
	if (status == STMBOOT_OK)
		sb_fit_validate(&c->scope, c->file.public.fit, &load);
	return status;
}

static enum stmboot_status validate(const struct checked *c)
{
	const struct stmboot_part *file = &c->file.public;
	const struct sb_facts *facts = sb_boot_facts(c->edit->before.boot);

	if (file->stm32 != NULL)
		sb_stm32_validate(&c->scope, file->stm32,
				  c->role == ROLE_FSBL ? STMBOOT_STM32_FSBL : STMBOOT_STM32_SSBL);
	if (file->uimage != NULL)
		sb_uimage_validate(&c->scope, file->uimage, STMBOOT_UIMAGE_SSBL);
	if (file->fip != NULL)
		sb_fip_validate(&c->scope, file->fip, facts->soc);
	if (file->fwu != NULL)
		sb_fwu_validate(&c->scope, file->fwu);
	return file->fit != NULL ? validate_fit(c) : STMBOOT_OK;
}

/* The first error that is said of the file refuses it. */
static enum stmboot_status check_intact(const struct checked *c)
{
	enum stmboot_status status;

	if (c->role == ROLE_ANY || c->role == ROLE_CONFIG)
		return STMBOOT_OK;
	status = validate(c);
	if (status != STMBOOT_OK)
		return status;
	for (size_t i = 0; i < stmboot_diags_count(c->scope.diags); i++) {
		const struct stmboot_diag *diag = stmboot_diags_get(c->scope.diags, i);

		if (diag->severity != STMBOOT_ERROR)
			continue;
		return sb_refuse(c->why, STMBOOT_CORRUPT, "build or copy it again",
				 "the file is not intact: %s%s%s%s%s (%s)", diag->message,
				 diag->found != NULL ? ", found " : "",
				 diag->found != NULL ? diag->found : "",
				 diag->expected != NULL ? ", expected " : "",
				 diag->expected != NULL ? diag->expected : "", diag->code);
	}
	return sb_diags_status(c->scope.diags) == STMBOOT_NO_MEMORY ? STMBOOT_NO_MEMORY
								    : STMBOOT_OK;
}

enum stmboot_soc sb_part_card_soc(const struct stmboot_boot_edit *edit)
{
	const struct sb_facts *facts = sb_boot_facts(edit->before.boot);
	enum stmboot_soc soc =
		facts->board != NULL ? sb_chip_of_board(facts->board) : STMBOOT_SOC_UNKNOWN;

	return soc != STMBOOT_SOC_UNKNOWN ? soc : facts->soc;
}

static enum stmboot_status check_chip(const struct checked *c)
{
	const struct stmboot_stm32 *image = c->file.public.stm32;
	enum stmboot_soc card = sb_part_card_soc(c->edit);

	if (c->role != ROLE_FSBL || image == NULL || image->soc == STMBOOT_SOC_UNKNOWN ||
	    card == STMBOOT_SOC_UNKNOWN || image->soc == card)
		return STMBOOT_OK;
	return sb_refuse(c->why, STMBOOT_CORRUPT, "give the loader that was built for this board",
			 "the file has the header of an %s, and the card is for an %s",
			 stmboot_soc_text(image->soc), stmboot_soc_text(card));
}

static enum stmboot_status check_file_system(const struct checked *c)
{
	const struct stmboot_ext4_info *ext4 = c->file.public.ext4;
	uint64_t there = c->file.public.size;

	if (ext4 == NULL || ext4->size_bytes <= there)
		return STMBOOT_OK;
	return sb_refuse(c->why, STMBOOT_TRUNCATED, "copy or make it again",
			 "the file is cut short: its file system has %" PRIu64
			 " bytes, and the file %" PRIu64,
			 ext4->size_bytes, there);
}

static enum stmboot_status check_all(struct checked *c)
{
	enum stmboot_status status = sb_part_scan(c->edit->ctx, &c->file, &c->scan);

	if (status == STMBOOT_NO_MEMORY || status == STMBOOT_CANCELLED || status == STMBOOT_IO)
		return status;
	status = check_kind(c);
	if (status == STMBOOT_OK)
		status = check_intact(c);
	if (status == STMBOOT_OK)
		status = check_chip(c);
	return status == STMBOOT_OK ? check_file_system(c) : status;
}

/* What could not be read was not looked at: that says nothing of what the file is. */
static enum stmboot_status judge(const struct sb_read_errors *errors, enum stmboot_status status,
				 struct stmboot_refusal *why)
{
	if (errors->count == 0 || status == STMBOOT_NO_MEMORY || status == STMBOOT_CANCELLED)
		return status;
	return sb_refuse(why, STMBOOT_IO, "copy it again",
			 "could not read the file at 0x%" PRIx64 ": %s", errors->places[0].offset,
			 sb_read_error_reason(&errors->places[0]));
}

enum stmboot_status sb_part_check_content(struct stmboot_boot_edit *edit,
					  const struct stmboot_part *part,
					  struct stmboot_source *src, enum stmboot_content *content,
					  struct stmboot_refusal *why)
{
	struct checked c = { .edit = edit,
			     .part = part,
			     .role = role_of(edit, part),
			     .file = { .public = { .size = stmboot_source_size(src) } },
			     .why = why };
	struct sb_read_errors errors = { .count = 0 };
	struct stmboot_source *watched = NULL;
	struct stmboot_diags *diags = NULL;
	enum stmboot_status status = stmboot_diags_new(edit->ctx, &diags);

	if (status == STMBOOT_OK)
		status = sb_source_watch(edit->ctx, src, &errors, &watched);
	if (status == STMBOOT_OK) {
		c.scope = sb_scope(diags, watched);
		status = sb_part_open(edit->ctx, watched, &c.file);
		if (status == STMBOOT_OK)
			status = sb_part_decode(edit->ctx, &c.file);
		*content = c.file.public.content;
		if (status == STMBOOT_OK && !edit->force)
			status = check_all(&c);
		sb_part_close(edit->ctx, &c.file);
	}
	stmboot_source_close(watched);
	stmboot_diags_free(diags);
	return judge(&errors, status, why);
}
