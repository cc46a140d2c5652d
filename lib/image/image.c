/* SPDX-License-Identifier: MIT */
#include "image/image.h"

#include <string.h>

#include "base/checked.h"
#include "base/context.h"
#include "source/source.h"
#include "source/unpack.h"

/* A file system is opened at most once in each of the two ways. */
struct view {
	bool tried;
	enum stmboot_status status;
	struct stmboot_fs *fs;
};

struct part {
	struct stmboot_part public;
	struct stmboot_source *window;
	struct stmboot_source *cached; /* over the window; what everything reads */
	struct view uboot;
	struct view linux_view;
	/* owned; the public record holds them as const */
	struct stmboot_stm32 *stm32;
	struct stmboot_uimage *uimage;
	struct stmboot_fip *fip;
	struct stmboot_fwu *fwu;
	struct stmboot_fit *fit;
	struct stmboot_kernel *kernel;
	struct stmboot_dtb *dtb;
};

enum { MAX_READ_ERRORS = 16 };

struct stmboot_image {
	struct stmboot_context *ctx;
	struct sb_arena arena;
	struct stmboot_image_info info;
	struct stmboot_source *file;     /* what was opened here; NULL for the caller's source */
	struct stmboot_source *unpacked; /* of a compressed image */
	struct stmboot_source *below;    /* one of these, or the caller's */
	struct stmboot_source *medium;   /* the same, with an eye on what cannot be read */
	struct sb_read_error read_errors[MAX_READ_ERRORS];
	size_t read_error_count;
	struct stmboot_gpt *gpt;
	struct part *parts;
	size_t part_count;
};

static const char *const medium_names[] = { "auto", "sd", "emmc", "part" };

const char *stmboot_medium_text(enum stmboot_medium medium)
{
	return (size_t)medium < sizeof(medium_names) / sizeof(medium_names[0])
		       ? medium_names[medium]
		       : "?";
}

/* Trouble with what a part holds is no trouble of the image: it stays undescribed. */
static enum stmboot_status only_fatal(enum stmboot_status status)
{
	return status == STMBOOT_NO_MEMORY || status == STMBOOT_CANCELLED ? status : STMBOOT_OK;
}

static enum stmboot_status describe_loader(struct stmboot_context *ctx, struct part *part)
{
	struct stmboot_part *p = &part->public;
	enum stmboot_status status = STMBOOT_OK;

	switch (p->content) {
	case STMBOOT_CONTENT_STM32:
		status = stmboot_stm32_decode(ctx, part->cached, &part->stm32);
		p->stm32 = part->stm32;
		break;
	case STMBOOT_CONTENT_UIMAGE:
		status = stmboot_uimage_decode(ctx, part->cached, &part->uimage);
		p->uimage = part->uimage;
		break;
	case STMBOOT_CONTENT_FIP:
		status = stmboot_fip_decode(ctx, part->cached, &part->fip);
		p->fip = part->fip;
		break;
	case STMBOOT_CONTENT_FWU_METADATA:
		status = stmboot_fwu_decode(ctx, part->cached, &part->fwu);
		p->fwu = part->fwu;
		break;
	default:
		break;
	}
	return only_fatal(status);
}

static enum stmboot_status describe_system(struct stmboot_context *ctx, struct part *part)
{
	struct stmboot_part *p = &part->public;
	enum stmboot_status status = STMBOOT_OK;

	switch (p->content) {
	case STMBOOT_CONTENT_FIT:
		status = stmboot_fit_decode(ctx, part->cached, &part->fit);
		p->fit = part->fit;
		break;
	case STMBOOT_CONTENT_EXT4:
		status = stmboot_ext4_decode(ctx, part->cached, &p->ext4);
		break;
	case STMBOOT_CONTENT_ZIMAGE:
	case STMBOOT_CONTENT_ARM64_IMAGE:
		status = stmboot_kernel_decode(ctx, part->cached, &part->kernel);
		p->kernel = part->kernel;
		break;
	case STMBOOT_CONTENT_DTB:
		status = stmboot_dtb_decode(ctx, part->cached, &part->dtb);
		p->dtb = part->dtb;
		break;
	default:
		break;
	}
	return only_fatal(status);
}

static enum stmboot_status open_part(struct stmboot_image *image, struct part *part)
{
	struct stmboot_part *p = &part->public;
	struct stmboot_context *ctx = image->ctx;
	enum stmboot_status status =
		stmboot_source_window(ctx, image->medium, p->offset, p->size, &part->window);

	if (status == STMBOOT_OK)
		status = sb_source_cache(ctx, part->window, &part->cached);
	if (status != STMBOOT_OK)
		return status;
	p->available = stmboot_source_size(part->window);
	status = only_fatal(stmboot_content_detect(ctx, part->cached, &p->content, &p->flavour));
	if (status == STMBOOT_OK)
		status = describe_loader(ctx, part);
	return status == STMBOOT_OK ? describe_system(ctx, part) : status;
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
		struct part *part = &image->parts[i];

		if (bare) {
			part->public.size = stmboot_source_size(image->medium);
		} else {
			part->public.entry = gpt->partitions[i];
			part->public.number = gpt->partitions[i]->number;
			part->public.offset = gpt->partitions[i]->offset;
			part->public.size = gpt->partitions[i]->size;
		}
		image->part_count = i + 1;
		status = open_part(image, part);
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

static void note_read_error(struct stmboot_image *image, uint64_t offset, uint64_t length)
{
	for (size_t i = 0; i < image->read_error_count; i++)
		if (image->read_errors[i].offset == offset)
			return;
	if (image->read_error_count < MAX_READ_ERRORS)
		image->read_errors[image->read_error_count++] =
			(struct sb_read_error){ .offset = offset, .length = length };
}

/*
 * Most of what is read is only looked for, and a reader that fails passes on:
 * the medium itself remembers, so that nothing unreadable goes unmentioned.
 */
static enum stmboot_status watched_read_at(void *self, uint64_t offset, void *buffer, size_t size)
{
	struct stmboot_image *image = self;
	enum stmboot_status status = stmboot_source_read(image->below, offset, buffer, size);

	if (status == STMBOOT_IO)
		note_read_error(image, offset, size);
	return status;
}

static uint64_t watched_size(void *self)
{
	const struct stmboot_image *image = self;

	return stmboot_source_size(image->below);
}

static enum stmboot_status watched_identity(void *self, struct stmboot_identity *out)
{
	const struct stmboot_image *image = self;

	return stmboot_source_identity(image->below, out);
}

static enum stmboot_status watched_next_data(void *self, uint64_t offset, uint64_t *start,
					     uint64_t *end)
{
	const struct stmboot_image *image = self;

	return stmboot_source_next_data(image->below, offset, start, end);
}

static bool watched_locate(void *self, uint64_t offset, uint64_t *medium_offset)
{
	const struct stmboot_image *image = self;

	return stmboot_source_locate(image->below, offset, medium_offset);
}

static enum stmboot_status watch(struct stmboot_image *image)
{
	static const struct stmboot_source_ops ops = {
		.struct_size = sizeof(ops),
		.read_at = watched_read_at,
		.size = watched_size,
		.identity = watched_identity,
		.next_data = watched_next_data,
		.locate = watched_locate,
	};

	return stmboot_source_new(image->ctx, &ops, image, &image->medium);
}

static enum stmboot_status unpack(struct stmboot_image *image)
{
	static const struct {
		enum stmboot_content content;
		enum stmboot_compression compression;
	} containers[] = {
		{ STMBOOT_CONTENT_GZIP, STMBOOT_COMPRESSION_GZIP },
		{ STMBOOT_CONTENT_XZ, STMBOOT_COMPRESSION_XZ },
		{ STMBOOT_CONTENT_ZSTD, STMBOOT_COMPRESSION_ZSTD },
		{ STMBOOT_CONTENT_BZIP2, STMBOOT_COMPRESSION_BZIP2 },
		{ STMBOOT_CONTENT_LZ4, STMBOOT_COMPRESSION_LZ4 },
	};
	enum stmboot_content content;
	enum stmboot_status status =
		stmboot_content_detect(image->ctx, image->medium, &content, NULL);

	for (size_t i = 0; status == STMBOOT_OK && i < sizeof(containers) / sizeof(containers[0]);
	     i++) {
		if (containers[i].content != content)
			continue;
		image->info.container = containers[i].compression;
		status = sb_source_unpacked(image->ctx, image->below, containers[i].compression,
					    &image->unpacked);
		if (status == STMBOOT_OK)
			image->below = image->unpacked;
		break;
	}
	return status;
}

static enum stmboot_status open_medium(struct stmboot_image *image,
				       const struct stmboot_image_options *options)
{
	enum stmboot_status status = watch(image);

	if (status == STMBOOT_OK)
		status = unpack(image);
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
	if (options != NULL && options->medium != STMBOOT_MEDIUM_AUTO &&
	    options->medium != STMBOOT_MEDIUM_PART)
		image->info.medium = options->medium;
	return STMBOOT_OK;
}

static enum stmboot_status new_image(struct stmboot_context *ctx, struct stmboot_image **out)
{
	struct stmboot_image *image = sb_alloc(ctx, sizeof(*image));

	if (image == NULL)
		return STMBOOT_NO_MEMORY;
	image->ctx = ctx;
	sb_arena_init(&image->arena, ctx);
	*out = image;
	return STMBOOT_OK;
}

enum stmboot_status stmboot_image_open(struct stmboot_context *ctx, const char *path,
				       const struct stmboot_image_options *options,
				       struct stmboot_image **out)
{
	struct stmboot_image *image;
	enum stmboot_status status = new_image(ctx, &image);

	if (status != STMBOOT_OK)
		return status;
	image->info.path = sb_arena_strdup(&image->arena, path);
	status = stmboot_source_open_file(ctx, path, &image->file);
	image->below = image->file;
	if (status == STMBOOT_OK)
		status = image->info.path != NULL ? open_medium(image, options) : STMBOOT_NO_MEMORY;
	if (status != STMBOOT_OK)
		stmboot_image_close(image);
	else
		*out = image;
	return status;
}

enum stmboot_status stmboot_image_open_source(struct stmboot_context *ctx,
					      struct stmboot_source *src,
					      const struct stmboot_image_options *options,
					      struct stmboot_image **out)
{
	struct stmboot_image *image;
	enum stmboot_status status = new_image(ctx, &image);

	if (status != STMBOOT_OK)
		return status;
	image->below = src;
	status = open_medium(image, options);
	if (status != STMBOOT_OK)
		stmboot_image_close(image);
	else
		*out = image;
	return status;
}

static void close_part(struct part *part)
{
	stmboot_fs_close(part->uboot.fs);
	stmboot_fs_close(part->linux_view.fs);
	stmboot_stm32_free(part->stm32);
	stmboot_uimage_free(part->uimage);
	stmboot_fip_free(part->fip);
	stmboot_fwu_free(part->fwu);
	stmboot_fit_free(part->fit);
	stmboot_ext4_free(part->public.ext4);
	stmboot_kernel_free(part->kernel);
	stmboot_dtb_free(part->dtb);
	stmboot_source_close(part->cached);
	stmboot_source_close(part->window);
}

void stmboot_image_close(struct stmboot_image *image)
{
	if (image == NULL)
		return;
	for (size_t i = 0; i < image->part_count; i++)
		close_part(&image->parts[i]);
	stmboot_gpt_free(image->gpt);
	stmboot_source_close(image->medium);
	stmboot_source_close(image->unpacked);
	stmboot_source_close(image->file);
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

static struct part *find_part(const struct stmboot_image *image, uint32_t number)
{
	for (size_t i = 0; i < image->part_count; i++)
		if (image->parts[i].public.number == number)
			return &image->parts[i];
	return NULL;
}

const struct stmboot_part *stmboot_image_find(const struct stmboot_image *image, uint32_t number)
{
	const struct part *part = find_part(image, number);

	return part != NULL ? &part->public : NULL;
}

struct stmboot_source *stmboot_image_part_source(struct stmboot_image *image, uint32_t number)
{
	struct part *part = find_part(image, number);

	return part != NULL ? part->cached : NULL;
}

struct stmboot_source *sb_image_medium(struct stmboot_image *image)
{
	return image->medium;
}

size_t sb_image_read_errors(const struct stmboot_image *image, const struct sb_read_error **out)
{
	*out = image->read_errors;
	return image->read_error_count;
}

typedef enum stmboot_status open_fs(struct stmboot_context *ctx, struct stmboot_source *src,
				    struct stmboot_fs **out);

static enum stmboot_status view_of(struct stmboot_image *image, struct part *part,
				   struct view *view, open_fs *open, struct stmboot_fs **out)
{
	if (!view->tried) {
		view->status = open(image->ctx, part->cached, &view->fs);
		/* what says nothing about the file system is tried again */
		view->tried = only_fatal(view->status) == STMBOOT_OK;
	}
	if (view->status == STMBOOT_OK)
		*out = view->fs;
	return view->status;
}

enum stmboot_status sb_image_fs_uboot(struct stmboot_image *image, uint32_t number,
				      struct stmboot_fs **out)
{
	struct part *part = find_part(image, number);

	return part != NULL ? view_of(image, part, &part->uboot, stmboot_fs_open_uboot, out)
			    : STMBOOT_NOT_FOUND;
}

enum stmboot_status sb_image_fs_linux(struct stmboot_image *image, uint32_t number,
				      struct stmboot_fs **out)
{
	struct part *part = find_part(image, number);

	return part != NULL ? view_of(image, part, &part->linux_view, stmboot_fs_open_linux, out)
			    : STMBOOT_NOT_FOUND;
}
