/* SPDX-License-Identifier: MIT */
/*
 * Hints that name a command: between backquotes, ready for a shell, with IMAGE
 * in the place of the image until it is known (sb_diags_name_image()). What
 * comes from a medium goes through sb_hint_word() or sb_hint_place().
 */
#ifndef SB_BASE_HINT_H
#define SB_BASE_HINT_H

#include "base/diag.h"

/*
 * A text as one word of a shell, in quotes where it needs them. One that a shell or
 * the command would take for something else once it is copied from a screen is left
 * for the reader to fill in: NAME. Without memory "", and the arena says that it failed.
 */
const char *sb_hint_word(const struct sb_scope *scope, const char *text);

/* The same of "4:/boot/zImage", in a bare file system "/boot/zImage"; or PLACE. */
const char *sb_hint_place(const struct sb_scope *scope, int32_t partition, const char *path);

/*
 * "what: `command`", to put another file where the scope is: in place of the file
 * it is in, or of the content of its partition. Outside of both, `what` alone.
 */
const char *sb_hint_replace(const struct sb_scope *scope, const char *what);

/* The same, to open the text that the scope is in with an editor. */
const char *sb_hint_edit(const struct sb_scope *scope, const char *what);

/*
 * The same, to have sed run a script over it: "2d". It is a word of a shell within a
 * word in single quotes: what is special stands in double ones.
 */
const char *sb_hint_sed(const struct sb_scope *scope, const char *script, const char *what);

/* The same, to have e2fsck mend the file system that the scope is in. */
const char *sb_hint_e2fsck(const struct sb_scope *scope, const char *options, const char *what);

/* The same, for one whose superblock has a wrong checksum, which e2fsck does not open. */
const char *sb_hint_superblock(const struct sb_scope *scope, const char *what);

/*
 * A hint whose commands name an image. One that is packed cannot be written in
 * place: what they make of it goes to another file. NULL without memory.
 */
const char *sb_hint_name_image(struct sb_arena *arena, const char *hint, const char *path,
			       bool packed);

#endif
