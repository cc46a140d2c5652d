/* SPDX-License-Identifier: MIT */
/*
 * What bootm takes out of a FIT, by the library: the configuration, the images
 * in order, and whether it gives up.
 *
 * usage: fit_says FILE CONFIGURATION
 */
#include <stdio.h>
#include <stdlib.h>

#include "base/arena.h"
#include "format/fit.h"

static void require(enum stmboot_status status, const char *what)
{
	if (status == STMBOOT_OK)
		return;
	fprintf(stderr, "fit_says: %s: %s\n", what, stmboot_status_text(status));
	exit(1);
}

static void say(struct stmboot_context *ctx, struct stmboot_source *src, struct stmboot_fit *fit,
		const char *asked)
{
	struct sb_fit_load load = { .reader = SB_FIT_BOOTM, .asked = asked, .arch = "arm" };
	struct sb_arena arena;
	uint64_t hashed = 0;
	bool refused = false;

	sb_arena_init(&arena, ctx);
	require(sb_fit_select(&arena, fit, &load), "select");
	require(sb_fit_verify(ctx, src, fit, &load, &hashed), "verify");
	require(sb_fit_look(src, &load), "look");
	require(sb_fit_refused(ctx, fit, &load, &refused), "judge");
	if (load.configuration != NULL)
		printf("configuration %s\n", load.configuration->name);
	for (size_t i = 0; i < load.member_count; i++)
		if (load.members[i].image != NULL)
			printf("try %s %s\n", sb_fit_role_text(load.members[i].role),
			       load.members[i].image->name);
	printf("%s\n", refused ? "refused" : "taken");
	sb_arena_release(&arena);
}

int main(int argc, char **argv)
{
	struct stmboot_context *ctx;
	struct stmboot_source *src;
	struct stmboot_fit *fit;

	if (argc != 3)
		return 2;
	require(stmboot_context_new(NULL, &ctx), "context");
	require(stmboot_source_open_file(ctx, argv[1], &src), argv[1]);
	if (stmboot_fit_decode(ctx, src, &fit) == STMBOOT_OK) {
		say(ctx, src, fit, argv[2]);
		stmboot_fit_free(fit);
	} else {
		printf("refused\n");
	}
	stmboot_source_close(src);
	stmboot_context_free(ctx);
	return 0;
}
