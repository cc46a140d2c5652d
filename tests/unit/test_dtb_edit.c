/* SPDX-License-Identifier: MIT */
/* Edits of device trees, compared with what fdtput makes of them, and refused ones. */
#include "../support/dtb_bench.h"
#include "../support/dtb_random.h"
#include "../support/dtb_same.h"
#include "../support/heap.h"

#include <stmboot/dtb_edit.h>

enum { MOST = 3 };

static const char board[] =
	"/dts-v1/;\n"
	"/memreserve/ 0x1000 0x2000;\n"
	"/ {\n"
	" compatible = \"st,a\";\n"
	" flag;\n"
	" aliases { serial0 = &uart4; broken = \"/none\"; };\n"
	" soc {\n"
	"  uart4: serial@40010000 { status = \"disabled\"; reg = <0x40010000 0x400>; };\n"
	"  gpio: gpio@50002000 { phandle = <7>; };\n"
	" };\n"
	" soc2 { };\n"
	"};\n";

/* An edit; without values and with `remove` a removal. */
struct row {
	const char *name;
	const char *node;
	const char *path; /* the same for fdtput, which knows no labels */
	const char *property;
	const char *type;
	const char *values[MOST];
	bool create;
	bool remove;
};

static const struct row rows[] = {
	{ "a string of the same length",
	  "/soc/serial@40010000",
	  NULL,
	  "status",
	  "s",
	  { "reserved" } },
	{ "a longer string", "/soc/serial@40010000", NULL, "status", "s", { "fail-with-reason" } },
	{ "a shorter one", "/soc/serial@40010000", NULL, "status", "s", { "okay" } },
	{ "a node without its address", "/soc/serial", NULL, "status", "s", { "okay" } },
	{ "an alias", "serial0", NULL, "status", "s", { "okay" } },
	{ "a label", "uart4", "/soc/serial@40010000", "status", "s", { "okay" } },
	{ "a label that cannot be an alias",
	  "&gpio",
	  "/soc/gpio@50002000",
	  "phandle",
	  "x",
	  { "8" } },
	{ "a property of the root", "/", NULL, "model", "s", { "A board" } },
	{ "a property without a value", "/soc", NULL, "ranges", "s", { NULL } },
	{ "a value is taken from it", "/soc/serial", NULL, "reg", "s", { NULL } },
	{ "a value is given to it", "/", NULL, "flag", "x", { "1", "2" } },
	{ "a new property whose name is there", "/soc2", NULL, "reg", "x", { "0", "ffffffff" } },
	{ "a new name", "/soc2", NULL, "st,a-new+name.of_it#?*", "bx", { "1", "2", "3" } },
	{ "the end of a name that is there", "/soc2", NULL, "tatus", "i", { "-1" } },
	{ "a new node", "/soc2/timer@1", NULL, "reg", "x", { "1" }, .create = true },
	{ "new nodes", "/a/b@0,1/c", NULL, "p", "s", { "x", "y" }, .create = true },
	{ "a node that need not be created", "/soc/gpio", NULL, "p", "s", { "x" }, .create = true },
	{ "a new node below an alias",
	  "serial0/chip",
	  "/soc/serial/chip",
	  "p",
	  "s",
	  { "x" },
	  .create = true },
	{ "a new node below a label",
	  "&gpio/hog",
	  "/soc/gpio/hog",
	  "p",
	  "s",
	  { "x" },
	  .create = true },
	{ "slashes more than needed", "//soc2//", "/soc2", "p", "s", { "x" } },
	{ "a property is removed", "/soc/serial", NULL, "reg", .remove = true },
	{ "one without a value is removed", "/", NULL, "flag", .remove = true },
	{ "a node is removed", "/soc/gpio@50002000", NULL, NULL, .remove = true },
	{ "a node with others below it is removed", "/soc", NULL, NULL, .remove = true },
	{ "an empty node is removed", "/soc2", NULL, NULL, .remove = true },
	{ "what a label names is removed", "uart4", "/soc/serial@40010000", NULL, .remove = true },
};

static enum stmboot_status edit(struct stmboot_context *ctx, const struct stmboot_dtb *base,
				const struct row *row, struct stmboot_refusal *why,
				struct stmboot_dtb **out)
{
	struct stmboot_dtb_setting setting = { .struct_size = sizeof(setting),
					       .node = row->node,
					       .property = row->property,
					       .values = row->values,
					       .create = row->create };

	if (row->remove)
		return stmboot_dtb_remove(ctx, base, row->node, row->property, why, out);
	if (row->type != NULL)
		cr_assert_eq(stmboot_dtb_type_parse(row->type, &setting.type), STMBOOT_OK);
	while (setting.value_count < MOST && row->values[setting.value_count] != NULL)
		setting.value_count++;
	return stmboot_dtb_set(ctx, base, &setting, why, out);
}

/* What fdtput makes of "base.dtb". */
static struct stmboot_dtb *put(const struct bench *b, const struct row *row)
{
	const char *node = row->path != NULL ? row->path : row->node;
	char script[512];
	size_t at;

	at = (size_t)snprintf(script, sizeof(script), "cp base.dtb theirs.dtb && fdtput %s -t %s",
			      !row->remove            ? row->create ? "-p" : ""
			      : row->property != NULL ? "-d"
						      : "-r",
			      row->type != NULL ? row->type : "s");
	at += (size_t)snprintf(script + at, sizeof(script) - at, " -- theirs.dtb '%s' '%s'", node,
			       row->property != NULL ? row->property : node);
	/* -r takes nodes, and complains of the one that is gone */
	if (row->remove && row->property == NULL)
		at -= strlen(node) + 3;
	for (size_t i = 0; i < MOST && row->values[i] != NULL; i++)
		at += (size_t)snprintf(script + at, sizeof(script) - at, " '%s'", row->values[i]);
	script[at] = 0;
	folder_run(&b->folder, script);
	return read_file(b, "theirs.dtb");
}

Test(dtb_edit, the_trees_are_those_of_fdtput)
{
	struct bench b = open_bench();

	need("fdtput");
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct stmboot_dtb *base = compile(&b, "base", board, "-@");
		struct stmboot_dtb *theirs = put(&b, &rows[i]);
		struct stmboot_refusal why = { "", "" };
		struct stmboot_dtb *made = NULL;

		cr_assert_eq(edit(b.ctx, base, &rows[i], &why, &made), STMBOOT_OK, "%s: %s",
			     rows[i].name, why.message);
		cr_expect(same_tree(made, theirs), "%s", rows[i].name);
		cr_expect_eq(made->header.total_bytes,
			     made->header.strings_offset + made->header.strings_bytes, "%s",
			     rows[i].name);
		stmboot_dtb_free(made);
		stmboot_dtb_free(theirs);
		stmboot_dtb_free(base);
	}
	close_bench(&b);
}

static const struct {
	struct row row;
	enum stmboot_status status;
	const char *words;
} bad[] = {
	{ { .node = "/none", .property = "p" }, STMBOOT_NOT_FOUND, "no node 'none' in '/'" },
	{ { .node = "/soc/none/x", .property = "p" }, STMBOOT_NOT_FOUND, "'none' in '/soc'" },
	{ { .node = "serial0/x", .property = "p" },
	  STMBOOT_NOT_FOUND,
	  "'x' in '/soc/serial@40010000'" },
	{ { .node = "serial1", .property = "p" }, STMBOOT_NOT_FOUND, "alias or label 'serial1'" },
	{ { .node = "broken", .property = "p" }, STMBOOT_NOT_FOUND, "alias or label 'broken'" },
	{ { .node = "&serial0", .property = "p" }, STMBOOT_NOT_FOUND, "label '&serial0'" },
	{ { .node = "&", .property = "p" }, STMBOOT_NOT_FOUND, "label '&'" },
	{ { .node = "", .property = "p" }, STMBOOT_NOT_FOUND, "''" },
	{ { .node = "none", .property = "p", .create = true }, STMBOOT_NOT_FOUND, "'none'" },
	{ { .node = "/", .property = "" }, STMBOOT_INVALID_ARGUMENT, "'' is no name" },
	{ { .node = "/", .property = "a b" }, STMBOOT_INVALID_ARGUMENT, "'a b'" },
	{ { .node = "/", .property = "a@b" }, STMBOOT_INVALID_ARGUMENT, "'a@b'" },
	{ { .node = "/", .property = "\x1b" }, STMBOOT_INVALID_ARGUMENT, "no name" },
	{ { .node = "/a b", .property = "p", .create = true }, STMBOOT_INVALID_ARGUMENT, "'a b'" },
	{ { .node = "/a/@1", .property = "p", .create = true }, STMBOOT_INVALID_ARGUMENT, "'@1'" },
	{ { .node = "/a@/b", .property = "p", .create = true }, STMBOOT_INVALID_ARGUMENT, "'a@'" },
	{ { .node = "/a@1@2", .property = "p", .create = true },
	  STMBOOT_INVALID_ARGUMENT,
	  "'a@1@2'" },
	{ { .node = "/", .property = "p", .type = "bx", .values = { "1", "100" } },
	  STMBOOT_INVALID_ARGUMENT,
	  "'100' is no number that fits 1 byte" },
	{ { .node = "/", .remove = true }, STMBOOT_INVALID_ARGUMENT, "root" },
	{ { .node = "/none", .remove = true }, STMBOOT_NOT_FOUND, "'none'" },
	{ { .node = "/soc", .property = "p", .remove = true },
	  STMBOOT_NOT_FOUND,
	  "'/soc' has no property 'p'" },
};

Test(dtb_edit, what_cannot_be_is_refused_with_a_reason)
{
	struct bench b = open_bench();
	struct stmboot_dtb *base = compile(&b, "base", board, "-@");

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct stmboot_refusal why = { "", "" };
		struct stmboot_dtb *made = NULL;

		cr_expect_eq(edit(b.ctx, base, &bad[i].row, &why, &made), bad[i].status, "%s",
			     bad[i].words);
		cr_expect_not_null(strstr(why.message, bad[i].words), "%s: %s", bad[i].words,
				   why.message);
		cr_expect_null(made);
		cr_expect_eq(edit(b.ctx, base, &bad[i].row, NULL, &made), bad[i].status);
	}
	stmboot_dtb_free(base);
	close_bench(&b);
}

Test(dtb_edit, that_there_are_no_labels_is_said)
{
	struct bench b = open_bench();
	struct stmboot_dtb *base = compile(&b, "base", board, "");
	const struct stmboot_dtb_node *node = NULL;
	struct stmboot_refusal why = { "", "" };

	cr_expect_eq(stmboot_dtb_locate(base, "&uart4", &why, &node), STMBOOT_NOT_FOUND);
	cr_expect_not_null(strstr(why.hint, "__symbols__"));
	cr_expect_eq(stmboot_dtb_locate(base, "serial0", &why, &node), STMBOOT_OK);
	cr_expect_str_eq(node->name, "serial@40010000");
	stmboot_dtb_free(base);
	close_bench(&b);
}

Test(dtb_edit, what_is_there_already_keeps_its_bytes)
{
	static const struct row same = { .node = "uart4",
					 .property = "status",
					 .values = { "disabled" } };
	struct bench b = open_bench();
	struct stmboot_dtb *base = compile(&b, "base", board, "-@ -p 100");
	struct stmboot_dtb *made = NULL;

	cr_assert_eq(edit(b.ctx, base, &same, NULL, &made), STMBOOT_OK);
	cr_assert_eq(made->header.total_bytes, base->header.total_bytes);
	cr_expect_arr_eq(made->blob, base->blob, base->header.total_bytes);
	stmboot_dtb_free(made);
	stmboot_dtb_free(base);
	close_bench(&b);
}

/* The node of a number, and its path. */
static const struct stmboot_dtb_node *pick(const struct stmboot_dtb *dtb, uint32_t number,
					   char path[256])
{
	const struct stmboot_dtb_node *node = dtb->root;

	for (size_t i = number % dtb->node_count; i > 0; i--)
		node = stmboot_dtb_next_node(node);
	cr_assert_lt(stmboot_dtb_node_path(node, path, 256), 256);
	return node;
}

/* Without property `name` of node `at`, both trees are the same; the sum of what is there tells. */
static uint64_t sum_of(const struct stmboot_dtb *dtb, const char *at, const char *name)
{
	const struct stmboot_dtb_node *left_out = stmboot_dtb_find_node(dtb, at);
	uint64_t sum = dtb->reserved_count;

	for (const struct stmboot_dtb_node *node = dtb->root; node != NULL;
	     node = stmboot_dtb_next_node(node)) {
		sum = sum * 31 + strlen(node->name);
		for (size_t i = 0; i < node->property_count; i++) {
			const struct stmboot_dtb_property *p = &node->properties[i];

			if (node == left_out && strcmp(p->name, name) == 0)
				continue;
			for (const char *c = p->name; *c != 0; c++)
				sum = sum * 31 + (uint8_t)*c;
			for (uint32_t k = 0; k < p->length; k++)
				sum = sum * 31 + p->data[k];
		}
	}
	return sum;
}

/* Edits that follow one another, of a tree that has no room; nothing else changes. */
static void edit_often(struct stmboot_context *ctx, struct random_tree *tree,
		       struct stmboot_dtb *dtb)
{
	for (unsigned int i = 0; i < 40; i++) {
		char path[256], value[300], name[16];
		const struct stmboot_dtb_node *node = pick(dtb, random_number(tree, 1000), path);
		const struct stmboot_dtb_property *p;
		struct row row = { .node = path, .property = name, .type = "s" };
		struct stmboot_dtb *made = NULL;
		uint64_t sum;

		snprintf(name, sizeof(name), "new%u", random_number(tree, 3));
		if (node->property_count != 0 && i % 2 == 0)
			snprintf(name, sizeof(name), "%s",
				 node->properties[random_number(tree, 99) % node->property_count]
					 .name);
		memset(value, 'v', sizeof(value));
		value[random_number(tree, sizeof(value))] = 0;
		value[sizeof(value) - 1] = 0;
		row.values[0] = value;
		row.remove = i % 3 == 0 && stmboot_dtb_find_property(node, name) != NULL;
		sum = sum_of(dtb, path, name);
		cr_assert_eq(edit(ctx, dtb, &row, NULL, &made), STMBOOT_OK, "%s of %s", name, path);
		cr_expect_eq(sum_of(made, path, name), sum);
		p = stmboot_dtb_find_property(stmboot_dtb_find_node(made, path), name);
		cr_assert_eq(p == NULL, row.remove);
		cr_expect(p == NULL || strcmp(stmboot_dtb_string(p, 0), value) == 0);
		stmboot_dtb_free(dtb);
		dtb = made;
	}
	stmboot_dtb_free(dtb);
}

Test(dtb_edit, trees_of_any_shape_grow_and_nothing_else_changes)
{
	struct bench b = open_bench();

	for (unsigned int i = 0; i < 100; i++) {
		static struct random_tree tree;
		struct stmboot_dtb *dtb;

		random_make(&tree, 1000 + i);
		folder_write(&b.folder, "random.dtb", tree.blob, fdt_totalsize(tree.blob));
		dtb = read_file(&b, "random.dtb");
		cr_assert_eq(dtb->defect, STMBOOT_DTB_GOOD);
		edit_often(b.ctx, &tree, dtb);
	}
	close_bench(&b);
}

Test(dtb_edit, an_old_version_and_a_tree_with_room_are_edited_too)
{
	static const char *const options[] = { "-@ -V 16", "-@ -p 3000", "-@ -a 32", "-@ -R 5" };
	static const struct row row = { .node = "uart4",
					.property = "status",
					.values = { "okay" } };
	struct bench b = open_bench();

	for (size_t i = 0; i < sizeof(options) / sizeof(options[0]); i++) {
		struct stmboot_dtb *base = compile(&b, "base", board, options[i]);
		struct stmboot_dtb *made = NULL;

		cr_assert_eq(edit(b.ctx, base, &row, NULL, &made), STMBOOT_OK, "%s", options[i]);
		cr_expect_eq(made->header.version, 17);
		cr_expect_eq(made->header.boot_cpu, base->header.boot_cpu);
		cr_expect_eq(made->reserved_count, 1);
		stmboot_dtb_free(made);
		stmboot_dtb_free(base);
	}
	close_bench(&b);
}

static void add_to(uint8_t *at, uint32_t number)
{
	fdt32_st(at, fdt32_ld((const fdt32_t *)(const void *)at) + number);
}

/* All blocks two bytes further on. */
static struct stmboot_dtb *misalign(const struct bench *b, const struct stmboot_dtb *base)
{
	enum { HEADER = 40, AT_TOTAL = 4, AT_RESERVE = 16 };
	uint32_t total = base->header.total_bytes;
	uint8_t *blob = calloc(1, (size_t)total + 2);
	struct stmboot_dtb *dtb;

	cr_assert_not_null(blob);
	memcpy(blob, base->blob, HEADER);
	memcpy(blob + HEADER + 2, base->blob + HEADER, total - HEADER);
	for (size_t i = AT_TOTAL; i <= AT_RESERVE; i += 4)
		add_to(blob + i, 2);
	folder_write(&b->folder, "misaligned.dtb", blob, (size_t)total + 2);
	free(blob);
	dtb = read_file(b, "misaligned.dtb");
	cr_assert(dtb->defect == STMBOOT_DTB_GOOD && dtb->misaligned);
	return dtb;
}

Test(dtb_edit, a_misaligned_tree_is_aligned)
{
	struct bench b = open_bench();
	struct stmboot_dtb *base = compile(&b, "base", board, "-@");
	struct stmboot_dtb *odd = misalign(&b, base), *made = NULL, *expected = NULL;

	cr_assert_eq(edit(b.ctx, odd, &rows[0], NULL, &made), STMBOOT_OK);
	cr_assert_eq(edit(b.ctx, base, &rows[0], NULL, &expected), STMBOOT_OK);
	cr_expect(!made->misaligned && same_tree(made, expected));
	stmboot_dtb_free(expected);
	stmboot_dtb_free(made);
	stmboot_dtb_free(odd);
	stmboot_dtb_free(base);
	close_bench(&b);
}

/* A word of nothing before the root: our reader passes over it, libfdt does not. */
Test(dtb_edit, a_tree_that_libfdt_does_not_take_is_refused)
{
	enum { AT_TOTAL = 4, AT_STRINGS = 12, AT_STRUCT_SIZE = 36 };
	struct bench b = open_bench();
	struct stmboot_dtb *base = compile(&b, "base", board, "-@"), *odd, *made = NULL;
	uint32_t total = base->header.total_bytes, start = base->header.struct_offset;
	struct stmboot_refusal why = { "", "" };
	uint8_t *blob = calloc(1, (size_t)total + 4);

	cr_assert_not_null(blob);
	memcpy(blob, base->blob, start);
	fdt32_st(blob + start, FDT_NOP);
	memcpy(blob + start + 4, base->blob + start, total - start);
	add_to(blob + AT_TOTAL, 4);
	add_to(blob + AT_STRINGS, 4);
	add_to(blob + AT_STRUCT_SIZE, 4);
	folder_write(&b.folder, "odd.dtb", blob, (size_t)total + 4);
	odd = read_file(&b, "odd.dtb");
	cr_assert_eq(odd->defect, STMBOOT_DTB_GOOD);
	cr_expect_eq(edit(b.ctx, odd, &rows[0], &why, &made), STMBOOT_UNSUPPORTED);
	cr_expect_not_null(strstr(why.message, "libfdt does not change this tree"), "%s",
			   why.message);
	cr_expect_eq(edit(b.ctx, odd, &rows[20], &why, &made), STMBOOT_UNSUPPORTED);
	cr_expect_null(made);
	free(blob);
	stmboot_dtb_free(odd);
	stmboot_dtb_free(base);
	close_bench(&b);
}

static char *deep_path(unsigned int depth)
{
	char *path = calloc(depth + 1, 2);

	cr_assert_not_null(path);
	for (unsigned int i = 0; i < depth; i++)
		memcpy(path + (size_t)2 * i, "/n", 2);
	return path;
}

Test(dtb_edit, there_are_limits)
{
	struct bench b = open_bench();
	struct stmboot_context_options options = { .struct_size = sizeof(options) };
	struct stmboot_dtb *base = compile(&b, "base", board, "-@"), *made = NULL;
	struct row row = { .property = "p", .create = true };
	char name[257] = "/", value[600];
	struct stmboot_context *small;
	struct stmboot_refusal why;
	char *path;

	path = deep_path(63); /* and the root */
	row.node = path;
	cr_expect_eq(edit(b.ctx, base, &row, &why, &made), STMBOOT_OK);
	stmboot_dtb_free(made);
	free(path);
	path = deep_path(64);
	row.node = path;
	cr_expect_eq(edit(b.ctx, base, &row, &why, &made), STMBOOT_LIMIT);
	cr_expect_str_eq(why.message, "nodes would be nested more than 64 deep");
	free(path);
	memset(name + 1, 'n', 255);
	row.node = name;
	cr_expect_eq(edit(b.ctx, base, &row, &why, &made), STMBOOT_OK);
	stmboot_dtb_free(made);
	row = (struct row){ .node = "/", .property = name + 1 };
	cr_expect_eq(edit(b.ctx, base, &row, &why, &made), STMBOOT_OK);
	stmboot_dtb_free(made);
	options.limits.max_dtb_bytes = base->header.total_bytes + 500;
	cr_assert_eq(stmboot_context_new(&options, &small), STMBOOT_OK);
	memset(value, 'v', sizeof(value));
	value[400] = 0;
	row = (struct row){ .node = "/", .property = "p", .values = { value } };
	cr_expect_eq(edit(small, base, &row, &why, &made), STMBOOT_OK);
	stmboot_dtb_free(made);
	value[400] = 'v';
	value[520] = 0;
	cr_expect_eq(edit(small, base, &row, &why, &made), STMBOOT_LIMIT);
	cr_expect_not_null(strstr(why.message, "larger than"));
	stmboot_context_free(small);
	stmboot_dtb_free(base);
	close_bench(&b);
}

/* dtc would not make such a tree. */
Test(dtb_edit, names_that_are_there_twice)
{
	struct bench b = open_bench();
	struct stmboot_dtb *base, *made = NULL;
	struct stmboot_refusal why = { "", "" };
	uint8_t blob[1024];

	cr_assert_eq(fdt_create(blob, sizeof(blob)), 0);
	cr_assert_eq(fdt_finish_reservemap(blob), 0);
	cr_assert_eq(fdt_begin_node(blob, ""), 0);
	cr_assert_eq(fdt_property_string(blob, "p", "1"), 0);
	cr_assert_eq(fdt_property_string(blob, "q", "2"), 0);
	cr_assert_eq(fdt_property_string(blob, "p", "3"), 0);
	for (int i = 0; i < 2; i++) {
		cr_assert_eq(fdt_begin_node(blob, "n"), 0);
		cr_assert_eq(fdt_end_node(blob), 0);
	}
	cr_assert_eq(fdt_end_node(blob), 0);
	cr_assert_eq(fdt_finish(blob), 0);
	folder_write(&b.folder, "twice.dtb", blob, fdt_totalsize(blob));
	base = read_file(&b, "twice.dtb");
	cr_assert_eq(base->defect, STMBOOT_DTB_GOOD);
	cr_expect_eq(stmboot_dtb_remove(b.ctx, base, "/n", NULL, &why, &made), STMBOOT_CONFLICT);
	cr_assert_eq(stmboot_dtb_remove(b.ctx, base, "/", "p", &why, &made), STMBOOT_OK, "%s",
		     why.message);
	cr_expect_eq(made->root->property_count, 1);
	stmboot_dtb_free(made);
	cr_assert_eq(edit(b.ctx, base,
			  &(struct row){ .node = "/", .property = "p", .values = { "4" } }, &why,
			  &made),
		     STMBOOT_OK, "%s", why.message);
	cr_expect_eq(made->root->property_count, 3);
	cr_expect_eq(made->root->properties[0].data[3], 4);
	stmboot_dtb_free(made);
	stmboot_dtb_free(base);
	close_bench(&b);
}

Test(dtb_edit, every_request_for_memory_may_be_refused)
{
	static const size_t wanted[] = { 1, 14, 20, 23 };
	struct bench b = open_bench();
	struct heap heap = { .for_good = false };
	struct stmboot_context *ctx = heap_context(&heap);
	struct stmboot_source *src;
	struct stmboot_dtb *base;
	size_t held;

	stmboot_dtb_free(compile(&b, "base", board, "-@"));
	src = folder_open(ctx, &b.folder, "base.dtb");
	cr_assert_eq(stmboot_dtb_decode(ctx, src, &base), STMBOOT_OK);
	stmboot_source_close(src);
	held = heap.live;
	for (size_t i = 0; i < sizeof(wanted) / sizeof(wanted[0]); i++) {
		enum stmboot_status status = STMBOOT_NO_MEMORY;
		size_t n;

		for (n = 1; status == STMBOOT_NO_MEMORY && n < 1000; n++) {
			struct stmboot_dtb *made = NULL;

			heap_refuse(&heap, n);
			status = edit(ctx, base, &rows[wanted[i]], NULL, &made);
			cr_expect_eq(status == STMBOOT_OK, made != NULL);
			stmboot_dtb_free(made);
			cr_expect_eq(heap.live, held, "request %zu", n);
		}
		cr_expect_eq(status, STMBOOT_OK, "request %zu: %d", n, (int)status);
		cr_expect_gt(n, 4);
	}
	heap_refuse(&heap, 0);
	stmboot_dtb_free(base);
	stmboot_context_free(ctx);
	cr_expect_eq(heap.live, 0);
	close_bench(&b);
}
