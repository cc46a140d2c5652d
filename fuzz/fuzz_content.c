/* SPDX-License-Identifier: MIT */
/*
 * What a partition holds, and update metadata, which is known by its inner
 * agreement only; the input is that of patched.h.
 */
#include <stmboot/content.h>
#include <stmboot/fwu.h>

#include "../tests/support/containers.h"
#include "patched.h"

enum { EMPTY_BYTES = 8192 };

static size_t make(uint8_t *bytes, uint8_t choice)
{
	return (choice & 3) == 0 ? EMPTY_BYTES : make_fwu(bytes, (choice & 3) == 1 ? 1 : 2);
}

static enum stmboot_content detect(struct patched *p, struct stmboot_source *src,
				   const char **flavour)
{
	enum stmboot_content content = STMBOOT_CONTENT_COUNT;

	require(stmboot_content_detect(p->ctx, src, &content, flavour) == STMBOOT_OK);
	require(content < STMBOOT_CONTENT_COUNT && stmboot_content_text(content) != NULL);
	return content;
}

/* A partition holds what the same bytes hold as a file. */
static void check_content(struct patched *p)
{
	struct stmboot_source *parent, *window;
	uint8_t *shifted = calloc(1, p->size + 1);
	const char *flavour, *again;

	require(shifted != NULL);
	memcpy(shifted + 1, p->bytes, p->size);
	require(stmboot_source_from_memory(p->ctx, shifted, p->size + 1, &parent) == STMBOOT_OK);
	require(stmboot_source_window(p->ctx, parent, 1, p->size, &window) == STMBOOT_OK);
	require(detect(p, p->src, &flavour) == detect(p, window, &again));
	require(flavour == again);
	stmboot_source_close(window);
	stmboot_source_close(parent);
	free(shifted);
}

static void check_fwu(struct patched *p)
{
	struct stmboot_fwu *fwu;

	if (stmboot_fwu_decode(p->ctx, p->src, &fwu) != STMBOOT_OK)
		return;
	require(fwu->version == 1 || fwu->version == 2);
	require(fwu->bank_count <= STMBOOT_FWU_MAX_BANKS);
	require(fwu->decoded_images <= STMBOOT_FWU_MAX_IMAGES);
	require(fwu->decoded_images <= fwu->image_count);
	require(fwu->has_computed_crc == (fwu->metadata_bytes <= p->size));
	require(stmboot_fwu_validate(fwu, p->src, p->diags) == STMBOOT_OK);
	stmboot_fwu_free(fwu);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct patched *p = patched_new(data, size, make);

	check_content(p);
	check_fwu(p);
	patched_free(p);
	return 0;
}
