/* SPDX-License-Identifier: MIT */
/* Where on the host something is to be made: the folder, which is the user's, and a name in it. */
#include <string.h>

#include "extract/extract.h"

/* The last name of a path, without slashes behind it; how long it is. */
static size_t last_name(const char *path, const char **name)
{
	size_t end = strlen(path), start;

	while (end > 0 && path[end - 1] == '/')
		end--;
	for (start = end; start > 0 && path[start - 1] != '/';)
		start--;
	*name = path + start;
	return end - start;
}

static bool is_dots(const char *name, size_t length)
{
	return length <= 2 && strspn(name, ".") >= length;
}

/* The name that what a path leads to has; "" for the root directory. */
static enum stmboot_status own_name(struct sb_extract *x, const char *path, const char **out)
{
	char resolved[STMBOOT_FS_PATH_BYTES];
	const char *name;
	size_t length = last_name(path, &name);
	enum stmboot_status status;

	if (is_dots(name, length)) {
		status = stmboot_fs_resolve(x->fs, path, resolved, sizeof(resolved));
		if (status != STMBOOT_OK)
			return status;
		length = last_name(resolved, &name);
	}
	*out = sb_arena_strndup(x->arena, name, length);
	return *out != NULL ? STMBOOT_OK : STMBOOT_NO_MEMORY;
}

/* Into a folder that is there. */
static enum stmboot_status into(struct sb_extract *x, const char *folder, const char *path,
				struct stmboot_refusal *why)
{
	const char *name = "";
	enum stmboot_status status = own_name(x, path, &name);

	if (status != STMBOOT_OK)
		return status;
	x->name = name[0] != '\0' ? name : NULL;
	if (folder == NULL && x->name == NULL)
		return sb_refuse(why, STMBOOT_INVALID_ARGUMENT,
				 "say where it goes: '.' is the current folder",
				 "the root directory has no name of its own");
	if (folder == NULL)
		x->result->destination = name;
	else if (x->name == NULL)
		x->result->destination = sb_arena_strdup(x->arena, folder);
	else
		x->result->destination =
			sb_arena_printf(x->arena, "%s%s%s", folder,
					folder[strlen(folder) - 1] == '/' ? "" : "/", name);
	return x->result->destination != NULL ? STMBOOT_OK : STMBOOT_NO_MEMORY;
}

enum stmboot_status sb_job_open_folder(struct sb_job *job, const char *path,
				       struct stmboot_refusal *why, int *folder)
{
	enum stmboot_status status = job->folders->open(job->folders->self, path, folder);

	if (status == STMBOOT_NOT_FOUND || status == STMBOOT_NOT_RECOGNISED)
		return sb_refuse(why, status, "make it first, or name another place",
				 "there is no folder '%s'", path);
	if (status != STMBOOT_OK)
		return sb_refuse_work(why, status, "open the folder", NULL);
	return STMBOOT_OK;
}

enum stmboot_status sb_job_open_parent(struct sb_job *job, const char *path,
				       struct stmboot_refusal *why, int *folder,
				       char name[SB_NAME_BYTES])
{
	char parent[SB_PATH_BYTES];
	const char *last;
	size_t length = last_name(path, &last);
	bool fits;

	if (is_dots(last, length) || length >= SB_NAME_BYTES)
		return sb_refuse(why, STMBOOT_INVALID_ARGUMENT, "name a file",
				 "'%s' is no name for a file", path);
	memcpy(name, last, length);
	name[length] = '\0';
	if (last == path)
		fits = sb_path_format(parent, ".");
	else
		fits = sb_path_format(parent, "%.*s", (int)(last - path), path);
	if (!fits)
		return sb_refuse(why, STMBOOT_LIMIT, NULL, "the path is too long");
	return sb_job_open_folder(job, parent, why, folder);
}

/* Under the last name of a path that leads to no folder yet. */
static enum stmboot_status anew(struct sb_extract *x, enum stmboot_fs_type type,
				const char *destination, struct stmboot_refusal *why)
{
	char name[SB_NAME_BYTES];
	size_t length = strlen(destination);
	enum stmboot_status status;

	if (type != STMBOOT_FS_DIRECTORY && length > 0 && destination[length - 1] == '/')
		return sb_refuse(why, STMBOOT_NOT_FOUND, "make it first, or name a file",
				 "there is no folder '%s'", destination);
	status = sb_job_open_parent(x->job, destination, why, &x->parent, name);
	if (status != STMBOOT_OK)
		return status;
	x->name = sb_arena_strdup(x->arena, name);
	x->result->destination = sb_arena_strdup(x->arena, destination);
	return x->arena->failed ? STMBOOT_NO_MEMORY : STMBOOT_OK;
}

enum stmboot_status sb_extract_open(struct sb_extract *x, const char *path,
				    enum stmboot_fs_type type, const char *destination,
				    struct stmboot_refusal *why)
{
	const struct sb_folders *folders = x->job->folders;
	enum stmboot_status status =
		folders->open(folders->self, destination != NULL ? destination : ".", &x->parent);

	if (status == STMBOOT_OK)
		return into(x, destination, path, why);
	if (status != STMBOOT_NOT_FOUND && status != STMBOOT_NOT_RECOGNISED)
		return sb_refuse_work(why, status, "open the folder", NULL);
	return anew(x, type, destination != NULL ? destination : ".", why);
}
