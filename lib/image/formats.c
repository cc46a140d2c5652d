/* SPDX-License-Identifier: MIT */
#include "image/part.h"

#include "format/fit.h"
#include "format/formats.h"

/* How a row decodes and frees a record that the public part has under the same name. */
#define DESCRIBED_BY(name, type)                                                                   \
	static enum stmboot_status decode_##name(struct stmboot_context *ctx,                      \
						 struct stmboot_source *src,                       \
						 struct stmboot_part *part, void **record)         \
	{                                                                                          \
		struct type *decoded;                                                              \
		enum stmboot_status status = stmboot_##name##_decode(ctx, src, &decoded);          \
                                                                                                   \
		if (status == STMBOOT_OK)                                                          \
			part->name = *record = decoded;                                            \
		return status;                                                                     \
	}                                                                                          \
                                                                                                   \
	static void free_##name(void *record)                                                      \
	{                                                                                          \
		stmboot_##name##_free(record);                                                     \
	}

DESCRIBED_BY(dtb, stmboot_dtb)
DESCRIBED_BY(ext4, stmboot_ext4_info)
DESCRIBED_BY(fip, stmboot_fip)
DESCRIBED_BY(fit, stmboot_fit)
DESCRIBED_BY(fwu, stmboot_fwu)
DESCRIBED_BY(kernel, stmboot_kernel)
DESCRIBED_BY(stm32, stmboot_stm32)
DESCRIBED_BY(uimage, stmboot_uimage)

static enum stmboot_status decode_env(struct stmboot_context *ctx, struct stmboot_source *src,
				      struct stmboot_part *part, void **record)
{
	struct stmboot_env_area *area;
	enum stmboot_status status = stmboot_env_area_decode(ctx, src, &area);

	if (status == STMBOOT_OK)
		part->env = *record = area;
	return status;
}

static void free_env(void *record)
{
	stmboot_env_area_free(record);
}

static enum stmboot_status scan_stm32(struct stmboot_context *ctx, struct stmboot_source *src,
				      void *record, struct sb_scan *scan)
{
	return sb_stm32_scan(ctx, src, record, scan);
}

static void adopt_stm32(void *record, const void *same)
{
	struct stmboot_stm32 *image = record;
	const struct stmboot_stm32 *from = same;

	image->has_computed_checksum = from->has_computed_checksum;
	image->computed_checksum = from->computed_checksum;
}

static enum stmboot_status scan_uimage(struct stmboot_context *ctx, struct stmboot_source *src,
				       void *record, struct sb_scan *scan)
{
	return sb_uimage_scan(ctx, src, record, scan);
}

static void adopt_uimage(void *record, const void *same)
{
	struct stmboot_uimage *image = record;
	const struct stmboot_uimage *from = same;

	image->has_computed_data_crc = from->has_computed_data_crc;
	image->computed_data_crc = from->computed_data_crc;
}

static enum stmboot_status scan_fit(struct stmboot_context *ctx, struct stmboot_source *src,
				    void *record, struct sb_scan *scan)
{
	struct stmboot_fit *fit = record;
	enum stmboot_status status = sb_scan_range(ctx, src, 0, sb_fit_end(fit), scan);

	return status == STMBOOT_OK ? sb_fit_verify_all(ctx, src, fit) : status;
}

static void adopt_fit(void *record, const void *same)
{
	sb_fit_adopt(record, same);
}

static enum stmboot_status scan_fip(struct stmboot_context *ctx, struct stmboot_source *src,
				    void *record, struct sb_scan *scan)
{
	return sb_fip_scan(ctx, src, record, scan);
}

/* What the images hold stays with the earlier record, which outlives this one. */
static void adopt_fip(void *record, const void *same)
{
	struct stmboot_fip *fip = record;
	const struct stmboot_fip *from = same;

	fip->payloads = from->payloads;
	fip->optee = from->optee;
}

static const struct sb_format formats[] = {
	{ STMBOOT_CONTENT_ARM64_IMAGE, decode_kernel, free_kernel },
	{ STMBOOT_CONTENT_DTB, decode_dtb, free_dtb },
	{ STMBOOT_CONTENT_EXT4, decode_ext4, free_ext4 },
	{ STMBOOT_CONTENT_FIP, decode_fip, free_fip, scan_fip, adopt_fip },
	{ STMBOOT_CONTENT_FIT, decode_fit, free_fit, scan_fit, adopt_fit },
	{ STMBOOT_CONTENT_FWU_METADATA, decode_fwu, free_fwu },
	{ STMBOOT_CONTENT_STM32, decode_stm32, free_stm32, scan_stm32, adopt_stm32 },
	{ STMBOOT_CONTENT_UIMAGE, decode_uimage, free_uimage, scan_uimage, adopt_uimage },
	{ STMBOOT_CONTENT_UBOOT_ENV, decode_env, free_env },
	{ STMBOOT_CONTENT_ZIMAGE, decode_kernel, free_kernel },
};

const struct sb_format *sb_format_of(enum stmboot_content content)
{
	for (size_t i = 0; i < sizeof(formats) / sizeof(formats[0]); i++)
		if (formats[i].content == content)
			return &formats[i];
	return NULL;
}
