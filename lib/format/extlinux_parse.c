/* SPDX-License-Identifier: MIT */
/*
 * The lines outside labels, and included files. Deciding source:
 * parse_pxefile_top() and what it calls in U-Boot's boot/pxe_utils.c.
 */
#include "format/extlinux.h"

#include <string.h>

#include "base/checked.h"

enum {
	NEST_LEVELS = 16,       /* MAX_NEST_LEVEL */
	PROMPT_PARSED = 202304, /* before, the rest of a prompt line is skipped */
};

/* Length of the text at a place in memory, as strlen() finds it. */
static size_t length_at(const struct sb_extlinux_parser *p, size_t base)
{
	const char *nul = base < p->size ? memchr(p->memory + base, '\0', p->size - base) : NULL;

	return nul != NULL ? (size_t)(nul - (p->memory + base)) : p->size - base;
}

static bool load_include(struct sb_extlinux_parser *p, const struct sb_extlinux_key *key,
			 const struct stmboot_extlinux_text *value, size_t base)
{
	const struct stmboot_extlinux_options *o = p->options;
	char path[STMBOOT_EXTLINUX_PATH_MAX + 1];
	const void *data = NULL;
	size_t size = 0;
	enum stmboot_status status = STMBOOT_NOT_FOUND;

	if (stmboot_extlinux_path(p->conf->directory, value->text, path) == STMBOOT_OK &&
	    o->include != NULL)
		status = o->include(o->user, path, &data, &size);
	/* U-Boot cannot load a file of no bytes. */
	if (status == STMBOOT_NOT_FOUND || (status == STMBOOT_OK && size == 0))
		return sb_extlinux_fault(p, STMBOOT_EXTLINUX_INCLUDE_MISSING, value);
	if (status != STMBOOT_OK) {
		p->status = status;
		return false;
	}
	sb_extlinux_event(p, STMBOOT_EXTLINUX_EVENT_INCLUDE, value, key->token.name, key->label);
	return sb_extlinux_load(p, base, path, data, size);
}

/* The file goes where the includer says, which may be over the end of the parent. */
static bool parse_include(struct sb_extlinux_parser *p, size_t *position,
			  const struct sb_extlinux_key *key, size_t base, unsigned level)
{
	struct stmboot_extlinux_text value = { .text = NULL };

	if (!sb_extlinux_require_value(p, position, key, &value) ||
	    !load_include(p, key, &value, base))
		return false;
	if (level + 1 > NEST_LEVELS)
		return sb_extlinux_fault(p, STMBOOT_EXTLINUX_INCLUDE_DEPTH, &value);
	return sb_extlinux_parse(p, base, level + 1);
}

static size_t align4(size_t size)
{
	return (size_t)sb_round_up_u64(size, 4);
}

/* A plain include forgets the room for the parent's NUL. */
static bool parse_plain_include(struct sb_extlinux_parser *p, size_t *position,
				const struct sb_extlinux_key *key, size_t base, unsigned level)
{
	size_t length = length_at(p, base);

	if (length % 4 == 0)
		sb_extlinux_event_at(p, STMBOOT_EXTLINUX_EVENT_INCLUDE_OVERLAP, key);
	return parse_include(p, position, key, base + align4(length), level);
}

static bool parse_menu(struct sb_extlinux_parser *p, size_t *position,
		       const struct sb_extlinux_key *key, size_t base, unsigned level)
{
	struct sb_extlinux_key word = { .label = STMBOOT_EXTLINUX_NONE };
	enum sb_extlinux_value last = SB_EXTLINUX_VALUE_READ;
	bool ok = true;

	p->conf->menu_shown = true;
	if (p->conf->menu_line.text == NULL)
		p->conf->menu_line = sb_extlinux_text(p, key->token.start,
						      sb_extlinux_line_end(p, key->token.start) -
							      key->token.start);
	word.token = sb_extlinux_lex(p, position, SB_EXTLINUX_KEYWORD);
	if (word.token.keyword == STMBOOT_EXTLINUX_TITLE)
		ok = sb_extlinux_require_value(p, position, &word, &p->conf->title);
	else if (word.token.keyword == STMBOOT_EXTLINUX_BACKGROUND)
		ok = sb_extlinux_require_value(p, position, &word, &p->conf->background);
	else if (word.token.keyword == STMBOOT_EXTLINUX_INCLUDE)
		ok = parse_include(p, position, &word, base + align4(length_at(p, base) + 1),
				   level);
	else
		last = sb_extlinux_ignore_menu_word(p, key, &word.token);
	return ok && sb_extlinux_finish_menu(p, position, last, key);
}

/* An empty default makes U-Boot release a pointer that it never set, or released before. */
static bool parse_default(struct sb_extlinux_parser *p, size_t *position,
			  const struct sb_extlinux_key *key)
{
	struct stmboot_extlinux_text before = p->conf->default_name;

	if (sb_extlinux_read_value(p, position, key, &p->conf->default_name) !=
	    SB_EXTLINUX_VALUE_READ)
		return sb_extlinux_fault_at(p, STMBOOT_EXTLINUX_BAD_FREE, key);
	if (before.text != NULL)
		sb_extlinux_event(p, STMBOOT_EXTLINUX_EVENT_REPLACED, &before, key->token.name,
				  STMBOOT_EXTLINUX_NONE);
	return !sb_extlinux_failed(p);
}

static bool parse_prompt(struct sb_extlinux_parser *p, size_t *position,
			 const struct sb_extlinux_key *key)
{
	struct sb_extlinux_token token;
	int32_t value = 0;
	size_t look = *position;

	if (p->conf->version >= PROMPT_PARSED) {
		if (!sb_extlinux_require_integer(p, position, key, &p->conf->prompt, &value))
			return false;
		p->conf->menu_shown = value != 0;
		return true;
	}
	token = sb_extlinux_lex(p, &look, SB_EXTLINUX_VALUE);
	if (token.type != SB_EXTLINUX_STRING)
		sb_extlinux_event_at(p, STMBOOT_EXTLINUX_EVENT_EMPTY_VALUE, key);
	else
		p->conf->prompt = sb_extlinux_text_of(p, &token);
	sb_extlinux_event_at(p, STMBOOT_EXTLINUX_EVENT_PROMPT_IGNORED, key);
	*position = sb_extlinux_line_end(p, *position);
	return !sb_extlinux_failed(p);
}

static bool parse_timeout(struct sb_extlinux_parser *p, size_t *position,
			  const struct sb_extlinux_key *key)
{
	return sb_extlinux_require_integer(p, position, key, &p->conf->timeout,
					   &p->conf->timeout_tenths);
}

static bool skip_line(struct sb_extlinux_parser *p, size_t *position,
		      const struct sb_extlinux_key *key)
{
	enum stmboot_extlinux_event_kind kind = STMBOOT_EXTLINUX_EVENT_UNKNOWN_WORD;
	struct sb_extlinux_key known = *key;

	if (sb_extlinux_label_takes(key->token.keyword)) {
		kind = STMBOOT_EXTLINUX_EVENT_OUTSIDE_LABEL;
		known.label = p->cut_label;
	} else if (key->token.too_new) {
		kind = STMBOOT_EXTLINUX_EVENT_TOO_NEW;
	}
	/* The word that ended a label has its event already. */
	if (key->token.start != p->cut_at)
		sb_extlinux_event_at(p, kind, &known);
	*position = sb_extlinux_line_end(p, *position);
	return !sb_extlinux_failed(p);
}

static bool parse_top_line(struct sb_extlinux_parser *p, size_t *position,
			   const struct sb_extlinux_key *key, size_t base, unsigned level)
{
	switch (key->token.keyword) {
	case STMBOOT_EXTLINUX_MENU:
		return parse_menu(p, position, key, base, level);
	case STMBOOT_EXTLINUX_TIMEOUT:
		return parse_timeout(p, position, key);
	case STMBOOT_EXTLINUX_LABEL:
		return sb_extlinux_parse_label(p, position, key);
	case STMBOOT_EXTLINUX_DEFAULT:
	case STMBOOT_EXTLINUX_ONTIMEOUT:
		return parse_default(p, position, key);
	case STMBOOT_EXTLINUX_FALLBACK:
		return sb_extlinux_replace_value(p, position, key, &p->conf->fallback);
	case STMBOOT_EXTLINUX_INCLUDE:
		return parse_plain_include(p, position, key, base, level);
	case STMBOOT_EXTLINUX_PROMPT:
		return parse_prompt(p, position, key);
	default:
		return skip_line(p, position, key);
	}
}

/* Does the top level do anything with this keyword? */
static bool belongs_to_top(enum stmboot_extlinux_keyword keyword)
{
	return keyword == STMBOOT_EXTLINUX_MENU ||
	       (keyword >= STMBOOT_EXTLINUX_TIMEOUT && keyword <= STMBOOT_EXTLINUX_LABEL);
}

bool sb_extlinux_parse(struct sb_extlinux_parser *p, size_t base, unsigned level)
{
	size_t position = base;

	while (!sb_extlinux_failed(p)) {
		size_t start = position;
		struct sb_extlinux_key key = { .label = STMBOOT_EXTLINUX_NONE };
		int32_t label = STMBOOT_EXTLINUX_NONE;

		key.token = sb_extlinux_lex(p, &position, SB_EXTLINUX_KEYWORD);
		if (key.token.type == SB_EXTLINUX_EOF)
			return true;
		if (key.token.type == SB_EXTLINUX_EOL) {
			sb_extlinux_mark(p, start, STMBOOT_EXTLINUX_BLANK, false, label);
			continue;
		}
		if (key.token.keyword == STMBOOT_EXTLINUX_LABEL)
			label = (int32_t)p->conf->label_count;
		sb_extlinux_mark(p, key.token.start, key.token.keyword,
				 !belongs_to_top(key.token.keyword), label);
		if (key.token.start != p->cut_at)
			sb_extlinux_notice(p, &key.token, key.token.name, key.label);
		if (!parse_top_line(p, &position, &key, base, level))
			return false;
		if (key.token.start == p->cut_at)
			p->cut_at = SIZE_MAX;
	}
	return false;
}
