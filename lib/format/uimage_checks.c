/* SPDX-License-Identifier: MIT */
/*
 * What SPL and bootm will make of a legacy image. SPL asks for the magic only
 * (U-Boot common/spl/spl_legacy.c), bootm for nearly everything (boot/bootm.c,
 * boot/image-board.c).
 */
#include <stmboot/uimage.h>

#include <inttypes.h>
#include <stdio.h>

#include "base/hint.h"
#include "format/formats.h"

/* Where the fields stand in the header. */
enum {
	HEADER_CRC = 4,
	DATA_BYTES = 12,
	ENTRY_POINT = 20,
	DATA_CRC = 24,
	OS = 28,
	ARCH = 29,
	TYPE = 30,
	COMPRESSION = 31,
	BOOTM_BYTES = 0x2000000, /* CONFIG_SYS_BOOTM_LEN of these boards */
};

struct checked {
	const struct sb_scope *scope;
	const struct stmboot_uimage *image;
	enum stmboot_uimage_role role;
	struct sb_scope lowered; /* for what is no error in this case */
};

static const char *hex(const struct checked *c, uint32_t value)
{
	return sb_text(c->scope, "0x%08" PRIx32, value);
}

static void check_header_crc(const struct checked *c)
{
	const struct stmboot_uimage *image = c->image;

	if (image->header_crc != image->computed_header_crc)
		sb_report(c->scope, SB_UIMAGE_HEADER_CRC,
			  &(struct sb_finding){
				  .offset = HEADER_CRC,
				  .length = 4,
				  .found = hex(c, image->header_crc),
				  .expected = sb_text(c->scope, "0x%08" PRIx32 ", computed",
						      image->computed_header_crc),
				  .hint = sb_hint_replace(
					  c->scope,
					  "write the file again, or make it again with mkimage") });
}

static void check_any_data(const struct checked *c)
{
	if (c->image->data_bytes == 0)
		sb_report(c->scope, SB_UIMAGE_EMPTY,
			  &(struct sb_finding){
				  .offset = DATA_BYTES,
				  .length = 4,
				  .found = "0",
				  .expected = "the bytes of the payload",
				  .hint = sb_hint_replace(c->scope, "build the image again") });
}

static void check_length(const struct checked *c)
{
	const struct stmboot_uimage *image = c->image;

	if (!image->data_fits)
		sb_report(c->scope, SB_UIMAGE_TRUNCATED,
			  &(struct sb_finding){
				  .offset = DATA_BYTES,
				  .length = 4,
				  .found = sb_text(c->scope,
						   "%d + %" PRIu32 " bytes of header and data",
						   STMBOOT_UIMAGE_HEADER, image->data_bytes),
				  .expected = sb_text(c->scope, "at most %" PRIu64 " bytes",
						      image->source_bytes),
				  .hint = "make the partition large enough, then write the file "
					  "again" });
}

static void check_data_crc(const struct checked *c)
{
	const struct stmboot_uimage *image = c->image;

	if (image->has_computed_data_crc && image->data_crc != image->computed_data_crc)
		sb_report(
			c->scope, SB_UIMAGE_DATA_CRC,
			&(struct sb_finding){
				.offset = DATA_CRC,
				.length = 4,
				.found = hex(c, image->data_crc),
				.expected = sb_text(c->scope, "0x%08" PRIx32 ", computed",
						    image->computed_data_crc),
				.hint = sb_hint_replace(
					c->scope, "the data changed after the image was made, or "
						  "was not written whole; write the file again") });
}

/* A field of one byte that has another value than the reader wants. */
static void report_field(const struct sb_scope *scope, enum sb_code code, uint64_t offset,
			 uint8_t value, const char *name, const char *expected)
{
	sb_report(
		scope, code,
		&(struct sb_finding){
			.offset = offset,
			.length = 1,
			.found = sb_text(scope, "%d (%s)", value, name != NULL ? name : "unknown"),
			.expected = expected,
			.hint = sb_hint_replace(scope, "make the image with the -A, -O, -T and -C "
						       "of mkimage that belong to its content") });
}

/* What a reader asks for; what does not decide is lowered. */
struct wanted {
	uint8_t types[4]; /* up to a 0 */
	const char *types_text;
	uint8_t os;
	bool decides;    /* type, architecture and compression do */
	bool os_decides; /* so does the operating system */
	bool compressed; /* it unpacks the data, whatever it was packed with */
};

/* SPL looks at nothing but the compression, and jumps to the entry point. */
static const struct wanted by_spl = {
	.types = { STMBOOT_UIMAGE_TYPE_FIRMWARE, STMBOOT_UIMAGE_TYPE_STANDALONE,
		   STMBOOT_UIMAGE_TYPE_KERNEL },
	.types_text = "firmware",
	.os = STMBOOT_UIMAGE_OS_UBOOT,
};

/* image_get_kernel() and boot_get_kernel(). */
static const struct wanted by_bootm = {
	.types = { STMBOOT_UIMAGE_TYPE_KERNEL, STMBOOT_UIMAGE_TYPE_KERNEL_NOLOAD,
		   STMBOOT_UIMAGE_TYPE_MULTI, STMBOOT_UIMAGE_TYPE_STANDALONE },
	.types_text = "kernel, kernel_noload, multi or standalone",
	.os = STMBOOT_UIMAGE_OS_LINUX,
	.decides = true,
	.compressed = true,
};

/* image_get_ramdisk(). */
static const struct wanted as_ramdisk = {
	.types = { STMBOOT_UIMAGE_TYPE_RAMDISK, STMBOOT_UIMAGE_TYPE_MULTI },
	.types_text = "ramdisk",
	.os = STMBOOT_UIMAGE_OS_LINUX,
	.decides = true,
	.os_decides = true,
};

/* NULL: only whether the image is intact matters. */
static const struct wanted *wanted(const struct checked *c)
{
	switch (c->role) {
	case STMBOOT_UIMAGE_SSBL:
		return &by_spl;
	case STMBOOT_UIMAGE_KERNEL:
		return &by_bootm;
	case STMBOOT_UIMAGE_INITRD:
		return &as_ramdisk;
	default:
		return NULL;
	}
}

static const struct sb_scope *scope_for(const struct checked *c, bool decides)
{
	return decides ? c->scope : &c->lowered;
}

static void check_type(const struct checked *c)
{
	const struct wanted *w = wanted(c);
	uint8_t type = c->image->type;

	for (size_t i = 0; w != NULL && i < sizeof(w->types) && w->types[i] != 0; i++)
		if (w->types[i] == type)
			return;
	if (w != NULL)
		report_field(scope_for(c, w->decides), SB_UIMAGE_TYPE, TYPE, type,
			     stmboot_uimage_type_text(type), w->types_text);
}

static void check_arch(const struct checked *c)
{
	const struct wanted *w = wanted(c);
	uint8_t arch = c->image->arch;

	if (w != NULL && arch != STMBOOT_UIMAGE_ARCH_ARM && arch != STMBOOT_UIMAGE_ARCH_ARM64)
		report_field(scope_for(c, w->decides), SB_UIMAGE_ARCH, ARCH, arch,
			     stmboot_uimage_arch_text(arch), "arm, or arm64 on STM32MP2");
}

static void check_os(const struct checked *c)
{
	const struct wanted *w = wanted(c);
	uint8_t os = c->image->os;

	if (w != NULL && os != w->os)
		report_field(scope_for(c, w->os_decides), SB_UIMAGE_OS, OS, os,
			     stmboot_uimage_os_text(os), stmboot_uimage_os_text(w->os));
}

/* The kernel unpacks an initrd, whatever the header says. */
static void check_compression(const struct checked *c)
{
	const struct wanted *w = wanted(c);
	uint8_t compression = c->image->compression;
	const char *name = stmboot_uimage_compression_text(compression);

	if (w == NULL || w == &as_ramdisk)
		return;
	if (name == NULL || (!w->compressed && compression != STMBOOT_UIMAGE_COMP_NONE))
		report_field(scope_for(c, w->decides), SB_UIMAGE_COMPRESSION, COMPRESSION,
			     compression, name,
			     w->compressed ? "none, gzip, bzip2, lzma, lzo, lz4 or zstd" : "none");
}

static void check_entry(const struct checked *c)
{
	const struct stmboot_uimage *image = c->image;
	uint64_t end = (uint64_t)image->load_address + image->data_bytes;

	if (c->role != STMBOOT_UIMAGE_SSBL ||
	    (image->entry_point >= image->load_address && image->entry_point < end))
		return;
	sb_report(
		c->scope, SB_UIMAGE_ENTRY_OUTSIDE,
		&(struct sb_finding){
			.offset = ENTRY_POINT,
			.length = 4,
			.found = hex(c, image->entry_point),
			.expected = sb_text(c->scope, "from 0x%08" PRIx32 " to below 0x%08" PRIx64,
					    image->load_address, end),
			.hint = sb_hint_replace(c->scope,
						"give mkimage -e an address within the image") });
}

static void check_size(const struct checked *c)
{
	if (c->role == STMBOOT_UIMAGE_SSBL && c->image->data_bytes > BOOTM_BYTES)
		sb_report(c->scope, SB_UIMAGE_TOO_LARGE,
			  &(struct sb_finding){
				  .offset = DATA_BYTES,
				  .length = 4,
				  .found = sb_text(c->scope, "%" PRIu32 " bytes",
						   c->image->data_bytes),
				  .expected = sb_text(c->scope, "at most %d bytes", BOOTM_BYTES),
				  .hint = "check that this is U-Boot" });
}

static void check_parts(const struct checked *c)
{
	const struct stmboot_uimage *image = c->image;
	bool has_parts = image->type == STMBOOT_UIMAGE_TYPE_MULTI ||
			 image->type == STMBOOT_UIMAGE_TYPE_SCRIPT;

	if (has_parts && !image->parts_ok)
		sb_report(c->scope, SB_UIMAGE_PARTS,
			  &(struct sb_finding){
				  .offset = STMBOOT_UIMAGE_HEADER,
				  .length = 4,
				  .found = sb_text(c->scope, "%zu parts that lie within the data",
						   image->part_count),
				  .expected = sb_text(c->scope,
						      "1 to %d sizes and a 0, then parts of these "
						      "sizes within %" PRIu32 " bytes",
						      STMBOOT_UIMAGE_MAX_PARTS, image->data_bytes),
				  .hint = sb_hint_replace(c->scope,
							  "make the image again with mkimage") });
}

/* clang-format off */
static const SB_RULE(const struct checked *) rows[] = {
	{ SB_UIMAGE_HEADER_CRC, check_header_crc },
	{ SB_UIMAGE_EMPTY, check_any_data },
	{ SB_UIMAGE_TRUNCATED, check_length },
	{ SB_UIMAGE_DATA_CRC, check_data_crc },
	{ SB_UIMAGE_TYPE, check_type },
	{ SB_UIMAGE_ARCH, check_arch },
	{ SB_UIMAGE_OS, check_os },
	{ SB_UIMAGE_COMPRESSION, check_compression },
	{ SB_UIMAGE_ENTRY_OUTSIDE, check_entry },
	{ SB_UIMAGE_TOO_LARGE, check_size },
	{ SB_UIMAGE_PARTS, check_parts },
};
/* clang-format on */

const struct sb_rules sb_uimage_rules = SB_RULES(rows);

void sb_uimage_validate(const struct sb_scope *scope, const struct stmboot_uimage *image,
			enum stmboot_uimage_role role)
{
	struct sb_scope placed = *scope;
	struct checked c = { .scope = &placed, .image = image, .role = role };

	if (placed.stage == STMBOOT_NO_STAGE &&
	    (role == STMBOOT_UIMAGE_KERNEL || role == STMBOOT_UIMAGE_INITRD))
		placed.stage = STMBOOT_STAGE_KERNEL;
	c.lowered = placed;
	if (c.lowered.ceiling > STMBOOT_WARNING)
		c.lowered.ceiling = STMBOOT_WARNING;
	for (struct sb_run run = sb_run(&sb_uimage_rules, &placed); sb_run_next(&run);)
		rows[run.row].check(&c);
}

enum stmboot_status stmboot_uimage_validate(const struct stmboot_uimage *image,
					    struct stmboot_source *src,
					    enum stmboot_uimage_role role,
					    struct stmboot_diags *diags)
{
	struct sb_scope scope = sb_scope(diags, src);

	sb_uimage_validate(&scope, image, role);
	return sb_diags_status(diags);
}
