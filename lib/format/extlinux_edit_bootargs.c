/* SPDX-License-Identifier: MIT */
/*
 * Changing the kernel's arguments where they stand, in an append line that
 * U-Boot expands first. The bytes are edited as they are written; what the
 * kernel gets of them must then be what the same edit makes of what it got.
 * Deciding source: cli_simple_process_macros() of U-Boot's common/cli_simple.c.
 */
#include "format/extlinux_edit.h"

#include <string.h>

#include "format/cmdline.h"

struct bootargs {
	struct stmboot_context *ctx;
	struct sb_arena *arena;
	struct stmboot_refusal *why;
};

/* Every variable stands for itself, so an expansion only takes quotes and backslashes. */
static const char *itself(void *user, const char *name)
{
	return sb_arena_printf(user, "${%s}", name);
}

static enum stmboot_status expand(const struct bootargs *b, const char *raw, const char **out)
{
	const struct stmboot_extlinux_environment env = { .get = itself, .user = b->arena };
	const struct stmboot_extlinux_expansion *x;
	/* Nothing grows; a buffer that is full gives its last character to the NUL. */
	enum stmboot_status status =
		stmboot_extlinux_expand(b->ctx, raw, &env, strlen(raw) + 2, &x);

	if (status != STMBOOT_OK)
		return status;
	*out = sb_arena_strdup(b->arena, x->text);
	if (x->unclosed)
		status = sb_refuse(b->why, STMBOOT_INVALID_ARGUMENT, "close the brace",
				   "'${' without its brace swallows the rest of append");
	stmboot_extlinux_expansion_free(x);
	return b->arena->failed ? STMBOOT_NO_MEMORY : status;
}

/* The length of "${name}" or "$(name)", or 0. */
static size_t variable_length(const char *text)
{
	size_t length;

	if (text[0] != '$' || (text[1] != '{' && text[1] != '('))
		return 0;
	length = strcspn(text, "})");
	return text[length] != '\0' ? length + 1 : 0;
}

/*
 * Protect what U-Boot would take away: a quote, a '$' at the end, and of n
 * backslashes one, which also makes a quote or a '$' behind them literal.
 */
static const char *protect(struct sb_arena *arena, const char *text)
{
	char *out = sb_arena_alloc(arena, 2 * strlen(text) + 1);
	size_t at = 0;

	while (out != NULL && *text != '\0') {
		size_t run = strspn(text, "\\");
		size_t variable = variable_length(text);

		if (run > 0) {
			memset(out + at, '\\', run + 1);
			at += run + 1;
			text += run;
			if (*text == '\'' || *text == '$')
				out[at++] = *text++;
		} else if (variable > 0) {
			memcpy(out + at, text, variable);
			at += variable;
			text += variable;
		} else {
			if (*text == '\'' || (*text == '$' && text[1] == '\0'))
				out[at++] = '\\';
			out[at++] = *text++;
		}
	}
	return out;
}

/* The arguments as they must stand in the file, and as they come out of U-Boot. */
static enum stmboot_status take_arguments(const struct bootargs *b, const char *const *from,
					  size_t count, const char **written, const char **given)
{
	for (size_t i = 0; i < count; i++) {
		const char *quoted = sb_cmdline_quote(b->arena, from[i], b->why);
		enum stmboot_status status;

		if (quoted == NULL)
			return b->arena->failed ? STMBOOT_NO_MEMORY : STMBOOT_INVALID_ARGUMENT;
		written[i] = protect(b->arena, quoted);
		if (written[i] == NULL)
			return STMBOOT_NO_MEMORY;
		status = expand(b, written[i], &given[i]);
		if (status != STMBOOT_OK)
			return status;
	}
	return STMBOOT_OK;
}

static enum stmboot_status edit_text(const struct bootargs *b, const char *text,
				     const struct stmboot_cmdline_edit *edit,
				     const char *const *set, const char *const *add,
				     const char **out)
{
	struct stmboot_cmdline_edit e = *edit;
	const struct stmboot_cmdline_edited *edited;
	enum stmboot_status status;

	e.set = set;
	e.add = add;
	status = stmboot_cmdline_edit(b->ctx, text, &e, b->why, &edited);
	if (status != STMBOOT_OK)
		return status;
	*out = sb_arena_strdup(b->arena, edited->text);
	stmboot_cmdline_edited_free(edited);
	return *out != NULL ? STMBOOT_OK : STMBOOT_NO_MEMORY;
}

/* The line as it becomes, when the kernel gets of it what was meant. */
static enum stmboot_status edit_append(const struct bootargs *b, const char *raw,
				       const struct stmboot_cmdline_edit *edit, const char **out)
{
	size_t room = edit->set_count + edit->add_count + 1;
	const char **written = sb_arena_array(b->arena, room, sizeof(char *));
	const char **given = sb_arena_array(b->arena, room, sizeof(char *));
	const char *before = "", *meant = NULL, *after = NULL;
	enum stmboot_status status;

	if (written == NULL || given == NULL)
		return STMBOOT_NO_MEMORY;
	status = take_arguments(b, edit->set, edit->set_count, written, given);
	if (status == STMBOOT_OK)
		status = take_arguments(b, edit->add, edit->add_count, written + edit->set_count,
					given + edit->set_count);
	if (status == STMBOOT_OK && !edit->replace)
		status = expand(b, raw, &before);
	if (status == STMBOOT_OK)
		status = edit_text(b, before, edit, given, given + edit->set_count, &meant);
	if (status == STMBOOT_OK)
		status = edit_text(b, raw, edit, written, written + edit->set_count, out);
	if (status == STMBOOT_OK)
		status = expand(b, *out, &after);
	if (status != STMBOOT_OK || sb_cmdline_same_words(meant, after))
		return status;
	return sb_refuse(b->why, STMBOOT_UNSUPPORTED, "replace the whole line",
			 "quotes or backslashes in append, which U-Boot takes away, span several "
			 "arguments");
}

/* Blanks around the line are of no use, and at its end U-Boot keeps them. */
static const char *trim(struct sb_arena *arena, const char *text)
{
	size_t length;

	text += strspn(text, " \t");
	length = strlen(text);
	while (length > 0 && (text[length - 1] == ' ' || text[length - 1] == '\t'))
		length--;
	return sb_arena_strndup(arena, text, length);
}

static enum stmboot_status set_bootargs(struct stmboot_extlinux_document *document,
					struct sb_arena *arena, size_t label,
					const struct stmboot_cmdline_edit *edit,
					struct stmboot_refusal *why)
{
	const struct bootargs b = { document->ctx, arena, why };
	const char *old = document->conf->labels[label].append.text;
	const char *raw =
		old != NULL ? sb_arena_strndup(arena, old, sb_without_cr(old, strlen(old))) : "";
	const char *value;
	enum stmboot_status status;

	if (raw == NULL)
		return STMBOOT_NO_MEMORY;
	status = edit_append(&b, raw, edit, &value);
	if (status != STMBOOT_OK || strcmp(value, raw) == 0)
		return status;
	value = trim(arena, value);
	if (value == NULL)
		return STMBOOT_NO_MEMORY;
	if (value[0] == '\0')
		return sb_refuse(why, STMBOOT_INVALID_ARGUMENT,
				 "leave one argument, or remove append",
				 "no argument would be left, and U-Boot rejects an empty append");
	if (value[0] == '#')
		return sb_refuse(why, STMBOOT_INVALID_ARGUMENT, "put another argument first",
				 "append would begin with '#', which is a comment to U-Boot");
	return sb_document_set_value(document, arena, label, STMBOOT_EXTLINUX_APPEND, "append",
				     value, why);
}

enum stmboot_status
stmboot_extlinux_document_set_bootargs(struct stmboot_extlinux_document *document, size_t label,
				       const struct stmboot_cmdline_edit *edit,
				       struct stmboot_refusal *why)
{
	struct stmboot_cmdline_edit e = { 0 };
	enum stmboot_status status = sb_document_ready(document, label, why);
	struct sb_arena arena;

	if (status != STMBOOT_OK)
		return status;
	memcpy(&e, edit, edit->struct_size < sizeof(e) ? edit->struct_size : sizeof(e));
	e.struct_size = sizeof(e);
	sb_arena_init(&arena, document->ctx);
	status = set_bootargs(document, &arena, label, &e, why);
	sb_arena_release(&arena);
	return status;
}
