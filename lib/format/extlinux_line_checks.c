/* SPDX-License-Identifier: MIT */
/* The rules on the lines of an extlinux.conf, and on the one that ends the parse. */
#include "format/extlinux_checks.h"

#include <string.h>

#include "base/hint.h"

/* One line of which the parser noted something. */
struct line {
	const struct sb_extlinux_checks *checks;
	const struct stmboot_extlinux_event *event; /* NULL: the fault that ended the parse */
};

static bool is(const struct line *line, enum stmboot_extlinux_event_kind kind)
{
	return line->event != NULL && line->event->kind == kind;
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

/* Whether the line is the one that ended the parse, for the reason that this code names. */
static bool is_fault(const struct line *line, enum sb_code code)
{
	enum stmboot_extlinux_fault fault = line->checks->conf->fault;

	return line->event == NULL && fault != STMBOOT_EXTLINUX_NO_FAULT &&
	       fault_texts[fault].code == code;
}

/* In the file that the line is in, which may be an included one. */
static struct sb_scope file_scope(const struct sb_extlinux_checks *c,
				  const struct stmboot_extlinux_text *at)
{
	struct sb_scope scope = c->scope;

	if (at->file != 0)
		scope.path = c->conf->files[at->file].path;
	return scope;
}

static const char *edit_hint(const struct line *line, const struct stmboot_extlinux_text *at,
			     const char *what)
{
	const struct sb_scope scope = file_scope(line->checks, at);

	return sb_hint_edit(&scope, what);
}

/* The hint to take a line out. */
static const char *remove_hint(const struct line *line, const char *what)
{
	const struct sb_scope scope = file_scope(line->checks, &line->event->at);
	const char *script = sb_text(&scope, "%ud", line->event->at.line);

	return script != NULL ? sb_hint_sed(&scope, script, what) : NULL;
}

static void report_fault(const struct line *line, enum sb_code code)
{
	const struct stmboot_extlinux *conf = line->checks->conf;
	const struct fault_text *text = &fault_texts[conf->fault];

	if (is_fault(line, code))
		sb_extlinux_report(line->checks, code, STMBOOT_ERROR, &conf->fault_at,
				   &(struct sb_finding){
					   .message = text->message,
					   .hint = edit_hint(line, &conf->fault_at, text->hint) });
}

static void check_past_end(const struct line *line)
{
	report_fault(line, SB_EXTLINUX_PAST_END);
}

static void check_initrd_last(const struct line *line)
{
	report_fault(line, SB_EXTLINUX_INITRD_LAST);
}

static void check_label_count(const struct line *line)
{
	report_fault(line, SB_EXTLINUX_TOO_MANY_LABELS);
}

static void check_include(const struct line *line)
{
	report_fault(line, SB_EXTLINUX_INCLUDE);
}

static const struct stmboot_extlinux_event *next_event(const struct sb_extlinux_checks *c,
						       const struct stmboot_extlinux_event *event)
{
	return event + 1 < c->conf->events + c->conf->event_count ? event + 1 : NULL;
}

/* An empty value that is not the end of everything: menu lines, and a prompt that is ignored. */
static void report_empty_value(const struct line *line)
{
	const struct sb_extlinux_checks *c = line->checks;
	const struct stmboot_extlinux_event *event = line->event;
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
				  ? sb_extlinux_file_ceiling(c)
				  : sb_extlinux_label_ceiling(c, event->label);
	sb_extlinux_report(
		c, SB_EXTLINUX_EMPTY_VALUE, ceiling, &event->at,
		&(struct sb_finding){ .message = message,
				      .hint = edit_hint(line, &event->at,
							"write the value, or remove the line") });
}

static void check_empty_value(const struct line *line)
{
	report_fault(line, SB_EXTLINUX_EMPTY_VALUE);
	if (is(line, STMBOOT_EXTLINUX_EVENT_EMPTY_VALUE))
		report_empty_value(line);
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

/* A keyword that this U-Boot does not know ends a label like any other such word. */
static bool ends_label(const struct line *line)
{
	return is(line, STMBOOT_EXTLINUX_EVENT_LABEL_ENDED) ||
	       is(line, STMBOOT_EXTLINUX_EVENT_LABEL_CLOSED) ||
	       (is(line, STMBOOT_EXTLINUX_EVENT_TOO_NEW) &&
		line->event->label != STMBOOT_EXTLINUX_NONE);
}

static void check_label_end(const struct line *line)
{
	const struct sb_extlinux_checks *c = line->checks;
	const struct stmboot_extlinux_event *event = line->event;
	const char *lost = ends_label(line) ? lost_keywords(c, event->label) : NULL;

	if (lost == NULL)
		return;
	sb_extlinux_report(
		c, SB_EXTLINUX_LABEL_ENDED, sb_extlinux_label_ceiling(c, event->label), &event->at,
		&(struct sb_finding){
			.message = sb_text(&c->scope,
					   "this word ends the label %s, and what follows is "
					   "lost: %s",
					   c->conf->labels[event->label].name.text, lost),
			.hint = remove_hint(
				line, "move the line before the first label, or remove it") });
}

/* A word that ends a label behind which nothing is lost does no harm. */
static void check_word(const struct line *line)
{
	bool harmless = is(line, STMBOOT_EXTLINUX_EVENT_LABEL_ENDED);

	if (harmless || is(line, STMBOOT_EXTLINUX_EVENT_UNKNOWN_WORD) ||
	    is(line, STMBOOT_EXTLINUX_EVENT_MENU_IGNORED))
		sb_extlinux_report(line->checks, SB_EXTLINUX_UNKNOWN_WORD,
				   harmless ? STMBOOT_NOTE : STMBOOT_WARNING, &line->event->at,
				   &(struct sb_finding){ .hint = NULL });
}

static bool same_place(const struct stmboot_extlinux_text *a, const struct stmboot_extlinux_text *b)
{
	return a->file == b->file && a->offset == b->offset && a->line == b->line;
}

static void report_duplicate(const struct line *line)
{
	const struct sb_extlinux_checks *c = line->checks;
	const struct stmboot_extlinux_event *event = line->event;
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
		&(struct sb_finding){ .message = message,
				      .hint = remove_hint(line, "remove it, or the one before") });
}

static void check_duplicate(const struct line *line)
{
	if (is(line, STMBOOT_EXTLINUX_EVENT_DUPLICATE))
		report_duplicate(line);
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
static void report_cr(const struct line *line)
{
	const struct sb_extlinux_checks *c = line->checks;
	const struct stmboot_extlinux_event *event = line->event;
	const struct sb_scope file = file_scope(c, &event->at);
	struct sb_extlinux_checks at_stage = *c;
	bool kernel = kernel_ends_in_cr(c->conf);
	bool stops = c->options.boots == STMBOOT_EXTLINUX_NONE && (kernel || !c->usable);

	if (stops && kernel)
		at_stage.scope.stage = STMBOOT_STAGE_KERNEL;
	sb_extlinux_report(&at_stage, SB_EXTLINUX_CARRIAGE_RETURN,
			   stops ? STMBOOT_ERROR : STMBOOT_WARNING, &event->at,
			   &(struct sb_finding){ .expected = "LF alone at the end of each line",
						 .hint = sb_hint_sed(&file, "\"s/\\r$//\"",
								     "take the CR away") });
}

static void check_cr(const struct line *line)
{
	if (is(line, STMBOOT_EXTLINUX_EVENT_CARRIAGE_RETURN))
		report_cr(line);
}

static void report_trailing_blanks(const struct line *line)
{
	const struct sb_extlinux_checks *c = line->checks;
	const struct stmboot_extlinux_event *event = line->event;
	const struct sb_scope file = file_scope(c, &event->at);
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
			.hint = sb_hint_sed(
				&file, sb_text(&file, "\"%us/[[:blank:]]*$//\"", event->at.line),
				"remove them") });
}

static void check_trailing_blanks(const struct line *line)
{
	if (is(line, STMBOOT_EXTLINUX_EVENT_TRAILING_BLANKS))
		report_trailing_blanks(line);
}

static void check_prompt(const struct line *line)
{
	const struct stmboot_extlinux *conf = line->checks->conf;
	bool off = conf->prompt.text != NULL && conf->prompt.text[0] == '0';

	if (is(line, STMBOOT_EXTLINUX_EVENT_PROMPT_IGNORED))
		sb_extlinux_report(
			line->checks, SB_EXTLINUX_PROMPT_IGNORED,
			off && !conf->menu_shown ? STMBOOT_NOTE : STMBOOT_WARNING, &line->event->at,
			&(struct sb_finding){ .hint = remove_hint(line, "remove the line") });
}

/* An event that is a finding, whatever else is true. */
static void report_event(const struct line *line, enum stmboot_extlinux_event_kind kind,
			 enum sb_code code, const char *hint)
{
	if (is(line, kind))
		sb_extlinux_report(
			line->checks, code, STMBOOT_WARNING, &line->event->at,
			&(struct sb_finding){ .hint = edit_hint(line, &line->event->at, hint) });
}

static void check_replaced(const struct line *line)
{
	report_event(line, STMBOOT_EXTLINUX_EVENT_REPLACED, SB_EXTLINUX_VALUE_REPLACED,
		     "remove the line that does not count");
}

static void check_number(const struct line *line)
{
	report_event(line, STMBOOT_EXTLINUX_EVENT_NOT_A_NUMBER, SB_EXTLINUX_NOT_A_NUMBER,
		     "write a decimal number");
}

static void check_nul(const struct line *line)
{
	if (is(line, STMBOOT_EXTLINUX_EVENT_NUL))
		sb_extlinux_report(
			line->checks, SB_EXTLINUX_NUL_BYTE, STMBOOT_WARNING, &line->event->at,
			&(struct sb_finding){ .found = "a NUL byte",
					      .hint = edit_hint(line, &line->event->at,
								"write the file again") });
}

static void check_space(const struct line *line)
{
	report_event(line, STMBOOT_EXTLINUX_EVENT_ODD_SPACE, SB_EXTLINUX_ODD_SPACE,
		     "use spaces or tabs");
}

static void check_include_end(const struct line *line)
{
	report_event(line, STMBOOT_EXTLINUX_EVENT_INCLUDE_OVERLAP, SB_EXTLINUX_INCLUDE_OVERLAP,
		     "add a line feed at the end of the file");
}

static void check_keyword(const struct line *line)
{
	report_event(line, STMBOOT_EXTLINUX_EVENT_TOO_NEW, SB_EXTLINUX_KEYWORD_TOO_NEW,
		     "use the older keyword, or a newer U-Boot");
}

/* Behind a label that was ended early it is part of that finding. */
static void check_outside_label(const struct line *line)
{
	if (line->event != NULL && line->event->label == STMBOOT_EXTLINUX_NONE)
		report_event(line, STMBOOT_EXTLINUX_EVENT_OUTSIDE_LABEL, SB_EXTLINUX_OUTSIDE_LABEL,
			     "move the line into a label");
}

static void check_bom(const struct line *line)
{
	const struct sb_extlinux_checks *c = line->checks;
	struct sb_scope file;

	if (!is(line, STMBOOT_EXTLINUX_EVENT_BOM))
		return;
	file = file_scope(c, &line->event->at);
	sb_extlinux_report(
		c, SB_EXTLINUX_BYTE_ORDER_MARK, sb_extlinux_file_ceiling(c), &line->event->at,
		&(struct sb_finding){ .found = "EF BB BF",
				      .expected = "a keyword or a comment",
				      .hint = sb_hint_sed(&file, "\"1s/^\\xEF\\xBB\\xBF//\"",
							  "remove the first three bytes") });
}

/* clang-format off */
static const SB_RULE(const struct line *) rows[] = {
	{ SB_EXTLINUX_PAST_END, check_past_end },
	{ SB_EXTLINUX_INITRD_LAST, check_initrd_last },
	{ SB_EXTLINUX_TOO_MANY_LABELS, check_label_count },
	{ SB_EXTLINUX_INCLUDE, check_include },
	{ SB_EXTLINUX_EMPTY_VALUE, check_empty_value },
	{ SB_EXTLINUX_KEYWORD_TOO_NEW, check_keyword },
	{ SB_EXTLINUX_LABEL_ENDED, check_label_end },
	{ SB_EXTLINUX_UNKNOWN_WORD, check_word },
	{ SB_EXTLINUX_DUPLICATE_KEY, check_duplicate },
	{ SB_EXTLINUX_OUTSIDE_LABEL, check_outside_label },
	{ SB_EXTLINUX_CARRIAGE_RETURN, check_cr },
	{ SB_EXTLINUX_TRAILING_BLANK, check_trailing_blanks },
	{ SB_EXTLINUX_PROMPT_IGNORED, check_prompt },
	{ SB_EXTLINUX_BYTE_ORDER_MARK, check_bom },
	{ SB_EXTLINUX_VALUE_REPLACED, check_replaced },
	{ SB_EXTLINUX_NOT_A_NUMBER, check_number },
	{ SB_EXTLINUX_NUL_BYTE, check_nul },
	{ SB_EXTLINUX_ODD_SPACE, check_space },
	{ SB_EXTLINUX_INCLUDE_OVERLAP, check_include_end },
};
/* clang-format on */

const struct sb_rules sb_extlinux_line_rules = SB_RULES(rows);

static void check_line(const struct sb_extlinux_checks *c,
		       const struct stmboot_extlinux_event *event)
{
	const struct line line = { c, event };

	for (struct sb_run run = sb_run(&sb_extlinux_line_rules, &c->scope); sb_run_next(&run);)
		rows[run.row].check(&line);
}

void sb_extlinux_check_fault(const struct sb_extlinux_checks *c)
{
	check_line(c, NULL);
}

/* The line that ended the parse has its finding already. */
static bool is_of_fault(const struct sb_extlinux_checks *c,
			const struct stmboot_extlinux_event *event)
{
	return c->conf->fault != STMBOOT_EXTLINUX_NO_FAULT &&
	       event->at.file == c->conf->fault_at.file && event->at.line == c->conf->fault_at.line;
}

void sb_extlinux_check_lines(const struct sb_extlinux_checks *c)
{
	for (size_t i = 0; i < c->conf->event_count; i++)
		if (!is_of_fault(c, &c->conf->events[i]))
			check_line(c, &c->conf->events[i]);
}
