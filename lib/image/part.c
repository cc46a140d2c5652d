/* SPDX-License-Identifier: MIT */
#include "image/part.h"

#include <stdio.h>

#include "base/context.h"
#include "fs/fs.h"
#include "source/source.h"

static enum stmboot_status only_fatal(enum stmboot_status status)
{
	return status == STMBOOT_NO_MEMORY || status == STMBOOT_CANCELLED ? status : STMBOOT_OK;
}

enum stmboot_status sb_part_open(struct stmboot_context *ctx, struct stmboot_source *medium,
				 struct sb_part *part)
{
	struct stmboot_part *p = &part->public;
	enum stmboot_status status =
		stmboot_source_window(ctx, medium, p->offset, p->size, &part->window);

	if (status == STMBOOT_OK)
		status = sb_source_cache(ctx, part->window, part->cache_pool, &part->cached);
	if (status != STMBOOT_OK)
		return status;
	p->available = stmboot_source_size(part->window);
	status = only_fatal(stmboot_content_detect(ctx, part->cached, &p->content, &p->flavour));
	part->format = sb_format_of(p->content);
	return status;
}

enum stmboot_status sb_part_decode(struct stmboot_context *ctx, struct sb_part *part)
{
	if (part->format == NULL)
		return STMBOOT_OK;
	return only_fatal(part->format->decode(ctx, part->cached, &part->public, &part->record));
}

void sb_part_close(struct stmboot_context *ctx, struct sb_part *part)
{
	stmboot_fs_close(part->uboot_view.fs);
	stmboot_fs_close(part->linux_view.fs);
	sb_jbd2_close(part->journal.open);
	if (part->record != NULL)
		part->format->free(part->record);
	sb_free(ctx, part->scan);
	if (!part->inner.borrowed)
		stmboot_dtb_free(part->inner.dtb);
	stmboot_source_close(part->cached);
	stmboot_source_close(part->window);
}

/* In the order of the boot: a loader is not named after what it carries. */
static void name_program(struct sb_part *part)
{
	static const struct {
		enum sb_firmware firmware;
		const char *name;
	} programs[] = {
		{ SB_FIRMWARE_SPL, "U-Boot SPL" },
		{ SB_FIRMWARE_TFA, "TF-A" },
		{ SB_FIRMWARE_UBOOT, "U-Boot" },
		{ SB_FIRMWARE_OPTEE, "OP-TEE" },
	};

	for (size_t i = 0; i < sizeof(programs) / sizeof(programs[0]); i++) {
		const struct sb_scan_text *text = sb_scan_find(part->scan, programs[i].firmware);

		if (text == NULL)
			continue;
		snprintf(part->program, sizeof(part->program), "%s %s", programs[i].name,
			 text->version);
		part->public.program = part->program;
		return;
	}
}

enum stmboot_status sb_part_scan(struct stmboot_context *ctx, struct sb_part *part,
				 struct sb_scan *out)
{
	struct sb_scan *scan = part->scan;
	enum stmboot_status status = STMBOOT_OK;

	if (part->record == NULL || part->format->scan == NULL)
		return STMBOOT_NOT_FOUND;
	if (scan == NULL) {
		scan = sb_alloc(ctx, sizeof(*scan));
		if (scan == NULL)
			return STMBOOT_NO_MEMORY;
		/* past the cache: a payload is read once */
		status = part->format->scan(ctx, part->window, part->record, scan);
	}
	if (status != STMBOOT_OK) {
		sb_free(ctx, scan);
		return status;
	}
	part->scan = scan;
	name_program(part);
	*out = *scan;
	return STMBOOT_OK;
}

enum stmboot_status sb_part_dtb(struct stmboot_context *ctx, struct sb_part *part, uint64_t offset,
				uint64_t size, const struct stmboot_dtb **out)
{
	struct sb_inner_dtb *inner = &part->inner;
	struct stmboot_source *window = NULL;
	struct stmboot_dtb *dtb = NULL;
	enum stmboot_status status = STMBOOT_OK;

	if (inner->dtb != NULL && inner->offset == offset && inner->size == size) {
		*out = inner->dtb;
		return STMBOOT_OK;
	}
	status = stmboot_source_window(ctx, part->cached, offset, size, &window);
	if (status == STMBOOT_OK)
		status = stmboot_dtb_decode(ctx, window, &dtb);
	stmboot_source_close(window);
	if (status != STMBOOT_OK)
		return status;
	if (!inner->borrowed)
		stmboot_dtb_free(inner->dtb);
	*inner = (struct sb_inner_dtb){ .offset = offset, .size = size, .dtb = dtb };
	*out = dtb;
	return STMBOOT_OK;
}

enum stmboot_status sb_part_adopt(struct stmboot_context *ctx, struct sb_part *part,
				  const struct sb_part *same)
{
	if (same->scan == NULL || part->scan != NULL || part->record == NULL ||
	    part->format != same->format)
		return STMBOOT_OK;
	part->scan = sb_alloc(ctx, sizeof(*part->scan));
	if (part->scan == NULL)
		return STMBOOT_NO_MEMORY;
	*part->scan = *same->scan;
	part->inner = same->inner;
	part->inner.borrowed = true;
	part->format->adopt(part->record, same->record);
	return STMBOOT_OK;
}

typedef enum stmboot_status open_fs(struct stmboot_context *ctx, struct stmboot_source *src,
				    struct stmboot_fs **out);

static enum stmboot_status open_view(struct stmboot_context *ctx, const struct sb_part *part,
				     struct stmboot_source *src, struct sb_fs_view *view,
				     open_fs *open, struct stmboot_fs **out)
{
	if (!view->tried) {
		view->status = open(ctx, src, &view->fs);
		if (view->status == STMBOOT_OK)
			sb_fs_share(view->fs, part->lookups);
		/* what says nothing about the file system is tried again */
		view->tried = only_fatal(view->status) == STMBOOT_OK;
	}
	if (view->status == STMBOOT_OK)
		*out = view->fs;
	return view->status;
}

enum stmboot_status sb_part_fs_uboot(struct stmboot_context *ctx, struct sb_part *part,
				     struct stmboot_fs **out)
{
	return open_view(ctx, part, part->cached, &part->uboot_view, stmboot_fs_open_uboot, out);
}

enum stmboot_status sb_part_open_journal(struct stmboot_context *ctx, struct sb_part *part)
{
	const struct stmboot_ext4_info *ext4 = part->public.ext4;
	struct sb_part_journal *journal = &part->journal;

	if (ext4 == NULL || !ext4->needs_recovery)
		return STMBOOT_NOT_FOUND;
	if (!journal->tried) {
		journal->status =
			sb_jbd2_open(ctx, part->cached, &journal->trouble, &journal->open);
		journal->tried = only_fatal(journal->status) == STMBOOT_OK;
	}
	return journal->status;
}

/* What Linux would refuse has no view; what only we cannot replay is shown as it stands. */
enum stmboot_status sb_part_fs_linux(struct stmboot_context *ctx, struct sb_part *part,
				     struct stmboot_fs **out)
{
	struct stmboot_source *src = part->cached;
	enum stmboot_status status = sb_part_open_journal(ctx, part);

	switch (status) {
	case STMBOOT_OK:
		src = sb_jbd2_source(part->journal.open);
		break;
	case STMBOOT_NOT_FOUND:
	case STMBOOT_UNSUPPORTED:
	case STMBOOT_LIMIT:
	case STMBOOT_TRUNCATED:
		break;
	default:
		return status;
	}
	return open_view(ctx, part, src, &part->linux_view, stmboot_fs_open_linux, out);
}
