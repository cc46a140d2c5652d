/* SPDX-License-Identifier: MIT */
/* Why a file of the host could not be opened as an image, in words. */
#include <errno.h>
#include <string.h>
#include <sys/stat.h>

#include <stmboot/source.h>

#include "base/refusal.h"

static void explain_system(int error, struct stmboot_refusal *why)
{
	const char *hint = NULL;

	if (error == ENOENT || error == ENOTDIR)
		hint = "check the path";
	else if (error == EACCES || error == EPERM)
		hint = "make it readable, or run stmboot as a user who may read it";
	else if (error == EIO)
		hint = "the medium or its reader is failing; copy what can be read first";
	else if (error == ENODATA)
		hint = "try again when no other program writes to it";
	sb_refuse_say(why, hint, "%s",
		      error == ENODATA ? "it became shorter while it was read"
		      : error != 0     ? strerror(error)
				       : "it could not be read");
}

/* A thing that is no image: what it is. */
static const char *name_content(const struct stat *st)
{
	if (S_ISDIR(st->st_mode))
		return "this is a directory";
	if (S_ISCHR(st->st_mode))
		return "this is a character device";
	if (S_ISFIFO(st->st_mode) || S_ISSOCK(st->st_mode))
		return "this is a pipe or a socket, which cannot be read at any place";
	return "not a card: it has no partition table and holds nothing that belongs on one";
}

static void explain_content(const char *path, struct stmboot_refusal *why)
{
	struct stat st;

	if (path != NULL && stat(path, &st) != 0)
		explain_system(errno, why);
	else if (path != NULL && S_ISREG(st.st_mode) && st.st_size == 0)
		sb_refuse_say(why, "write or copy the image again", "the file is empty");
	else
		sb_refuse_say(why,
			      "give the image of a card, a file system or a boot file, or a "
			      "block device",
			      "%s",
			      name_content(path != NULL ? &st : &(struct stat){ .st_mode = 0 }));
}

void stmboot_source_explain(const char *path, enum stmboot_status status, int error,
			    struct stmboot_refusal *why)
{
	switch (status) {
	case STMBOOT_NOT_FOUND:
		explain_system(ENOENT, why);
		break;
	case STMBOOT_IO:
		explain_system(error, why);
		break;
	case STMBOOT_NOT_RECOGNISED:
		explain_content(path, why);
		break;
	case STMBOOT_CORRUPT:
		sb_refuse_say(why, "download or copy it again", "the compressed image is damaged");
		break;
	case STMBOOT_TRUNCATED:
		sb_refuse_say(why, "download or copy it again",
			      "the compressed image is cut short");
		break;
	case STMBOOT_LIMIT:
		sb_refuse_say(
			why, "unpack it by hand to see what it is",
			"unpacked, it is larger than what is packed into so little should be");
		break;
	case STMBOOT_UNSUPPORTED:
		sb_refuse_say(why, "unpack it by hand first",
			      "this kind of compression is not supported");
		break;
	default:
		sb_refuse_say(why, NULL, "%s", stmboot_status_text(status));
		break;
	}
}
