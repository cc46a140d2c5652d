/* SPDX-License-Identifier: MIT */
#include "image/medium.h"

#include <stmboot/content.h>

#include "source/unpack.h"

enum stmboot_status sb_medium_see_through(struct stmboot_context *ctx, const struct sb_host *host,
					  const struct sb_place *place, struct sb_medium *medium)
{
	enum stmboot_status status = sb_pending_open(ctx, host, place, &medium->pending);

	if (status == STMBOOT_OK)
		status = sb_pending_view(ctx, medium->pending->log, medium->source, &medium->view);
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

enum stmboot_status sb_medium_container(struct stmboot_context *ctx, struct stmboot_source *src,
					enum stmboot_compression *out)
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
	enum stmboot_status status = stmboot_content_detect(ctx, src, &content, NULL);

	if (status != STMBOOT_OK)
		return status;
	*out = STMBOOT_COMPRESSION_NONE;
	for (size_t i = 0; i < sizeof(containers) / sizeof(containers[0]); i++)
		if (containers[i].content == content)
			*out = containers[i].compression;
	return STMBOOT_OK;
}

enum stmboot_status sb_medium_unpack(struct stmboot_context *ctx, struct sb_medium *medium)
{
	enum stmboot_status status = sb_medium_container(ctx, medium->source, &medium->container);

	if (status != STMBOOT_OK || medium->container == STMBOOT_COMPRESSION_NONE)
		return status;
	status = sb_source_unpacked(ctx, medium->source, medium->container, &medium->unpacked);
	if (status == STMBOOT_OK)
		medium->source = medium->unpacked;
	return status;
}

void sb_medium_release(struct sb_medium *medium)
{
	stmboot_source_close(medium->unpacked);
	sb_overlay_free(medium->view);
	sb_pending_close(medium->pending);
	stmboot_source_close(medium->file);
}
