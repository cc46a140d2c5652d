/* SPDX-License-Identifier: MIT */
/*
 * ARM zImage: the words behind its entry code, and the extension table that
 * Linux 4.15 and later add. Linux arch/arm/boot/compressed/head.S and
 * vmlinux.lds.S.
 */
#include <string.h>

#include "base/cursor.h"
#include "format/kernel.h"
#include "source/source.h"

enum {
	AT_MAGIC = 0x24,
	AT_START = 0x28,
	AT_END = 0x2c,
	AT_ENDIANNESS = 0x30,
	AT_TABLE_MAGIC = 0x34,
	AT_TABLE = 0x38,
	HEADER_BYTES = 0x34,
};

enum {
	MAGIC_ZIMAGE = 0x016f2818,
	MAGIC_BAREBOX = 0x00786f62, /* the end of the text "barebox" at 0x20 */
	MAGIC_TABLE = 0x45454545,
	TAG_SIZE = 0x5a534c4b, /* "KLSZ" */
	TAG_WORDS = 2,         /* its size and its name */
	TABLE_BYTES = 1024,    /* looked at; Linux 6.1 writes 28 */
};

static uint32_t word(const uint8_t *at, bool swapped)
{
	return swapped ? sb_get_be32(at) : sb_get_le32(at);
}

static uint32_t next_word(struct sb_cursor *c, bool swapped)
{
	return swapped ? sb_be32(c) : sb_le32(c);
}

/* The word where the build appended the unpacked size: little-endian in every kernel. */
static enum stmboot_status read_size_word(struct stmboot_source *src, struct stmboot_zimage *z)
{
	uint8_t bytes[4];
	size_t got;
	enum stmboot_status status =
		sb_source_peek(src, z->size_word_offset, bytes, sizeof(bytes), &got);

	z->has_size_word = status == STMBOOT_OK && got == sizeof(bytes);
	if (z->has_size_word)
		z->unpacked_bytes = sb_get_le32(bytes);
	return status;
}

/*
 * Tags count their words, themselves included. Linux 4.15 counted two too few
 * in the only tag there was.
 */
static bool find_size_tag(struct stmboot_zimage *z, struct sb_cursor c)
{
	for (;;) {
		uint32_t words = next_word(&c, z->byte_swapped);
		uint32_t tag = next_word(&c, z->byte_swapped);

		if (!sb_cursor_ok(&c) || words < TAG_WORDS)
			return false;
		z->has_table = true;
		if (tag == TAG_SIZE) {
			z->size_word_offset = next_word(&c, z->byte_swapped);
			z->bss_bytes = next_word(&c, z->byte_swapped);
			return sb_cursor_ok(&c);
		}
		if (words > TABLE_BYTES / 4)
			return false;
		sb_skip(&c, (size_t)(words - TAG_WORDS) * 4);
	}
}

static enum stmboot_status decode_table(struct stmboot_source *src, struct stmboot_zimage *z)
{
	uint8_t table[TABLE_BYTES];
	size_t got;
	enum stmboot_status status =
		sb_source_peek(src, z->table_offset, table, sizeof(table), &got);

	if (status != STMBOOT_OK || !find_size_tag(z, sb_cursor(table, got)))
		return status;
	return read_size_word(src, z);
}

enum stmboot_status sb_zimage_decode(const struct sb_kernel_reader *r,
				     struct stmboot_kernel *kernel)
{
	struct stmboot_zimage *z = &kernel->zimage;
	const uint8_t *head = r->head;
	bool swapped = sb_get_be32(head + AT_MAGIC) == MAGIC_ZIMAGE;

	z->magic = word(head + AT_MAGIC, swapped);
	if (r->head_bytes < HEADER_BYTES ||
	    (z->magic != MAGIC_ZIMAGE && z->magic != MAGIC_BAREBOX)) {
		*z = (struct stmboot_zimage){ 0 };
		return STMBOOT_OK;
	}
	z->byte_swapped = swapped;
	z->start = word(head + AT_START, swapped);
	z->end = word(head + AT_END, swapped);
	z->endianness = word(head + AT_ENDIANNESS, swapped);
	if (z->magic == MAGIC_BAREBOX) {
		/* barebox keeps its link address and its size in these two */
		kernel->format = STMBOOT_KERNEL_BAREBOX;
		kernel->image_bytes = z->end;
		return STMBOOT_OK;
	}
	kernel->format = STMBOOT_KERNEL_ZIMAGE;
	kernel->image_bytes = z->end - z->start;
	if (word(head + AT_TABLE_MAGIC, swapped) != MAGIC_TABLE)
		return STMBOOT_OK;
	z->table_offset = word(head + AT_TABLE, swapped);
	return decode_table(r->src, z);
}
