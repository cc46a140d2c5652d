/* SPDX-License-Identifier: MIT */
/*
 * Content is told by records: first signatures, which are a table, then what
 * needs a closer look. One read serves nearly all of them.
 */
#include <stmboot/content.h>
#include <stmboot/text.h>

#include <stdbool.h>
#include <string.h>

#include "base/cursor.h"
#include "format/formats.h"
#include "source/source.h"

enum {
	HEAD_BYTES = 4096,
	TEXT_BYTES = 512,      /* a text is known by so many */
	FIT_PEEK_BYTES = 4096, /* of the structure block: /images stands before its nodes */
	FDT_BEGIN_NODE_IMAGES = 12,
};

/* What a probe looks at. */
struct subject {
	struct stmboot_context *ctx;
	struct stmboot_source *src;
	uint64_t size;
	size_t got; /* bytes in head, the rest is zero */
	uint8_t head[HEAD_BYTES];
};

struct signature {
	enum stmboot_content content;
	const char *flavour;
	uint16_t offset;
	uint8_t length;
	const char *bytes;
};

/* Within the head, in the order in which they are asked. */
static const struct signature signatures[] = {
	{ STMBOOT_CONTENT_STM32, NULL, 0, 4, "STM2" },
	{ STMBOOT_CONTENT_UIMAGE, NULL, 0, 4, "\x27\x05\x19\x56" },
	{ STMBOOT_CONTENT_FIP, NULL, 0, 4, "\x01\x00\x64\xaa" },
	{ STMBOOT_CONTENT_ZIMAGE, NULL, 0x24, 4, "\x18\x28\x6f\x01" },
	{ STMBOOT_CONTENT_ARM64_IMAGE, NULL, 56, 4, "ARM\x64" },
	{ STMBOOT_CONTENT_SQUASHFS, NULL, 0, 4, "hsqs" },
	{ STMBOOT_CONTENT_UBI, NULL, 0, 4, "UBI#" },
	{ STMBOOT_CONTENT_UBIFS, NULL, 0, 4, "\x31\x18\x10\x06" },
	{ STMBOOT_CONTENT_CRAMFS, NULL, 0, 4, "\x45\x3d\xcd\x28" },
	{ STMBOOT_CONTENT_LUKS, "1", 0, 8, "LUKS\xba\xbe\0\1" },
	{ STMBOOT_CONTENT_LUKS, "2", 0, 8, "LUKS\xba\xbe\0\2" },
	{ STMBOOT_CONTENT_GZIP, NULL, 0, 3, "\x1f\x8b\x08" },
	{ STMBOOT_CONTENT_XZ, NULL, 0, 6, "\xfd\67zXZ\0" },
	{ STMBOOT_CONTENT_ZSTD, NULL, 0, 4, "\x28\xb5\x2f\xfd" },
	{ STMBOOT_CONTENT_BZIP2, NULL, 0, 3, "BZh" },
	{ STMBOOT_CONTENT_LZ4, NULL, 0, 4, "\x04\x22\x4d\x18" },
	{ STMBOOT_CONTENT_LZ4, "legacy", 0, 4, "\x02\x21\x4c\x18" },
	{ STMBOOT_CONTENT_ELF, NULL, 0, 4, "\177ELF" },
	{ STMBOOT_CONTENT_CPIO, NULL, 0, 6, "070701" },
	{ STMBOOT_CONTENT_CPIO, "crc", 0, 6, "070702" },
	{ STMBOOT_CONTENT_EXFAT, NULL, 3, 8, "EXFAT   " },
	{ STMBOOT_CONTENT_LVM2, NULL, 536, 8, "LVM2 001" },
	{ STMBOOT_CONTENT_F2FS, NULL, 1024, 4, "\x10\x20\xf5\xf2" },
	{ STMBOOT_CONTENT_EROFS, NULL, 1024, 4, "\xe2\xe1\xf5\xe0" },
	{ STMBOOT_CONTENT_SWAP, NULL, 4086, 10, "SWAPSPACE2" },
};

static enum stmboot_status far_has(const struct subject *s, uint64_t offset, const char *bytes,
				   size_t length, bool *found)
{
	uint8_t read[16];
	size_t got;
	enum stmboot_status status = sb_source_peek(s->src, offset, read, length, &got);

	*found = status == STMBOOT_OK && got == length && memcmp(read, bytes, length) == 0;
	return status;
}

/*
 * The features of ext2 and ext3, as far as they decide the name; any other
 * makes an ext4 (Linux Documentation/filesystems/ext4, super block).
 */
static enum stmboot_status probe_ext4(const struct subject *s, bool *found, const char **flavour)
{
	enum { HAS_JOURNAL = 4, OLD_INCOMPAT = 0x16, OLD_RO_COMPAT = 0x7 };
	const uint8_t *super = s->head + 1024;

	*found = s->got >= 2048 && sb_get_le16(super + 0x38) == 0xef53 &&
		 sb_get_le32(super + 0x18) <= 6;
	if ((sb_get_le32(super + 0x60) & ~(uint32_t)OLD_INCOMPAT) != 0 ||
	    (sb_get_le32(super + 0x64) & ~(uint32_t)OLD_RO_COMPAT) != 0)
		*flavour = "ext4";
	else
		*flavour = (sb_get_le32(super + 0x5c) & HAS_JOURNAL) != 0 ? "ext3" : "ext2";
	return STMBOOT_OK;
}

static const char *fat_flavour(const uint8_t *boot)
{
	uint32_t sector_bytes = sb_get_le16(boot + 11);
	uint32_t fat_sectors = sb_get_le16(boot + 22);
	uint32_t roots = (sb_get_le16(boot + 17) * 32U + sector_bytes - 1) / sector_bytes;
	uint64_t before = sb_get_le16(boot + 14) + (uint64_t)boot[16] * fat_sectors + roots;
	uint64_t sectors = sb_get_le16(boot + 19);
	uint64_t clusters;

	if (fat_sectors == 0)
		return "FAT32";
	if (sectors == 0)
		sectors = sb_get_le32(boot + 32);
	clusters = sectors > before ? (sectors - before) / boot[13] : 0;
	return clusters < 4085 ? "FAT12" : "FAT16";
}

/* A master boot record ends in 55 AA too, but has no such parameters (FAT specification 1.03). */
static enum stmboot_status probe_fat(const struct subject *s, bool *found, const char **flavour)
{
	const uint8_t *boot = s->head;
	uint32_t sector_bytes = sb_get_le16(boot + 11);
	bool jumps = boot[0] == 0xe9 || (boot[0] == 0xeb && boot[2] == 0x90);
	bool sane = sector_bytes >= 512 && sector_bytes <= 4096 &&
		    (sector_bytes & (sector_bytes - 1)) == 0 && boot[13] != 0 &&
		    (boot[13] & (boot[13] - 1)) == 0 && sb_get_le16(boot + 14) != 0 &&
		    (boot[16] == 1 || boot[16] == 2) && boot[21] >= 0xf0;

	*found = s->got >= 512 && boot[510] == 0x55 && boot[511] == 0xaa && jumps && sane &&
		 (memcmp(boot + 54, "FAT", 3) == 0 || memcmp(boot + 82, "FAT32", 5) == 0);
	if (*found)
		*flavour = fat_flavour(boot);
	return STMBOOT_OK;
}

/* A node of the clean marker, an inode, a directory entry or a summary comes first. */
static enum stmboot_status probe_jffs2(const struct subject *s, bool *found, const char **flavour)
{
	uint16_t type = sb_get_le16(s->head + 2);

	(void)flavour;
	*found = s->got >= 12 && sb_get_le16(s->head) == 0x1985 &&
		 (type == 0xe001 || type == 0xe002 || type == 0x2003 || type == 0x2004 ||
		  type == 0x2006 || type == 0xe008 || type == 0xe009);
	return STMBOOT_OK;
}

static bool is_dtb(const struct subject *s)
{
	return s->got >= 4 && sb_get_be32(s->head) == 0xd00dfeed;
}

/* A FIT is a device tree with a node of that name. */
static enum stmboot_status probe_fit(const struct subject *s, bool *found, const char **flavour)
{
	static const uint8_t images[FDT_BEGIN_NODE_IMAGES] = "\0\0\0\1images\0";
	uint8_t block[FIT_PEEK_BYTES];
	enum stmboot_status status;
	size_t got;

	(void)flavour;
	*found = false;
	if (!is_dtb(s))
		return STMBOOT_OK;
	status = sb_source_peek(s->src, sb_get_be32(s->head + 8), block, sizeof(block), &got);
	if (status != STMBOOT_OK)
		return status;
	for (size_t i = 0; i + sizeof(images) <= got && !*found; i += 4)
		*found = memcmp(block + i, images, sizeof(images)) == 0;
	return STMBOOT_OK;
}

static enum stmboot_status probe_dtb(const struct subject *s, bool *found, const char **flavour)
{
	(void)flavour;
	*found = is_dtb(s);
	return STMBOOT_OK;
}

/* A saved environment has no magic; its CRC is one. */
static enum stmboot_status probe_env(const struct subject *s, bool *found, const char **flavour)
{
	struct sb_env_copy_place places[STMBOOT_ENV_AREA_COPIES];
	size_t count = 0;
	enum stmboot_status status = sb_env_area_find(s->ctx, s->src, places, &count);

	*found = status == STMBOOT_OK;
	if (*found && places[0].redundant)
		*flavour = "redundant";
	return status == STMBOOT_NOT_RECOGNISED ? STMBOOT_OK : status;
}

static enum stmboot_status probe_iso9660(const struct subject *s, bool *found, const char **flavour)
{
	(void)flavour;
	return far_has(s, 0x8001, "CD001", 5, found);
}

static enum stmboot_status probe_btrfs(const struct subject *s, bool *found, const char **flavour)
{
	(void)flavour;
	return far_has(s, 0x10040, "_BHRfS_M", 8, found);
}

static bool is_text_character(uint32_t c)
{
	return (c >= ' ' && c != 0x7f) || c == '\t' || c == '\n' || c == '\r' || c == '\f';
}

/* Metadata has no magic either: its CRC, or the type of a firmware package, stands for one. */
static enum stmboot_status probe_fwu(const struct subject *s, bool *found, const char **flavour)
{
	struct stmboot_fwu fwu;
	enum stmboot_status status = sb_fwu_decode(s->ctx, s->src, &fwu);

	*found = status == STMBOOT_OK &&
		 ((fwu.has_computed_crc && fwu.computed_crc == fwu.crc) || sb_fwu_has_fip(&fwu));
	if (*found)
		*flavour = fwu.version == 1 ? "v1" : "v2";
	return status == STMBOOT_NOT_RECOGNISED ? STMBOOT_OK : status;
}

static enum stmboot_status probe_text(const struct subject *s, bool *found, const char **flavour)
{
	size_t size = s->got < TEXT_BYTES ? s->got : TEXT_BYTES;

	(void)flavour;
	*found = size != 0;
	for (size_t i = 0; i < size && *found;) {
		uint32_t c;
		size_t length = stmboot_utf8_decode((const char *)s->head + i, s->got - i, &c);

		*found = length != 0 && is_text_character(c);
		i += length;
	}
	return STMBOOT_OK;
}

static enum stmboot_status probe_empty(const struct subject *s, bool *found, const char **flavour)
{
	(void)flavour;
	*found = true;
	for (size_t i = 0; i < s->got && *found; i++)
		*found = (s->head[i] == 0x00 || s->head[i] == 0xff) && s->head[i] == s->head[0];
	return STMBOOT_OK;
}

struct probe {
	enum stmboot_content content;
	enum stmboot_status (*look)(const struct subject *s, bool *found, const char **flavour);
};

static const struct probe probes[] = {
	{ STMBOOT_CONTENT_FIT, probe_fit },          { STMBOOT_CONTENT_DTB, probe_dtb },
	{ STMBOOT_CONTENT_EXT4, probe_ext4 },        { STMBOOT_CONTENT_FAT, probe_fat },
	{ STMBOOT_CONTENT_JFFS2, probe_jffs2 },      { STMBOOT_CONTENT_UBOOT_ENV, probe_env },
	{ STMBOOT_CONTENT_FWU_METADATA, probe_fwu }, { STMBOOT_CONTENT_ISO9660, probe_iso9660 },
	{ STMBOOT_CONTENT_BTRFS, probe_btrfs },      { STMBOOT_CONTENT_TEXT, probe_text },
	{ STMBOOT_CONTENT_EMPTY, probe_empty },
};

struct answer {
	enum stmboot_content content;
	const char *flavour;
};

static void ask_signatures(const struct subject *s, struct answer *answer)
{
	for (size_t i = 0; i < sizeof(signatures) / sizeof(signatures[0]); i++) {
		const struct signature *sig = &signatures[i];

		if (sig->offset + sig->length <= s->got &&
		    memcmp(s->head + sig->offset, sig->bytes, sig->length) == 0) {
			*answer = (struct answer){ sig->content, sig->flavour };
			return;
		}
	}
}

static enum stmboot_status ask_probes(const struct subject *s, struct answer *answer)
{
	for (size_t i = 0; i < sizeof(probes) / sizeof(probes[0]); i++) {
		const char *flavour = NULL;
		bool found = false;
		enum stmboot_status status = probes[i].look(s, &found, &flavour);

		if (status != STMBOOT_OK)
			return status;
		if (found) {
			*answer = (struct answer){ probes[i].content, flavour };
			return STMBOOT_OK;
		}
	}
	return STMBOOT_OK;
}

enum stmboot_status stmboot_content_detect(struct stmboot_context *ctx, struct stmboot_source *src,
					   enum stmboot_content *content, const char **flavour)
{
	struct answer answer = { STMBOOT_CONTENT_UNKNOWN, NULL };
	struct subject s = { .ctx = ctx, .src = src, .size = stmboot_source_size(src) };
	enum stmboot_status status = sb_source_peek(src, 0, s.head, sizeof(s.head), &s.got);

	if (status == STMBOOT_OK)
		ask_signatures(&s, &answer);
	if (status == STMBOOT_OK && answer.content == STMBOOT_CONTENT_UNKNOWN)
		status = ask_probes(&s, &answer);
	if (status != STMBOOT_OK)
		return status;
	*content = answer.content;
	if (flavour != NULL)
		*flavour = answer.flavour;
	return STMBOOT_OK;
}

const char *stmboot_content_text(enum stmboot_content content)
{
	static const char *const names[STMBOOT_CONTENT_COUNT] = {
		[STMBOOT_CONTENT_UNKNOWN] = "unknown",
		[STMBOOT_CONTENT_EMPTY] = "empty",
		[STMBOOT_CONTENT_STM32] = "stm32",
		[STMBOOT_CONTENT_UIMAGE] = "uimage",
		[STMBOOT_CONTENT_FIT] = "fit",
		[STMBOOT_CONTENT_FIP] = "fip",
		[STMBOOT_CONTENT_FWU_METADATA] = "fwu-metadata",
		[STMBOOT_CONTENT_UBOOT_ENV] = "uboot-env",
		[STMBOOT_CONTENT_EXT4] = "ext4",
		[STMBOOT_CONTENT_FAT] = "fat",
		[STMBOOT_CONTENT_EXFAT] = "exfat",
		[STMBOOT_CONTENT_SQUASHFS] = "squashfs",
		[STMBOOT_CONTENT_BTRFS] = "btrfs",
		[STMBOOT_CONTENT_F2FS] = "f2fs",
		[STMBOOT_CONTENT_UBI] = "ubi",
		[STMBOOT_CONTENT_UBIFS] = "ubifs",
		[STMBOOT_CONTENT_JFFS2] = "jffs2",
		[STMBOOT_CONTENT_CRAMFS] = "cramfs",
		[STMBOOT_CONTENT_EROFS] = "erofs",
		[STMBOOT_CONTENT_ISO9660] = "iso9660",
		[STMBOOT_CONTENT_SWAP] = "swap",
		[STMBOOT_CONTENT_LUKS] = "luks",
		[STMBOOT_CONTENT_LVM2] = "lvm2",
		[STMBOOT_CONTENT_GZIP] = "gzip",
		[STMBOOT_CONTENT_XZ] = "xz",
		[STMBOOT_CONTENT_ZSTD] = "zstd",
		[STMBOOT_CONTENT_BZIP2] = "bzip2",
		[STMBOOT_CONTENT_LZ4] = "lz4",
		[STMBOOT_CONTENT_ZIMAGE] = "zimage",
		[STMBOOT_CONTENT_ARM64_IMAGE] = "arm64-image",
		[STMBOOT_CONTENT_DTB] = "dtb",
		[STMBOOT_CONTENT_ELF] = "elf",
		[STMBOOT_CONTENT_CPIO] = "cpio",
		[STMBOOT_CONTENT_TEXT] = "text",
	};

	return (size_t)content < STMBOOT_CONTENT_COUNT ? names[content] : names[0];
}
