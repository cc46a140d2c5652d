/* SPDX-License-Identifier: MIT */
/* What reading and editing a command line share. */
#ifndef SB_FORMAT_CMDLINE_H
#define SB_FORMAT_CMDLINE_H

#include <stdbool.h>
#include <stddef.h>

#include <stmboot/cmdline.h>
#include <stmboot/refusal.h>

#include "base/arena.h"

/* One word as next_arg() of Linux lib/cmdline.c cuts it; places in the text. */
struct sb_cmdline_word {
	size_t start, end;
	size_t key, key_length; /* without quotes around it */
	size_t value, value_length;
	bool has_value;
	bool open; /* a '"' without its partner: the word takes the rest */
};

/* The word at or behind *at, which moves behind it; false at the end of the text. */
bool sb_cmdline_next(const char *text, size_t *at, struct sb_cmdline_word *word);

/* Is it "--", which ends the kernel's arguments? */
bool sb_cmdline_is_dashdash(const char *text, const struct sb_cmdline_word *word);

/* White space to the kernel, which takes 0xA0 for it too. */
bool sb_cmdline_is_space(char c);

/* Have two texts the same words, whatever stands between them? */
bool sb_cmdline_same_words(const char *a, const char *b);

/*
 * The argument that a key may be a misspelling of: one or two letters differ. NULL for
 * one that is known, or too short to tell, or has a dot, as those of modules have.
 */
const char *sb_cmdline_meant(const char *key);

/*
 * An argument as it must be written to reach the kernel as one word; an
 * argument that needs no quotes is given back. NULL when it was refused, or
 * without memory (the arena knows).
 */
const char *sb_cmdline_quote(struct sb_arena *arena, const char *argument,
			     struct stmboot_refusal *why);

#endif
