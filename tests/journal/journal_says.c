/* SPDX-License-Identifier: MIT */
/*
 * What the library makes of the journal of a file system in a file.
 *
 * usage: journal_says IMAGE OUTPUT
 *
 * Writes the image as it is after the replay, as it is seen and as it is staged,
 * which must be the same bytes. Prints one line: the status, then transactions,
 * blocks, how the log ends and where; or what is wrong and where. A second line
 * says whether the result is fit to be edited, or why not.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fs/ext4.h"
#include "fs/ext4_edit.h"
#include "fs/jbd2.h"
#include "source/source.h"

enum { PIECE = 1 << 16 };

static void must(bool truth, const char *what)
{
	if (truth)
		return;
	(void)fprintf(stderr, "journal_says: %s\n", what);
	exit(2);
}

static bool is_written(const struct sb_jbd2 *journal, uint64_t at)
{
	uint64_t offset, length;
	size_t position = 0;

	while (sb_jbd2_next_range(journal, &position, &offset, &length))
		if (at >= offset && at - offset < length)
			return true;
	return false;
}

static void tell_fitness(struct stmboot_context *ctx, struct stmboot_source *src)
{
	struct stmboot_refusal refusal;
	struct stmboot_fs *fs = NULL;
	enum stmboot_status status = sb_ext4_open_fit(ctx, src, SB_EXT4_ALLOCATION, &refusal, &fs);

	(void)printf("%s\n", status == STMBOOT_OK ? "fit" : refusal.message);
	stmboot_fs_close(fs);
}

/* What is seen must be what is staged, and differ from the image only where it says so. */
static void copy_out(struct stmboot_context *ctx, struct stmboot_source *image,
		     struct sb_jbd2 *journal, FILE *out)
{
	static uint8_t seen[PIECE], staged[PIECE], before[PIECE];
	struct sb_overlay *overlay = NULL;
	uint64_t size = stmboot_source_size(image);

	must(sb_overlay_new(ctx, image, &overlay) == STMBOOT_OK, "an overlay");
	must(sb_jbd2_stage(journal, overlay, 0) == STMBOOT_OK, "staging");
	for (uint64_t at = 0; at < size; at += PIECE) {
		size_t part = size - at < PIECE ? (size_t)(size - at) : PIECE;

		must(stmboot_source_read(sb_jbd2_source(journal), at, seen, part) == STMBOOT_OK &&
			     stmboot_source_read(sb_overlay_source(overlay), at, staged, part) ==
				     STMBOOT_OK &&
			     stmboot_source_read(image, at, before, part) == STMBOOT_OK,
		     "reading");
		must(memcmp(seen, staged, part) == 0, "what is seen is not what is staged");
		for (size_t i = 0; i < part; i++)
			must(seen[i] == before[i] || is_written(journal, at + i),
			     "a byte that should stay has changed");
		must(fwrite(seen, 1, part, out) == part, "writing");
	}
	tell_fitness(ctx, sb_overlay_source(overlay));
	sb_overlay_free(overlay);
}

static void tell(const struct sb_jbd2 *journal)
{
	static const char *const ends[] = { "whole", "torn", "stale" };
	const struct sb_jbd2_info *info = sb_jbd2_info(journal);

	(void)printf("ok: %" PRIu32 " transactions, %" PRIu64 " blocks, %s at %" PRIu64 "\n",
		     info->transactions, info->blocks, ends[info->end], info->end_offset);
}

static void tell_trouble(enum stmboot_status status, const struct sb_jbd2_trouble *trouble)
{
	(void)printf("%s: %s", stmboot_status_text(status),
		     trouble->what != NULL ? trouble->what : "-");
	if (trouble->offset != SB_NOWHERE)
		(void)printf(" at %" PRIu64, trouble->offset);
	(void)printf("\n");
}

int main(int argc, char **argv)
{
	struct stmboot_context *ctx = NULL;
	struct stmboot_source *image = NULL;
	struct sb_jbd2_trouble trouble;
	struct sb_jbd2 *journal = NULL;
	enum stmboot_status status;

	must(argc == 3, "usage: journal_says IMAGE OUTPUT");
	must(stmboot_context_new(NULL, &ctx) == STMBOOT_OK, "a context");
	must(stmboot_source_open_file(ctx, argv[1], &image) == STMBOOT_OK, argv[1]);
	status = sb_jbd2_open(ctx, image, &trouble, &journal);
	if (status == STMBOOT_OK) {
		FILE *out = fopen(argv[2], "wb");

		must(out != NULL, argv[2]);
		tell(journal);
		copy_out(ctx, image, journal, out);
		must(fclose(out) == 0, "writing");
	} else {
		tell_trouble(status, &trouble);
	}
	sb_jbd2_close(journal);
	stmboot_source_close(image);
	stmboot_context_free(ctx);
	return 0;
}
