/* SPDX-License-Identifier: MIT */
/*
 * Sequences of changes of a tree, made at random, against a plain tree in
 * memory. After each sequence our own readers, e2fsck and debugfs must see
 * exactly what the plain tree holds, and of everything else no difference.
 */
#include <errno.h>
#include <ftw.h>
#include <sys/stat.h>
#include <sys/types.h>

#include "../support/ext4_compare.h"
#include "../support/ext4_oracle.h"
#include "../support/pace.h"
#include "fs/ext4_tree.h"

enum {
	NODES = 400,
	NAMES = 64,
	ROUNDS = 3,
	CHANGES = 70,
	MAX_BYTES = 3 << 20, /* in all files together */
	NAME_ROOM = 256,
	TARGET_ROOM = 200,
	TIME = 1500000000,
};

struct name {
	char text[NAME_ROOM];
	int node;
};

/* A file, directory or link of the plain tree; number 0 is its root, which is /m. */
struct node {
	enum stmboot_fs_type type; /* STMBOOT_FS_UNKNOWN: not in use */
	int links;                 /* names that lead here */
	int parent;                /* of a directory */
	size_t size;
	uint32_t seed;
	char target[TARGET_ROOM];
	uint32_t mode;
	uint32_t uid;
	uint32_t gid;
	int64_t mtime; /* 0: none that is known */
	struct name names[NAMES];
	int name_count;
};

struct plain {
	struct node nodes[NODES];
	size_t bytes;
	uint32_t seed;
};

/* One image, with the tree that is changed and the plain one. */
struct world {
	struct medium m;
	const char *image;
	struct sb_overlay *overlay;
	struct sb_tree *tree;
	struct stmboot_refusal why;
	struct plain plain;
	int change; /* number, for messages */
};

static uint32_t random_below(struct world *w, uint32_t limit)
{
	w->plain.seed = w->plain.seed * 1664525 + 1013904223;
	return (uint32_t)(((uint64_t)(w->plain.seed >> 8) * limit) >> 24);
}

static uint8_t *make_content(size_t size, uint32_t seed)
{
	uint8_t *data = malloc(size + 1);

	cr_assert_not_null(data);
	for (size_t i = 0; i < size; i++) {
		seed = seed * 1664525 + 1013904223;
		data[i] = (uint8_t)(seed >> 24);
	}
	return data;
}

/* --- the plain tree --- */

static int new_node(struct world *w, enum stmboot_fs_type type)
{
	for (int i = 1; i < NODES; i++) {
		struct node *node = &w->plain.nodes[i];

		if (node->type != STMBOOT_FS_UNKNOWN)
			continue;
		memset(node, 0, sizeof(*node));
		node->type = type;
		node->mode = type == STMBOOT_FS_SYMLINK     ? 0777
			     : type == STMBOOT_FS_DIRECTORY ? 0755
							    : 0644;
		return i;
	}
	return 0;
}

static struct name *find_name(struct node *node, const char *text)
{
	for (int i = 0; i < node->name_count; i++)
		if (strcmp(node->names[i].text, text) == 0)
			return &node->names[i];
	return NULL;
}

static void add_name(struct world *w, int directory, const char *text, int node)
{
	struct node *parent = &w->plain.nodes[directory];
	struct name *name = &parent->names[parent->name_count++];

	snprintf(name->text, sizeof(name->text), "%s", text);
	name->node = node;
	w->plain.nodes[node].links++;
	if (w->plain.nodes[node].type == STMBOOT_FS_DIRECTORY)
		w->plain.nodes[node].parent = directory;
}

static void drop_node(struct world *w, int number)
{
	struct node *node = &w->plain.nodes[number];

	if (--node->links > 0)
		return;
	for (int i = 0; i < node->name_count; i++)
		drop_node(w, node->names[i].node);
	w->plain.bytes -= node->size;
	node->type = STMBOOT_FS_UNKNOWN;
}

static void take_name(struct world *w, int directory, const char *text)
{
	struct node *parent = &w->plain.nodes[directory];
	struct name *name = find_name(parent, text);

	cr_assert_not_null(name);
	*name = parent->names[--parent->name_count];
}

static void path_of(const struct world *w, int number, char *path, size_t size)
{
	const struct node *node = &w->plain.nodes[number];
	const struct node *parent = &w->plain.nodes[node->parent];
	size_t length;

	if (number == 0) {
		snprintf(path, size, "/m");
		return;
	}
	path_of(w, node->parent, path, size);
	length = strlen(path);
	for (int i = 0; i < parent->name_count; i++)
		if (parent->names[i].node == number)
			snprintf(path + length, size - length, "/%s", parent->names[i].text);
}

/* Is the directory `inner` the directory `outer`, or in it? */
static bool is_inside(const struct world *w, int inner, int outer)
{
	for (; inner != 0; inner = w->plain.nodes[inner].parent)
		if (inner == outer)
			return true;
	return outer == 0;
}

/* --- choices --- */

static void random_name(struct world *w, char text[NAME_ROOM])
{
	static const char *const odd[] = { "a",  "zImage",    "with blank",   "\xff\xfe",
					   "-r", "new\nline", "\xe2\x82\xac", "..." };
	uint32_t choice = random_below(w, 24);

	if (choice < 8) {
		snprintf(text, NAME_ROOM, "%s", odd[choice]);
	} else if (choice < 11) {
		memset(text, 'l', 255);
		text[255] = '\0';
		text[0] = (char)('0' + choice - 8);
	} else {
		snprintf(text, NAME_ROOM, "name-%u", random_below(w, 40));
	}
}

static int random_node(struct world *w, enum stmboot_fs_type type)
{
	uint32_t start = random_below(w, NODES);

	for (uint32_t i = 0; i < NODES; i++) {
		int number = (int)((start + i) % NODES);

		if (w->plain.nodes[number].type == type)
			return number;
	}
	return 0;
}

/* A directory with room for another name. */
static int random_directory(struct world *w)
{
	int number = random_node(w, STMBOOT_FS_DIRECTORY);

	return w->plain.nodes[number].name_count < NAMES ? number : -1;
}

static size_t random_size(struct world *w)
{
	static const uint32_t most[] = { 1, 100, 5000, 70000, 300000 };

	return random_below(w, most[random_below(w, 5)]);
}

/* --- both trees --- */

static void expect_status(struct world *w, enum stmboot_status status, bool works, const char *what)
{
	cr_assert_eq(status == STMBOOT_OK, works, "%s, change %d, %s: %s (%s)", w->image, w->change,
		     what, stmboot_status_text(status), w->why.message);
	cr_assert_neq(status, STMBOOT_INTERNAL, "%s, change %d: %s", w->image, w->change,
		      w->why.message);
	if (!works)
		cr_assert_str_not_empty(w->why.message, "%s, change %d, %s", w->image, w->change,
					what);
	w->why.message[0] = '\0';
}

static struct sb_spot spot_of(struct world *w, int directory, const char *text)
{
	char path[STMBOOT_FS_PATH_BYTES];
	struct sb_spot spot;

	path_of(w, directory, path, sizeof(path));
	if (text != NULL)
		snprintf(path + strlen(path), sizeof(path) - strlen(path), "/%s", text);
	expect_status(w, sb_tree_find(w->tree, path, false, &spot), true, "find");
	return spot;
}

static void make_file(struct world *w, int directory, const char *text)
{
	struct sb_spot spot = spot_of(w, directory, text);
	bool works = find_name(&w->plain.nodes[directory], text) == NULL;
	size_t size = random_size(w);
	uint32_t seed = w->plain.seed;
	uint8_t *data = make_content(size, seed);
	struct stmboot_source *content;
	int number;

	cr_assert_eq(stmboot_source_from_memory(w->m.ctx, data, size, &content), STMBOOT_OK);
	expect_status(w, sb_tree_make_file(w->tree, &spot, content, NULL, NULL), works, "file");
	stmboot_source_close(content);
	free(data);
	if (!works)
		return;
	number = new_node(w, STMBOOT_FS_FILE);
	w->plain.nodes[number].size = size;
	w->plain.nodes[number].seed = seed;
	w->plain.bytes += size;
	add_name(w, directory, text, number);
}

/* Any name of a node that is no directory; the nodes of the plain tree have all one. */
static struct sb_spot spot_of_node(struct world *w, int number)
{
	const char *text = NULL;
	int directory = 0;

	for (int i = 0; i < NODES; i++) {
		struct node *node = &w->plain.nodes[i];

		for (int n = 0; node->type == STMBOOT_FS_DIRECTORY && n < node->name_count; n++) {
			if (node->names[n].node != number)
				continue;
			directory = i;
			text = node->names[n].text;
		}
	}
	return spot_of(w, directory, text);
}

static void replace_file(struct world *w, int number)
{
	struct node *node = &w->plain.nodes[number];
	struct sb_spot spot = spot_of_node(w, number);
	bool same_size = random_below(w, 3) == 0;
	size_t size = same_size ? node->size : random_size(w);
	uint32_t seed = random_below(w, 5) == 0 && same_size ? node->seed : w->plain.seed;
	uint8_t *data = make_content(size, seed);
	struct stmboot_source *content;

	cr_assert_eq(stmboot_source_from_memory(w->m.ctx, data, size, &content), STMBOOT_OK);
	expect_status(w, sb_tree_replace(w->tree, &spot.inode, content), true, "replace");
	stmboot_source_close(content);
	free(data);
	if (size != node->size || seed != node->seed)
		node->mtime = 0;
	w->plain.bytes += size - node->size;
	node->size = size;
	node->seed = seed;
}

static void make_directory(struct world *w, int directory, const char *text)
{
	struct sb_spot spot = spot_of(w, directory, text);
	bool works = find_name(&w->plain.nodes[directory], text) == NULL;

	expect_status(w, sb_tree_make_directory(w->tree, &spot, NULL, NULL), works, "mkdir");
	if (works)
		add_name(w, directory, text, new_node(w, STMBOOT_FS_DIRECTORY));
}

static void make_symlink(struct world *w, int directory, const char *text)
{
	struct sb_spot spot = spot_of(w, directory, text);
	bool works = find_name(&w->plain.nodes[directory], text) == NULL;
	size_t length = 1 + random_below(w, random_below(w, 2) ? 59 : TARGET_ROOM - 2);
	char target[TARGET_ROOM];
	int number;

	memset(target, 't', length);
	target[length] = '\0';
	expect_status(w, sb_tree_make_symlink(w->tree, &spot, target, NULL, NULL), works,
		      "symlink");
	if (!works)
		return;
	number = new_node(w, STMBOOT_FS_SYMLINK);
	memcpy(w->plain.nodes[number].target, target, length + 1);
	add_name(w, directory, text, number);
}

static void make_special(struct world *w, int directory, const char *text)
{
	struct sb_spot spot = spot_of(w, directory, text);
	bool works = find_name(&w->plain.nodes[directory], text) == NULL;

	expect_status(w, sb_tree_make_special(w->tree, &spot, STMBOOT_FS_FIFO, 0, 0, NULL, NULL),
		      works, "fifo");
	if (works)
		add_name(w, directory, text, new_node(w, STMBOOT_FS_FIFO));
}

static void link_file(struct world *w, int number, int directory, const char *text)
{
	struct sb_spot from = spot_of_node(w, number), to = spot_of(w, directory, text);
	bool works = find_name(&w->plain.nodes[directory], text) == NULL;

	expect_status(w, sb_tree_link(w->tree, &from, &to), works, "link");
	if (works)
		add_name(w, directory, text, number);
}

static void remove_name(struct world *w, int directory, const char *text, bool recursive)
{
	struct sb_spot spot = spot_of(w, directory, text);
	const struct name *name = find_name(&w->plain.nodes[directory], text);
	bool works = name != NULL &&
		     (recursive || w->plain.nodes[name->node].type != STMBOOT_FS_DIRECTORY);
	int number = name != NULL ? name->node : 0;

	expect_status(w, sb_tree_remove(w->tree, &spot, recursive), works, "remove");
	if (!works)
		return;
	take_name(w, directory, text);
	drop_node(w, number);
}

/* What rename() says. */
static bool may_move(const struct world *w, const struct name *from, int directory,
		     const struct name *to)
{
	const struct node *a = &w->plain.nodes[from->node];
	const struct node *b = to != NULL ? &w->plain.nodes[to->node] : NULL;

	if (b == a)
		return true;
	if (a->type == STMBOOT_FS_DIRECTORY && is_inside(w, directory, from->node))
		return false;
	if (b == NULL)
		return true;
	if ((a->type == STMBOOT_FS_DIRECTORY) != (b->type == STMBOOT_FS_DIRECTORY))
		return false;
	return b->type != STMBOOT_FS_DIRECTORY || b->name_count == 0;
}

static void move_name(struct world *w, int from_directory, const char *from_text, int directory,
		      const char *text)
{
	struct sb_spot from = spot_of(w, from_directory, from_text);
	struct sb_spot to = spot_of(w, directory, text);
	const struct name *source = find_name(&w->plain.nodes[from_directory], from_text);
	const struct name *there = find_name(&w->plain.nodes[directory], text);
	int replaced = there != NULL ? there->node : 0;
	struct name old;
	bool works;

	cr_assert_not_null(source);
	old = *source;
	works = may_move(w, &old, directory, there);
	expect_status(w, sb_tree_move(w->tree, &from, &to), works, "move");
	if (!works || replaced == old.node)
		return;
	if (there != NULL) {
		take_name(w, directory, text);
		drop_node(w, replaced);
	}
	take_name(w, from_directory, old.text);
	add_name(w, directory, text, old.node);
	w->plain.nodes[old.node].links--;
}

static void give(struct world *w, int number)
{
	struct node *node = &w->plain.nodes[number];
	struct sb_spot spot = node->type == STMBOOT_FS_DIRECTORY ? spot_of(w, number, NULL)
								 : spot_of_node(w, number);
	struct sb_tree_gift gift = { .set = 1 + random_below(w, 7),
				     .mode = random_below(w, 010000),
				     .uid = random_below(w, 100000),
				     .gid = random_below(w, 70000),
				     .accessed = { 1, 2 },
				     .modified = { TIME + random_below(w, 1000), 500 } };

	expect_status(w, sb_tree_give(w->tree, spot.inode.number, &gift), true, "give");
	if (gift.set & SB_TREE_MODE)
		node->mode = gift.mode;
	if (gift.set & SB_TREE_OWNER) {
		node->uid = gift.uid;
		node->gid = gift.gid;
	}
	if ((gift.set & SB_TREE_TIMES) != 0 && node->type != STMBOOT_FS_DIRECTORY)
		node->mtime = gift.modified.seconds;
}

static const char *random_entry(struct world *w, int directory)
{
	struct node *node = &w->plain.nodes[directory];

	return node->names[random_below(w, (uint32_t)node->name_count)].text;
}

/* So many names that the directory needs more blocks, and then fewer again. */
static void make_many(struct world *w, int directory)
{
	struct node *node = &w->plain.nodes[directory];
	char text[NAME_ROOM];

	while (node->name_count < NAMES) {
		snprintf(text, sizeof(text), "one-of-many-files-with-a-long-name-%d",
			 node->name_count * 1000 + w->change);
		make_symlink(w, directory, text);
	}
	while (node->name_count > NAMES / 2) {
		snprintf(text, sizeof(text), "%s", random_entry(w, directory));
		remove_name(w, directory, text, true);
	}
}

static void change_names(struct world *w, int directory)
{
	int from = random_node(w, STMBOOT_FS_DIRECTORY);
	char text[NAME_ROOM], old[NAME_ROOM];

	random_name(w, text);
	switch (random_below(w, 8)) {
	case 0:
	case 1:
		make_directory(w, directory, text);
		break;
	case 2:
		make_symlink(w, directory, text);
		break;
	case 3:
		make_special(w, directory, text);
		break;
	case 4:
		remove_name(w, directory, text, random_below(w, 2) != 0);
		break;
	default:
		if (w->plain.nodes[from].name_count == 0)
			break;
		snprintf(old, sizeof(old), "%s", random_entry(w, from));
		if (random_below(w, 3) == 0)
			remove_name(w, from, old, random_below(w, 4) == 0);
		else
			move_name(w, from, old, directory, text);
		break;
	}
}

static void change_something(struct world *w)
{
	int directory = random_directory(w);
	int file = random_node(w, STMBOOT_FS_FILE);
	char text[NAME_ROOM];

	if (directory < 0)
		directory = 0;
	random_name(w, text);
	switch (random_below(w, 10)) {
	case 0:
	case 1:
	case 2:
		if (w->plain.bytes < MAX_BYTES && w->plain.nodes[directory].name_count < NAMES)
			make_file(w, directory, text);
		break;
	case 3:
		if (file != 0)
			replace_file(w, file);
		break;
	case 4:
		if (file != 0 && w->plain.nodes[directory].name_count < NAMES)
			link_file(w, file, directory, text);
		break;
	case 5:
		give(w,
		     random_node(w, random_below(w, 2) ? STMBOOT_FS_FILE : STMBOOT_FS_DIRECTORY));
		break;
	case 6:
		if (random_below(w, 12) == 0)
			make_many(w, directory);
		break;
	default:
		if (w->plain.nodes[directory].name_count < NAMES)
			change_names(w, directory);
		break;
	}
}

/* --- comparisons --- */

static void compare_node(struct world *w, struct stmboot_fs *fs, int number, const char *path,
			 bool is_linux)
{
	const struct node *node = &w->plain.nodes[number];
	struct stmboot_fs_node found;
	char target[STMBOOT_FS_PATH_BYTES];

	cr_assert_eq(stmboot_fs_stat(fs, path, false, &found), STMBOOT_OK, "%s: %s", w->image,
		     path);
	cr_expect_eq(found.type, node->type, "%s: type of %s", w->image, path);
	cr_expect_eq(found.mode, node->mode, "%s: mode of %s", w->image, path);
	cr_expect(found.uid == node->uid && found.gid == node->gid, "%s: owner of %s", w->image,
		  path);
	if (node->mtime != 0)
		cr_expect_eq(found.mtime, node->mtime, "%s: time of %s", w->image, path);
	if (node->type != STMBOOT_FS_DIRECTORY)
		cr_expect_eq((int)found.links, node->links, "%s: links of %s", w->image, path);
	if (node->type == STMBOOT_FS_SYMLINK) {
		cr_assert_eq(stmboot_fs_readlink(fs, path, target, sizeof(target)), STMBOOT_OK);
		cr_expect_str_eq(target, node->target);
	}
	if (node->type == STMBOOT_FS_FILE && (is_linux || node->size != 0)) {
		uint8_t *data = make_content(node->size, node->seed);

		cr_expect(content_is(fs, path, data, node->size), "%s: content of %s", w->image,
			  path);
		free(data);
	}
}

static bool count_name(void *user, const struct stmboot_fs_entry *entry)
{
	*(int *)user += entry->inode != 0;
	return true;
}

static void compare_directory(struct world *w, struct stmboot_fs *fs, int number, bool is_linux)
{
	const struct node *node = &w->plain.nodes[number];
	char path[STMBOOT_FS_PATH_BYTES];
	struct stmboot_fs_node found;
	int names = 0, folders = 0;
	size_t length;

	path_of(w, number, path, sizeof(path));
	length = strlen(path);
	cr_assert_eq(stmboot_fs_list(fs, path, count_name, &names), STMBOOT_OK);
	cr_expect_eq(names, node->name_count + 2, "%s: names in %s", w->image, path);
	for (int i = 0; i < node->name_count; i++) {
		snprintf(path + length, sizeof(path) - length, "/%s", node->names[i].text);
		compare_node(w, fs, node->names[i].node, path, is_linux);
		folders += w->plain.nodes[node->names[i].node].type == STMBOOT_FS_DIRECTORY;
	}
	path[length] = '\0';
	cr_assert_eq(stmboot_fs_stat(fs, path, false, &found), STMBOOT_OK);
	cr_expect_eq((int)found.links, folders + 2, "%s: links of %s", w->image, path);
}

static void compare_all(struct world *w, struct stmboot_fs *fs, bool is_linux)
{
	for (int i = 0; i < NODES; i++)
		if (w->plain.nodes[i].type == STMBOOT_FS_DIRECTORY)
			compare_directory(w, fs, i, is_linux);
	stmboot_fs_close(fs);
}

/* The rest of the file system, but its root, which has one directory more. */
static void compare_rest(struct world *w)
{
	struct trees trees = { .path = "", .changed = "", .passed_over = "/m" };

	cr_assert_eq(stmboot_fs_open_linux(w->m.ctx, w->m.cache, &trees.before), STMBOOT_OK);
	cr_assert_eq(stmboot_fs_open_linux(w->m.ctx, sb_overlay_source(w->overlay), &trees.after),
		     STMBOOT_OK);
	cr_expect_eq(stmboot_fs_list(trees.before, "/", compare_entry, &trees), STMBOOT_OK);
	cr_expect_eq(trees.differences, 1, "%s: %zu differences beside", w->image,
		     trees.differences);
	stmboot_fs_close(trees.before);
	stmboot_fs_close(trees.after);
}

/* What debugfs took out is on the host now. */
static void compare_dumped(struct world *w, int number, const char *folder)
{
	const struct node *node = &w->plain.nodes[number];
	char path[STMBOOT_FS_PATH_BYTES], target[TARGET_ROOM + 1];

	for (int i = 0; i < node->name_count; i++) {
		const struct node *child = &w->plain.nodes[node->names[i].node];
		struct stat stat;
		ssize_t length;

		snprintf(path, sizeof(path), "%s/%s", folder, node->names[i].text);
		if (child->type == STMBOOT_FS_FIFO) /* which debugfs does not make */
			continue;
		cr_assert_eq(lstat(path, &stat), 0, "%s: debugfs has no %s", w->image, path);
		if (child->type == STMBOOT_FS_DIRECTORY) {
			cr_expect(S_ISDIR(stat.st_mode));
			compare_dumped(w, node->names[i].node, path);
		} else if (child->type == STMBOOT_FS_SYMLINK) {
			length = readlink(path, target, sizeof(target));
			cr_expect(length == (ssize_t)strlen(child->target) &&
				  memcmp(target, child->target, (size_t)length) == 0);
		} else {
			uint8_t *data = make_content(child->size, child->seed);
			uint8_t *found = malloc(child->size + 1);
			FILE *file = fopen(path, "rb");

			cr_assert(found != NULL && file != NULL, "%s", path);
			cr_expect_eq(fread(found, 1, child->size + 1, file), child->size, "%s: %s",
				     w->image, path);
			cr_expect_arr_eq(found, data, child->size, "%s: debugfs has another %s",
					 w->image, path);
			fclose(file);
			free(found);
			free(data);
		}
	}
}

static int remove_path(const char *path, const struct stat *stat, int kind, struct FTW *walk)
{
	(void)stat, (void)kind, (void)walk;
	return remove(path);
}

/* debugfs cannot make a name in a directory that it made unwritable, unless it is root. */
static void compare_with_debugfs(struct world *w)
{
	char folder[] = "/tmp/stmboot-tree-XXXXXX", command[256], path[64];

	if (geteuid() != 0)
		return;
	cr_assert_not_null(mkdtemp(folder));
	snprintf(command, sizeof(command), "debugfs -R 'rdump /m %s' %s.img", folder, w->image);
	free(oracle_ask(w->image, w->overlay, command));
	snprintf(path, sizeof(path), "%s/m", folder);
	compare_dumped(w, 0, path);
	nftw(folder, remove_path, 16, FTW_DEPTH | FTW_PHYS);
}

static void check(struct world *w, bool for_uboot)
{
	struct stmboot_fs *fs;

	cr_assert_eq(stmboot_fs_open_linux(w->m.ctx, sb_overlay_source(w->overlay), &fs),
		     STMBOOT_OK);
	compare_all(w, fs, true);
	cr_assert_eq(stmboot_fs_open_uboot(w->m.ctx, sb_overlay_source(w->overlay), &fs),
		     STMBOOT_OK);
	if (for_uboot)
		compare_all(w, fs, false);
	else
		stmboot_fs_close(fs);
	compare_rest(w);
	oracle_expect_clean(w->image, w->overlay, "a tree");
	compare_with_debugfs(w);
}

static void open_tree(struct world *w)
{
	cr_assert_eq(sb_tree_open(w->m.ctx, w->overlay, 0, stmboot_source_size(w->m.file), &w->why,
				  &w->tree),
		     STMBOOT_OK, "%s: %s", w->image, w->why.message);
}

static void finish_tree(struct world *w)
{
	struct sb_arena arena;
	struct sb_writes writes;

	sb_arena_init(&arena, w->m.ctx);
	cr_assert_eq(sb_tree_finish(w->tree, &arena, &writes), STMBOOT_OK, "%s, change %d: %s",
		     w->image, w->change, w->why.message);
	sb_arena_release(&arena);
	sb_tree_close(w->tree);
}

static void begin(struct world *w, const char *image, uint32_t seed)
{
	struct sb_spot spot;

	memset(w, 0, sizeof(*w));
	w->image = image;
	w->plain.seed = seed;
	w->plain.nodes[0] = (struct node){ .type = STMBOOT_FS_DIRECTORY, .links = 1, .mode = 0755 };
	medium_open(&w->m, image);
	cr_assert_eq(sb_overlay_new(w->m.ctx, w->m.cache, &w->overlay), STMBOOT_OK);
	open_tree(w);
	cr_assert_eq(sb_tree_find(w->tree, "/m", false, &spot), STMBOOT_OK);
	cr_assert_eq(sb_tree_make_directory(w->tree, &spot, NULL, NULL), STMBOOT_OK);
}

static void run(const char *image, uint32_t seed)
{
	static struct world w;

	begin(&w, image, seed);
	for (int round = 0; round < ROUNDS; round++) {
		for (int i = 0; i < CHANGES; i++, w.change++)
			change_something(&w);
		finish_tree(&w);
		/* With meta_bg U-Boot finds the inodes of the first groups only. */
		check(&w, strcmp(image, "meta-bg") != 0);
		open_tree(&w);
	}
	sb_tree_close(w.tree);
	sb_overlay_free(w.overlay);
	medium_close(&w.m);
}

static const char *const shapes[] = {
	"ext2-1k",  "ext2-4k",  "ext2-plain",   "ext3-1k",     "ext4-1k",    "ext4-2k",
	"ext4-4k",  "ext4-64k", "uninit-bg",    "seed-orphan", "no-flex-bg", "inode-128",
	"htree-1k", "htree-4k", "small-groups", "removed",     "default",    "meta-bg",
};

Test(ext4_tree_random, any_changes_leave_what_a_plain_tree_holds, .timeout = 600)
{
	const char *more = getenv("STMBOOT_TREE_RUNS");
	uint32_t runs = more != NULL ? (uint32_t)strtoul(more, NULL, 10) : 1;

	for (uint32_t seed = 1; seed <= runs; seed++)
		for (size_t i = 0; i < sizeof(shapes) / sizeof(shapes[0]); i += pace(5))
			run(shapes[i], seed * 1000 + (uint32_t)i);
}
