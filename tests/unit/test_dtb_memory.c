/* SPDX-License-Identifier: MIT */
/* The allocator refuses its nth request, for every n: a status, no crash and no leak. */
#include "../support/dtb_bench.h"
#include "../support/heap.h"

#include <stmboot/fit.h>

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
	struct heap heap = { .for_good = true };
	enum stmboot_status status = STMBOOT_NO_MEMORY;
	struct stmboot_source *src[3];
	struct stmboot_context *ctx;
	size_t held, n;

	stmboot_dtb_free(compile(&b, "base", base_text, "-@"));
	stmboot_dtb_free(compile(&b, "overlay", overlay_text, ""));
	stmboot_dtb_free(compile(&b, "fit", fit_text, ""));
	ctx = heap_context(&heap);
	for (size_t i = 0; i < 3; i++)
		src[i] = folder_open(ctx, &b.folder, names[i]);
	held = heap.live;
	for (n = 1; status == STMBOOT_NO_MEMORY && n < 1000; n++) {
		heap_refuse(&heap, n);
		status = use(ctx, src);
		cr_expect_eq(heap.live, held, "request %zu", n);
	}
	cr_expect_eq(status, STMBOOT_OK, "request %zu: %d", n, (int)status);
	cr_expect_gt(n, 10);
	heap_refuse(&heap, 0);
	for (size_t i = 0; i < 3; i++)
		stmboot_source_close(src[i]);
	stmboot_context_free(ctx);
	cr_expect_eq(heap.live, 0);
	close_bench(&b);
}
