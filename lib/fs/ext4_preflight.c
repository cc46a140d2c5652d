/* SPDX-License-Identifier: MIT */
/*
 * Is a file system fit to be edited? libext2fs writes into damaged ones without
 * a word, so everything that an edit relies on is judged before.
 */
#include "fs/ext4_preflight.h"

#include <inttypes.h>

#include "base/context.h"
#include "base/refusal.h"
#include "fs/ext4_groups.h"
#include "fs/fs.h"
#include "fs/jbd2.h"

static const char RUN_E2FSCK[] = "run e2fsck -f on the partition, or write the image again";
static const char OTHER_FEATURES[] = "make the file system without the feature";
static const char MOUNT_ONCE[] =
	"boot the card once and shut it down, or run e2fsck on the partition";

enum { CRC32C = 1 };

enum stmboot_status sb_refuse_damage(struct stmboot_refusal *refusal, uint64_t offset,
				     const char *what)
{
	if (offset == SB_NOWHERE)
		return sb_refuse(refusal, STMBOOT_CORRUPT, RUN_E2FSCK, "%s", what);
	return sb_refuse(refusal, STMBOOT_CORRUPT, RUN_E2FSCK,
			 "%s, at byte %" PRIu64 " of the file system", what, offset);
}

enum stmboot_status sb_refuse_trouble(struct stmboot_fs *fs, enum stmboot_status status,
				      struct stmboot_refusal *refusal)
{
	const char *trouble = fs->trouble != NULL ? fs->trouble : "damaged structures";

	if (status == STMBOOT_CORRUPT)
		return sb_refuse_damage(refusal, fs->trouble_at, trouble);
	if (status == STMBOOT_TRUNCATED || status == STMBOOT_LIMIT || status == STMBOOT_UNSUPPORTED)
		return sb_refuse(refusal, status, RUN_E2FSCK, "%s", trouble);
	return status;
}

/* Features whose presence forbids any edit. */
static const struct {
	uint64_t field;
	uint32_t bit;
	enum stmboot_status status;
	const char *reason;
	const char *remedy;
} forbidden[] = {
	{ S_FEATURE_INCOMPAT, INCOMPAT_RECOVER, STMBOOT_CONFLICT,
	  "the journal has to be replayed first", MOUNT_ONCE },
	{ S_FEATURE_INCOMPAT, INCOMPAT_JOURNAL_DEV, STMBOOT_UNSUPPORTED,
	  "this is the journal of another file system", NULL },
	{ S_FEATURE_INCOMPAT, INCOMPAT_MMP, STMBOOT_UNSUPPORTED,
	  "the feature mmp is not handled when writing", "switch it off with tune2fs -O ^mmp" },
	{ S_FEATURE_RO_COMPAT, RO_COMPAT_ORPHAN_PRESENT, STMBOOT_CONFLICT,
	  "removed files wait to be released", MOUNT_ONCE },
	{ S_FEATURE_RO_COMPAT, RO_COMPAT_BIGALLOC, STMBOOT_UNSUPPORTED,
	  "the feature bigalloc is not handled when writing", OTHER_FEATURES },
	{ S_FEATURE_RO_COMPAT, RO_COMPAT_READONLY, STMBOOT_UNSUPPORTED,
	  "the file system is marked as never to be written",
	  "allow it with tune2fs -O ^read-only" },
	{ S_FEATURE_RO_COMPAT, RO_COMPAT_SHARED_BLOCKS, STMBOOT_UNSUPPORTED,
	  "blocks are shared between files, as the feature shared_blocks says", OTHER_FEATURES },
};

/* Features with which a file keeps its blocks, but none may be allocated or freed. */
static const struct {
	uint64_t field;
	uint32_t bit;
	const char *reason;
	const char *remedy;
} forbidden_allocation[] = {
	{ S_FEATURE_INCOMPAT, INCOMPAT_INLINE_DATA,
	  "blocks would have to be allocated, which is not handled with the feature inline_data",
	  OTHER_FEATURES },
	/* never used by anyone: Linux takes it, libext2fs does not */
	{ S_FEATURE_RO_COMPAT, RO_COMPAT_BTREE_DIR,
	  "blocks would have to be allocated, which is not handled with the feature btree_dir",
	  OTHER_FEATURES },
	{ S_FEATURE_RO_COMPAT, RO_COMPAT_QUOTA,
	  "blocks would have to be allocated, which is not handled with the feature quota",
	  "switch it off with tune2fs -O ^quota" },
	{ S_FEATURE_RO_COMPAT, RO_COMPAT_PROJECT,
	  "blocks would have to be allocated, which is not handled with the feature project",
	  "switch it off with tune2fs -O ^project" },
};

/* What is known well enough to write beside it. */
enum {
	EDITABLE_INCOMPAT = INCOMPAT_FILETYPE | INCOMPAT_META_BG | INCOMPAT_EXTENTS |
			    INCOMPAT_64BIT | INCOMPAT_FLEX_BG | INCOMPAT_EA_INODE |
			    INCOMPAT_CSUM_SEED | INCOMPAT_LARGE_DIR | INCOMPAT_INLINE_DATA |
			    INCOMPAT_ENCRYPT | INCOMPAT_CASEFOLD,
	EDITABLE_RO_COMPAT = RO_COMPAT_SPARSE_SUPER | RO_COMPAT_LARGE_FILE | RO_COMPAT_BTREE_DIR |
			     RO_COMPAT_HUGE_FILE | RO_COMPAT_GDT_CSUM | RO_COMPAT_DIR_NLINK |
			     RO_COMPAT_EXTRA_ISIZE | RO_COMPAT_QUOTA | RO_COMPAT_METADATA_CSUM |
			     RO_COMPAT_PROJECT | RO_COMPAT_VERITY,
};

static bool has_feature(const struct stmboot_ext4_info *info, uint64_t field, uint32_t bit)
{
	return ((field == S_FEATURE_INCOMPAT ? info->incompat : info->ro_compat) & bit) != 0;
}

static enum stmboot_status check_features(const struct stmboot_ext4_info *info,
					  enum sb_ext4_reach reach, struct stmboot_refusal *refusal)
{
	for (size_t i = 0; i < sizeof(forbidden) / sizeof(forbidden[0]); i++)
		if (has_feature(info, forbidden[i].field, forbidden[i].bit))
			return sb_refuse(refusal, forbidden[i].status, forbidden[i].remedy, "%s",
					 forbidden[i].reason);
	if (info->incompat & ~(uint32_t)EDITABLE_INCOMPAT)
		return sb_refuse(refusal, STMBOOT_UNSUPPORTED, OTHER_FEATURES,
				 "a feature that is not known");
	if (info->ro_compat & ~(uint32_t)EDITABLE_RO_COMPAT)
		return sb_refuse(refusal, STMBOOT_UNSUPPORTED, OTHER_FEATURES,
				 "a feature that is not known");
	for (size_t i = 0; reach == SB_EXT4_ALLOCATION &&
			   i < sizeof(forbidden_allocation) / sizeof(forbidden_allocation[0]);
	     i++)
		if (has_feature(info, forbidden_allocation[i].field, forbidden_allocation[i].bit))
			return sb_refuse(refusal, STMBOOT_UNSUPPORTED,
					 forbidden_allocation[i].remedy, "%s",
					 forbidden_allocation[i].reason);
	return STMBOOT_OK;
}

static enum stmboot_status check_state(const struct stmboot_ext4_info *info,
				       struct stmboot_refusal *refusal)
{
	if (info->state & STATE_ERRORS)
		return sb_refuse(refusal, STMBOOT_CONFLICT, RUN_E2FSCK,
				 "Linux found errors in the file system");
	if ((info->state & STATE_VALID) == 0)
		return sb_refuse(refusal, STMBOOT_CONFLICT, MOUNT_ONCE,
				 "the file system was not unmounted");
	if (info->state & ~(uint32_t)(STATE_VALID | STATE_ERRORS))
		return sb_refuse(refusal, STMBOOT_CONFLICT, MOUNT_ONCE,
				 "the file system was being recovered");
	if (info->first_orphan != 0)
		return sb_refuse(refusal, STMBOOT_CONFLICT, MOUNT_ONCE,
				 "removed files wait to be released");
	if (info->has_journal && info->journal_inode == 0)
		return sb_refuse(refusal, STMBOOT_UNSUPPORTED,
				 "give it an internal one with tune2fs -O ^has_journal and -j",
				 "the journal is on another device");
	return STMBOOT_OK;
}

static enum stmboot_status check_geometry(const struct stmboot_ext4_info *info,
					  uint64_t partition_bytes, struct stmboot_refusal *refusal)
{
	uint64_t field;
	const char *defect = sb_ext4_geometry_defect(info, &field);

	if (defect != NULL)
		return sb_refuse(refusal, STMBOOT_CORRUPT, RUN_E2FSCK, "%s", defect);
	if (info->blocks_per_group % 8 != 0)
		return sb_refuse(refusal, STMBOOT_CORRUPT, RUN_E2FSCK,
				 "the number of blocks in a group is out of range");
	if (info->inodes_per_group % 8 != 0)
		return sb_refuse(refusal, STMBOOT_CORRUPT, RUN_E2FSCK,
				 "the number of inodes in a group is out of range");
	if (info->size_bytes > partition_bytes)
		return sb_refuse(refusal, STMBOOT_CORRUPT,
				 "make the partition as large as the file system, or write the "
				 "image again if it was cut short",
				 "the file system reaches past the end of its partition");
	return STMBOOT_OK;
}

static enum stmboot_status check_superblock(const struct stmboot_ext4_info *info,
					    uint64_t partition_bytes, enum sb_ext4_reach reach,
					    struct stmboot_refusal *refusal)
{
	enum stmboot_status status;

	if (info->checksum == STMBOOT_EXT4_CHECKSUM_BAD)
		return sb_refuse(refusal, STMBOOT_CORRUPT, RUN_E2FSCK,
				 "the superblock does not match its checksum");
	status = check_features(info, reach, refusal);
	if (status == STMBOOT_OK)
		status = check_geometry(info, partition_bytes, refusal);
	if (status == STMBOOT_OK)
		status = check_state(info, refusal);
	if (status != STMBOOT_OK || info->checksum == STMBOOT_EXT4_CHECKSUM_ABSENT ||
	    info->checksum_type == CRC32C)
		return status;
	return sb_refuse(refusal, STMBOOT_UNSUPPORTED, OTHER_FEATURES,
			 "a kind of checksum that is not known");
}

/* Every structure of a group lies inside, its own inode table not at the front. */
static enum stmboot_status check_groups(struct stmboot_fs *fs, struct stmboot_refusal *refusal)
{
	const struct stmboot_ext4_info *info = fs->info;
	ext2_filsys ext2 = sb_ext2_of(fs);

	for (uint32_t group = 0; group < ext2->group_desc_count; group++) {
		struct sb_blocks areas[SB_GROUP_AREAS];

		sb_group_areas(fs, group, areas);
		for (unsigned i = SB_FIRST_GROUP_AREA; i < SB_GROUP_AREAS; i++)
			if (areas[i].first <= info->first_data_block ||
			    areas[i].first >= info->blocks_count ||
			    areas[i].count > info->blocks_count - areas[i].first)
				return sb_refuse_damage(refusal, SB_NOWHERE,
							"a group descriptor that points outside");
	}
	if (EXT2_FIRST_INODE(ext2->super) > info->inodes_per_group)
		return sb_refuse(refusal, STMBOOT_CORRUPT, RUN_E2FSCK,
				 "the number of reserved inodes is out of range");
	return STMBOOT_OK;
}

/* Changes that are left in a journal could be put over what is going to be written. */
static enum stmboot_status check_journal(struct stmboot_context *ctx, struct stmboot_source *src,
					 struct stmboot_refusal *refusal)
{
	struct sb_jbd2_trouble trouble;
	enum stmboot_status status = sb_jbd2_check_empty(ctx, src, &trouble);

	if (status == STMBOOT_CORRUPT && trouble.what != NULL)
		return sb_refuse_damage(refusal, trouble.offset, trouble.what);
	if (status != STMBOOT_OK && status != STMBOOT_IO && trouble.what != NULL)
		return sb_refuse(refusal, status, RUN_E2FSCK, "%s", trouble.what);
	return status;
}

/* What the reader says without an object that could be asked for more. */
static enum stmboot_status open_reader(struct stmboot_context *ctx, struct stmboot_source *src,
				       struct stmboot_refusal *refusal, struct stmboot_fs **out)
{
	enum stmboot_status status = stmboot_fs_open_linux(ctx, src, out);

	switch (status) {
	case STMBOOT_CORRUPT:
	case STMBOOT_TRUNCATED:
		return sb_refuse_damage(refusal, SB_NOWHERE,
					"the group descriptors or the root directory are damaged");
	case STMBOOT_UNSUPPORTED:
		return sb_refuse(refusal, status, OTHER_FEATURES, "a feature that is not known");
	case STMBOOT_LIMIT:
		return sb_refuse(refusal, status, NULL, "more block groups than are handled");
	default:
		return status;
	}
}

enum stmboot_status sb_ext4_open_fit(struct stmboot_context *ctx, struct stmboot_source *src,
				     enum sb_ext4_reach reach, struct stmboot_refusal *refusal,
				     struct stmboot_fs **out)
{
	struct stmboot_ext4_info info;
	struct stmboot_fs *fs;
	enum stmboot_status status = sb_ext4_decode(src, &info);

	*refusal = (struct stmboot_refusal){ .message = "" };
	if (status == STMBOOT_NOT_RECOGNISED)
		return sb_refuse(refusal, status, NULL, "no ext4 file system stands here");
	if (status == STMBOOT_OK)
		status = check_superblock(&info, stmboot_source_size(src), reach, refusal);
	if (status == STMBOOT_OK)
		status = open_reader(ctx, src, refusal, &fs);
	if (status != STMBOOT_OK)
		return status;
	status = check_groups(fs, refusal);
	if (status == STMBOOT_OK)
		status = check_journal(ctx, src, refusal);
	if (status == STMBOOT_OK && reach == SB_EXT4_ALLOCATION)
		status = sb_ext4_check_claims(fs, refusal);
	if (status != STMBOOT_OK) {
		stmboot_fs_close(fs);
		return status;
	}
	*out = fs;
	return STMBOOT_OK;
}
