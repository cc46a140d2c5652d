/* SPDX-License-Identifier: MIT */
#include "fail.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <stmboot/text.h>

#include "json.h"

/* Escaped text, as much of it as one line of a message should hold. */
static void add_escaped(struct buffer *b, const char *text)
{
	char line[1024];

	stmboot_escape(text, line, sizeof(line));
	buffer_puts(b, line);
}

void complain(const char *subject, const char *message, const char *hint)
{
	struct buffer line = { 0 };

	buffer_puts(&line, "stmboot: ");
	if (subject != NULL) {
		add_escaped(&line, subject);
		buffer_puts(&line, ": ");
	}
	add_escaped(&line, message);
	if (hint != NULL) {
		buffer_puts(&line, "; ");
		add_escaped(&line, hint);
	}
	buffer_puts(&line, "\n");
	buffer_write(&line, STDERR_FILENO);
	buffer_release(&line);
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

int fail_in_state(const struct options *o, const char *subject, const char *message,
		  const char *hint, const char *state)
{
	complain(subject, message, hint);
	if (o->value[OPTION_JSON] != 0)
		say_as_json(subject, message, hint, state);
	return EXIT_NOT_DONE;
}

int fail(const struct options *o, const char *subject, const char *message, const char *hint)
{
	return fail_in_state(o, subject, message, hint, NULL);
}

int fail_refused(const struct options *o, enum stmboot_status status,
		 const struct stmboot_refusal *why)
{
	return fail(o, o->operands[0],
		    why->message[0] != '\0' ? why->message : stmboot_status_text(status),
		    why->hint[0] != '\0' ? why->hint : NULL);
}

static struct trouble trouble_of_system(int error)
{
	const char *hint = NULL;

	if (error == ENOENT || error == ENOTDIR)
		hint = "check the path";
	else if (error == EACCES || error == EPERM)
		hint = "make it readable, or run stmboot as a user who may read it";
	else if (error == EIO)
		hint = "the medium or its reader is failing; copy what can be read first";
	return (struct trouble){ error != 0 ? strerror(error) : "it could not be read", hint };
}

/* A thing that is no image: say what it is. */
static struct trouble trouble_of_content(const char *path)
{
	static const char hint[] = "give the image of a card, a file system or a boot file, or a "
				   "block device";
	struct stat st;

	if (stat(path, &st) != 0)
		return trouble_of_system(errno);
	if (S_ISDIR(st.st_mode))
		return (struct trouble){ "this is a directory", hint };
	if (S_ISCHR(st.st_mode))
		return (struct trouble){ "this is a character device", hint };
	if (S_ISFIFO(st.st_mode) || S_ISSOCK(st.st_mode))
		return (struct trouble){
			"this is a pipe or a socket, which cannot be read at any place", hint
		};
	if (S_ISREG(st.st_mode) && st.st_size == 0)
		return (struct trouble){ "the file is empty", "write or copy the image again" };
	return (struct trouble){
		"not a card: it has no partition table and holds nothing that belongs on one", hint
	};
}

struct trouble trouble_of_open(const char *path, enum stmboot_status status, int error)
{
	switch (status) {
	case STMBOOT_NOT_FOUND:
		return trouble_of_system(ENOENT);
	case STMBOOT_IO:
		return trouble_of_system(error);
	case STMBOOT_NOT_RECOGNISED:
		return trouble_of_content(path);
	case STMBOOT_CORRUPT:
		return (struct trouble){ "the compressed image is damaged",
					 "download or copy it again" };
	case STMBOOT_TRUNCATED:
		return (struct trouble){ "the compressed image is cut short",
					 "download or copy it again" };
	case STMBOOT_LIMIT:
		return (struct trouble){ "unpacked, the image is larger than any card should be",
					 "unpack it by hand to see what it is" };
	case STMBOOT_UNSUPPORTED:
		return (struct trouble){ "this kind of compression is not supported",
					 "unpack it by hand first" };
	default:
		return (struct trouble){ stmboot_status_text(status), NULL };
	}
}

int fail_open(const struct options *o, const char *path, enum stmboot_status status, int error)
{
	struct trouble trouble = trouble_of_open(path, status, error);

	return fail(o, path, trouble.message, trouble.hint);
}

int finish(const struct options *o, struct buffer *result)
{
	return finish_in_state(o, result, NULL, NULL);
}

int finish_in_state(const struct options *o, struct buffer *result, const char *hint,
		    const char *state)
{
	int error = buffer_write(result, STDOUT_FILENO);

	buffer_release(result);
	if (error == ENOMEM)
		return fail_in_state(o, NULL, stmboot_status_text(STMBOOT_NO_MEMORY), hint, state);
	if (error != 0)
		return fail(&(struct options){ 0 }, "standard output", strerror(error), hint);
	return EXIT_DONE;
}
