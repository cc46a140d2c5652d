/* SPDX-License-Identifier: MIT */
/*
 * Device trees and overlays. The first two bytes of an input (big-endian) are
 * the length of a device tree, which follows; what remains is an overlay for
 * it. With 0 it is its own base.
 *
 * Sizes in headers are mended in 7 of 8 mutations: else hardly any gets past
 * them.
 */
#include <stdlib.h>
#include <string.h>

#include <stmboot/dtb.h>

#include "dtb_mend.h"

enum { HEAD = 2 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
size_t LLVMFuzzerMutate(uint8_t *data, size_t size, size_t max_size);
size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max_size, unsigned int seed);

static void require(bool condition)
{
	if (!condition)
		abort();
}

static void check_node(const struct stmboot_dtb *dtb, const struct stmboot_dtb_node *node)
{
	char path[4096];
	size_t length = stmboot_dtb_node_path(node, path, sizeof(path));
	const struct stmboot_dtb_node *found;

	require(strlen(path) == (length < sizeof(path) ? length : sizeof(path) - 1));
	require(stmboot_dtb_node_path(node, NULL, 0) == length);
	(void)stmboot_dtb_node_okay(node);
	for (size_t i = 0; i < node->property_count; i++) {
		const struct stmboot_dtb_property *p = &node->properties[i];

		require(p->data >= dtb->blob &&
			p->data + p->length <= dtb->blob + dtb->header.total_bytes);
		require(stmboot_dtb_find_property(node, p->name) != NULL);
		(void)stmboot_dtb_string(p, 1);
	}
	/* a sibling of the same name, or one with a unit address, may come first */
	found = length < sizeof(path) ? stmboot_dtb_find_node(dtb, path) : NULL;
	require(node->parent != NULL || found == node);
}

static void check_console(const struct stmboot_dtb_console *console)
{
	require(console->found == (console->node != NULL));
	require(console->found || !console->okay);
	require(console->number >= -1);
}

static void check_tree(const struct stmboot_dtb *dtb)
{
	struct stmboot_dtb_console console;
	size_t count = 0;

	for (const struct stmboot_dtb_node *node = dtb->root; node != NULL;
	     node = stmboot_dtb_next_node(node), count++)
		check_node(dtb, node);
	require(count == dtb->node_count && count > 0);
	for (size_t i = 0; i < dtb->compatible_count; i++)
		require(stmboot_dtb_find_compatible(dtb, NULL, dtb->compatible[i]) == dtb->root);
	console = stmboot_dtb_stdout(dtb);
	check_console(&console);
	console = stmboot_dtb_serial(dtb, 0);
	check_console(&console);
}

/* A tree without findings is good, and all others have an error. */
static void check_findings(struct stmboot_context *ctx, struct stmboot_source *src,
			   const struct stmboot_dtb *dtb)
{
	struct stmboot_diags *diags;

	require(stmboot_diags_new(ctx, &diags) == STMBOOT_OK);
	require(stmboot_dtb_validate(ctx, src, dtb, diags) == STMBOOT_OK);
	require((stmboot_diags_count(diags) == 0) ==
		(dtb->defect == STMBOOT_DTB_GOOD && !dtb->misaligned));
	for (size_t i = 0; i < stmboot_diags_count(diags); i++)
		require(stmboot_diags_get(diags, i)->place.offset <= dtb->file_bytes);
	stmboot_diags_free(diags);
}

static struct stmboot_dtb *read_tree(struct stmboot_context *ctx, const uint8_t *data, size_t size)
{
	struct stmboot_source *src;
	struct stmboot_dtb *dtb;

	require(stmboot_source_from_memory(ctx, data, size, &src) == STMBOOT_OK);
	require(stmboot_dtb_decode(ctx, src, &dtb) == STMBOOT_OK);
	require((dtb->defect == STMBOOT_DTB_GOOD) == (dtb->root != NULL));
	check_findings(ctx, src, dtb);
	stmboot_source_close(src);
	if (dtb->root != NULL)
		check_tree(dtb);
	return dtb;
}

/* Where the base and the overlay stand in an input. */
static size_t base_bytes(const uint8_t *data, size_t size)
{
	size_t wanted = size >= HEAD ? sb_get_be16(data) : 0;

	return wanted <= size - (size < HEAD ? size : HEAD) ? wanted : 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	size_t base_size = base_bytes(data, size);
	struct stmboot_context *ctx;
	struct stmboot_dtb *base, *overlay, *merged = NULL;
	const char *reason = NULL;
	enum stmboot_status status;

	if (size < HEAD)
		return 0;
	require(stmboot_context_new(NULL, &ctx) == STMBOOT_OK);
	overlay = read_tree(ctx, data + HEAD + base_size, size - HEAD - base_size);
	base = base_size != 0 ? read_tree(ctx, data + HEAD, base_size)
			      : read_tree(ctx, data + HEAD, size - HEAD);
	status = stmboot_dtb_apply_overlay(ctx, base, overlay, &reason, &merged);
	require((status == STMBOOT_OK) == (merged != NULL));
	require((status == STMBOOT_CONFLICT) == (reason != NULL));
	if (merged != NULL)
		check_tree(merged);
	stmboot_dtb_free(merged);
	stmboot_dtb_free(overlay);
	stmboot_dtb_free(base);
	stmboot_context_free(ctx);
	return 0;
}

size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max_size, unsigned int seed)
{
	size_t base_size;

	size = LLVMFuzzerMutate(data, size, max_size);
	base_size = base_bytes(data, size);
	if (seed % 8 == 0 || size < HEAD)
		return size;
	dtb_mend(data + HEAD, base_size);
	dtb_mend(data + HEAD + base_size, size - HEAD - base_size);
	return size;
}
