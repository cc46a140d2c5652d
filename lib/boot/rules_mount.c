/* SPDX-License-Identifier: MIT */
/* Whether the kernel mounts its root file system in the way that it is told to, and what is
 * checked before. */
#include <string.h>

#include "boot/rules.h"
#include "fs/ext4.h"

enum {
	PAGE_BYTES = 4096,     /* of the ARM kernel */
	LARGE_BLOCKS_IN = 615, /* the first release that may mount blocks larger than a page */
	EXT2_INCOMPAT = INCOMPAT_FILETYPE | INCOMPAT_META_BG,
	EXT3_INCOMPAT = EXT2_INCOMPAT | INCOMPAT_RECOVER,
};

/* What mount(8) makes of fstab; to a file system these words mean nothing. */
static const char *const mount_words[] = {
	"_netdev", "auto",       "defaults",    "dev",    "exec",       "noatime",       "noauto",
	"nodev",   "nodiratime", "noexec",      "nofail", "norelatime", "nostrictatime", "nosuid",
	"nouser",  "relatime",   "strictatime", "suid",   "user",       "users",
};

/* An ext4 on this card that the kernel mounts by itself, or NULL. */
static const struct stmboot_ext4_info *mounted_ext4(const struct sb_facts *facts)
{
	if (facts->cmdline == NULL || facts->has_initrd || facts->root == NULL ||
	    facts->root_status != STMBOOT_OK)
		return NULL;
	return facts->root->ext4;
}

static struct sb_scope at_append(const struct sb_facts *facts, const struct sb_scope *scope,
				 struct sb_finding *finding)
{
	*finding = sb_finding_append(facts);
	return sb_scope_config(scope, facts);
}

static bool is_ext(const char *type)
{
	return strncmp(type, "ext", 3) == 0 && type[3] >= '2' && type[3] <= '4' && type[4] == '\0';
}

/* As ext2 or ext3 the driver mounts what has only their features (fs/ext4/super.c). */
static bool mounts_as(const struct stmboot_ext4_info *ext4, const char *type)
{
	if (!is_ext(type))
		return false;
	if (type[3] == '3')
		return ext4->has_journal && (ext4->incompat & ~(uint32_t)EXT3_INCOMPAT) == 0;
	return type[3] == '4' || (ext4->incompat & ~(uint32_t)EXT2_INCOMPAT) == 0;
}

/* Is that type of file system in none of the kernels? Nothing loads a module so early. */
static bool is_unknown(const struct sb_facts *facts, const char *type)
{
	for (size_t i = 0; i < facts->release_count; i++)
		if (!facts->releases[i].has_builtin ||
		    sb_release_builds_in(&facts->releases[i], type))
			return false;
	return facts->release_count > 0;
}

/* A type that does not fit leads to the next one, a type that is not known to a panic. */
static void check_root_type(const struct sb_facts *facts, const struct sb_scope *scope)
{
	const struct stmboot_ext4_info *ext4 = mounted_ext4(facts);
	const char *unknown = NULL;
	struct sb_finding finding;
	struct sb_scope inner;

	if (ext4 == NULL || facts->cmdline->rootfstype_count == 0)
		return;
	for (size_t i = 0; i < facts->cmdline->rootfstype_count && unknown == NULL; i++) {
		const char *type = facts->cmdline->rootfstypes[i];

		if (mounts_as(ext4, type))
			return;
		if (!is_ext(type) && is_unknown(facts, type))
			unknown = type;
	}
	inner = at_append(facts, scope, &finding);
	finding.found =
		unknown != NULL
			? sb_text(scope, "rootfstype= with %s, which is not built into the kernel",
				  unknown)
			: "rootfstype= with no type that can mount it";
	finding.expected = "rootfstype=ext4";
	finding.hint = "run `stmboot set-bootargs IMAGE rootfstype=ext4`";
	sb_report(&inner, SB_ROOTFS_WRONG_TYPE, &finding);
}

static bool is_mount_word(const char *option, size_t length)
{
	for (size_t i = 0; i < sizeof(mount_words) / sizeof(mount_words[0]); i++)
		if (strlen(mount_words[i]) == length &&
		    strncmp(mount_words[i], option, length) == 0)
			return true;
	return false;
}

static void check_root_flags(const struct sb_facts *facts, const struct sb_scope *scope)
{
	const char *option;
	struct sb_finding finding;
	struct sb_scope inner;

	if (mounted_ext4(facts) == NULL || facts->cmdline->rootflags == NULL)
		return;
	for (option = facts->cmdline->rootflags; *option != '\0';) {
		size_t length = strcspn(option, ",");

		if (is_mount_word(option, length)) {
			inner = at_append(facts, scope, &finding);
			finding.found = sb_text(scope, "rootflags= with %.*s", (int)length, option);
			finding.expected = "options of the file system itself";
			finding.hint = "move the option to /etc/fstab: `stmboot set-bootargs IMAGE "
				       "--remove rootflags`";
			sb_report(&inner, SB_ROOTFS_MOUNT_OPTION, &finding);
			return;
		}
		option += length + (option[length] == ',');
	}
}

/* Of an arm64 kernel the pages may be larger. */
static void check_root_blocks(const struct sb_facts *facts, const struct sb_scope *scope)
{
	const struct stmboot_ext4_info *ext4 = mounted_ext4(facts);
	struct sb_scope inner;

	if (ext4 == NULL || ext4->block_bytes <= PAGE_BYTES || facts->release_count == 0 ||
	    facts->soc == STMBOOT_SOC_STM32MP2)
		return;
	for (size_t i = 0; i < facts->release_count; i++) {
		unsigned number = sb_version_number(facts->releases[i].name);

		if (number == 0 || number >= LARGE_BLOCKS_IN)
			return;
	}
	inner = sb_scope_part(scope, facts, facts->root);
	sb_report(&inner, SB_ROOTFS_LARGE_BLOCK,
		  &(struct sb_finding){
			  .no_offset = true,
			  .found = sb_text(scope, "blocks of %u bytes under kernel %s",
					   (unsigned)ext4->block_bytes, facts->releases[0].name),
			  .expected = "blocks of at most 4096 bytes",
			  .hint = "make the file system with -b 4096" });
}

/* The board's own check of its root file system, each time before it is mounted for writing. */
static void check_fsck(const struct sb_facts *facts, const struct sb_scope *scope)
{
	const struct sb_fsck *fsck = &facts->fsck;
	struct sb_scope inner;

	if (fsck->path == NULL || fsck->number >= fsck->needed)
		return;
	inner = sb_scope_part(scope, facts, facts->root);
	sb_report(&inner, SB_EXT4_OLD_E2FSCK,
		  &(struct sb_finding){
			  .offset = EXT4_SUPERBLOCK_OFFSET + (fsck->set == STMBOOT_EXT4_COMPAT
								      ? S_FEATURE_COMPAT
								      : S_FEATURE_INCOMPAT),
			  .length = 4,
			  .found = fsck->version != NULL
					   ? sb_text(scope, "%s with %s %s", fsck->feature,
						     fsck->path, fsck->version)
					   : sb_text(scope, "%s with %s of unknown version",
						     fsck->feature, fsck->path),
			  .expected = sb_text(scope, "e2fsck 1.%u or later", fsck->needed - 100),
			  .hint = sb_text(scope,
					  "make the file system with -O ^%s, or put a newer "
					  "e2fsprogs on the card",
					  fsck->feature) });
}

/* clang-format off */
static const sb_facts_rule rows[] = {
	{ SB_ROOTFS_WRONG_TYPE, check_root_type },
	{ SB_ROOTFS_MOUNT_OPTION, check_root_flags },
	{ SB_ROOTFS_LARGE_BLOCK, check_root_blocks },
	{ SB_EXT4_OLD_E2FSCK, check_fsck },
};
/* clang-format on */

const struct sb_rules sb_mount_rules = SB_RULES(rows);

void sb_judge_mount(const struct sb_facts *facts, const struct sb_scope *scope)
{
	sb_facts_judge(&sb_mount_rules, rows, facts, scope);
}
