/* SPDX-License-Identifier: MIT */
#include "base/diag.h"

#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "base/context.h"
#include "base/hint.h"

enum { NO_DIAG = -1 };

struct stmboot_diags {
	struct sb_arena arena;
	struct stmboot_diag *items;
	size_t count;
	size_t capacity;
	ptrdiff_t cut;                /* the one that says that others are left out, or NO_DIAG */
	size_t left_out;              /* how many */
	size_t counts[SB_CODE_COUNT]; /* of the items with each code */
	size_t *left_marks; /* of each code: the mark behind the last one that was left out */
	char left_text[64];
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
	diags->cut = NO_DIAG;
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

enum sb_code sb_code_of(const struct stmboot_code *about)
{
	return (enum sb_code)(about - catalogue);
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
	const struct stmboot_code *known = stmboot_code_find(code);

	return known != NULL ? diags->counts[sb_code_of(known)] : 0;
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

/* What others are left out behind may be one that is wanted. */
static bool is_selected(const struct stmboot_selection *selection, const char *code, bool is_cut)
{
	return (selection->only_count == 0 || is_cut ||
		matches_any(code, selection->only, selection->only_count)) &&
	       !matches_any(code, selection->ignore, selection->ignore_count);
}

void stmboot_diags_select(struct stmboot_diags *diags, const struct stmboot_selection *selection)
{
	const ptrdiff_t cut = diags->cut;
	size_t kept = 0;

	if (selection == NULL)
		return;
	diags->cut = NO_DIAG;
	for (size_t i = 0; i < diags->count; i++) {
		const struct stmboot_code *about = stmboot_code_find(diags->items[i].code);
		bool is_cut = (ptrdiff_t)i == cut;

		if (!is_selected(selection, diags->items[i].code, is_cut)) {
			if (about != NULL)
				diags->counts[sb_code_of(about)]--;
			continue;
		}
		if (is_cut)
			diags->cut = (ptrdiff_t)kept;
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
				  .first = sb_diags_mark(diags) };
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

static struct stmboot_diag *push(struct stmboot_diags *diags, enum sb_code code)
{
	struct stmboot_diag *diag = sb_arena_push(&diags->arena, &diags->items, &diags->count,
						  &diags->capacity, sizeof(struct stmboot_diag));

	if (diag != NULL)
		diags->counts[code]++;
	return diag;
}

static enum stmboot_severity severity_of(const struct sb_scope *scope,
					 const struct stmboot_code *about)
{
	return about->severity < scope->ceiling ? about->severity : scope->ceiling;
}

/* The finding that says that there are others, which nobody would see. */
static struct stmboot_diag *cut_of(struct stmboot_diags *diags, enum stmboot_stage stage)
{
	const struct stmboot_code *about = &catalogue[SB_IMAGE_TOO_MANY_FINDINGS];
	struct stmboot_diag *diag;

	if (diags->cut != NO_DIAG)
		return &diags->items[diags->cut];
	diag = push(diags, SB_IMAGE_TOO_MANY_FINDINGS);
	if (diag == NULL)
		return NULL;
	diags->cut = (ptrdiff_t)diags->count - 1;
	*diag = (struct stmboot_diag){ .code = about->code,
				       .severity = about->severity,
				       .stage = stage,
				       .place = { .partition = STMBOOT_NO_PARTITION },
				       .message = about->meaning };
	return diag;
}

void sb_report_more(const struct sb_scope *scope)
{
	(void)cut_of(scope->diags, stage_of(scope, &catalogue[SB_IMAGE_TOO_MANY_FINDINGS]));
}

/* It counts as what is worst among them, where that comes first: so the verdict stays right. */
static void leave_out(const struct sb_scope *scope, enum sb_code code)
{
	struct stmboot_diags *diags = scope->diags;
	const struct stmboot_code *about = &catalogue[code];
	enum stmboot_severity severity = severity_of(scope, about);
	enum stmboot_stage stage = stage_of(scope, about);
	struct stmboot_diag *cut = cut_of(diags, stage);

	diags->left_out++;
	if (diags->left_marks == NULL)
		diags->left_marks =
			sb_arena_array(&diags->arena, SB_CODE_COUNT, sizeof(*diags->left_marks));
	if (diags->left_marks != NULL)
		diags->left_marks[code] = sb_diags_mark(diags);
	if (cut == NULL)
		return;
	if (severity > cut->severity || (severity == cut->severity && stage < cut->stage)) {
		cut->severity = severity;
		cut->stage = stage;
	}
	(void)snprintf(diags->left_text, sizeof(diags->left_text), "%zu more", diags->left_out);
	cut->found = diags->left_text;
}

void sb_report(const struct sb_scope *scope, enum sb_code code, const struct sb_finding *f)
{
	struct stmboot_diags *diags = scope->diags;
	struct sb_arena *arena = &diags->arena;
	const struct stmboot_code *about = &catalogue[code];
	enum stmboot_severity severity = severity_of(scope, about);
	bool has_remedy = scope->remedy != NULL && severity > STMBOOT_NOTE;
	struct stmboot_diag *diag;

	if (diags->left_out > 0 ||
	    diags->count - (diags->cut != NO_DIAG) >= sb_limits(arena->ctx)->max_findings) {
		leave_out(scope, code);
		return;
	}
	diag = push(diags, code);
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

static bool is_code(const struct stmboot_diag *diag, enum sb_code code)
{
	return strcmp(diag->code, catalogue[code].code) == 0;
}

void sb_diags_remark(struct stmboot_diags *diags, size_t first, const enum sb_code *codes,
		     size_t count, const char *remark)
{
	for (size_t i = first; i < diags->count; i++) {
		struct stmboot_diag *diag = &diags->items[i];

		for (size_t k = 0; k < count; k++) {
			const char *message;

			if (!is_code(diag, codes[k]))
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
		if (is_code(&diags->items[i], code))
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
	return diags->left_out > 0 ? STMBOOT_LIMIT : STMBOOT_OK;
}

size_t sb_diags_mark(const struct stmboot_diags *diags)
{
	return diags->count + diags->left_out;
}

bool sb_diags_has(const struct stmboot_diags *diags, size_t first, enum sb_code code)
{
	for (size_t i = first; i < diags->count; i++)
		if (is_code(&diags->items[i], code))
			return true;
	return diags->left_marks != NULL && diags->left_marks[code] > first;
}

bool sb_diags_worst(const struct stmboot_diags *diags, size_t first, int stage,
		    enum stmboot_severity *out)
{
	bool any = false;

	/* the one that stands for what is left out stands for all of it */
	if (diags->left_out > 0 && diags->cut != NO_DIAG)
		first = first < (size_t)diags->cut ? first : (size_t)diags->cut;
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
