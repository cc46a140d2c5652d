/* SPDX-License-Identifier: MIT */
/* Files and block devices of the host, opened for reading. */
#include "source/host.h"
#include "source/source.h"

enum stmboot_status sb_source_from_fd(struct stmboot_context *ctx, int fd,
				      struct stmboot_source **out)
{
	return sb_host_source(ctx, &sb_host_posix, fd, true, out);
}

enum stmboot_status stmboot_source_open_file(struct stmboot_context *ctx, const char *path,
					     struct stmboot_source **out)
{
	const struct sb_host *host = &sb_host_posix;
	int file;
	enum stmboot_status status = host->open(host->self, path, SB_HOST_READ, &file);

	if (status != STMBOOT_OK)
		return status;
	status = sb_host_source(ctx, host, file, true, out);
	if (status != STMBOOT_OK)
		host->close(host->self, file);
	return status;
}
