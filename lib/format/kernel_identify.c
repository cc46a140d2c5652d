/* SPDX-License-Identifier: MIT */
#include <string.h>

#include "base/context.h"
#include "format/kernel_payload.h"

/* An identity with what it points into. */
struct owned_identity {
	struct stmboot_kernel_identity identity; /* first: callers have its address */
	struct sb_arena *arena;
	const char *options; /* lines of the configuration, each with a NUL behind it */
	size_t options_bytes;
};

static enum stmboot_status take_banner(struct owned_identity *owned,
				       const struct sb_kernel_text *text)
{
	static const char before[] = "Linux version ";
	struct stmboot_kernel_identity *identity = &owned->identity;
	const char *release;

	if (text->banner_length == 0)
		return STMBOOT_OK;
	identity->banner = sb_arena_strndup(owned->arena, text->banner, text->banner_length);
	if (identity->banner == NULL)
		return STMBOOT_NO_MEMORY;
	release = identity->banner + sizeof(before) - 1;
	identity->release = sb_arena_strndup(owned->arena, release, strcspn(release, " "));
	return identity->release != NULL ? STMBOOT_OK : STMBOOT_NO_MEMORY;
}

/* The value between quotes, without the backslashes that protect quotes and backslashes. */
static void unquote(char *value)
{
	char *to = value;

	for (const char *from = value + 1; *from != '\0' && *from != '"'; from++) {
		if (*from == '\\' && from[1] != '\0')
			from++;
		*to++ = *from;
	}
	*to = '\0';
}

/* Make each line a string of its own; bytes left over by a shorter value become NULs. */
static void split_lines(char *text, size_t size)
{
	for (char *line = text; line < text + size;) {
		char *end = memchr(line, '\n', (size_t)(text + size - line));
		char *value;

		if (end == NULL)
			end = text + size;
		*end = '\0';
		value = strchr(line, '=');
		if (value != NULL && value[1] == '"') {
			unquote(value + 1);
			memset(value + strlen(value), 0, (size_t)(end - value) - strlen(value));
		}
		line = end + 1;
	}
}

static enum stmboot_status take_config(struct owned_identity *owned,
				       const struct sb_kernel_text *text)
{
	char *options;
	enum stmboot_status status =
		sb_kernel_text_config(text, owned->arena, &options, &owned->options_bytes);

	if (status != STMBOOT_OK || options == NULL)
		return status;
	split_lines(options, owned->options_bytes);
	owned->options = options;
	owned->identity.has_config = true;
	return STMBOOT_OK;
}

static enum stmboot_status identify(struct owned_identity *owned, struct stmboot_source *src,
				    const struct stmboot_kernel *kernel, uint64_t *budget)
{
	struct stmboot_kernel_identity *identity = &owned->identity;
	struct sb_kernel_payload payload;
	enum stmboot_status status =
		sb_kernel_payload_find(owned->arena->ctx, src, kernel, budget, &payload);

	identity->payload = payload.status;
	identity->compression = payload.compression;
	identity->payload_offset = payload.offset;
	identity->payload_bytes = payload.bytes;
	identity->unpacked_bytes = payload.unpacked_bytes;
	identity->decoys = payload.decoys;
	if (status == STMBOOT_OK)
		status = take_banner(owned, &payload.text);
	if (status == STMBOOT_OK)
		status = take_config(owned, &payload.text);
	sb_kernel_text_release(&payload.text);
	return status;
}

enum stmboot_status sb_kernel_identify(struct stmboot_context *ctx, struct stmboot_source *src,
				       const struct stmboot_kernel *kernel, uint64_t *budget,
				       struct stmboot_kernel_identity **out)
{
	struct owned_identity *owned;
	enum stmboot_status status;

	if (kernel->format == STMBOOT_KERNEL_UNKNOWN)
		return STMBOOT_NOT_RECOGNISED;
	owned = sb_object_new(ctx, sizeof(*owned));
	if (owned == NULL)
		return STMBOOT_NO_MEMORY;
	owned->arena = sb_object_arena(owned);
	status = identify(owned, src, kernel, budget);
	if (status == STMBOOT_OK)
		*out = &owned->identity;
	else
		stmboot_kernel_identity_free(&owned->identity);
	return status;
}

enum stmboot_status stmboot_kernel_identify(struct stmboot_context *ctx, struct stmboot_source *src,
					    const struct stmboot_kernel *kernel,
					    struct stmboot_kernel_identity **out)
{
	uint64_t budget = sb_limits(ctx)->max_unpacked_bytes;

	return sb_kernel_identify(ctx, src, kernel, &budget, out);
}

void stmboot_kernel_identity_free(struct stmboot_kernel_identity *identity)
{
	sb_object_free(identity);
}

const char *stmboot_kernel_config_get(const struct stmboot_kernel_identity *identity,
				      const char *option)
{
	const struct owned_identity *owned = (const struct owned_identity *)identity;
	size_t length = strlen(option);

	for (size_t at = 0; at < owned->options_bytes;) {
		const char *line = owned->options + at;

		if (strncmp(line, option, length) == 0 && line[length] == '=')
			return line + length + 1;
		at += strlen(line) + 1;
	}
	return NULL;
}
