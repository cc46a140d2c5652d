/* SPDX-License-Identifier: MIT */
/* Findings on the superblock alone. */
#include "fs/fs.h"

#include <inttypes.h>

#include "base/hint.h"
#include "fs/ext4.h"

enum {
	MAX_DESCRIPTOR_BYTES = 1024,
	PAGE_BYTES = 4096, /* of Linux on 32-bit ARM */
};

/* What Linux 6.1 mounts, and what it mounts for writing. */
enum {
	KNOWN_INCOMPAT = 0x2 | 0x4 | 0x10 | 0x40 | 0x80 | 0x100 | 0x200 | 0x400 | 0x2000 | 0x4000 |
			 0x8000 | 0x10000 | 0x20000,
	KNOWN_RO_COMPAT = 0x1 | 0x2 | 0x4 | 0x8 | 0x10 | 0x20 | 0x40 | 0x100 | 0x200 | 0x400 |
			  0x1000 | 0x2000 | 0x8000 | 0x10000,
};

static bool is_power_of_two(uint64_t value)
{
	return value != 0 && (value & (value - 1)) == 0;
}

uint64_t sb_ext4_groups(const struct stmboot_ext4_info *info)
{
	return (info->blocks_count - info->first_data_block - 1) / info->blocks_per_group + 1;
}

/* A condition that must not be, with the field to blame. */
static bool defect(uint64_t *field, uint64_t at, bool condition)
{
	*field = at;
	return condition;
}

static bool bad_descriptor_size(const struct stmboot_ext4_info *info)
{
	return (info->incompat & INCOMPAT_64BIT) != 0 &&
	       (!is_power_of_two(info->descriptor_bytes) || info->descriptor_bytes < 64 ||
		info->descriptor_bytes > MAX_DESCRIPTOR_BYTES);
}

static const char *size_defect(const struct stmboot_ext4_info *info, uint64_t *field)
{
	if (defect(field, S_LOG_BLOCK_SIZE, info->block_bytes == 0))
		return "the block size is out of range";
	if (defect(field, S_LOG_CLUSTER_SIZE, info->cluster_bytes < info->block_bytes))
		return "the cluster size is out of range";
	if (defect(field, S_INODE_SIZE,
		   !is_power_of_two(info->inode_bytes) ||
			   info->inode_bytes < EXT4_FIRST_INODE_BYTES ||
			   info->inode_bytes > info->block_bytes))
		return "the inode size is out of range";
	if (defect(field, S_DESC_SIZE, bad_descriptor_size(info)))
		return "the size of a group descriptor is out of range";
	if (defect(field, S_FIRST_INO, info->first_inode < EXT4_FIRST_INODE))
		return "the first inode for files is out of range";
	return NULL;
}

static const char *group_defect(const struct stmboot_ext4_info *info, uint64_t *field)
{
	uint64_t bits = info->block_bytes * 8;
	uint64_t ratio = info->cluster_bytes / info->block_bytes;

	if (defect(field, S_FIRST_DATA_BLOCK,
		   info->first_data_block >= info->blocks_count ||
			   (info->first_data_block == 0 && info->cluster_bytes == 1024)))
		return "the first data block is out of range";
	if (defect(field, S_BLOCKS_PER_GROUP,
		   info->blocks_per_group == 0 || info->blocks_per_group / ratio > bits))
		return "the number of blocks in a group is out of range";
	if (defect(field, S_CLUSTERS_PER_GROUP,
		   (info->ro_compat & RO_COMPAT_BIGALLOC) != 0 &&
			   info->clusters_per_group * ratio != info->blocks_per_group))
		return "the number of clusters in a group contradicts that of blocks";
	if (defect(field, S_INODES_PER_GROUP,
		   info->inodes_per_group < info->block_bytes / info->inode_bytes ||
			   info->inodes_per_group > bits))
		return "the number of inodes in a group is out of range";
	return NULL;
}

static const char *count_defect(const struct stmboot_ext4_info *info, uint64_t *field)
{
	uint64_t groups = sb_ext4_groups(info);

	if (defect(field, S_INODES_COUNT,
		   groups > UINT32_MAX || groups * info->inodes_per_group != info->inodes_count))
		return "the number of inodes contradicts that of groups";
	if (defect(field, S_FIRST_META_BG,
		   (info->incompat & INCOMPAT_META_BG) != 0 && info->first_meta_group > groups))
		return "the first meta block group is out of range";
	return NULL;
}

const char *sb_ext4_geometry_defect(const struct stmboot_ext4_info *info, uint64_t *field)
{
	const char *text = size_defect(info, field);

	if (text == NULL)
		text = group_defect(info, field);
	return text != NULL ? text : count_defect(info, field);
}

uint32_t sb_ext4_unknown_incompat(const struct stmboot_ext4_info *info)
{
	return info->incompat & ~(uint32_t)KNOWN_INCOMPAT;
}

struct checked {
	const struct sb_scope *scope;
	const struct stmboot_ext4_info *info;
	uint64_t partition_bytes;
};

/* A finding on a field of the superblock. */
static void report(const struct checked *c, enum sb_code code, uint64_t field, uint64_t length,
		   struct sb_finding finding)
{
	finding.offset = EXT4_SUPERBLOCK_OFFSET + field;
	finding.length = length;
	sb_report(c->scope, code, &finding);
}

static void check_geometry(const struct checked *c)
{
	const struct stmboot_ext4_info *info = c->info;
	uint64_t field;
	const char *text = sb_ext4_geometry_defect(info, &field);

	if (text != NULL)
		report(c, SB_EXT4_BAD_GEOMETRY, field, 2,
		       (struct sb_finding){
			       .message = text,
			       .hint = sb_hint_e2fsck(c->scope, "-fy", "run e2fsck") });
}

static void check_size(const struct checked *c)
{
	const struct stmboot_ext4_info *info = c->info;
	if (info->block_bytes == 0 || info->size_bytes <= c->partition_bytes)
		return;
	report(c, SB_EXT4_LARGER_THAN_PARTITION, S_BLOCKS_COUNT_LO, 4,
	       (struct sb_finding){
		       .found = sb_text(c->scope, "%" PRIu64 " blocks of %" PRIu64 " bytes",
					info->blocks_count, info->block_bytes),
		       .expected = sb_text(c->scope, "at most %" PRIu64 " blocks",
					   c->partition_bytes / info->block_bytes),
		       .hint = "make the partition as large as the file system, or the file "
			       "system smaller before it is written" });
}

static void check_checksum(const struct checked *c)
{
	const struct stmboot_ext4_info *info = c->info;
	if (info->checksum != STMBOOT_EXT4_CHECKSUM_BAD)
		return;
	report(c, SB_EXT4_SUPERBLOCK_CHECKSUM, S_CHECKSUM, 4,
	       (struct sb_finding){
		       .found = sb_text(c->scope, "0x%08" PRIx32, info->checksum_stored),
		       .expected = sb_text(c->scope, "0x%08" PRIx32, info->checksum_computed),
		       .hint = sb_hint_superblock(c->scope,
						  "make its checksum right, then check all") });
}

static void check_journal(const struct checked *c)
{
	const struct stmboot_ext4_info *info = c->info;
	if (info->needs_recovery)
		report(c, SB_EXT4_NEEDS_RECOVERY, S_FEATURE_INCOMPAT, 4,
		       (struct sb_finding){
			       .found = "needs_recovery",
			       .hint = sb_hint_e2fsck(
				       c->scope, "-p",
				       "boot the card once and shut it down, or run e2fsck; an "
				       "edit of a file in it replays the journal, too") });
}

static void check_state(const struct checked *c)
{
	const struct stmboot_ext4_info *info = c->info;
	struct sb_finding finding = { .hint = sb_hint_e2fsck(c->scope, "-fy", "run e2fsck") };

	if (info->state & STATE_ERRORS) {
		finding.message = "Linux found errors in the file system";
		finding.found = sb_text(c->scope, "state 0x%x, %" PRIu32 " errors", info->state,
					info->error_count);
		report(c, SB_EXT4_NOT_CLEAN, S_STATE, 2, finding);
	} else if ((info->state & STATE_VALID) == 0) {
		finding.message = "the file system was not unmounted";
		finding.found = sb_text(c->scope, "state 0x%x", info->state);
		report(c, SB_EXT4_NOT_CLEAN, S_STATE, 2, finding);
	}
	finding.message = "removed files wait to be released";
	if (info->first_orphan != 0) {
		finding.found = sb_text(c->scope, "inode %" PRIu32, info->first_orphan);
		report(c, SB_EXT4_NOT_CLEAN, S_LAST_ORPHAN, 4, finding);
	} else if (info->ro_compat & RO_COMPAT_ORPHAN_PRESENT) {
		finding.found = "orphan_present";
		report(c, SB_EXT4_NOT_CLEAN, S_FEATURE_RO_COMPAT, 4, finding);
	}
}

/* For example "meta_bg, bit 23". */
static const char *feature_list(const struct checked *c, enum stmboot_ext4_feature_set set,
				uint32_t bits)
{
	const char *list = "";

	for (unsigned bit = 0; bit < 32 && list != NULL; bit++) {
		const char *name = stmboot_ext4_feature_name(set, bit);
		const char *comma = list[0] != '\0' ? ", " : "";

		if ((bits >> bit & 1) == 0)
			continue;
		list = name != NULL ? sb_text(c->scope, "%s%s%s", list, comma, name)
				    : sb_text(c->scope, "%s%sbit %u", list, comma, bit);
	}
	return list;
}

static void check_incompat(const struct checked *c)
{
	uint32_t unknown = sb_ext4_unknown_incompat(c->info);

	if (unknown != 0)
		report(c, SB_EXT4_UNKNOWN_INCOMPAT, S_FEATURE_INCOMPAT, 4,
		       (struct sb_finding){
			       .found = feature_list(c, STMBOOT_EXT4_INCOMPAT, unknown),
			       .hint = "make the file system with mke2fs -t ext4 of an older "
				       "e2fsprogs, or without the feature" });
}

static void check_ro_compat(const struct checked *c)
{
	uint32_t unknown = c->info->ro_compat & ~(uint32_t)KNOWN_RO_COMPAT;

	if (unknown != 0)
		report(c, SB_EXT4_UNKNOWN_RO_COMPAT, S_FEATURE_RO_COMPAT, 4,
		       (struct sb_finding){
			       .found = feature_list(c, STMBOOT_EXT4_RO_COMPAT, unknown),
			       .hint = "make the file system without the feature" });
}

/* A feature that U-Boot does not understand, or not wholly. */
static void report_feature(const struct checked *c, enum sb_code code, uint32_t bit,
			   const char *hint)
{
	if (c->info->incompat & bit)
		report(c, code, S_FEATURE_INCOMPAT, 4,
		       (struct sb_finding){ .found = feature_list(c, STMBOOT_EXT4_INCOMPAT, bit),
					    .hint = hint });
}

static void check_meta_bg(const struct checked *c)
{
	report_feature(c, SB_EXT4_META_BG, INCOMPAT_META_BG,
		       "make the file system with -O ^meta_bg");
}

static void check_inline_data(const struct checked *c)
{
	report_feature(c, SB_EXT4_INLINE_DATA, INCOMPAT_INLINE_DATA,
		       "make the file system with -O ^inline_data");
}

static void check_encrypt(const struct checked *c)
{
	report_feature(c, SB_EXT4_ENCRYPT, INCOMPAT_ENCRYPT,
		       "keep what U-Boot loads in a directory that is not encrypted");
}

static void check_casefold(const struct checked *c)
{
	report_feature(c, SB_EXT4_CASEFOLD, INCOMPAT_CASEFOLD,
		       "write paths in extlinux.conf exactly as the names of the files");
}

static void check_bigalloc(const struct checked *c)
{
	if ((c->info->ro_compat & RO_COMPAT_BIGALLOC) != 0 && c->info->block_bytes == 1024)
		report(c, SB_EXT4_BIGALLOC_1K, S_FEATURE_RO_COMPAT, 4,
		       (struct sb_finding){
			       .found = "bigalloc with blocks of 1024 bytes",
			       .expected = "blocks of 2048 or 4096 bytes",
			       .hint = "make the file system with -b 4096, or -O ^bigalloc" });
}

static void check_block_size(const struct checked *c)
{
	if (c->info->block_bytes > PAGE_BYTES)
		report(c, SB_EXT4_LARGE_BLOCK, S_LOG_BLOCK_SIZE, 4,
		       (struct sb_finding){
			       .found = sb_text(c->scope, "%" PRIu64, c->info->block_bytes),
			       .expected = "at most 4096",
			       .hint = "make the file system with -b 4096" });
}

/* clang-format off */
static const SB_RULE(const struct checked *) rows[] = {
	{ SB_EXT4_BAD_GEOMETRY, check_geometry },
	{ SB_EXT4_LARGER_THAN_PARTITION, check_size },
	{ SB_EXT4_SUPERBLOCK_CHECKSUM, check_checksum },
	{ SB_EXT4_NEEDS_RECOVERY, check_journal },
	{ SB_EXT4_NOT_CLEAN, check_state },
	{ SB_EXT4_UNKNOWN_INCOMPAT, check_incompat },
	{ SB_EXT4_UNKNOWN_RO_COMPAT, check_ro_compat },
	{ SB_EXT4_META_BG, check_meta_bg },
	{ SB_EXT4_INLINE_DATA, check_inline_data },
	{ SB_EXT4_ENCRYPT, check_encrypt },
	{ SB_EXT4_CASEFOLD, check_casefold },
	{ SB_EXT4_BIGALLOC_1K, check_bigalloc },
	{ SB_EXT4_LARGE_BLOCK, check_block_size },
};
/* clang-format on */

const struct sb_rules sb_ext4_rules = SB_RULES(rows);

void sb_ext4_validate(const struct sb_scope *scope, const struct stmboot_ext4_info *info,
		      uint64_t partition_bytes)
{
	const struct checked c = { scope, info, partition_bytes };

	for (struct sb_run run = sb_run(&sb_ext4_rules, scope); sb_run_next(&run);)
		rows[run.row].check(&c);
}
