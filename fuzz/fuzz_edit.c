/* SPDX-License-Identifier: MIT */
/*
 * Edits of a whole card, as far as the commit: what is planned, and nothing
 * else, is another afterwards, and it is what was asked for. Where nothing is
 * found about a card and its file system is sound, the command line can be edited.
 *
 * An input says by its first byte what is done, and describes the card by
 * patches until it ends, each an offset (24 bits, little-endian), a length (8
 * bits) and that many bytes. Seven of eight first bytes let the checksums of the
 * partition table be right; three of four give the file system checksums, which
 * two of these let be right.
 */
#include <stmboot/fs_edit.h>
#include <stmboot/table_edit.h>

#include "edit_card.h"
#include "ext4_mend.h"
#include "fs/ext4_edit.h"
#include "memory_edit.h"

enum {
	OPERATIONS = 8,
	TABLES = 8,
	NO_CHECKSUMS = 0,
	WRONG_CHECKSUMS = 3,
	CARD_PATCH_HEAD = 4,
	LONG_LINE = 900,
	NEW_BYTES = 3000,
};

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void patch_card(uint8_t *card, const uint8_t *data, size_t size)
{
	for (size_t at = 1; at < size && size - at > CARD_PATCH_HEAD;) {
		size_t offset = (size_t)card_get(data + at, 3) % CARD;
		size_t bytes = data[at + 3];

		at += CARD_PATCH_HEAD;
		bytes = bytes < size - at ? bytes : size - at;
		memcpy(card + offset, data + at, bytes < CARD - offset ? bytes : CARD - offset);
		at += bytes;
	}
}

static void mend_card(uint8_t *card, uint8_t choice)
{
	unsigned checksums = choice / (OPERATIONS * TABLES);

	if (checksums != NO_CHECKSUMS)
		ext4_enable_checksums(card + ROOTFS);
	if (checksums != NO_CHECKSUMS && checksums != WRONG_CHECKSUMS)
		ext4_mend(card + ROOTFS, (size_t)ROOTFS_BLOCKS * BLOCK, INODES, INODE_TABLE);
	if (choice / OPERATIONS % TABLES != 0) {
		card_mend(card, SECTORS, 1);
		card_mend(card, SECTORS, SECTORS - 1);
	}
}

static enum stmboot_status set_bootargs(struct stmboot_boot_edit *edit, struct stmboot_refusal *why)
{
	static const char *const words[] = { "quiet", "root=PARTLABEL=rootfs" };
	const struct stmboot_cmdline_edit change = { .struct_size = sizeof(change),
						     .set = words,
						     .set_count = 2 };

	return stmboot_boot_edit_set_bootargs(edit, NULL, &change, why);
}

/* A line that needs another block. */
static enum stmboot_status set_all_bootargs(struct stmboot_boot_edit *edit,
					    struct stmboot_refusal *why)
{
	char line[LONG_LINE + 1] = "x=";
	const char *const words[] = { line };
	const struct stmboot_cmdline_edit change = { .struct_size = sizeof(change),
						     .add = words,
						     .add_count = 1 };

	memset(line + 2, 'y', LONG_LINE - 2);
	return stmboot_boot_edit_set_all_bootargs(edit, &change, why);
}

static enum stmboot_status add_label(struct stmboot_boot_edit *edit, struct stmboot_refusal *why)
{
	static const struct stmboot_extlinux_setting settings[] = { { "kernel", "/boot/zImage" } };
	enum stmboot_status status = stmboot_boot_edit_add_label(edit, "new", settings, 1, why);

	return status == STMBOOT_OK ? stmboot_boot_edit_set_default(edit, "new", why) : status;
}

static enum stmboot_status set_tree(struct stmboot_boot_edit *edit, struct stmboot_refusal *why)
{
	static const char *const values[] = { "quiet", "and more" };
	const struct stmboot_dtb_setting setting = { .struct_size = sizeof(setting),
						     .node = "/chosen",
						     .property = "bootargs",
						     .values = values,
						     .value_count = 2,
						     .create = true };

	return stmboot_boot_edit_set_dtb(edit, NULL, &setting, why);
}

static const struct stmboot_file_ref new_file = { 4, "/boot/new" };
static const struct stmboot_file_ref programs = { 4, "/sbin" };
static const struct stmboot_file_ref new_folder = { 4, "/a/b" };

static enum stmboot_status put_file(struct stmboot_boot_edit *edit, struct stmboot_refusal *why)
{
	static uint8_t content[NEW_BYTES];
	struct stmboot_source *src;
	enum stmboot_status status;

	memset(content, 'n', sizeof(content));
	require(stmboot_source_from_memory(stmboot_boot_edit_context(edit), content, NEW_BYTES,
					   &src) == STMBOOT_OK);
	status = stmboot_fs_edit_put(edit, &new_file, src, NULL, why);
	stmboot_source_close(src);
	return status;
}

static enum stmboot_status change(struct stmboot_boot_edit *edit, unsigned operation,
				  struct stmboot_refusal *why)
{
	switch (operation) {
	case 0:
		return set_bootargs(edit, why);
	case 1:
		return set_all_bootargs(edit, why);
	case 2:
		return add_label(edit, why);
	case 3:
		return set_tree(edit, why);
	case 4:
		return put_file(edit, why);
	case 5:
		return stmboot_fs_edit_remove(edit, &programs, true, why);
	case 6:
		return stmboot_fs_edit_make_directory(edit, &new_folder, true, why);
	default:
		return stmboot_table_edit_new_guids(edit, why);
	}
}

/* Within the writes of the plan every sector is another, and outside nothing is. */
static void check_plan(const uint8_t *card, struct stmboot_source *result,
		       const struct stmboot_edit_plan *plan)
{
	static uint8_t after[CARD];
	uint64_t at = 0, bytes = 0;

	require(stmboot_source_size(result) == CARD);
	require(stmboot_source_read(result, 0, after, CARD) == STMBOOT_OK);
	for (size_t i = 0; i < plan->write_count; i++) {
		const struct stmboot_edit_range *range = &plan->writes[i];

		require(range->offset % CARD_SECTOR == 0 && range->length % CARD_SECTOR == 0);
		require(range->length != 0 && range->offset >= at);
		require(range->offset + range->length <= CARD);
		require(memcmp(card + at, after + at, range->offset - at) == 0);
		for (at = range->offset; at < range->offset + range->length; at += CARD_SECTOR)
			require(memcmp(card + at, after + at, CARD_SECTOR) != 0);
		bytes += range->length;
	}
	require(memcmp(card + at, after + at, CARD - at) == 0);
	require(bytes == plan->bytes && (bytes == 0) == (plan->write_count == 0));
}

static bool has_word(const char *line, const char *word)
{
	return line != NULL && strstr(line, word) != NULL;
}

/* What was asked for is there when the result is looked at. */
static void check_result(struct stmboot_boot_edit *edit, unsigned operation)
{
	const struct stmboot_boot *boot = stmboot_boot_edit_after(edit).boot;

	require(boot != NULL);
	if (operation == 0)
		require(has_word(boot->append, "quiet") &&
			has_word(boot->append, "root=PARTLABEL=rootfs"));
	if (operation == 1)
		require(has_word(boot->append, "x=yyyy"));
	if (operation == 2)
		require(boot->label != NULL);
}

static enum stmboot_fs_answer note_trouble(void *user, const struct stmboot_fs_step *step)
{
	bool *sound = user;

	*sound = *sound && step->status == STMBOOT_OK;
	return STMBOOT_FS_GO_ON;
}

/* Nothing is found about the card as it is, nor about its file system. */
static bool is_clean(const struct stmboot_boot_edit *edit, const uint8_t *card)
{
	struct stmboot_context *ctx = stmboot_boot_edit_context(edit);
	struct stmboot_boot_view before = stmboot_boot_edit_before(edit);
	struct stmboot_refusal why;
	struct stmboot_source *src;
	struct stmboot_fs *fs = NULL;
	bool sound = true;

	if (before.boot == NULL || stmboot_diags_count(before.diags) != 0)
		return false;
	require(stmboot_source_from_memory(ctx, card + ROOTFS, ROOTFS_BLOCKS * BLOCK, &src) ==
		STMBOOT_OK);
	if (sb_ext4_open_fit(ctx, src, SB_EXT4_ALLOCATION, &why, &fs) != STMBOOT_OK ||
	    stmboot_fs_walk(fs, "/", NULL, note_trouble, &sound) != STMBOOT_OK)
		sound = false;
	stmboot_fs_close(fs);
	stmboot_source_close(src);
	return sound;
}

static void try_edit(const uint8_t *card, struct stmboot_boot_edit *edit, unsigned operation,
		     bool healthy)
{
	struct stmboot_refusal why = { .message = "" };
	const struct stmboot_edit_plan *plan;
	enum stmboot_status status = change(edit, operation, &why);

	if (status == STMBOOT_OK)
		status = stmboot_boot_edit_stage(edit, &why, &plan);
	require(status != STMBOOT_INTERNAL && (!healthy || status == STMBOOT_OK));
	if (status != STMBOOT_OK) {
		require(operation != 0 || status == STMBOOT_UNSUPPORTED || !is_clean(edit, card));
		require(why.message[0] != '\0');
		return;
	}
	require(!healthy || (plan->write_count != 0 && is_clean(edit, card)));
	check_plan(card, stmboot_edit_source(edit->edit), plan);
	check_result(edit, operation);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static uint8_t card[CARD];
	uint8_t choice = size != 0 ? data[0] : OPERATIONS;
	bool healthy = size <= 1 && choice / (OPERATIONS * TABLES) != WRONG_CHECKSUMS;
	static struct memory_edit on_card;
	struct stmboot_context *ctx;

	make_edit_card(card);
	patch_card(card, data, size);
	mend_card(card, choice);
	require(stmboot_context_new(NULL, &ctx) == STMBOOT_OK);
	memory_edit_begin(&on_card, ctx, card, CARD);
	if (on_card.edit != NULL)
		try_edit(card, on_card.edit, choice % OPERATIONS, healthy);
	else
		require(!healthy);
	memory_edit_end(&on_card);
	stmboot_context_free(ctx);
	return 0;
}
