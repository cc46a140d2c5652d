/* SPDX-License-Identifier: MIT */
/* Permissions as chmod takes them; what chmod itself makes of them is asked. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "fs/mode.h"

Test(mode, what_chmod_makes_of_a_mode_is_made)
{
	static const char *const texts[] = {
		"0",  "644",     "0755",  "7777",   "4711",        "u+x",   "go-w",      "a=r",
		"=",  "+x",      "-r",    "u=rwx",  "ug+rw,o-r",   "u+s",   "g+s",       "+t",
		"-t", "u-s",     "a+X",   "u=rwX",  "go=u",        "o=g-w", "u=rw,go=r", "u+x-w",
		"o=", "g=u,u=o", "a-rwx", "+rwxst", "uo=rw,g+w-x",
	};
	static const unsigned modes[] = { 0, 0644, 0755, 0600, 0111, 06755, 01777, 0462 };
	char path[] = "/tmp/stmboot-mode-XXXXXX", command[128];

	cr_assert_eq(close(mkstemp(path)), 0);
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		for (size_t m = 0; m < sizeof(modes) / sizeof(modes[0]); m++) {
			uint32_t mode = 07777;
			struct stat st;

			cr_assert_eq(chmod(path, modes[m]), 0);
			snprintf(command, sizeof(command), "umask 0; chmod -- '%s' %s", texts[i],
				 path);
			cr_assert_eq(system(command), 0, "%s", command);
			cr_assert_eq(stat(path, &st), 0);
			cr_expect(sb_mode_apply(texts[i], modes[m], false, &mode), "%s", texts[i]);
			cr_expect_eq(mode, st.st_mode & 07777, "%s of %04o: %04o", texts[i],
				     modes[m], mode);
		}
	}
	unlink(path);
}

Test(mode, a_directory_may_be_entered_where_a_program_is_run)
{
	uint32_t mode;

	cr_assert(sb_mode_apply("a+X", 0644, true, &mode));
	cr_expect_eq(mode, 0755);
	cr_assert(sb_mode_apply("u=rwX,go=rX", 0, true, &mode));
	cr_expect_eq(mode, 0755);
}

Test(mode, what_is_no_mode_is_none)
{
	static const char *const texts[] = {
		"",     "8",    "0800",    "10000", "000000", "u",   "u+q", "x",
		"u+x,", ",u+x", "u+x;g+x", " 644",  "644 ",   "+gx", "rw",  "0x1ff",
	};

	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		uint32_t mode = 1;

		if (sb_mode_apply(texts[i], 0644, false, &mode))
			cr_expect(false, "'%s' is %04o", texts[i], mode);
	}
}
