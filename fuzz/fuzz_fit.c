/* SPDX-License-Identifier: MIT */
/*
 * FIT images: whatever is listed lies where it is said to lie, hashes are those
 * of the data, and where a FIT stands makes no difference. Sizes in the header,
 * and the hashes, are mended in 7 of 8 mutations.
 */
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/diag.h"
#include "base/digest.h"
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
	require(stmboot_fit_find_configuration(fit, NULL) == NULL || fit->configuration_count > 0);
	for (size_t i = 0; i < fit->configuration_count; i++) {
		const struct stmboot_fit_configuration *c = &fit->configurations[i];

		require(c->name != NULL);
		for (size_t j = 0; j < c->fdt_count; j++)
			require(strlen(c->fdt[j]) < size);
		for (size_t j = 0; j < c->loadable_count; j++)
			require(strlen(c->loadables[j]) < size);
	}
}

/* All at once what the library computes piece by piece. */
static void check_hashes(const struct stmboot_fit *fit, const uint8_t *data)
{
	for (size_t i = 0; i < fit->image_count; i++)
		for (size_t k = 0; k < fit->images[i].digest_count; k++) {
			const struct stmboot_fit_image *image = &fit->images[i];
			const struct stmboot_fit_hash *hash = &image->digests[k];
			uint8_t out[SB_DIGEST_BYTES];
			struct sb_digest digest;

			if (hash->state != STMBOOT_FIT_HASH_RIGHT &&
			    hash->state != STMBOOT_FIT_HASH_WRONG)
				continue;
			require(image->inside && hash->algorithm != NULL);
			sb_digest_begin(&digest, sb_digest_find(hash->algorithm));
			sb_digest_feed(&digest, data + image->offset, (size_t)image->bytes);
			sb_digest_end(&digest, out);
			require(memcmp(out, hash->computed, hash->value_bytes) == 0);
			require((memcmp(out, hash->value, hash->value_bytes) == 0) ==
				(hash->state == STMBOOT_FIT_HASH_RIGHT));
		}
}

/* Everything that a loader makes of it; *refused is told of bootm. */
static void load(struct stmboot_context *ctx, struct stmboot_source *src, struct stmboot_fit *fit,
		 struct stmboot_diags *diags, bool *refused)
{
	static const char *const asked[] = { NULL, "c", "c#c" };
	struct sb_scope scope = sb_scope(diags, src);
	uint64_t hashed = 0;

	for (size_t i = 0; i < 2 * sizeof(asked) / sizeof(asked[0]); i++) {
		struct sb_fit_load l = { .reader = i % 2 == 0 ? SB_FIT_BOOTM : SB_FIT_SPL,
					 .asked = asked[i / 2],
					 .arch = "arm",
					 .has_address = true,
					 .address = 0xc2000000 };
		struct sb_arena arena;

		sb_arena_init(&arena, ctx);
		require(sb_fit_select(&arena, fit, &l) == STMBOOT_OK);
		require(l.configuration != NULL || l.member_count == 0);
		require(sb_fit_look(src, &l) == STMBOOT_OK);
		require(sb_fit_verify(ctx, src, fit, &l, &hashed) == STMBOOT_OK);
		sb_fit_validate(&scope, fit, &l);
		require(sb_fit_refused(ctx, fit, &l, &refused[i]) == STMBOOT_OK);
		sb_arena_release(&arena);
	}
}

/* The same FIT in the middle of something else. */
static void move(struct stmboot_context *ctx, const uint8_t *data, size_t size,
		 const struct stmboot_fit *fit, const bool *refused)
{
	enum { BEFORE = 4099, BEHIND = 3 };
	uint8_t *copy = calloc(1, BEFORE + size + BEHIND);
	struct stmboot_source *all, *window;
	struct stmboot_diags *diags;
	struct stmboot_fit *other;
	bool same[6];

	require(copy != NULL);
	memcpy(copy + BEFORE, data, size);
	require(stmboot_source_from_memory(ctx, copy, BEFORE + size + BEHIND, &all) == STMBOOT_OK);
	require(stmboot_source_window(ctx, all, BEFORE, size, &window) == STMBOOT_OK);
	require(stmboot_diags_new(ctx, &diags) == STMBOOT_OK);
	require(stmboot_fit_decode(ctx, window, &other) == STMBOOT_OK);
	load(ctx, window, other, diags, same);
	require(memcmp(same, refused, sizeof(same)) == 0);
	require(other->image_count == fit->image_count);
	for (size_t i = 0; i < fit->image_count; i++) {
		const struct stmboot_fit_image *a = &fit->images[i], *b = &other->images[i];

		require(strcmp(a->name, b->name) == 0 && a->offset == b->offset);
		require(a->bytes == b->bytes && a->inside == b->inside);
		require(a->digest_count == b->digest_count);
		for (size_t k = 0; k < a->digest_count; k++)
			require(a->digests[k].state == b->digests[k].state);
	}
	stmboot_fit_free(other);
	stmboot_diags_free(diags);
	stmboot_source_close(window);
	stmboot_source_close(all);
	free(copy);
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
		bool refused[6];

		check_fit(fit, size);
		sb_fit_validate(&scope, fit, NULL);
		load(ctx, src, fit, diags, refused);
		check_hashes(fit, data);
		move(ctx, data, size, fit, refused);
	} else {
		sb_fit_report_status(&scope, status);
	}
	stmboot_fit_free(fit);
	stmboot_diags_free(diags);
	stmboot_source_close(src);
	stmboot_context_free(ctx);
	return 0;
}

/* Let an image have the hash that is written beside it. */
static void mend_hash(uint8_t *data, size_t size, const struct stmboot_fit_image *image,
		      const struct stmboot_fit_hash *hash)
{
	enum sb_digest_kind kind =
		hash->algorithm != NULL ? sb_digest_find(hash->algorithm) : SB_DIGEST_KINDS;
	uint8_t out[SB_DIGEST_BYTES];
	struct sb_digest digest;

	if (kind == SB_DIGEST_KINDS || hash->value == NULL || !image->inside ||
	    hash->value_bytes != sb_digest_size(kind) || hash->value_offset > size ||
	    hash->value_bytes > size - hash->value_offset)
		return;
	sb_digest_begin(&digest, kind);
	sb_digest_feed(&digest, data + image->offset, (size_t)image->bytes);
	sb_digest_end(&digest, out);
	memcpy(data + hash->value_offset, out, hash->value_bytes);
}

static void mend_hashes(uint8_t *data, size_t size)
{
	struct stmboot_context *ctx;
	struct stmboot_source *src;
	struct stmboot_fit *fit;

	require(stmboot_context_new(NULL, &ctx) == STMBOOT_OK);
	require(stmboot_source_from_memory(ctx, data, size, &src) == STMBOOT_OK);
	if (stmboot_fit_decode(ctx, src, &fit) == STMBOOT_OK) {
		for (size_t i = 0; i < fit->image_count; i++)
			for (size_t k = 0; k < fit->images[i].digest_count; k++)
				mend_hash(data, size, &fit->images[i], &fit->images[i].digests[k]);
		stmboot_fit_free(fit);
	}
	stmboot_source_close(src);
	stmboot_context_free(ctx);
}

size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max_size, unsigned int seed)
{
	size = LLVMFuzzerMutate(data, size, max_size);
	if (seed % 8 == 0)
		return size;
	dtb_mend(data, size);
	mend_hashes(data, size);
	return size;
}
