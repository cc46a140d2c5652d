/* SPDX-License-Identifier: MIT */
/* A file inside an image, changed with the editor of its user. */
#include "cmd_fs_edit.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cmd.h"
#include "edit.h"
#include "fail.h"
#include "wall.h"

enum { PATH_ROOM = 4096, CHUNK = 64 << 10, MOST_BYTES = 64 << 20 };

void refuse_system(struct stmboot_refusal *why, const char *what)
{
	(void)snprintf(why->message, sizeof(why->message), "%s: %s", what, strerror(errno));
}

/* A file of its own in a folder of its own, which nobody else can read. */
struct draft {
	char folder[PATH_ROOM];
	char path[PATH_ROOM];
};

/* Its name tells an editor what it is; one that a shell or an editor could misread does not. */
static const char *safe_name(const char *place)
{
	static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
				    "0123456789._-";
	const char *slash = strrchr(place, '/');
	const char *name = slash != NULL ? slash + 1 : place;
	size_t length = strlen(name);

	return length != 0 && length <= 255 && name[0] != '-' && name[0] != '.' &&
			       strspn(name, plain) == length
		       ? name
		       : "file";
}

static bool make_folder(struct draft *draft, const char *place)
{
	const char *top = getenv("TMPDIR");
	int length = snprintf(draft->folder, sizeof(draft->folder), "%s/stmboot-XXXXXX",
			      top != NULL && top[0] == '/' ? top : "/tmp");

	if (length < 0 || length >= PATH_ROOM - 300) {
		errno = ENAMETOOLONG;
		return false;
	}
	if (mkdtemp(draft->folder) == NULL)
		return false;
	(void)snprintf(draft->path, sizeof(draft->path), "%.*s/%s", PATH_ROOM - 300, draft->folder,
		       safe_name(place));
	return true;
}

/* With whatever the editor left beside it. To look for that may fail, without memory too. */
static void remove_draft(const struct draft *draft)
{
	const struct dirent *entry;
	DIR *folder;

	(void)unlink(draft->path);
	folder = opendir(draft->folder);
	while (folder != NULL && (entry = readdir(folder)) != NULL)
		if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0)
			(void)unlinkat(dirfd(folder), entry->d_name, 0);
	if (folder != NULL)
		(void)closedir(folder);
	(void)rmdir(draft->folder);
}

static bool write_all(int file, const char *data, size_t size)
{
	while (size > 0) {
		ssize_t done = write(file, data, size);

		if (done < 0 && errno == EINTR)
			continue;
		if (done < 0)
			return false;
		data += done;
		size -= (size_t)done;
	}
	return true;
}

/* All of a source; the caller frees it. */
static enum stmboot_status load(struct stmboot_source *src, char **data, size_t *size)
{
	uint64_t bytes = stmboot_source_size(src);
	enum stmboot_status status;

	if (bytes > MOST_BYTES)
		return STMBOOT_LIMIT;
	*size = (size_t)bytes;
	*data = malloc(*size + 1);
	if (*data == NULL)
		return STMBOOT_NO_MEMORY;
	status = stmboot_source_read(src, 0, *data, *size);
	if (status != STMBOOT_OK) {
		free(*data);
		*data = NULL;
	}
	return status;
}

static enum stmboot_status write_draft(const struct draft *draft, const char *data, size_t size,
				       struct stmboot_refusal *why)
{
	int file = open(draft->path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	bool good = file >= 0 && write_all(file, data, size);

	if (!good)
		refuse_system(why, "could not write a file for the editor");
	if (file >= 0)
		(void)close(file);
	return good ? STMBOOT_OK : STMBOOT_IO;
}

/* An editor may have put another file in its place. */
static enum stmboot_status read_draft(const struct draft *draft, char **data, size_t *size,
				      struct stmboot_refusal *why)
{
	struct stmboot_context *ctx = NULL;
	struct stmboot_source *src = NULL;
	enum stmboot_status status = stmboot_context_new(NULL, &ctx);

	if (status == STMBOOT_OK)
		status = stmboot_source_open_file(ctx, draft->path, &src);
	if (status == STMBOOT_NOT_FOUND || status == STMBOOT_IO)
		refuse_system(why, "could not read what the editor saved");
	if (status == STMBOOT_OK)
		status = load(src, data, size);
	if (status == STMBOOT_LIMIT)
		(void)snprintf(why->message, sizeof(why->message),
			       "what the editor saved is too large: more than %d MiB",
			       MOST_BYTES >> 20);
	stmboot_source_close(src);
	stmboot_context_free(ctx);
	return status;
}

static const char *editor(void)
{
	static const char *const variables[] = { "VISUAL", "EDITOR" };

	for (size_t i = 0; i < 2; i++) {
		const char *value = getenv(variables[i]);

		if (value != NULL && value[0] != '\0')
			return value;
	}
	return "vi";
}

/* Through a shell, as everybody does: the variable may hold arguments. */
static _Noreturn void become_editor(const char *path)
{
	char command[PATH_ROOM];
	int length = snprintf(command, sizeof(command), "%s \"$@\"", editor());

	(void)signal(SIGPIPE, SIG_DFL);
	if (length > 0 && length < PATH_ROOM)
		(void)execl("/bin/sh", "sh", "-c", command, editor(), path, (char *)NULL);
	_exit(127);
}

/* What a terminal sends is for the editor alone meanwhile. Gives its status, or -1. */
static int wait_for_editor(const struct draft *draft)
{
	const struct sigaction ignore = { .sa_handler = SIG_IGN };
	struct sigaction interrupt, quit;
	int status = 0;
	pid_t child = fork();

	if (child == 0)
		become_editor(draft->path);
	if (child < 0)
		return -1;
	(void)sigaction(SIGINT, &ignore, &interrupt);
	(void)sigaction(SIGQUIT, &ignore, &quit);
	while (waitpid(child, &status, 0) < 0 && status != -1)
		if (errno != EINTR)
			status = -1;
	(void)sigaction(SIGINT, &interrupt, NULL);
	(void)sigaction(SIGQUIT, &quit, NULL);
	return status;
}

static enum stmboot_status run_editor(const struct draft *draft, struct stmboot_refusal *why)
{
	int status = wait_for_editor(draft);

	if (status < 0) {
		refuse_system(why, "could not run the editor");
		return STMBOOT_IO;
	}
	if (WIFEXITED(status) && WEXITSTATUS(status) == 0)
		return STMBOOT_OK;
	(void)snprintf(why->message, sizeof(why->message), "the editor failed: %s", editor());
	(void)snprintf(why->hint, sizeof(why->hint), "set VISUAL or EDITOR to the one to be used");
	return STMBOOT_CANCELLED;
}

/* What stands in a file, and what is to stand there. */
struct content {
	char *old, *data;
	size_t old_size, size;
};

/* Inside: the content of a file before. */
static enum stmboot_status load_place(struct stmboot_boot_edit *edit, const struct options *o,
				      struct content *content, struct stmboot_refusal *why)
{
	struct stmboot_file_ref place;
	struct stmboot_source *src = NULL;
	enum stmboot_status status = stmboot_boot_edit_follow(edit, why);

	if (status == STMBOOT_OK)
		status = place_of(edit, o->operands[1], why, &place);
	if (status == STMBOOT_OK)
		status = stmboot_fs_edit_open(edit, &place, why, &src);
	if (status != STMBOOT_OK)
		return status;
	status = load(src, &content->old, &content->old_size);
	if (status == STMBOOT_LIMIT)
		(void)snprintf(why->message, sizeof(why->message),
			       "'%s' is too large for an editor: more than %d MiB", place.path,
			       MOST_BYTES >> 20);
	stmboot_source_close(src);
	return status;
}

static int tell_content(struct wall *wall, const struct edit_session *session)
{
	struct content content = { .old = NULL };
	struct stmboot_refusal why = { .message = "" };
	enum stmboot_status status;

	errno = 0;
	status = load_place(session->edit, session->o, &content, &why);
	if (status != STMBOOT_OK)
		return edit_fail(session->o, status, &why, errno, "unchanged");
	if (!wall_send(wall, &content.old_size, sizeof(content.old_size)) ||
	    !wall_send(wall, content.old, content.old_size))
		wall_abandon(wall);
	free(content.old);
	return EXIT_DONE;
}

/* Outside: what the inside tells, or nothing. */
static void hear_content(struct wall *wall, struct content *content)
{
	size_t size = 0;

	if (!wall_receive(wall, &size, sizeof(size)) || size > MOST_BYTES)
		return;
	content->old = malloc(size + 1);
	content->old_size = size;
	if (content->old != NULL && !wall_receive(wall, content->old, size)) {
		free(content->old);
		content->old = NULL;
	}
}

static enum stmboot_status edit_draft(const struct draft *draft, struct content *content,
				      struct stmboot_refusal *why)
{
	enum stmboot_status status = write_draft(draft, content->old, content->old_size, why);

	if (status == STMBOOT_OK)
		status = run_editor(draft, why);
	if (status == STMBOOT_OK)
		status = read_draft(draft, &content->data, &content->size, why);
	return status;
}

static enum stmboot_status ask_editor(const struct options *o, struct content *content,
				      struct stmboot_refusal *why)
{
	struct draft draft;
	enum stmboot_status status;

	if (content->old == NULL)
		return STMBOOT_NO_MEMORY;
	if (!make_folder(&draft, o->operands[1])) {
		refuse_system(why, "could not make a folder for the editor");
		return STMBOOT_IO;
	}
	status = edit_draft(&draft, content, why);
	remove_draft(&draft);
	return status;
}

static enum stmboot_status put_content(struct stmboot_boot_edit *edit, const struct options *o,
				       void *user, struct stmboot_refusal *why)
{
	const struct content *content = user;
	struct stmboot_file_ref place;
	enum stmboot_status status = place_of(edit, o->operands[1], why, &place);

	if (status != STMBOOT_OK || (content->size == content->old_size &&
				     memcmp(content->data, content->old, content->size) == 0))
		return status;
	return put_bytes(edit, &place, content->data, content->size, why);
}

/* The editor runs outside, between two processes that look into the image. */
static int edit_content(struct edit_session *session, struct content *content)
{
	struct stmboot_refusal why = { .message = "" };
	enum stmboot_status status;
	struct wall wall;
	int result;

	switch (wall_raise(&wall, session->o, session->shared)) {
	case WALL_INSIDE:
		return tell_content(&wall, session);
	case WALL_OUTSIDE:
		hear_content(&wall, content);
		result = wall_finish(&wall, "unchanged");
		break;
	default:
		return wall_fail(session->o);
	}
	if (result != EXIT_DONE)
		return result;
	errno = 0;
	status = ask_editor(session->o, content, &why);
	return status == STMBOOT_OK ? edit_carry_out(session, put_content, content)
				    : edit_fail(session->o, status, &why, errno, "unchanged");
}

int cmd_fs_edit(struct stmboot_context *ctx, const struct options *o)
{
	struct content content = { .old = NULL };
	struct edit_session session;
	int result = edit_begin(&session, ctx, o, false);

	if (result != EXIT_DONE)
		return result;
	result = edit_content(&session, &content);
	edit_end(&session);
	free(content.old);
	free(content.data);
	return result;
}
