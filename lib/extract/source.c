/* SPDX-License-Identifier: MIT */
/* What a source holds, as one file. */
#include <string.h>

#include "base/context.h"
#include "extract/extract.h"

enum stmboot_status sb_job_write(struct sb_job *job, struct stmboot_source *src, int folder,
				 const char *name, struct stmboot_refusal *why)
{
	const struct sb_spot spot = { .job = job, .folder = folder, .name = name };
	struct sb_new_file file;
	enum stmboot_status status = sb_new_file_create(&spot, 0666, why, &file);

	if (status != STMBOOT_OK)
		return status;
	status = sb_new_file_fill(&file, src, why);
	if (status == STMBOOT_OK)
		return sb_new_file_finish(&file, true, why);
	sb_new_file_drop(&file);
	return status;
}

enum stmboot_status sb_extract_source(struct stmboot_context *ctx, const struct sb_host *host,
				      const struct sb_folders *folders, struct stmboot_source *src,
				      const char *path,
				      const struct stmboot_extract_options *options,
				      struct stmboot_refusal *why)
{
	struct sb_job *job = sb_job_new(ctx, host, folders);
	char name[SB_NAME_BYTES];
	size_t length = strlen(path);
	int folder;
	enum stmboot_status status;

	if (job == NULL)
		return STMBOOT_NO_MEMORY;
	sb_job_spare(job, options != NULL ? options->image : NULL);
	job->total = stmboot_source_size(src);
	if (length > 0 && path[length - 1] == '/')
		status = sb_refuse(why, STMBOOT_INVALID_ARGUMENT, "name a file",
				   "'%s' is no name for a file", path);
	else
		status = sb_job_open_parent(job, path, why, &folder, name);
	if (status == STMBOOT_OK) {
		status = sb_job_write(job, src, folder, name, why);
		folders->close(folders->self, folder);
	}
	sb_free(ctx, job);
	return status;
}

enum stmboot_status stmboot_extract_source(struct stmboot_context *ctx, struct stmboot_source *src,
					   const char *path,
					   const struct stmboot_extract_options *options,
					   struct stmboot_refusal *why)
{
	return sb_extract_source(ctx, &sb_host_posix, &sb_folders_posix, src, path, options, why);
}
