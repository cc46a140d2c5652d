/* SPDX-License-Identifier: MIT */
/*
 * Edits of device trees. An input is a byte of flags, three texts that end with
 * a NUL (a node, a property, a value), and a device tree.
 *
 * Sizes in the header are mended in 7 of 8 mutations: else hardly any gets past
 * them.
 */
#include <stdlib.h>
#include <string.h>

#include <stmboot/dtb_edit.h>
#include <stmboot/dtb_source.h>

#include "dtb_mend.h"

enum { TEXTS = 3, REMOVE = 1, CREATE = 2, WHOLE_NODE = 4, TYPE_SHIFT = 3 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
size_t LLVMFuzzerMutate(uint8_t *data, size_t size, size_t max_size);
size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max_size, unsigned int seed);

struct input {
	uint8_t flags;
	const char *texts[TEXTS];
	const uint8_t *tree;
	size_t tree_size;
};

static void require(bool condition)
{
	if (!condition)
		abort();
}

static bool split(const uint8_t *data, size_t size, struct input *out)
{
	const uint8_t *at = data + 1, *end = data + size;

	if (size == 0)
		return false;
	out->flags = data[0];
	for (int i = 0; i < TEXTS; i++) {
		const uint8_t *nul = memchr(at, 0, (size_t)(end - at));

		if (nul == NULL)
			return false;
		out->texts[i] = (const char *)at;
		at = nul + 1;
	}
	out->tree = at;
	out->tree_size = (size_t)(end - at);
	return true;
}

static void read_values(const struct stmboot_dtb_property *p)
{
	static const char *const types[] = { "s", "i", "u", "x", "bi", "hx", "lu" };
	char text[64];

	for (size_t i = 0; i <= sizeof(types) / sizeof(types[0]); i++) {
		struct stmboot_dtb_type asked = { 0 }, type;
		struct stmboot_dtb_value value;
		uint32_t at = 0;

		if (i > 0)
			require(stmboot_dtb_type_parse(types[i - 1], &asked) == STMBOOT_OK);
		if (stmboot_dtb_type_choose(p, &asked, NULL, &type) != STMBOOT_OK)
			continue;
		while (stmboot_dtb_next_value(p, &type, &at, &value))
			require(at <= p->length && (value.text != NULL) == (type.format == 's'));
		require(at == p->length);
		(void)stmboot_dtb_values_text(p, &type, text, sizeof(text));
	}
}

static void read_tree(const struct stmboot_dtb *dtb)
{
	size_t length = stmboot_dtb_source(dtb, dtb->root, NULL, 0);
	char *text = malloc(length + 1);

	require(text != NULL);
	require(stmboot_dtb_source(dtb, dtb->root, text, length + 1) == length);
	for (size_t i = 0; i < length; i++)
		require((text[i] >= 0x20 && text[i] < 0x7f) || text[i] == '\n' || text[i] == '\t');
	require(text[length] == 0);
	free(text);
	for (const struct stmboot_dtb_node *node = dtb->root; node != NULL;
	     node = stmboot_dtb_next_node(node))
		for (size_t i = 0; i < node->property_count; i++)
			read_values(&node->properties[i]);
}

/* Every property of `a` but those of that name is in `b`, at the same place among the others. */
static void require_rest(const struct stmboot_dtb_node *a, const struct stmboot_dtb_node *b,
			 const char *name)
{
	size_t k = 0;

	for (size_t i = 0; i < a->property_count; i++) {
		const struct stmboot_dtb_property *p = &a->properties[i], *q;

		if (strcmp(p->name, name) == 0)
			continue;
		while (k < b->property_count && strcmp(b->properties[k].name, name) == 0)
			k++;
		require(k < b->property_count);
		q = &b->properties[k++];
		require(strcmp(p->name, q->name) == 0 && p->length == q->length &&
			memcmp(p->data, q->data, p->length) == 0);
	}
}

/* What was there before is there still; new nodes stand between. Never deeper than a tree. */
static void require_node(const struct stmboot_dtb_node *a, const struct stmboot_dtb_node *b,
			 const char *name)
{
	require_rest(a, b, name);
	b = b->child;
	for (a = a->child; a != NULL; a = a->next, b = b->next) {
		while (b != NULL && strcmp(a->name, b->name) != 0)
			b = b->next;
		if (b == NULL)
			abort();
		require_node(a, b, name);
	}
}

static void require_untouched(const struct stmboot_dtb *before, const struct stmboot_dtb *after,
			      const char *name)
{
	require(before->reserved_count == after->reserved_count);
	require(before->header.boot_cpu == after->header.boot_cpu);
	require_node(before->root, after->root, name);
}

static void check_set(struct stmboot_context *ctx, const struct stmboot_dtb *base,
		      const struct stmboot_dtb_setting *setting, const struct stmboot_dtb *made)
{
	const struct stmboot_dtb_property *p;
	const struct stmboot_dtb_node *node;
	struct stmboot_dtb *again;

	require(made->defect == STMBOOT_DTB_GOOD);
	require(!made->misaligned || made->header.total_bytes == base->header.total_bytes);
	require(stmboot_dtb_locate(made, setting->node, NULL, &node) == STMBOOT_OK);
	p = stmboot_dtb_find_property(node, setting->property);
	require(p != NULL);
	if (setting->type.format == 's')
		require(setting->value_count == 0
				? p->length == 0
				: strcmp((const char *)p->data, setting->values[0]) == 0);
	require_untouched(base, made, setting->property);
	require(stmboot_dtb_set(ctx, made, setting, NULL, &again) == STMBOOT_OK);
	require(again->header.total_bytes == made->header.total_bytes &&
		memcmp(again->blob, made->blob, made->header.total_bytes) == 0);
	stmboot_dtb_free(again);
}

static void set(struct stmboot_context *ctx, const struct stmboot_dtb *base,
		const struct input *input)
{
	static const char types[] = "\0siux";
	unsigned int type = input->flags >> TYPE_SHIFT;
	struct stmboot_dtb_setting setting = { .struct_size = sizeof(setting),
					       .node = input->texts[0],
					       .property = input->texts[1],
					       .values = &input->texts[2],
					       .value_count = input->texts[2][0] != 0,
					       .create = (input->flags & CREATE) != 0 };
	struct stmboot_dtb *made = NULL;
	enum stmboot_status status;

	setting.type.format = types[type % 5];
	setting.type.bytes = setting.type.format == 's' ? 0 : (uint8_t)(type % 3);
	status = stmboot_dtb_set(ctx, base, &setting, NULL, &made);
	require(status != STMBOOT_INTERNAL && (status == STMBOOT_OK) == (made != NULL));
	if (made != NULL)
		check_set(ctx, base, &setting, made);
	stmboot_dtb_free(made);
}

/* The node at the same place of another tree with the same nodes. */
static const struct stmboot_dtb_node *counterpart(const struct stmboot_dtb *base,
						  const struct stmboot_dtb_node *node,
						  const struct stmboot_dtb *other)
{
	const struct stmboot_dtb_node *same = other->root;

	for (const struct stmboot_dtb_node *n = base->root; n != node; n = stmboot_dtb_next_node(n))
		same = stmboot_dtb_next_node(same);
	return same;
}

static void remove_it(struct stmboot_context *ctx, const struct stmboot_dtb *base,
		      const struct input *input)
{
	const char *property = (input->flags & WHOLE_NODE) != 0 ? NULL : input->texts[1];
	struct stmboot_dtb *made = NULL;
	const struct stmboot_dtb_node *node;
	enum stmboot_status status =
		stmboot_dtb_remove(ctx, base, input->texts[0], property, NULL, &made);

	require(status != STMBOOT_INTERNAL && (status == STMBOOT_OK) == (made != NULL));
	if (made != NULL && property != NULL) {
		require(made->defect == STMBOOT_DTB_GOOD && !made->misaligned);
		require(stmboot_dtb_locate(base, input->texts[0], NULL, &node) == STMBOOT_OK);
		require(stmboot_dtb_find_property(counterpart(base, node, made), property) == NULL);
		require_untouched(base, made, property);
	} else if (made != NULL) {
		require(made->defect == STMBOOT_DTB_GOOD && !made->misaligned);
		require(made->node_count < base->node_count);
	}
	stmboot_dtb_free(made);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct stmboot_context *ctx;
	struct stmboot_source *src;
	struct stmboot_dtb *base;
	struct input input;

	if (!split(data, size, &input))
		return 0;
	require(stmboot_context_new(NULL, &ctx) == STMBOOT_OK);
	require(stmboot_source_from_memory(ctx, input.tree, input.tree_size, &src) == STMBOOT_OK);
	require(stmboot_dtb_decode(ctx, src, &base) == STMBOOT_OK);
	stmboot_source_close(src);
	if (base->root != NULL) {
		read_tree(base);
		if ((input.flags & REMOVE) != 0)
			remove_it(ctx, base, &input);
		else
			set(ctx, base, &input);
	}
	stmboot_dtb_free(base);
	stmboot_context_free(ctx);
	return 0;
}

size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max_size, unsigned int seed)
{
	struct input input;

	size = LLVMFuzzerMutate(data, size, max_size);
	if (seed % 8 != 0 && split(data, size, &input))
		dtb_mend(data + (input.tree - data), input.tree_size);
	return size;
}
