/* SPDX-License-Identifier: MIT */
/* A card that was pulled out of a running board: what waits in its journals. */
#include <inttypes.h>

#include "boot/rules.h"
#include "fs/ext4.h"

static const char replay_hint[] = "boot the card once and shut it down, or run e2fsck on the "
				  "partition; an edit of a file in it replays the journal, too";

/* Only without the root file system does a boot end, and with an initrd nobody knows which it is.
 */
static struct sb_scope in_journal(const struct sb_facts *facts, const struct sb_scope *scope,
				  const struct sb_journal *journal)
{
	struct sb_scope inner = sb_scope_part(scope, facts, journal->part);

	if (journal->part != facts->root || facts->has_initrd)
		inner.ceiling = STMBOOT_WARNING;
	return inner;
}

static void report_trouble(const struct sb_facts *facts, const struct sb_scope *scope,
			   const struct sb_journal *journal, enum sb_code code, const char *hint)
{
	struct sb_scope inner = in_journal(facts, scope, journal);
	const struct sb_jbd2_trouble *trouble = &journal->read.trouble;

	sb_report(&inner, code,
		  &(struct sb_finding){ .offset = trouble->offset,
					.no_offset = trouble->offset == SB_NOWHERE,
					.found = trouble->what != NULL
							 ? trouble->what
							 : stmboot_status_text(journal->status),
					.hint = hint });
}

static void check_damage(const struct sb_facts *facts, const struct sb_scope *scope)
{
	for (size_t i = 0; i < facts->journal_count; i++)
		if (facts->journals[i].status == STMBOOT_CORRUPT)
			report_trouble(facts, scope, &facts->journals[i], SB_EXT4_JOURNAL_DAMAGED,
				       "run e2fsck -f on the partition, or write the image again");
}

static bool is_not_followed(enum stmboot_status status)
{
	return status == STMBOOT_UNSUPPORTED || status == STMBOOT_LIMIT ||
	       status == STMBOOT_TRUNCATED;
}

static void check_followed(const struct sb_facts *facts, const struct sb_scope *scope)
{
	for (size_t i = 0; i < facts->journal_count; i++)
		if (is_not_followed(facts->journals[i].status))
			report_trouble(facts, scope, &facts->journals[i],
				       SB_EXT4_JOURNAL_NOT_FOLLOWED,
				       "boot the card once and shut it down, or run e2fsck on the "
				       "partition");
}

static void check_end(const struct sb_facts *facts, const struct sb_scope *scope)
{
	for (size_t i = 0; i < facts->journal_count; i++) {
		const struct sb_journal *journal = &facts->journals[i];
		const struct sb_jbd2_info *info = journal->read.info;
		struct sb_scope inner;

		if (info == NULL || info->end == SB_JBD2_END_WHOLE)
			continue;
		inner = sb_scope_part(scope, facts, journal->part);
		sb_report(&inner, SB_EXT4_JOURNAL_CUT,
			  &(struct sb_finding){
				  .offset = info->end_offset,
				  .found = info->end == SB_JBD2_END_TORN
						   ? "a transaction that was not completed"
						   : "a transaction of an older log",
				  .expected = sb_text(scope, "%" PRIu32 " that were completed",
						      info->transactions) });
	}
}

/* For example "5120 bytes in inode 14". */
static const char *seen_text(const struct sb_scope *scope, const struct sb_seen *seen)
{
	if (seen->src == NULL)
		return seen->status == STMBOOT_NOT_FOUND ? "no such file"
							 : stmboot_status_text(seen->status);
	return sb_text(scope, "%" PRIu64 " bytes in inode %" PRIu32, seen->size, seen->inode);
}

/* What the other reader sees; of the same size, where it begins to differ. */
static const char *other_text(const struct sb_scope *scope, const struct sb_difference *file)
{
	const char *text = sb_text(scope, "what Linux sees once it has replayed the journal: %s",
				   seen_text(scope, &file->by_linux));

	if (file->by_uboot.src == NULL || file->by_linux.src == NULL ||
	    file->by_uboot.size != file->by_linux.size || text == NULL)
		return text;
	return sb_text(scope, "%s, others from byte %" PRIu64 " on", text, file->first);
}

/* The place is that of the first byte that differs, or of the file where only one has it. */
static void report_difference(const struct sb_scope *scope, const struct sb_difference *file)
{
	bool both = file->by_uboot.src != NULL && file->by_linux.src != NULL;
	bool linux_has_more = both && file->first == file->by_uboot.size;
	struct sb_scope inner = *scope;

	inner.partition = (int32_t)file->partition;
	inner.path = file->path;
	inner.stage = (int)file->stage;
	inner.src = file->by_uboot.src != NULL && !linux_has_more ? file->by_uboot.src
								  : file->by_linux.src;
	sb_report(&inner, SB_EXT4_VIEWS_DIFFER,
		  &(struct sb_finding){
			  .offset = file->first,
			  .found = sb_text(scope, "U-Boot: %s", seen_text(scope, &file->by_uboot)),
			  .expected = other_text(scope, file),
			  .hint = replay_hint });
}

static void check_views(const struct sb_facts *facts, const struct sb_scope *scope)
{
	for (size_t i = 0; i < facts->difference_count; i++)
		report_difference(scope, &facts->differences[i]);
}

/* clang-format off */
static const sb_facts_rule rows[] = {
	{ SB_EXT4_JOURNAL_DAMAGED, check_damage },
	{ SB_EXT4_JOURNAL_NOT_FOLLOWED, check_followed },
	{ SB_EXT4_JOURNAL_CUT, check_end },
	{ SB_EXT4_VIEWS_DIFFER, check_views },
};
/* clang-format on */

const struct sb_rules sb_journal_rules = SB_RULES(rows);

void sb_judge_journals(const struct sb_facts *facts, const struct sb_scope *scope)
{
	sb_facts_judge(&sb_journal_rules, rows, facts, scope);
}
