/* SPDX-License-Identifier: MIT */
/*
 * A boot script, and the places that the variables it sets lead to. What is
 * read ends at a NUL; every place is an absolute path.
 */
#include <stdlib.h>
#include <string.h>

#include "boot/search.h"
#include "format/boot_script.h"

enum { MOST_BYTES = 1 << 14 };

static void require(bool truth)
{
	if (!truth)
		abort();
}

static bool same(const char *a, const char *b)
{
	return a == NULL || b == NULL ? a == b : strcmp(a, b) == 0;
}

static void require_same(const struct sb_boot_script *a, const struct sb_boot_script *b)
{
	require(same(a->prefixes, b->prefixes) && same(a->conf, b->conf));
	require(a->conf_conditional == b->conf_conditional);
	require(a->searches == b->searches && a->boots == b->boots);
}

static void search(struct sb_arena *arena, const struct sb_boot_script *script)
{
	struct sb_search_variables variables = sb_search_stock;
	struct sb_places places;

	if (script->prefixes != NULL)
		variables.prefixes = script->prefixes;
	if (script->conf != NULL)
		variables.conf = script->conf;
	require(sb_search_places(arena, &variables, &places));
	for (size_t i = 0; i < places.count; i++)
		require(places.list[i].path[0] == '/');
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct sb_boot_script script, again;
	struct stmboot_context *ctx;
	struct sb_arena arena;
	char *text;

	if (size > MOST_BYTES)
		return 0;
	text = malloc(size + 1);
	if (text == NULL || stmboot_context_new(NULL, &ctx) != STMBOOT_OK)
		abort();
	memcpy(text, data, size);
	text[size] = '\0';
	sb_arena_init(&arena, ctx);
	require(sb_boot_script_read(&arena, text, size, &script));
	require(sb_boot_script_read(&arena, text, strlen(text) + 1, &again));
	require_same(&script, &again);
	search(&arena, &script);
	sb_arena_release(&arena);
	stmboot_context_free(ctx);
	free(text);
	return 0;
}
