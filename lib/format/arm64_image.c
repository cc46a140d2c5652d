/* SPDX-License-Identifier: MIT */
/*
 * The Image of arm64 (Linux Documentation/arch/arm64/booting.rst), and the
 * image that EFI firmware unpacks (drivers/firmware/efi/libstub/zboot-header.S).
 */
#include <string.h>

#include "base/cursor.h"
#include "format/kernel.h"
#include "source/source.h"
#include "source/unpack.h"

enum {
	AT_TEXT_OFFSET = 8,
	AT_IMAGE_SIZE = 16,
	AT_FLAGS = 24,
	AT_MAGIC = 56,
	HEADER_BYTES = 64,
	FLAG_BIG_ENDIAN = 1 << 0,
	FLAG_PAGES_SHIFT = 1,
	FLAG_ANYWHERE = 1 << 3,
};

enum {
	ZBOOT_AT_TYPE = 4,
	ZBOOT_AT_PAYLOAD = 8,
	ZBOOT_AT_SIZE = 12,
	ZBOOT_AT_COMPRESSION = 24,
	ZBOOT_COMPRESSION_BYTES = 32,
};

/* PE/COFF: offsets from "PE\0\0", and in each section header. */
enum {
	PE_AT_SECTIONS = 6,
	PE_AT_OPTIONAL_SIZE = 20,
	PE_HEADER_BYTES = 24,
	PE_BLOCK_BYTES = 2048, /* looked at; a kernel has two or three sections */
	SECTION_AT_RAW_SIZE = 16,
	SECTION_BYTES = 40,
};

/*
 * The size field of an Image counts the memory it takes. What of it must be in
 * the file, only the sections tell that its EFI stub describes; 0 without one.
 */
static enum stmboot_status sections_end(const struct sb_kernel_reader *r, uint32_t pe_offset,
					uint64_t *end)
{
	uint8_t block[PE_BLOCK_BYTES];
	struct sb_cursor c;
	size_t got;
	enum stmboot_status status = sb_source_peek(r->src, pe_offset, block, sizeof(block), &got);

	*end = 0;
	if (status != STMBOOT_OK || got < PE_HEADER_BYTES)
		return status;
	c = sb_cursor(block, got);
	sb_seek(&c, (size_t)PE_HEADER_BYTES + sb_get_le16(block + PE_AT_OPTIONAL_SIZE));
	for (uint32_t left = sb_get_le16(block + PE_AT_SECTIONS); left > 0; left--) {
		uint64_t size, start;

		sb_skip(&c, SECTION_AT_RAW_SIZE);
		size = sb_le32(&c);
		start = sb_le32(&c);
		sb_skip(&c, SECTION_BYTES - SECTION_AT_RAW_SIZE - 8);
		if (!sb_cursor_ok(&c))
			return STMBOOT_OK;
		if (size != 0 && start + size > *end)
			*end = start + size;
	}
	return STMBOOT_OK;
}

enum stmboot_status sb_arm64_image_decode(const struct sb_kernel_reader *r,
					  struct stmboot_kernel *kernel)
{
	static const uint32_t page_bytes[] = { 0, 4096, 16384, 65536 };
	struct stmboot_arm64_image *image = &kernel->arm64;

	if (r->head_bytes < HEADER_BYTES || memcmp(r->head + AT_MAGIC, "ARM\x64", 4) != 0)
		return STMBOOT_OK;
	kernel->format = STMBOOT_KERNEL_ARM64;
	image->text_offset = sb_get_le64(r->head + AT_TEXT_OFFSET);
	image->image_bytes = sb_get_le64(r->head + AT_IMAGE_SIZE);
	image->flags = sb_get_le64(r->head + AT_FLAGS);
	image->big_endian = (image->flags & FLAG_BIG_ENDIAN) != 0;
	image->page_bytes = page_bytes[image->flags >> FLAG_PAGES_SHIFT & 3];
	image->anywhere = (image->flags & FLAG_ANYWHERE) != 0;
	if (!kernel->has_efi_stub)
		return STMBOOT_OK;
	return sections_end(r, kernel->pe_offset, &kernel->image_bytes);
}

enum stmboot_status sb_zboot_decode(const struct sb_kernel_reader *r, struct stmboot_kernel *kernel)
{
	struct stmboot_zboot *zboot = &kernel->zboot;
	const char *name = (const char *)r->head + ZBOOT_AT_COMPRESSION;
	uint8_t start[SB_COMPRESSION_HEAD];
	size_t got;
	enum stmboot_status status;

	if (r->head_bytes < HEADER_BYTES || memcmp(r->head, "MZ", 2) != 0 ||
	    memcmp(r->head + ZBOOT_AT_TYPE, "zimg", 4) != 0)
		return STMBOOT_OK;
	zboot->payload_offset = sb_get_le32(r->head + ZBOOT_AT_PAYLOAD);
	zboot->payload_bytes = sb_get_le32(r->head + ZBOOT_AT_SIZE);
	zboot->compression =
		sb_arena_strndup(r->arena, name, strnlen(name, ZBOOT_COMPRESSION_BYTES));
	if (zboot->compression == NULL)
		return STMBOOT_NO_MEMORY;
	status = sb_source_peek(r->src, zboot->payload_offset, start, sizeof(start), &got);
	if (status != STMBOOT_OK)
		return status;
	kernel->format = STMBOOT_KERNEL_ZBOOT;
	kernel->compression = sb_compression_detect(start, got);
	kernel->image_bytes = (uint64_t)zboot->payload_offset + zboot->payload_bytes;
	return STMBOOT_OK;
}
