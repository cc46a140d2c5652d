/* SPDX-License-Identifier: MIT */
/*
 * FIT images. U-Boot doc/usage/fit/source_file_format.rst and boot/image-fit.c.
 * The tree is read piece by piece: the images inside it may be of any size.
 */
#include "format/fit_internal.h"

#include <string.h>

#include "base/checked.h"
#include "base/context.h"
#include "base/cursor.h"
#include "base/digest.h"
#include "format/dtb_internal.h"
#include "source/source.h"

enum {
	MAX_TOKENS = 1 << 13,   /* a FIT has some dozen nodes */
	MAX_COPIED = 256 << 10, /* bytes of properties that are no data of images */
	EXTERNAL_ALIGN = 4,     /* data-offset counts from the end of the tree, rounded up */
	CELL = 4,
};

static bool begins_with(const char *text, const char *prefix)
{
	return strncmp(text, prefix, strlen(prefix)) == 0;
}

static const char *text_of(const struct stmboot_dtb_node *node, const char *name)
{
	const struct stmboot_dtb_property *p = stmboot_dtb_find_property(node, name);

	return p != NULL ? stmboot_dtb_string(p, 0) : NULL;
}

static bool cell_of(const struct stmboot_dtb_node *node, const char *name, uint32_t *out)
{
	const struct stmboot_dtb_property *p = stmboot_dtb_find_property(node, name);

	if (p == NULL || p->length != CELL || p->data == NULL)
		return false;
	*out = sb_get_be32(p->data);
	return true;
}

/* As fit_image_get_address(): all whole cells there are, and #address-cells is not asked. */
static bool address_of(const struct stmboot_dtb_node *node, const char *name, uint64_t *out)
{
	const struct stmboot_dtb_property *p = stmboot_dtb_find_property(node, name);
	uint64_t address = 0;

	if (p == NULL || (p->data == NULL && p->length != 0))
		return false;
	for (uint32_t at = 0; p->length - at >= CELL; at += CELL)
		address = address << 32 | sb_get_be32(p->data + at);
	*out = address;
	return true;
}

static size_t count_children(const struct stmboot_dtb_node *node)
{
	size_t count = 0;

	for (node = node != NULL ? node->child : NULL; node != NULL; node = node->next)
		count++;
	return count;
}

/* All strings of a property; false without memory. */
static bool list_strings(struct sb_arena *arena, const struct stmboot_dtb_node *node,
			 const char *name, const char *const **out, size_t *out_count)
{
	const struct stmboot_dtb_property *p = stmboot_dtb_find_property(node, name);
	const char **list;
	const char *text;
	size_t count = 0;

	for (uint32_t i = 0; p != NULL && p->data != NULL && i < p->length; i++)
		count += p->data[i] == 0;
	if (count == 0)
		return true;
	list = sb_arena_array(arena, count, sizeof(*list));
	if (list == NULL)
		return false;
	text = (const char *)p->data;
	for (size_t i = 0; i < count; i++, text += strlen(text) + 1)
		list[i] = text;
	*out = list;
	*out_count = count;
	return true;
}

/* As fit_image_get_data_and_size(): data-position before data-offset before data. */
static void find_data(const struct stmboot_fit *fit, uint64_t size,
		      const struct stmboot_dtb_node *node, struct stmboot_fit_image *image)
{
	const struct stmboot_dtb_property *data = stmboot_dtb_find_property(node, "data");
	bool positive = true;
	uint32_t value = 0;
	uint32_t bytes = 0;

	if (cell_of(node, "data-position", &value)) {
		image->external = true;
		image->offset = value;
	} else if (cell_of(node, "data-offset", &value)) {
		image->external = true;
		image->offset = sb_round_up_u64(fit->total_bytes, EXTERNAL_ALIGN) + value;
	} else if (data != NULL) {
		image->offset = data->offset;
		bytes = data->length;
	}
	image->has_data = image->external ? cell_of(node, "data-size", &bytes) : data != NULL;
	image->bytes = bytes;
	/* U-Boot takes what is larger for a negative number */
	positive = value <= INT32_MAX && bytes <= INT32_MAX;
	image->inside =
		image->has_data && positive && sb_range_within(image->offset, image->bytes, size);
}

static void read_hash(const struct stmboot_dtb_node *node, struct stmboot_fit_hash *hash)
{
	const struct stmboot_dtb_property *value = stmboot_dtb_find_property(node, "value");
	uint32_t ignore = 0;

	hash->name = node->name;
	hash->algorithm = text_of(node, "algo");
	hash->ignored = cell_of(node, "uboot-ignore", &ignore) && ignore != 0;
	if (value != NULL && value->data != NULL) {
		hash->value = value->data;
		hash->value_bytes = value->length;
		hash->value_offset = value->offset;
	}
	sb_fit_classify(hash);
}

static bool list_hashes(struct sb_arena *arena, const struct stmboot_dtb_node *node,
			struct stmboot_fit_image *image)
{
	size_t room = count_children(node);
	const char **names = sb_arena_array(arena, room, sizeof(*names));
	struct stmboot_fit_hash *list = sb_arena_array(arena, room, sizeof(*list));

	if (names == NULL || list == NULL)
		return false;
	image->hashes = names;
	image->digests = list;
	for (node = node->child; node != NULL; node = node->next) {
		if (!begins_with(node->name, "hash"))
			continue;
		read_hash(node, &list[image->digest_count]);
		if (list[image->digest_count].algorithm != NULL)
			names[image->hash_count++] = list[image->digest_count].algorithm;
		image->digest_count++;
	}
	return true;
}

/* Signature nodes below an image or a configuration; false without memory. */
static bool list_signatures(struct sb_arena *arena, const struct stmboot_dtb_node *node,
			    const struct stmboot_fit_signature **out, size_t *out_count)
{
	struct stmboot_fit_signature *list =
		sb_arena_array(arena, count_children(node), sizeof(*list));

	if (list == NULL)
		return false;
	*out = list;
	for (node = node->child; node != NULL; node = node->next) {
		const struct stmboot_dtb_property *value;

		if (!begins_with(node->name, "signature"))
			continue;
		value = stmboot_dtb_find_property(node, "value");
		list->name = node->name;
		list->algorithm = text_of(node, "algo");
		list->key_name_hint = text_of(node, "key-name-hint");
		list->value_bytes = value != NULL ? value->length : 0;
		if (!list_strings(arena, node, "sign-images", &list->sign_names,
				  &list->sign_name_count))
			return false;
		list++;
		++*out_count;
	}
	return true;
}

static bool read_image(struct sb_fit_object *object, const struct stmboot_dtb_node *node,
		       uint64_t size, struct stmboot_fit_image *image)
{
	image->name = node->name;
	image->tree_offset = node->offset;
	image->description = text_of(node, "description");
	image->type = text_of(node, "type");
	image->os = text_of(node, "os");
	image->arch = text_of(node, "arch");
	image->compression = text_of(node, "compression");
	image->phase = text_of(node, "phase");
	image->has_load = address_of(node, "load", &image->load);
	image->has_entry = address_of(node, "entry", &image->entry);
	find_data(&object->fit, size, node, image);
	return list_hashes(object->arena, node, image) &&
	       list_signatures(object->arena, node, &image->signatures, &image->signature_count);
}

static bool list_images(struct sb_fit_object *object, const struct stmboot_dtb_node *images,
			uint64_t size)
{
	struct stmboot_fit *fit = &object->fit;
	struct stmboot_fit_image *list =
		sb_arena_array(object->arena, count_children(images), sizeof(*list));

	if (list == NULL)
		return false;
	fit->images = list;
	for (const struct stmboot_dtb_node *node = images->child; node != NULL; node = node->next)
		if (!read_image(object, node, size, &list[fit->image_count++]))
			return false;
	return true;
}

static bool list_configurations(struct sb_fit_object *object, const struct stmboot_dtb_node *parent)
{
	struct stmboot_fit *fit = &object->fit;
	struct stmboot_fit_configuration *list =
		sb_arena_array(object->arena, count_children(parent), sizeof(*list));

	if (list == NULL)
		return false;
	fit->configurations = list;
	fit->default_configuration = text_of(parent, "default");
	for (const struct stmboot_dtb_node *node = parent->child; node != NULL; node = node->next) {
		struct stmboot_fit_configuration *c = &list[fit->configuration_count++];

		c->name = node->name;
		c->description = text_of(node, "description");
		c->kernel = text_of(node, "kernel");
		c->firmware = text_of(node, "firmware");
		c->ramdisk = text_of(node, "ramdisk");
		c->fpga = text_of(node, "fpga");
		c->script = text_of(node, "script");
		c->tree_offset = node->offset;
		if (!list_strings(object->arena, node, "fdt", &c->fdt, &c->fdt_count) ||
		    !list_strings(object->arena, node, "loadables", &c->loadables,
				  &c->loadable_count) ||
		    !list_strings(object->arena, node, "compatible", &c->compatible,
				  &c->compatible_count) ||
		    !list_signatures(object->arena, node, &c->signatures, &c->signature_count))
			return false;
	}
	return true;
}

/* A child by its whole name: here a unit address may not be left out. */
static const struct stmboot_dtb_node *find_exact(const struct stmboot_dtb_node *node,
						 const char *name)
{
	const struct stmboot_dtb_node *child = node->child;

	while (child != NULL && strcmp(child->name, name) != 0)
		child = child->next;
	return child;
}

static enum stmboot_status describe(struct sb_fit_object *object,
				    const struct stmboot_dtb_node *root, uint64_t size)
{
	const struct stmboot_dtb_node *images = find_exact(root, "images");
	const struct stmboot_dtb_node *configurations = find_exact(root, "configurations");

	if (images == NULL)
		return STMBOOT_NOT_RECOGNISED;
	object->fit.description = text_of(root, "description");
	object->fit.has_timestamp = cell_of(root, "timestamp", &object->fit.timestamp);
	object->fit.has_configurations = configurations != NULL;
	if (!list_images(object, images, size))
		return STMBOOT_NO_MEMORY;
	if (configurations != NULL && !list_configurations(object, configurations))
		return STMBOOT_NO_MEMORY;
	return STMBOOT_OK;
}

static enum stmboot_status read_header(struct stmboot_source *src, struct stmboot_dtb *dtb)
{
	uint8_t bytes[SB_DTB_HEADER_BYTES];
	size_t got;
	enum stmboot_status status = sb_source_peek(src, 0, bytes, sizeof(bytes), &got);

	if (status != STMBOOT_OK)
		return status;
	sb_dtb_decode_header(dtb, bytes, got);
	if (dtb->defect == STMBOOT_DTB_BAD_MAGIC)
		return STMBOOT_NOT_RECOGNISED;
	if (dtb->defect != STMBOOT_DTB_GOOD)
		return STMBOOT_CORRUPT;
	return dtb->header.total_bytes <= stmboot_source_size(src) ? STMBOOT_OK : STMBOOT_TRUNCATED;
}

static enum stmboot_status decode(struct sb_fit_object *object, struct stmboot_source *src)
{
	const struct stmboot_limits *limits = sb_limits(object->arena->ctx);
	struct stmboot_dtb dtb = { .defect = STMBOOT_DTB_GOOD };
	struct sb_dtb_walk walk = { .arena = object->arena,
				    .src = src,
				    .max_tokens = MAX_TOKENS,
				    .max_copied = MAX_COPIED };
	enum stmboot_status status = read_header(src, &dtb);
	uint32_t strings_bytes = dtb.header.strings_bytes;
	char *strings;

	if (status != STMBOOT_OK)
		return status;
	if (strings_bytes > limits->max_text_bytes)
		return STMBOOT_LIMIT;
	strings = sb_arena_alloc(object->arena, strings_bytes);
	if (strings == NULL)
		return STMBOOT_NO_MEMORY;
	if (strings_bytes != 0)
		status =
			stmboot_source_read(src, dtb.header.strings_offset, strings, strings_bytes);
	walk.start = dtb.header.struct_offset;
	walk.end = sb_dtb_struct_end(&dtb.header);
	walk.strings = strings;
	walk.strings_bytes = strings_bytes;
	if (status == STMBOOT_OK)
		status = sb_dtb_build(&walk);
	if (status != STMBOOT_OK)
		return status;
	object->fit.total_bytes = dtb.header.total_bytes;
	return describe(object, walk.root, stmboot_source_size(src));
}

enum stmboot_status stmboot_fit_decode(struct stmboot_context *ctx, struct stmboot_source *src,
				       struct stmboot_fit **out)
{
	struct sb_fit_object *object = sb_object_new(ctx, sizeof(*object));
	struct stmboot_source *pages = NULL;
	enum stmboot_status status;

	if (object == NULL)
		return STMBOOT_NO_MEMORY;
	object->arena = sb_object_arena(object);
	status = sb_source_cache(ctx, src, NULL, &pages);
	if (status == STMBOOT_OK)
		status = decode(object, pages);
	stmboot_source_close(pages);
	if (status == STMBOOT_OK)
		*out = &object->fit;
	else
		stmboot_fit_free(&object->fit);
	return status;
}

void stmboot_fit_free(struct stmboot_fit *fit)
{
	sb_object_free(fit);
}
