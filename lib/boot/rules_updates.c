/* SPDX-License-Identifier: MIT */
/* Firmware updates in two banks: the metadata, and where it leads TF-A. */
#include <inttypes.h>
#include <string.h>

#include "boot/rules.h"
#include "format/fwu.h"

enum { VERSION_OFFSET = 4, SIZE_OFFSET = 16 };

/* One copy, as TF-A for this card looks at it. */
struct copy {
	const struct sb_facts *facts;
	const struct stmboot_boot_fwu_copy *said;
	const struct stmboot_part *part;
};

/* Only a card tells which TF-A there is. */
static const struct sb_generation *tfa_of(const struct sb_facts *facts)
{
	const struct sb_generation *g = facts->generation;

	return g != NULL && g->metadata_version != 0 ? g : NULL;
}

static const char *tfa_text(const struct sb_facts *facts, const struct sb_scope *scope)
{
	const char *text = facts->fsbl_version.text != NULL
				   ? sb_text(scope, "TF-A %s", facts->fsbl_version.text)
				   : NULL;

	return text != NULL ? text : "TF-A";
}

static void check_content(const struct copy *c, const struct sb_scope *scope)
{
	if (c->said->metadata == NULL)
		sb_report(scope, SB_FWU_CONTENT,
			  &(struct sb_finding){ .length = 4,
						.found = sb_found_content(c->part->content),
						.expected = "the metadata of firmware updates",
						.hint = "make it with mkfwumdata and write it to "
							"metadata1 and metadata2" });
}

static void check_version(const struct copy *c, const struct sb_scope *scope)
{
	const struct stmboot_fwu *fwu = c->said->metadata;
	const struct sb_generation *g = tfa_of(c->facts);

	if (g == NULL || c->said->reason != STMBOOT_FWU_OTHER_VERSION)
		return;
	sb_report(scope, SB_FWU_VERSION,
		  &(struct sb_finding){
			  .offset = VERSION_OFFSET,
			  .length = 4,
			  .found = sb_text(scope, "version %" PRIu32, fwu->version),
			  .expected = sb_text(scope, "version %u, for %s", g->metadata_version,
					      tfa_text(c->facts, scope)),
			  .hint = sb_text(scope, "make the metadata with mkfwumdata -v %u",
					  g->metadata_version) });
}

static void check_room(const struct copy *c, const struct sb_scope *scope)
{
	const struct stmboot_fwu *fwu = c->said->metadata;
	const struct sb_generation *g = tfa_of(c->facts);

	if (g == NULL || fwu == NULL || fwu->metadata_bytes <= g->metadata_bytes)
		return;
	sb_report(scope, SB_FWU_TOO_LARGE,
		  &(struct sb_finding){
			  .offset = SIZE_OFFSET,
			  .length = 4,
			  .found = sb_text(scope, "%" PRIu64 " bytes for %" PRIu32 " image%s",
					   fwu->metadata_bytes, fwu->image_count,
					   fwu->image_count == 1 ? "" : "s"),
			  .expected = sb_text(scope, "at most %" PRIu64 " bytes, for %s",
					      g->metadata_bytes, tfa_text(c->facts, scope)),
			  .hint = "make the metadata with mkfwumdata -i 1" });
}

/* clang-format off */
static const SB_RULE(const struct copy *, const struct sb_scope *) copy_rows[] = {
	{ SB_FWU_CONTENT, check_content },
	{ SB_FWU_VERSION, check_version },
	{ SB_FWU_TOO_LARGE, check_room },
};
/* clang-format on */

const struct sb_rules sb_updates_copy_rules = SB_RULES(copy_rows);

/* The first copy that TF-A takes counts; what is wrong with the other is no error. */
static void judge_copy(const struct sb_facts *facts, const struct sb_scope *scope, int index)
{
	const struct stmboot_boot_fwu *said = &facts->updates.said;
	const struct copy c = { facts, &said->copies[index], facts->updates.copies[index] };
	struct sb_scope inner;

	if (c.part == NULL)
		return;
	inner = sb_scope_part(scope, facts, c.part);
	if (said->taken != STMBOOT_FWU_NO_COPY && index != said->taken)
		inner.ceiling = STMBOOT_WARNING;
	for (struct sb_run run = sb_run(&sb_updates_copy_rules, &inner); sb_run_next(&run);)
		copy_rows[run.row].check(&c, &inner);
	/* of another version nothing else is looked at */
	if (c.said->metadata != NULL && c.said->reason != STMBOOT_FWU_OTHER_VERSION)
		sb_fwu_validate(&inner, c.said->metadata);
}

/* What became of a copy: behind its name. */
static const char *copy_text(const struct stmboot_boot_fwu_copy *copy)
{
	if (copy->partition == STMBOOT_NO_PARTITION)
		return "there is no such partition";
	if (!copy->seen)
		return "it stands behind the entries that TF-A keeps";
	return copy->metadata != NULL ? stmboot_fwu_reason_text(copy->reason)
				      : "it holds no metadata";
}

static void check_any_copy(const struct sb_facts *facts, const struct sb_scope *scope)
{
	const struct stmboot_boot_fwu *said = &facts->updates.said;
	const struct sb_generation *g = tfa_of(facts);

	if (g == NULL || said->taken != STMBOOT_FWU_NO_COPY)
		return;
	sb_report(scope, SB_FWU_NO_COPY,
		  &(struct sb_finding){
			  .no_offset = true,
			  .found = sb_text(scope, "%s: %s; %s: %s", sb_metadata_names[0],
					   copy_text(&said->copies[0]), sb_metadata_names[1],
					   copy_text(&said->copies[1])),
			  .expected = sb_text(scope,
					      "metadata of version %u in metadata1 or "
					      "metadata2",
					      g->metadata_version),
			  .hint = "make the metadata with mkfwumdata and write it to both" });
}

static void check_both_copies(const struct sb_facts *facts, const struct sb_scope *scope)
{
	const struct stmboot_boot_fwu *said = &facts->updates.said;

	for (size_t i = 0; tfa_of(facts) != NULL && i < STMBOOT_FWU_COPIES; i++)
		if (!said->copies[i].seen)
			sb_report(scope, SB_FWU_SINGLE,
				  &(struct sb_finding){
					  .no_offset = true,
					  .found = sb_text(scope, "%s: %s", sb_metadata_names[i],
							   copy_text(&said->copies[i])),
					  .expected = "metadata1 and metadata2 among the first "
						      "entries",
					  .hint = "make a table with both, before the "
						  "partitions that only Linux uses" });
}

static void check_same(const struct sb_facts *facts, const struct sb_scope *scope)
{
	const struct stmboot_boot_fwu *said = &facts->updates.said;
	const struct stmboot_fwu *a = said->copies[0].metadata, *b = said->copies[1].metadata;
	struct sb_scope part;

	if (!said->copies_differ)
		return;
	part = sb_scope_part(scope, facts, facts->updates.copies[1]);
	sb_report(&part, SB_FWU_COPIES_DIFFER,
		  &(struct sb_finding){
			  .length = b->metadata_bytes,
			  .found = sb_text(scope, "bank %" PRIu32 " active, CRC 0x%08" PRIx32,
					   b->active_index, b->crc),
			  .expected = sb_text(scope, "bank %" PRIu32 " active, CRC 0x%08" PRIx32,
					      a->active_index, a->crc),
			  .hint = "write the one that is right to both (`stmboot part write IMAGE "
				  "metadata2 FILE`)" });
}

/* U-Boot takes the first two of the type (drivers/fwu-mdata/gpt_blk.c). */
static void check_type(const struct sb_facts *facts, const struct sb_scope *scope)
{
	for (size_t i = 0; i < STMBOOT_FWU_COPIES; i++) {
		const struct stmboot_part *part = facts->updates.copies[i];
		struct sb_scope inner;

		if (part == NULL || part->entry == NULL ||
		    strcmp(part->entry->type_guid, sb_metadata_type) == 0)
			continue;
		inner = sb_scope_part(scope, facts, part);
		sb_report(
			&inner, SB_FWU_TYPE,
			&(struct sb_finding){ .no_offset = true,
					      .found = part->entry->type_guid,
					      .expected = sb_metadata_type,
					      .hint = sb_text(scope,
							      "run `stmboot gpt set IMAGE %" PRIu32
							      " type=fwu-metadata`",
							      part->number) });
	}
}

static void check_name(const struct sb_facts *facts, const struct sb_scope *scope)
{
	size_t found = 0;

	for (size_t i = 0; !facts->updates.any && i < stmboot_image_part_count(facts->image); i++) {
		const struct stmboot_part *part = stmboot_image_part(facts->image, i);
		struct sb_scope inner;

		if (part->entry == NULL || found == STMBOOT_FWU_COPIES ||
		    strcmp(part->entry->type_guid, sb_metadata_type) != 0)
			continue;
		inner = sb_scope_part(scope, facts, part);
		sb_report(&inner, SB_FWU_NAME,
			  &(struct sb_finding){
				  .no_offset = true,
				  .found = sb_text(scope, "the name %s", part->entry->name),
				  .expected = sb_metadata_names[found],
				  .hint = sb_text(scope,
						  "run `stmboot gpt set IMAGE %" PRIu32 " name=%s`",
						  part->number, sb_metadata_names[found]) });
		found++;
	}
}

/* The scope of the copy that TF-A goes by. */
static struct sb_scope taken_scope(const struct sb_facts *facts, const struct sb_scope *scope)
{
	return sb_scope_part(scope, facts, facts->updates.copies[facts->updates.said.taken]);
}

/* Where the copy that counts names the partition of a bank. */
static uint64_t guid_offset(const struct stmboot_boot_fwu *said, int32_t bank)
{
	const struct stmboot_fwu *fwu = said->copies[said->taken].metadata;
	const struct stmboot_fwu_image *fip = stmboot_fwu_find_fip(fwu);

	return sb_fwu_image_offset(fwu, (size_t)(fip - fwu->images)) + SB_FWU_BANKS_OFFSET +
	       (uint64_t)bank * SB_FWU_BANK_BYTES;
}

/* The bank that TF-A boots, if it names a partition, or NULL. */
static const struct stmboot_boot_fwu_bank *chosen(const struct sb_facts *facts)
{
	const struct stmboot_boot_fwu *said = &facts->updates.said;

	if (tfa_of(facts) == NULL || said->choice.bank == STMBOOT_FWU_NO_BANK ||
	    said->banks[said->choice.bank].guid == NULL)
		return NULL;
	return &said->banks[said->choice.bank];
}

static void report_bank(const struct sb_facts *facts, const struct sb_scope *scope,
			enum sb_code code, const struct sb_finding *finding, int32_t bank)
{
	struct sb_scope part = taken_scope(facts, scope);
	struct sb_finding placed = *finding;

	placed.offset = guid_offset(&facts->updates.said, bank);
	placed.length = 16;
	sb_report(&part, code, &placed);
}

/* A partition with a FIP that no bank names: the one that the bank lost, very likely. */
static const char *guid_hint(const struct sb_facts *facts, const struct sb_scope *scope,
			     const char *guid)
{
	const struct sb_updates *updates = &facts->updates;

	for (size_t i = 0; i < stmboot_image_part_count(facts->image); i++) {
		const struct stmboot_part *part = stmboot_image_part(facts->image, i);
		bool named = false;

		for (size_t bank = 0; bank < updates->said.bank_count; bank++)
			named = named || updates->banks[bank] == part;
		if (!named && part->fip != NULL)
			return sb_text(scope,
				       "partition %" PRIu32
				       " holds a FIP: run `stmboot gpt set IMAGE %" PRIu32
				       " guid=%s`",
				       part->number, part->number, guid);
	}
	return "give the partition of this bank that GUID, or write metadata with its own";
}

static void check_partition(const struct sb_facts *facts, const struct sb_scope *scope)
{
	const struct stmboot_boot_fwu_bank *bank = chosen(facts);

	if (bank != NULL && bank->partition == STMBOOT_NO_PARTITION)
		report_bank(facts, scope, SB_FWU_PARTITION_MISSING,
			    &(struct sb_finding){
				    .found = bank->guid,
				    .expected = "the unique GUID of a partition on this card",
				    .hint = guid_hint(facts, scope, bank->guid) },
			    facts->updates.said.choice.bank);
}

static void check_partition_seen(const struct sb_facts *facts, const struct sb_scope *scope)
{
	const struct stmboot_boot_fwu_bank *bank = chosen(facts);

	if (bank != NULL && bank->partition != STMBOOT_NO_PARTITION && !bank->seen)
		report_bank(
			facts, scope, SB_FWU_PARTITION_UNSEEN,
			&(struct sb_finding){
				.found = sb_text(scope, "partition %" PRId32, bank->partition),
				.expected = sb_text(scope, "one of the first %" PRIu32 " entries",
						    stmboot_gpt_tfa_entries(&facts->tfa)),
				.hint = "make a table with the partitions of both banks before "
					"the others" },
			facts->updates.said.choice.bank);
}

static bool is_loadable(const struct sb_facts *facts, int32_t bank)
{
	const struct stmboot_part *part = facts->updates.banks[bank];

	return facts->updates.said.banks[bank].seen && part != NULL && part->fip != NULL;
}

/* Is a bank one that TF-A may be told to boot next? */
static bool is_offered(const struct stmboot_boot_fwu *said, int32_t bank)
{
	const struct stmboot_fwu *fwu = said->copies[said->taken].metadata;

	return fwu->version == 1 || sb_fwu_can_boot(fwu->bank_state[bank]);
}

/* While no bank is on trial, nobody asks for the other one. */
static void check_other_bank(const struct sb_facts *facts, const struct sb_scope *scope)
{
	const struct stmboot_boot_fwu *said = &facts->updates.said;
	struct sb_scope inner = *scope;

	if (chosen(facts) == NULL)
		return;
	if (!said->choice.on_trial)
		inner.ceiling = STMBOOT_NOTE;
	for (int32_t bank = 0; bank < SB_FWU_BANKS; bank++) {
		if (bank == said->choice.bank || !is_offered(said, bank) ||
		    is_loadable(facts, bank))
			continue;
		report_bank(
			facts, &inner, SB_FWU_NO_FALLBACK,
			&(struct sb_finding){
				.found = sb_text(scope, "bank %" PRId32 ": %s", bank,
						 said->banks[bank].partition == STMBOOT_NO_PARTITION
							 ? "no such partition"
						 : !said->banks[bank].seen
							 ? "a partition that TF-A does not see"
							 : "no firmware package"),
				.expected = "a firmware package",
				.hint = "write a FIP to the partition of this bank, or mark "
					"the bank as invalid" },
			bank);
	}
}

/* clang-format off */
static const sb_facts_rule rows[] = {
	{ SB_FWU_NO_COPY, check_any_copy },
	{ SB_FWU_SINGLE, check_both_copies },
	{ SB_FWU_COPIES_DIFFER, check_same },
	{ SB_FWU_TYPE, check_type },
	{ SB_FWU_NAME, check_name },
	{ SB_FWU_PARTITION_MISSING, check_partition },
	{ SB_FWU_PARTITION_UNSEEN, check_partition_seen },
	{ SB_FWU_NO_FALLBACK, check_other_bank },
};
/* clang-format on */

const struct sb_rules sb_updates_rules = SB_RULES(rows);

/* Where TF-A sees no table at all, that is what there is to say. */
void sb_judge_updates(const struct sb_facts *facts, const struct sb_scope *scope)
{
	if (facts->is_card && facts->loader_view.count == 0)
		return;
	for (int i = 0; i < STMBOOT_FWU_COPIES; i++)
		judge_copy(facts, scope, i);
	sb_facts_judge(&sb_updates_rules, rows, facts, scope);
}
