/* SPDX-License-Identifier: MIT */
/*
 * A device tree in its flattened form: header, memory reserve map, and what
 * others ask of the tree. Devicetree specification v0.4, chapter 5.
 */
#include "format/dtb_internal.h"

#include <string.h>

#include "base/checked.h"
#include "base/context.h"
#include "base/cursor.h"
#include "source/source.h"

enum {
	MAGIC = 0xd00dfeed - 0x100000000, /* as an int */
	OLDEST_VERSION = 16, /* before it names were whole paths and data was aligned to 8 */
	KNOWN_VERSION = 17,
	HEADER_16_BYTES = 36,
	RESERVE_BYTES = 16,
	COMPARE_BYTES = 4096, /* at once */
	AT_TOTAL = 4,
	AT_STRUCT = 8,
	AT_STRINGS = 12,
	AT_RESERVE = 16,
	AT_VERSION = 20,
	AT_LAST_COMPATIBLE = 24,
	DEFAULT_ADDRESS_CELLS = 2,
	DEFAULT_SIZE_CELLS = 1,
	CELL = 4,
};

static bool fail(struct stmboot_dtb *dtb, enum stmboot_dtb_defect defect, uint64_t offset,
		 const char *text)
{
	dtb->defect = defect;
	dtb->defect_offset = offset;
	dtb->defect_text = text;
	return false;
}

/* What may stand where a device tree was expected. */
static const char *look_at(const uint8_t *bytes, size_t size)
{
	static const struct {
		const char *bytes;
		size_t length;
		const char *text;
	} kinds[] = {
		{ "\xed\xfe\x0d\xd0", 4, "a device tree in the wrong byte order" },
		{ "\x1f\x8b", 2, "a gzip file" },
		{ "\xfd"
		  "7zXZ",
		  5, "an xz file" },
		{ "\x28\xb5\x2f\xfd", 4, "a zstd file" },
		{ "\x7f"
		  "ELF",
		  4, "an ELF file" },
		{ "\x27\x05\x19\x56", 4, "a U-Boot legacy image" },
		{ "STM\x32", 4, "an STM32 image" },
		{ "/dts-v1/", 8, "the source text of a device tree" },
		{ "<!DOCTYPE", 9, "a web page" },
		{ "<html", 5, "a web page" },
		{ "version https://git-lfs", 23, "a pointer of Git LFS" },
	};
	static const uint8_t zeros[SB_DTB_HEADER_BYTES];

	if (size == 0)
		return "an empty file";
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
		if (size >= kinds[i].length && memcmp(bytes, kinds[i].bytes, kinds[i].length) == 0)
			return kinds[i].text;
	if (size <= sizeof(zeros) && memcmp(bytes, zeros, size) == 0)
		return "zeros";
	return NULL;
}

static void decode_fields(struct stmboot_dtb_header *h, const uint8_t *bytes, size_t size)
{
	struct sb_cursor c = sb_cursor(bytes, size);

	h->magic = sb_be32(&c);
	h->total_bytes = sb_be32(&c);
	h->struct_offset = sb_be32(&c);
	h->strings_offset = sb_be32(&c);
	h->reserve_offset = sb_be32(&c);
	h->version = sb_be32(&c);
	h->last_compatible_version = sb_be32(&c);
	h->boot_cpu = sb_be32(&c);
	h->strings_bytes = sb_be32(&c);
	if (h->version >= KNOWN_VERSION)
		h->struct_bytes = sb_be32(&c);
}

static uint32_t header_bytes(const struct stmboot_dtb_header *h)
{
	return h->version < KNOWN_VERSION ? HEADER_16_BYTES : SB_DTB_HEADER_BYTES;
}

uint64_t sb_dtb_struct_end(const struct stmboot_dtb_header *h)
{
	uint64_t end = h->total_bytes;

	if (h->version >= KNOWN_VERSION)
		return (uint64_t)h->struct_offset + h->struct_bytes;
	if (h->strings_offset >= h->struct_offset)
		end = sb_min_u64(end, h->strings_offset);
	if (h->reserve_offset >= h->struct_offset)
		end = sb_min_u64(end, h->reserve_offset);
	return end;
}

static bool check_version(struct stmboot_dtb *dtb)
{
	const struct stmboot_dtb_header *h = &dtb->header;

	if (h->last_compatible_version > KNOWN_VERSION)
		return fail(dtb, STMBOOT_DTB_BAD_VERSION, AT_LAST_COMPATIBLE, NULL);
	if (h->version < OLDEST_VERSION || h->version < h->last_compatible_version)
		return fail(dtb, STMBOOT_DTB_BAD_VERSION, AT_VERSION, NULL);
	return true;
}

static bool check_blocks(struct stmboot_dtb *dtb)
{
	const struct stmboot_dtb_header *h = &dtb->header;
	uint64_t total = h->total_bytes;
	uint64_t first = header_bytes(h);
	uint64_t end = sb_dtb_struct_end(h);

	if (total < first || total > INT32_MAX)
		return fail(dtb, STMBOOT_DTB_BAD_HEADER, AT_TOTAL, "the total size is impossible");
	if (h->struct_offset < first || h->struct_offset >= end || end > total)
		return fail(dtb, STMBOOT_DTB_BAD_HEADER, AT_STRUCT,
			    "the structure block does not lie within the device tree");
	if (h->strings_offset < first ||
	    !sb_range_within(h->strings_offset, h->strings_bytes, total))
		return fail(dtb, STMBOOT_DTB_BAD_HEADER, AT_STRINGS,
			    "the strings block does not lie within the device tree");
	if (h->reserve_offset < first || !sb_range_within(h->reserve_offset, RESERVE_BYTES, total))
		return fail(dtb, STMBOOT_DTB_BAD_HEADER, AT_RESERVE,
			    "the memory reserve map does not lie within the device tree");
	if (sb_ranges_overlap(h->struct_offset, end - h->struct_offset, h->strings_offset,
			      h->strings_bytes))
		return fail(dtb, STMBOOT_DTB_BAD_HEADER, AT_STRINGS,
			    "the strings block overlaps the structure block");
	return true;
}

void sb_dtb_decode_header(struct stmboot_dtb *dtb, const uint8_t *bytes, size_t size)
{
	const struct stmboot_dtb_header *h = &dtb->header;

	decode_fields(&dtb->header, bytes, size);
	if (size < SB_DTB_HEADER_BYTES || sb_get_be32(bytes) != (uint32_t)MAGIC) {
		dtb->looks_like = look_at(bytes, size);
		(void)fail(dtb, STMBOOT_DTB_BAD_MAGIC, 0, NULL);
		return;
	}
	if (!check_version(dtb) || !check_blocks(dtb))
		return;
	dtb->misaligned = h->struct_offset % CELL != 0 || h->reserve_offset % 8 != 0;
}

/* The pairs of the memory reserve map, ended by one of zeros. */
static enum stmboot_status decode_reserved(struct sb_dtb_object *object)
{
	struct stmboot_dtb *dtb = &object->dtb;
	const struct stmboot_dtb_header *h = &dtb->header;
	struct stmboot_dtb_range *list = NULL;
	uint64_t end = h->total_bytes;
	uint64_t at = h->reserve_offset;
	size_t capacity = 0;

	if (h->struct_offset >= at)
		end = sb_min_u64(end, h->struct_offset);
	if (h->strings_offset >= at && h->strings_bytes != 0)
		end = sb_min_u64(end, h->strings_offset);
	for (;; at += RESERVE_BYTES) {
		struct stmboot_dtb_range range, *item;

		if (!sb_range_within(at, RESERVE_BYTES, end)) {
			(void)fail(dtb, STMBOOT_DTB_BAD_STRUCTURE, at,
				   "the memory reserve map does not end before the next block");
			return STMBOOT_OK;
		}
		range.address = sb_get_be64(dtb->blob + at);
		range.bytes = sb_get_be64(dtb->blob + at + 8);
		if (range.address == 0 && range.bytes == 0)
			break;
		item = sb_arena_push(object->arena, &list, &dtb->reserved_count, &capacity,
				     sizeof(*list));
		if (item == NULL)
			return STMBOOT_NO_MEMORY;
		*item = range;
	}
	dtb->reserved = list;
	return STMBOOT_OK;
}

/* A property that is one cell, or `otherwise`. */
static uint32_t cell_of(const struct stmboot_dtb_node *node, const char *name, uint32_t otherwise)
{
	const struct stmboot_dtb_property *p = stmboot_dtb_find_property(node, name);

	return p != NULL && p->length == CELL ? sb_get_be32(p->data) : otherwise;
}

static const char *text_of(const struct stmboot_dtb_node *node, const char *name)
{
	const struct stmboot_dtb_property *p =
		node != NULL ? stmboot_dtb_find_property(node, name) : NULL;

	return p != NULL ? stmboot_dtb_string(p, 0) : NULL;
}

static enum stmboot_status list_compatible(struct sb_dtb_object *object)
{
	struct stmboot_dtb *dtb = &object->dtb;
	const struct stmboot_dtb_property *p = stmboot_dtb_find_property(dtb->root, "compatible");
	const char **list;
	size_t count = 0;

	for (uint32_t i = 0; p != NULL && i < p->length; i++)
		count += p->data[i] == 0;
	if (count == 0)
		return STMBOOT_OK;
	list = sb_arena_array(object->arena, count, sizeof(*list));
	if (list == NULL)
		return STMBOOT_NO_MEMORY;
	list[0] = stmboot_dtb_string(p, 0);
	for (size_t i = 1; i < count; i++)
		list[i] = list[i - 1] + strlen(list[i - 1]) + 1;
	dtb->compatible = list;
	dtb->compatible_count = count;
	return STMBOOT_OK;
}

static enum stmboot_status list_aliases(struct sb_dtb_object *object)
{
	struct stmboot_dtb *dtb = &object->dtb;
	const struct stmboot_dtb_node *node = stmboot_dtb_find_node(dtb, "/aliases");
	struct stmboot_dtb_alias *list;

	if (node == NULL || node->property_count == 0)
		return STMBOOT_OK;
	list = sb_arena_array(object->arena, node->property_count, sizeof(*list));
	if (list == NULL)
		return STMBOOT_NO_MEMORY;
	for (size_t i = 0; i < node->property_count; i++) {
		const char *path = stmboot_dtb_string(&node->properties[i], 0);

		if (path == NULL || path[0] != '/')
			continue; /* the phandle of the node, or a mistake */
		list[dtb->alias_count].name = node->properties[i].name;
		list[dtb->alias_count++].path = path;
	}
	dtb->aliases = list;
	return STMBOOT_OK;
}

/* As Linux of_read_number(): of more than two cells the last two remain. */
static uint64_t read_cells(const uint8_t *at, uint64_t cells)
{
	uint64_t skipped = cells > 2 ? cells - 2 : 0;

	return sb_be(at + skipped * CELL, (size_t)((cells - skipped) * CELL));
}

static enum stmboot_status add_memory(struct sb_dtb_object *object,
				      const struct stmboot_dtb_property *reg,
				      struct stmboot_dtb_range **list, size_t *capacity)
{
	struct stmboot_dtb *dtb = &object->dtb;
	uint64_t entry = ((uint64_t)dtb->address_cells + dtb->size_cells) * CELL;

	if (entry == 0)
		return STMBOOT_OK;
	for (uint64_t at = 0; sb_range_within(at, entry, reg->length); at += entry) {
		const uint8_t *data = reg->data + at;
		struct stmboot_dtb_range *item = sb_arena_push(
			object->arena, list, &dtb->memory_count, capacity, sizeof(*item));

		if (item == NULL)
			return STMBOOT_NO_MEMORY;
		item->address = read_cells(data, dtb->address_cells);
		item->bytes =
			read_cells(data + (uint64_t)dtb->address_cells * CELL, dtb->size_cells);
	}
	return STMBOOT_OK;
}

/* Linux drivers/of/fdt.c early_init_dt_scan_memory(): device_type says it, not the name. */
static enum stmboot_status list_memory(struct sb_dtb_object *object)
{
	struct stmboot_dtb_range *list = NULL;
	enum stmboot_status status = STMBOOT_OK;
	size_t capacity = 0;

	for (const struct stmboot_dtb_node *node = object->dtb.root->child;
	     node != NULL && status == STMBOOT_OK; node = node->next) {
		const struct stmboot_dtb_property *reg = stmboot_dtb_find_property(node, "reg");
		const char *type = text_of(node, "device_type");

		if (reg != NULL && type != NULL && strcmp(type, "memory") == 0 &&
		    stmboot_dtb_node_okay(node))
			status = add_memory(object, reg, &list, &capacity);
	}
	object->dtb.memory = list;
	return status;
}

static bool any_overlay(const struct stmboot_dtb_node *root)
{
	for (const struct stmboot_dtb_node *node = root->child; node != NULL; node = node->next)
		if (sb_dtb_find_child(node, "__overlay__", strlen("__overlay__")) != NULL)
			return true;
	return false;
}

static void gather_flags(struct stmboot_dtb *dtb)
{
	static const char mp2[] = "st,stm32mp2";

	dtb->has_symbols = stmboot_dtb_find_node(dtb, "/__symbols__") != NULL;
	dtb->has_fixups = stmboot_dtb_find_node(dtb, "/__fixups__") != NULL;
	dtb->is_overlay = any_overlay(dtb->root);
	dtb->is_fit = stmboot_dtb_find_node(dtb, "/images") != NULL &&
		      stmboot_dtb_find_node(dtb, "/configurations") != NULL;
	for (size_t i = 0; i < dtb->compatible_count; i++)
		if (strncmp(dtb->compatible[i], mp2, strlen(mp2)) == 0)
			dtb->is_arm64 = true;
}

static enum stmboot_status gather(struct sb_dtb_object *object)
{
	struct stmboot_dtb *dtb = &object->dtb;
	const struct stmboot_dtb_node *chosen = stmboot_dtb_find_node(dtb, "/chosen");
	enum stmboot_status status;

	dtb->address_cells = cell_of(dtb->root, "#address-cells", DEFAULT_ADDRESS_CELLS);
	dtb->size_cells = cell_of(dtb->root, "#size-cells", DEFAULT_SIZE_CELLS);
	dtb->model = text_of(dtb->root, "model");
	dtb->stdout_path = text_of(chosen, "stdout-path");
	if (dtb->stdout_path == NULL)
		dtb->stdout_path = text_of(chosen, "linux,stdout-path");
	dtb->bootargs = text_of(chosen, "bootargs");
	dtb->mmc_env_partition =
		text_of(stmboot_dtb_find_node(dtb, "/config"), "u-boot,mmc-env-partition");
	status = list_compatible(object);
	if (status == STMBOOT_OK)
		status = list_aliases(object);
	if (status == STMBOOT_OK)
		status = list_memory(object);
	gather_flags(dtb);
	return status;
}

/* From a blob that is whole to a tree, or to a defect. */
static enum stmboot_status decode_blob(struct sb_dtb_object *object, bool no_offsets)
{
	struct stmboot_dtb *dtb = &object->dtb;
	struct stmboot_dtb_header *h = &dtb->header;
	struct sb_dtb_walk walk = { .arena = object->arena,
				    .blob = dtb->blob,
				    .no_offsets = no_offsets,
				    .start = h->struct_offset,
				    .end = sb_dtb_struct_end(h),
				    .strings = (const char *)dtb->blob + h->strings_offset,
				    .strings_bytes = h->strings_bytes,
				    .max_tokens = UINT64_MAX };
	enum stmboot_status status = decode_reserved(object);

	if (status != STMBOOT_OK || dtb->defect != STMBOOT_DTB_GOOD)
		return status;
	status = sb_dtb_build(&walk);
	if (status == STMBOOT_CORRUPT) {
		(void)fail(dtb, STMBOOT_DTB_BAD_STRUCTURE, walk.defect_offset, walk.defect_text);
		return STMBOOT_OK;
	}
	if (status != STMBOOT_OK)
		return status;
	if (h->version < KNOWN_VERSION)
		h->struct_bytes = (uint32_t)(walk.at - walk.start);
	dtb->root = walk.root;
	dtb->node_count = walk.node_count;
	return gather(object);
}

static enum stmboot_status decode(struct sb_dtb_object *object, struct stmboot_source *src,
				  bool no_offsets)
{
	struct stmboot_dtb *dtb = &object->dtb;
	const struct stmboot_dtb_header *h = &dtb->header;
	uint8_t bytes[SB_DTB_HEADER_BYTES];
	uint8_t *blob;
	size_t got;
	enum stmboot_status status = sb_source_peek(src, 0, bytes, sizeof(bytes), &got);

	if (status != STMBOOT_OK)
		return status;
	dtb->file_bytes = stmboot_source_size(src);
	sb_dtb_decode_header(dtb, bytes, got);
	if (dtb->defect == STMBOOT_DTB_GOOD && h->total_bytes > dtb->file_bytes)
		(void)fail(dtb, STMBOOT_DTB_TRUNCATED, AT_TOTAL, NULL);
	else if (dtb->defect == STMBOOT_DTB_GOOD &&
		 h->total_bytes > sb_limits(object->arena->ctx)->max_dtb_bytes)
		(void)fail(dtb, STMBOOT_DTB_TOO_LARGE, AT_TOTAL, NULL);
	if (dtb->defect != STMBOOT_DTB_GOOD)
		return STMBOOT_OK;
	blob = sb_arena_alloc(object->arena, h->total_bytes);
	if (blob == NULL)
		return STMBOOT_NO_MEMORY;
	status = stmboot_source_read(src, 0, blob, h->total_bytes);
	if (status != STMBOOT_OK)
		return status;
	dtb->blob = blob;
	status = decode_blob(object, no_offsets);
	if (dtb->defect != STMBOOT_DTB_GOOD)
		dtb->blob = NULL;
	return status;
}

static struct sb_dtb_object *new_object(struct stmboot_context *ctx)
{
	struct sb_dtb_object *object = sb_object_new(ctx, sizeof(*object));

	if (object != NULL)
		object->arena = sb_object_arena(object);
	return object;
}

static enum stmboot_status finish(struct sb_dtb_object *object, enum stmboot_status status,
				  struct stmboot_dtb **out)
{
	if (status == STMBOOT_OK)
		*out = &object->dtb;
	else
		stmboot_dtb_free(&object->dtb);
	return status;
}

enum stmboot_status stmboot_dtb_decode(struct stmboot_context *ctx, struct stmboot_source *src,
				       struct stmboot_dtb **out)
{
	struct sb_dtb_object *object = new_object(ctx);

	if (object == NULL)
		return STMBOOT_NO_MEMORY;
	return finish(object, decode(object, src, false), out);
}

enum stmboot_status sb_dtb_from_memory(struct stmboot_context *ctx, const uint8_t *blob,
				       size_t size, struct stmboot_dtb **out)
{
	struct sb_dtb_object *object = new_object(ctx);
	struct stmboot_source *src = NULL;
	enum stmboot_status status;

	if (object == NULL)
		return STMBOOT_NO_MEMORY;
	status = stmboot_source_from_memory(ctx, blob, size, &src);
	if (status == STMBOOT_OK)
		status = decode(object, src, true);
	stmboot_source_close(src);
	return finish(object, status, out);
}

bool sb_dtb_is_of(const struct stmboot_dtb *dtb, struct stmboot_source *src)
{
	uint8_t bytes[COMPARE_BYTES];

	if (dtb->defect != STMBOOT_DTB_GOOD || dtb->file_bytes != stmboot_source_size(src))
		return false;
	for (uint64_t at = 0, length; at < dtb->header.total_bytes; at += length) {
		length = sb_min_u64(sizeof(bytes), dtb->header.total_bytes - at);
		if (stmboot_source_read(src, at, bytes, (size_t)length) != STMBOOT_OK ||
		    memcmp(bytes, dtb->blob + at, (size_t)length) != 0)
			return false;
	}
	return true;
}

struct stmboot_dtb *sb_dtb_share(struct stmboot_dtb *dtb)
{
	((struct sb_dtb_object *)dtb)->shares++;
	return dtb;
}

void stmboot_dtb_free(struct stmboot_dtb *dtb)
{
	struct sb_dtb_object *object = (struct sb_dtb_object *)dtb;

	if (object != NULL && object->shares > 0)
		object->shares--;
	else
		sb_object_free(dtb);
}
