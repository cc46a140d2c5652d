/* SPDX-License-Identifier: MIT */
/*
 * What the library says that U-Boot reads of an ext4, one fact a line, for
 * uboot_ext4.py to hold against the real one.
 * usage: ext4_says IMAGE PATH...
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#include <stmboot/fs.h>
#include <stmboot/source.h>

enum { CHUNK = 65536 };

/* A directory that is being listed. */
struct listing {
	struct stmboot_fs *fs;
	const char *path;
};

/* As U-Boot shows a type. */
static const char *type_text(enum stmboot_fs_type type)
{
	switch (type) {
	case STMBOOT_FS_DIRECTORY:
		return "<DIR>";
	case STMBOOT_FS_SYMLINK:
		return "<SYM>";
	case STMBOOT_FS_FILE:
		return "file";
	default:
		return "<?>";
	}
}

/* U-Boot's `ls` needs the inode of every name and ends at the first it cannot read. */
static bool say_entry(void *user, const struct stmboot_fs_entry *entry)
{
	const struct listing *listing = user;
	char path[2 * STMBOOT_FS_PATH_BYTES];
	struct stmboot_fs_node node;
	enum stmboot_fs_type type = entry->type;

	(void)snprintf(path, sizeof(path), "%s/%s", listing->path, entry->name);
	if (stmboot_fs_stat(listing->fs, path, false, &node) != STMBOOT_OK)
		return false;
	if (type == STMBOOT_FS_UNKNOWN)
		type = node.type;
	printf("entry %s %llu ", type_text(type), (unsigned long long)node.size);
	for (const char *c = entry->name; *c != '\0'; c++)
		printf("%02x", (unsigned char)*c);
	putchar('\n');
	return true;
}

static void say_directory(struct stmboot_fs *fs, const char *path)
{
	struct listing listing = { .fs = fs, .path = path };
	enum stmboot_status status = stmboot_fs_list(fs, path, say_entry, &listing);

	printf("ls %s\n", stmboot_status_text(status));
}

static enum stmboot_status sum(struct stmboot_source *file, uint64_t size, unsigned long *crc)
{
	static unsigned char buffer[CHUNK];
	enum stmboot_status status = STMBOOT_OK;

	*crc = crc32(0, NULL, 0);
	for (uint64_t at = 0; at < size && status == STMBOOT_OK; at += CHUNK) {
		size_t part = size - at < CHUNK ? (size_t)(size - at) : CHUNK;

		status = stmboot_source_read(file, at, buffer, part);
		*crc = crc32(*crc, buffer, (uInt)part);
	}
	return status;
}

static void say_file(struct stmboot_fs *fs, const char *path)
{
	struct stmboot_source *file = NULL;
	enum stmboot_status status = stmboot_fs_open(fs, path, &file);
	unsigned long crc = 0;
	uint64_t size = 0;

	if (status == STMBOOT_OK) {
		size = stmboot_source_size(file);
		printf("size %llx\n", (unsigned long long)size);
		status = sum(file, size, &crc);
	}
	if (status == STMBOOT_OK)
		printf("crc %08lx\n", crc);
	else
		printf("trouble %s\n", stmboot_status_text(status));
	stmboot_source_close(file);
}

int main(int argc, char **argv)
{
	struct stmboot_context *ctx = NULL;
	struct stmboot_source *src = NULL;
	struct stmboot_fs *fs = NULL;
	enum stmboot_status status;

	if (argc < 2) {
		fputs("usage: ext4_says IMAGE PATH...\n", stderr);
		return 2;
	}
	status = stmboot_context_new(NULL, &ctx);
	if (status == STMBOOT_OK)
		status = stmboot_source_open_file(ctx, argv[1], &src);
	if (status == STMBOOT_OK)
		status = stmboot_fs_open_uboot(ctx, src, &fs);
	printf("open %s\n", stmboot_status_text(status));
	for (int i = 2; i < argc && fs != NULL; i++) {
		printf("path %d\n", i - 2);
		say_directory(fs, argv[i]);
		say_file(fs, argv[i]);
	}
	stmboot_fs_close(fs);
	stmboot_source_close(src);
	stmboot_context_free(ctx);
	return 0;
}
