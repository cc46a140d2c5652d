/* SPDX-License-Identifier: MIT */
/* What U-Boot's `source` makes of a boot script (U-Boot boot/image.c, cmd/source.c). */
#include "base/context.h"
#include "base/cursor.h"
#include "boot/facts.h"
#include "source/source.h"

enum { SIZE_WORD = 4 }; /* of the table in front of the text */

/* The text behind the table of sizes, of which the first must not be 0. */
static enum stmboot_status read_text(struct sb_facts *facts, struct sb_config *config)
{
	struct sb_script *script = &config->what;
	char *data = NULL;
	size_t size = 0, at = 0;
	enum stmboot_status status = sb_source_load(
		facts->arena, config->src, sb_limits(facts->ctx)->max_text_bytes, &data, &size);

	if (status != STMBOOT_OK) {
		script->fault = SB_SCRIPT_UNREADABLE;
		return sb_is_fatal(status) ? status : STMBOOT_OK;
	}
	data += STMBOOT_UIMAGE_HEADER;
	size = script->image.data_bytes; /* which fits: its CRC is right */
	if (size < SIZE_WORD || sb_get_be32((const uint8_t *)data) == 0) {
		script->fault = SB_SCRIPT_EMPTY;
		return STMBOOT_OK;
	}
	while (size - at >= SIZE_WORD && sb_get_be32((const uint8_t *)data + at) != 0)
		at += SIZE_WORD;
	at += size - at >= SIZE_WORD ? SIZE_WORD : 0;
	return sb_boot_script_read(facts->arena, data + at, size - at, &script->commands)
		       ? STMBOOT_OK
		       : STMBOOT_NO_MEMORY;
}

/* The checks stand in the order in which U-Boot makes them. */
static enum sb_script_fault fault_of(const struct stmboot_uimage *image)
{
	if (image->header_crc != image->computed_header_crc)
		return SB_SCRIPT_HEADER_CRC;
	if (!image->data_fits ||
	    (image->has_computed_data_crc && image->data_crc != image->computed_data_crc))
		return SB_SCRIPT_DATA_CRC;
	return image->type == STMBOOT_UIMAGE_TYPE_SCRIPT ? SB_SCRIPT_RUNS : SB_SCRIPT_TYPE;
}

static bool is_fit(struct stmboot_source *src)
{
	uint8_t magic[SIZE_WORD];

	return stmboot_source_size(src) >= sizeof(magic) &&
	       stmboot_source_read(src, 0, magic, sizeof(magic)) == STMBOOT_OK &&
	       sb_get_be32(magic) == 0xd00dfeed;
}

enum stmboot_status sb_facts_script(struct sb_facts *facts, struct sb_config *config)
{
	struct sb_script *script = &config->what;
	struct stmboot_uimage *image = NULL;
	enum stmboot_status status = stmboot_uimage_decode(facts->ctx, config->src, &image);

	if (sb_is_fatal(status))
		return status;
	if (status != STMBOOT_OK) {
		script->is_fit = is_fit(config->src);
		script->fault = script->is_fit         ? SB_SCRIPT_RUNS
				: status == STMBOOT_IO ? SB_SCRIPT_UNREADABLE
						       : SB_SCRIPT_NO_IMAGE;
		return STMBOOT_OK;
	}
	if (image->data_fits)
		status = stmboot_uimage_verify(facts->ctx, config->src, image);
	script->image = *image;
	stmboot_uimage_free(image);
	if (status != STMBOOT_OK) {
		script->fault = SB_SCRIPT_UNREADABLE;
		return sb_is_fatal(status) ? status : STMBOOT_OK;
	}
	script->fault = fault_of(&script->image);
	return script->fault == SB_SCRIPT_RUNS ? read_text(facts, config) : STMBOOT_OK;
}
