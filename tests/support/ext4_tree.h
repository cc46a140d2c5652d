/* SPDX-License-Identifier: MIT */
/* Changes of the tree of an image, given by paths. */
#ifndef EXT4_TREE_H
#define EXT4_TREE_H

#include <stdlib.h>
#include <string.h>

#include "ext4_medium.h"
#include "fs/ext4_tree.h"
#include "source/overlay.h"

/* A tree of an image that is changed. */
struct scene {
	struct medium m;
	const char *image;
	struct sb_overlay *overlay;
	struct sb_tree *tree;
	struct stmboot_refusal why;
};

static inline void scene_begin(struct scene *s)
{
	cr_assert_eq(sb_tree_open(s->m.ctx, s->overlay, 0, stmboot_source_size(s->m.file), &s->why,
				  &s->tree),
		     STMBOOT_OK, "%s: %s", s->image, s->why.message);
}

/* An image, without a tree yet. */
static inline void scene_open_only(struct scene *s, const char *image)
{
	memset(s, 0, sizeof(*s));
	s->image = image;
	medium_open(&s->m, image);
	cr_assert_eq(sb_overlay_new(s->m.ctx, s->m.cache, &s->overlay), STMBOOT_OK);
}

static inline void scene_open(struct scene *s, const char *image)
{
	scene_open_only(s, image);
	scene_begin(s);
}

static inline enum stmboot_status scene_finish(struct scene *s)
{
	struct sb_arena arena;
	struct sb_writes writes;
	enum stmboot_status status;

	sb_arena_init(&arena, s->m.ctx);
	status = sb_tree_finish(s->tree, &arena, &writes);
	sb_arena_release(&arena);
	sb_tree_close(s->tree);
	s->tree = NULL;
	return status;
}

static inline void scene_close(struct scene *s)
{
	sb_tree_close(s->tree);
	sb_overlay_free(s->overlay);
	medium_close(&s->m);
}

/* A file with these bytes, or these bytes for the file that is there. */
static inline enum stmboot_status tree_put(struct sb_tree *tree, struct stmboot_context *ctx,
					   const char *path, const void *data, size_t size)
{
	struct stmboot_source *content;
	struct sb_spot spot;
	enum stmboot_status status = stmboot_source_from_memory(ctx, data, size, &content);

	if (status != STMBOOT_OK)
		return status;
	status = sb_tree_find(tree, path, true, &spot);
	if (status == STMBOOT_OK)
		status = spot.exists ? sb_tree_replace(tree, &spot.inode, content)
				     : sb_tree_make_file(tree, &spot, content, NULL, NULL);
	stmboot_source_close(content);
	return status;
}

static inline enum stmboot_status tree_mkdir(struct sb_tree *tree, const char *path)
{
	struct sb_spot spot;
	enum stmboot_status status = sb_tree_find(tree, path, false, &spot);

	return status == STMBOOT_OK ? sb_tree_make_directory(tree, &spot, NULL, NULL) : status;
}

static inline enum stmboot_status tree_symlink(struct sb_tree *tree, const char *target,
					       const char *path)
{
	struct sb_spot spot;
	enum stmboot_status status = sb_tree_find(tree, path, false, &spot);

	return status == STMBOOT_OK ? sb_tree_make_symlink(tree, &spot, target, NULL, NULL)
				    : status;
}

static inline enum stmboot_status tree_remove(struct sb_tree *tree, const char *path,
					      bool recursive)
{
	struct sb_spot spot;
	enum stmboot_status status = sb_tree_find(tree, path, false, &spot);

	return status == STMBOOT_OK ? sb_tree_remove(tree, &spot, recursive) : status;
}

static inline enum stmboot_status tree_move(struct sb_tree *tree, const char *from, const char *to)
{
	struct sb_spot a, b;
	enum stmboot_status status = sb_tree_find(tree, from, false, &a);

	if (status == STMBOOT_OK)
		status = sb_tree_find(tree, to, false, &b);
	return status == STMBOOT_OK ? sb_tree_move(tree, &a, &b) : status;
}

static inline enum stmboot_status tree_link(struct sb_tree *tree, const char *from, const char *to)
{
	struct sb_spot a, b;
	enum stmboot_status status = sb_tree_find(tree, from, false, &a);

	if (status == STMBOOT_OK)
		status = sb_tree_find(tree, to, false, &b);
	return status == STMBOOT_OK ? sb_tree_link(tree, &a, &b) : status;
}

static inline enum stmboot_status tree_chmod(struct sb_tree *tree, const char *path, uint32_t mode)
{
	const struct sb_tree_gift gift = { .set = SB_TREE_MODE, .mode = mode };
	struct sb_spot spot;
	enum stmboot_status status = sb_tree_find(tree, path, true, &spot);

	return status == STMBOOT_OK ? sb_tree_give(tree, spot.inode.number, &gift) : status;
}

static inline enum stmboot_status tree_attribute(struct sb_tree *tree, const char *path,
						 const char *name, const void *value, size_t size)
{
	struct sb_spot spot;
	enum stmboot_status status = sb_tree_find(tree, path, true, &spot);

	return status == STMBOOT_OK
		       ? sb_tree_set_attribute(tree, spot.inode.number, name, value, size)
		       : status;
}

#define expect_done(s, status)                                                                     \
	cr_assert_eq(status, STMBOOT_OK, "%s: %s", (s)->image, (s)->why.message)

#define expect_refused(s, status, wanted, text)                                                    \
	do {                                                                                       \
		enum stmboot_status got = (status);                                                \
                                                                                                   \
		cr_expect_eq(got, wanted, "%s: %s: %s", (s)->image, stmboot_status_text(got),      \
			     (s)->why.message);                                                    \
		cr_expect(strstr((s)->why.message, text), "%s: '%s' does not say '%s'",            \
			  (s)->image, (s)->why.message, text);                                     \
		(s)->why.message[0] = '\0';                                                        \
	} while (0)

/* Another image, made from one by requests to debugfs. */
static inline void derive(const char *name, const char *from, const char *requests)
{
	char command[2048];

	snprintf(command, sizeof(command),
		 "cd \"$STMBOOT_EXT4_IMAGES\" && cp --sparse=always %s.img %s.img && "
		 "PATH=$PATH:/sbin:/usr/sbin debugfs -w -f - %s.img >%s.log 2>&1 <<'END'\n%s\nEND",
		 from, name, name, name, requests);
	cr_assert_eq(system(command), 0, "%s", name);
}

/* A path of one name of so many bytes. */
static inline const char *long_name(size_t length)
{
	static char path[300];

	memset(path, 'n', sizeof(path));
	path[0] = '/';
	path[length + 1] = '\0';
	return path;
}

#endif
