/* SPDX-License-Identifier: MIT */
#include "base/diag.h"

#include <string.h>

#include "base/context.h"
#include "base/hint.h"

struct stmboot_diags {
	struct sb_arena arena;
	struct stmboot_diag *items;
	size_t count;
	size_t capacity;
	bool over_limit;
};

static const struct stmboot_code catalogue[] = {
#define DEEP .deep = true
#define NEEDS(...)                                                                                 \
	.prerequisites = (const char *const[])                                                     \
	{                                                                                          \
		__VA_ARGS__, NULL                                                                  \
	}
#define CODE(ident, code, severity, stage, meaning, ...)                                           \
	{ code, STMBOOT_##severity, STMBOOT_STAGE_##stage, meaning, __VA_ARGS__ },
#include "base/codes/all.def"
#undef CODE
#undef NEEDS
#undef DEEP
};

static const char *const severity_names[] = { "note", "warning", "error" };
static const char *const stage_names[] = { "rom",    "fsbl", "ssbl",   "extlinux",
					   "kernel", "dtb",  "rootfs", "init" };

enum stmboot_status stmboot_diags_new(struct stmboot_context *ctx, struct stmboot_diags **out)
{
	struct stmboot_diags *diags = sb_alloc(ctx, sizeof(*diags));

	if (diags == NULL)
		return STMBOOT_NO_MEMORY;
	sb_arena_init(&diags->arena, ctx);
	*out = diags;
	return STMBOOT_OK;
}

void stmboot_diags_free(struct stmboot_diags *diags)
{
	if (diags == NULL)
		return;
	sb_arena_release(&diags->arena);
	sb_free(diags->arena.ctx, diags);
}

size_t stmboot_diags_count(const struct stmboot_diags *diags)
{
	return diags->count;
}

const struct stmboot_diag *stmboot_diags_get(const struct stmboot_diags *diags, size_t index)
{
	return index < diags->count ? &diags->items[index] : NULL;
}

size_t stmboot_code_count(void)
{
	return SB_CODE_COUNT;
}

const struct stmboot_code *stmboot_code_at(size_t index)
{
	return index < SB_CODE_COUNT ? &catalogue[index] : NULL;
}

const struct stmboot_code *sb_code_about(enum sb_code code)
{
	return &catalogue[code];
}

const struct stmboot_code *stmboot_code_find(const char *code)
{
	for (size_t i = 0; i < SB_CODE_COUNT; i++)
		if (strcmp(catalogue[i].code, code) == 0)
			return &catalogue[i];
	return NULL;
}

bool stmboot_code_matches(const char *code, const char *selector)
{
	size_t length = strlen(selector);

	return strncmp(code, selector, length) == 0 &&
	       (code[length] == '\0' || code[length] == '.');
}

bool stmboot_code_is_known(const char *selector)
{
	for (size_t i = 0; i < SB_CODE_COUNT; i++)
		if (stmboot_code_matches(catalogue[i].code, selector))
			return true;
	return false;
}

static size_t count_code(const struct stmboot_diags *diags, const char *code)
{
	size_t count = 0;

	for (size_t i = 0; i < diags->count; i++)
		count += strcmp(diags->items[i].code, code) == 0;
	return count;
}

bool stmboot_diags_has_more(const struct stmboot_diags *after, const struct stmboot_diags *before,
			    const char *code)
{
	return count_code(after, code) > count_code(before, code);
}

static bool matches_any(const char *code, const char *const *selectors, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (stmboot_code_matches(code, selectors[i]))
			return true;
	return false;
}

void stmboot_diags_select(struct stmboot_diags *diags, const struct stmboot_selection *selection)
{
	size_t kept = 0;

	if (selection == NULL)
		return;
	for (size_t i = 0; i < diags->count; i++) {
		const char *code = diags->items[i].code;

		if (selection->only_count > 0 &&
		    !matches_any(code, selection->only, selection->only_count))
			continue;
		if (!matches_any(code, selection->ignore, selection->ignore_count))
			diags->items[kept++] = diags->items[i];
	}
	diags->count = kept;
}

const char *stmboot_severity_text(enum stmboot_severity severity)
{
	return (size_t)severity < sizeof(severity_names) / sizeof(severity_names[0])
		       ? severity_names[severity]
		       : "?";
}

const char *stmboot_stage_text(enum stmboot_stage stage)
{
	return (size_t)stage < sizeof(stage_names) / sizeof(stage_names[0]) ? stage_names[stage]
									    : "?";
}

struct sb_scope sb_scope(struct stmboot_diags *diags, struct stmboot_source *src)
{
	return (struct sb_scope){ .diags = diags,
				  .src = src,
				  .partition = STMBOOT_NO_PARTITION,
				  .stage = STMBOOT_NO_STAGE,
				  .ceiling = STMBOOT_ERROR,
				  .deep = true,
				  .first = stmboot_diags_count(diags) };
}

static enum stmboot_stage stage_of(const struct sb_scope *scope, const struct stmboot_code *about)
{
	enum stmboot_stage stage =
		scope->stage == STMBOOT_NO_STAGE ? about->stage : (enum stmboot_stage)scope->stage;

	return stage < scope->first_stage ? scope->first_stage : stage;
}

static struct stmboot_place place_of(const struct sb_scope *scope, const struct sb_finding *f)
{
	struct stmboot_place place = { .partition = scope->partition, .line = f->line };

	if (scope->src != NULL && !f->no_offset)
		place.has_offset = stmboot_source_locate(scope->src, f->offset, &place.offset);
	if (place.has_offset)
		place.length = f->length;
	return place;
}

void sb_report(const struct sb_scope *scope, enum sb_code code, const struct sb_finding *f)
{
	struct stmboot_diags *diags = scope->diags;
	struct sb_arena *arena = &diags->arena;
	const struct stmboot_code *about = &catalogue[code];
	enum stmboot_severity severity =
		about->severity < scope->ceiling ? about->severity : scope->ceiling;
	bool has_remedy = scope->remedy != NULL && severity > STMBOOT_NOTE;
	struct stmboot_diag *diag;

	if (diags->count >= sb_limits(arena->ctx)->max_findings) {
		diags->over_limit = true;
		return;
	}
	diag = sb_arena_push(arena, &diags->items, &diags->count, &diags->capacity, sizeof(*diag));
	if (diag == NULL)
		return;
	*diag = (struct stmboot_diag){
		.code = about->code,
		.severity = severity,
		.stage = stage_of(scope, about),
		.place = place_of(scope, f),
		.found = sb_arena_strdup(arena, f->found),
		.expected = sb_arena_strdup(arena, f->expected),
		.message = f->message != NULL ? sb_arena_strdup(arena, f->message) : about->meaning,
		.hint = sb_arena_strdup(arena, has_remedy ? scope->remedy : f->hint),
	};
	diag->place.path = sb_arena_strdup(arena, scope->path);
	if (diag->message == NULL)
		diag->message = about->meaning;
}

void sb_diags_remark(struct stmboot_diags *diags, size_t first, const enum sb_code *codes,
		     size_t count, const char *remark)
{
	for (size_t i = first; i < diags->count; i++) {
		struct stmboot_diag *diag = &diags->items[i];

		for (size_t k = 0; k < count; k++) {
			const char *message;

			if (strcmp(diag->code, catalogue[codes[k]].code) != 0)
				continue;
			message = sb_arena_printf(&diags->arena, "%s (%s)", diag->message, remark);
			if (message != NULL)
				diag->message = message;
		}
	}
}

void sb_diags_restage(struct stmboot_diags *diags, size_t first, enum sb_code code,
		      enum stmboot_stage stage)
{
	for (size_t i = first; i < diags->count; i++)
		if (strcmp(diags->items[i].code, catalogue[code].code) == 0)
			diags->items[i].stage = stage;
}

void sb_diags_name_image(struct stmboot_diags *diags, size_t first, const char *path, bool packed)
{
	for (size_t i = first; i < diags->count; i++) {
		struct stmboot_diag *diag = &diags->items[i];

		if (diag->hint != NULL)
			diag->hint = sb_hint_name_image(&diags->arena, diag->hint, path, packed);
	}
}

struct sb_arena *sb_diags_arena(struct stmboot_diags *diags)
{
	return &diags->arena;
}

const char *sb_text(const struct sb_scope *scope, const char *format, ...)
{
	va_list args;
	const char *text;

	va_start(args, format);
	text = sb_arena_vprintf(&scope->diags->arena, format, args);
	va_end(args);
	return text;
}

enum stmboot_status sb_diags_status(const struct stmboot_diags *diags)
{
	if (diags->arena.failed)
		return STMBOOT_NO_MEMORY;
	return diags->over_limit ? STMBOOT_LIMIT : STMBOOT_OK;
}

bool sb_diags_worst(const struct stmboot_diags *diags, size_t first, int stage,
		    enum stmboot_severity *out)
{
	bool any = false;

	for (size_t i = first; i < diags->count; i++) {
		const struct stmboot_diag *diag = &diags->items[i];

		if (stage != STMBOOT_NO_STAGE && (int)diag->stage != stage)
			continue;
		if (!any || diag->severity > *out)
			*out = diag->severity;
		any = true;
	}
	return any;
}
