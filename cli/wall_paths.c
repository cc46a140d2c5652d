/* SPDX-License-Identifier: MIT */
/* Landlock: see Documentation/userspace-api/landlock.rst in the Linux source. */
#include "wall_filter.h"

#ifdef WALL_LANDLOCK

#include <fcntl.h>
#include <linux/landlock.h>
#include <stdint.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

/* Since version 2 a link may be made in another folder, since 3 a file is kept from being cut. */
#define ACCESS_REFER    (UINT64_C(1) << 13)
#define ACCESS_TRUNCATE (UINT64_C(1) << 14)
#define ACCESS_FIRST    ((UINT64_C(1) << 13) - 1)

static const uint64_t of_files = LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_WRITE_FILE |
				 LANDLOCK_ACCESS_FS_EXECUTE | ACCESS_TRUNCATE;

static long version(void)
{
	return syscall(__NR_landlock_create_ruleset, NULL, 0, LANDLOCK_CREATE_RULESET_VERSION);
}

/* With version 1 no hard link can be made in another folder than where the file is. */
bool wall_paths_supported(void)
{
	return version() >= 2;
}

static bool allow(int ruleset, const char *path, uint64_t access)
{
	struct landlock_path_beneath_attr rule = { .parent_fd = open(path, O_PATH | O_CLOEXEC) };
	struct stat st;
	bool done;

	if (rule.parent_fd < 0)
		return false;
	done = fstat(rule.parent_fd, &st) == 0;
	rule.allowed_access = S_ISDIR(st.st_mode) ? access : access & of_files;
	done = done &&
	       syscall(__NR_landlock_add_rule, ruleset, LANDLOCK_RULE_PATH_BENEATH, &rule, 0) == 0;
	(void)close(rule.parent_fd);
	return done;
}

void wall_paths_confine(enum wall_gate gate, const char *const *paths, size_t count)
{
	const long found = version();
	const uint64_t all = ACCESS_FIRST | ACCESS_REFER | (found >= 3 ? ACCESS_TRUNCATE : 0);
	const struct landlock_ruleset_attr attributes = { .handled_access_fs = all };
	const uint64_t access = gate == WALL_GATE_READS
					? LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_READ_DIR
					: all & ~(uint64_t)LANDLOCK_ACCESS_FS_EXECUTE;
	bool good = found >= 2;
	int ruleset;

	if (!good)
		return;
	ruleset = (int)syscall(__NR_landlock_create_ruleset, &attributes, sizeof(attributes), 0);
	if (ruleset < 0)
		return;
	for (size_t i = 0; i < count && good; i++)
		good = strcmp(paths[i], "-") == 0 || allow(ruleset, paths[i], access);
	/* What cannot be opened here cannot be opened inside: that is said there, in its words. */
	if (good)
		(void)syscall(__NR_landlock_restrict_self, ruleset, 0);
	(void)close(ruleset);
}

#else

bool wall_paths_supported(void)
{
	return false;
}

void wall_paths_confine(enum wall_gate gate, const char *const *paths, size_t count)
{
	(void)gate;
	(void)paths;
	(void)count;
}

#endif
