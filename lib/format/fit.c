/* SPDX-License-Identifier: MIT */
/*
 * FIT images. U-Boot doc/usage/fit/source_file_format.rst and boot/image-fit.c.
 * The tree is read piece by piece: the images inside it may be of any size.
 */
#include "format/fit.h"

#include <string.h>

#include "base/checked.h"
#include "base/context.h"
#include "base/cursor.h"
#include "format/dtb_internal.h"
#include "source/source.h"

enum {
	MAX_TOKENS = 1 << 13,   /* a FIT has some dozen nodes */
	MAX_COPIED = 256 << 10, /* bytes of properties that are no data of images */
	EXTERNAL_ALIGN = 4,     /* data-offset counts from the end of the tree, rounded up */
	CELL = 4,
};

/* The FIT and the memory of everything it points to. */
struct object {
	struct stmboot_fit fit; /* first: the outside holds a pointer to it */
	struct sb_arena *arena;
};

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

static bool list_hashes(struct sb_arena *arena, const struct stmboot_dtb_node *node,
			struct stmboot_fit_image *image)
{
	static const char prefix[] = "hash";
	const char **list = sb_arena_array(arena, count_children(node), sizeof(*list));

	if (list == NULL)
		return false;
	image->hashes = list;
	for (node = node->child; node != NULL; node = node->next) {
		const char *algo = text_of(node, "algo");

		if (strncmp(node->name, prefix, strlen(prefix)) == 0 && algo != NULL)
			list[image->hash_count++] = algo;
	}
	return true;
}

static bool list_images(struct object *object, const struct stmboot_dtb_node *images, uint64_t size)
{
	struct stmboot_fit *fit = &object->fit;
	struct stmboot_fit_image *list =
		sb_arena_array(object->arena, count_children(images), sizeof(*list));

	if (list == NULL)
		return false;
	fit->images = list;
	for (const struct stmboot_dtb_node *node = images->child; node != NULL; node = node->next) {
		struct stmboot_fit_image *image = &list[fit->image_count++];

		image->name = node->name;
		image->description = text_of(node, "description");
		image->type = text_of(node, "type");
		image->os = text_of(node, "os");
		image->arch = text_of(node, "arch");
		image->compression = text_of(node, "compression");
		find_data(fit, size, node, image);
		if (!list_hashes(object->arena, node, image))
			return false;
	}
	return true;
}

static bool list_configurations(struct object *object, const struct stmboot_dtb_node *parent)
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
		if (!list_strings(object->arena, node, "fdt", &c->fdt, &c->fdt_count) ||
		    !list_strings(object->arena, node, "loadables", &c->loadables,
				  &c->loadable_count))
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

static enum stmboot_status describe(struct object *object, const struct stmboot_dtb_node *root,
				    uint64_t size)
{
	const struct stmboot_dtb_node *images = find_exact(root, "images");
	const struct stmboot_dtb_node *configurations = find_exact(root, "configurations");

	if (images == NULL)
		return STMBOOT_NOT_RECOGNISED;
	object->fit.description = text_of(root, "description");
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

static enum stmboot_status decode(struct object *object, struct stmboot_source *src)
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
	return describe(object, walk.nodes, stmboot_source_size(src));
}

enum stmboot_status stmboot_fit_decode(struct stmboot_context *ctx, struct stmboot_source *src,
				       struct stmboot_fit **out)
{
	struct object *object = sb_object_new(ctx, sizeof(*object));
	struct stmboot_source *pages = NULL;
	enum stmboot_status status;

	if (object == NULL)
		return STMBOOT_NO_MEMORY;
	object->arena = sb_object_arena(object);
	status = sb_source_cache(ctx, src, &pages);
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
