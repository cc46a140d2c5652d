/* SPDX-License-Identifier: MIT */
#include "render.h"

#include <string.h>

static void add_json(struct json *j, const struct stmboot_code *code)
{
	json_open(j, NULL, '{');
	json_text(j, "code", code->code);
	json_text(j, "severity", stmboot_severity_text(code->severity));
	json_text(j, "stage", stmboot_stage_text(code->stage));
	json_text(j, "meaning", code->meaning);
	json_text(j, "explanation", code->explanation);
	json_text(j, "source", code->source);
	json_bool(j, "deep", code->deep);
	json_open(j, "prerequisites", '[');
	for (size_t i = 0; code->prerequisites != NULL && code->prerequisites[i] != NULL; i++)
		json_text(j, NULL, code->prerequisites[i]);
	json_close(j, ']');
	json_close(j, '}');
}

static void add_line(struct buffer *out, const struct stmboot_code *code, size_t width)
{
	buffer_puts(out, code->code);
	buffer_pad(out, width - strlen(code->code));
	buffer_printf(out, "  %-7s  %-8s  %-4s  %s\n", stmboot_severity_text(code->severity),
		      stmboot_stage_text(code->stage), code->deep ? "deep" : "", code->meaning);
}

static void add_explanation(struct buffer *out, const struct style *style,
			    const struct stmboot_code *code)
{
	style_begin(style, out, PAINT_STRONG);
	buffer_puts(out, code->code);
	style_end(style, out, PAINT_STRONG);
	buffer_printf(out, " (%s, at %s): ", stmboot_severity_text(code->severity),
		      stmboot_stage_text(code->stage));
	buffer_printf(out, "%s\n\n  ", code->meaning);
	style_wrap(style, out, code->explanation, 2, 2);
	buffer_puts(out, "\n\n  decided by: ");
	style_wrap(style, out, code->source, 14, 4);
	buffer_puts(out, "\n");
	if (code->deep)
		buffer_puts(out, "  only a deep look finds it\n");
	for (size_t i = 0; code->prerequisites != NULL && code->prerequisites[i] != NULL; i++)
		buffer_printf(out, "%s%s", i == 0 ? "  not looked for where there is: " : ", ",
			      code->prerequisites[i]);
	if (code->prerequisites != NULL)
		buffer_puts(out, "\n");
}

static size_t longest_code(void)
{
	size_t width = 0;

	for (size_t i = 0; i < stmboot_code_count(); i++) {
		size_t length = strlen(stmboot_code_at(i)->code);

		width = length > width ? length : width;
	}
	return width;
}

/* Whether the code was asked for; --list asks for all. */
static bool is_asked(const struct options *o, const struct stmboot_code *code)
{
	if (o->value[OPTION_LIST] != 0)
		return true;
	for (size_t i = 0; i < o->word_count; i++)
		if (o->words[i].option == OPTION_EXPLAIN &&
		    strcmp(o->words[i].word, code->code) == 0)
			return true;
	return false;
}

void render_codes(struct buffer *out, const struct options *o)
{
	const struct style style = style_choose((enum color_choice)o->value[OPTION_COLOR]);
	bool as_json = o->value[OPTION_JSON] != 0;
	size_t width = longest_code();
	struct json j = { .out = out };

	if (as_json) {
		json_open(&j, NULL, '{');
		json_text(&j, "schema", "stmboot.codes/1");
		json_open(&j, "codes", '[');
	}
	for (size_t i = 0; i < stmboot_code_count(); i++) {
		const struct stmboot_code *code = stmboot_code_at(i);

		if (!is_asked(o, code))
			continue;
		if (as_json)
			add_json(&j, code);
		else if (o->value[OPTION_LIST] != 0)
			add_line(out, code, width);
		else
			add_explanation(out, &style, code);
	}
	if (as_json) {
		json_close(&j, ']');
		json_close(&j, '}');
	}
}
