/* SPDX-License-Identifier: MIT */
/* Firmware updates: the metadata that TF-A goes by, and the partition that it gives. */
#include <string.h>

#include "boot/facts.h"

static bool sees(const struct sb_facts *facts, const struct stmboot_part *part)
{
	return sb_facts_part(facts, &facts->loader_view, part->number) == part;
}

static const struct stmboot_part *find_any(const struct sb_facts *facts, const char *name)
{
	for (size_t i = 0; i < stmboot_image_part_count(facts->image); i++) {
		const struct stmboot_part *part = stmboot_image_part(facts->image, i);

		if (part->entry != NULL && strcmp(part->entry->name, name) == 0)
			return part;
	}
	return NULL;
}

/* By its name among what TF-A keeps; one that it does not see is told all the same. */
static void find_copies(struct sb_facts *facts)
{
	struct sb_updates *updates = &facts->updates;

	for (size_t i = 0; i < STMBOOT_FWU_COPIES; i++) {
		struct stmboot_boot_fwu_copy *copy = &updates->said.copies[i];
		const struct stmboot_part *part =
			sb_facts_named(facts, &facts->loader_view, sb_metadata_names[i]);

		copy->partition = STMBOOT_NO_PARTITION;
		copy->seen = part != NULL;
		if (part == NULL)
			part = find_any(facts, sb_metadata_names[i]);
		if (part == NULL)
			continue;
		updates->any = true;
		updates->copies[i] = part;
		copy->partition = (int32_t)part->number;
		copy->metadata = part->fwu;
	}
}

/* The image is metadata, and nobody knows for which TF-A. */
static void take_bare(struct sb_facts *facts)
{
	const struct stmboot_part *part = stmboot_image_part(facts->image, 0);
	struct stmboot_boot_fwu *said = &facts->updates.said;

	said->copies[1].partition = STMBOOT_NO_PARTITION;
	if (part->fwu == NULL)
		return;
	facts->updates.any = true;
	facts->updates.copies[0] = part;
	said->copies[0] = (struct stmboot_boot_fwu_copy){ .seen = true, .metadata = part->fwu };
}

static bool same_metadata(const struct stmboot_fwu *a, const struct stmboot_fwu *b)
{
	return a->version == b->version && a->crc == b->crc &&
	       a->metadata_bytes == b->metadata_bytes;
}

/* TF-A takes the first copy that passes its checks (drivers/fwu/fwu.c, fwu_init()). */
static void take_copy(struct stmboot_boot_fwu *said)
{
	size_t good = 0;

	said->taken = said->shown = STMBOOT_FWU_NO_COPY;
	for (int i = 0; i < STMBOOT_FWU_COPIES; i++) {
		struct stmboot_boot_fwu_copy *copy = &said->copies[i];

		if (copy->metadata == NULL)
			continue;
		if (said->shown == STMBOOT_FWU_NO_COPY)
			said->shown = i;
		copy->reason = stmboot_fwu_judge(copy->metadata, &said->reader);
		if (copy->reason != STMBOOT_FWU_READS)
			continue;
		good++;
		if (copy->seen && said->taken == STMBOOT_FWU_NO_COPY)
			said->taken = said->shown = i;
	}
	said->copies_differ = good == STMBOOT_FWU_COPIES &&
			      !same_metadata(said->copies[0].metadata, said->copies[1].metadata);
}

static const struct stmboot_part *find_guid(const struct sb_facts *facts, const char *guid)
{
	for (size_t i = 0; i < stmboot_image_part_count(facts->image); i++) {
		const struct stmboot_part *part = stmboot_image_part(facts->image, i);

		if (part->entry != NULL && strcmp(part->entry->guid, guid) == 0)
			return part;
	}
	return NULL;
}

/* Of several partitions of a GUID the first that TF-A keeps counts, else the first at all. */
static const struct stmboot_part *find_bank(const struct sb_facts *facts, const char *guid)
{
	const struct stmboot_gpt_view *view = &facts->loader_view;

	for (size_t i = 0; i < view->count; i++)
		if (strcmp(view->partitions[i]->guid, guid) == 0)
			return stmboot_image_find(facts->image, view->partitions[i]->number);
	return find_guid(facts, guid);
}

static void find_banks(struct sb_facts *facts)
{
	struct stmboot_boot_fwu *said = &facts->updates.said;
	const struct stmboot_fwu *fwu = said->copies[said->shown].metadata;
	const struct stmboot_fwu_image *fip = stmboot_fwu_find_fip(fwu);

	said->bank_count = fwu->bank_count;
	for (size_t i = 0; i < said->bank_count; i++) {
		struct stmboot_boot_fwu_bank *bank = &said->banks[i];
		const struct stmboot_part *part = NULL;

		bank->partition = STMBOOT_NO_PARTITION;
		if (fip == NULL)
			continue;
		bank->guid = fip->banks[i].guid;
		part = find_bank(facts, bank->guid);
		facts->updates.banks[i] = part;
		if (part == NULL)
			continue;
		bank->partition = (int32_t)part->number;
		bank->seen = sees(facts, part);
	}
}

void sb_facts_updates(struct sb_facts *facts)
{
	struct stmboot_boot_fwu *said = &facts->updates.said;

	if (facts->generation != NULL)
		said->reader = (struct stmboot_fwu_reader){ facts->generation->metadata_version,
							    facts->generation->metadata_bytes };
	if (facts->is_card)
		find_copies(facts);
	else
		take_bare(facts);
	take_copy(said);
	said->choice = (struct stmboot_fwu_choice){ .bank = STMBOOT_FWU_NO_BANK,
						    .alternate = STMBOOT_FWU_NO_BANK };
	if (said->shown != STMBOOT_FWU_NO_COPY)
		find_banks(facts);
	if (said->taken != STMBOOT_FWU_NO_COPY)
		said->choice = stmboot_fwu_choose(said->copies[said->taken].metadata);
}
