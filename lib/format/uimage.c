/* SPDX-License-Identifier: MIT */
/* The legacy image header, U-Boot include/image.h, and the size table of multi images. */
#include <stmboot/uimage.h>

#include <string.h>

#include "base/checked.h"
#include "base/context.h"
#include "base/crc32.h"
#include "base/cursor.h"
#include "format/formats.h"
#include "source/source.h"

enum {
	MAGIC = 0x27051956,
	HEADER_CRC_OFFSET = 4,
	TABLE_BYTES = 4 * (STMBOOT_UIMAGE_MAX_PARTS + 1), /* sizes and the final 0 */
};

/* The CRC is that of a header whose own CRC field is zero. */
static uint32_t header_crc(const uint8_t header[STMBOOT_UIMAGE_HEADER])
{
	uint8_t copy[STMBOOT_UIMAGE_HEADER];

	memcpy(copy, header, sizeof(copy));
	memset(copy + HEADER_CRC_OFFSET, 0, 4);
	return sb_crc32(0, copy, sizeof(copy));
}

static void decode_header(struct stmboot_uimage *image, struct sb_cursor *c)
{
	image->header_crc = sb_be32(c);
	image->timestamp = sb_be32(c);
	image->data_bytes = sb_be32(c);
	image->load_address = sb_be32(c);
	image->entry_point = sb_be32(c);
	image->data_crc = sb_be32(c);
	image->os = sb_u8(c);
	image->arch = sb_u8(c);
	image->type = sb_u8(c);
	image->compression = sb_u8(c);
	sb_bytes(c, image->name, STMBOOT_UIMAGE_NAME);
	image->data_fits =
		sb_range_within(STMBOOT_UIMAGE_HEADER, image->data_bytes, image->source_bytes);
}

static bool has_parts(const struct stmboot_uimage *image)
{
	return image->type == STMBOOT_UIMAGE_TYPE_MULTI ||
	       image->type == STMBOOT_UIMAGE_TYPE_SCRIPT;
}

/* Sizes up to a 0, then the parts, each padded to 4 bytes but the last. */
static void decode_table(struct stmboot_uimage *image, struct sb_cursor *c)
{
	uint32_t size = sb_be32(c);
	size_t count = 0;
	uint64_t position;

	while (size != 0 && count < STMBOOT_UIMAGE_MAX_PARTS) {
		image->parts[count++].size = size;
		size = sb_be32(c);
	}
	image->parts_ok = sb_cursor_ok(c) && size == 0;
	position = 4 * ((uint64_t)count + 1);
	for (size_t i = 0; i < count && image->parts_ok; i++) {
		image->parts_ok =
			sb_range_within(position, image->parts[i].size, image->data_bytes);
		image->parts[i].offset = STMBOOT_UIMAGE_HEADER + position;
		position += sb_round_up_u64(image->parts[i].size, 4);
		image->part_count += image->parts_ok;
	}
}

static enum stmboot_status decode_parts(struct stmboot_source *src, struct stmboot_uimage *image)
{
	uint64_t room = image->source_bytes - STMBOOT_UIMAGE_HEADER;
	uint8_t table[TABLE_BYTES];
	enum stmboot_status status;
	struct sb_cursor c;
	size_t got;

	if (!has_parts(image))
		return STMBOOT_OK;
	status = sb_source_peek(
		src, STMBOOT_UIMAGE_HEADER, table,
		(size_t)sb_min_u64(sizeof(table), sb_min_u64(room, image->data_bytes)), &got);
	if (status != STMBOOT_OK)
		return status;
	c = sb_cursor(table, got);
	decode_table(image, &c);
	return STMBOOT_OK;
}

enum stmboot_status sb_uimage_decode(struct stmboot_source *src, struct stmboot_uimage *out)
{
	struct stmboot_uimage image = { .source_bytes = stmboot_source_size(src) };
	uint8_t header[STMBOOT_UIMAGE_HEADER];
	struct sb_cursor c = sb_cursor(header, sizeof(header));
	size_t got;
	enum stmboot_status status = sb_source_peek(src, 0, header, sizeof(header), &got);

	if (status != STMBOOT_OK)
		return status;
	if (got < 4 || sb_be32(&c) != MAGIC)
		return STMBOOT_NOT_RECOGNISED;
	if (got < sizeof(header))
		return STMBOOT_TRUNCATED;
	decode_header(&image, &c);
	image.computed_header_crc = header_crc(header);
	status = decode_parts(src, &image);
	if (status == STMBOOT_OK)
		*out = image;
	return status;
}

enum stmboot_status stmboot_uimage_decode(struct stmboot_context *ctx, struct stmboot_source *src,
					  struct stmboot_uimage **out)
{
	struct stmboot_uimage *image = sb_object_new(ctx, sizeof(*image));
	enum stmboot_status status;

	if (image == NULL)
		return STMBOOT_NO_MEMORY;
	status = sb_uimage_decode(src, image);
	if (status == STMBOOT_OK)
		*out = image;
	else
		sb_object_free(image);
	return status;
}

void stmboot_uimage_free(struct stmboot_uimage *image)
{
	sb_object_free(image);
}

/* Read the data once; its CRC is kept when all of it is there. */
static enum stmboot_status scan_data(struct stmboot_context *ctx, struct stmboot_source *src,
				     struct stmboot_uimage *image, struct sb_scan *scan)
{
	uint64_t room = image->source_bytes - STMBOOT_UIMAGE_HEADER;
	uint64_t length = sb_min_u64(image->data_bytes, room);
	enum stmboot_status status;

	if (length > sb_limits(ctx)->max_unpacked_bytes)
		return STMBOOT_LIMIT;
	status = sb_scan_range(ctx, src, STMBOOT_UIMAGE_HEADER, length, scan);
	if (status == STMBOOT_OK && image->data_fits) {
		image->computed_data_crc = scan->crc32;
		image->has_computed_data_crc = true;
	}
	return status;
}

static bool is_bad_data(enum stmboot_status status)
{
	return status == STMBOOT_CORRUPT || status == STMBOOT_TRUNCATED ||
	       status == STMBOOT_LIMIT || status == STMBOOT_NOT_RECOGNISED;
}

/* What damaged gzip data gave is kept; mkimage calls a script gzip by default, and it is none. */
enum stmboot_status sb_uimage_scan(struct stmboot_context *ctx, struct stmboot_source *src,
				   struct stmboot_uimage *image, struct sb_scan *scan)
{
	enum stmboot_status status = scan_data(ctx, src, image, scan);
	struct sb_scan unpacked;

	if (status != STMBOOT_OK || image->compression != STMBOOT_UIMAGE_COMP_GZIP)
		return status;
	status = sb_scan_gzip(ctx, src, STMBOOT_UIMAGE_HEADER, scan->bytes, &unpacked);
	if (status == STMBOOT_OK || (is_bad_data(status) && unpacked.bytes != 0))
		*scan = unpacked;
	return is_bad_data(status) ? STMBOOT_OK : status;
}

enum stmboot_status stmboot_uimage_verify(struct stmboot_context *ctx, struct stmboot_source *src,
					  struct stmboot_uimage *image)
{
	struct sb_scan scan;

	if (!image->data_fits)
		return STMBOOT_TRUNCATED;
	return scan_data(ctx, src, image, &scan);
}

/* The names that mkimage takes (U-Boot boot/image.c). */
static const char *const os_names[] = {
	"invalid",  "openbsd",
	"netbsd",   "freebsd",
	"4_4bsd",   "linux",
	"svr4",     "esix",
	"solaris",  "irix",
	"sco",      "dell",
	"ncr",      "lynxos",
	"vxworks",  "psos",
	"qnx",      "u-boot",
	"rtems",    "artos",
	"unity",    "integrity",
	"ose",      "plan9",
	"openrtos", "arm-trusted-firmware",
	"tee",      "opensbi",
	"efi",      "elf",
};

static const char *const arch_names[] = {
	"invalid",    "alpha", "arm",      "x86",    "ia64",    "mips",    "mips64",
	"powerpc",    "s390",  "sh",       "sparc",  "sparc64", "m68k",    "nios",
	"microblaze", "nios2", "blackfin", "avr32",  "st200",   "sandbox", "nds32",
	"or1k",       "arm64", "arc",      "x86_64", "xtensa",  "riscv",
};

static const char *const type_names[] = {
	"invalid",         "standalone",    "kernel",       "ramdisk",      "multi",
	"firmware",        "script",        "filesystem",   "flat_dt",      "kwbimage",
	"imximage",        "ublimage",      "omapimage",    "aisimage",     "kernel_noload",
	"pblimage",        "mxsimage",      "gpimage",      "atmelimage",   "socfpgaimage",
	"x86_setup",       "lpc32xximage",  "loadable",     "rkimage",      "rksd",
	"rkspi",           "zynqimage",     "zynqmpimage",  "zynqmpbif",    "fpga",
	"vybridimage",     "tee",           "firmware_ivt", "pmmc",         "stm32image",
	"socfpgaimage_v1", "mtk_image",     "imx8mimage",   "imx8image",    "copro",
	"sunxi_egon",      "sunxi_toc0",    "fdt_legacy",   "renesas_spkg", "starfive_spl",
	"tfa_bl31",        "stm32image_v2", "amlimage",
};

static const char *const compression_names[] = { "none", "gzip", "bzip2", "lzma",
						 "lzo",  "lz4",  "zstd" };

static const char *name_of(const char *const *names, size_t count, uint8_t value)
{
	return value < count ? names[value] : NULL;
}

const char *stmboot_uimage_os_text(uint8_t os)
{
	return name_of(os_names, sizeof(os_names) / sizeof(os_names[0]), os);
}

const char *stmboot_uimage_arch_text(uint8_t arch)
{
	return name_of(arch_names, sizeof(arch_names) / sizeof(arch_names[0]), arch);
}

const char *stmboot_uimage_type_text(uint8_t type)
{
	return name_of(type_names, sizeof(type_names) / sizeof(type_names[0]), type);
}

const char *stmboot_uimage_compression_text(uint8_t compression)
{
	return name_of(compression_names, sizeof(compression_names) / sizeof(compression_names[0]),
		       compression);
}
