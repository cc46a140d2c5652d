/* SPDX-License-Identifier: MIT */
/* The e2fsck that the system on the card has, where its file system asks for a new one. */
#include <string.h>

#include "base/checked.h"
#include "boot/facts.h"
#include "source/source.h"

enum {
	MAX_PROGRAM_BYTES = 4 << 20,
	COMPAT_FAST_COMMIT = 0x400,
	COMPAT_ORPHAN_FILE = 0x1000,
	INCOMPAT_METADATA_CSUM_SEED = 0x2000,
};

/* The release that brought each feature, after which an older one refuses (e2fsprogs RelNotes). */
static const struct {
	enum stmboot_ext4_feature_set set;
	uint32_t bit;
	unsigned since;
} features[] = {
	{ STMBOOT_EXT4_COMPAT, COMPAT_ORPHAN_FILE, 147 },
	{ STMBOOT_EXT4_COMPAT, COMPAT_FAST_COMMIT, 146 },
	{ STMBOOT_EXT4_INCOMPAT, INCOMPAT_METADATA_CSUM_SEED, 143 },
};

static const char *const paths[] = { "/sbin/e2fsck", "/usr/sbin/e2fsck", "/sbin/fsck.ext4",
				     "/usr/sbin/fsck.ext4" };

/* The newest feature: what it is called, and the release that it needs. */
static void find_feature(const struct stmboot_ext4_info *ext4, struct sb_fsck *fsck)
{
	for (size_t i = 0; i < sizeof(features) / sizeof(features[0]); i++) {
		uint32_t word =
			features[i].set == STMBOOT_EXT4_COMPAT ? ext4->compat : ext4->incompat;

		if ((word & features[i].bit) == 0)
			continue;
		fsck->feature = stmboot_ext4_feature_name(features[i].set,
							  (unsigned)__builtin_ctz(features[i].bit));
		fsck->set = features[i].set;
		fsck->needed = features[i].since;
		return;
	}
}

static size_t digits(const char *text)
{
	return strspn(text, "0123456789");
}

/* "1.47.0" is 147; 0 for what is no release of e2fsprogs. */
static unsigned release_of(const char *text)
{
	size_t minor = digits(text + 2);
	size_t patch = minor == 2 && text[4] == '.' ? digits(text + 5) : 0;

	if (strncmp(text, "1.", 2) != 0 || minor != 2 ||
	    text[4 + (patch > 0 ? patch + 1 : 0)] != '\0')
		return 0;
	return 100 + (unsigned)(text[2] - '0') * 10 + (unsigned)(text[3] - '0');
}

/* The program prints E2FSPROGS_VERSION, a string of its own (e2fsprogs e2fsck/unix.c). */
static void find_version(const char *program, size_t size, struct sb_fsck *fsck)
{
	const char *end = program + size; /* where a NUL stands */

	for (const char *at = program; at < end && fsck->number == 0; at++) {
		at = memchr(at, '\0', (size_t)(end - at));
		if (at == NULL)
			return;
		if (end - at < 8 || at[1] != '1')
			continue;
		fsck->number = release_of(at + 1);
		fsck->version = fsck->number != 0 ? at + 1 : NULL;
	}
}

static enum stmboot_status read_program(struct sb_facts *facts, const char *path)
{
	struct stmboot_source *src = NULL;
	char *program = NULL;
	size_t size = 0;
	enum stmboot_status status = stmboot_fs_open(facts->root_fs, path, &src);

	if (status == STMBOOT_OK)
		status = sb_source_load(facts->arena, src, MAX_PROGRAM_BYTES, &program, &size);
	stmboot_source_close(src);
	if (status != STMBOOT_OK)
		return sb_is_fatal(status) ? status : STMBOOT_OK;
	facts->fsck.path = path;
	find_version(program, size, &facts->fsck);
	return STMBOOT_OK;
}

enum stmboot_status sb_facts_fsck(struct sb_facts *facts)
{
	enum stmboot_status status = STMBOOT_OK;

	if (facts->root_fs == NULL || facts->root == NULL || facts->root->ext4 == NULL)
		return STMBOOT_OK;
	find_feature(facts->root->ext4, &facts->fsck);
	if (facts->fsck.feature == NULL)
		return STMBOOT_OK;
	for (size_t i = 0; i < sizeof(paths) / sizeof(paths[0]) && status == STMBOOT_OK &&
			   facts->fsck.path == NULL;
	     i++)
		status = read_program(facts, paths[i]);
	return status;
}
