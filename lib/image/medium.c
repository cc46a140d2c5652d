/* SPDX-License-Identifier: MIT */
#include "image/medium.h"

#include <stmboot/content.h>

#include <errno.h>
#include <string.h>
#include <sys/stat.h>

#include "source/source.h"
#include "source/unpack.h"

enum stmboot_status sb_medium_see_through(struct stmboot_context *ctx, const struct sb_host *host,
					  const struct sb_place *place, struct sb_medium *medium)
{
	struct sb_meter meter = sb_meter(ctx, 0, 2);
	enum stmboot_status status = sb_pending_open(ctx, host, place, &meter, &medium->pending);

	if (status == STMBOOT_OK)
		status = sb_pending_view(ctx, medium->pending->log, medium->source, &meter,
					 &medium->view);
	if (status == STMBOOT_OK) {
		medium->source = sb_overlay_source(medium->view);
		medium->interrupted = true;
	}
	return status == STMBOOT_NOT_FOUND || status == STMBOOT_CORRUPT ||
			       status == STMBOOT_CONFLICT
		       ? STMBOOT_OK
		       : status;
}

enum stmboot_status sb_medium_open(struct stmboot_context *ctx, const struct sb_host *host,
				   const char *path, const char *state_directory,
				   struct sb_medium *medium)
{
	struct sb_host_info info;
	struct sb_place place;
	int file;
	enum stmboot_status status = host->open(host->self, path, SB_HOST_READ, &file);

	if (status != STMBOOT_OK)
		return status;
	status = sb_host_source(ctx, host, file, true, &medium->file);
	if (status != STMBOOT_OK) {
		host->close(host->self, file);
		return status;
	}
	medium->source = medium->file;
	/* a file without a name, like one that was deleted, has no log beside it */
	if (host->describe(host->self, file, &info) != STMBOOT_OK ||
	    sb_place_find(host, path, &info, medium->file, state_directory, &place) != STMBOOT_OK)
		return STMBOOT_OK;
	return sb_medium_see_through(ctx, host, &place, medium);
}

/* At least everything that sb_medium_look() knows. */
static bool looks_packed(const uint8_t head[SB_COMPRESSION_HEAD])
{
	return sb_compression_detect(head, SB_COMPRESSION_HEAD) != STMBOOT_COMPRESSION_NONE ||
	       memcmp(head, "BZh", 3) == 0;
}

enum stmboot_status sb_medium_prepare(struct sb_medium *medium)
{
	uint8_t head[SB_COMPRESSION_HEAD];
	size_t got;
	enum stmboot_status status = sb_source_peek(medium->source, 0, head, sizeof(head), &got);

	if (status != STMBOOT_OK || !looks_packed(head))
		return status;
	medium->spill_status = sb_spill_open(&medium->spill);
	medium->spill_error = errno;
	medium->prepared = true;
	return STMBOOT_OK;
}

enum stmboot_status sb_medium_take_over(struct stmboot_context *ctx, struct sb_medium *medium)
{
	struct stat st;
	enum stmboot_status status;

	if (!medium->prepared || medium->spill_status != STMBOOT_OK)
		return STMBOOT_OK;
	if (fstat(medium->spill.fd, &st) != 0)
		return STMBOOT_IO;
	if (st.st_size == 0)
		return STMBOOT_OK;
	medium->prepared = false;
	medium->spill.size = (uint64_t)st.st_size;
	status = sb_spill_finish(ctx, &medium->spill, &medium->unpacked);
	if (status == STMBOOT_OK)
		medium->source = medium->unpacked;
	return status;
}

enum stmboot_status sb_medium_look(struct stmboot_context *ctx, struct sb_medium *medium)
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
	enum stmboot_status status = stmboot_content_detect(ctx, medium->source, &content, NULL);

	if (status != STMBOOT_OK)
		return status;
	medium->container = STMBOOT_COMPRESSION_NONE;
	for (size_t i = 0; i < sizeof(containers) / sizeof(containers[0]); i++)
		if (containers[i].content == content)
			medium->container = containers[i].compression;
	return STMBOOT_OK;
}

enum stmboot_status sb_medium_unpack(struct stmboot_context *ctx, struct sb_medium *medium)
{
	enum stmboot_status status;

	if (medium->container == STMBOOT_COMPRESSION_NONE)
		return STMBOOT_OK;
	if (!medium->prepared)
		return STMBOOT_INTERNAL;
	if (medium->spill_status != STMBOOT_OK) {
		errno = medium->spill_error;
		return medium->spill_status;
	}
	medium->prepared = false;
	status = sb_source_unpacked_into(ctx, medium->source, medium->container, &medium->spill,
					 &medium->unpacked);
	if (status == STMBOOT_OK)
		medium->source = medium->unpacked;
	return status;
}

void sb_medium_release(struct sb_medium *medium)
{
	if (medium->prepared && medium->spill_status == STMBOOT_OK)
		sb_spill_drop(&medium->spill);
	stmboot_source_close(medium->unpacked);
	sb_overlay_free(medium->view);
	sb_pending_close(medium->pending);
	stmboot_source_close(medium->file);
}
