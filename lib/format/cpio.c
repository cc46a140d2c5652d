/* SPDX-License-Identifier: MIT */
/* Linux Documentation/driver-api/early-userspace/buffer-format.rst, init/initramfs.c */
#include "format/cpio.h"

#include <string.h>
#include <sys/stat.h>

#include "base/checked.h"
#include "base/context.h"
#include "source/source.h"
#include "source/unpack.h"

/* An entry: the header in ASCII, the name, padding to 4, the data, padding to 4. */
enum { HEADER_BYTES = 110, MAGIC_BYTES = 6, FIELD_BYTES = 8 };
enum { FIELD_MODE = 1, FIELD_FILESIZE = 6, FIELD_NAMESIZE = 11 };

/* A file may have any size and be the same blocks over and over: a read counts as so much. */
enum { LEAST_COST = 256 };

/* The kernel passes over entries with longer names and links (PATH_MAX). */
enum { MAX_PATH = 4096 };

enum state {
	STATE_BETWEEN, /* behind a trailer, or at the very start */
	STATE_HEADER,
	STATE_NAME,
	STATE_TARGET,
};

/* A walk eats bytes in two ways: first so many to skip, then so many to gather. */
struct walk {
	struct sb_arena *arena;
	struct sb_initramfs *out;
	const char *program; /* without leading slashes */
	enum state state;
	enum stmboot_status status; /* of the archive: OK or CORRUPT */
	uint64_t skip;
	size_t need;
	size_t have;
	uint64_t entries;
	uint32_t mode;
	uint32_t file_bytes;
	uint64_t file_padded;
	uint64_t name_padding;
	char buffer[MAX_PATH + 1];
};

/* "init", "./init" and "/init" are one file. */
static const char *strip(const char *name)
{
	while (*name == '/' || (name[0] == '.' && name[1] == '/'))
		name++;
	return name;
}

static void gather(struct walk *walk, enum state state, size_t need)
{
	walk->state = state;
	walk->need = need;
	walk->have = 0;
}

static bool hex_field(const struct walk *walk, size_t number, uint32_t *out)
{
	const char *at = walk->buffer + MAGIC_BYTES + number * FIELD_BYTES;
	uint32_t value = 0;

	for (size_t i = 0; i < FIELD_BYTES; i++) {
		const char *digits = "0123456789abcdef";
		char c = at[i] >= 'A' && at[i] <= 'F' ? (char)(at[i] - 'A' + 'a') : at[i];
		const char *digit = c != '\0' ? strchr(digits, c) : NULL;

		if (digit == NULL)
			return false;
		value = value << 4 | (uint32_t)(digit - digits);
	}
	*out = value;
	return true;
}

static void end_header(struct walk *walk)
{
	uint64_t name_padded;
	uint32_t name_bytes;

	if ((memcmp(walk->buffer, "070701", MAGIC_BYTES) != 0 &&
	     memcmp(walk->buffer, "070702", MAGIC_BYTES) != 0) ||
	    !hex_field(walk, FIELD_MODE, &walk->mode) ||
	    !hex_field(walk, FIELD_FILESIZE, &walk->file_bytes) ||
	    !hex_field(walk, FIELD_NAMESIZE, &name_bytes)) {
		walk->status = STMBOOT_CORRUPT;
		return;
	}
	walk->entries++;
	walk->file_padded = sb_round_up_u64(walk->file_bytes, 4);
	name_padded = sb_round_up_u64((uint64_t)HEADER_BYTES + name_bytes, 4) - HEADER_BYTES;
	if (name_bytes == 0 || name_bytes > MAX_PATH) {
		walk->skip = name_padded + walk->file_padded;
		gather(walk, STATE_HEADER, HEADER_BYTES);
		return;
	}
	walk->name_padding = name_padded - name_bytes;
	gather(walk, STATE_NAME, name_bytes);
}

static void found(struct walk *walk)
{
	struct sb_initramfs *out = walk->out;

	out->found = true;
	out->mode = walk->mode;
	out->bytes = walk->file_bytes;
	out->target = NULL;
}

/* What follows a name is skipped, except the target of the link that is looked for. */
static void end_name(struct walk *walk)
{
	bool trailer, wanted;

	walk->buffer[walk->have] = '\0';
	trailer = strcmp(walk->buffer, "TRAILER!!!") == 0;
	wanted = !trailer && strcmp(strip(walk->buffer), walk->program) == 0;
	if (wanted)
		found(walk);
	walk->skip = walk->name_padding;
	if (wanted && S_ISLNK(walk->mode) && walk->file_bytes > 0 && walk->file_bytes <= MAX_PATH) {
		gather(walk, STATE_TARGET, walk->file_bytes);
		return;
	}
	walk->skip += walk->file_padded;
	if (trailer)
		gather(walk, STATE_BETWEEN, 1);
	else
		gather(walk, STATE_HEADER, HEADER_BYTES);
}

static void end_target(struct walk *walk)
{
	walk->out->target =
		sb_arena_strndup(walk->arena, walk->buffer, strnlen(walk->buffer, walk->have));
	walk->skip = walk->file_padded - walk->file_bytes;
	gather(walk, STATE_HEADER, HEADER_BYTES);
}

/* Zeros may stand between archives; a header starts with '0'. */
static void end_between(struct walk *walk)
{
	if (walk->buffer[0] == '\0') {
		walk->have = 0;
		return;
	}
	walk->state = STATE_HEADER;
	walk->need = HEADER_BYTES;
	if (walk->buffer[0] != '0')
		walk->status = STMBOOT_CORRUPT;
}

/* Called when all that is needed was gathered. */
static void advance(struct walk *walk)
{
	switch (walk->state) {
	case STATE_BETWEEN:
		end_between(walk);
		break;
	case STATE_HEADER:
		end_header(walk);
		break;
	case STATE_NAME:
		end_name(walk);
		break;
	case STATE_TARGET:
		end_target(walk);
		break;
	}
}

static enum stmboot_status eat(void *user, const void *bytes, size_t size)
{
	struct walk *walk = user;
	const char *data = bytes;

	while (size > 0 && walk->status == STMBOOT_OK) {
		size_t part = (size_t)sb_min_u64(walk->skip, size);

		if (part != 0) {
			walk->skip -= part;
		} else {
			part = (size_t)sb_min_u64(walk->need - walk->have, size);
			memcpy(walk->buffer + walk->have, data, part);
			walk->have += part;
			if (walk->have == walk->need)
				advance(walk);
		}
		data += part;
		size -= part;
	}
	return walk->arena->failed ? STMBOOT_NO_MEMORY : walk->status;
}

/* An archive that ends between two entries only lacks its trailer, which the kernel tolerates. */
static enum stmboot_status end_status(const struct walk *walk)
{
	if (walk->status != STMBOOT_OK || walk->state == STATE_BETWEEN)
		return walk->status;
	return walk->state == STATE_HEADER && walk->have == 0 && walk->skip == 0
		       ? STMBOOT_OK
		       : STMBOOT_TRUNCATED;
}

static void begin(struct walk *walk, enum state state, size_t need)
{
	walk->status = STMBOOT_OK;
	walk->skip = 0;
	walk->entries = 0;
	gather(walk, state, need);
}

/* Take what a read costs from what may be looked at in all, or false. */
static bool take_budget(uint64_t *budget, uint64_t bytes)
{
	uint64_t cost = bytes > LEAST_COST ? bytes : LEAST_COST;

	if (cost > *budget)
		return false;
	*budget -= cost;
	return true;
}

/* The files' data are not read, only passed over. */
static enum stmboot_status walk_plain(struct walk *walk, struct stmboot_source *src,
				      uint64_t *budget, struct sb_initramfs_archive *archive)
{
	uint64_t size = stmboot_source_size(src);
	uint64_t at = archive->offset;
	char bytes[MAX_PATH];

	begin(walk, STATE_HEADER, HEADER_BYTES);
	while (at < size && walk->status == STMBOOT_OK && walk->state != STATE_BETWEEN) {
		uint64_t skip = sb_min_u64(walk->skip, size - at);
		size_t part = (size_t)sb_min_u64(walk->need, size - at - skip);
		enum stmboot_status status;

		if (!take_budget(budget, part)) {
			archive->status = STMBOOT_LIMIT;
			return STMBOOT_OK;
		}
		status = stmboot_source_read(src, at + skip, bytes, part);
		if (status != STMBOOT_OK)
			return status;
		walk->skip -= skip;
		at += skip + part;
		if (eat(walk, bytes, part) == STMBOOT_NO_MEMORY)
			return STMBOOT_NO_MEMORY;
	}
	at += sb_min_u64(walk->skip, size - at);
	archive->consumed = archive->produced = at - archive->offset;
	archive->status = end_status(walk);
	return STMBOOT_OK;
}

static bool is_about_archive(enum stmboot_status status)
{
	return status == STMBOOT_OK || status == STMBOOT_CORRUPT || status == STMBOOT_TRUNCATED ||
	       status == STMBOOT_LIMIT || status == STMBOOT_UNSUPPORTED;
}

static enum stmboot_status walk_packed(struct walk *walk, struct stmboot_source *src,
				       uint64_t *budget, struct sb_initramfs_archive *archive)
{
	struct sb_unpack_options options = { .max_output = *budget, .single = true };
	struct sb_unpack_result result;
	enum stmboot_status status;

	if (*budget == 0) {
		archive->status = STMBOOT_LIMIT;
		return STMBOOT_OK;
	}
	begin(walk, STATE_BETWEEN, 1);
	status =
		sb_unpack(walk->arena->ctx, archive->compression, src, archive->offset,
			  stmboot_source_size(src) - archive->offset, &options, eat, walk, &result);
	archive->consumed = result.consumed;
	archive->produced = result.produced;
	if (status == STMBOOT_NOT_RECOGNISED) /* a signature with nonsense behind it */
		status = STMBOOT_CORRUPT;
	archive->status = status == STMBOOT_OK ? end_status(walk) : status;
	*budget -= result.produced;
	return is_about_archive(status) ? STMBOOT_OK : status;
}

/* Move past zero bytes; *offset may reach the end. STMBOOT_LIMIT when there are too many. */
static enum stmboot_status skip_zeros(struct stmboot_source *src, uint64_t *budget,
				      uint64_t *offset)
{
	char bytes[4096];
	size_t got, zeros;

	do {
		enum stmboot_status status =
			sb_source_peek(src, *offset, bytes, sizeof(bytes), &got);

		if (status != STMBOOT_OK)
			return status;
		for (zeros = 0; zeros < got && bytes[zeros] == '\0'; zeros++)
			continue;
		if (zeros != 0 && !take_budget(budget, zeros))
			return STMBOOT_LIMIT;
		*offset += zeros;
	} while (got != 0 && zeros == got);
	return STMBOOT_OK;
}

static bool recognise(const uint8_t *head, size_t size, struct sb_initramfs_archive *archive)
{
	if (size >= MAGIC_BYTES && archive->offset % 4 == 0 && memcmp(head, "07070", 5) == 0)
		return true;
	archive->compression = sb_compression_detect(head, size);
	return archive->compression != STMBOOT_COMPRESSION_NONE &&
	       archive->compression != STMBOOT_COMPRESSION_LZ4;
}

/* Walk the archive at *offset and move behind it; *more is false when nothing can follow. */
static enum stmboot_status walk_one(struct walk *walk, struct stmboot_source *src, bool deep,
				    uint64_t *budget, uint64_t *offset, bool *more)
{
	struct sb_initramfs *out = walk->out;
	struct sb_initramfs_archive *archive = &out->archives[out->archive_count];
	uint8_t head[SB_COMPRESSION_HEAD];
	enum stmboot_status status;
	size_t got;

	*more = false;
	archive->offset = *offset;
	status = sb_source_peek(src, *offset, head, sizeof(head), &got);
	if (status != STMBOOT_OK || got == 0)
		return status;
	if (!recognise(head, got, archive)) {
		out->junk = true;
		out->junk_offset = *offset;
		return STMBOOT_OK;
	}
	out->archive_count++;
	if (archive->compression != STMBOOT_COMPRESSION_NONE && !deep) {
		out->unseen = true;
		return STMBOOT_OK;
	}
	status = archive->compression == STMBOOT_COMPRESSION_NONE
			 ? walk_plain(walk, src, budget, archive)
			 : walk_packed(walk, src, budget, archive);
	archive->entries = walk->entries;
	*offset += archive->consumed;
	*more = archive->status == STMBOOT_OK;
	out->unseen = archive->status == STMBOOT_LIMIT || archive->status == STMBOOT_UNSUPPORTED;
	return status;
}

enum stmboot_status sb_initramfs_decode(struct sb_arena *arena, struct stmboot_source *src,
					const char *program, bool deep, uint64_t *budget,
					struct sb_initramfs *out)
{
	struct walk *walk = sb_alloc(arena->ctx, sizeof(*walk));
	enum stmboot_status status = STMBOOT_OK;
	uint64_t offset = 0;
	bool more = true;

	*out = (struct sb_initramfs){ .deep = deep };
	if (walk == NULL)
		return STMBOOT_NO_MEMORY;
	walk->arena = arena;
	walk->out = out;
	walk->program = strip(program);
	while (status == STMBOOT_OK && more) {
		if (out->archive_count == SB_INITRAMFS_ARCHIVES) {
			out->unseen = offset < stmboot_source_size(src);
			break;
		}
		status = walk_one(walk, src, deep, budget, &offset, &more);
		if (status == STMBOOT_OK && more)
			status = skip_zeros(src, budget, &offset);
	}
	if (status == STMBOOT_LIMIT) {
		out->unseen = true;
		status = STMBOOT_OK;
	}
	out->recognised = out->archive_count != 0;
	if (!out->recognised)
		out->junk = false;
	sb_free(arena->ctx, walk);
	return status;
}
