/* SPDX-License-Identifier: MIT */
#include "image/image.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/context.h"
#include "base/refusal.h"
#include "image/medium.h"
#include "image/part.h"
#include "source/source.h"

/* What the caches of all partitions take together: as much as eight of them have use for. */
enum { CACHE_BYTES = 8 << 20 };

struct stmboot_image {
	struct stmboot_context *ctx;
	struct sb_arena arena;
	struct stmboot_image_info info;
	struct sb_medium below;        /* of what was opened here, or of the caller's source */
	struct stmboot_source *medium; /* the same, with an eye on what cannot be read */
	struct sb_read_errors read_errors;
	struct stmboot_gpt *gpt;
	struct sb_part *parts;
	size_t part_count;
	enum stmboot_medium asked; /* what the caller says that it is */
	uint64_t decoded;          /* bytes that were allocated for what the parts hold */
	const struct stmboot_part *undecoded;
	uint64_t cache_pool;
	uint64_t lookups; /* bytes of directories that may still be looked at; UINT64_MAX: any */
};

static const char *const medium_names[] = { "auto", "sd", "emmc", "part" };

const char *stmboot_medium_text(enum stmboot_medium medium)
{
	return (size_t)medium < sizeof(medium_names) / sizeof(medium_names[0])
		       ? medium_names[medium]
		       : "?";
}

const char *stmboot_image_state_text(enum stmboot_image_state state)
{
	return state == STMBOOT_IMAGE_CLEAN ? "clean" : "interrupted";
}

/* A thousand partitions may all be the same bytes, which cost as much each time. */
static enum stmboot_status decode_part(struct stmboot_image *image, struct sb_part *part)
{
	const uint64_t before = image->ctx->allocated;
	enum stmboot_status status;

	if (image->decoded > image->ctx->options.max_decoded_bytes && part->format != NULL) {
		if (image->undecoded == NULL)
			image->undecoded = &part->public;
		return STMBOOT_OK;
	}
	status = sb_part_decode(image->ctx, part);
	image->decoded += image->ctx->allocated - before;
	return status;
}

const struct stmboot_part *sb_image_undecoded(const struct stmboot_image *image)
{
	return image->undecoded;
}

enum stmboot_status sb_image_count_data(struct stmboot_image *image, uint64_t enough, uint64_t *out)
{
	struct stmboot_source *packed =
		image->below.unpacked != NULL ? image->below.file : image->below.source;

	return sb_source_count_data(packed != NULL ? packed : image->below.source, enough, out);
}

void sb_image_limit_lookups(struct stmboot_image *image, uint64_t bytes)
{
	image->lookups = bytes;
}

bool sb_image_lookups_met(const struct stmboot_image *image)
{
	return image->lookups == 0;
}

static enum stmboot_status open_parts(struct stmboot_image *image)
{
	const struct stmboot_gpt *gpt = image->gpt;
	bool bare = gpt->type == STMBOOT_TABLE_NONE;
	size_t count = bare ? 1 : gpt->partition_count;
	enum stmboot_status status = STMBOOT_OK;

	image->parts = sb_arena_array(&image->arena, count, sizeof(*image->parts));
	if (image->parts == NULL)
		return STMBOOT_NO_MEMORY;
	for (size_t i = 0; i < count && status == STMBOOT_OK; i++) {
		struct sb_part *part = &image->parts[i];

		if (bare) {
			part->public.size = stmboot_source_size(image->medium);
		} else {
			part->public.entry = gpt->partitions[i];
			part->public.number = gpt->partitions[i]->number;
			part->public.offset = gpt->partitions[i]->offset;
			part->public.size = gpt->partitions[i]->size;
		}
		part->lookups = &image->lookups;
		part->cache_pool = &image->cache_pool;
		image->part_count = i + 1;
		status = sb_part_open(image->ctx, image->medium, part);
		if (status == STMBOOT_OK)
			status = decode_part(image, part);
	}
	return status;
}

/*
 * ST keeps the first stage of an eMMC in a boot area, so the table of its user
 * area begins with what the first stage looks for.
 */
static enum stmboot_medium guess_medium(const struct stmboot_gpt *gpt)
{
	static const char *const first_names[] = { "ssbl", "fip", "fip-a", "metadata1" };
	const char *first = NULL;

	if (gpt->type == STMBOOT_TABLE_NONE)
		return STMBOOT_MEDIUM_PART;
	for (size_t i = 0; i < gpt->partition_count; i++) {
		const char *name = gpt->partitions[i]->name;

		if (strncmp(name, "fsbl", 4) == 0)
			return STMBOOT_MEDIUM_SD;
		if (first == NULL && *name != '\0')
			first = name;
	}
	for (size_t i = 0; first != NULL && i < sizeof(first_names) / sizeof(first_names[0]); i++)
		if (strcmp(first, first_names[i]) == 0)
			return STMBOOT_MEDIUM_EMMC;
	return STMBOOT_MEDIUM_SD;
}

/* Does a bare part hold something that belongs on a card? */
static bool belongs_on_a_card(enum stmboot_content content)
{
	switch (content) {
	case STMBOOT_CONTENT_UNKNOWN:
	case STMBOOT_CONTENT_EMPTY:
	case STMBOOT_CONTENT_TEXT:
	case STMBOOT_CONTENT_ELF:
	case STMBOOT_CONTENT_ISO9660:
	case STMBOOT_CONTENT_BZIP2:
	case STMBOOT_CONTENT_GZIP:
	case STMBOOT_CONTENT_XZ:
	case STMBOOT_CONTENT_ZSTD:
	case STMBOOT_CONTENT_LZ4:
		return false;
	default:
		return true;
	}
}

enum stmboot_status stmboot_image_decode(struct stmboot_image *image)
{
	enum stmboot_status status;

	if (image->medium != NULL)
		return STMBOOT_INVALID_ARGUMENT;
	status = sb_medium_look(image->ctx, &image->below);
	if (status == STMBOOT_OK)
		status = sb_medium_unpack(image->ctx, &image->below);
	image->info.container = image->below.container;
	image->info.state =
		image->below.interrupted ? STMBOOT_IMAGE_INTERRUPTED : STMBOOT_IMAGE_CLEAN;
	if (status == STMBOOT_OK)
		status = sb_source_watch(image->ctx, image->below.source, &image->read_errors,
					 &image->medium);
	if (status == STMBOOT_OK)
		status = stmboot_gpt_decode(image->ctx, image->medium, &image->gpt);
	if (status == STMBOOT_OK)
		status = open_parts(image);
	if (status != STMBOOT_OK)
		return status;
	image->info.size = stmboot_source_size(image->medium);
	image->info.medium = guess_medium(image->gpt);
	if (image->info.medium == STMBOOT_MEDIUM_PART)
		return belongs_on_a_card(image->parts[0].public.content) ? STMBOOT_OK
									 : STMBOOT_NOT_RECOGNISED;
	if (image->asked != STMBOOT_MEDIUM_AUTO && image->asked != STMBOOT_MEDIUM_PART)
		image->info.medium = image->asked;
	return STMBOOT_OK;
}

static enum stmboot_status new_image(struct stmboot_context *ctx,
				     const struct stmboot_image_options *options,
				     struct stmboot_image **out)
{
	struct stmboot_image *image = sb_alloc(ctx, sizeof(*image));

	if (image == NULL)
		return STMBOOT_NO_MEMORY;
	image->ctx = ctx;
	image->lookups = UINT64_MAX;
	image->cache_pool = CACHE_BYTES;
	image->asked = options != NULL ? options->medium : STMBOOT_MEDIUM_AUTO;
	sb_arena_init(&image->arena, ctx);
	*out = image;
	return STMBOOT_OK;
}

/* Not there in the options of an older caller. */
static const char *state_directory(const struct stmboot_image_options *options)
{
	size_t end = offsetof(struct stmboot_image_options, state_directory) +
		     sizeof(options->state_directory);

	return options != NULL && options->struct_size >= end ? options->state_directory : NULL;
}

enum stmboot_status stmboot_image_prepare(struct stmboot_context *ctx, const char *path,
					  const struct stmboot_image_options *options,
					  struct stmboot_image **out)
{
	struct stmboot_image *image;
	enum stmboot_status status = new_image(ctx, options, &image);

	if (status != STMBOOT_OK)
		return status;
	image->info.path = sb_arena_strdup(&image->arena, path);
	status = sb_medium_open(ctx, &sb_host_posix, path, state_directory(options), &image->below);
	if (status == STMBOOT_OK)
		status = sb_medium_prepare(&image->below);
	if (status == STMBOOT_OK && image->info.path == NULL)
		status = STMBOOT_NO_MEMORY;
	if (status != STMBOOT_OK)
		stmboot_image_close(image);
	else
		*out = image;
	return status;
}

static enum stmboot_status decode_or_close(struct stmboot_image *image, struct stmboot_image **out)
{
	enum stmboot_status status = stmboot_image_decode(image);

	if (status != STMBOOT_OK)
		stmboot_image_close(image);
	else
		*out = image;
	return status;
}

enum stmboot_status stmboot_image_open(struct stmboot_context *ctx, const char *path,
				       const struct stmboot_image_options *options,
				       struct stmboot_image **out)
{
	struct stmboot_image *image;
	enum stmboot_status status = stmboot_image_prepare(ctx, path, options, &image);

	return status == STMBOOT_OK ? decode_or_close(image, out) : status;
}

enum stmboot_status stmboot_image_open_source(struct stmboot_context *ctx,
					      struct stmboot_source *src,
					      const struct stmboot_image_options *options,
					      struct stmboot_image **out)
{
	struct stmboot_image *image;
	enum stmboot_status status = new_image(ctx, options, &image);

	if (status != STMBOOT_OK)
		return status;
	image->below.source = src;
	status = sb_medium_prepare(&image->below);
	if (status == STMBOOT_OK)
		return decode_or_close(image, out);
	stmboot_image_close(image);
	return status;
}

void stmboot_image_close(struct stmboot_image *image)
{
	if (image == NULL)
		return;
	for (size_t i = 0; i < image->part_count; i++)
		sb_part_close(image->ctx, &image->parts[i]);
	stmboot_gpt_free(image->gpt);
	stmboot_source_close(image->medium);
	sb_medium_release(&image->below);
	sb_arena_release(&image->arena);
	sb_free(image->ctx, image);
}

const struct stmboot_image_info *stmboot_image_info(const struct stmboot_image *image)
{
	return &image->info;
}

const struct stmboot_gpt *stmboot_image_gpt(const struct stmboot_image *image)
{
	return image->gpt;
}

size_t stmboot_image_part_count(const struct stmboot_image *image)
{
	return image->part_count;
}

const struct stmboot_part *stmboot_image_part(const struct stmboot_image *image, size_t index)
{
	return index < image->part_count ? &image->parts[index].public : NULL;
}

static struct sb_part *find_part(const struct stmboot_image *image, uint32_t number)
{
	for (size_t i = 0; i < image->part_count; i++)
		if (image->parts[i].public.number == number)
			return &image->parts[i];
	return NULL;
}

const struct stmboot_part *stmboot_image_find(const struct stmboot_image *image, uint32_t number)
{
	const struct sb_part *part = find_part(image, number);

	return part != NULL ? &part->public : NULL;
}

struct stmboot_source *stmboot_image_part_source(struct stmboot_image *image, uint32_t number)
{
	struct sb_part *part = find_part(image, number);

	return part != NULL ? part->cached : NULL;
}

struct stmboot_source *sb_image_medium(struct stmboot_image *image)
{
	return image->medium;
}

enum stmboot_status sb_image_scan(struct stmboot_image *image, uint32_t number, struct sb_scan *out)
{
	struct sb_part *part = find_part(image, number);

	return part != NULL ? sb_part_scan(image->ctx, part, out) : STMBOOT_NOT_FOUND;
}

enum stmboot_status sb_image_dtb(struct stmboot_image *image, uint32_t number, uint64_t offset,
				 uint64_t size, const struct stmboot_dtb **out)
{
	struct sb_part *part = find_part(image, number);

	return part != NULL ? sb_part_dtb(image->ctx, part, offset, size, out) : STMBOOT_NOT_FOUND;
}

enum stmboot_status sb_image_adopt(struct stmboot_image *image, const struct stmboot_image *earlier,
				   bool (*same)(const void *user, uint64_t offset, uint64_t size),
				   const void *user)
{
	enum stmboot_status status = STMBOOT_OK;

	for (size_t i = 0; i < image->part_count && status == STMBOOT_OK; i++) {
		struct sb_part *part = &image->parts[i];
		const struct sb_part *before = find_part(earlier, part->public.number);

		if (before != NULL && before->public.offset == part->public.offset &&
		    before->public.size == part->public.size &&
		    before->public.available == part->public.available &&
		    same(user, part->public.offset, part->public.size))
			status = sb_part_adopt(image->ctx, part, before);
	}
	return status;
}

const struct sb_read_errors *sb_image_read_errors(const struct stmboot_image *image)
{
	return &image->read_errors;
}

enum stmboot_status sb_image_refuse_unread(const struct stmboot_image *image, size_t known,
					   struct stmboot_refusal *why)
{
	const struct sb_read_errors *errors = &image->read_errors;

	if (errors->count <= known)
		return STMBOOT_OK;
	return sb_refuse(
		why, STMBOOT_IO,
		errors->places[known].ended
			? "try again when no other program writes to it"
			: "the medium or its reader is failing; copy what can be read first",
		"could not read it at 0x%" PRIx64 ": %s", errors->places[known].offset,
		sb_read_error_reason(&errors->places[known]));
}

enum stmboot_status sb_image_fs_uboot(struct stmboot_image *image, uint32_t number,
				      struct stmboot_fs **out)
{
	struct sb_part *part = find_part(image, number);

	return part != NULL ? sb_part_fs_uboot(image->ctx, part, out) : STMBOOT_NOT_FOUND;
}

enum stmboot_status sb_image_fs_linux(struct stmboot_image *image, uint32_t number,
				      struct stmboot_fs **out)
{
	struct sb_part *part = find_part(image, number);

	return part != NULL ? sb_part_fs_linux(image->ctx, part, out) : STMBOOT_NOT_FOUND;
}

enum stmboot_status sb_image_journal(struct stmboot_image *image, uint32_t number,
				     struct sb_image_journal *out)
{
	struct sb_part *part = find_part(image, number);
	enum stmboot_status status =
		part != NULL ? sb_part_open_journal(image->ctx, part) : STMBOOT_NOT_FOUND;

	*out = (struct sb_image_journal){ .trouble = { .what = NULL } };
	if (status == STMBOOT_OK)
		out->info = sb_jbd2_info(part->journal.open);
	else if (part != NULL)
		out->trouble = part->journal.trouble;
	return status;
}

/* "partition 4", and of an image that is one itself "the image". */
static enum stmboot_status refuse_fs(struct stmboot_refusal *why, enum stmboot_status status,
				     uint32_t number)
{
	static const char check_hint[] = "'stmboot check' says what is wrong with it";
	static const char inspect_hint[] = "'stmboot inspect' says what each partition holds";
	char what[32] = "the image";

	if (number != 0)
		(void)snprintf(what, sizeof(what), "partition %" PRIu32, number);
	switch (status) {
	case STMBOOT_NOT_FOUND:
		return sb_refuse(why, status, inspect_hint, "there is no %s", what);
	case STMBOOT_NOT_RECOGNISED:
		return sb_refuse(why, status, inspect_hint, "%s holds no ext4 file system", what);
	case STMBOOT_UNSUPPORTED:
		return sb_refuse(why, status, check_hint,
				 "the file system of %s has a feature that Linux cannot mount",
				 what);
	case STMBOOT_CORRUPT:
		return sb_refuse(why, status, check_hint, "the file system of %s is damaged", what);
	case STMBOOT_TRUNCATED:
		return sb_refuse(why, status, check_hint, "the file system of %s is cut short",
				 what);
	default:
		return sb_refuse_work(why, status, "open its file system", NULL);
	}
}

enum stmboot_status stmboot_image_fs_linux(struct stmboot_image *image, uint32_t number,
					   struct stmboot_refusal *why, struct stmboot_fs **out)
{
	enum stmboot_status status = sb_image_fs_linux(image, number, out);
	const struct sb_part *part = find_part(image, number);

	if (status != STMBOOT_OK)
		return refuse_fs(why, status, number);
	if (part->journal.tried && part->journal.open == NULL &&
	    part->journal.status != STMBOOT_NOT_FOUND)
		sb_refuse_say(why,
			      "boot the card once and shut it down, or run e2fsck on the partition",
			      "its files are shown without what the journal holds: %s",
			      part->journal.trouble.what != NULL
				      ? part->journal.trouble.what
				      : stmboot_status_text(part->journal.status));
	return STMBOOT_OK;
}
