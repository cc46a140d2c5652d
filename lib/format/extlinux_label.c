/* SPDX-License-Identifier: MIT */
/*
 * The lines of a label. Deciding source: parse_label() and what it calls in
 * U-Boot's boot/pxe_utils.c.
 */
#include "format/extlinux.h"

#include <string.h>

#include "base/checked.h"

enum {
	LABELS_MAX = 999, /* label->num holds three digits */
	INITRD_WORD = sizeof("initrd=") - 1,
};

/* A value of which the first one counts: a second is left for the lexer to trip over. */
static bool keep_first(struct sb_extlinux_parser *p, size_t *position,
		       const struct sb_extlinux_key *key, struct stmboot_extlinux_text *out)
{
	if (out->text == NULL)
		return sb_extlinux_require_value(p, position, key, out);
	sb_extlinux_event_at(p, STMBOOT_EXTLINUX_EVENT_DUPLICATE, key);
	return !sb_extlinux_failed(p);
}

static bool parse_label_menu(struct sb_extlinux_parser *p, size_t *position,
			     const struct sb_extlinux_key *key,
			     struct stmboot_extlinux_label *label)
{
	struct sb_extlinux_key word = { .label = key->label };
	enum sb_extlinux_value last = SB_EXTLINUX_VALUE_READ;

	word.token = sb_extlinux_lex(p, position, SB_EXTLINUX_KEYWORD);
	if (word.token.keyword == STMBOOT_EXTLINUX_DEFAULT) {
		label->menu_default = true;
		if (p->conf->default_name.text == NULL)
			p->conf->default_name = label->name;
	} else if (word.token.keyword == STMBOOT_EXTLINUX_LABEL) {
		last = sb_extlinux_read_value(p, position, &word, &label->menu);
	} else {
		last = sb_extlinux_ignore_menu_word(p, key, &word.token);
	}
	return sb_extlinux_finish_menu(p, position, last, key);
}

/* Part of a value; its place ends with the file, as that of the value does. */
static struct stmboot_extlinux_text part_of(struct sb_extlinux_parser *p,
					    const struct stmboot_extlinux_text *whole, size_t start,
					    size_t length)
{
	struct stmboot_extlinux_text part = *whole;

	part.text = sb_arena_strndup(p->arena, whole->text + start, length);
	part.offset += sb_min_u64(start, whole->length);
	part.length = sb_min_u64(length, whole->length - sb_min_u64(start, whole->length));
	return part;
}

static bool parse_kernel(struct sb_extlinux_parser *p, size_t *position,
			 const struct sb_extlinux_key *key, struct stmboot_extlinux_label *label)
{
	size_t whole, path;

	if (!sb_extlinux_replace_value(p, position, key, &label->kernel_value))
		return false;
	whole = strlen(label->kernel_value.text);
	path = strcspn(label->kernel_value.text, "#");
	label->kernel = part_of(p, &label->kernel_value, 0, path);
	/* Without '#' the configuration of an earlier kernel line stays. */
	if (path < whole)
		label->config = part_of(p, &label->kernel_value, path, whole - path);
	return !sb_extlinux_failed(p);
}

/* The first initrd= anywhere in append, up to a SPACE, when no initrd was given before. */
static bool initrd_of_append(struct sb_extlinux_parser *p, struct stmboot_extlinux_label *label)
{
	const char *text = label->append.text;
	const char *word = strstr(text, "initrd=");
	struct stmboot_extlinux_text at;
	const char *space;
	size_t start;

	if (word == NULL)
		return true;
	start = (size_t)(word - text) + INITRD_WORD;
	space = strchr(text + start, ' ');
	if (space == NULL) {
		at = part_of(p, &label->append, start - INITRD_WORD, strlen(word));
		return sb_extlinux_fault(p, STMBOOT_EXTLINUX_INITRD_LAST, &at);
	}
	label->initrd = part_of(p, &label->append, start, (size_t)(space - text) - start);
	label->initrd_from_append = true;
	return !sb_extlinux_failed(p);
}

static bool parse_append(struct sb_extlinux_parser *p, size_t *position,
			 const struct sb_extlinux_key *key, struct stmboot_extlinux_label *label)
{
	struct stmboot_extlinux_text before = label->append;
	enum sb_extlinux_value value = sb_extlinux_read_value(p, position, key, &label->append);

	/* The initrd is looked for before the missing value is noticed. */
	if (value != SB_EXTLINUX_VALUE_READ)
		return sb_extlinux_fault_at(p,
					    before.text == NULL && label->initrd.text == NULL
						    ? STMBOOT_EXTLINUX_APPEND_NULL
						    : STMBOOT_EXTLINUX_EMPTY_VALUE,
					    key);
	if (sb_extlinux_failed(p))
		return false;
	if (before.text != NULL)
		sb_extlinux_event(p, STMBOOT_EXTLINUX_EVENT_REPLACED, &before, key->token.name,
				  key->label);
	return label->initrd.text != NULL || initrd_of_append(p, label);
}

/* Of one label; U-Boot knows no limit, but no board has so much memory for them. */
enum { MOST_OVERLAYS = 1000 };

/* Words are separated by SPACE alone. */
static bool split_overlays(struct sb_extlinux_parser *p, struct stmboot_extlinux_label *label)
{
	struct stmboot_extlinux_text *words = NULL;
	size_t capacity = 0;
	const char *text = label->fdtoverlays.text;
	size_t at = strspn(text, " ");

	while (text[at] != '\0' && label->overlay_count < MOST_OVERLAYS) {
		size_t length = strcspn(text + at, " ");
		struct stmboot_extlinux_text *word = sb_arena_push(
			p->arena, &words, &label->overlay_count, &capacity, sizeof(*word));

		if (word == NULL)
			return false;
		*word = part_of(p, &label->fdtoverlays, at, length);
		at += length;
		at += strspn(text + at, " ");
	}
	label->overlays = words;
	return !sb_extlinux_failed(p);
}

static bool parse_overlays(struct sb_extlinux_parser *p, size_t *position,
			   const struct sb_extlinux_key *key, struct stmboot_extlinux_label *label)
{
	bool first = label->fdtoverlays.text == NULL;

	if (!keep_first(p, position, key, &label->fdtoverlays))
		return false;
	return !first || split_overlays(p, label);
}

/* Is the keyword one that a label takes? */
bool sb_extlinux_label_takes(enum stmboot_extlinux_keyword keyword)
{
	return keyword == STMBOOT_EXTLINUX_MENU || keyword >= STMBOOT_EXTLINUX_KERNEL;
}

static bool parse_label_line(struct sb_extlinux_parser *p, size_t *position,
			     const struct sb_extlinux_key *key,
			     struct stmboot_extlinux_label *label)
{
	switch (key->token.keyword) {
	case STMBOOT_EXTLINUX_MENU:
		return parse_label_menu(p, position, key, label);
	case STMBOOT_EXTLINUX_KERNEL:
		return parse_kernel(p, position, key, label);
	case STMBOOT_EXTLINUX_APPEND:
		return parse_append(p, position, key, label);
	case STMBOOT_EXTLINUX_INITRD:
		return keep_first(p, position, key, &label->initrd);
	case STMBOOT_EXTLINUX_FDT:
		return keep_first(p, position, key, &label->fdt);
	case STMBOOT_EXTLINUX_FDTDIR:
		return keep_first(p, position, key, &label->fdtdir);
	case STMBOOT_EXTLINUX_FDTOVERLAYS:
		return parse_overlays(p, position, key, label);
	case STMBOOT_EXTLINUX_LOCALBOOT:
		return sb_extlinux_require_integer(p, position, key, &label->localboot,
						   &label->localboot_value);
	case STMBOOT_EXTLINUX_IPAPPEND:
		return sb_extlinux_require_integer(p, position, key, &label->ipappend,
						   &label->ipappend_value);
	default:
		label->kaslrseed = true;
		return !sb_extlinux_failed(p);
	}
}

/* Would a second value of this keyword be left unread? */
static bool is_duplicate(const struct stmboot_extlinux_label *label,
			 enum stmboot_extlinux_keyword keyword)
{
	return (keyword == STMBOOT_EXTLINUX_INITRD && label->initrd.text != NULL) ||
	       (keyword == STMBOOT_EXTLINUX_FDT && label->fdt.text != NULL) ||
	       (keyword == STMBOOT_EXTLINUX_FDTDIR && label->fdtdir.text != NULL) ||
	       (keyword == STMBOOT_EXTLINUX_FDTOVERLAYS && label->fdtoverlays.text != NULL);
}

/* A word that a label does not take ends it; the top level then reads the word again. */
static void end_label(struct sb_extlinux_parser *p, const struct sb_extlinux_key *key,
		      const struct sb_extlinux_key *duplicate, struct stmboot_extlinux_label *label)
{
	enum stmboot_extlinux_event_kind kind = STMBOOT_EXTLINUX_EVENT_LABEL_CLOSED;

	if (key->token.type == SB_EXTLINUX_EOF || key->token.keyword == STMBOOT_EXTLINUX_LABEL)
		return;
	label->ended_by = sb_extlinux_text_of(p, duplicate->token.length != 0 ? &duplicate->token
									      : &key->token);
	p->cut_label = key->label;
	p->cut_at = key->token.start;
	sb_extlinux_notice(p, &key->token, key->token.name, key->label);
	if (duplicate->token.length != 0)
		return;
	if (key->token.too_new)
		kind = STMBOOT_EXTLINUX_EVENT_TOO_NEW;
	else if (key->token.keyword <= STMBOOT_EXTLINUX_BACKGROUND)
		kind = STMBOOT_EXTLINUX_EVENT_LABEL_ENDED;
	sb_extlinux_event_at(p, kind, key);
}

static bool parse_label_lines(struct sb_extlinux_parser *p, size_t *position, int32_t index)
{
	struct stmboot_extlinux_label *label = &p->labels[index];
	struct sb_extlinux_key duplicate = { .label = index };

	while (!sb_extlinux_failed(p)) {
		size_t start = *position;
		struct sb_extlinux_key key = { .label = index };

		key.token = sb_extlinux_lex(p, position, SB_EXTLINUX_KEYWORD);
		if (key.token.type == SB_EXTLINUX_EOL) {
			sb_extlinux_mark(p, start, STMBOOT_EXTLINUX_BLANK, false, index);
			duplicate.token.length = 0;
			continue;
		}
		if (key.token.type == SB_EXTLINUX_EOF ||
		    !sb_extlinux_label_takes(key.token.keyword)) {
			end_label(p, &key, &duplicate, label);
			*position = start;
			return !sb_extlinux_failed(p);
		}
		sb_extlinux_mark(p, key.token.start, key.token.keyword,
				 is_duplicate(label, key.token.keyword), index);
		sb_extlinux_notice(p, &key.token, key.token.name, index);
		duplicate.token.length = 0;
		if (is_duplicate(label, key.token.keyword))
			duplicate = key;
		if (!parse_label_line(p, position, &key, label))
			return false;
	}
	return false;
}

bool sb_extlinux_parse_label(struct sb_extlinux_parser *p, size_t *position,
			     const struct sb_extlinux_key *key)
{
	int32_t index = (int32_t)p->conf->label_count;
	struct stmboot_extlinux_text name = { .text = NULL };
	struct stmboot_extlinux_label *label;

	if (!sb_extlinux_require_value(p, position, key, &name))
		return false;
	if (index >= LABELS_MAX)
		return sb_extlinux_fault(p, STMBOOT_EXTLINUX_LABEL_OVERFLOW, &name);
	label = sb_arena_push(p->arena, &p->labels, &p->conf->label_count, &p->label_capacity,
			      sizeof(*label));
	if (label == NULL)
		return false;
	label->number = (uint32_t)index + 1;
	label->name = name;
	p->cut_label = STMBOOT_EXTLINUX_NONE;
	return parse_label_lines(p, position, index);
}
