/* SPDX-License-Identifier: MIT */
/*
 * A medium with the log of an interrupted edit beside it, recovered on a disk in
 * memory: afterwards it is the old one or what the log says, and nothing waits
 * any more. Inputs as in log_image.h; bit 3 of the choice lets the log be one
 * that was not complete yet, and bit 4 lets some of its sectors be written.
 */
#include <stdio.h>

#include "../tests/power/disk.h"
#include "edit/edit.h"
#include "log_image.h"

enum { NOT_COMPLETE = 8, BEGUN = 16 };

static const struct stmboot_edit_options options = { .struct_size = sizeof(options),
						     .state_directory = disk_state };

static void put_file(struct disk *disk, const char *suffix, const uint8_t *bytes, size_t size)
{
	char path[64];
	int file;

	require(snprintf(path, sizeof(path), "%s%s", disk_image, suffix) < (int)sizeof(path));
	require(disk->host.open(disk->host.self, path, SB_HOST_CREATE, &file) == STMBOOT_OK);
	require(disk->host.write_at(disk->host.self, file, 0, bytes, size) == STMBOOT_OK);
	disk->host.close(disk->host.self, file);
}

/* What the log makes of the medium; false when it is none that counts. */
static bool is_log(struct patched *p, uint8_t expected[MEDIUM])
{
	const struct sb_log_record *record;
	uint64_t position = 0;
	struct sb_log *log;
	bool counts = false;

	memcpy(expected, medium, MEDIUM);
	if (sb_log_open(p->ctx, p->src, NULL, &log) != STMBOOT_OK)
		return false;
	if (sb_log_head(log)->kind == SB_LOG_REDO && sb_log_head(log)->medium_size == MEDIUM) {
		counts = true;
		while (sb_log_next(log, &position, &record) == STMBOOT_OK)
			memcpy(expected + record->offset, record->bytes, record->length);
	}
	sb_log_free(log);
	return counts;
}

/* Every second sector that the log makes another is so already. */
static void begin_log(uint8_t *begun, const uint8_t *expected)
{
	for (size_t at = 0; at < MEDIUM; at += (size_t)2 * SB_SECTOR_BYTES)
		memcpy(begun + at, expected + at,
		       MEDIUM - at < SB_SECTOR_BYTES ? MEDIUM - at : SB_SECTOR_BYTES);
}

static void recover(struct patched *p, struct disk *disk, const uint8_t *begun,
		    const uint8_t *expected, bool counts)
{
	static uint8_t after[MEDIUM];
	struct stmboot_refusal why = { .message = "" };
	enum stmboot_recovery found = STMBOOT_RECOVERY_CLEAN, again;
	enum stmboot_status status =
		sb_edit_recover(p->ctx, &disk->host, disk_image, &options, &why, &found);

	require(status != STMBOOT_INTERNAL);
	require(disk->files[0].size == MEDIUM);
	disk_read_image(disk, 0, after, MEDIUM);
	if (status == STMBOOT_OK && found == STMBOOT_RECOVERY_FINISHED) {
		require(counts && memcmp(after, expected, MEDIUM) == 0);
	} else {
		require(memcmp(after, begun, MEDIUM) == 0);
		require(status == STMBOOT_OK || why.message[0] != '\0');
	}
	if (status == STMBOOT_OK) {
		require(sb_edit_recover(p->ctx, &disk->host, disk_image, &options, &why, &again) ==
			STMBOOT_OK);
		require(again == STMBOOT_RECOVERY_CLEAN);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static uint8_t expected[MEDIUM], begun[MEDIUM];
	static struct disk disk;
	struct patched *p = log_new(data, size);
	bool complete = (p->choice & NOT_COMPLETE) == 0;
	bool counts = is_log(p, expected) && complete;
	struct stmboot_source *src;

	memcpy(begun, medium, MEDIUM);
	if ((p->choice & BEGUN) != 0 && counts)
		begin_log(begun, expected);
	require(stmboot_source_from_memory(p->ctx, begun, MEDIUM, &src) == STMBOOT_OK);
	disk_init(&disk, src, false);
	put_file(&disk, complete ? ".stmboot-journal" : ".stmboot-journal-new", p->bytes, p->size);
	recover(p, &disk, begun, expected, counts);
	require(size > 1 || !complete || counts || (p->choice & 1) != 0);
	disk_release(&disk);
	stmboot_source_close(src);
	patched_free(p);
	return 0;
}
