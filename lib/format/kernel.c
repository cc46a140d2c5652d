/* SPDX-License-Identifier: MIT */
#include "format/kernel.h"

#include <string.h>

#include "base/checked.h"
#include "base/context.h"
#include "base/cursor.h"
#include "source/source.h"
#include "source/unpack.h"

enum { AT_PE_OFFSET = 0x3c, AT_MAGIC = 0x24 };

/* What is mistaken for a kernel; the first row that fits is taken. */
static const struct lookalike {
	const char *name;
	uint16_t offset;
	uint8_t length;
	const char *bytes;
} lookalikes[] = {
	{ "ELF file", 0, 4,
	  "\x7f"
	  "ELF" },
	{ "legacy uImage", 0, 4, "\x27\x05\x19\x56" },
	{ "FIT or device tree", 0, 4, "\xd0\x0d\xfe\xed" },
	{ "x86 bzImage", 0x202, 4, "HdrS" },
	{ "RISC-V Image", 56, 4, "RSC\x05" },
	{ "Android boot image", 0, 8, "ANDROID!" },
	{ "STM32 image", 0, 4, "STM\x32" },
	{ "PE file", 0, 2, "MZ" },
	{ "script", 0, 2, "#!" },
	{ "cpio archive", 0, 6, "070701" },
};

static const char *lookalike(const struct sb_kernel_reader *r)
{
	for (size_t i = 0; i < sizeof(lookalikes) / sizeof(lookalikes[0]); i++) {
		const struct lookalike *l = &lookalikes[i];

		if (memcmp(r->head + l->offset, l->bytes, l->length) == 0)
			return l->name;
	}
	return NULL;
}

static enum stmboot_status find_efi_stub(const struct sb_kernel_reader *r,
					 struct stmboot_kernel *kernel)
{
	uint32_t offset = sb_get_le32(r->head + AT_PE_OFFSET);
	uint8_t magic[4];
	size_t got;
	enum stmboot_status status;

	if (memcmp(r->head, "MZ", 2) != 0)
		return STMBOOT_OK;
	status = sb_source_peek(r->src, offset, magic, sizeof(magic), &got);
	if (status == STMBOOT_OK && got == sizeof(magic) &&
	    memcmp(magic, "PE\0\0", sizeof(magic)) == 0) {
		kernel->has_efi_stub = true;
		kernel->pe_offset = offset;
	}
	return status;
}

static enum stmboot_status decode_compressed(const struct sb_kernel_reader *r,
					     struct stmboot_kernel *kernel)
{
	kernel->compression = sb_compression_detect(r->head, r->head_bytes);
	if (kernel->compression != STMBOOT_COMPRESSION_NONE)
		kernel->format = STMBOOT_KERNEL_COMPRESSED;
	return STMBOOT_OK;
}

/* CONFIG_ARM_APPENDED_DTB: the decompressor looks directly behind itself. */
static enum stmboot_status find_appended_dtb(const struct sb_kernel_reader *r,
					     struct stmboot_kernel *kernel)
{
	uint8_t magic[4];
	size_t got;
	enum stmboot_status status;

	if (kernel->format != STMBOOT_KERNEL_ZIMAGE || kernel->image_bytes == 0)
		return STMBOOT_OK;
	status = sb_source_peek(r->src, kernel->image_bytes, magic, sizeof(magic), &got);
	if (status == STMBOOT_OK && memcmp(magic, "\xd0\x0d\xfe\xed", sizeof(magic)) == 0) {
		kernel->has_appended_dtb = true;
		kernel->appended_dtb_offset = kernel->image_bytes;
	}
	return status;
}

static enum stmboot_status decode(struct sb_kernel_reader *r, struct stmboot_kernel *kernel)
{
	static enum stmboot_status (*const decoders[])(const struct sb_kernel_reader *,
						       struct stmboot_kernel *) = {
		sb_zimage_decode,
		sb_arm64_image_decode,
		sb_zboot_decode,
		decode_compressed,
	};
	enum stmboot_status status =
		sb_source_peek(r->src, 0, r->head, sizeof(r->head), &r->head_bytes);

	if (status == STMBOOT_OK)
		status = find_efi_stub(r, kernel);
	for (size_t i = 0; i < sizeof(decoders) / sizeof(decoders[0]); i++)
		if (status == STMBOOT_OK && kernel->format == STMBOOT_KERNEL_UNKNOWN)
			status = decoders[i](r, kernel);
	if (status != STMBOOT_OK)
		return status;
	kernel->truncated = kernel->image_bytes > kernel->file_bytes;
	if (kernel->format == STMBOOT_KERNEL_UNKNOWN) {
		kernel->found_magic = sb_get_le32(r->head + AT_MAGIC);
		kernel->looks_like = lookalike(r);
	}
	return find_appended_dtb(r, kernel);
}

enum stmboot_status sb_kernel_decode(struct sb_arena *arena, struct stmboot_source *src,
				     struct stmboot_kernel *out)
{
	struct sb_kernel_reader reader = { .arena = arena, .src = src };
	struct stmboot_kernel kernel = { .file_bytes = stmboot_source_size(src) };
	enum stmboot_status status = decode(&reader, &kernel);

	if (status == STMBOOT_OK)
		*out = kernel;
	return status;
}

enum stmboot_status stmboot_kernel_decode(struct stmboot_context *ctx, struct stmboot_source *src,
					  struct stmboot_kernel **out)
{
	struct stmboot_kernel *kernel = sb_object_new(ctx, sizeof(*kernel));
	enum stmboot_status status;

	if (kernel == NULL)
		return STMBOOT_NO_MEMORY;
	status = sb_kernel_decode(sb_object_arena(kernel), src, kernel);
	if (status == STMBOOT_OK)
		*out = kernel;
	else
		sb_object_free(kernel);
	return status;
}

void stmboot_kernel_free(struct stmboot_kernel *kernel)
{
	sb_object_free(kernel);
}

const char *stmboot_kernel_format_text(enum stmboot_kernel_format format)
{
	static const char *const names[] = { "unknown",     "zimage",    "barebox",
					     "arm64-image", "efi-zboot", "compressed" };

	return (size_t)format < sizeof(names) / sizeof(names[0]) ? names[format] : "?";
}
