/* SPDX-License-Identifier: MIT */
#include "base/hint.h"

#include <inttypes.h>
#include <string.h>

#include <stmboot/text.h>

/* What no shell takes for anything but itself. */
static const char plain[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
			    "_./:,@%+=-";

/* A quote ends the quotation, stands between two of the other kind, and begins another one. */
static const char quote_in_word[] = "'\"'\"'";

static const char *quote(struct sb_arena *arena, const char *text)
{
	size_t quotes = 0, length = strlen(text);
	char *word, *to;

	if (length > 0 && strspn(text, plain) == length)
		return sb_arena_strdup(arena, text);
	for (const char *c = text; *c != '\0'; c++)
		quotes += *c == '\'';
	word = sb_arena_array(arena, length + strlen(quote_in_word) * quotes + 3, 1);
	if (word == NULL)
		return NULL;
	to = word;
	*to++ = '\'';
	for (const char *c = text; *c != '\0'; c++)
		if (*c == '\'')
			to = stpcpy(to, quote_in_word);
		else
			*to++ = *c;
	*to = '\'';
	return word;
}

/*
 * Whether a text can be copied from where it is shown: what is escaped there would be
 * another text, a backquote ends the command, and with a dash options begin.
 */
static bool can_be_copied(const char *text)
{
	return text[0] != '-' && strchr(text, '`') == NULL &&
	       stmboot_escape(text, NULL, 0) == strlen(text);
}

static const char *word_or(const struct sb_scope *scope, const char *text, const char *instead)
{
	const char *word =
		can_be_copied(text) ? quote(sb_diags_arena(scope->diags), text) : instead;

	return word != NULL ? word : "";
}

const char *sb_hint_word(const struct sb_scope *scope, const char *text)
{
	return word_or(scope, text, "NAME");
}

const char *sb_hint_place(const struct sb_scope *scope, int32_t partition, const char *path)
{
	const char *place =
		partition > 0 ? sb_text(scope, "%" PRIi32 ":%s", partition, path) : path;

	return place != NULL ? word_or(scope, place, "PLACE") : "";
}

const char *sb_hint_replace(const struct sb_scope *scope, const char *what)
{
	if (scope->partition >= 0 && scope->path != NULL)
		return sb_text(scope, "%s: `stmboot fs put IMAGE FILE %s`", what,
			       sb_hint_place(scope, scope->partition, scope->path));
	if (scope->target != NULL)
		return sb_text(scope, "%s: `stmboot part write IMAGE %s FILE`", what,
			       scope->target);
	if (scope->partition > 0)
		return sb_text(scope, "%s: `stmboot part write IMAGE %" PRIi32 " FILE`", what,
			       scope->partition);
	return what;
}

/* Of a text in the image, which an editor changes; `prefix` says which. */
static const char *with_editor(const struct sb_scope *scope, const char *prefix, const char *what)
{
	if (scope->partition < 0 || scope->path == NULL)
		return what;
	return sb_text(scope, "%s: `%sstmboot fs edit IMAGE %s`", what, prefix,
		       sb_hint_place(scope, scope->partition, scope->path));
}

const char *sb_hint_edit(const struct sb_scope *scope, const char *what)
{
	return with_editor(scope, "", what);
}

const char *sb_hint_sed(const struct sb_scope *scope, const char *script, const char *what)
{
	const char *prefix = sb_text(scope, "VISUAL='sed -i %s' ", script);

	return prefix != NULL ? with_editor(scope, prefix, what) : NULL;
}

/* "IMAGE", or for a partition of it what e2fsprogs take; NULL when it is no range of the medium. */
static const char *device(const struct sb_scope *scope)
{
	uint64_t offset;

	if (scope->src == NULL || !stmboot_source_locate(scope->src, 0, &offset))
		return NULL;
	return offset == 0 ? "IMAGE" : sb_text(scope, "IMAGE?offset=%" PRIu64, offset);
}

const char *sb_hint_e2fsck(const struct sb_scope *scope, const char *options, const char *what)
{
	const char *name = device(scope);

	return name != NULL ? sb_text(scope, "%s: `e2fsck %s %s`", what, options, name) : what;
}

const char *sb_hint_superblock(const struct sb_scope *scope, const char *what)
{
	const char *name = device(scope);

	return name != NULL
		       ? sb_text(scope, "%s: `debugfs -n -w -R 'ssv state 0' %s && e2fsck -fy %s`",
				 what, name, name)
		       : what;
}

/* A growing text; NULL once there was no memory. */
static void add(struct sb_arena *arena, const char **text, const char *piece, size_t length)
{
	if (*text != NULL && length > 0)
		*text = sb_arena_printf(arena, "%s%.*s", *text, (int)length, piece);
}

/* How far a word of a shell reaches, with all that is in quotes of either kind in it. */
static size_t word_length(const char *text)
{
	size_t length = 0;

	for (char open = '\0'; text[length] != '\0'; length++) {
		const char c = text[length];

		if (open == '\0' && (c == ' ' || c == '`'))
			break;
		if (c == open)
			open = '\0';
		else if (open == '\0' && (c == '\'' || c == '"'))
			open = c;
	}
	return length;
}

static bool is_word(const char *word, size_t length, const char *text)
{
	return length == strlen(text) && memcmp(word, text, length) == 0;
}

/* "IMAGE", and "IMAGE?offset=4096" as e2fsck takes it. */
static bool is_image(const char *word, size_t length)
{
	return length >= 5 && memcmp(word, "IMAGE", 5) == 0 && (length == 5 || word[5] == '?');
}

static const char *image_word(struct sb_arena *arena, const char *path, const char *rest,
			      size_t length)
{
	const char *name = sb_arena_printf(arena, "%s%s%.*s", *path == '-' ? "./" : "", path,
					   (int)length, rest);

	if (name != NULL && !can_be_copied(name))
		return sb_arena_printf(arena, "IMAGE%.*s", (int)length, rest);
	return name != NULL ? quote(arena, name) : NULL;
}

/* One command between backquotes: each program in it has one image, its first operand. */
struct naming {
	struct sb_arena *arena;
	const char *path;
	bool packed;
	bool named;  /* of this program already */
	bool ours;   /* this program unpacks what is packed */
	bool writes; /* and changes it */
	bool mended; /* a program before it has unpacked it into another file */
};

/* One that is packed is no image to other programs, which may write one over it. */
static void add_image(struct naming *n, const char **text, const char *word, size_t length)
{
	static const char output[] = " --output ", mended[] = "mended.img";
	const bool unpacks = n->packed && n->writes && !n->mended;
	const char *name = n->mended ? mended : word;

	n->named = true;
	if (!n->mended && (n->ours || !n->packed))
		name = image_word(n->arena, n->path, word + 5, length - 5);
	if (name == NULL)
		*text = NULL;
	else
		add(n->arena, text, name, name == word ? length : strlen(name));
	if (!unpacks)
		return;
	add(n->arena, text, output, strlen(output));
	add(n->arena, text, mended, strlen(mended));
	n->mended = true;
}

static void next_program(struct naming *n)
{
	n->named = n->ours = n->writes = false;
}

static void add_word(struct naming *n, const char **text, const char *word, size_t length)
{
	if (!n->named && is_image(word, length)) {
		add_image(n, text, word, length);
		return;
	}
	if (is_word(word, length, "&&"))
		next_program(n);
	else if (is_word(word, length, "stmboot"))
		n->ours = n->writes = true;
	else if (is_word(word, length, "read"))
		n->writes = false;
	add(n->arena, text, word, length);
}

static const char *add_command(struct naming *n, const char **text, const char *command)
{
	next_program(n);
	n->mended = false;
	while (*command != '`' && *command != '\0') {
		size_t length = word_length(command);

		add_word(n, text, command, length);
		command += length;
		length = strspn(command, " ");
		add(n->arena, text, command, length);
		command += length;
	}
	return command;
}

const char *sb_hint_name_image(struct sb_arena *arena, const char *hint, const char *path,
			       bool packed)
{
	struct naming n = { .arena = arena, .path = path, .packed = packed };
	const char *text = "";

	if (strstr(hint, "IMAGE") == NULL)
		return hint;
	for (bool within = false; *hint != '\0'; within = !within) {
		size_t length = strcspn(hint, "`");

		if (within)
			length = (size_t)(add_command(&n, &text, hint) - hint);
		else
			add(arena, &text, hint, length);
		hint += length;
		add(arena, &text, hint, *hint == '`');
		hint += *hint == '`';
	}
	return text;
}
