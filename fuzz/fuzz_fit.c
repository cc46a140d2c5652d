/* SPDX-License-Identifier: MIT */
/*
 * FIT images: whatever is listed lies where it is said to lie. Sizes in the
 * header are mended in 7 of 8 mutations.
 */
#include <stdlib.h>
#include <string.h>

#include "base/diag.h"
#include "dtb_mend.h"
#include "format/dtb.h"
#include "format/fit.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
size_t LLVMFuzzerMutate(uint8_t *data, size_t size, size_t max_size);
size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max_size, unsigned int seed);

static void require(bool condition)
{
	if (!condition)
		abort();
}

static void check_fit(const struct stmboot_fit *fit, size_t size)
{
	require(fit->total_bytes <= size);
	for (size_t i = 0; i < fit->image_count; i++) {
		const struct stmboot_fit_image *image = &fit->images[i];

		require(image->name != NULL && (image->has_data || !image->inside));
		require(!image->inside ||
			(image->offset <= size && image->bytes <= size - image->offset));
		require(image->external || !image->has_data || image->inside);
		for (size_t j = 0; j < image->hash_count; j++)
			require(image->hashes[j] != NULL);
	}
	for (size_t i = 0; i < fit->configuration_count; i++) {
		const struct stmboot_fit_configuration *c = &fit->configurations[i];

		require(c->name != NULL);
		for (size_t j = 0; j < c->fdt_count; j++)
			require(strlen(c->fdt[j]) < size);
		for (size_t j = 0; j < c->loadable_count; j++)
			require(strlen(c->loadables[j]) < size);
	}
}

/* Both readers of device trees are of one mind about what is damaged. */
static void compare(struct stmboot_context *ctx, struct stmboot_source *src,
		    enum stmboot_status status)
{
	struct stmboot_dtb *dtb;

	require(stmboot_dtb_decode(ctx, src, &dtb) == STMBOOT_OK);
	if (status == STMBOOT_OK)
		require(dtb->defect == STMBOOT_DTB_GOOD ||
			dtb->defect == STMBOOT_DTB_BAD_STRUCTURE); /* the reserve map */
	if (dtb->defect == STMBOOT_DTB_GOOD)
		require(status != STMBOOT_TRUNCATED);
	stmboot_dtb_free(dtb);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct stmboot_context *ctx;
	struct stmboot_source *src;
	struct stmboot_diags *diags;
	struct stmboot_fit *fit = NULL;
	enum stmboot_status status;
	struct sb_scope scope;

	require(stmboot_context_new(NULL, &ctx) == STMBOOT_OK);
	require(stmboot_source_from_memory(ctx, data, size, &src) == STMBOOT_OK);
	require(stmboot_diags_new(ctx, &diags) == STMBOOT_OK);
	status = stmboot_fit_decode(ctx, src, &fit);
	require((status == STMBOOT_OK) == (fit != NULL));
	compare(ctx, src, status);
	scope = sb_scope(diags, src);
	if (fit != NULL) {
		check_fit(fit, size);
		sb_fit_validate(&scope, fit, NULL);
	} else {
		sb_fit_report_status(&scope, status);
	}
	stmboot_fit_free(fit);
	stmboot_diags_free(diags);
	stmboot_source_close(src);
	stmboot_context_free(ctx);
	return 0;
}

size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max_size, unsigned int seed)
{
	size = LLVMFuzzerMutate(data, size, max_size);
	if (seed % 8 != 0)
		dtb_mend(data, size);
	return size;
}
