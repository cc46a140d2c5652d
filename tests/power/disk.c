/* SPDX-License-Identifier: MIT */
#include "disk.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "source/overlay.h"

const char disk_image[] = "/disk/card.img";
const char disk_state[] = "/home/state";

enum { IMAGE_FILE = 0 };

uint64_t disk_random(uint64_t *state)
{
	uint64_t z = *state += UINT64_C(0x9e3779b97f4a7c15);

	z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
	z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
	return z ^ z >> 31;
}

static void *must(void *memory)
{
	if (memory == NULL)
		abort();
	return memory;
}

static _Noreturn void give_up(const char *what)
{
	(void)fprintf(stderr, "disk: %s\n", what);
	abort();
}

static void expect(bool truth, const char *what)
{
	if (!truth)
		give_up(what);
}

/* Where a sector is, or where it would be. */
static size_t place_of(const struct disk_file *file, uint64_t number)
{
	size_t low = 0, high = file->count;

	while (low < high) {
		size_t middle = (low + high) / 2;

		if (file->sectors[middle].number < number)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

static void read_base(const struct disk_file *file, uint64_t number, uint8_t out[512])
{
	uint64_t offset = number * 512;
	uint64_t size = file->base != NULL ? stmboot_source_size(file->base) : 0;
	size_t part = offset < size ? (size_t)(size - offset < 512 ? size - offset : 512) : 0;

	memset(out, 0, 512);
	expect(part == 0 || stmboot_source_read(file->base, offset, out, part) == STMBOOT_OK,
	       "the base cannot be read");
}

static struct disk_sector *sector_for_writing(struct disk_file *file, uint64_t number)
{
	size_t at = place_of(file, number);

	if (at < file->count && file->sectors[at].number == number)
		return &file->sectors[at];
	if (file->count == file->capacity) {
		file->capacity = file->capacity != 0 ? file->capacity * 2 : 16;
		file->sectors =
			must(realloc(file->sectors, file->capacity * sizeof(*file->sectors)));
	}
	memmove(file->sectors + at + 1, file->sectors + at,
		(file->count - at) * sizeof(*file->sectors));
	file->count++;
	file->sectors[at].number = number;
	read_base(file, number, file->sectors[at].data);
	return &file->sectors[at];
}

static void file_read(const struct disk_file *file, uint64_t offset, uint8_t *to, size_t size)
{
	while (size > 0) {
		uint64_t number = offset / 512;
		size_t skip = (size_t)(offset % 512);
		size_t part = 512 - skip < size ? 512 - skip : size;
		size_t at = place_of(file, number);
		uint8_t base[512];
		const uint8_t *from = base;

		if (at < file->count && file->sectors[at].number == number)
			from = file->sectors[at].data;
		else
			read_base(file, number, base);
		memcpy(to, from + skip, part);
		to += part;
		offset += part;
		size -= part;
	}
}

static void file_write(struct disk_file *file, uint64_t offset, const uint8_t *from, size_t size)
{
	if (offset + size > file->size)
		file->size = offset + size;
	while (size > 0) {
		size_t skip = (size_t)(offset % 512);
		size_t part = 512 - skip < size ? 512 - skip : size;

		memcpy(sector_for_writing(file, offset / 512)->data + skip, from, part);
		from += part;
		offset += part;
		size -= part;
	}
}

static void file_resize(struct disk_file *file, uint64_t size)
{
	while (file->count != 0 && file->sectors[file->count - 1].number * 512 >= size)
		file->count--;
	file->size = size;
}

static struct disk_name *find_name(const struct disk *disk, const char *path)
{
	for (size_t i = 0; i < disk->name_count; i++)
		if (strcmp(disk->names[i].path, path) == 0)
			return (struct disk_name *)(uintptr_t)&disk->names[i];
	return NULL;
}

static int file_of(const struct disk *disk, const char *path)
{
	const struct disk_name *name = find_name(disk, path);

	return name != NULL ? name->file : -1;
}

static void set_name(struct disk *disk, const char *path, int file)
{
	struct disk_name *name = find_name(disk, path);

	if (name == NULL) {
		expect(disk->name_count < DISK_NAMES, "too many names");
		name = &disk->names[disk->name_count++];
		(void)snprintf(name->path, sizeof(name->path), "%s", path);
	}
	name->file = file;
}

static struct disk_op *record(struct disk *disk, enum disk_op_kind kind, int file)
{
	struct disk_op *op;

	if (disk->op_count == disk->op_capacity) {
		disk->op_capacity = disk->op_capacity != 0 ? disk->op_capacity * 2 : 64;
		disk->ops = must(realloc(disk->ops, disk->op_capacity * sizeof(*disk->ops)));
	}
	op = &disk->ops[disk->op_count++];
	*op = (struct disk_op){ .kind = kind, .file = file };
	return op;
}

static void record_write(struct disk *disk, int file, uint64_t offset, const void *data,
			 size_t size)
{
	struct disk_op *op = record(disk, DISK_WRITE, file);

	op->offset = offset;
	op->size = size;
	op->data = must(malloc(size != 0 ? size : 1));
	memcpy(op->data, data, size);
	file_write(&disk->files[file], offset, data, size);
}

static void record_name(struct disk *disk, const char *path, int file)
{
	struct disk_op *op = record(disk, DISK_NAME, file);

	(void)snprintf(op->path, sizeof(op->path), "%s", path);
	set_name(disk, path, file);
}

/* Every call of the host may be the one that fails. */
static bool fails(struct disk *disk)
{
	const struct disk_fault *fault = &disk->fault;

	disk->calls++;
	if (fault->at == 0 || disk->calls < fault->at)
		return false;
	if (disk->calls > fault->at && !fault->for_good)
		return false;
	errno = fault->error;
	return true;
}

static enum stmboot_status disk_open(void *self, const char *path, enum sb_host_mode mode, int *out)
{
	struct disk *disk = self;
	int file = file_of(disk, path);
	int handle = 0;

	if (fails(disk))
		return STMBOOT_IO;
	if (mode == SB_HOST_CREATE ? file >= 0 : file < 0)
		return file >= 0 ? STMBOOT_CONFLICT : STMBOOT_NOT_FOUND;
	if (file < 0) {
		expect(disk->file_count < DISK_FILES, "too many files");
		file = (int)disk->file_count++;
		record_name(disk, path, file);
	}
	while (handle < DISK_HANDLES && disk->handles[handle] >= 0)
		handle++;
	if (handle == DISK_HANDLES)
		give_up("too many open files");
	disk->handles[handle] = file;
	*out = handle;
	return STMBOOT_OK;
}

static void disk_close(void *self, int handle)
{
	struct disk *disk = self;

	disk->files[disk->handles[handle]].locked = false;
	disk->handles[handle] = -1;
}

static struct disk_file *file_at(const struct disk *disk, int handle)
{
	expect(handle >= 0 && handle < DISK_HANDLES && disk->handles[handle] >= 0,
	       "a file that is not open is used");
	return (struct disk_file *)(uintptr_t)&disk->files[disk->handles[handle]];
}

static enum stmboot_status disk_describe(void *self, int handle, struct sb_host_info *out)
{
	struct disk *disk = self;
	const struct disk_file *file = file_at(disk, handle);

	if (fails(disk))
		return STMBOOT_IO;
	*out = (struct sb_host_info){
		.identity = { .inode = (uint64_t)disk->handles[handle] + 1, .size = file->size },
		.block_device = disk->device && disk->handles[handle] == IMAGE_FILE,
		.mode = 0600,
	};
	return STMBOOT_OK;
}

static enum stmboot_status disk_read_at(void *self, int handle, uint64_t offset, void *buffer,
					size_t size)
{
	struct disk *disk = self;
	const struct disk_file *file = file_at(disk, handle);

	if (fails(disk))
		return STMBOOT_IO;
	if (offset > file->size || size > file->size - offset)
		return STMBOOT_TRUNCATED;
	file_read(file, offset, buffer, size);
	return STMBOOT_OK;
}

/* Half of a write, as whole sectors. */
static size_t torn_size(uint64_t offset, size_t size)
{
	uint64_t end = (offset + size / 2) / 512 * 512;

	return end > offset ? (size_t)(end - offset) : 0;
}

/* A write that fails is done in part. */
static enum stmboot_status disk_write_at(void *self, int handle, uint64_t offset, const void *data,
					 size_t size)
{
	struct disk *disk = self;
	const struct disk_file *file = file_at(disk, handle);
	bool failed = fails(disk);

	expect(disk->handles[handle] != IMAGE_FILE || offset + size <= file->size,
	       "the image grows");
	record_write(disk, disk->handles[handle], offset, data,
		     failed ? torn_size(offset, size) : size);
	return failed ? STMBOOT_IO : STMBOOT_OK;
}

static enum stmboot_status disk_sync(void *self, int handle)
{
	struct disk *disk = self;
	struct disk_op *op;

	(void)file_at(disk, handle);
	op = record(disk, DISK_SYNC, disk->handles[handle]);
	op->failed = fails(disk);
	return op->failed ? STMBOOT_IO : STMBOOT_OK;
}

static void disk_forget(void *self, int handle, uint64_t offset, uint64_t length)
{
	(void)self;
	(void)handle;
	(void)offset;
	(void)length;
}

static enum stmboot_status disk_set_size(void *self, int handle, uint64_t size)
{
	struct disk *disk = self;

	(void)file_at(disk, handle);
	if (fails(disk))
		return STMBOOT_IO;
	record(disk, DISK_SIZE, disk->handles[handle])->offset = size;
	file_resize(&disk->files[disk->handles[handle]], size);
	return STMBOOT_OK;
}

static enum stmboot_status disk_reserve(void *self, int handle, uint64_t offset, uint64_t length)
{
	struct disk *disk = self;
	const struct disk_file *file = file_at(disk, handle);

	if (offset + length > file->size)
		return disk_set_size(self, handle, offset + length);
	return fails(disk) ? STMBOOT_IO : STMBOOT_OK;
}

static enum stmboot_status disk_next_data(void *self, int handle, uint64_t offset, uint64_t *start,
					  uint64_t *end)
{
	struct disk *disk = self;

	if (fails(disk))
		return STMBOOT_IO;
	*start = offset;
	*end = file_at(disk, handle)->size;
	return STMBOOT_OK;
}

static enum stmboot_status disk_clone(void *self, int from, int to)
{
	(void)self;
	(void)from;
	(void)to;
	return STMBOOT_UNSUPPORTED;
}

static enum stmboot_status disk_copy_range(void *self, int from, int to, uint64_t offset,
					   uint64_t length)
{
	uint8_t buffer[4096];
	enum stmboot_status status = STMBOOT_OK;

	while (length > 0 && status == STMBOOT_OK) {
		size_t part = length < sizeof(buffer) ? (size_t)length : sizeof(buffer);

		status = disk_read_at(self, from, offset, buffer, part);
		if (status == STMBOOT_OK)
			status = disk_write_at(self, to, offset, buffer, part);
		offset += part;
		length -= part;
	}
	return status;
}

static enum stmboot_status disk_set_mode(void *self, int handle, uint32_t mode)
{
	(void)handle;
	(void)mode;
	return fails(self) ? STMBOOT_IO : STMBOOT_OK;
}

static enum stmboot_status disk_lock(void *self, int handle, enum sb_host_lock kind)
{
	struct disk *disk = self;
	struct disk_file *file = file_at(disk, handle);

	(void)kind;
	if (fails(disk))
		return STMBOOT_IO;
	if (file->locked)
		return STMBOOT_CONFLICT;
	file->locked = true;
	return STMBOOT_OK;
}

static enum stmboot_status disk_mounted(void *self, int handle, const char *path, char *place,
					size_t size)
{
	(void)handle;
	(void)path;
	(void)place;
	(void)size;
	return fails(self) ? STMBOOT_IO : STMBOOT_OK;
}

static enum stmboot_status disk_resolve(void *self, const char *path, char out[SB_PATH_BYTES])
{
	if (fails(self))
		return STMBOOT_IO;
	return sb_path_format(out, "%s", path) ? STMBOOT_OK : STMBOOT_LIMIT;
}

static enum stmboot_status disk_identify(void *self, const char *path, struct stmboot_identity *out)
{
	struct disk *disk = self;
	int file = file_of(disk, path);

	if (fails(disk))
		return STMBOOT_IO;
	if (file < 0)
		return STMBOOT_NOT_FOUND;
	*out = (struct stmboot_identity){ .inode = (uint64_t)file + 1,
					  .size = disk->files[file].size };
	return STMBOOT_OK;
}

static enum stmboot_status disk_rename(void *self, const char *from, const char *to)
{
	struct disk *disk = self;
	int file = file_of(disk, from);

	if (fails(disk))
		return STMBOOT_IO;
	if (file < 0)
		return STMBOOT_NOT_FOUND;
	record_name(disk, to, file);
	record_name(disk, from, -1);
	return STMBOOT_OK;
}

static enum stmboot_status disk_unlink(void *self, const char *path)
{
	struct disk *disk = self;

	if (fails(disk))
		return STMBOOT_IO;
	if (file_of(disk, path) < 0)
		return STMBOOT_NOT_FOUND;
	record_name(disk, path, -1);
	return STMBOOT_OK;
}

static enum stmboot_status disk_sync_directory(void *self, const char *path)
{
	struct disk *disk = self;
	struct disk_op *op = record(disk, DISK_SYNC_DIRECTORY, -1);

	(void)snprintf(op->path, sizeof(op->path), "%s", path);
	op->failed = fails(disk);
	return op->failed ? STMBOOT_IO : STMBOOT_OK;
}

static enum stmboot_status disk_make_directory(void *self, const char *path)
{
	(void)path;
	return fails(self) ? STMBOOT_IO : STMBOOT_OK;
}

static bool disk_is_volatile(void *self, const char *path)
{
	(void)self;
	(void)path;
	return false;
}

static bool is_in(const char *path, const char *folder)
{
	size_t length = strlen(folder);

	return strncmp(path, folder, length) == 0 && path[length] == '/' &&
	       strchr(path + length + 1, '/') == NULL;
}

static enum stmboot_status disk_list(void *self, const char *path, sb_host_visit visit, void *user)
{
	struct disk *disk = self;
	enum stmboot_status status = fails(disk) ? STMBOOT_IO : STMBOOT_OK;

	for (size_t i = 0; i < disk->name_count && status == STMBOOT_OK; i++)
		if (disk->names[i].file >= 0 && is_in(disk->names[i].path, path))
			status = visit(user, disk->names[i].path + strlen(path) + 1);
	return status;
}

static const struct sb_host disk_host = {
	.open = disk_open,
	.close = disk_close,
	.describe = disk_describe,
	.read_at = disk_read_at,
	.write_at = disk_write_at,
	.sync = disk_sync,
	.forget = disk_forget,
	.reserve = disk_reserve,
	.set_size = disk_set_size,
	.next_data = disk_next_data,
	.clone = disk_clone,
	.copy = disk_copy_range,
	.set_mode = disk_set_mode,
	.lock = disk_lock,
	.mounted = disk_mounted,
	.resolve = disk_resolve,
	.identify = disk_identify,
	.rename = disk_rename,
	.unlink = disk_unlink,
	.sync_directory = disk_sync_directory,
	.make_directory = disk_make_directory,
	.is_volatile = disk_is_volatile,
	.list = disk_list,
};

static void reset(struct disk *disk)
{
	memset(disk->handles, 0xff, sizeof(disk->handles));
	disk->host = disk_host;
	disk->host.self = disk;
}

void disk_rebind(struct disk *disk)
{
	disk->host.self = disk;
}

void disk_init(struct disk *disk, struct stmboot_source *base, bool device)
{
	*disk = (struct disk){ .device = device, .file_count = 1 };
	disk->files[IMAGE_FILE].base = base;
	disk->files[IMAGE_FILE].size = stmboot_source_size(base);
	set_name(disk, disk_image, IMAGE_FILE);
	reset(disk);
}

void disk_settle(struct disk *disk)
{
	for (size_t i = 0; i < disk->op_count; i++)
		free(disk->ops[i].data);
	disk->op_count = 0;
}

void disk_release(struct disk *disk)
{
	disk_settle(disk);
	free(disk->ops);
	for (size_t i = 0; i < disk->file_count; i++)
		free(disk->files[i].sectors);
}

void disk_copy(const struct disk *from, struct disk *to)
{
	*to = *from;
	to->ops = NULL;
	to->op_count = 0;
	to->op_capacity = 0;
	to->fault = (struct disk_fault){ 0 };
	to->calls = 0;
	for (size_t i = 0; i < to->file_count; i++) {
		struct disk_file *file = &to->files[i];

		file->capacity = file->count;
		file->sectors = must(malloc((file->count + 1) * sizeof(*file->sectors)));
		if (file->count != 0)
			memcpy(file->sectors, from->files[i].sectors,
			       file->count * sizeof(*file->sectors));
		file->locked = false;
	}
	reset(to);
}

bool disk_is_durable(const struct disk *recorded, size_t op, size_t cut)
{
	const struct disk_op *what = &recorded->ops[op];

	for (size_t i = op + 1; i < cut; i++) {
		const struct disk_op *sync = &recorded->ops[i];

		if (what->kind == DISK_NAME) {
			if (sync->kind == DISK_SYNC_DIRECTORY && is_in(what->path, sync->path))
				return !sync->failed;
		} else if (sync->kind == DISK_SYNC && sync->file == what->file) {
			return !sync->failed;
		}
	}
	return false;
}

static void apply(struct disk *disk, const struct disk_op *op)
{
	switch (op->kind) {
	case DISK_WRITE:
		file_write(&disk->files[op->file], op->offset, op->data, op->size);
		break;
	case DISK_SIZE:
		file_resize(&disk->files[op->file], op->offset);
		break;
	case DISK_NAME:
		set_name(disk, op->path, op->file);
		break;
	case DISK_SYNC:
	case DISK_SYNC_DIRECTORY:
		break;
	}
}

/* Of a write, every sector on its own. */
static void apply_torn(struct disk *disk, const struct disk_op *op, uint64_t *seed)
{
	if (op->kind != DISK_WRITE) {
		if (disk_random(seed) % 2 != 0)
			apply(disk, op);
		return;
	}
	for (size_t at = 0; at < op->size;) {
		size_t part = 512 - (size_t)((op->offset + at) % 512);

		part = part < op->size - at ? part : op->size - at;
		if (disk_random(seed) % 2 != 0)
			file_write(&disk->files[op->file], op->offset + at, op->data + at, part);
		at += part;
	}
}

void disk_cut(const struct disk *start, const struct disk *recorded, size_t cut,
	      enum disk_choice choice, uint64_t which, struct disk *out)
{
	uint64_t seed = which;

	disk_copy(start, out);
	out->file_count = recorded->file_count;
	for (size_t i = 0; i < cut; i++) {
		const struct disk_op *op = &recorded->ops[i];

		if (disk_is_durable(recorded, i, cut) || choice == DISK_KEEP_ALL ||
		    (choice == DISK_ALL_BUT_ONE && i != which) ||
		    (choice == DISK_ONLY_ONE && i == which))
			apply(out, op);
		else if (choice == DISK_RANDOM)
			apply_torn(out, op, &seed);
	}
}

void disk_read_image(const struct disk *disk, uint64_t offset, void *buffer, size_t size)
{
	file_read(&disk->files[IMAGE_FILE], offset, buffer, size);
}

bool disk_has(const struct disk *disk, const char *path)
{
	return file_of(disk, path) >= 0;
}
