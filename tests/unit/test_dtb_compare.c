/* SPDX-License-Identifier: MIT */
/* What is told of two trees of which one was made of the other. */
#include "../support/dtb_bench.h"

#include "format/dtb_compare.h"

enum { TEXT = 256 };

#define TREE(text) "/dts-v1/;\n/ { " text " };\n"

static const struct {
	const char *name;
	const char *before;
	const char *after;
	bool removal;
	const char *told; /* NULL: they are not what they are to be */
} cases[] = {
	{ "the same", TREE("a; n { b; };"), TREE("a; n { b; };"), false, "" },
	{ "the same, removed", TREE("a; n { b; };"), TREE("a; n { b; };"), true, "" },
	{ "another value", TREE("a = <1>; b;"), TREE("a = <2>; b;"), false, "~/:a " },
	{ "a longer value", TREE("a = <1>; b;"), TREE("a = <1 0>; b;"), false, "~/:a " },
	{ "a value where none was", TREE("a; b;"), TREE("a = <1>; b;"), false, "~/:a " },
	{ "a property more, first", TREE("a; b;"), TREE("c; a; b;"), false, "+/:c " },
	{ "a property more, last", TREE("a; b;"), TREE("a; b; c;"), false, "+/:c " },
	{ "the first property", TREE("n { };"), TREE("n { c; };"), false, "+/n:c " },
	{ "a property less", TREE("a; b;"), TREE("b;"), true, "-/:a " },
	{ "all properties less", TREE("a; b;"), TREE(""), true, "-/:a -/:b " },
	{ "a node more, first", TREE("n { x; };"), TREE("m { y; }; n { x; };"), false, "+/m " },
	{ "a node more, last", TREE("n { x; };"), TREE("n { x; }; m { y; };"), false, "+/m " },
	{ "a node less", TREE("m { y; }; n { x; };"), TREE("n { x; };"), true, "-/m " },
	{ "the last node less", TREE("n { m { y; }; };"), TREE("n { };"), true, "-/n/m " },
	{ "in the third of three", TREE("l { }; m { a; }; n { };"),
	  TREE("l { }; m { a; }; n { b; };"), false, "+/n:b " },
	{ "several", TREE("a = <1>; n { m { y; }; };"),
	  TREE("b; a = <2>; k { }; n { z; m { y = <1>; }; };"), false,
	  "+/:b ~/:a +/k +/n:z ~/n/m:y " },
	{ "other memory reservations", "/dts-v1/;\n/memreserve/ 1 2;\n/ { };\n",
	  "/dts-v1/;\n/memreserve/ 1 3;\n/ { };\n", false, NULL },
	{ "fewer memory reservations", "/dts-v1/;\n/memreserve/ 1 2;\n/ { };\n", TREE(""), true,
	  NULL },
	{ "another boot processor", TREE(""), TREE("cpus { cpu { reg = <3>; }; };"), false, NULL },
	{ "a property less where none may be", TREE("a; b;"), TREE("b;"), false, NULL },
	{ "a property more where none may be", TREE("b;"), TREE("a; b;"), true, NULL },
	{ "a node less where none may be", TREE("m { }; n { };"), TREE("n { };"), false, NULL },
	{ "a node more where none may be", TREE("n { };"), TREE("m { }; n { };"), true, NULL },
	{ "another order", TREE("a; b;"), TREE("b; a;"), true, NULL },
};

static bool note(void *user, const struct sb_dtb_difference *d)
{
	char *told = user, path[64];
	size_t at = strlen(told);
	const struct stmboot_dtb_property *p = d->after != NULL ? d->after : d->before;

	cr_assert_lt(stmboot_dtb_node_path(d->node, path, sizeof(path)), sizeof(path));
	snprintf(told + at, TEXT - at, "%c%s%s%s ",
		 p == NULL                               ? '?'
		 : d->before != NULL && d->after != NULL ? '~'
		 : d->before != NULL                     ? '-'
							 : '+',
		 path, p != NULL ? ":" : "", p != NULL ? p->name : "");
	return true;
}

Test(dtb_compare, every_difference_is_told)
{
	struct bench b = open_bench();

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct stmboot_dtb *before = compile(&b, "before", cases[i].before, "");
		struct stmboot_dtb *after = compile(&b, "after", cases[i].after, "");
		char told[TEXT] = "";
		bool good = sb_dtb_compare(before, after, cases[i].removal, note, told);

		for (char *c = told; *c != 0; c++)
			if (*c == '?')
				*c = cases[i].removal ? '-' : '+';
		cr_expect_eq(good, cases[i].told != NULL, "%s", cases[i].name);
		if (cases[i].told != NULL)
			cr_expect_str_eq(told, cases[i].told, "%s", cases[i].name);
		stmboot_dtb_free(after);
		stmboot_dtb_free(before);
	}
	close_bench(&b);
}

static bool stop(void *user, const struct sb_dtb_difference *difference)
{
	(void)difference;
	++*(int *)user;
	return false;
}

Test(dtb_compare, it_ends_when_it_is_told_to)
{
	struct bench b = open_bench();
	struct stmboot_dtb *before = compile(&b, "before", TREE(""), "");
	struct stmboot_dtb *after = compile(&b, "after", TREE("a; b; n { };"), "");
	int told = 0;

	cr_expect_not(sb_dtb_compare(before, after, false, stop, &told));
	cr_expect_eq(told, 1);
	stmboot_dtb_free(after);
	stmboot_dtb_free(before);
	close_bench(&b);
}
