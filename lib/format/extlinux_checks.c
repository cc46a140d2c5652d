/* SPDX-License-Identifier: MIT */
/* The rules on an extlinux.conf as a whole; those on a label's values are beside it. */
#include "format/extlinux_checks.h"

#include <string.h>
#include <strings.h>

static const struct stmboot_extlinux_text nowhere = { .text = NULL };

void sb_extlinux_report(const struct sb_extlinux_checks *c, enum sb_code code,
			enum stmboot_severity ceiling, const struct stmboot_extlinux_text *at,
			const struct sb_finding *finding)
{
	struct sb_scope scope = c->scope;
	struct sb_finding f = *finding;

	scope.ceiling = ceiling < scope.ceiling ? ceiling : scope.ceiling;
	if (at->file != 0) {
		scope.path = c->conf->files[at->file].path;
		scope.src = NULL;
	}
	f.line = at->line;
	f.offset = at->offset;
	f.length = at->length;
	if (f.found == NULL)
		f.found = at->text;
	sb_report(&scope, code, &f);
}

enum stmboot_severity sb_extlinux_label_ceiling(const struct sb_extlinux_checks *c, int32_t label)
{
	return c->options.boots == STMBOOT_EXTLINUX_NONE || c->options.boots == label
		       ? STMBOOT_ERROR
		       : STMBOOT_WARNING;
}

static enum stmboot_severity file_ceiling(const struct sb_extlinux_checks *c)
{
	return c->usable ? STMBOOT_WARNING : STMBOOT_ERROR;
}

struct fault_text {
	enum sb_code code;
	const char *message;
	const char *hint;
};

static const struct fault_text fault_texts[] = {
	[STMBOOT_EXTLINUX_EMPTY_VALUE] = { SB_EXTLINUX_EMPTY_VALUE,
					   "a keyword without its value: U-Boot rejects the file",
					   "write the value, or remove the line" },
	[STMBOOT_EXTLINUX_INCLUDE_MISSING] = { SB_EXTLINUX_INCLUDE,
					       "an included file is missing: U-Boot rejects the "
					       "whole configuration",
					       "put the file there, or remove the line" },
	[STMBOOT_EXTLINUX_INCLUDE_DEPTH] = { SB_EXTLINUX_INCLUDE,
					     "files include each other more than 16 deep: U-Boot "
					     "rejects the whole configuration",
					     "break the circle" },
	[STMBOOT_EXTLINUX_INITRD_LAST] = { SB_EXTLINUX_INITRD_LAST,
					   "initrd= is the last word of append: U-Boot crashes "
					   "while it reads the file",
					   "use an initrd line" },
	[STMBOOT_EXTLINUX_APPEND_NULL] = { SB_EXTLINUX_EMPTY_VALUE,
					   "append without a value: U-Boot uses a NULL pointer",
					   "write the arguments, or remove the line" },
	[STMBOOT_EXTLINUX_BAD_FREE] = { SB_EXTLINUX_EMPTY_VALUE,
					"default without a value: U-Boot releases a pointer that "
					"it never set",
					"name a label, or remove the line" },
	[STMBOOT_EXTLINUX_PAST_END] = { SB_EXTLINUX_PAST_END, NULL,
					"write the text of the menu line, or remove it" },
	[STMBOOT_EXTLINUX_LABEL_OVERFLOW] = { SB_EXTLINUX_TOO_MANY_LABELS, NULL,
					      "keep at most 999 labels" },
};

static void check_fault(const struct sb_extlinux_checks *c)
{
	const struct stmboot_extlinux *conf = c->conf;
	const struct fault_text *text = &fault_texts[conf->fault];

	if (conf->fault == STMBOOT_EXTLINUX_NO_FAULT)
		return;
	sb_extlinux_report(c, text->code, STMBOOT_ERROR, &conf->fault_at,
			   &(struct sb_finding){ .message = text->message, .hint = text->hint });
}

static void check_any_label(const struct sb_extlinux_checks *c)
{
	if (c->conf->outcome != STMBOOT_EXTLINUX_READ || c->conf->label_count != 0)
		return;
	sb_extlinux_report(c, SB_EXTLINUX_NO_LABEL, STMBOOT_ERROR, &nowhere,
			   &(struct sb_finding){
				   .no_offset = true,
				   .expected = "a line `label NAME`",
				   .hint = "add a line `label NAME`, and `kernel PATH` below it" });
}

static void check_menu(const struct sb_extlinux_checks *c)
{
	const struct stmboot_extlinux *conf = c->conf;

	if (conf->selection.wait != STMBOOT_EXTLINUX_WAIT_FOREVER)
		return;
	sb_extlinux_report(c, SB_EXTLINUX_ENDLESS_MENU, STMBOOT_ERROR,
			   conf->menu_line.text != NULL ? &conf->menu_line : &conf->prompt,
			   &(struct sb_finding){ .expected = "a timeout, or no menu line",
						 .hint = "add a line `timeout 50` for 5 seconds" });
}

static void check_negative_timeout(const struct sb_extlinux_checks *c)
{
	const struct stmboot_extlinux *conf = c->conf;

	if (!conf->menu_shown || conf->timeout_seconds >= 0 || conf->label_count == 0)
		return;
	sb_extlinux_report(
		c, SB_EXTLINUX_NEGATIVE_TIMEOUT, STMBOOT_WARNING, &conf->timeout,
		&(struct sb_finding){ .expected = "a positive number",
				      .hint = "write `timeout 1` for the shortest wait" });
}

/* Names that a person would take for equal: case and blanks at the end aside. */
static bool looks_like(const char *a, const char *b)
{
	size_t a_length = strlen(a), b_length = strlen(b);

	while (a_length > 0 && strchr(" \t\r", a[a_length - 1]) != NULL)
		a_length--;
	while (b_length > 0 && strchr(" \t\r", b[b_length - 1]) != NULL)
		b_length--;
	return a_length == b_length && strncasecmp(a, b, a_length) == 0;
}

static void check_default(const struct sb_extlinux_checks *c)
{
	const struct stmboot_extlinux *conf = c->conf;
	const char *similar = NULL;

	if (!conf->selection.default_missing)
		return;
	for (size_t i = 0; i < conf->label_count; i++)
		if (looks_like(conf->labels[i].name.text, conf->default_name.text))
			similar = conf->labels[i].name.text;
	sb_extlinux_report(
		c, SB_EXTLINUX_DEFAULT_UNKNOWN, STMBOOT_WARNING, &conf->default_name,
		&(struct sb_finding){
			.expected = similar,
			.hint = similar != NULL
					? "change the line default: capitals and blanks at the "
					  "end count"
					: "change the line default to the name of a label" });
}

static void check_names(const struct sb_extlinux_checks *c)
{
	const struct stmboot_extlinux *conf = c->conf;

	for (size_t i = 0; i < conf->label_count; i++) {
		int32_t last = stmboot_extlinux_find(conf, conf->labels[i].name.text);

		if (last != (int32_t)i)
			sb_extlinux_report(
				c, SB_EXTLINUX_DUPLICATE_LABEL, STMBOOT_WARNING,
				&conf->labels[last].name,
				&(struct sb_finding){
					.message = sb_text(&c->scope,
							   "the label of line %u has the same name",
							   conf->labels[i].name.line),
					.hint = "give one of them another name" });
	}
}

static void check_kernels(const struct sb_extlinux_checks *c)
{
	const struct stmboot_extlinux *conf = c->conf;

	for (size_t i = 0; i < conf->label_count; i++) {
		const struct stmboot_extlinux_label *label = &conf->labels[i];

		if (label->kernel.text != NULL || label->localboot.text != NULL)
			continue;
		sb_extlinux_report(
			c, SB_EXTLINUX_NO_KERNEL, file_ceiling(c), &label->name,
			&(struct sb_finding){ .expected = "a line `kernel PATH` in the label",
					      .hint = "add a line `kernel PATH` to the label" });
	}
}

static bool same_place(const struct stmboot_extlinux_text *a, const struct stmboot_extlinux_text *b)
{
	return a->file == b->file && a->offset == b->offset && a->line == b->line;
}

/* The line that ended the parse has its finding already. */
static bool is_of_fault(const struct sb_extlinux_checks *c,
			const struct stmboot_extlinux_event *event)
{
	return c->conf->fault != STMBOOT_EXTLINUX_NO_FAULT &&
	       event->at.file == c->conf->fault_at.file && event->at.line == c->conf->fault_at.line;
}

static const struct stmboot_extlinux_event *next_event(const struct sb_extlinux_checks *c,
						       const struct stmboot_extlinux_event *event)
{
	return event + 1 < c->conf->events + c->conf->event_count ? event + 1 : NULL;
}

/* An empty value that is not the end of everything: menu lines, and a prompt that is ignored. */
static void check_empty_value(const struct sb_extlinux_checks *c,
			      const struct stmboot_extlinux_event *event)
{
	const struct stmboot_extlinux_event *next = next_event(c, event);
	bool lost = next != NULL && next->kind == STMBOOT_EXTLINUX_EVENT_SWALLOWED;
	enum stmboot_severity ceiling = STMBOOT_WARNING;
	const char *message = "a keyword without its value; this U-Boot ignores the line";

	if (lost)
		message = sb_text(&c->scope,
				  "a keyword without its value: line %u behind it is swallowed",
				  next->at.line);
	if (lost)
		ceiling = event->label == STMBOOT_EXTLINUX_NONE
				  ? file_ceiling(c)
				  : sb_extlinux_label_ceiling(c, event->label);
	sb_extlinux_report(c, SB_EXTLINUX_EMPTY_VALUE, ceiling, &event->at,
			   &(struct sb_finding){ .message = message,
						 .hint = "write the value, or remove the line" });
}

/* Which keywords of the label are lost behind the word that ended it; NULL for none. */
static const char *lost_keywords(const struct sb_extlinux_checks *c, int32_t label)
{
	const char *list = NULL;
	size_t count = 0;

	for (size_t i = 0; i < c->conf->event_count; i++) {
		const struct stmboot_extlinux_event *event = &c->conf->events[i];

		if (event->kind != STMBOOT_EXTLINUX_EVENT_OUTSIDE_LABEL || event->label != label)
			continue;
		if (count++ < 8)
			list = sb_text(&c->scope, "%s%s%s", list != NULL ? list : "",
				       list != NULL ? ", " : "", event->keyword);
	}
	return list;
}

static void check_label_end(const struct sb_extlinux_checks *c,
			    const struct stmboot_extlinux_event *event)
{
	const char *lost = lost_keywords(c, event->label);
	const char *name = c->conf->labels[event->label].name.text;

	if (lost != NULL)
		sb_extlinux_report(
			c, SB_EXTLINUX_LABEL_ENDED, sb_extlinux_label_ceiling(c, event->label),
			&event->at,
			&(struct sb_finding){
				.message =
					sb_text(&c->scope,
						"this word ends the label %s, and what follows is "
						"lost: %s",
						name, lost),
				.hint = "move the line before the first label, or remove it" });
	else if (event->kind == STMBOOT_EXTLINUX_EVENT_LABEL_ENDED)
		sb_extlinux_report(c, SB_EXTLINUX_UNKNOWN_WORD, STMBOOT_NOTE, &event->at,
				   &(struct sb_finding){ .hint = NULL });
}

static void check_duplicate(const struct sb_extlinux_checks *c,
			    const struct stmboot_extlinux_event *event)
{
	const struct stmboot_extlinux_label *label = &c->conf->labels[event->label];
	bool ends = label->ended_by.text != NULL && same_place(&label->ended_by, &event->at);
	const char *lost = ends ? lost_keywords(c, event->label) : NULL;
	enum stmboot_severity ceiling =
		lost != NULL ? sb_extlinux_label_ceiling(c, event->label) : STMBOOT_WARNING;
	const char *message = "a second line of this kind is not read";

	if (lost != NULL)
		message = sb_text(&c->scope,
				  "a second line of this kind ends the label, and what follows is "
				  "lost: %s",
				  lost);
	else if (ends)
		message = "a second line of this kind ends the label";
	sb_extlinux_report(
		c, SB_EXTLINUX_DUPLICATE_KEY, ceiling, &event->at,
		&(struct sb_finding){ .message = message, .hint = "remove one of the two lines" });
}

static bool kernel_ends_in_cr(const struct stmboot_extlinux *conf)
{
	for (size_t i = 0; i < conf->label_count; i++) {
		const char *path = conf->labels[i].kernel.text;
		size_t length = path != NULL ? strlen(path) : 0;

		if (length > 0 && path[length - 1] == '\r')
			return true;
	}
	return false;
}

/* Where labels have their kernel, it is the kernel that U-Boot then does not find. */
static void check_cr(const struct sb_extlinux_checks *c, const struct stmboot_extlinux_event *event)
{
	struct sb_extlinux_checks at_stage = *c;
	bool kernel = kernel_ends_in_cr(c->conf);
	bool stops = c->options.boots == STMBOOT_EXTLINUX_NONE && (kernel || !c->usable);

	if (stops && kernel)
		at_stage.scope.stage = STMBOOT_STAGE_KERNEL;
	sb_extlinux_report(&at_stage, SB_EXTLINUX_CARRIAGE_RETURN,
			   stops ? STMBOOT_ERROR : STMBOOT_WARNING, &event->at,
			   &(struct sb_finding){ .expected = "LF alone at the end of each line",
						 .hint = "rewrite the file with Unix line ends" });
}

static void check_trailing_blanks(const struct sb_extlinux_checks *c,
				  const struct stmboot_extlinux_event *event)
{
	static const char *const harmless[] = { "append", "ipappend", "localboot", "timeout",
						"prompt", "title",    "kaslrseed" };
	const char *last = event->at.text + strlen(event->at.text) - 1;

	for (size_t i = 0; i < sizeof(harmless) / sizeof(harmless[0]); i++)
		if (event->keyword == NULL || strcmp(event->keyword, harmless[i]) == 0)
			return;
	if (*last == ' ' && (strcmp(event->keyword, "fdtoverlays") == 0 ||
			     strcmp(event->keyword, "devicetree-overlay") == 0))
		return;
	sb_extlinux_report(
		c, SB_EXTLINUX_TRAILING_BLANK, STMBOOT_WARNING, &event->at,
		&(struct sb_finding){
			.message = sb_text(&c->scope,
					   "blanks at the end of the value of %s belong to it",
					   event->keyword),
			.hint = "remove them" });
}

static void check_prompt(const struct sb_extlinux_checks *c,
			 const struct stmboot_extlinux_event *event)
{
	bool off = c->conf->prompt.text != NULL && c->conf->prompt.text[0] == '0';

	sb_extlinux_report(c, SB_EXTLINUX_PROMPT_IGNORED,
			   off && !c->conf->menu_shown ? STMBOOT_NOTE : STMBOOT_WARNING, &event->at,
			   &(struct sb_finding){ .hint = "remove the line" });
}

struct event_text {
	enum sb_code code;
	const char *hint;
};

/* Events that are one finding each, whatever else is true. */
static const struct event_text simple_events[] = {
	[STMBOOT_EXTLINUX_EVENT_UNKNOWN_WORD] = { SB_EXTLINUX_UNKNOWN_WORD, NULL },
	[STMBOOT_EXTLINUX_EVENT_MENU_IGNORED] = { SB_EXTLINUX_UNKNOWN_WORD, NULL },
	[STMBOOT_EXTLINUX_EVENT_REPLACED] = { SB_EXTLINUX_VALUE_REPLACED,
					      "remove the line that does not count" },
	[STMBOOT_EXTLINUX_EVENT_NOT_A_NUMBER] = { SB_EXTLINUX_NOT_A_NUMBER,
						  "write a decimal number" },
	[STMBOOT_EXTLINUX_EVENT_NUL] = { SB_EXTLINUX_NUL_BYTE, "write the file again" },
	[STMBOOT_EXTLINUX_EVENT_ODD_SPACE] = { SB_EXTLINUX_ODD_SPACE, "use spaces or tabs" },
	[STMBOOT_EXTLINUX_EVENT_INCLUDE_OVERLAP] = { SB_EXTLINUX_INCLUDE_OVERLAP,
						     "add a line feed at the end of the file" },
	[STMBOOT_EXTLINUX_EVENT_TOO_NEW] = { SB_EXTLINUX_KEYWORD_TOO_NEW,
					     "use the older keyword, or a newer U-Boot" },
};

static void check_simple_event(const struct sb_extlinux_checks *c,
			       const struct stmboot_extlinux_event *event)
{
	const struct event_text *text = &simple_events[event->kind];

	sb_extlinux_report(c, text->code, STMBOOT_WARNING, &event->at,
			   &(struct sb_finding){ .hint = text->hint });
}

static void check_outside_label(const struct sb_extlinux_checks *c,
				const struct stmboot_extlinux_event *event)
{
	/* Behind a label that was ended early it is part of that finding. */
	if (event->label != STMBOOT_EXTLINUX_NONE)
		return;
	sb_extlinux_report(c, SB_EXTLINUX_OUTSIDE_LABEL, STMBOOT_WARNING, &event->at,
			   &(struct sb_finding){ .hint = "move the line into a label" });
}

static void check_bom(const struct sb_extlinux_checks *c,
		      const struct stmboot_extlinux_event *event)
{
	sb_extlinux_report(c, SB_EXTLINUX_BYTE_ORDER_MARK, file_ceiling(c), &event->at,
			   &(struct sb_finding){ .found = "EF BB BF",
						 .expected = "a keyword or a comment",
						 .hint = "remove the first three bytes" });
}

static void check_event(const struct sb_extlinux_checks *c,
			const struct stmboot_extlinux_event *event)
{
	switch (event->kind) {
	case STMBOOT_EXTLINUX_EVENT_EMPTY_VALUE:
		check_empty_value(c, event);
		break;
	case STMBOOT_EXTLINUX_EVENT_LABEL_ENDED:
	case STMBOOT_EXTLINUX_EVENT_LABEL_CLOSED:
		check_label_end(c, event);
		break;
	case STMBOOT_EXTLINUX_EVENT_DUPLICATE:
		check_duplicate(c, event);
		break;
	case STMBOOT_EXTLINUX_EVENT_OUTSIDE_LABEL:
		check_outside_label(c, event);
		break;
	case STMBOOT_EXTLINUX_EVENT_CARRIAGE_RETURN:
		check_cr(c, event);
		break;
	case STMBOOT_EXTLINUX_EVENT_TRAILING_BLANKS:
		check_trailing_blanks(c, event);
		break;
	case STMBOOT_EXTLINUX_EVENT_PROMPT_IGNORED:
		check_prompt(c, event);
		break;
	case STMBOOT_EXTLINUX_EVENT_BOM:
		check_bom(c, event);
		break;
	case STMBOOT_EXTLINUX_EVENT_SWALLOWED:
	case STMBOOT_EXTLINUX_EVENT_INCLUDE:
		break;
	case STMBOOT_EXTLINUX_EVENT_TOO_NEW:
		check_simple_event(c, event);
		if (event->label != STMBOOT_EXTLINUX_NONE)
			check_label_end(c, event);
		break;
	default:
		check_simple_event(c, event);
	}
}

static bool is_usable(const struct stmboot_extlinux *conf, int32_t boots)
{
	if (boots != STMBOOT_EXTLINUX_NONE)
		return true;
	for (size_t i = 0; conf->outcome == STMBOOT_EXTLINUX_READ && i < conf->label_count; i++)
		if (conf->labels[i].kernel.text != NULL || conf->labels[i].localboot.text != NULL)
			return true;
	return false;
}

enum stmboot_status stmboot_extlinux_validate(struct stmboot_context *ctx,
					      const struct stmboot_extlinux *conf,
					      struct stmboot_source *src,
					      const struct stmboot_extlinux_check *check,
					      struct stmboot_diags *diags)
{
	struct sb_extlinux_checks c = { .ctx = ctx, .conf = conf };

	memcpy(&c.options, check,
	       check->struct_size < sizeof(c.options) ? check->struct_size : sizeof(c.options));
	c.scope = sb_scope(diags, src);
	c.scope.partition = c.options.partition;
	c.scope.path = c.options.path;
	c.usable = is_usable(conf, c.options.boots);
	check_fault(&c);
	check_any_label(&c);
	check_menu(&c);
	check_negative_timeout(&c);
	check_default(&c);
	check_names(&c);
	check_kernels(&c);
	for (size_t i = 0; i < conf->event_count; i++)
		if (!is_of_fault(&c, &conf->events[i]))
			check_event(&c, &conf->events[i]);
	sb_extlinux_check_labels(&c);
	return c.status != STMBOOT_OK ? c.status : sb_diags_status(diags);
}
