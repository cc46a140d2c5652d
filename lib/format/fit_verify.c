/* SPDX-License-Identifier: MIT */
/* The hashes of a FIT. U-Boot boot/image-fit.c, fit_image_check_hash(). */
#include <string.h>

#include "base/checked.h"
#include "base/context.h"
#include "base/digest.h"
#include "format/fit_internal.h"

enum { CHUNK_BYTES = 65536 };

/* All algorithms that an image asks for, over one reading. */
struct hashing {
	struct sb_digest digests[SB_DIGEST_KINDS];
	bool wanted[SB_DIGEST_KINDS];
	uint8_t chunk[CHUNK_BYTES];
};

void sb_fit_classify(struct stmboot_fit_hash *hash)
{
	enum sb_digest_kind kind;

	hash->state = STMBOOT_FIT_HASH_MALFORMED;
	if (hash->algorithm == NULL || hash->value == NULL)
		return;
	kind = sb_digest_find(hash->algorithm);
	if (kind == SB_DIGEST_KINDS)
		hash->state = STMBOOT_FIT_HASH_UNSUPPORTED;
	else if (hash->value_bytes == sb_digest_size(kind))
		hash->state = STMBOOT_FIT_HASH_UNCHECKED;
}

static bool is_known(const struct stmboot_fit_image *image)
{
	for (size_t i = 0; i < image->digest_count; i++)
		if (image->digests[i].state == STMBOOT_FIT_HASH_UNCHECKED)
			return false;
	return true;
}

/* How many there are. */
static uint64_t select_kinds(const struct stmboot_fit_image *image, struct hashing *h)
{
	uint64_t count = 0;

	for (size_t i = 0; i < image->digest_count; i++) {
		enum sb_digest_kind kind;

		if (image->digests[i].state != STMBOOT_FIT_HASH_UNCHECKED)
			continue;
		kind = sb_digest_find(image->digests[i].algorithm);
		if (h->wanted[kind])
			continue;
		sb_digest_begin(&h->digests[kind], kind);
		h->wanted[kind] = true;
		count++;
	}
	return count;
}

static enum stmboot_status feed(struct stmboot_context *ctx, struct stmboot_source *src,
				const struct stmboot_fit_image *image, struct hashing *h)
{
	enum stmboot_status status = STMBOOT_OK;

	for (uint64_t done = 0; done < image->bytes && status == STMBOOT_OK;) {
		size_t part = (size_t)sb_min_u64(CHUNK_BYTES, image->bytes - done);

		status = stmboot_source_read(src, image->offset + done, h->chunk, part);
		for (int kind = 0; kind < SB_DIGEST_KINDS && status == STMBOOT_OK; kind++)
			if (h->wanted[kind])
				sb_digest_feed(&h->digests[kind], h->chunk, part);
		done += part;
		if (status == STMBOOT_OK)
			status = sb_progress(ctx, done, image->bytes);
	}
	return status;
}

static void compare(struct stmboot_fit_hash *hash, const struct hashing *h)
{
	enum sb_digest_kind kind;
	struct sb_digest digest;

	if (hash->state != STMBOOT_FIT_HASH_UNCHECKED)
		return;
	kind = sb_digest_find(hash->algorithm);
	digest = h->digests[kind];
	sb_digest_end(&digest, hash->computed);
	hash->state = memcmp(hash->computed, hash->value, hash->value_bytes) == 0
			      ? STMBOOT_FIT_HASH_RIGHT
			      : STMBOOT_FIT_HASH_WRONG;
}

/* Images may share their bytes, or lie in a hole, so a small file can ask for any amount of work.
 */
static bool take_budget(const struct stmboot_context *ctx, struct sb_fit_object *object,
			uint64_t image_bytes, uint64_t kinds)
{
	uint64_t most = sb_limits(ctx)->max_unpacked_bytes;
	uint64_t bytes;

	if (!sb_mul_u64(image_bytes, kinds, &bytes) || object->hashed_bytes > most ||
	    bytes > most - object->hashed_bytes)
		return false;
	object->hashed_bytes += bytes;
	return true;
}

enum stmboot_status stmboot_fit_verify(struct stmboot_context *ctx, struct stmboot_source *src,
				       struct stmboot_fit *fit, size_t index)
{
	struct sb_fit_object *object = (struct sb_fit_object *)(void *)fit; /* its first member */
	const struct stmboot_fit_image *image;
	struct hashing *h;
	enum stmboot_status status;

	if (index >= fit->image_count)
		return STMBOOT_INVALID_ARGUMENT;
	image = &fit->images[index];
	if (!image->has_data)
		return STMBOOT_NOT_FOUND;
	if (!image->inside)
		return STMBOOT_TRUNCATED;
	if (is_known(image))
		return STMBOOT_OK;
	h = sb_alloc(ctx, sizeof(*h));
	if (h == NULL)
		return STMBOOT_NO_MEMORY;
	if (take_budget(ctx, object, image->bytes, select_kinds(image, h)))
		status = feed(ctx, src, image, h);
	else
		status = STMBOOT_LIMIT;
	for (size_t i = 0; i < image->digest_count && status == STMBOOT_OK; i++)
		/* const to the outside, but allocated writable */
		compare((struct stmboot_fit_hash *)(uintptr_t)&image->digests[i], h);
	sb_free(ctx, h);
	return status;
}

static bool is_fatal(enum stmboot_status status)
{
	return status == STMBOOT_NO_MEMORY || status == STMBOOT_CANCELLED;
}

enum stmboot_status sb_fit_verify(struct stmboot_context *ctx, struct stmboot_source *src,
				  struct stmboot_fit *fit, const struct sb_fit_load *load,
				  uint64_t *hashed)
{
	struct sb_fit_object *object = (struct sb_fit_object *)(void *)fit; /* its first member */

	object->hashed_bytes = *hashed;
	for (size_t i = 0; i < load->member_count; i++) {
		const struct stmboot_fit_image *image = load->members[i].image;
		enum stmboot_status status = STMBOOT_OK;

		if (image != NULL)
			status = stmboot_fit_verify(ctx, src, fit, (size_t)(image - fit->images));
		*hashed = object->hashed_bytes;
		if (is_fatal(status))
			return status;
	}
	return STMBOOT_OK;
}

enum stmboot_status sb_fit_verify_all(struct stmboot_context *ctx, struct stmboot_source *src,
				      struct stmboot_fit *fit)
{
	for (size_t i = 0; i < fit->image_count; i++) {
		enum stmboot_status status = stmboot_fit_verify(ctx, src, fit, i);

		if (is_fatal(status))
			return status;
	}
	return STMBOOT_OK;
}

void sb_fit_adopt(struct stmboot_fit *fit, const struct stmboot_fit *same)
{
	for (size_t i = 0; i < fit->image_count && i < same->image_count; i++) {
		const struct stmboot_fit_image *to = &fit->images[i], *from = &same->images[i];
		size_t count = to->digest_count < from->digest_count ? to->digest_count
								     : from->digest_count;

		if (count > 0)
			memcpy((void *)(uintptr_t)to->digests, from->digests,
			       count * sizeof(*to->digests));
	}
}

const char *stmboot_fit_hash_state_text(enum stmboot_fit_hash_state state)
{
	static const char *const texts[] = { "unchecked", "right", "wrong", "malformed",
					     "unsupported" };

	return (size_t)state < sizeof(texts) / sizeof(texts[0]) ? texts[state] : "?";
}
