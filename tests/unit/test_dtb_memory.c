/* SPDX-License-Identifier: MIT */
/* The allocator refuses its nth request, for every n: a status, no crash and no leak. */
#include "../support/dtb_bench.h"

#include <stmboot/fit.h>

struct allocator {
	size_t left; /* requests that are granted */
	size_t held; /* blocks not yet released */
};

static void *allocate(void *user, size_t size)
{
	struct allocator *a = user;

	if (a->left == 0)
		return NULL;
	a->left--;
	a->held++;
	return malloc(size);
}

static void release(void *user, void *memory)
{
	struct allocator *a = user;

	if (memory != NULL)
		a->held--;
	free(memory);
}

static const char base_text[] = "/dts-v1/;\n"
				"/ {\n"
				" compatible = \"a\", \"b\";\n"
				" aliases { s = &u; };\n"
				" memory@0 { device_type = \"memory\"; reg = <0 0 1>; };\n"
				" s { u: u { }; };\n"
				"};\n";
static const char overlay_text[] = "/dts-v1/;\n/plugin/;\n&u { c: c { d = <&c>; }; };\n";
static const char fit_text[] =
	"/dts-v1/;\n"
	"/ {\n"
	" images { k { data = [01]; hash { algo = \"crc32\"; }; }; };\n"
	" configurations { c { fdt = \"k\"; loadables = \"k\", \"k\"; }; };\n"
	"};\n";

static struct stmboot_source *open_file(struct stmboot_context *ctx, const struct bench *b,
					const char *name)
{
	char path[64];
	struct stmboot_source *src;

	snprintf(path, sizeof(path), "%s/%s", b->folder, name);
	cr_assert_eq(stmboot_source_open_file(ctx, path, &src), STMBOOT_OK);
	return src;
}

/* Everything that allocates, from three open files. */
static enum stmboot_status use(struct stmboot_context *ctx, struct stmboot_source *const src[3])
{
	struct stmboot_dtb *base = NULL, *overlay = NULL, *merged = NULL;
	struct stmboot_fit *fit = NULL;
	const char *reason;
	enum stmboot_status status = stmboot_dtb_decode(ctx, src[0], &base);

	if (status == STMBOOT_OK)
		status = stmboot_dtb_decode(ctx, src[1], &overlay);
	if (status == STMBOOT_OK)
		status = stmboot_dtb_apply_overlay(ctx, base, overlay, &reason, &merged);
	if (status == STMBOOT_OK)
		status = stmboot_fit_decode(ctx, src[2], &fit);
	stmboot_fit_free(fit);
	stmboot_dtb_free(merged);
	stmboot_dtb_free(overlay);
	stmboot_dtb_free(base);
	return status;
}

Test(dtb_memory, every_request_may_be_refused)
{
	static const char *const names[] = { "base.dtb", "overlay.dtb", "fit.dtb" };
	struct bench b = open_bench();
	struct allocator a = { .left = SIZE_MAX };
	struct stmboot_context_options options = {
		.struct_size = sizeof(options), .user = &a, .allocate = allocate, .release = release
	};
	enum stmboot_status status = STMBOOT_NO_MEMORY;
	struct stmboot_source *src[3];
	struct stmboot_context *ctx;
	size_t held, granted;

	stmboot_dtb_free(compile(&b, "base", base_text, "-@"));
	stmboot_dtb_free(compile(&b, "overlay", overlay_text, ""));
	stmboot_dtb_free(compile(&b, "fit", fit_text, ""));
	cr_assert_eq(stmboot_context_new(&options, &ctx), STMBOOT_OK);
	for (size_t i = 0; i < 3; i++)
		src[i] = open_file(ctx, &b, names[i]);
	held = a.held;
	for (granted = 0; status == STMBOOT_NO_MEMORY && granted < 1000; granted++) {
		a.left = granted;
		status = use(ctx, src);
		cr_expect_eq(a.held, held, "%zu granted", granted);
	}
	cr_expect_eq(status, STMBOOT_OK, "%zu granted: %d", granted, (int)status);
	cr_expect_gt(granted, 10);
	for (size_t i = 0; i < 3; i++)
		stmboot_source_close(src[i]);
	stmboot_context_free(ctx);
	cr_expect_eq(a.held, 0);
	close_bench(&b);
}
