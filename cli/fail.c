/* SPDX-License-Identifier: MIT */
#include "fail.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <stmboot/source.h>
#include <stmboot/text.h>

#include "json.h"
#include "progress.h"

enum { PART_ROOM = 1024 }; /* as much of a text as one line of a message should hold */

/* In memory that is there: it may be the lack of memory that is said. */
void complain(const struct options *o, const char *subject, const char *message, const char *hint)
{
	char subject_text[PART_ROOM], message_text[PART_ROOM], hint_text[PART_ROOM];
	char line[3 * PART_ROOM + 16];
	int length;

	stmboot_escape(subject, subject_text, sizeof(subject_text));
	stmboot_escape(message, message_text, sizeof(message_text));
	stmboot_escape(hint, hint_text, sizeof(hint_text));
	length = snprintf(line, sizeof(line), "stmboot: %s%s%s%s%s\n", subject_text,
			  subject != NULL ? ": " : "", message_text, hint != NULL ? "; " : "",
			  hint_text);
	progress_clear(o->progress);
	(void)buffer_write(&(struct buffer){ .data = line, .length = (size_t)length },
			   STDERR_FILENO);
}

static void say_as_json(const char *subject, const char *message, const char *hint,
			const char *state)
{
	struct buffer text = { 0 };
	struct buffer out = { 0 };
	struct json j = { .out = &out };

	if (subject != NULL)
		buffer_printf(&text, "%s: ", subject);
	buffer_puts(&text, message);
	json_open(&j, NULL, '{');
	json_text(&j, "schema", "stmboot.error/1");
	json_text(&j, "message", text.data);
	json_text(&j, "hint", hint);
	json_text(&j, "state", state);
	json_close(&j, '}');
	buffer_write(&out, STDOUT_FILENO);
	buffer_release(&out);
	buffer_release(&text);
}

int say_absent(const struct options *o, const char *subject, const char *message, const char *hint)
{
	if (o->value[OPTION_JSON] == 0 && o->value[OPTION_QUIET] == 0)
		complain(o, subject, message, hint);
	return EXIT_ANSWER_NO;
}

int fail_in_state(const struct options *o, const char *subject, const char *message,
		  const char *hint, const char *state)
{
	complain(o, subject, message, hint);
	if (o->value[OPTION_JSON] != 0)
		say_as_json(subject, message, hint, state);
	return EXIT_NOT_DONE;
}

int fail(const struct options *o, const char *subject, const char *message, const char *hint)
{
	return fail_in_state(o, subject, message, hint, NULL);
}

const char *did_you_mean(const char *best, const char *hint, char room[NEAR_ROOM])
{
	if (best == NULL)
		return hint;
	(void)snprintf(room, NEAR_ROOM, "did you mean '%.80s'? %s", best, hint);
	return room;
}

const char *hint_of(const struct stmboot_refusal *why)
{
	return why->hint[0] != '\0' ? why->hint : NULL;
}

int fail_refused(const struct options *o, enum stmboot_status status,
		 const struct stmboot_refusal *why)
{
	return fail(o, o->operands[0],
		    why->message[0] != '\0' ? why->message : stmboot_status_text(status),
		    hint_of(why));
}

const char *image_hint(const struct options *o, const char *hint)
{
	return o->image_behind ? "IMAGE comes before all else" : hint;
}

int fail_open(const struct options *o, const char *path, enum stmboot_status status, int error)
{
	struct stmboot_refusal why;

	stmboot_source_explain(path, status, error, &why);
	return fail(o, path, why.message,
		    status == STMBOOT_NOT_FOUND ? image_hint(o, hint_of(&why)) : hint_of(&why));
}

int finish(const struct options *o, struct buffer *result)
{
	return finish_in_state(o, result, NULL, NULL);
}

int finish_in_state(const struct options *o, struct buffer *result, const char *hint,
		    const char *state)
{
	int error;

	progress_clear(o->progress);
	error = buffer_write(result, STDOUT_FILENO);

	buffer_release(result);
	if (error == ENOMEM)
		return fail_in_state(o, NULL, stmboot_status_text(STMBOOT_NO_MEMORY), hint, state);
	if (error != 0)
		return fail(&(struct options){ 0 }, "standard output", strerror(error), hint);
	return EXIT_DONE;
}
