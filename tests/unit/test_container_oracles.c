/* SPDX-License-Identifier: MIT */
/* Containers and file systems that real tools made; each is skipped without its tool. */
#include <stmboot/content.h>
#include <stmboot/fip.h>
#include <stmboot/stm32.h>
#include <stmboot/uimage.h>

#include "../support/bytes.h"
#include "../support/folder.h"
#include "format/formats.h"

#include <inttypes.h>

/* A folder of its own, in which a script leaves a file called "out". */
struct workshop {
	struct folder folder;
	struct stmboot_context *ctx;
	struct stmboot_diags *diags;
	struct stmboot_source *src;
};

static struct workshop make(const char *script)
{
	struct workshop w = { .folder = folder_new() };

	folder_run(&w.folder, script);
	cr_assert_eq(stmboot_context_new(NULL, &w.ctx), STMBOOT_OK);
	cr_assert_eq(stmboot_diags_new(w.ctx, &w.diags), STMBOOT_OK);
	w.src = folder_open(w.ctx, &w.folder, "out");
	return w;
}

static void expect_no_finding(const struct workshop *w)
{
	for (size_t i = 0; i < stmboot_diags_count(w->diags); i++)
		cr_expect(false, "%s: %s", stmboot_diags_get(w->diags, i)->code,
			  stmboot_diags_get(w->diags, i)->message);
}

static void clear(struct workshop *w)
{
	stmboot_source_close(w->src);
	stmboot_diags_free(w->diags);
	stmboot_context_free(w->ctx);
	folder_remove(&w->folder);
}

Test(container_oracles, mkimage_stm32)
{
	struct stmboot_stm32 *s;
	struct workshop w;

	need("mkimage");
	w = make("printf stmboot-sample-payload-0123456789 >in\n"
		 "mkimage -T stm32image -a 0x2ffc2500 -e 0x2ffc2504 -d in out");
	cr_assert_eq(stmboot_stm32_decode(w.ctx, w.src, &s), STMBOOT_OK);
	cr_assert_eq(stmboot_stm32_verify(w.ctx, w.src, s), STMBOOT_OK);
	cr_expect_eq(s->version, STMBOOT_STM32_V1_0);
	cr_expect_eq(s->source_bytes, 289);
	cr_expect_eq(s->payload_bytes, 33);
	cr_expect_eq(s->checksum, 0xb08);
	cr_expect_eq(s->entry_point, 0x2ffc2504);
	cr_expect_eq(s->load_address, 0x2ffc2500);
	cr_expect_eq(s->flags, 1);
	cr_expect_eq(s->algorithm, 1);
	cr_assert_eq(stmboot_stm32_validate(s, w.src, STMBOOT_STM32_FSBL, w.diags), STMBOOT_OK);
	expect_no_finding(&w);
	stmboot_stm32_free(s);
	clear(&w);
}

/* As SPL finds it: at the start of a partition that is longer than the image. */
Test(container_oracles, mkimage_firmware)
{
	struct stmboot_uimage *u;
	struct workshop w;

	need("mkimage");
	w = make("head -c 10001 /dev/urandom >in\n"
		 "SOURCE_DATE_EPOCH=1700000000 mkimage -A arm -O u-boot -T firmware -C none "
		 "-a 0xc0100000 -e 0xc0100000 -n 'exactly thirty-two bytes of name' -d in out\n"
		 "truncate -s 64K out");
	cr_assert_eq(stmboot_uimage_decode(w.ctx, w.src, &u), STMBOOT_OK);
	cr_assert_eq(stmboot_uimage_verify(w.ctx, w.src, u), STMBOOT_OK);
	cr_expect_eq(u->timestamp, 1700000000);
	cr_expect_eq(u->data_bytes, 10001);
	cr_expect_str_eq(u->name, "exactly thirty-two bytes of name");
	cr_expect_str_eq(stmboot_uimage_os_text(u->os), "u-boot");
	cr_expect_str_eq(stmboot_uimage_type_text(u->type), "firmware");
	cr_assert_eq(stmboot_uimage_validate(u, w.src, STMBOOT_UIMAGE_SSBL, w.diags), STMBOOT_OK);
	expect_no_finding(&w);
	stmboot_uimage_free(u);
	clear(&w);
}

/* The version of a packed U-Boot is behind its compression, its CRC before it. */
Test(container_oracles, mkimage_gzip)
{
	struct stmboot_uimage u;
	struct sb_scan scan;
	struct workshop w;

	need("mkimage");
	w = make("{ head -c 100000 /dev/urandom; printf '\\0U-Boot 2023.01-test (Jan 01)\\0'; } |\n"
		 "gzip -n >in\n"
		 "mkimage -A arm -O linux -T kernel -C gzip -a 0xc2000040 -e 0xc2000040 -d in out");
	cr_assert_eq(sb_uimage_decode(w.src, &u), STMBOOT_OK);
	cr_assert_eq(sb_uimage_scan(w.ctx, w.src, &u, &scan), STMBOOT_OK);
	cr_expect(u.has_computed_data_crc);
	cr_assert_eq(scan.text_count, 1);
	cr_expect_eq(scan.texts[0].offset, 100001);
	cr_expect_str_eq(scan.texts[0].banner, "U-Boot 2023.01-test (Jan 01)");
	cr_assert_eq(stmboot_uimage_validate(&u, w.src, STMBOOT_UIMAGE_KERNEL, w.diags),
		     STMBOOT_OK);
	expect_no_finding(&w);
	clear(&w);
}

Test(container_oracles, mkimage_parts)
{
	struct stmboot_uimage *u;
	struct workshop w;
	char text[6] = "";

	need("mkimage");
	w = make("printf first >a; printf second-part >b; printf c >c\n"
		 "mkimage -A arm -O linux -T multi -C none -d a:b:c out");
	cr_assert_eq(stmboot_uimage_decode(w.ctx, w.src, &u), STMBOOT_OK);
	cr_expect(u->parts_ok);
	cr_assert_eq(u->part_count, 3);
	cr_expect_eq(u->parts[1].size, 11);
	cr_assert_eq(stmboot_source_read(w.src, u->parts[1].offset, text, 5), STMBOOT_OK);
	cr_expect_str_eq(text, "secon");
	cr_assert_eq(stmboot_source_read(w.src, u->parts[2].offset, text, 1), STMBOOT_OK);
	cr_expect_eq(text[0], 'c');
	stmboot_uimage_free(u);
	clear(&w);
}

/* One line of "fiptool info": NAME: offset=0xB0, size=0x8, cmdline="--nt-fw" */
static void expect_entry(const struct stmboot_fip *fip, const char *line, size_t index)
{
	const struct stmboot_fip_entry *e;
	const char *numbers = strstr(line, "offset=");
	uint64_t offset, size;
	char name[32];

	cr_assert_not_null(numbers, "%s", line);
	cr_assert_eq(sscanf(numbers,
			    "offset=%" SCNx64 ", size=%" SCNx64 ", cmdline=\"--%31[a-z0-9-]",
			    &offset, &size, name),
		     3, "%s", line);
	cr_assert_lt(index, fip->entry_count);
	e = &fip->entries[index];
	if (strcmp(name, "blob") == 0)
		snprintf(name, sizeof(name), "%s", e->name);
	else
		cr_expect_str_eq(e->name, name);
	cr_expect_eq(e->offset, offset, "%s", line);
	cr_expect_eq(e->size, size, "%s", line);
	cr_expect_eq(stmboot_fip_find(fip, name), e);
	cr_expect_eq(stmboot_fip_find(fip, e->uuid_text), e);
}

static void expect_what_fiptool_says(const struct workshop *w, const struct stmboot_fip *fip)
{
	char line[256];
	size_t count = 0;
	FILE *info;

	snprintf(line, sizeof(line), "fiptool info %s/out", w->folder.path);
	info = popen(line, "r");
	cr_assert_not_null(info);
	while (fgets(line, sizeof(line), info) != NULL)
		expect_entry(fip, line, count++);
	cr_expect_eq(pclose(info), 0);
	cr_expect_eq(count, fip->entry_count);
}

/* What TF-A for STM32MP does not load is all that is to be said of them. */
static void expect_unused(const struct workshop *w, size_t count)
{
	size_t unused = 0;

	for (size_t i = 0; i < stmboot_diags_count(w->diags); i++) {
		const struct stmboot_diag *d = stmboot_diags_get(w->diags, i);

		cr_expect_str_eq(d->code, "fip.unused-image", "%s: %s", d->code, d->message);
		unused += strcmp(d->code, "fip.unused-image") == 0;
	}
	cr_expect_eq(unused, count, "%zu", unused);
}

/* Every image that this fiptool has a name for, and those that ST's has. */
Test(container_oracles, fiptool)
{
	static const char *const aligns[] = { "1", "4", "512", "4096" };

	need("fiptool");
	for (size_t i = 0; i < sizeof(aligns) / sizeof(aligns[0]); i++) {
		struct stmboot_fip *fip;
		struct workshop w;
		char script[1024];

		snprintf(script, sizeof(script),
			 "for i in $(fiptool create --help 2>&1 |\n"
			 "sed -n 's/^  --\\([a-z0-9-]*\\) *FILENAME.*/\\1/p')\n"
			 "do echo $i >$i; set -- \"$@\" --$i $i; done\n"
			 "echo cert >cert\n"
			 "fiptool create --align %s --plat-toc-flags 0xffff \"$@\" --blob "
			 "uuid=501d8dd2-8bce-49a5-84eb-559a9f2eaeaf,file=cert --blob "
			 "uuid=b11249be-92dd-4b10-867c-2c6a4b47a7fb,file=cert out",
			 aligns[i]);
		w = make(script);
		cr_assert_eq(stmboot_fip_decode(w.ctx, w.src, &fip), STMBOOT_OK);
		cr_expect_eq(fip->entry_count, 36);
		cr_expect(fip->terminated);
		cr_expect_eq(fip->flags, UINT64_C(0xffff) << 32);
		cr_expect_eq(fip->total_bytes, fip->source_bytes);
		for (size_t k = 0; k < fip->entry_count; k++)
			cr_expect_not_null(fip->entries[k].name, "%s", fip->entries[k].uuid_text);
		cr_expect_not_null(stmboot_fip_find(fip, "stm32mp-cfg-cert"));
		cr_expect_not_null(stmboot_fip_find(fip, "ddr-fw"));
		expect_what_fiptool_says(&w, fip);
		cr_assert_eq(stmboot_fip_validate(fip, w.src, STMBOOT_SOC_STM32MP2, w.diags),
			     STMBOOT_OK);
		expect_unused(&w, 18);
		stmboot_fip_free(fip);
		clear(&w);
	}
}

static const struct made {
	const char *tool;
	const char *script;
	enum stmboot_content content;
	const char *flavour;
} made[] = {
	{ "mke2fs", "mke2fs -q -t ext2 out 1M", STMBOOT_CONTENT_EXT4, "ext2" },
	{ "mke2fs", "mke2fs -q -t ext3 out 4M", STMBOOT_CONTENT_EXT4, "ext3" },
	{ "mke2fs", "mke2fs -q -t ext4 out 4M", STMBOOT_CONTENT_EXT4, "ext4" },
	{ "mkfs.fat", "truncate -s 1M out; mkfs.fat -F 12 out", STMBOOT_CONTENT_FAT, "FAT12" },
	{ "mkfs.fat", "truncate -s 16M out; mkfs.fat -F 16 out", STMBOOT_CONTENT_FAT, "FAT16" },
	{ "mkfs.fat", "truncate -s 64M out; mkfs.fat -F 32 out", STMBOOT_CONTENT_FAT, "FAT32" },
	{ "mkfs.exfat", "truncate -s 8M out; mkfs.exfat out", STMBOOT_CONTENT_EXFAT, NULL },
	{ "mksquashfs", "mkdir d; echo t >d/f; mksquashfs d out", STMBOOT_CONTENT_SQUASHFS, NULL },
	{ "mkfs.btrfs", "truncate -s 128M out; mkfs.btrfs out", STMBOOT_CONTENT_BTRFS, NULL },
	{ "mkfs.f2fs", "truncate -s 64M out; mkfs.f2fs out", STMBOOT_CONTENT_F2FS, NULL },
	{ "mkfs.erofs", "mkdir d; echo t >d/f; mkfs.erofs out d", STMBOOT_CONTENT_EROFS, NULL },
	{ "mkfs.cramfs", "mkdir d; echo t >d/f; mkfs.cramfs d out", STMBOOT_CONTENT_CRAMFS, NULL },
	{ "mkfs.jffs2", "mkdir d; echo t >d/f; mkfs.jffs2 -r d -o out", STMBOOT_CONTENT_JFFS2,
	  NULL },
	{ "mkfs.jffs2", "mkdir d; echo t >d/f; mkfs.jffs2 -n -r d -o out", STMBOOT_CONTENT_JFFS2,
	  NULL },
	{ "xorriso", "mkdir d; echo t >d/f; xorriso -as mkisofs -o out d", STMBOOT_CONTENT_ISO9660,
	  NULL },
	{ "mkswap", "truncate -s 1M out; mkswap out", STMBOOT_CONTENT_SWAP, NULL },
	{ "gzip", "echo text | gzip >out", STMBOOT_CONTENT_GZIP, NULL },
	{ "xz", "echo text | xz >out", STMBOOT_CONTENT_XZ, NULL },
	{ "zstd", "echo text | zstd >out", STMBOOT_CONTENT_ZSTD, NULL },
	{ "bzip2", "echo text | bzip2 >out", STMBOOT_CONTENT_BZIP2, NULL },
	{ "lz4", "echo text | lz4 >out", STMBOOT_CONTENT_LZ4, NULL },
	{ "lz4", "echo text | lz4 -l >out", STMBOOT_CONTENT_LZ4, "legacy" },
	{ "cpio", "echo . | cpio -o -H newc >out", STMBOOT_CONTENT_CPIO, NULL },
	{ "dtc", "echo '/dts-v1/; / { };' | dtc -o out", STMBOOT_CONTENT_DTB, NULL },
	{ "mkenvimage", "echo a=b | mkenvimage -s 0x2000 -o out -", STMBOOT_CONTENT_UBOOT_ENV,
	  NULL },
	{ "mkenvimage", "echo a=b | mkenvimage -r -s 0x4000 -o out -", STMBOOT_CONTENT_UBOOT_ENV,
	  "redundant" },
	{ "mkimage", "echo t >in; mkimage -f auto -A arm -T firmware -d in out",
	  STMBOOT_CONTENT_FIT, NULL },
	{ "mkimage", "echo t >in; mkimage -T script -d in out", STMBOOT_CONTENT_UIMAGE, NULL },
	{ "mkimage", "echo t >in; mkimage -T stm32image -d in out", STMBOOT_CONTENT_STM32, NULL },
	{ "fiptool", "echo t >in; fiptool create --nt-fw in out", STMBOOT_CONTENT_FIP, NULL },
	{ "sh", "cp /bin/sh out", STMBOOT_CONTENT_ELF, NULL },
	{ "sh", "printf '#!/bin/sh\\necho x\\n' >out", STMBOOT_CONTENT_TEXT, NULL },
};

Test(container_oracles, content)
{
	for (size_t i = 0; i < sizeof(made) / sizeof(made[0]); i++) {
		enum stmboot_content content;
		const char *flavour = NULL;
		struct workshop w;

		if (!is_installed(made[i].tool))
			continue;
		w = make(made[i].script);
		cr_assert_eq(stmboot_content_detect(w.ctx, w.src, &content, &flavour), STMBOOT_OK);
		cr_expect_eq(content, made[i].content, "%s: %s", made[i].script,
			     stmboot_content_text(content));
		cr_expect_eq(flavour == NULL, made[i].flavour == NULL, "%s", made[i].script);
		if (flavour != NULL && made[i].flavour != NULL)
			cr_expect_str_eq(flavour, made[i].flavour, "%s", made[i].script);
		clear(&w);
	}
}
