/* SPDX-License-Identifier: MIT */
/* The images of a firmware package, as files in a folder. */
#include <stdio.h>

#include "base/context.h"
#include "extract/extract.h"

enum { FILE_NAME = 64 };

/* The folder that the path names, which is made when it is not there. */
static enum stmboot_status open_folder(struct sb_job *job, const char *path,
				       struct stmboot_refusal *why, int *folder)
{
	const struct sb_folders *folders = job->folders;
	char name[SB_NAME_BYTES];
	int parent;
	enum stmboot_status status = folders->open(folders->self, path, folder);

	if (status == STMBOOT_OK)
		return status;
	if (status == STMBOOT_NOT_RECOGNISED)
		return sb_refuse(why, STMBOOT_CONFLICT, "name a folder", "'%s' is no folder", path);
	if (status != STMBOOT_NOT_FOUND)
		return sb_refuse_work(why, status, "open the folder", NULL);
	status = sb_job_open_parent(job, path, why, &parent, name);
	if (status != STMBOOT_OK)
		return status;
	status = folders->make_folder(folders->self, parent, name, 0777);
	if (status == STMBOOT_OK)
		status = folders->enter(folders->self, parent, name, folder);
	if (status != STMBOOT_OK)
		status = sb_job_refuse(job, why, status, "make the folder");
	folders->close(folders->self, parent);
	return status;
}

static enum stmboot_status write_image(struct sb_job *job, struct stmboot_source *src,
				       const struct stmboot_fip_entry *e, int folder,
				       struct stmboot_refusal *why)
{
	struct stmboot_refusal inner = { .message = "" };
	struct stmboot_source *window = NULL;
	char name[FILE_NAME];
	enum stmboot_status status =
		stmboot_source_window(job->ctx, src, e->offset, e->size, &window);

	/* fiptool's name or the UUID: nothing that the medium chooses */
	(void)snprintf(name, sizeof(name), "%s.bin", e->name != NULL ? e->name : e->uuid_text);
	if (status == STMBOOT_OK)
		status = sb_job_write(job, window, folder, name, &inner);
	if (status != STMBOOT_OK)
		sb_refuse_say(why, inner.hint[0] != '\0' ? inner.hint : NULL, "%s: %s", name,
			      inner.message[0] != '\0' ? inner.message
						       : stmboot_status_text(status));
	stmboot_source_close(window);
	return status;
}

static enum stmboot_status check_all(const struct stmboot_fip *fip, struct stmboot_refusal *why)
{
	for (size_t i = 0; i < fip->entry_count; i++) {
		const struct stmboot_fip_entry *e = &fip->entries[i];

		if (!e->fits)
			return sb_refuse(why, STMBOOT_TRUNCATED, "extract the others one by one",
					 "%s reaches past the end of the package",
					 e->name != NULL ? e->name : e->uuid_text);
	}
	return STMBOOT_OK;
}

/* Of two with one UUID TF-A knows the first. */
static bool is_first(const struct stmboot_fip *fip, const struct stmboot_fip_entry *e)
{
	return stmboot_fip_find(fip, e->uuid_text) == e;
}

enum stmboot_status stmboot_extract_fip(struct stmboot_context *ctx, struct stmboot_source *src,
					const struct stmboot_fip *fip, const char *path,
					const struct stmboot_extract_options *options,
					struct stmboot_refusal *why)
{
	struct sb_job *job = sb_job_new(ctx, &sb_host_posix, &sb_folders_posix);
	enum stmboot_status status;
	int folder;

	if (job == NULL)
		return STMBOOT_NO_MEMORY;
	sb_job_spare(job, options != NULL ? options->image : NULL);
	job->budget = stmboot_source_size(src);
	status = check_all(fip, why);
	if (status == STMBOOT_OK)
		status = open_folder(job, path, why, &folder);
	if (status == STMBOOT_OK) {
		for (size_t i = 0; i < fip->entry_count; i++)
			if (is_first(fip, &fip->entries[i]))
				job->total += fip->entries[i].size;
		for (size_t i = 0; i < fip->entry_count && status == STMBOOT_OK; i++)
			if (is_first(fip, &fip->entries[i]))
				status = write_image(job, src, &fip->entries[i], folder, why);
		job->folders->close(job->folders->self, folder);
	}
	sb_free(ctx, job);
	return status;
}
