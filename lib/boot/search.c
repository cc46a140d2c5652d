/* SPDX-License-Identifier: MIT */
#include "boot/search.h"

#include <string.h>

enum {
	MOST_PLACES = 64,  /* a saved list of words may be long */
	MOST_BYTES = 4096, /* and so may a word; U-Boot's own limit for a path is 512 */
};

static const char blanks[] = " \t\n";

const struct sb_search_variables sb_search_stock = {
	.prefixes = "/ /boot/",
	.conf = "extlinux/extlinux.conf",
	.scripts = "boot.scr.uimg boot.scr",
};

static bool add(struct sb_arena *arena, struct sb_places *out, const char *prefix, size_t length,
		const char *name, size_t name_length, bool script)
{
	struct sb_search_place *place;
	const char *path;

	if (length + name_length > MOST_BYTES || out->count == MOST_PLACES)
		return true;
	/* the shell's file systems take a path without '/' from the root, too */
	path = sb_arena_printf(arena, "%s%.*s%.*s", length > 0 && *prefix == '/' ? "" : "/",
			       (int)length, prefix, (int)name_length, name);

	if (path == NULL)
		return false;
	place = sb_arena_push(arena, &out->list, &out->count, &out->capacity, sizeof(*place));
	if (place == NULL)
		return false;
	*place = (struct sb_search_place){ path, script };
	return true;
}

/* With one prefix the configuration comes first, then the scripts. */
static bool add_prefix(struct sb_arena *arena, const struct sb_search_variables *variables,
		       const char *prefix, size_t length, struct sb_places *out)
{
	if (!add(arena, out, prefix, length, variables->conf, strlen(variables->conf), false))
		return false;
	for (const char *word = variables->scripts;;) {
		size_t size;

		word += strspn(word, blanks);
		size = strcspn(word, blanks);
		if (size == 0)
			return true;
		if (!add(arena, out, prefix, length, word, size, true))
			return false;
		word += size;
	}
}

bool sb_search_places(struct sb_arena *arena, const struct sb_search_variables *variables,
		      struct sb_places *out)
{
	*out = (struct sb_places){ 0 };
	for (const char *word = variables->prefixes; out->count < MOST_PLACES;) {
		size_t length;

		word += strspn(word, blanks);
		length = strcspn(word, blanks);
		if (length == 0)
			break;
		if (!add_prefix(arena, variables, word, length, out))
			return false;
		word += length;
	}
	return true;
}
