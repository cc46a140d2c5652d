/* SPDX-License-Identifier: MIT */
/* Copies from the host into an image. */
#include <errno.h>
#include <string.h>

#include "base/context.h"
#include "edit/fs_edit.h"
#include "source/folder.h"
#include "source/source.h"

/* What is copied from the host. */
struct host_origin {
	struct stmboot_boot_edit *edit;
	const char *path;
	struct stmboot_source *content; /* of a file that is copied itself; or */
	struct sb_folder *top;
	struct sb_folder *entered;
	struct sb_tree *tree; /* that is given attributes */
	uint32_t inode;       /* likewise */
};

static enum stmboot_status trouble(struct stmboot_boot_edit *edit, enum stmboot_status status,
				   const char *name)
{
	static const char from_pipe[] = "put it from standard input: '-'";
	int error = errno;

	switch (status) {
	case STMBOOT_CONFLICT:
		return sb_refuse(&edit->fs_why, status, "try again",
				 "'%s' was changed while it was copied", name);
	case STMBOOT_UNSUPPORTED:
		return sb_refuse(&edit->fs_why, status, from_pipe,
				 "'%s' does not say how many bytes it has", name);
	case STMBOOT_NOT_FOUND:
	case STMBOOT_IO:
		if (error == ENODATA) /* as a source of the host says it; a file of /sys is so */
			return sb_refuse(&edit->fs_why, status, from_pipe,
					 "'%s' has fewer bytes than it says", name);
		return sb_refuse(&edit->fs_why, status, NULL, "could not read '%s': %s", name,
				 strerror(error));
	default:
		return status;
	}
}

/* The content of a file of the host, which says what went wrong with it, and stays as it is. */
struct content {
	struct stmboot_boot_edit *edit;
	const char *name;
	struct stmboot_source *file;
	struct stmboot_source *steady;
};

static enum stmboot_status content_read_at(void *self, uint64_t offset, void *buffer, size_t size)
{
	const struct content *content = self;

	return trouble(content->edit, stmboot_source_read(content->steady, offset, buffer, size),
		       content->name);
}

static void content_close(void *self)
{
	struct content *content = self;

	stmboot_source_close(content->steady);
	stmboot_source_close(content->file);
	sb_free(content->edit->ctx, content);
}

/* Takes the file in any case. The name is borrowed. */
static enum stmboot_status content_new(struct stmboot_boot_edit *edit, struct stmboot_source *file,
				       const char *name, struct stmboot_source **out)
{
	static const struct stmboot_source_ops ops = {
		.struct_size = sizeof(ops),
		.read_at = content_read_at,
		.close = content_close,
	};
	struct content *content = sb_alloc(edit->ctx, sizeof(*content));
	enum stmboot_status status = STMBOOT_NO_MEMORY;

	if (content == NULL) {
		stmboot_source_close(file);
		return status;
	}
	*content = (struct content){ .edit = edit, .name = name, .file = file };
	status = sb_source_steady(edit->ctx, file, &content->steady);
	if (status == STMBOOT_OK)
		status = sb_source_over(edit->ctx, &ops, content, content->steady, out);
	if (status != STMBOOT_OK)
		content_close(content);
	return status;
}

static enum stmboot_fs_type type_of(enum sb_folder_type type)
{
	static const enum stmboot_fs_type types[] = {
		[SB_FOLDER_FILE] = STMBOOT_FS_FILE,
		[SB_FOLDER_DIRECTORY] = STMBOOT_FS_DIRECTORY,
		[SB_FOLDER_LINK] = STMBOOT_FS_SYMLINK,
		[SB_FOLDER_CHAR_DEVICE] = STMBOOT_FS_CHAR_DEVICE,
		[SB_FOLDER_BLOCK_DEVICE] = STMBOOT_FS_BLOCK_DEVICE,
		[SB_FOLDER_FIFO] = STMBOOT_FS_FIFO,
		[SB_FOLDER_SOCKET] = STMBOOT_FS_SOCKET,
	};

	return types[type];
}

static struct sb_original original_of(const struct sb_folder_entry *entry)
{
	return (struct sb_original){
		.name = entry->name,
		.type = type_of(entry->type),
		.gift = { .set = SB_TREE_MODE | SB_TREE_OWNER | SB_TREE_TIMES,
			  .mode = entry->mode,
			  .uid = entry->uid,
			  .gid = entry->gid,
			  .accessed = { entry->accessed_seconds, entry->accessed_nanoseconds },
			  .modified = { entry->modified_seconds, entry->modified_nanoseconds } },
		.major = entry->major,
		.minor = entry->minor,
		.target = entry->target,
		.path = "",
		.size = entry->size,
	};
}

static enum stmboot_status enter(void *self, struct sb_arena *arena,
				 const struct sb_original *directory, struct sb_original **list,
				 size_t *count)
{
	struct host_origin *origin = self;
	struct sb_folder_entry *entries;
	enum stmboot_status status;

	sb_folder_close(origin->entered);
	origin->entered = NULL;
	status = sb_folder_open_below(origin->top, directory->path, &origin->entered);
	if (status == STMBOOT_OK)
		status = sb_folder_list(origin->entered, arena, &entries, count);
	if (status != STMBOOT_OK)
		return trouble(origin->edit, status, directory->name);
	*list = sb_arena_array(arena, *count, sizeof(**list));
	for (size_t i = 0; *list != NULL && i < *count; i++) {
		struct sb_original *original = *list + i;

		*original = original_of(&entries[i]);
		original->path =
			sb_arena_printf(arena, "%s%s%s", directory->path,
					*directory->path != '\0' ? "/" : "", original->name);
	}
	return arena->failed ? STMBOOT_NO_MEMORY : STMBOOT_OK;
}

static enum stmboot_status open_content(void *self, const struct sb_original *original,
					struct stmboot_source **out)
{
	struct host_origin *origin = self;
	struct stmboot_source *file;
	enum stmboot_status status;

	if (origin->content != NULL) {
		*out = origin->content;
		origin->content = NULL;
		return STMBOOT_OK;
	}
	status = sb_folder_open_file(origin->entered, original->name, &file);
	if (status != STMBOOT_OK)
		return trouble(origin->edit, status, original->name);
	return content_new(origin->edit, file, original->name, out);
}

/* What ext4 has no place for belongs to the file system of the host. */
static enum stmboot_status give_attribute(void *user, const char *name, const void *value,
					  size_t size)
{
	const struct host_origin *origin = user;

	if (!sb_tree_keeps_attribute(name))
		return STMBOOT_OK;
	return sb_tree_set_attribute(origin->tree, origin->inode, name, value, size);
}

static enum stmboot_status copy_attributes(void *self, struct sb_tree *tree,
					   const struct sb_original *original, uint32_t inode)
{
	struct host_origin *origin = self;
	const char *name = original->name;
	enum stmboot_status status;

	origin->tree = tree;
	origin->inode = inode;
	if (origin->entered == NULL)
		name = origin->path;
	else if (original->type == STMBOOT_FS_DIRECTORY)
		name = "."; /* directories are given theirs when they are entered */
	status = sb_folder_attributes(origin->edit->ctx, origin->entered, name, give_attribute,
				      origin);
	if (origin->edit->fs_why.message[0] != '\0')
		return status;
	return trouble(origin->edit, status, original->name);
}

static const struct sb_origin host_ops = {
	.enter = enter,
	.open = open_content,
	.attributes = copy_attributes,
	.follows = true,
};

/* A file alone, whose inode stays what it is if it is there. */
static enum stmboot_status put_file(struct host_origin *origin, const struct sb_original *original,
				    const struct stmboot_file_ref *place)
{
	const struct sb_tree_gift gift = { .set = SB_TREE_MODE,
					   .mode = original->gift.mode & 0777 };

	return sb_fs_put(origin->edit, place, original->name, origin->content, &gift, false);
}

/* Folders that are to be gone through. */
struct queue {
	struct sb_arena *arena;
	struct sb_original *folders;
	size_t count, capacity;
};

static enum stmboot_status add_folder(struct queue *queue, const struct sb_original *folder)
{
	struct sb_original *added = sb_arena_push(queue->arena, &queue->folders, &queue->count,
						  &queue->capacity, sizeof(*added));

	if (added == NULL)
		return STMBOOT_NO_MEMORY;
	*added = *folder;
	return STMBOOT_OK;
}

/* The sizes of all files below a folder. */
static enum stmboot_status add_sizes(struct host_origin *origin, struct sb_arena *arena,
				     const struct sb_original *top, uint64_t *total)
{
	struct queue queue = { .arena = arena };
	enum stmboot_status status = add_folder(&queue, top);

	for (size_t i = 0; status == STMBOOT_OK && i < queue.count; i++) {
		const struct sb_original folder = queue.folders[i];
		struct sb_original *list = NULL;
		size_t count = 0;

		status = enter(origin, arena, &folder, &list, &count);
		for (size_t k = 0; status == STMBOOT_OK && list != NULL && k < count; k++) {
			*total += list[k].size;
			if (list[k].type == STMBOOT_FS_DIRECTORY)
				status = add_folder(&queue, &list[k]);
		}
	}
	return status;
}

/* How much there is to copy, for whoever watches: folders are gone through once more for that. */
static enum stmboot_status measure(struct host_origin *origin, const struct sb_original *original,
				   uint64_t *total)
{
	struct stmboot_context *ctx = origin->edit->ctx;
	struct sb_arena arena;
	enum stmboot_status status;

	if (ctx->options.progress == NULL || original->type != STMBOOT_FS_DIRECTORY)
		return STMBOOT_OK;
	sb_arena_init(&arena, ctx);
	status = add_sizes(origin, &arena, original, total);
	sb_arena_release(&arena);
	sb_folder_close(origin->entered);
	origin->entered = NULL;
	if (status == STMBOOT_OK || status == STMBOOT_NO_MEMORY)
		return status;
	/* what cannot be read is told in its place */
	origin->edit->fs_why = (struct stmboot_refusal){ .message = "" };
	*total = 0;
	return STMBOOT_OK;
}

static enum stmboot_status copy_from(struct sb_copy *copy, const struct sb_original *original,
				     const struct stmboot_file_ref *to)
{
	struct sb_spot spot = { .exists = false };
	enum stmboot_status status = STMBOOT_OK;

	if (copy->recursive)
		status = measure(copy->self, original, &copy->total);
	if (status == STMBOOT_OK)
		status = sb_fs_tree(copy->edit, (uint32_t)to->partition, &copy->tree);
	if (status == STMBOOT_OK)
		status = sb_tree_find_into(copy->tree, to->path, original->name,
					   sb_into_of(original->type), &spot);
	return status == STMBOOT_OK ? sb_copy_to(copy, original, &spot, (uint32_t)to->partition)
				    : status;
}

/* What a path on the host leads to. */
static enum stmboot_status open_original(struct host_origin *origin, struct sb_original *out)
{
	struct stmboot_boot_edit *edit = origin->edit;
	struct stmboot_source *file;
	struct sb_folder_entry entry;
	enum stmboot_status status =
		sb_folder_open(&edit->arena, origin->path, &entry, &file, &origin->top);

	if (status != STMBOOT_OK)
		return trouble(edit, status, origin->path);
	if (file != NULL)
		status = content_new(edit, file, origin->path, &origin->content);
	if (status != STMBOOT_OK)
		return status;
	if (origin->content == NULL && origin->top == NULL)
		return sb_refuse(&edit->fs_why, STMBOOT_INVALID_ARGUMENT, NULL,
				 "'%s' is neither a regular file nor a directory", origin->path);
	*out = original_of(&entry);
	return sb_fs_last_name(edit, origin->path, &out->name);
}

enum stmboot_status stmboot_fs_edit_put_host(struct stmboot_boot_edit *edit, const char *path,
					     const struct stmboot_file_ref *place,
					     const struct stmboot_fs_copy_options *options,
					     struct stmboot_refusal *why)
{
	struct stmboot_fs_copy_options o = sb_copy_options(options);
	struct host_origin origin = { .edit = edit, .path = path };
	struct sb_copy copy = { .edit = edit,
				.origin = &host_ops,
				.self = &origin,
				.from = path,
				.recursive = o.recursive,
				.preserve = o.preserve };
	struct sb_original original = { .name = NULL };
	enum stmboot_status status = open_original(&origin, &original);

	if (status == STMBOOT_OK)
		status = origin.content != NULL && !o.preserve ? put_file(&origin, &original, place)
							       : copy_from(&copy, &original, place);
	stmboot_source_close(origin.content);
	sb_folder_close(origin.entered);
	sb_folder_close(origin.top);
	return sb_fs_answer(edit, status, why);
}
