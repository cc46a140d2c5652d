/* SPDX-License-Identifier: MIT */
/*
 * The journal of a file system that was not unmounted: its replay is staged
 * before anything in the file system is changed, and both are one edit.
 */
#include <errno.h>
#include <string.h>

#include "edit/edit.h"
#include "fs/ext4.h"
#include "fs/jbd2.h"
#include "source/source.h"

static const char run_e2fsck[] = "run e2fsck -f on the partition, or write the image again";
static const char mount_once[] =
	"boot the card once and shut it down, or run e2fsck on the partition";

static enum stmboot_status refuse_unread(enum stmboot_status status, uint64_t place,
					 struct stmboot_refusal *why)
{
	return sb_refuse(why, status,
			 "the medium or its reader is failing; copy what can be read first",
			 "could not read the journal at 0x%llx: %s", (unsigned long long)place,
			 strerror(EIO));
}

/* The place is that on the medium, as far as there is one. */
static enum stmboot_status refuse_journal(struct stmboot_source *part, enum stmboot_status status,
					  const struct sb_jbd2_trouble *trouble,
					  struct stmboot_refusal *why)
{
	const char *hint = status == STMBOOT_CORRUPT ? run_e2fsck : mount_once;
	bool placed = false;
	uint64_t place = 0;

	if (trouble->offset != SB_NOWHERE)
		placed = stmboot_source_locate(part, trouble->offset, &place);
	if (status == STMBOOT_IO && placed)
		return refuse_unread(status, place, why);
	if (status == STMBOOT_IO || status == STMBOOT_NO_MEMORY || trouble->what == NULL)
		return sb_refuse_work(why, status, "read the journal of the file system", NULL);
	if (!placed)
		return sb_refuse(why, status, hint, "the journal cannot be replayed: %s",
				 trouble->what);
	return sb_refuse(why, status, hint, "the journal cannot be replayed: %s, at 0x%llx",
			 trouble->what, (unsigned long long)place);
}

static enum stmboot_status confine(struct stmboot_edit *edit, const struct sb_jbd2 *journal,
				   uint64_t base)
{
	uint64_t offset, length;
	size_t position = 0;
	enum stmboot_status status = STMBOOT_OK;

	while (status == STMBOOT_OK && sb_jbd2_next_range(journal, &position, &offset, &length))
		status = sb_edit_confine(edit, base + offset, length);
	return status;
}

static enum stmboot_status stage(struct stmboot_edit *edit, struct sb_jbd2 *journal, uint64_t base,
				 struct stmboot_refusal *why)
{
	enum stmboot_status status = sb_jbd2_stage(journal, edit->overlay, base);

	if (status == STMBOOT_OK)
		return confine(edit, journal, base);
	/* the half of a replay must not be committed */
	sb_overlay_fail(edit->overlay, status);
	if (status == STMBOOT_LIMIT)
		return sb_refuse(why, status, mount_once,
				 "there is more in the journal than an edit may change");
	return sb_refuse_work(why, status, "replay the journal of the file system", NULL);
}

enum stmboot_status sb_edit_replay(struct stmboot_edit *edit, uint64_t offset, uint64_t size,
				   struct stmboot_refusal *why, uint64_t *blocks)
{
	struct stmboot_source *part = NULL;
	struct sb_jbd2_trouble trouble;
	struct sb_jbd2 *journal = NULL;
	enum stmboot_status status =
		stmboot_source_window(edit->ctx, stmboot_edit_source(edit), offset, size, &part);

	if (status != STMBOOT_OK)
		return status;
	errno = 0;
	status = sb_jbd2_open(edit->ctx, part, &trouble, &journal);
	if (status == STMBOOT_OK) {
		*blocks = sb_jbd2_info(journal)->blocks;
		status = stage(edit, journal, offset, why);
	} else if (status != STMBOOT_NOT_FOUND) {
		status = refuse_journal(part, status, &trouble, why);
	}
	sb_jbd2_close(journal);
	stmboot_source_close(part);
	return status;
}
