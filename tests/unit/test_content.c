/* SPDX-License-Identifier: MIT */
#include <stmboot/content.h>

#include "../support/bytes.h"

struct mark {
	size_t offset;
	const char *bytes;
	size_t length;
};

#define MARK(offset, text)                                                                         \
	{                                                                                          \
		offset, text, sizeof(text) - 1                                                     \
	}

struct content_case {
	const char *name;
	struct mark marks[6];
	const char *content;
	const char *flavour;
};

static const struct content_case cases[] = {
	{ "nothing but zeros", { MARK(0, "") }, "empty", NULL },
	{ "something else", { MARK(0, "\1\2\3\4") }, "unknown", NULL },
	{ "STM32 header", { MARK(0, "STM2") }, "stm32", NULL },
	{ "U-Boot image", { MARK(0, "\x27\x05\x19\x56") }, "uimage", NULL },
	{ "firmware package", { MARK(0, "\x01\x00\x64\xaa") }, "fip", NULL },
	{ "device tree", { MARK(0, "\xd0\x0d\xfe\xed"), MARK(11, "\x38") }, "dtb", NULL },
	{ "FIT",
	  { MARK(0, "\xd0\x0d\xfe\xed"), MARK(11, "\x38"), MARK(0x38 + 8, "\0\0\0\1images\0\0") },
	  "fit",
	  NULL },
	{ "zImage", { MARK(0, "MZ"), MARK(36, "\x18\x28\x6f\x01") }, "zimage", NULL },
	{ "arm64 Image", { MARK(0, "MZ"), MARK(56, "ARM\x64") }, "arm64-image", NULL },
	{ "ext2", { MARK(1080, "\x53\xef") }, "ext4", "ext2" },
	{ "ext3 has a journal",
	  { MARK(1080, "\x53\xef"), MARK(1024 + 0x5c, "\4") },
	  "ext4",
	  "ext3" },
	{ "ext4 has extents",
	  { MARK(1080, "\x53\xef"), MARK(1024 + 0x5c, "\4"), MARK(1024 + 0x60, "\x42") },
	  "ext4",
	  "ext4" },
	{ "FAT12 of a floppy disk",
	  { MARK(0, "\xeb\x3c\x90mkfs.fat\x00\x02\x01\x01\x00\x02\xe0\x00\x40\x0b\xf0\x09\x00"),
	    MARK(54, "FAT12   "), MARK(510, "\x55\xaa") },
	  "fat",
	  "FAT12" },
	{ "FAT32",
	  { MARK(0, "\xeb\x58\x90mkfs.fat\x00\x02\x01\x20\x00\x02\x00\x00\x00\x00\xf8\x00\x00"),
	    MARK(82, "FAT32   "), MARK(510, "\x55\xaa") },
	  "fat",
	  "FAT32" },
	{ "a master boot record is no FAT",
	  { MARK(0, "\xeb\x63\x90"), MARK(446, "\x80"), MARK(510, "\x55\xaa") },
	  "unknown",
	  NULL },
	{ "exFAT",
	  { MARK(0, "\xeb\x76\x90"
		    "EXFAT   ") },
	  "exfat",
	  NULL },
	{ "btrfs", { MARK(0x10040, "_BHRfS_M") }, "btrfs", NULL },
	{ "ISO 9660", { MARK(0x8001, "CD001") }, "iso9660", NULL },
	{ "swap", { MARK(4086, "SWAPSPACE2") }, "swap", NULL },
	{ "f2fs", { MARK(1024, "\x10\x20\xf5\xf2") }, "f2fs", NULL },
	{ "erofs", { MARK(1024, "\xe2\xe1\xf5\xe0") }, "erofs", NULL },
	{ "squashfs", { MARK(0, "hsqs") }, "squashfs", NULL },
	{ "UBI", { MARK(0, "UBI#") }, "ubi", NULL },
	{ "UBIFS", { MARK(0, "\x31\x18\x10\x06") }, "ubifs", NULL },
	{ "JFFS2", { MARK(0, "\x85\x19\x03\x20\x0c\0\0\0\xb1\xb0\x1e\xe4") }, "jffs2", NULL },
	{ "cramfs", { MARK(0, "\x45\x3d\xcd\x28") }, "cramfs", NULL },
	{ "LUKS", { MARK(0, "LUKS\xba\xbe\0\2") }, "luks", "2" },
	{ "LVM", { MARK(512, "LABELONE"), MARK(536, "LVM2 001") }, "lvm2", NULL },
	{ "gzip", { MARK(0, "\x1f\x8b\x08") }, "gzip", NULL },
	{ "xz",
	  { MARK(0, "\xfd"
		    "7zXZ\0") },
	  "xz",
	  NULL },
	{ "zstd", { MARK(0, "\x28\xb5\x2f\xfd") }, "zstd", NULL },
	{ "bzip2", { MARK(0, "BZh9") }, "bzip2", NULL },
	{ "LZ4", { MARK(0, "\x04\x22\x4d\x18") }, "lz4", NULL },
	{ "ELF",
	  { MARK(0, "\x7f"
		    "ELF") },
	  "elf",
	  NULL },
	{ "cpio", { MARK(0, "070701") }, "cpio", NULL },
};

enum { CASE_BYTES = 0x11000 };

#define ENV_CRC_PLAIN     UINT32_C(0x7bfddd26)
#define ENV_CRC_REDUNDANT UINT32_C(0x439cf8ec)

static void expect(struct bytes *b, const char *name, const char *content, const char *flavour)
{
	enum stmboot_content found;
	const char *found_flavour;

	cr_assert_eq(stmboot_content_detect(b->ctx, bytes_source(b), &found, &found_flavour),
		     STMBOOT_OK);
	cr_expect_str_eq(stmboot_content_text(found), content, "%s: %s", name,
			 stmboot_content_text(found));
	cr_expect_str_eq(found_flavour != NULL ? found_flavour : "", flavour != NULL ? flavour : "",
			 "%s: %s", name, found_flavour != NULL ? found_flavour : "no flavour");
}

Test(content, signatures)
{
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		const struct content_case *c = &cases[i];
		struct bytes b = bytes_new(CASE_BYTES);

		for (size_t k = 0; k < 6 && c->marks[k].bytes != NULL; k++)
			bytes_put(&b, c->marks[k].offset, c->marks[k].bytes, c->marks[k].length);
		expect(&b, c->name, c->content, c->flavour);
		bytes_free(&b);
	}
}

Test(content, texts)
{
	static const struct {
		const char *name, *text, *content;
	} texts[] = {
		{ "a configuration", "label linux\n\tkernel /zImage\n", "text" },
		{ "UTF-8", "menu title Carte d'\xc3\xa9t\xc3\xa9\n", "text" },
		{ "no UTF-8", "menu title \xe9t\xe9\n", "unknown" },
		{ "a control character", "label\1", "unknown" },
		{ "nothing at all", "", "empty" },
	};

	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		struct bytes b = bytes_new(strlen(texts[i].text));

		bytes_put(&b, 0, texts[i].text, b.size);
		expect(&b, texts[i].name, texts[i].content, NULL);
		bytes_free(&b);
	}
}

Test(content, erased_flash_is_empty)
{
	struct bytes b = bytes_new(8192);

	memset(b.data, 0xff, b.size);
	expect(&b, "erased flash", "empty", NULL);
	b.data[4095] = 0;
	expect(&b, "0xff with a zero", "unknown", NULL);
	bytes_free(&b);
}

/* CRCs by zlib.crc32 of Python over b"bootdelay=2" and zeros, 0x1ffc and 0x1ffb bytes. */
Test(content, saved_environment)
{
	struct bytes b = bytes_new(0x4000);

	bytes_put(&b, 4, "bootdelay=2", 11);
	bytes_le(&b, 0, ENV_CRC_PLAIN, 4);
	expect(&b, "environment", "uboot-env", NULL);
	bytes_le(&b, 0, ENV_CRC_PLAIN ^ 1, 4);
	expect(&b, "environment with a wrong CRC", "unknown", NULL);
	memset(b.data, 0, b.size);
	bytes_put(&b, 4, "\1bootdelay=2", 12);
	bytes_le(&b, 0, ENV_CRC_REDUNDANT, 4);
	expect(&b, "redundant environment", "uboot-env", "redundant");
	bytes_free(&b);
}

Test(content, every_kind_has_a_name)
{
	for (int i = 0; i < STMBOOT_CONTENT_COUNT; i++)
		for (int k = 0; k < i; k++)
			cr_expect_str_neq(stmboot_content_text((enum stmboot_content)i),
					  stmboot_content_text((enum stmboot_content)k));
	cr_expect_str_eq(stmboot_content_text(STMBOOT_CONTENT_COUNT), "unknown");
}
