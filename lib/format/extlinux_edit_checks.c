/* SPDX-License-Identifier: MIT */
/* What may be put into an extlinux.conf: keys that U-Boot knows, and values that it gives back. */
#include "format/extlinux_edit.h"

#include <stdio.h>
#include <string.h>

#include <stmboot/text.h>

#include "base/similar.h"

static enum stmboot_status refuse_key(const char *key, struct stmboot_refusal *why)
{
	static const char *const keys[] = { "kernel", "append",      "initrd",   "fdt",
					    "fdtdir", "fdtoverlays", "ipappend", "localboot" };
	char room[SB_DID_YOU_MEAN];
	const char *best = NULL;

	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++)
		stmboot_similar(key, keys[i], &best);
	return sb_refuse(why, STMBOOT_INVALID_ARGUMENT,
			 sb_did_you_mean(best,
					 "keys are kernel, append, initrd, fdt, fdtdir, "
					 "fdtoverlays, ipappend and localboot",
					 room),
			 "a label has no key '%s'", key);
}

/* A key that a label can be given a value of. */
enum stmboot_status sb_edit_find_key(const struct stmboot_extlinux_document *document,
				     const char *key, struct sb_extlinux_token *out,
				     struct stmboot_refusal *why)
{
	unsigned version = document->conf->version;

	if (!sb_extlinux_find_keyword(key, version, out) ||
	    sb_label_text_of(out->keyword) == SB_LABEL_TEXTS)
		return refuse_key(key, why);
	if (out->too_new)
		return sb_refuse(why, STMBOOT_INVALID_ARGUMENT,
				 "use another key, or another U-Boot",
				 "U-Boot v%u.%02u does not know '%s' yet: it would end the label",
				 version / 100, version % 100, out->name);
	return STMBOOT_OK;
}

const char *sb_extlinux_label_value(const struct stmboot_extlinux_label *label, const char *key)
{
	struct sb_extlinux_token word;
	enum sb_label_text text = SB_LABEL_TEXTS;

	if (sb_extlinux_find_keyword(key, STMBOOT_EXTLINUX_VERSION, &word))
		text = sb_label_text_of(word.keyword);
	return text != SB_LABEL_TEXTS ? sb_label_text_at(label, text)->text : NULL;
}

static bool is_path(enum stmboot_extlinux_keyword keyword)
{
	return keyword == STMBOOT_EXTLINUX_KERNEL || keyword == STMBOOT_EXTLINUX_INITRD ||
	       keyword == STMBOOT_EXTLINUX_FDT || keyword == STMBOOT_EXTLINUX_FDTDIR;
}

static bool is_number(enum stmboot_extlinux_keyword keyword)
{
	return keyword == STMBOOT_EXTLINUX_IPAPPEND || keyword == STMBOOT_EXTLINUX_LOCALBOOT;
}

/* What would not come back from the file as it was put in. */
enum stmboot_status sb_edit_check_text(const char *value, struct stmboot_refusal *why)
{
	size_t length = strlen(value);

	for (size_t i = 0; i < length; i++)
		if ((unsigned char)value[i] < ' ' || value[i] == 0x7f)
			return sb_refuse(why, STMBOOT_INVALID_ARGUMENT, NULL,
					 "the value has a control character or a new line");
	if (length == 0)
		return sb_refuse(why, STMBOOT_INVALID_ARGUMENT, "remove the key instead",
				 "U-Boot rejects a file with an empty value");
	if (value[0] == ' ' || value[length - 1] == ' ')
		return sb_refuse(why, STMBOOT_INVALID_ARGUMENT, NULL,
				 "the value begins or ends with a blank");
	if (value[0] == '#')
		return sb_refuse(why, STMBOOT_INVALID_ARGUMENT, NULL,
				 "a value that begins with '#' is a comment to U-Boot");
	return STMBOOT_OK;
}

static enum stmboot_status check_number(const char *value, struct stmboot_refusal *why)
{
	const char *digits = value + (value[0] == '-');
	size_t count = strspn(digits, "0123456789");

	if (count > 0 && count < 10 && digits[count] == '\0')
		return STMBOOT_OK;
	return sb_refuse(why, STMBOOT_INVALID_ARGUMENT, NULL, "'%s' is no number", value);
}

static enum stmboot_status check_path(const struct stmboot_extlinux_document *document,
				      struct sb_arena *arena, const char *value, size_t length,
				      struct stmboot_refusal *why)
{
	char out[STMBOOT_EXTLINUX_PATH_MAX + 1];
	const char *path = sb_arena_strndup(arena, value, length);

	if (path == NULL)
		return STMBOOT_NO_MEMORY;
	if (stmboot_extlinux_path(document->conf->directory, path, out) == STMBOOT_OK)
		return STMBOOT_OK;
	return sb_refuse(why, STMBOOT_LIMIT, "use a shorter path",
			 "U-Boot takes no path of more than %d characters",
			 STMBOOT_EXTLINUX_PATH_MAX);
}

enum stmboot_status sb_edit_check_value(const struct stmboot_extlinux_document *document,
					struct sb_arena *arena,
					enum stmboot_extlinux_keyword keyword, const char *value,
					struct stmboot_refusal *why)
{
	enum stmboot_status status = sb_edit_check_text(value, why);

	if (status == STMBOOT_OK && is_number(keyword))
		status = check_number(value, why);
	if (status == STMBOOT_OK && is_path(keyword))
		status = check_path(document, arena, value, strcspn(value, "#"), why);
	while (status == STMBOOT_OK && keyword == STMBOOT_EXTLINUX_FDTOVERLAYS && *value != '\0') {
		size_t length = strcspn(value, " ");

		status = check_path(document, arena, value, length, why);
		value += length + (value[length] == ' ');
	}
	return status;
}

/* What ipappend adds counts, too: the buffer is for all. */
static enum stmboot_status check_length(struct stmboot_context *ctx,
					const struct stmboot_extlinux_label *label,
					struct stmboot_refusal *why)
{
	const struct stmboot_extlinux_expansion *x;
	enum stmboot_status status = stmboot_extlinux_bootargs(ctx, label, NULL, 0, &x);

	if (status != STMBOOT_OK || x == NULL)
		return status;
	if (x->overflow || x->truncated)
		status = sb_refuse(why, STMBOOT_LIMIT, "shorten it",
				   "append would be %zu characters long, and U-Boot takes %d",
				   label->append.text != NULL ? strlen(label->append.text) : 0,
				   STMBOOT_EXTLINUX_CBSIZE - 1);
	else if (x->unclosed)
		status = sb_refuse(why, STMBOOT_INVALID_ARGUMENT, "close the brace",
				   "'${' without its brace swallows the rest of append");
	stmboot_extlinux_expansion_free(x);
	return status;
}

/* The label as it would become, as far as the length of its arguments goes. */
enum stmboot_status sb_edit_check_bootargs(const struct stmboot_extlinux_document *document,
					   size_t index, enum stmboot_extlinux_keyword keyword,
					   const char *value, struct stmboot_refusal *why)
{
	struct stmboot_extlinux_label label = { 0 };

	if (index < document->conf->label_count)
		label = document->conf->labels[index];
	if (keyword == STMBOOT_EXTLINUX_APPEND)
		label.append.text = value;
	else if (keyword == STMBOOT_EXTLINUX_IPAPPEND)
		sscanf(value, "%d", &label.ipappend_value);
	else
		return STMBOOT_OK;
	return check_length(document->ctx, &label, why);
}
