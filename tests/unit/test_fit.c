/* SPDX-License-Identifier: MIT */
/* FIT images: mkimage makes them as they are used, dtc those that are damaged. */
#include <criterion/criterion.h>

#include <stdio.h>
#include <string.h>

#include "../support/folder.h"
#include "base/diag.h"
#include "format/fit.h"

#define KERNEL "123456789"
#define TREE   "a device tree"

static const char source[] =
	"/dts-v1/;\n"
	"/ {\n"
	" description = \"A FIT\";\n"
	" images {\n"
	"  kernel-1 { description = \"Linux\"; data = /incbin/(\"kernel\");\n"
	"   type = \"kernel\"; os = \"linux\"; arch = \"arm\";\n"
	"   compression = \"none\"; load = <0x80008000>; entry = <0x80008000>;\n"
	"   hash-1 { algo = \"crc32\"; }; hash-2 { algo = \"sha256\"; };\n"
	"  };\n"
	"  fdt-1 { data = /incbin/(\"tree\"); type = \"flat_dt\"; arch = \"arm\";\n"
	"   compression = \"none\"; };\n"
	"  fdt-2 { data = /incbin/(\"tree\"); type = \"flat_dt\"; arch = \"arm\";\n"
	"   compression = \"none\"; };\n"
	" };\n"
	" configurations {\n"
	"  default = \"conf-1\";\n"
	"  conf-1 { description = \"A board\"; kernel = \"kernel-1\";\n"
	"   fdt = \"fdt-1\", \"fdt-2\"; loadables = \"fdt-2\"; };\n"
	" };\n"
	"};\n";

/* A folder of its own with a FIT in it. */
struct bench {
	struct folder folder;
	struct stmboot_context *ctx;
	struct stmboot_source *src;
	struct stmboot_fit *fit;
};

static void write_text(const struct bench *b, const char *name, const char *text)
{
	folder_write(&b->folder, name, text, strlen(text));
}

/* Make fit.itb of a source with a shell script, and decode it. */
static enum stmboot_status make(struct bench *b, const char *text, const char *script)
{
	need("dtc");
	*b = (struct bench){ .folder = folder_new() };
	write_text(b, "fit.its", text);
	write_text(b, "kernel", KERNEL);
	write_text(b, "tree", TREE);
	folder_run(&b->folder, script);
	cr_assert_eq(stmboot_context_new(NULL, &b->ctx), STMBOOT_OK);
	b->src = folder_open(b->ctx, &b->folder, "fit.itb");
	return stmboot_fit_decode(b->ctx, b->src, &b->fit);
}

static void close_bench(struct bench *b)
{
	stmboot_fit_free(b->fit);
	stmboot_source_close(b->src);
	stmboot_context_free(b->ctx);
	folder_remove(&b->folder);
}

static void expect_data(const struct bench *b, const struct stmboot_fit_image *image,
			const char *text)
{
	char data[32] = "";

	cr_expect(image->has_data && image->inside);
	cr_assert_eq(image->bytes, strlen(text), "%s", image->name);
	cr_assert_eq(stmboot_source_read(b->src, image->offset, data, strlen(text)), STMBOOT_OK);
	cr_expect_str_eq(data, text, "%s", image->name);
}

/* The codes of all findings, each with a blank behind it. */
static void list_codes(const struct bench *b, enum stmboot_status status, char *out, size_t size)
{
	struct stmboot_diags *diags;
	struct sb_scope scope;

	cr_assert_eq(stmboot_diags_new(b->ctx, &diags), STMBOOT_OK);
	scope = sb_scope(diags, b->src);
	if (status == STMBOOT_OK)
		sb_fit_validate(&scope, b->fit, NULL);
	else
		sb_fit_report_status(&scope, status);
	*out = 0;
	for (size_t i = 0; i < stmboot_diags_count(diags); i++) {
		size_t used = strlen(out);

		snprintf(out + used, size - used, "%s ", stmboot_diags_get(diags, i)->code);
	}
	stmboot_diags_free(diags);
}

Test(fit, images_of_mkimage_are_found_inside_and_behind_the_tree)
{
	static const struct {
		const char *script;
		bool external;
	} cases[] = {
		{ "mkimage -f fit.its fit.itb", false },
		{ "mkimage -E -f fit.its fit.itb", true },
		{ "mkimage -E -p 0x1000 -f fit.its fit.itb", true },
		{ "mkimage -E -B 0x200 -f fit.its fit.itb", true },
	};

	need("mkimage");
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		const struct stmboot_fit_configuration *c;
		char codes[256];
		struct bench b;

		cr_assert_eq(make(&b, source, cases[i].script), STMBOOT_OK);
		cr_expect_str_eq(b.fit->description, "A FIT");
		cr_assert_eq(b.fit->image_count, 3);
		cr_expect_str_eq(b.fit->images[0].name, "kernel-1");
		cr_expect_str_eq(b.fit->images[0].type, "kernel");
		cr_expect_str_eq(b.fit->images[0].os, "linux");
		cr_expect_eq(b.fit->images[0].external, cases[i].external);
		cr_assert_eq(b.fit->images[0].hash_count, 2);
		cr_expect_str_eq(b.fit->images[0].hashes[1], "sha256");
		cr_expect_null(b.fit->images[1].os);
		expect_data(&b, &b.fit->images[0], KERNEL);
		expect_data(&b, &b.fit->images[1], TREE);
		cr_expect_str_eq(b.fit->default_configuration, "conf-1");
		cr_assert_eq(b.fit->configuration_count, 1);
		c = &b.fit->configurations[0];
		cr_expect_str_eq(c->kernel, "kernel-1");
		cr_expect_null(c->ramdisk);
		cr_assert_eq(c->fdt_count, 2);
		cr_expect_str_eq(c->fdt[1], "fdt-2");
		cr_assert_eq(c->loadable_count, 1);
		list_codes(&b, STMBOOT_OK, codes, sizeof(codes));
		cr_expect_str_empty(codes);
		close_bench(&b);
	}
}

Test(fit, an_image_of_several_megabytes_stays_in_the_file)
{
	struct bench b;

	cr_assert_eq(make(&b, source,
			  "truncate -s 9M kernel\n"
			  "dtc -q -O dtb -o fit.itb fit.its"),
		     STMBOOT_OK);
	cr_expect_eq(b.fit->images[0].bytes, 9 << 20);
	expect_data(&b, &b.fit->images[1], TREE);
	close_bench(&b);
}

#define FIT(image, configurations)                                                                 \
	"/dts-v1/;\n/ { images { a { " image " }; }; configurations { " configurations " }; };\n"
#define GOOD_CONFIGURATION "default = \"c\"; c { kernel = \"a\"; };"

Test(fit, what_is_wrong_is_said)
{
	static const char compile[] = "dtc -q -O dtb -o fit.itb fit.its";
	static const struct {
		const char *name;
		const char *text;
		const char *script;
		enum stmboot_status status;
		const char *codes;
	} cases[] = {
		{ "nothing", FIT("data = [01];", GOOD_CONFIGURATION), compile, STMBOOT_OK, "" },
		{ "no data", FIT("type = \"kernel\";", GOOD_CONFIGURATION), compile, STMBOOT_OK,
		  "fit.no-data " },
		{ "an offset without a size", FIT("data-offset = <0>;", GOOD_CONFIGURATION),
		  compile, STMBOOT_OK, "fit.no-data " },
		{ "external data of one byte that is not there",
		  FIT("data-offset = <0>; data-size = <1>;", GOOD_CONFIGURATION), compile,
		  STMBOOT_OK, "fit.data-outside " },
		{ "a negative position",
		  FIT("data-position = <0xfffffff0>; data-size = <1>;", GOOD_CONFIGURATION),
		  compile, STMBOOT_OK, "fit.data-outside " },
		{ "the position counts when there is an offset, too",
		  FIT("data-position = <0>; data-offset = <0x10000>; data-size = <1>;",
		      GOOD_CONFIGURATION),
		  compile, STMBOOT_OK, "fit.data-overlap " },
		{ "no default", FIT("data = [01];", "c { kernel = \"a\"; };"), compile, STMBOOT_OK,
		  "fit.no-default " },
		{ "another default", FIT("data = [01];", "default = \"d\"; c { };"), compile,
		  STMBOOT_OK, "fit.no-default " },
		{ "missing images",
		  FIT("data = [01];", "default = \"c\"; c { kernel = \"b\"; fdt = \"a\", \"d\"; "
				      "ramdisk = \"e\"; };"),
		  compile, STMBOOT_OK, "fit.image-missing fit.image-missing fit.image-missing " },
		{ "no images at all", "/dts-v1/;\n/ { };\n", compile, STMBOOT_NOT_RECOGNISED,
		  "fit.no-images " },
		{ "no device tree", "", "cp kernel fit.itb", STMBOOT_NOT_RECOGNISED, NULL },
		{ "cut short", FIT("data = [01];", GOOD_CONFIGURATION),
		  "dtc -q -O dtb -o fit.itb fit.its\ntruncate -s -1 fit.itb", STMBOOT_TRUNCATED,
		  "fit.truncated " },
		{ "zeros in the tree", FIT("data = [01];", GOOD_CONFIGURATION),
		  "dtc -q -O dtb -o fit.itb fit.its\n"
		  "dd if=/dev/zero of=fit.itb bs=1 seek=64 count=8 conv=notrunc",
		  STMBOOT_CORRUPT, "fit.structure " },
		{ "too many nodes", FIT("data = [01];", GOOD_CONFIGURATION),
		  "{ echo '/dts-v1/; / { images {'; seq -f 'n%.0f { };' 5000; echo '}; };'; } "
		  ">many\n"
		  "dtc -q -O dtb -o fit.itb many",
		  STMBOOT_LIMIT, "" },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char codes[256];
		struct bench b;

		cr_expect_eq(make(&b, cases[i].text, cases[i].script), cases[i].status, "%s",
			     cases[i].name);
		cr_assert_eq(b.fit != NULL, cases[i].status == STMBOOT_OK, "%s", cases[i].name);
		list_codes(&b, cases[i].status, codes, sizeof(codes));
		if (cases[i].codes != NULL)
			cr_expect_str_eq(codes, cases[i].codes, "%s: %s", cases[i].name, codes);
		close_bench(&b);
	}
}
