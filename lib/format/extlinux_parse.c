/* SPDX-License-Identifier: MIT */
/*
 * The grammar of an extlinux.conf. Deciding source: parse_pxefile_top(),
 * parse_label() and what they call in U-Boot's boot/pxe_utils.c. A rejected
 * file and undefined behaviour both end the parse; the model keeps what was
 * read before.
 */
#include "format/extlinux.h"

#include <string.h>

#include "base/checked.h"

enum {
	NEST_LEVELS = 16,       /* MAX_NEST_LEVEL */
	LABELS_MAX = 999,       /* label->num holds three digits */
	PROMPT_PARSED = 202304, /* before, the rest of a prompt line is skipped */
	INITRD_WORD = sizeof("initrd=") - 1,
};

/* What came of reading a value. */
enum value { VALUE_READ, VALUE_EMPTY, VALUE_AT_END };

/* The keyword that is being handled. */
struct keyword {
	struct sb_extlinux_token token;
	int32_t label; /* the label it stands in, or STMBOOT_EXTLINUX_NONE */
};

static bool out_of_memory(const struct sb_extlinux_parser *p)
{
	return p->arena->failed;
}

/* A copy of a token with its place. */
static struct stmboot_extlinux_text text_of(struct sb_extlinux_parser *p,
					    const struct sb_extlinux_token *token)
{
	return sb_extlinux_text(p, token->start, token->length);
}

static void event_at(struct sb_extlinux_parser *p, enum stmboot_extlinux_event_kind kind,
		     const struct keyword *key)
{
	struct stmboot_extlinux_text at = text_of(p, &key->token);

	sb_extlinux_event(p, kind, &at, key->token.name, key->label);
}

/* End the parse. Always false, so that callers return it. */
static bool fault(struct sb_extlinux_parser *p, enum stmboot_extlinux_fault what,
		  const struct stmboot_extlinux_text *at)
{
	bool rejected = what <= STMBOOT_EXTLINUX_INCLUDE_DEPTH;

	p->conf->fault = what;
	p->conf->outcome = rejected ? STMBOOT_EXTLINUX_REJECTED : STMBOOT_EXTLINUX_UNDEFINED;
	p->conf->fault_at = *at;
	return false;
}

static bool fault_at_keyword(struct sb_extlinux_parser *p, enum stmboot_extlinux_fault what,
			     const struct keyword *key)
{
	struct stmboot_extlinux_text at = text_of(p, &key->token);

	return fault(p, what, &at);
}

static enum value read_value(struct sb_extlinux_parser *p, size_t *position,
			     const struct keyword *key, struct stmboot_extlinux_text *out)
{
	struct sb_extlinux_token token = sb_extlinux_lex(p, position, SB_EXTLINUX_VALUE);

	if (token.type != SB_EXTLINUX_STRING) {
		event_at(p, STMBOOT_EXTLINUX_EVENT_EMPTY_VALUE, key);
		return token.type == SB_EXTLINUX_EOL ? VALUE_EMPTY : VALUE_AT_END;
	}
	*out = text_of(p, &token);
	sb_extlinux_notice(p, &token, key->token.name, key->label);
	return VALUE_READ;
}

/* A value whose absence rejects the whole file. */
static bool require_value(struct sb_extlinux_parser *p, size_t *position, const struct keyword *key,
			  struct stmboot_extlinux_text *out)
{
	if (read_value(p, position, key, out) != VALUE_READ)
		return fault_at_keyword(p, STMBOOT_EXTLINUX_EMPTY_VALUE, key);
	return !out_of_memory(p);
}

int32_t sb_extlinux_integer(const char *text)
{
	bool negative = *text == '-';
	uint32_t value = 0;

	for (text += negative; *text >= '0' && *text <= '9'; text++)
		value = value * 10 + (uint32_t)(*text - '0');
	return (int32_t)(negative ? 0 - value : value);
}

static bool is_plain_integer(const char *text)
{
	size_t digits;

	text += *text == '-';
	digits = strspn(text, "0123456789");
	return digits > 0 && digits < 10 && text[digits + strspn(text + digits, " \t\r")] == '\0';
}

static bool require_integer(struct sb_extlinux_parser *p, size_t *position,
			    const struct keyword *key, struct stmboot_extlinux_text *out,
			    int32_t *value)
{
	if (!require_value(p, position, key, out))
		return false;
	*value = sb_extlinux_integer(out->text);
	if (!is_plain_integer(out->text))
		sb_extlinux_event(p, STMBOOT_EXTLINUX_EVENT_NOT_A_NUMBER, out, key->token.name,
				  key->label);
	return true;
}

/* A value of which the last one counts. */
static bool replace_value(struct sb_extlinux_parser *p, size_t *position, const struct keyword *key,
			  struct stmboot_extlinux_text *out)
{
	struct stmboot_extlinux_text before = *out;

	if (!require_value(p, position, key, out))
		return false;
	if (before.text != NULL)
		sb_extlinux_event(p, STMBOOT_EXTLINUX_EVENT_REPLACED, &before, key->token.name,
				  key->label);
	return true;
}

/* A value of which the first one counts: a second is left for the lexer to trip over. */
static bool keep_first(struct sb_extlinux_parser *p, size_t *position, const struct keyword *key,
		       struct stmboot_extlinux_text *out)
{
	if (out->text == NULL)
		return require_value(p, position, key, out);
	event_at(p, STMBOOT_EXTLINUX_EVENT_DUPLICATE, key);
	return !out_of_memory(p);
}

/*
 * Both kinds of menu line skip to the end of "their" line at last, even when
 * the end of line was taken already: then the next line is lost, and behind
 * the end of the file U-Boot runs through memory.
 */
static bool finish_menu_line(struct sb_extlinux_parser *p, size_t *position, enum value last,
			     const struct keyword *key)
{
	struct sb_extlinux_token lost = { .start = *position };
	struct stmboot_extlinux_text at;
	size_t look = *position;

	if (last == VALUE_AT_END)
		return fault_at_keyword(p, STMBOOT_EXTLINUX_PAST_END, key);
	*position = sb_extlinux_line_end(p, *position);
	if (last == VALUE_READ || *position == lost.start)
		return !out_of_memory(p);
	sb_extlinux_mark(p, lost.start, STMBOOT_EXTLINUX_SWALLOWED, true, key->label);
	if (sb_extlinux_lex(p, &look, SB_EXTLINUX_VALUE).type != SB_EXTLINUX_STRING)
		return !out_of_memory(p);
	lost.length = *position - lost.start;
	at = text_of(p, &lost);
	sb_extlinux_event(p, STMBOOT_EXTLINUX_EVENT_SWALLOWED, &at, key->token.name, key->label);
	return !out_of_memory(p);
}

static enum value value_of_token(const struct sb_extlinux_token *token)
{
	return token->type == SB_EXTLINUX_EOL   ? VALUE_EMPTY
	       : token->type == SB_EXTLINUX_EOF ? VALUE_AT_END
						: VALUE_READ;
}

/* A menu word that means nothing here, or no word at all. */
static enum value ignore_menu_word(struct sb_extlinux_parser *p, const struct keyword *key,
				   const struct sb_extlinux_token *word)
{
	struct stmboot_extlinux_text at;

	if (word->type != SB_EXTLINUX_STRING) {
		event_at(p, STMBOOT_EXTLINUX_EVENT_EMPTY_VALUE, key);
		return value_of_token(word);
	}
	at = text_of(p, word);
	sb_extlinux_event(p, STMBOOT_EXTLINUX_EVENT_MENU_IGNORED, &at, key->token.name, key->label);
	return VALUE_READ;
}

static bool parse_label_menu(struct sb_extlinux_parser *p, size_t *position,
			     const struct keyword *key, struct stmboot_extlinux_label *label)
{
	struct keyword word = { .label = key->label };
	enum value last = VALUE_READ;

	word.token = sb_extlinux_lex(p, position, SB_EXTLINUX_KEYWORD);
	if (word.token.keyword == STMBOOT_EXTLINUX_DEFAULT) {
		label->menu_default = true;
		if (p->conf->default_name.text == NULL)
			p->conf->default_name = label->name;
	} else if (word.token.keyword == STMBOOT_EXTLINUX_LABEL) {
		last = read_value(p, position, &word, &label->menu);
	} else {
		last = ignore_menu_word(p, key, &word.token);
	}
	return finish_menu_line(p, position, last, key);
}

/* Part of a value that stands in one file. */
static struct stmboot_extlinux_text part_of(struct sb_extlinux_parser *p,
					    const struct stmboot_extlinux_text *whole, size_t start,
					    size_t length)
{
	struct stmboot_extlinux_text part = *whole;

	part.text = sb_arena_strndup(p->arena, whole->text + start, length);
	part.offset += start;
	part.length = length;
	return part;
}

static bool parse_kernel(struct sb_extlinux_parser *p, size_t *position, const struct keyword *key,
			 struct stmboot_extlinux_label *label)
{
	size_t whole, path;

	if (!replace_value(p, position, key, &label->kernel_value))
		return false;
	whole = strlen(label->kernel_value.text);
	path = strcspn(label->kernel_value.text, "#");
	label->kernel = part_of(p, &label->kernel_value, 0, path);
	/* Without '#' the configuration of an earlier kernel line stays. */
	if (path < whole)
		label->config = part_of(p, &label->kernel_value, path, whole - path);
	return !out_of_memory(p);
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
		return fault(p, STMBOOT_EXTLINUX_INITRD_LAST, &at);
	}
	label->initrd = part_of(p, &label->append, start, (size_t)(space - text) - start);
	label->initrd_from_append = true;
	return !out_of_memory(p);
}

static bool parse_append(struct sb_extlinux_parser *p, size_t *position, const struct keyword *key,
			 struct stmboot_extlinux_label *label)
{
	struct stmboot_extlinux_text before = label->append;
	enum value value = read_value(p, position, key, &label->append);

	/* The initrd is looked for before the missing value is noticed. */
	if (value != VALUE_READ)
		return fault_at_keyword(p,
					before.text == NULL && label->initrd.text == NULL
						? STMBOOT_EXTLINUX_APPEND_NULL
						: STMBOOT_EXTLINUX_EMPTY_VALUE,
					key);
	if (out_of_memory(p))
		return false;
	if (before.text != NULL)
		sb_extlinux_event(p, STMBOOT_EXTLINUX_EVENT_REPLACED, &before, key->token.name,
				  key->label);
	return label->initrd.text != NULL || initrd_of_append(p, label);
}

/* Words are separated by SPACE alone. */
static bool split_overlays(struct sb_extlinux_parser *p, struct stmboot_extlinux_label *label)
{
	struct stmboot_extlinux_text *words = NULL;
	size_t capacity = 0;
	const char *text = label->fdtoverlays.text;
	size_t at = strspn(text, " ");

	while (text[at] != '\0') {
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
	return !out_of_memory(p);
}

static bool parse_overlays(struct sb_extlinux_parser *p, size_t *position,
			   const struct keyword *key, struct stmboot_extlinux_label *label)
{
	bool first = label->fdtoverlays.text == NULL;

	if (!keep_first(p, position, key, &label->fdtoverlays))
		return false;
	return !first || split_overlays(p, label);
}

/* Is the keyword one that a label takes? */
static bool belongs_to_label(enum stmboot_extlinux_keyword keyword)
{
	return keyword == STMBOOT_EXTLINUX_MENU || keyword >= STMBOOT_EXTLINUX_KERNEL;
}

static bool parse_label_line(struct sb_extlinux_parser *p, size_t *position,
			     const struct keyword *key, struct stmboot_extlinux_label *label)
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
		return require_integer(p, position, key, &label->localboot,
				       &label->localboot_value);
	case STMBOOT_EXTLINUX_IPAPPEND:
		return require_integer(p, position, key, &label->ipappend, &label->ipappend_value);
	default:
		label->kaslrseed = true;
		return !out_of_memory(p);
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
static void end_label(struct sb_extlinux_parser *p, const struct keyword *key,
		      const struct keyword *duplicate, struct stmboot_extlinux_label *label)
{
	enum stmboot_extlinux_event_kind kind = STMBOOT_EXTLINUX_EVENT_LABEL_CLOSED;

	if (key->token.type == SB_EXTLINUX_EOF || key->token.keyword == STMBOOT_EXTLINUX_LABEL)
		return;
	label->ended_by =
		text_of(p, duplicate->token.length != 0 ? &duplicate->token : &key->token);
	p->cut_label = key->label;
	p->cut_at = key->token.start;
	sb_extlinux_notice(p, &key->token, key->token.name, key->label);
	if (duplicate->token.length != 0)
		return;
	if (key->token.too_new)
		kind = STMBOOT_EXTLINUX_EVENT_TOO_NEW;
	else if (key->token.keyword <= STMBOOT_EXTLINUX_BACKGROUND)
		kind = STMBOOT_EXTLINUX_EVENT_LABEL_ENDED;
	event_at(p, kind, key);
}

static bool parse_label_lines(struct sb_extlinux_parser *p, size_t *position, int32_t index)
{
	struct stmboot_extlinux_label *label = &p->labels[index];
	struct keyword duplicate = { .label = index };

	while (!out_of_memory(p)) {
		size_t start = *position;
		struct keyword key = { .label = index };

		key.token = sb_extlinux_lex(p, position, SB_EXTLINUX_KEYWORD);
		if (key.token.type == SB_EXTLINUX_EOL) {
			sb_extlinux_mark(p, start, STMBOOT_EXTLINUX_BLANK, false, index);
			duplicate.token.length = 0;
			continue;
		}
		if (key.token.type == SB_EXTLINUX_EOF || !belongs_to_label(key.token.keyword)) {
			end_label(p, &key, &duplicate, label);
			*position = start;
			return !out_of_memory(p);
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

static bool parse_label(struct sb_extlinux_parser *p, size_t *position, const struct keyword *key)
{
	int32_t index = (int32_t)p->conf->label_count;
	struct stmboot_extlinux_text name = { .text = NULL };
	struct stmboot_extlinux_label *label;

	if (!require_value(p, position, key, &name))
		return false;
	if (index >= LABELS_MAX)
		return fault(p, STMBOOT_EXTLINUX_LABEL_OVERFLOW, &name);
	label = sb_arena_push(p->arena, &p->labels, &p->conf->label_count, &p->label_capacity,
			      sizeof(*label));
	if (label == NULL)
		return false;
	label->number = (uint32_t)index + 1;
	label->name = name;
	p->cut_label = STMBOOT_EXTLINUX_NONE;
	return parse_label_lines(p, position, index);
}

/* Length of the text at a place in memory, as strlen() finds it. */
static size_t length_at(const struct sb_extlinux_parser *p, size_t base)
{
	const char *nul = base < p->size ? memchr(p->memory + base, '\0', p->size - base) : NULL;

	return nul != NULL ? (size_t)(nul - (p->memory + base)) : p->size - base;
}

static bool load_include(struct sb_extlinux_parser *p, const struct keyword *key,
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
	if (status == STMBOOT_NOT_FOUND)
		return fault(p, STMBOOT_EXTLINUX_INCLUDE_MISSING, value);
	if (status != STMBOOT_OK) {
		p->status = status;
		return false;
	}
	sb_extlinux_event(p, STMBOOT_EXTLINUX_EVENT_INCLUDE, value, key->token.name, key->label);
	return sb_extlinux_load(p, base, path, data, size);
}

/* The file goes where the includer says, which may be over the end of the parent. */
static bool parse_include(struct sb_extlinux_parser *p, size_t *position, const struct keyword *key,
			  size_t base, unsigned level)
{
	struct stmboot_extlinux_text value = { .text = NULL };

	if (!require_value(p, position, key, &value) || !load_include(p, key, &value, base))
		return false;
	if (level + 1 > NEST_LEVELS)
		return fault(p, STMBOOT_EXTLINUX_INCLUDE_DEPTH, &value);
	return sb_extlinux_parse(p, base, level + 1);
}

static size_t align4(size_t size)
{
	return (size_t)sb_round_up_u64(size, 4);
}

/* A plain include forgets the room for the parent's NUL. */
static bool parse_plain_include(struct sb_extlinux_parser *p, size_t *position,
				const struct keyword *key, size_t base, unsigned level)
{
	size_t length = length_at(p, base);

	if (length % 4 == 0)
		event_at(p, STMBOOT_EXTLINUX_EVENT_INCLUDE_OVERLAP, key);
	return parse_include(p, position, key, base + align4(length), level);
}

static bool parse_menu(struct sb_extlinux_parser *p, size_t *position, const struct keyword *key,
		       size_t base, unsigned level)
{
	struct keyword word = { .label = STMBOOT_EXTLINUX_NONE };
	enum value last = VALUE_READ;
	bool ok = true;

	p->conf->menu_shown = true;
	if (p->conf->menu_line.text == NULL)
		p->conf->menu_line = sb_extlinux_text(p, key->token.start,
						      sb_extlinux_line_end(p, key->token.start) -
							      key->token.start);
	word.token = sb_extlinux_lex(p, position, SB_EXTLINUX_KEYWORD);
	if (word.token.keyword == STMBOOT_EXTLINUX_TITLE)
		ok = require_value(p, position, &word, &p->conf->title);
	else if (word.token.keyword == STMBOOT_EXTLINUX_BACKGROUND)
		ok = require_value(p, position, &word, &p->conf->background);
	else if (word.token.keyword == STMBOOT_EXTLINUX_INCLUDE)
		ok = parse_include(p, position, &word, base + align4(length_at(p, base) + 1),
				   level);
	else
		last = ignore_menu_word(p, key, &word.token);
	return ok && finish_menu_line(p, position, last, key);
}

/* An empty default makes U-Boot release a pointer that it never set, or released before. */
static bool parse_default(struct sb_extlinux_parser *p, size_t *position, const struct keyword *key)
{
	struct stmboot_extlinux_text before = p->conf->default_name;

	if (read_value(p, position, key, &p->conf->default_name) != VALUE_READ)
		return fault_at_keyword(p, STMBOOT_EXTLINUX_BAD_FREE, key);
	if (before.text != NULL)
		sb_extlinux_event(p, STMBOOT_EXTLINUX_EVENT_REPLACED, &before, key->token.name,
				  STMBOOT_EXTLINUX_NONE);
	return !out_of_memory(p);
}

static bool parse_prompt(struct sb_extlinux_parser *p, size_t *position, const struct keyword *key)
{
	struct sb_extlinux_token token;
	int32_t value = 0;
	size_t look = *position;

	if (p->conf->version >= PROMPT_PARSED) {
		if (!require_integer(p, position, key, &p->conf->prompt, &value))
			return false;
		p->conf->menu_shown = value != 0;
		return true;
	}
	token = sb_extlinux_lex(p, &look, SB_EXTLINUX_VALUE);
	if (token.type != SB_EXTLINUX_STRING)
		event_at(p, STMBOOT_EXTLINUX_EVENT_EMPTY_VALUE, key);
	else
		p->conf->prompt = text_of(p, &token);
	event_at(p, STMBOOT_EXTLINUX_EVENT_PROMPT_IGNORED, key);
	*position = sb_extlinux_line_end(p, *position);
	return !out_of_memory(p);
}

static bool parse_timeout(struct sb_extlinux_parser *p, size_t *position, const struct keyword *key)
{
	return require_integer(p, position, key, &p->conf->timeout, &p->conf->timeout_tenths);
}

static bool skip_line(struct sb_extlinux_parser *p, size_t *position, const struct keyword *key)
{
	enum stmboot_extlinux_event_kind kind = STMBOOT_EXTLINUX_EVENT_UNKNOWN_WORD;
	struct keyword known = *key;

	if (belongs_to_label(key->token.keyword)) {
		kind = STMBOOT_EXTLINUX_EVENT_OUTSIDE_LABEL;
		known.label = p->cut_label;
	} else if (key->token.too_new) {
		kind = STMBOOT_EXTLINUX_EVENT_TOO_NEW;
	}
	/* The word that ended a label has its event already. */
	if (key->token.start != p->cut_at)
		event_at(p, kind, &known);
	*position = sb_extlinux_line_end(p, *position);
	return !out_of_memory(p);
}

static bool parse_top_line(struct sb_extlinux_parser *p, size_t *position,
			   const struct keyword *key, size_t base, unsigned level)
{
	switch (key->token.keyword) {
	case STMBOOT_EXTLINUX_MENU:
		return parse_menu(p, position, key, base, level);
	case STMBOOT_EXTLINUX_TIMEOUT:
		return parse_timeout(p, position, key);
	case STMBOOT_EXTLINUX_LABEL:
		return parse_label(p, position, key);
	case STMBOOT_EXTLINUX_DEFAULT:
	case STMBOOT_EXTLINUX_ONTIMEOUT:
		return parse_default(p, position, key);
	case STMBOOT_EXTLINUX_FALLBACK:
		return replace_value(p, position, key, &p->conf->fallback);
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

	while (!out_of_memory(p)) {
		size_t start = position;
		struct keyword key = { .label = STMBOOT_EXTLINUX_NONE };
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
