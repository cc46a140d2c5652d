/* SPDX-License-Identifier: MIT */
/* Each ceiling that a context can set, on a healthy card: what says that it was met. */
#include <criterion/criterion.h>
#include <dirent.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <stmboot/boot.h>
#include <stmboot/boot_edit.h>
#include <stmboot/fs.h>

#include "../support/edit_words.h"

/* What came of a card: the status of the call, and what was found. */
struct result {
	enum stmboot_status status;
	enum stmboot_outcome verdict;
	int stops_at;
	size_t count;
	char codes[4096];
	char found[64]; /* of the last one */
};

static void path_of(const char *name, char *path, size_t size)
{
	const char *folder = getenv("STMBOOT_GOLDEN_IMAGES");

	cr_assert_not_null(folder, "run through golden_images.sh");
	snprintf(path, size, "%s/%s.img", folder, name);
}

static void list(const struct stmboot_diags *diags, struct result *r)
{
	r->count = stmboot_diags_count(diags);
	for (size_t i = 0; i < r->count; i++) {
		const struct stmboot_diag *diag = stmboot_diags_get(diags, i);
		size_t length = strlen(r->codes);

		snprintf(r->codes + length, sizeof(r->codes) - length, "%s ", diag->code);
		snprintf(r->found, sizeof(r->found), "%s", diag->found != NULL ? diag->found : "");
	}
}

static void check(struct stmboot_context *ctx, const char *path, struct result *r)
{
	struct stmboot_boot_options how = { .struct_size = sizeof(how), .deep = true };
	const struct stmboot_boot *boot = NULL;
	struct stmboot_image *image = NULL;
	struct stmboot_diags *diags;

	cr_assert_eq(stmboot_diags_new(ctx, &diags), STMBOOT_OK);
	r->status = stmboot_image_open(ctx, path, NULL, &image);
	if (r->status == STMBOOT_OK)
		r->status = stmboot_boot_trace(ctx, image, &how, diags, &boot);
	if (r->status == STMBOOT_OK) {
		r->verdict = boot->verdict;
		r->stops_at = boot->stops_at;
		list(diags, r);
	}
	stmboot_boot_free(boot);
	stmboot_image_close(image);
	stmboot_diags_free(diags);
}

static void pack_and_check(struct stmboot_context *ctx, const char *path, struct result *r)
{
	char packed[600], command[1300];

	snprintf(packed, sizeof(packed), "%s.gz", path);
	snprintf(command, sizeof(command), "gzip -c '%s' >'%s'", path, packed);
	cr_assert_eq(system(command), 0);
	check(ctx, packed, r);
	remove(packed);
}

static void edit(struct stmboot_context *ctx, const char *path, struct result *r)
{
	struct stmboot_edit_options how = { .struct_size = sizeof(how), .dry_run = true };
	struct stmboot_boot_edit_options options = { .struct_size = sizeof(options), .edit = &how };
	const struct stmboot_edit_plan *plan;
	struct stmboot_boot_edit *boot_edit = NULL;
	struct edit_words words;

	r->status = stmboot_boot_edit_begin(ctx, path, &options, NULL, &boot_edit);
	if (r->status == STMBOOT_OK)
		r->status = stmboot_boot_edit_set_bootargs(boot_edit, NULL,
							   edit_words(&words, "quiet"), NULL);
	if (r->status == STMBOOT_OK)
		r->status = stmboot_boot_edit_stage(boot_edit, NULL, &plan);
	stmboot_boot_edit_close(boot_edit);
}

static enum stmboot_fs_answer go_on(void *user, const struct stmboot_fs_step *step)
{
	(void)user;
	(void)step;
	return STMBOOT_FS_GO_ON;
}

static void walk(struct stmboot_context *ctx, const char *path, struct result *r)
{
	struct stmboot_image *image = NULL;
	struct stmboot_fs *fs;

	r->status = stmboot_image_open(ctx, path, NULL, &image);
	if (r->status == STMBOOT_OK)
		r->status = stmboot_image_fs_linux(image, 4, NULL, &fs);
	if (r->status == STMBOOT_OK)
		r->status = stmboot_fs_walk(fs, "/", NULL, go_on, NULL);
	stmboot_image_close(image);
}

/* One ceiling: what is done under it, and what tells that it was met. */
static const struct ceiling {
	const char *name;
	struct stmboot_context_options options;
	const char *image;
	void (*act)(struct stmboot_context *ctx, const char *path, struct result *r);
	enum stmboot_status status;
	const char *code; /* NULL: the status is enough */
} ceilings[] = {
	{ "max_text_bytes",
	  { .limits.max_text_bytes = 16 },
	  "healthy",
	  check,
	  STMBOOT_OK,
	  "extlinux.unreadable" },
	{ "max_dtb_bytes",
	  { .limits.max_dtb_bytes = 64 },
	  "healthy",
	  check,
	  STMBOOT_OK,
	  "dtb.too-large" },
	{ "max_unpacked_bytes",
	  { .limits.max_unpacked_bytes = 16 },
	  "fit-kernel",
	  check,
	  STMBOOT_OK,
	  "fit.hash-unchecked" },
	{ "max_container_bytes",
	  { .limits.max_container_bytes = 4096 },
	  "healthy",
	  pack_and_check,
	  STMBOOT_LIMIT,
	  NULL },
	{ "max_gpt_entries",
	  { .limits.max_gpt_entries = 3 },
	  "healthy",
	  check,
	  STMBOOT_OK,
	  "gpt.entry-count" },
	{ "max_findings",
	  { .limits.max_findings = 1, .limits.max_dtb_bytes = 64, .limits.max_text_bytes = 16 },
	  "raw-places",
	  check,
	  STMBOOT_OK,
	  "image.too-many-findings" },
	{ "max_pending_bytes", { .max_pending_bytes = 512 }, "healthy", edit, STMBOOT_LIMIT, NULL },
	{ "max_walk_names", { .max_walk_names = 3 }, "healthy", walk, STMBOOT_LIMIT, NULL },
	{ "max_decoded_bytes",
	  { .max_decoded_bytes = 1 },
	  "healthy",
	  check,
	  STMBOOT_OK,
	  "image.too-much" },
};

static struct result result_of(const struct ceiling *ceiling, bool with)
{
	struct stmboot_context_options options = { .struct_size = sizeof(options) };
	struct result r = { .codes = " " };
	struct stmboot_context *ctx;
	char path[512];

	if (with)
		options = ceiling->options;
	options.struct_size = sizeof(options);
	cr_assert_eq(stmboot_context_new(&options, &ctx), STMBOOT_OK);
	path_of(ceiling->image, path, sizeof(path));
	ceiling->act(ctx, path, &r);
	stmboot_context_free(ctx);
	return r;
}

Test(limits, each_that_a_context_sets_is_told_when_it_is_met)
{
	for (size_t i = 0; i < sizeof(ceilings) / sizeof(ceilings[0]); i++) {
		const struct ceiling *ceiling = &ceilings[i];
		struct result met = result_of(ceiling, true), far = result_of(ceiling, false);
		char code[64] = "";

		snprintf(code, sizeof(code), " %s ", ceiling->code != NULL ? ceiling->code : "");
		cr_expect_eq(met.status, ceiling->status, "%s: %s", ceiling->name,
			     stmboot_status_text(met.status));
		cr_expect_eq(far.status, STMBOOT_OK, "%s", ceiling->name);
		if (ceiling->code == NULL)
			continue;
		cr_expect_not_null(strstr(met.codes, code), "%s: %s", ceiling->name, met.codes);
		cr_expect_null(strstr(far.codes, code), "%s: %s", ceiling->name, far.codes);
	}
}

static bool is_image(const char *name)
{
	size_t length = strlen(name);

	return length > 4 && strcmp(name + length - 4, ".img") == 0;
}

/* However few findings are kept, the verdict is that of all of them. */
static void expect_same_verdict(const char *name, uint32_t most)
{
	const struct ceiling ceiling = { .options = { .limits.max_findings = most },
					 .image = name,
					 .act = check };
	struct result few = result_of(&ceiling, true), all = result_of(&ceiling, false);
	char more[64];

	cr_expect_eq(few.status, STMBOOT_OK);
	cr_expect_eq(few.verdict, all.verdict, "%s, %u findings: %s, not %s", name, most, few.codes,
		     all.codes);
	cr_expect_eq(few.stops_at, all.stops_at, "%s, %u findings: %s, not %s", name, most,
		     few.codes, all.codes);
	if (all.count <= most) {
		cr_expect_str_eq(few.codes, all.codes, "%s, %u findings", name, most);
		return;
	}
	snprintf(more, sizeof(more), "%zu more", all.count - most);
	cr_expect_eq(few.count, most + 1, "%s, %u findings: %s", name, most, few.codes);
	cr_expect_str_eq(few.found, more, "%s, %u findings", name, most);
}

Test(limits, findings_that_are_left_out_count_for_the_verdict)
{
	const char *path = getenv("STMBOOT_GOLDEN_IMAGES");
	DIR *folder = path != NULL ? opendir(path) : NULL;
	const struct dirent *entry;
	size_t images = 0;

	cr_assert_not_null(folder, "run through golden_images.sh");
	while ((entry = readdir(folder)) != NULL) {
		char name[300];

		if (!is_image(entry->d_name))
			continue;
		snprintf(name, sizeof(name), "%.*s", (int)strlen(entry->d_name) - 4, entry->d_name);
		for (uint32_t most = 1; most <= 3; most += 2)
			expect_same_verdict(name, most);
		images++;
	}
	closedir(folder);
	cr_expect_geq(images, 10);
}
