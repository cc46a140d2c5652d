/* SPDX-License-Identifier: MIT */
/*
 * A whole card, opened and followed from the ROM to init.
 *
 * An input describes a card by what makes it different from one that boots:
 * one byte of choices, and then patches follow until the input ends, each an
 * offset (24 bits, little-endian), a length (8 bits) and that many bytes.
 */
#include <libfdt.h>

#include "../tests/support/containers.h"
#include "../tests/support/gpt_card.h"
#include "ext4_image.h"

#include <stmboot/boot.h>
#include <stmboot/boot_words.h>
#include <stmboot/map.h>
#include <stmboot/text.h>

enum {
	SECTORS = 150,
	CARD = SECTORS * CARD_SECTOR,
	FSBL1 = 3 * CARD_SECTOR,
	FSBL2 = 7 * CARD_SECTOR,
	UBOOT = 11 * CARD_SECTOR,
	UBOOT_BYTES = 8 * CARD_SECTOR,
	ROOTFS = 19 * CARD_SECTOR,
	CARD_PATCH_HEAD = 4,
	DTB_BYTES = 512,
	/* choices: all three clear in one of 8 inputs, and the table is left as it was patched */
	KEEP_TABLE_MASK = 7,
	MEND_UBOOT = 8,
	EMMC = 16,
	CUT = 32,
	FS_CHECKSUMS = 64,
	WRONG_CHECKSUMS = 128, /* of the file system, when it has some */
};

/*
 * Inodes and blocks that the file system of ext4_image.h leaves free; of inodes it has too
 * few that are not the file system's own, so that they all move to another table.
 */
enum {
	EXTLINUX = 17,
	CONF,
	KERNEL,
	DTB,
	SBIN,
	INIT,
	INODES = 32,
	TABLE = 50,
	FIRST_BLOCK = 16,
};

static void put_string(uint8_t *dtb, int node, const char *name, const char *value)
{
	require(fdt_setprop(dtb, node, name, value, (int)strlen(value) + 1) == 0);
}

static void make_dtb(uint8_t *at, const char *compatible)
{
	int node;

	require(fdt_create_empty_tree(at, DTB_BYTES) == 0);
	put_string(at, 0, "compatible", compatible);
	node = fdt_add_subnode(at, 0, "config");
	require(node > 0);
	put_string(at, node, "u-boot,mmc-env-partition", "ssbl");
}

/* A file or directory of one block: its bytes. */
static uint8_t *add_file(uint8_t *fs, uint32_t inode, uint32_t mode, uint32_t size)
{
	uint8_t *moved = fs + (TABLE - INODE_TABLE) * BLOCK;
	uint32_t block = FIRST_BLOCK + inode;

	image_extent(image_inode(moved, inode, mode, size, 0x80000), 4, 0, block, 1);
	return fs + (size_t)block * BLOCK;
}

static void make_boot(uint8_t *fs)
{
	static const char conf[] = "timeout 5\nlabel a\nkernel /boot/zImage\nfdt /boot/dtb\n"
				   "append root=/dev/mmcblk0p4 rootwait\n"
				   "label b\nlinux ../zImage\nfdtdir /\ninitrd /boot/dtb\n";
	uint8_t *block = fs + BOOT_BLOCK * BLOCK;
	size_t at = image_name(block, 0, ".", 11, 2, false);

	at = image_name(block, at, "..", 2, 2, false);
	at = image_name(block, at, "extlinux", EXTLINUX, 2, false);
	at = image_name(block, at, "zImage", KERNEL, 1, false);
	(void)image_name(block, at, "dtb", DTB, 1, true);
	block = add_file(fs, EXTLINUX, 0x41ed, BLOCK);
	at = image_name(block, 0, ".", EXTLINUX, 2, false);
	at = image_name(block, at, "..", 11, 2, false);
	(void)image_name(block, at, "extlinux.conf", CONF, 1, true);
	memcpy(add_file(fs, CONF, 0x81a4, sizeof(conf) - 1), conf, sizeof(conf) - 1);
	block = add_file(fs, KERNEL, 0x81a4, BLOCK);
	put(block + 0x24, 0x016f2818, 4);
	put(block + 0x2c, BLOCK, 4);
	put(block + 0x30, 0x04030201, 4);
	make_dtb(add_file(fs, DTB, 0x81a4, DTB_BYTES), "st,stm32mp157c-dk2");
}

static void move_inodes(uint8_t *fs)
{
	memcpy(fs + TABLE * BLOCK, fs + INODE_TABLE * BLOCK, INODE_COUNT * INODE);
	put(fs + BLOCK, INODES, 4);
	put(fs + BLOCK + 0x28, INODES, 4); /* of the group */
	put(fs + 2 * BLOCK + 8, TABLE, 4);
}

static void make_rootfs(uint8_t *fs)
{
	uint8_t *block = fs + ROOT_BLOCK * BLOCK;
	size_t at = image_name(block, 0, ".", 2, 2, false);

	at = image_name(block, at, "..", 2, 2, false);
	at = image_name(block, at, "boot", 11, 2, false);
	(void)image_name(block, at, "sbin", SBIN, 2, true);
	make_boot(fs);
	block = add_file(fs, SBIN, 0x41ed, BLOCK);
	at = image_name(block, 0, ".", SBIN, 2, false);
	at = image_name(block, at, "..", 2, 2, false);
	(void)image_name(block, at, "init", INIT, 1, true);
	block = add_file(fs, INIT, 0x81ed, 128);
	memcpy(block, "\177ELF\1\1\1", 7);
	put(block + 16, 2, 2);
	put(block + 18, 40, 2);
	put(block + 20, 1, 4);
	put(block + 28, 52, 4);
	put(block + 40, 52, 2);
	put(block + 42, 32, 2);
	put(block + 44, 1, 2);
	put(block + 52, 1, 4);
}

static void make_uboot(uint8_t *at)
{
	enum { DTB_AT = 128 };

	(void)make_uimage(at);
	memcpy(at + 64, "U-Boot 2023.01 (Jan 01 2023 - 00:00:00 +0000)", 46);
	make_dtb(at + DTB_AT, "st,stm32mp157c-dk2");
	put_be(at + 12, DTB_AT - 64 + DTB_BYTES, 4);
	mend_uimage(at, DTB_AT + DTB_BYTES);
}

static void make_card(uint8_t *card)
{
	card_make(card, SECTORS, 4);
	(void)make_stm32(card + FSBL1, 0x10000);
	(void)make_stm32(card + FSBL2, 0x10000);
	make_uboot(card + UBOOT);
	image_make(card + ROOTFS);
	move_inodes(card + ROOTFS);
	make_rootfs(card + ROOTFS);
}

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

static void mend_card(uint8_t *card, uint8_t choices)
{
	size_t uboot = card_get(card + UBOOT + 14, 1) * 256 + card_get(card + UBOOT + 15, 1);

	if (choices & FS_CHECKSUMS)
		ext4_enable_checksums(card + ROOTFS);
	if ((choices & FS_CHECKSUMS) && !(choices & WRONG_CHECKSUMS))
		ext4_mend(card + ROOTFS, MEDIUM, INODES, TABLE);
	if (choices & KEEP_TABLE_MASK) {
		card_mend(card, SECTORS, 1);
		card_mend(card, SECTORS, SECTORS - 1);
	}
	if ((choices & MEND_UBOOT) && uboot <= UBOOT_BYTES - 64)
		mend_uimage(card + UBOOT, 64 + uboot);
}

/* What a terminal or a page gets is printable, and no longer than four times as much. */
static void check_text(const char *text)
{
	char buffer[1024];

	if (text == NULL)
		return;
	require(stmboot_escape(text, buffer, sizeof(buffer)) <= 4 * strlen(text));
	for (const char *c = buffer; *c != '\0'; c++)
		require((uint8_t)*c >= 0x20 && *c != 0x7f);
}

static void check_findings(const struct stmboot_diags *diags, const struct stmboot_boot *boot)
{
	int worst = STMBOOT_OUTCOME_OK;

	for (size_t i = 0; i < stmboot_diags_count(diags); i++) {
		const struct stmboot_diag *d = stmboot_diags_get(diags, i);

		require(d->severity != STMBOOT_ERROR || d->place.has_offset ||
			d->place.partition != STMBOOT_NO_PARTITION);
		require(stmboot_code_find(d->code) != NULL && d->message[0] != '\0');
		check_text(d->message);
		check_text(d->found);
		check_text(d->expected);
		check_text(d->hint);
		check_text(d->place.path);
		if ((int)d->severity > worst)
			worst = (int)d->severity;
	}
	require((int)boot->verdict == worst);
	require((boot->stops_at != STMBOOT_NO_STAGE) == (boot->verdict == STMBOOT_OUTCOME_ERROR));
}

static void check_boot(const struct stmboot_boot *boot)
{
	for (int i = 0; i < STMBOOT_STAGE_COUNT; i++) {
		require((int)boot->stages[i].stage == i && boot->stages[i].summary != NULL);
		require((boot->stages[i].outcome == STMBOOT_OUTCOME_ERROR) ==
			(boot->stops_at == i));
		check_text(boot->stages[i].summary);
		check_text(boot->stages[i].path);
	}
	check_text(boot->label);
	check_text(boot->append);
	check_text(boot->bootargs);
	check_text(boot->kernel_release);
	check_text(boot->dtb_model);
	check_text(boot->init_resolved);
}

/* Each byte of the card is in a region, and what fills a region is no larger. */
static void check_map(struct stmboot_context *ctx, const struct stmboot_image *image)
{
	const struct stmboot_map *map;
	uint64_t covered = 0;

	require(stmboot_map_new(ctx, image, &map) == STMBOOT_OK);
	for (size_t i = 0; i < map->count; i++) {
		const struct stmboot_region *r = &map->regions[i];
		const uint64_t end =
			r->size <= UINT64_MAX - r->offset ? r->offset + r->size : UINT64_MAX;

		require(r->offset <= covered || covered >= map->size);
		require(i == 0 || r->offset >= map->regions[i - 1].offset);
		require(r->used <= r->size &&
			(r->kind == STMBOOT_REGION_PARTITION) == (r->part != NULL));
		covered = end > covered ? end : covered;
	}
	require(covered >= map->size);
	stmboot_map_free(map);
}

/* The words are those of the command line, in their order. */
static void check_words(struct stmboot_context *ctx, const struct stmboot_boot *boot)
{
	const struct stmboot_boot_words *words;
	uint64_t end = 0;

	require(stmboot_boot_words_new(ctx, boot, &words) == STMBOOT_OK);
	for (size_t i = 0; i < words->count; i++) {
		const struct stmboot_boot_word *word = &words->words[i];

		require(word->offset >= end && word->length == strlen(word->text));
		end = word->offset + word->length;
		require(end <= strlen(boot->bootargs));
		require(memcmp(boot->bootargs + word->offset, word->text, (size_t)word->length) ==
			0);
	}
	stmboot_boot_words_free(words);
}

static int trace(struct stmboot_context *ctx, struct stmboot_image *image, bool deep, bool healthy)
{
	struct stmboot_boot_options options = { .struct_size = sizeof(options), .deep = deep };
	const struct stmboot_boot *boot;
	struct stmboot_diags *diags;
	int stops_at;

	require(stmboot_diags_new(ctx, &diags) == STMBOOT_OK);
	require(stmboot_boot_trace(ctx, image, &options, diags, &boot) == STMBOOT_OK);
	check_boot(boot);
	check_words(ctx, boot);
	check_findings(diags, boot);
	require(!healthy || boot->verdict != STMBOOT_OUTCOME_ERROR);
	stops_at = boot->stops_at;
	stmboot_boot_free(boot);
	stmboot_diags_free(diags);
	return stops_at;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static uint8_t card[CARD];
	uint8_t choices = size != 0 ? data[0] : KEEP_TABLE_MASK;
	struct stmboot_image_options options = { .struct_size = sizeof(options),
						 .medium = choices & EMMC ? STMBOOT_MEDIUM_EMMC
									  : STMBOOT_MEDIUM_AUTO };
	struct stmboot_context *ctx;
	struct stmboot_source *src;
	struct stmboot_image *image;
	bool healthy = size == 0 || (size == 1 && choices == (KEEP_TABLE_MASK | FS_CHECKSUMS));

	make_card(card);
	patch_card(card, data, size);
	mend_card(card, choices);
	require(stmboot_context_new(NULL, &ctx) == STMBOOT_OK);
	require(stmboot_source_from_memory(ctx, card, choices & CUT ? CARD / 2 : CARD, &src) ==
		STMBOOT_OK);
	if (stmboot_image_open_source(ctx, src, &options, &image) == STMBOOT_OK) {
		int deep = trace(ctx, image, true, healthy);

		require(deep == trace(ctx, image, false, healthy));
		check_map(ctx, image);
		stmboot_image_close(image);
	} else {
		require(!healthy);
	}
	stmboot_source_close(src);
	stmboot_context_free(ctx);
	return 0;
}
