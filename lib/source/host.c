/* SPDX-License-Identifier: MIT */
#include "source/host.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/sysmacros.h>

#include "base/context.h"
#include "source/source.h"

struct host_file {
	struct stmboot_context *ctx;
	const struct sb_host *host;
	int file;
	bool owned;
	struct sb_host_info info;
};

static enum stmboot_status host_read_at(void *self, uint64_t offset, void *buffer, size_t size)
{
	const struct host_file *at = self;
	enum stmboot_status status =
		at->host->read_at(at->host->self, at->file, offset, buffer, size);

	/* it was that long when it was opened */
	if (status == STMBOOT_TRUNCATED) {
		errno = ENODATA;
		status = STMBOOT_IO;
	}
	return status;
}

static uint64_t host_size(void *self)
{
	const struct host_file *at = self;

	return at->info.identity.size;
}

static enum stmboot_status host_identity(void *self, struct stmboot_identity *out)
{
	const struct host_file *at = self;
	struct sb_host_info now;
	enum stmboot_status status = at->host->describe(at->host->self, at->file, &now);

	if (status == STMBOOT_OK)
		*out = now.identity;
	return status;
}

static enum stmboot_status host_next_data(void *self, uint64_t offset, uint64_t *start,
					  uint64_t *end)
{
	const struct host_file *at = self;

	return at->host->next_data(at->host->self, at->file, offset, start, end);
}

static void host_close(void *self)
{
	struct host_file *at = self;

	if (at->owned)
		at->host->close(at->host->self, at->file);
	sb_free(at->ctx, at);
}

enum stmboot_status sb_host_source(struct stmboot_context *ctx, const struct sb_host *host,
				   int file, bool owned, struct stmboot_source **out)
{
	static const struct stmboot_source_ops ops = {
		.struct_size = sizeof(ops),
		.read_at = host_read_at,
		.size = host_size,
		.identity = host_identity,
		.next_data = host_next_data,
		.close = host_close,
	};
	struct host_file *at = sb_alloc(ctx, sizeof(*at));
	enum stmboot_status status;

	if (at == NULL)
		return STMBOOT_NO_MEMORY;
	at->ctx = ctx;
	at->host = host;
	at->file = file;
	at->owned = owned;
	status = host->describe(host->self, file, &at->info);
	if (status == STMBOOT_OK)
		status = stmboot_source_new(ctx, &ops, at, out);
	if (status != STMBOOT_OK)
		sb_free(ctx, at);
	return status;
}

bool sb_path_format(char out[SB_PATH_BYTES], const char *format, ...)
{
	va_list args;
	int length;

	va_start(args, format);
	length = vsnprintf(out, SB_PATH_BYTES, format, args);
	va_end(args);
	return length >= 0 && length < SB_PATH_BYTES;
}

bool sb_path_parent(const char *path, char out[SB_PATH_BYTES])
{
	const char *slash = strrchr(path, '/');

	if (slash == NULL)
		return sb_path_format(out, ".");
	return sb_path_format(out, "%.*s", slash == path ? 1 : (int)(slash - path), path);
}

/* Spaces and the like are written as octal numbers. */
static void copy_unescaped(const char *from, char *to, size_t size)
{
	size_t length = 0;

	while (*from != '\0' && *from != ' ' && *from != '\n' && length + 1 < size) {
		unsigned a, b, c;

		if (*from == '\\' && sscanf(from + 1, "%1o%1o%1o", &a, &b, &c) == 3) {
			to[length++] = (char)(a << 6 | b << 3 | c);
			from += 4;
		} else {
			to[length++] = *from++;
		}
	}
	to[length] = '\0';
}

/* "36 35 98:0 /mnt1 /mnt2 rw,noatime ...": identifiers, device, root, mount point. */
bool sb_mountinfo_match(const char *line, const uint64_t *devices, size_t count,
			uint64_t (*disk_of)(void *user, uint64_t device), void *user, char *place,
			size_t size)
{
	unsigned major_number, minor_number;
	int at = 0;
	uint64_t device, disk;

	if (sscanf(line, "%*u %*u %u:%u %*s %n", &major_number, &minor_number, &at) != 2 || at == 0)
		return false;
	device = makedev(major_number, minor_number);
	disk = disk_of(user, device);
	for (size_t i = 0; i < count; i++) {
		if (devices[i] != device && devices[i] != disk)
			continue;
		copy_unescaped(line + at, place, size);
		return true;
	}
	return false;
}
