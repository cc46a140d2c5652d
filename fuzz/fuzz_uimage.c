/* SPDX-License-Identifier: MIT */
/*
 * Legacy images and their size tables; the input is that of patched.h. In seven of
 * eight values of the last three bits of the choice the checksums are mended. What
 * is found in the data does not depend on where a read of it ends, which one of four
 * values of bits 2 and 4 asks for.
 */
#include <stmboot/uimage.h>

#include "../tests/support/containers.h"
#include "format/formats.h"
#include "format/scan.h"
#include "patched.h"

enum { UNMENDED = 0xe0, CUT = 0x14, READ_BYTES = 65536 };

/* U-Boot, a script or a multi image of two parts; compressed by name with bit 3. */
static size_t make(uint8_t *bytes, uint8_t choice)
{
	static const uint8_t types[] = { 5, 6, 4, 2 };
	size_t size = make_uimage(bytes);

	bytes[30] = types[choice & 3];
	bytes[31] = (choice & 8) != 0;
	if (types[choice & 3] == 6 || types[choice & 3] == 4)
		memcpy(bytes + 64, "\0\0\0\5\0\0\0\3\0\0\0\0", 12);
	mend_uimage(bytes, size);
	return size;
}

static void check_record(const struct patched *p, const struct stmboot_uimage *u)
{
	require(u->source_bytes == p->size);
	require(u->data_fits == (u->data_bytes <= p->size - STMBOOT_UIMAGE_HEADER));
	require(u->part_count <= STMBOOT_UIMAGE_MAX_PARTS);
	require(strlen(u->name) <= STMBOOT_UIMAGE_NAME);
	for (size_t i = 0; i < u->part_count; i++) {
		require(u->parts[i].offset >= STMBOOT_UIMAGE_HEADER + 4);
		require(u->parts[i].offset + u->parts[i].size <=
			STMBOOT_UIMAGE_HEADER + (uint64_t)u->data_bytes);
	}
}

/* The same bytes behind so many zeros that a read ends in their middle. */
static void check_cut(struct patched *p)
{
	static uint8_t bytes[READ_BYTES + PATCHED_ROOM];
	size_t before = READ_BYTES - (p->size < READ_BYTES ? p->size / 2 : READ_BYTES / 2);
	struct stmboot_source *src;
	struct sb_scan whole, cut;

	memset(bytes, 0, before);
	memcpy(bytes + before, p->bytes, p->size);
	require(stmboot_source_from_memory(p->ctx, bytes, before + p->size, &src) == STMBOOT_OK);
	require(sb_scan_range(p->ctx, p->src, 0, p->size, &whole) == STMBOOT_OK);
	require(sb_scan_range(p->ctx, src, 0, before + p->size, &cut) == STMBOOT_OK);
	require(whole.byte_sum == cut.byte_sum);
	require(whole.text_count == cut.text_count && whole.dtb_count == cut.dtb_count);
	for (size_t i = 0; i < whole.text_count; i++) {
		require(whole.texts[i].firmware == cut.texts[i].firmware);
		require(whole.texts[i].offset + before == cut.texts[i].offset);
		require(strcmp(whole.texts[i].version, cut.texts[i].version) == 0);
		require(strcmp(whole.texts[i].banner, cut.texts[i].banner) == 0);
	}
	for (size_t i = 0; i < whole.dtb_count; i++)
		require(whole.dtbs[i].offset + before == cut.dtbs[i].offset &&
			whole.dtbs[i].size == cut.dtbs[i].size);
	stmboot_source_close(src);
}

static void check_data(struct patched *p, struct stmboot_uimage *u)
{
	struct sb_scan scan;
	enum stmboot_status status = stmboot_uimage_verify(p->ctx, p->src, u);

	require((status == STMBOOT_OK) == u->data_fits);
	if (status == STMBOOT_OK)
		require(u->computed_data_crc ==
			crc32(0, p->bytes + STMBOOT_UIMAGE_HEADER, (uInt)u->data_bytes));
	require(sb_uimage_scan(p->ctx, p->src, u, &scan) == STMBOOT_OK);
	require(scan.text_count <= SB_SCAN_MAX_TEXTS && scan.dtb_count <= SB_SCAN_MAX_DTBS);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct patched *p = patched_new(data, size, make);
	struct stmboot_uimage *u = NULL;

	if ((p->choice & UNMENDED) != UNMENDED && p->size >= STMBOOT_UIMAGE_HEADER)
		mend_uimage(p->bytes, p->size);
	if (stmboot_uimage_decode(p->ctx, p->src, &u) == STMBOOT_OK) {
		check_record(p, u);
		check_data(p, u);
		if ((p->choice & CUT) == CUT)
			check_cut(p);
		for (int role = STMBOOT_UIMAGE_ANY; role <= STMBOOT_UIMAGE_INITRD; role++)
			require(stmboot_uimage_validate(u, p->src, (enum stmboot_uimage_role)role,
							p->diags) == STMBOOT_OK);
		stmboot_uimage_free(u);
	}
	patched_free(p);
	return 0;
}
