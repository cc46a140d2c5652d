/* SPDX-License-Identifier: MIT */
/*
 * What e2fsprogs say of an image with what is staged for it, which is written
 * for the question and taken back.
 */
#ifndef EXT4_ORACLE_H
#define EXT4_ORACLE_H

#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "ext4_medium.h"
#include "source/overlay.h"

/*
 * Write what is staged to an image, and keep what stood there in `kept`; or
 * take it back.
 */
static inline void oracle_write(const char *image, struct sb_overlay *overlay, uint8_t *kept,
				bool back)
{
	struct sb_extent extent = { 0 };
	char name[64];
	int fd;

	snprintf(name, sizeof(name), "%s.img", image);
	fd = open(in_folder(name), O_RDWR);
	cr_assert_geq(fd, 0);
	while (sb_overlay_next(overlay, extent.offset + extent.length, false, &extent) ==
	       STMBOOT_OK) {
		/* Past the cache of the overlay, which is to hold what stood there. */
		if (!back)
			cr_assert_eq(pread(fd, kept, extent.length, (off_t)extent.offset),
				     (ssize_t)extent.length);
		cr_assert_eq(pwrite(fd, back ? kept : extent.new_bytes, extent.length,
				    (off_t)extent.offset),
			     (ssize_t)extent.length);
		kept += extent.length;
	}
	close(fd);
}

/* What a command prints about the image NAME.img, which it finds in its directory. */
static inline char *oracle_ask(const char *image, struct sb_overlay *overlay, const char *command)
{
	uint8_t *kept = malloc((size_t)sb_overlay_pending(overlay) + 1);
	size_t size = strlen(command) + 128, used = 0, room = 1 << 16;
	char *line = malloc(size), *answer = malloc(room);
	FILE *pipe;

	cr_assert(kept != NULL && line != NULL && answer != NULL);
	snprintf(line, size,
		 "cd \"$STMBOOT_EXT4_IMAGES\" && PATH=$PATH:/sbin:/usr/sbin && { %s; } 2>&1",
		 command);
	oracle_write(image, overlay, kept, false);
	pipe = popen(line, "r");
	cr_assert_not_null(pipe);
	for (;;) {
		size_t got = fread(answer + used, 1, room - 1 - used, pipe);

		if (got == 0)
			break;
		used += got;
		if (room - 1 == used) {
			room *= 2;
			answer = realloc(answer, room);
			cr_assert_not_null(answer);
		}
	}
	answer[used] = '\0';
	pclose(pipe);
	oracle_write(image, overlay, kept, true);
	free(line);
	free(kept);
	return answer;
}

/* e2fsck exits with 0 whatever a question it answers itself is about: it must ask none. */
static inline void oracle_expect_clean(const char *image, struct sb_overlay *overlay,
				       const char *what)
{
	char command[256];
	char *said;

	snprintf(command, sizeof(command),
		 "e2fsck -fn %s.img 2>&1 | "
		 "grep -vE '^(e2fsck [0-9]|Pass [1-5]: |.*: [0-9]+/[0-9]+ files )'",
		 image);
	said = oracle_ask(image, overlay, command);
	cr_expect_str_empty(said, "%s, %s: e2fsck says %s", image, what, said);
	free(said);
}

/* What debugfs answers holds `wanted`. */
static inline void oracle_expect_debugfs(const char *image, struct sb_overlay *overlay,
					 const char *request, const char *wanted)
{
	char command[512];
	char *said;

	snprintf(command, sizeof(command), "debugfs -R '%s' %s.img", request, image);
	said = oracle_ask(image, overlay, command);
	cr_expect(strstr(said, wanted), "%s, %s: %s", image, request, said);
	free(said);
}

#endif
