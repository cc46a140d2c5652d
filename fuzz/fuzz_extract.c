/* SPDX-License-Identifier: MIT */
/*
 * Extraction from damaged file systems, onto a host that takes everything and
 * looks at what it is asked for: single names in folders that are open, which
 * are all closed again, and no more content than the file system has room for.
 */
#include "ext4_image.h"
#include "extract/extract.h"

enum { MAX_HANDLES = 64 };

static struct {
	bool open[MAX_HANDLES];
	uint64_t written;
	unsigned made;
} host_state;

static int take_handle(void)
{
	for (int i = 0; i < MAX_HANDLES; i++)
		if (!host_state.open[i]) {
			host_state.open[i] = true;
			return i;
		}
	abort();
}

static void check_handle(int handle)
{
	require(handle >= 0 && handle < MAX_HANDLES && host_state.open[handle]);
}

static void check_name(int folder, const char *name)
{
	check_handle(folder);
	require(name[0] != '\0' && strlen(name) < SB_NAME_BYTES && strchr(name, '/') == NULL);
	require(strcmp(name, ".") != 0 && strcmp(name, "..") != 0);
}

static enum stmboot_status folder_open(void *self, const char *path, int *folder)
{
	(void)self;
	require(strcmp(path, "out") == 0);
	*folder = take_handle();
	return STMBOOT_OK;
}

static enum stmboot_status folder_enter(void *self, int folder, const char *name, int *out)
{
	(void)self;
	check_name(folder, name);
	*out = take_handle();
	return STMBOOT_OK;
}

static void folder_close(void *self, int handle)
{
	(void)self;
	check_handle(handle);
	host_state.open[handle] = false;
}

static enum stmboot_status folder_describe(void *self, int folder, const char *name,
					   struct sb_entry *out)
{
	(void)self;
	(void)out;
	check_name(folder, name);
	return STMBOOT_NOT_FOUND;
}

/* As if somebody put a file in the place of everything: what is gripped is no link. */
static enum stmboot_status folder_describe_handle(void *self, int handle, struct sb_entry *out)
{
	(void)self;
	check_handle(handle);
	*out = (struct sb_entry){ .kind = SB_ENTRY_FILE, .mode = 0777 };
	return STMBOOT_OK;
}

static enum stmboot_status folder_read_link(void *self, int folder, const char *name, char *target,
					    size_t size, size_t *length)
{
	(void)self;
	(void)target;
	(void)size;
	(void)length;
	check_name(folder, name);
	return STMBOOT_NOT_FOUND;
}

static enum stmboot_status folder_create(void *self, int folder, const char *name, uint32_t mode,
					 int *file)
{
	(void)mode;
	host_state.made++;
	return folder_enter(self, folder, name, file);
}

static enum stmboot_status folder_make_folder(void *self, int folder, const char *name,
					      uint32_t mode)
{
	(void)self;
	(void)mode;
	check_name(folder, name);
	host_state.made++;
	return STMBOOT_OK;
}

static enum stmboot_status folder_make_link(void *self, int folder, const char *name,
					    const char *target)
{
	(void)self;
	check_name(folder, name);
	require(strlen(target) < STMBOOT_FS_PATH_BYTES);
	host_state.made++;
	return STMBOOT_OK;
}

static enum stmboot_status folder_make_special(void *self, int folder, const char *name,
					       enum sb_entry_kind kind, uint32_t mode,
					       uint32_t major_number, uint32_t minor_number)
{
	(void)self;
	(void)major_number;
	(void)minor_number;
	check_name(folder, name);
	require(kind >= SB_ENTRY_CHAR_DEVICE && mode == 0600);
	return STMBOOT_OK;
}

static enum stmboot_status folder_link(void *self, int from, const char *from_name, int folder,
				       const char *name)
{
	(void)self;
	check_name(from, from_name);
	check_name(folder, name);
	return STMBOOT_CONFLICT;
}

static enum stmboot_status folder_rename(void *self, int folder, const char *from, const char *to)
{
	(void)self;
	check_name(folder, from);
	check_name(folder, to);
	return STMBOOT_OK;
}

static enum stmboot_status folder_unlink(void *self, int folder, const char *name)
{
	(void)self;
	check_name(folder, name);
	return STMBOOT_OK;
}

static enum stmboot_status folder_set_owner(void *self, int handle, uint32_t uid, uint32_t gid)
{
	(void)self;
	(void)uid;
	(void)gid;
	check_handle(handle);
	return STMBOOT_OK;
}

static enum stmboot_status folder_set_mode(void *self, int handle, uint32_t mode)
{
	(void)self;
	check_handle(handle);
	require(mode <= 07777);
	return STMBOOT_OK;
}

static enum stmboot_status folder_set_times(void *self, int handle, struct sb_time accessed,
					    struct sb_time modified)
{
	(void)self;
	check_handle(handle);
	require(accessed.nanoseconds < 1000000000 && modified.nanoseconds < 1000000000);
	return STMBOOT_OK;
}

static enum stmboot_status folder_set_attribute(void *self, int handle, const char *name,
						const void *value, size_t size)
{
	(void)self;
	(void)value;
	check_handle(handle);
	require(strchr(name, '.') != NULL && size <= 2 * 65536);
	return STMBOOT_OK;
}

static bool is_root(void *self)
{
	(void)self;
	return true;
}

static const struct sb_folders folders = {
	.open = folder_open,
	.enter = folder_enter,
	.grip = folder_enter,
	.close = folder_close,
	.describe = folder_describe,
	.describe_handle = folder_describe_handle,
	.read_link = folder_read_link,
	.create = folder_create,
	.make_folder = folder_make_folder,
	.make_link = folder_make_link,
	.make_special = folder_make_special,
	.link = folder_link,
	.open_file = folder_enter,
	.rename = folder_rename,
	.unlink = folder_unlink,
	.set_owner = folder_set_owner,
	.set_mode = folder_set_mode,
	.set_times = folder_set_times,
	.set_attribute = folder_set_attribute,
	.is_root = is_root,
};

static enum stmboot_status file_write_at(void *self, int file, uint64_t offset, const void *data,
					 size_t size)
{
	(void)self;
	(void)offset;
	(void)data;
	check_handle(file);
	host_state.written += size;
	return STMBOOT_OK;
}

static enum stmboot_status file_set_size(void *self, int file, uint64_t size)
{
	(void)self;
	check_handle(file);
	require(size <= INT64_MAX);
	return STMBOOT_OK;
}

static enum stmboot_status file_sync(void *self, int file)
{
	(void)self;
	check_handle(file);
	return STMBOOT_OK;
}

static enum stmboot_status file_lock(void *self, int file, enum sb_host_lock kind)
{
	(void)self;
	(void)kind;
	check_handle(file);
	return STMBOOT_OK;
}

static const struct sb_host host = {
	.write_at = file_write_at,
	.set_size = file_set_size,
	.sync = file_sync,
	.lock = file_lock,
};

static void extract(struct stmboot_context *ctx, struct stmboot_fs *fs, size_t size)
{
	const struct stmboot_extract_options options = {
		.struct_size = sizeof(options), .recursive = true, .preserve = true, .devices = true
	};
	const struct stmboot_extract_result *result = NULL;
	struct stmboot_refusal why = { .message = "" };
	enum stmboot_status status =
		sb_extract(ctx, &host, &folders, fs, "/", "out", &options, &why, &result);

	require(host_state.written <= size);
	for (int i = 0; i < MAX_HANDLES; i++)
		require(!host_state.open[i]);
	require(status != STMBOOT_INTERNAL);
	if (result != NULL) {
		require((status == STMBOOT_OK) == (result->failed == 0) || why.message[0] != '\0');
		require(result->trouble_count == result->failed + result->left_out);
	}
	stmboot_extract_free(result);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct stmboot_context_options options = { .struct_size = sizeof(options),
							 .max_walk_names = 1000 };
	static uint8_t medium[MEDIUM];
	struct stmboot_context *ctx;
	struct stmboot_source *src;
	struct stmboot_fs *fs;
	size_t medium_size;
	bool healthy = image_is_made(data, size);

	memset(&host_state, 0, sizeof(host_state));
	image_make(medium);
	image_attributes(medium);
	medium_size = image_patch(medium, data, size);
	require(stmboot_context_new(&options, &ctx) == STMBOOT_OK);
	require(stmboot_source_from_memory(ctx, medium, medium_size, &src) == STMBOOT_OK);
	if (stmboot_fs_open_linux(ctx, src, &fs) == STMBOOT_OK) {
		extract(ctx, fs, medium_size);
		stmboot_fs_close(fs);
		/* of the 2 links, which somebody replaced, none was counted */
		require(!healthy || (host_state.made == 6 && host_state.written > 4000));
	} else {
		require(!healthy);
	}
	stmboot_source_close(src);
	stmboot_context_free(ctx);
	return 0;
}
