/* SPDX-License-Identifier: MIT */
#include "format/kernel_text.h"

#include <string.h>

#include "base/checked.h"
#include "base/context.h"
#include "source/unpack.h"

/* Linux init/version.c. The format string of the same words has no digit behind them. */
static const char banner_start[] = "Linux version ";

/* Linux kernel/configs.c, and the magic of gzip that must follow. */
static const char config_start[] = "IKCFG_ST\x1f\x8b\x08";

enum {
	BANNER_START = sizeof(banner_start) - 1,
	CONFIG_START = sizeof(config_start) - 1,
	GZIP_MAGIC = 3,
	CONFIG_BYTES = 256 << 10, /* packed; distributions have about 64 KiB */
};

void sb_kernel_text_init(struct sb_kernel_text *text, struct stmboot_context *ctx)
{
	*text = (struct sb_kernel_text){ .ctx = ctx };
}

void sb_kernel_text_release(struct sb_kernel_text *text)
{
	sb_free(text->ctx, text->config);
	text->config = NULL;
}

/*
 * Go through `data` up to the end of `pattern`, which may have begun in an
 * earlier piece; returns how far. The first character of a pattern stands
 * nowhere else in it, so after a miss it can only begin anew.
 */
static size_t match(const char *pattern, size_t length, size_t *matched, const uint8_t *data,
		    size_t size)
{
	size_t i = 0;

	while (i < size && *matched < length) {
		if (*matched == 0) {
			const uint8_t *at = memchr(data + i, pattern[0], size - i);

			if (at == NULL)
				return size;
			i = (size_t)(at - data);
		}
		if (data[i] != (uint8_t)pattern[*matched]) {
			*matched = 0;
		} else {
			*matched += 1;
			i++;
		}
	}
	return i;
}

/* Keep what follows the beginning, up to a NUL or a line feed; returns how far. */
static size_t keep_banner(struct sb_kernel_text *text, const uint8_t *data, size_t size)
{
	for (size_t i = 0; i < size; i++) {
		if (text->banner_length == 0) {
			if (data[i] < '0' || data[i] > '9') {
				text->banner_matched = 0;
				return i;
			}
			memcpy(text->banner, banner_start, BANNER_START);
			text->banner_length = BANNER_START;
		}
		if (data[i] == '\0' || data[i] == '\n' ||
		    text->banner_length == SB_KERNEL_BANNER - 1) {
			text->banner_whole = true;
			return i;
		}
		text->banner[text->banner_length++] = (char)data[i];
	}
	return size;
}

static void feed_banner(struct sb_kernel_text *text, const uint8_t *data, size_t size)
{
	while (size > 0 && !text->banner_whole) {
		size_t part = match(banner_start, BANNER_START, &text->banner_matched, data, size);

		if (text->banner_matched == BANNER_START)
			part += keep_banner(text, data + part, size - part);
		data += part;
		size -= part;
	}
}

static enum stmboot_status feed_config(struct sb_kernel_text *text, const uint8_t *data,
				       size_t size)
{
	size_t at = match(config_start, CONFIG_START, &text->config_matched, data, size);
	size_t part;

	if (text->config_matched < CONFIG_START)
		return STMBOOT_OK;
	if (text->config == NULL) {
		text->config = sb_alloc_uncleared(text->ctx, CONFIG_BYTES);
		if (text->config == NULL)
			return STMBOOT_NO_MEMORY;
		memcpy(text->config, config_start + CONFIG_START - GZIP_MAGIC, GZIP_MAGIC);
		text->config_bytes = GZIP_MAGIC;
	}
	part = (size_t)sb_min_u64(CONFIG_BYTES - text->config_bytes, size - at);
	memcpy(text->config + text->config_bytes, data + at, part);
	text->config_bytes += part;
	return STMBOOT_OK;
}

enum stmboot_status sb_kernel_text_feed(void *text, const void *data, size_t size)
{
	feed_banner(text, data, size);
	return feed_config(text, data, size);
}

static enum stmboot_status count(void *user, const void *data, size_t size)
{
	(void)user;
	(void)data;
	(void)size;
	return STMBOOT_OK;
}

static enum stmboot_status append(void *user, const void *data, size_t size)
{
	char **at = user;

	memcpy(*at, data, size);
	*at += size;
	return STMBOOT_OK;
}

/* Twice: first for its length, which its own words about it would only claim. */
static enum stmboot_status unpack_config(struct sb_arena *arena, struct stmboot_source *src,
					 char **out, size_t *size)
{
	struct sb_unpack_options options = { .max_output = sb_limits(arena->ctx)->max_text_bytes,
					     .single = true };
	struct sb_unpack_result result;
	char *text, *at;
	enum stmboot_status status = sb_unpack(arena->ctx, STMBOOT_COMPRESSION_GZIP, src, 0,
					       UINT64_MAX, &options, count, NULL, &result);

	if (status != STMBOOT_OK)
		return status;
	text = at = sb_arena_alloc(arena, (size_t)result.produced + 1);
	if (text == NULL)
		return STMBOOT_NO_MEMORY;
	status = sb_unpack(arena->ctx, STMBOOT_COMPRESSION_GZIP, src, 0, UINT64_MAX, &options,
			   append, &at, &result);
	if (status == STMBOOT_OK) {
		*out = text;
		*size = (size_t)result.produced;
	}
	return status;
}

enum stmboot_status sb_kernel_text_config(const struct sb_kernel_text *text, struct sb_arena *arena,
					  char **out, size_t *size)
{
	struct stmboot_source *src;
	enum stmboot_status status;

	*out = NULL;
	*size = 0;
	if (text->config == NULL)
		return STMBOOT_OK;
	status = stmboot_source_from_memory(text->ctx, text->config, text->config_bytes, &src);
	if (status != STMBOOT_OK)
		return status;
	status = unpack_config(arena, src, out, size);
	stmboot_source_close(src);
	return status == STMBOOT_NO_MEMORY || status == STMBOOT_CANCELLED ? status : STMBOOT_OK;
}
