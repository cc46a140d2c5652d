/* SPDX-License-Identifier: MIT */
/* What the library makes of a script for U-Boot's shell: "prefixes VALUE", "conf VALUE". */
#include <stdio.h>
#include <stdlib.h>

#include "format/boot_script.h"

enum { MOST_BYTES = 1 << 16 };

static void say(const char *name, const char *value)
{
	if (value != NULL)
		printf("%s %s\n", name, value);
}

int main(int argc, char **argv)
{
	static char text[MOST_BYTES];
	struct sb_boot_script script;
	struct stmboot_context *ctx;
	struct sb_arena arena;
	size_t size;
	FILE *file;

	if (argc != 2 || stmboot_context_new(NULL, &ctx) != STMBOOT_OK)
		return EXIT_FAILURE;
	file = fopen(argv[1], "rb");
	if (file == NULL)
		return EXIT_FAILURE;
	size = fread(text, 1, sizeof(text), file);
	fclose(file);
	sb_arena_init(&arena, ctx);
	if (!sb_boot_script_read(&arena, text, size, &script))
		return EXIT_FAILURE;
	say("prefixes", script.prefixes);
	say("conf", script.conf);
	sb_arena_release(&arena);
	stmboot_context_free(ctx);
	return EXIT_SUCCESS;
}
