/* SPDX-License-Identifier: MIT */
/*
 * Words and values of an extlinux.conf, and where they stand.
 * Deciding source: get_token() and get_string() of U-Boot's boot/pxe_utils.c.
 */
#include "format/extlinux.h"

#include <string.h>
#include <strings.h>

#include "base/checked.h"
#include "base/context.h"

enum {
	BOM_BYTES = 3,
	MAX_LINES = 100000, /* of all files; each takes more memory than its text */
	MAX_FILES = 256,    /* includes that include each other twice multiply without end */
};

struct word {
	const char *name;
	enum stmboot_extlinux_keyword keyword;
	unsigned since; /* 0: older than any U-Boot for these boards */
};

static const struct word words[] = {
	{ "menu", STMBOOT_EXTLINUX_MENU, 0 },
	{ "title", STMBOOT_EXTLINUX_TITLE, 0 },
	{ "background", STMBOOT_EXTLINUX_BACKGROUND, 0 },
	{ "timeout", STMBOOT_EXTLINUX_TIMEOUT, 0 },
	{ "default", STMBOOT_EXTLINUX_DEFAULT, 0 },
	{ "ontimeout", STMBOOT_EXTLINUX_ONTIMEOUT, 0 },
	{ "fallback", STMBOOT_EXTLINUX_FALLBACK, 202501 },
	{ "prompt", STMBOOT_EXTLINUX_PROMPT, 0 },
	{ "include", STMBOOT_EXTLINUX_INCLUDE, 0 },
	{ "label", STMBOOT_EXTLINUX_LABEL, 0 },
	{ "kernel", STMBOOT_EXTLINUX_KERNEL, 0 },
	{ "linux", STMBOOT_EXTLINUX_KERNEL, 0 },
	{ "append", STMBOOT_EXTLINUX_APPEND, 0 },
	{ "initrd", STMBOOT_EXTLINUX_INITRD, 0 },
	{ "fdt", STMBOOT_EXTLINUX_FDT, 0 },
	{ "devicetree", STMBOOT_EXTLINUX_FDT, 0 },
	{ "fdtdir", STMBOOT_EXTLINUX_FDTDIR, 0 },
	{ "devicetreedir", STMBOOT_EXTLINUX_FDTDIR, 0 },
	{ "fdtoverlays", STMBOOT_EXTLINUX_FDTOVERLAYS, 202104 },
	{ "devicetree-overlay", STMBOOT_EXTLINUX_FDTOVERLAYS, 202301 },
	{ "localboot", STMBOOT_EXTLINUX_LOCALBOOT, 0 },
	{ "ipappend", STMBOOT_EXTLINUX_IPAPPEND, 0 },
	{ "kaslrseed", STMBOOT_EXTLINUX_KASLRSEED, 202204 },
};

static bool is_blank(char c)
{
	return c == ' ' || c == '\t';
}

/* U-Boot's isspace() is that of Latin-1, where 0xA0 is a space too. */
static bool is_space(char c)
{
	return c == ' ' || (c >= '\t' && c <= '\r') || (unsigned char)c == 0xa0;
}

static char lower(char c)
{
	return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

char sb_extlinux_byte(const struct sb_extlinux_parser *p, size_t position)
{
	return position < p->size ? p->memory[position] : '\0';
}

size_t sb_extlinux_line_end(const struct sb_extlinux_parser *p, size_t position)
{
	char c = sb_extlinux_byte(p, position);

	while (c != '\0' && c != '\n')
		c = sb_extlinux_byte(p, ++position);
	return position;
}

static bool word_equals(const struct sb_extlinux_parser *p, const struct sb_extlinux_token *token,
			const char *name)
{
	if (strlen(name) != token->length)
		return false;
	for (size_t i = 0; i < token->length; i++)
		if (lower(sb_extlinux_byte(p, token->start + i)) != name[i])
			return false;
	return true;
}

static void look_up_word(const struct sb_extlinux_parser *p, struct sb_extlinux_token *token)
{
	token->keyword = STMBOOT_EXTLINUX_UNKNOWN;
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		if (!word_equals(p, token, words[i].name))
			continue;
		token->name = words[i].name;
		token->too_new = p->conf->version < words[i].since;
		if (!token->too_new)
			token->keyword = words[i].keyword;
		return;
	}
}

bool sb_extlinux_find_keyword(const char *name, unsigned version, struct sb_extlinux_token *out)
{
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		if (strcasecmp(words[i].name, name) != 0)
			continue;
		out->name = words[i].name;
		out->keyword = words[i].keyword;
		out->too_new = version < words[i].since;
		return true;
	}
	return false;
}

static size_t word_end(const struct sb_extlinux_parser *p, size_t position)
{
	char c = sb_extlinux_byte(p, position);

	while (c != '\0' && !is_space(c))
		c = sb_extlinux_byte(p, ++position);
	return position;
}

struct sb_extlinux_token sb_extlinux_lex(const struct sb_extlinux_parser *p, size_t *position,
					 enum sb_extlinux_state state)
{
	struct sb_extlinux_token token = { .type = SB_EXTLINUX_STRING };
	size_t at = *position;
	char c;

	while (is_blank(sb_extlinux_byte(p, at)))
		at++;
	/* A comment may stand wherever a token may start, in place of a value, too. */
	if (sb_extlinux_byte(p, at) == '#')
		at = sb_extlinux_line_end(p, at);
	c = sb_extlinux_byte(p, at);
	token.start = at;
	if (c == '\n' || c == '\0') {
		token.type = c == '\n' ? SB_EXTLINUX_EOL : SB_EXTLINUX_EOF;
		*position = at + 1;
		return token;
	}
	*position = state == SB_EXTLINUX_VALUE ? sb_extlinux_line_end(p, at) : word_end(p, at);
	token.length = *position - at;
	if (state == SB_EXTLINUX_KEYWORD)
		look_up_word(p, &token);
	return token;
}

/* The segment that a place in memory belongs to: the last that starts at or before it. */
static const struct sb_extlinux_segment *segment_of(const struct sb_extlinux_parser *p,
						    size_t position)
{
	size_t low = 0, high = p->segment_count;

	while (high - low > 1) {
		size_t middle = low + (high - low) / 2;

		if (p->segments[middle].base <= position)
			low = middle;
		else
			high = middle;
	}
	return &p->segments[low];
}

/* Index of the line that holds an offset, or the last one. */
static size_t line_of(const struct sb_extlinux_parser *p, uint32_t file, uint64_t offset)
{
	const struct stmboot_extlinux_line *lines = p->lines[file];
	size_t low = 0, high = p->files[file].line_count;

	while (high - low > 1) {
		size_t middle = low + (high - low) / 2;

		if (lines[middle].offset <= offset)
			low = middle;
		else
			high = middle;
	}
	return low;
}

struct stmboot_extlinux_text sb_extlinux_text(struct sb_extlinux_parser *p, size_t start,
					      size_t length)
{
	const struct sb_extlinux_segment *segment = segment_of(p, start);
	uint64_t offset = start - segment->base;
	uint64_t room = offset < segment->size ? segment->size - offset : 0;

	return (struct stmboot_extlinux_text){
		.text = sb_arena_strndup(p->arena, p->memory + start, length),
		.file = segment->file,
		.line = (uint32_t)line_of(p, segment->file, offset) + 1,
		.offset = offset,
		.length = sb_min_u64(length, room),
	};
}

void sb_extlinux_mark(struct sb_extlinux_parser *p, size_t position,
		      enum stmboot_extlinux_keyword keyword, bool ignored, int32_t label)
{
	const struct sb_extlinux_segment *segment = segment_of(p, position);
	struct stmboot_extlinux_line *line;

	if (p->files[segment->file].line_count == 0)
		return;
	line = &p->lines[segment->file][line_of(p, segment->file, position - segment->base)];
	if (line->keyword != STMBOOT_EXTLINUX_UNREAD)
		return;
	line->keyword = keyword;
	line->ignored = ignored;
	line->label = label;
}

void sb_extlinux_event(struct sb_extlinux_parser *p, enum stmboot_extlinux_event_kind kind,
		       const struct stmboot_extlinux_text *at, const char *keyword, int32_t label)
{
	struct stmboot_extlinux_event *event;

	if (p->conf->event_count >= sb_limits(p->ctx)->max_findings)
		return;
	event = sb_arena_push(p->arena, &p->events, &p->conf->event_count, &p->event_capacity,
			      sizeof(*event));
	if (event != NULL)
		*event = (struct stmboot_extlinux_event){
			.kind = kind, .at = *at, .keyword = keyword, .label = label
		};
}

/* One event for all the CRs of a file: they come on every line. */
static void notice_cr(struct sb_extlinux_parser *p, const struct stmboot_extlinux_text *text,
		      const char *keyword, int32_t label)
{
	if (p->cr_seen[text->file])
		return;
	p->cr_seen[text->file] = true;
	sb_extlinux_event(p, STMBOOT_EXTLINUX_EVENT_CARRIAGE_RETURN, text, keyword, label);
}

void sb_extlinux_notice(struct sb_extlinux_parser *p, const struct sb_extlinux_token *token,
			const char *keyword, int32_t label)
{
	char next = sb_extlinux_byte(p, token->start + token->length);
	char last =
		token->length > 0 ? sb_extlinux_byte(p, token->start + token->length - 1) : '\0';
	bool cr = memchr(p->memory + token->start, '\r', token->length) != NULL || next == '\r';
	bool odd = next == '\v' || next == '\f' || (unsigned char)next == 0xa0;
	bool blanks = is_blank(last);
	struct stmboot_extlinux_text text;

	if (!cr && !odd && !blanks)
		return;
	text = sb_extlinux_text(p, token->start, token->length);
	if (cr)
		notice_cr(p, &text, keyword, label);
	if (odd)
		sb_extlinux_event(p, STMBOOT_EXTLINUX_EVENT_ODD_SPACE, &text, keyword, label);
	if (blanks)
		sb_extlinux_event(p, STMBOOT_EXTLINUX_EVENT_TRAILING_BLANKS, &text, keyword, label);
}

static size_t count_lines(const char *text, size_t size)
{
	size_t count = 0;

	for (size_t at = 0; at < size; count++) {
		const char *feed = memchr(text + at, '\n', size - at);

		at = feed != NULL ? (size_t)(feed - text) + 1 : size;
	}
	return count;
}

static struct stmboot_extlinux_line *split_lines(struct sb_arena *arena, const char *text,
						 size_t size, size_t count)
{
	struct stmboot_extlinux_line *lines = sb_arena_array(arena, count, sizeof(*lines));
	size_t at = 0;

	for (size_t i = 0; lines != NULL && i < count; i++) {
		const char *feed = memchr(text + at, '\n', size - at);
		size_t end = feed != NULL ? (size_t)(feed - text) : size;

		lines[i].offset = at;
		lines[i].length = end - at;
		lines[i].has_line_feed = feed != NULL;
		lines[i].label = STMBOOT_EXTLINUX_NONE;
		at = end + 1;
	}
	return lines;
}

static bool reserve(struct sb_extlinux_parser *p, size_t wanted)
{
	size_t capacity = p->capacity != 0 ? p->capacity : 4096;
	char *grown;

	if (wanted <= p->capacity)
		return true;
	while (capacity < wanted)
		capacity *= 2;
	grown = sb_alloc(p->ctx, capacity);
	if (grown == NULL)
		return false;
	if (p->size != 0)
		memcpy(grown, p->memory, p->size);
	sb_free(p->ctx, p->memory);
	p->memory = grown;
	p->capacity = capacity;
	return true;
}

static bool add_file(struct sb_extlinux_parser *p, const char *path, const char *text, size_t size,
		     bool has_nul)
{
	struct stmboot_extlinux_file *file;
	struct stmboot_extlinux_line **lines;
	bool *cr_seen;

	file = sb_arena_push(p->arena, &p->files, &p->conf->file_count, &p->file_capacity,
			     sizeof(*file));
	lines = sb_arena_push(p->arena, &p->lines, &p->lines_count, &p->lines_capacity,
			      sizeof(struct stmboot_extlinux_line *));
	cr_seen = sb_arena_push(p->arena, &p->cr_seen, &p->cr_count, &p->cr_capacity,
				sizeof(*cr_seen));
	if (file == NULL || lines == NULL || cr_seen == NULL)
		return false;
	file->path = sb_arena_strdup(p->arena, path);
	file->size = size;
	file->has_nul = has_nul;
	file->line_count = count_lines(text, size);
	*lines = split_lines(p->arena, text, size, file->line_count);
	file->lines = *lines;
	return !p->arena->failed;
}

static bool add_segment(struct sb_extlinux_parser *p, size_t base, size_t size)
{
	struct sb_extlinux_segment *segment;

	while (p->segment_count > 0 && p->segments[p->segment_count - 1].base >= base)
		p->segment_count--;
	segment = sb_arena_push(p->arena, &p->segments, &p->segment_count, &p->segment_capacity,
				sizeof(*segment));
	if (segment == NULL)
		return false;
	segment->base = base;
	segment->size = size;
	segment->file = (uint32_t)p->conf->file_count - 1;
	return true;
}

static void notice_file(struct sb_extlinux_parser *p, size_t base, size_t size, bool has_nul)
{
	struct stmboot_extlinux_text at;

	if (size >= BOM_BYTES && memcmp(p->memory + base, "\xef\xbb\xbf", BOM_BYTES) == 0) {
		at = sb_extlinux_text(p, base, BOM_BYTES);
		sb_extlinux_event(p, STMBOOT_EXTLINUX_EVENT_BOM, &at, NULL, STMBOOT_EXTLINUX_NONE);
	}
	if (has_nul) {
		at = sb_extlinux_text(p, base + size, 0);
		at.line += size > 0 && p->memory[base + size - 1] == '\n';
		sb_extlinux_event(p, STMBOOT_EXTLINUX_EVENT_NUL, &at, NULL, STMBOOT_EXTLINUX_NONE);
	}
}

bool sb_extlinux_load(struct sb_extlinux_parser *p, size_t base, const char *path, const void *data,
		      size_t size)
{
	const char *nul = size != 0 ? memchr(data, '\0', size) : NULL;
	size_t text_size = nul != NULL ? (size_t)(nul - (const char *)data) : size;
	uint64_t limit = sb_limits(p->ctx)->max_text_bytes;

	p->line_count += count_lines(data, text_size);
	if (text_size > limit - p->loaded_bytes || p->conf->file_count >= MAX_FILES ||
	    p->line_count > MAX_LINES) {
		p->status = STMBOOT_LIMIT;
		return false;
	}
	p->loaded_bytes += text_size;
	if (!reserve(p, base + text_size + 1)) {
		p->status = STMBOOT_NO_MEMORY;
		return false;
	}
	if (base > p->size)
		memset(p->memory + p->size, 0, base - p->size);
	if (text_size != 0)
		memcpy(p->memory + base, data, text_size);
	p->memory[base + text_size] = '\0';
	p->size = base + text_size;
	if (!add_file(p, path, p->memory + base, text_size, nul != NULL) ||
	    !add_segment(p, base, text_size)) {
		p->status = STMBOOT_NO_MEMORY;
		return false;
	}
	notice_file(p, base, text_size, nul != NULL);
	return true;
}
