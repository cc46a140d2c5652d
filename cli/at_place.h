/* SPDX-License-Identifier: MIT */
#ifndef AT_PLACE_H
#define AT_PLACE_H

#include <stmboot/context.h>
#include <stmboot/image.h>

#include "buffer.h"
#include "json.h"
#include "options.h"

/* A place in an image, and the file system that it is in; borrowed. */
struct at_place {
	struct stmboot_context *ctx;
	const struct options *o;
	struct stmboot_image *image;
	struct stmboot_fs *fs;
	uint32_t partition;
	const char *path;
};

/* Open the image of the first operand and find a place in it; an exit status. */
int with_place(struct stmboot_context *ctx, const struct options *o, const char *place,
	       int (*tell)(const struct at_place *at));

/* Say why a call on the path of the place gave that status; gives EXIT_NOT_DONE. */
int fail_at_place(const struct at_place *at, enum stmboot_status status);

/* Write all that a source holds to stdout; *write_error is 0 or an errno. */
enum stmboot_status stream_source(const struct options *o, struct stmboot_source *src,
				  int *write_error);

/* The same for the file at the place; an exit status. */
int stream_file(const struct at_place *at);

/* The type and permissions of an inode as `ls` begins a line with them. */
enum { MODE_TEXT = 11 };
void mode_text(const struct stmboot_fs_node *node, char text[MODE_TEXT]);

/* The members of an object that tells of an inode; `target` of a symbolic link, or NULL. */
void add_node_json(struct json *j, const struct stmboot_fs_node *node, const char *target);

/* "2023-11-14 22:13:20", in UTC. */
enum { TIME_TEXT = 40 };
void time_text(int64_t seconds, char text[TIME_TEXT]);

#endif
