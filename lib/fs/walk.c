/* SPDX-License-Identifier: MIT */
/*
 * A walk over all that is below a place. Directories on the way down wait on a
 * stack of our own, so a deep tree takes heap and no stack; what they hold is
 * reached by the number of its inode, so a large directory is read once.
 */
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "base/checked.h"
#include "base/context.h"
#include "fs/ext4.h"

/* Names sort by their bytes, and those that are equal by their place. */
struct name {
	const char *text;
	uint32_t inode;
	uint32_t order;
};

/*
 * No two directories share a block, so a walk meets no more of them than the medium holds.
 * U-Boot's reader counts 64 bytes for a name, which takes at least 9.
 */
enum { DIRECTORY_SLACK = 64 << 10, UBOOT_NAME_COST = 8 };

/* Made-up directories are one inside the other, each with a name as long as can be. */
enum { PATH_SLACK = 16 << 20, PATH_RATIO = 8 };

/*
 * Names that are held at once: those of all directories on the way down. A large file system
 * may have a directory of millions.
 */
enum {
	HELD_SLACK = 32 << 20,
	HELD_SHARE = 16, /* one part of so many of the file system's size */
	MOST_HELD = 256 << 20,
	NAME_COST = 2 * sizeof(struct name) + sizeof(max_align_t),
};

/* How something that was tried ended. */
struct outcome {
	enum stmboot_status status;
	const char *trouble;
	bool has_offset;
	uint64_t offset;
};

/* A directory whose names are being visited. */
struct frame {
	struct sb_arena arena; /* of what the names are */
	struct name *names;
	size_t held; /* bytes, as they are counted */
	size_t count, capacity, next;
	const struct stmboot_fs_inode *inode;
	uint64_t place;      /* of the inode in the source */
	size_t length;       /* of its path */
	struct outcome read; /* how reading the names ended */
};

/* The directories met so far: a table of inode numbers, at most half full; 0 is free. */
struct seen {
	uint32_t *numbers;
	size_t count, capacity;
};

struct walk {
	struct stmboot_fs *fs;
	stmboot_fs_step_visit *visit;
	void *user;
	size_t max_depth;
	uint64_t budget; /* bytes of directories that may still be looked at */
	uint64_t names;  /* that may still be visited */
	uint64_t paths;  /* bytes of their paths */
	size_t held;     /* bytes of names, of all frames */
	size_t most_held;
	struct seen seen;
	struct frame *frames;
	size_t depth, capacity;
	bool stopped;
	size_t start; /* length of the path where it began */
	size_t length;
	char path[STMBOOT_FS_PATH_BYTES];
};

/* Fibonacci hashing: numbers of neighbours come apart. */
static size_t slot_of(const struct seen *seen, uint32_t number)
{
	size_t slot = (size_t)(number * UINT32_C(0x9e3779b9)) & (seen->capacity - 1);

	while (seen->numbers[slot] != 0 && seen->numbers[slot] != number)
		slot = (slot + 1) & (seen->capacity - 1);
	return slot;
}

static bool seen_grow(struct stmboot_context *ctx, struct seen *seen)
{
	struct seen grown = { .capacity = seen->capacity != 0 ? seen->capacity * 2 : 64 };

	grown.numbers = sb_alloc_array(ctx, grown.capacity, sizeof(*grown.numbers));
	if (grown.numbers == NULL)
		return false;
	for (size_t i = 0; i < seen->capacity; i++)
		if (seen->numbers[i] != 0)
			grown.numbers[slot_of(&grown, seen->numbers[i])] = seen->numbers[i];
	grown.count = seen->count;
	sb_free(ctx, seen->numbers);
	*seen = grown;
	return true;
}

/* STMBOOT_CONFLICT for a directory that was met before. */
static enum stmboot_status seen_add(struct stmboot_context *ctx, struct seen *seen, uint32_t number)
{
	size_t slot;

	if (seen->count >= seen->capacity / 2 && !seen_grow(ctx, seen))
		return STMBOOT_NO_MEMORY;
	slot = slot_of(seen, number);
	if (seen->numbers[slot] == number)
		return STMBOOT_CONFLICT;
	seen->numbers[slot] = number;
	seen->count++;
	return STMBOOT_OK;
}

/* Trouble that is the walk's own, and not that of what it meets. */
static bool ends_walk(enum stmboot_status status)
{
	return status == STMBOOT_NO_MEMORY || status == STMBOOT_CANCELLED;
}

/* What the file system says of the call that gave `status`. */
static struct outcome outcome_of(const struct stmboot_fs *fs, enum stmboot_status status)
{
	struct outcome outcome = { .status = status };

	if (status == STMBOOT_OK)
		return outcome;
	outcome.trouble = stmboot_fs_trouble(fs, &outcome.has_offset, &outcome.offset);
	if (outcome.trouble == NULL)
		outcome.trouble = stmboot_status_text(status);
	return outcome;
}

static enum stmboot_fs_answer tell(struct walk *walk, enum stmboot_fs_event event,
				   const struct outcome *outcome, unsigned depth,
				   const struct stmboot_fs_inode *inode)
{
	const char *slash = strrchr(walk->path, '/');
	struct stmboot_fs_step step = {
		.event = event,
		.status = outcome->status,
		.trouble = outcome->trouble,
		.has_offset = outcome->has_offset,
		.offset = outcome->offset,
		.depth = depth,
		.path = walk->length > 0 ? walk->path : "/",
		.below = walk->path + walk->start + (walk->length > walk->start),
		.name = slash != NULL ? slash + 1 : "",
		.inode = inode,
	};
	enum stmboot_fs_answer answer = walk->visit(walk->user, &step);

	walk->stopped = walk->stopped || answer == STMBOOT_FS_STOP;
	return answer;
}

struct collect {
	struct walk *walk;
	struct frame *frame;
	enum stmboot_status status;
};

/* The arrays that were outgrown do not stay. */
static bool make_name_room(struct stmboot_context *ctx, struct frame *frame)
{
	size_t wanted = frame->capacity != 0 ? frame->capacity * 2 : 8;
	struct name *grown;

	if (frame->count < frame->capacity)
		return true;
	grown = sb_alloc_array(ctx, wanted, sizeof(*grown));
	if (grown == NULL)
		return false;
	if (frame->count > 0)
		memcpy(grown, frame->names, frame->count * sizeof(*grown));
	sb_free(ctx, frame->names);
	frame->names = grown;
	frame->capacity = wanted;
	return true;
}

static enum stmboot_status keep_name(struct walk *walk, struct frame *frame,
				     const struct stmboot_fs_entry *entry)
{
	size_t cost = strlen(entry->name) + NAME_COST;
	char *text;

	if (walk->names == 0)
		return sb_fs_fail(walk->fs, STMBOOT_LIMIT, frame->place,
				  "more names than the limit allows");
	if (cost > walk->most_held - walk->held)
		return sb_fs_fail(walk->fs, STMBOOT_LIMIT, frame->place,
				  "a directory of more names than the limit allows");
	text = sb_arena_strdup(&frame->arena, entry->name);
	if (text == NULL || !make_name_room(walk->fs->ctx, frame))
		return STMBOOT_NO_MEMORY;
	walk->names--;
	walk->held += cost;
	frame->held += cost;
	frame->names[frame->count] = (struct name){ text, entry->inode, (uint32_t)frame->count };
	frame->count++;
	return STMBOOT_OK;
}

static bool collect_name(void *user, const struct stmboot_fs_entry *entry)
{
	struct collect *collect = user;

	/* U-Boot's reader gives removed names, too, and any bytes in them. */
	if (entry->inode == 0 || entry->name[0] == '\0' || strchr(entry->name, '/') != NULL ||
	    strcmp(entry->name, ".") == 0 || strcmp(entry->name, "..") == 0)
		return true;
	collect->status = keep_name(collect->walk, collect->frame, entry);
	return collect->status == STMBOOT_OK;
}

static int compare(const void *a, const void *b)
{
	const struct name *left = a, *right = b;
	int texts = strcmp(left->text, right->text);

	if (texts != 0)
		return texts;
	return left->order < right->order ? -1 : 1;
}

/* The names of a directory, with the walk's own budget for all of them. */
static enum stmboot_status collect_names(struct walk *walk, const struct sb_ext4_inode *directory,
					 struct frame *frame)
{
	struct collect collect = { .walk = walk, .frame = frame, .status = STMBOOT_OK };
	struct stmboot_fs *fs = walk->fs;
	enum stmboot_status status;

	fs->trouble = NULL;
	fs->budget = walk->budget;
	status = fs->ops->list(fs, directory, collect_name, &collect);
	walk->budget = fs->budget;
	if (collect.status != STMBOOT_OK)
		return collect.status;
	frame->read = outcome_of(fs, status);
	if (frame->count > 1)
		qsort(frame->names, frame->count, sizeof(*frame->names), compare);
	return ends_walk(status) ? status : STMBOOT_OK;
}

static bool make_room(struct walk *walk)
{
	size_t wanted = walk->capacity != 0 ? walk->capacity * 2 : 16;
	struct frame *grown;

	if (walk->depth < walk->capacity)
		return true;
	grown = sb_alloc_array(walk->fs->ctx, wanted, sizeof(*grown));
	if (grown == NULL)
		return false;
	if (walk->depth > 0)
		memcpy(grown, walk->frames, walk->depth * sizeof(*grown));
	sb_free(walk->fs->ctx, walk->frames);
	walk->frames = grown;
	walk->capacity = wanted;
	return true;
}

/* Go down into a directory; the record of its inode is the frame's from now on. */
static enum stmboot_status push(struct walk *walk, const struct sb_ext4_inode *directory,
				const struct stmboot_fs_inode *inode)
{
	struct frame *frame;

	if (!make_room(walk)) {
		stmboot_fs_inode_free(inode);
		return STMBOOT_NO_MEMORY;
	}
	frame = &walk->frames[walk->depth++];
	*frame = (struct frame){ .inode = inode,
				 .place = directory->offset,
				 .length = walk->length };
	sb_arena_init(&frame->arena, walk->fs->ctx);
	return collect_names(walk, directory, frame);
}

static void pop(struct walk *walk)
{
	struct frame *frame = &walk->frames[--walk->depth];

	walk->held -= frame->held;
	sb_free(walk->fs->ctx, frame->names);
	sb_arena_release(&frame->arena);
	stmboot_fs_inode_free(frame->inode);
}

/* One inode, by its number or, where the walk begins, as it was found. */
static enum stmboot_status visit_inode(struct walk *walk, const struct sb_ext4_inode *raw,
				       enum stmboot_fs_type type)
{
	struct stmboot_fs *fs = walk->fs;
	const struct stmboot_fs_inode *inode = NULL;
	enum stmboot_status status = STMBOOT_OK;
	unsigned depth = (unsigned)walk->depth;
	struct outcome outcome;

	if (type == STMBOOT_FS_DIRECTORY)
		status = seen_add(fs->ctx, &walk->seen, raw->number);
	if (status == STMBOOT_CONFLICT)
		status = sb_fs_fail(fs, STMBOOT_CORRUPT, raw->offset,
				    "a directory that stands in another place, too");
	if (status == STMBOOT_OK)
		status = sb_fs_inode_new(fs, raw, type, &inode);
	if (ends_walk(status))
		return status;
	outcome = outcome_of(fs, status);
	if (tell(walk, STMBOOT_FS_ENTER, &outcome, depth, inode) == STMBOOT_FS_GO_ON &&
	    type == STMBOOT_FS_DIRECTORY && inode != NULL &&
	    (walk->max_depth == 0 || depth < walk->max_depth))
		return push(walk, raw, inode);
	stmboot_fs_inode_free(inode);
	return STMBOOT_OK;
}

/* Trouble with a name before its inode is known. */
static enum stmboot_status visit_trouble(struct walk *walk, enum stmboot_status status)
{
	struct outcome outcome = outcome_of(walk->fs, status);

	if (ends_walk(status))
		return status;
	(void)tell(walk, STMBOOT_FS_ENTER, &outcome, (unsigned)walk->depth, NULL);
	return STMBOOT_OK;
}

/* Add a name to the path; false when that gets too long. */
static bool add_name(struct walk *walk, const char *name)
{
	size_t length = strlen(name);

	if (length + 2 > sizeof(walk->path) - walk->length)
		return false;
	walk->path[walk->length++] = '/';
	memcpy(walk->path + walk->length, name, length + 1);
	walk->length += length;
	return true;
}

static enum stmboot_status visit_name(struct walk *walk, const struct frame *frame, size_t index)
{
	struct stmboot_fs *fs = walk->fs;
	const struct name *name = &frame->names[index];
	struct sb_ext4_inode raw;
	enum stmboot_status status;

	fs->trouble = NULL;
	walk->length = frame->length;
	walk->path[walk->length] = '\0';
	if (!add_name(walk, name->text))
		return visit_trouble(walk, sb_fs_fail(fs, STMBOOT_LIMIT, frame->place,
						      "a name below it makes the path too long"));
	if (walk->length > walk->paths)
		return sb_fs_fail(fs, STMBOOT_LIMIT, frame->place,
				  "longer paths than the limit allows");
	walk->paths -= walk->length;
	if (index > 0 && strcmp(name->text, frame->names[index - 1].text) == 0)
		return visit_trouble(walk, sb_fs_fail(fs, STMBOOT_CORRUPT, frame->place,
						      "a name that stands in its directory twice"));
	status = sb_fs_named_inode(fs, name->inode, &raw);
	if (status != STMBOOT_OK)
		return visit_trouble(walk, status);
	return visit_inode(walk, &raw, sb_ext4_mode_type(raw.mode));
}

static void leave(struct walk *walk)
{
	const struct frame *frame = &walk->frames[walk->depth - 1];

	walk->length = frame->length;
	walk->path[walk->length] = '\0';
	(void)tell(walk, STMBOOT_FS_LEAVE, &frame->read, (unsigned)walk->depth - 1, frame->inode);
	pop(walk);
}

static enum stmboot_status go_on(struct walk *walk)
{
	enum stmboot_status status = STMBOOT_OK;

	while (status == STMBOOT_OK && !walk->stopped && walk->depth > 0) {
		struct frame *frame = &walk->frames[walk->depth - 1];

		if (frame->next < frame->count)
			status = visit_name(walk, frame, frame->next++);
		else
			leave(walk);
	}
	return status;
}

static void begin(struct walk *walk, const struct sb_walk *found)
{
	struct stmboot_fs *fs = walk->fs;
	uint64_t size = sb_min_u64(stmboot_source_size(fs->src), INT64_MAX / UBOOT_NAME_COST);

	walk->budget = size * (fs->ops->verifies ? 1 : UBOOT_NAME_COST) + DIRECTORY_SLACK;
	walk->paths = size * PATH_RATIO + PATH_SLACK;
	walk->most_held = (size_t)sb_min_u64(HELD_SLACK + size / HELD_SHARE, MOST_HELD);
	walk->names = fs->ctx->options.max_walk_names;
	walk->length = found->length;
	walk->start = found->length;
	memcpy(walk->path, found->path, found->length);
	walk->path[found->length] = '\0';
}

enum stmboot_status stmboot_fs_walk(struct stmboot_fs *fs, const char *path,
				    const struct stmboot_fs_walk_options *options,
				    stmboot_fs_step_visit *visit, void *user)
{
	struct walk walk = { .fs = fs, .visit = visit, .user = user };
	struct stmboot_fs_walk_options o = { .follow = false };
	struct sb_walk found;
	enum stmboot_status status;

	if (options != NULL)
		memcpy(&o, options,
		       options->struct_size < sizeof(o) ? options->struct_size : sizeof(o));
	walk.max_depth = o.max_depth;
	status = sb_fs_find(fs, path, o.follow, &found);
	if (status != STMBOOT_OK)
		return status;
	begin(&walk, &found);
	status = visit_inode(&walk, &found.inode, found.type);
	if (status == STMBOOT_OK)
		status = go_on(&walk);
	while (walk.depth > 0)
		pop(&walk);
	sb_free(fs->ctx, walk.frames);
	sb_free(fs->ctx, walk.seen.numbers);
	return status;
}
