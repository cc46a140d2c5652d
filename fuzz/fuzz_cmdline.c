/* SPDX-License-Identifier: MIT */
/*
 * The command line: words must lie in the text in order, without white space
 * between a word and its end, and U-Boot's expansion must fit its buffer.
 */
#include <stdlib.h>
#include <string.h>

#include <stmboot/cmdline.h>
#include <stmboot/extlinux.h>

static void require(bool truth)
{
	if (!truth)
		abort();
}

static const char *get(void *user, const char *name)
{
	require(*name != '\0');
	return (strlen(name) & 1) != 0 ? user : NULL;
}

static void check_words(struct stmboot_context *ctx, const char *text)
{
	const struct stmboot_cmdline *line;
	uint64_t end = 0;

	require(stmboot_cmdline_decode(ctx, text, &line) == STMBOOT_OK);
	for (size_t i = 0; i < line->argument_count; i++) {
		const struct stmboot_cmdline_argument *a = &line->arguments[i];

		require(a->offset >= end && a->length > 0);
		end = a->offset + a->length;
		require(end <= line->length);
		require(strlen(a->key) <= a->length);
		require(a->after_dashdash || stmboot_cmdline_find(line, a->key) != NULL);
	}
	require(line->root.kind == STMBOOT_ROOT_NONE || line->root.argument < line->argument_count);
	require(line->root.spec == NULL || strlen(line->root.spec) <= STMBOOT_CMDLINE_ROOT_MAX);
	require((line->root.kind == STMBOOT_ROOT_INVALID) == (line->root.problem != NULL));
	stmboot_cmdline_free(line);
}

static void check_expansion(struct stmboot_context *ctx, char *text, size_t cbsize)
{
	const struct stmboot_extlinux_environment env = { .get = get, .user = text };
	const struct stmboot_extlinux_expansion *x;

	require(stmboot_extlinux_expand(ctx, text, &env, cbsize, &x) == STMBOOT_OK);
	require(x->length < cbsize && strlen(x->text) == x->length);
	require(x->deleted == (x->length == 0));
	for (size_t i = 0; i < x->variable_count; i++)
		require(text[x->variables[i].offset] == '$');
	stmboot_extlinux_expansion_free(x);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct stmboot_context *ctx;
	char *text = size < 1 << 16 ? malloc(size + 1) : NULL;

	if (text == NULL)
		return 0;
	if (size != 0)
		memcpy(text, data, size);
	text[size] = '\0';
	if (stmboot_context_new(NULL, &ctx) == STMBOOT_OK) {
		check_words(ctx, text);
		check_expansion(ctx, text, 1);
		check_expansion(ctx, text, 16);
		check_expansion(ctx, text, 1024);
		stmboot_context_free(ctx);
	}
	free(text);
	return 0;
}
