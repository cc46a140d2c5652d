/* SPDX-License-Identifier: MIT */
/* Whole images followed from the ROM to init, when memory or the medium fails on the way. */
#include <criterion/criterion.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <stmboot/boot.h>

#include "../support/heap.h"

enum { MANY = 3000, BLOCK = 512 };

#define NOWHERE (SIZE_MAX / 2)

static const char *const images[] = {
	"healthy",     "tfa-ssbl",    "saved-environment",       "endless-menu",
	"bare-stm32",  "bare-uimage", "environment-hits-rootfs", "emmc",
	"boot-script", "fit-kernel",  "raw-places",
};

enum { IMAGES = sizeof(images) / sizeof(images[0]) };

static void path_of(const char *name, char *path, size_t size)
{
	const char *folder = getenv("STMBOOT_GOLDEN_IMAGES");

	cr_assert_not_null(folder, "run through golden_images.sh");
	snprintf(path, size, "%s/%s.img", folder, name);
}

/* A card in memory whose reads are counted and may fail. */
struct medium {
	uint8_t *data;
	size_t size;
	size_t reads;
	size_t fail; /* number of the read that fails, from 1; 0: none */
	size_t bad;  /* the block here cannot be read; NOWHERE: none */
	bool failed;
	bool *seen; /* of each block: something in it was read while all was well */
};

static enum stmboot_status read_at(void *self, uint64_t offset, void *buffer, size_t size)
{
	struct medium *m = self;

	cr_assert(size > 0 && offset <= m->size && size <= m->size - offset);
	if (++m->reads == m->fail || (m->bad < offset + size && m->bad + BLOCK > offset)) {
		m->failed = true;
		return STMBOOT_IO;
	}
	for (size_t i = offset / BLOCK; m->bad == NOWHERE && i <= (offset + size - 1) / BLOCK; i++)
		m->seen[i] = true;
	memcpy(buffer, m->data + offset, size);
	return STMBOOT_OK;
}

static uint64_t size_of(void *self)
{
	struct medium *m = self;

	return m->size;
}

static struct medium medium_load(const char *name)
{
	struct medium m = { .bad = NOWHERE };
	char path[512];
	FILE *file;

	path_of(name, path, sizeof(path));
	file = fopen(path, "rb");
	cr_assert_not_null(file, "%s", path);
	cr_assert_eq(fseek(file, 0, SEEK_END), 0);
	m.size = (size_t)ftell(file);
	rewind(file);
	m.data = malloc(m.size);
	m.seen = calloc(m.size / BLOCK + 1, sizeof(*m.seen));
	cr_assert(m.data != NULL && m.seen != NULL);
	cr_assert_eq(fread(m.data, 1, m.size, file), m.size);
	fclose(file);
	return m;
}

static void medium_free(struct medium *m)
{
	free(m->data);
	free(m->seen);
}

static struct stmboot_source *source_of(struct stmboot_context *ctx, struct medium *m)
{
	struct stmboot_source_ops ops = { .struct_size = sizeof(ops),
					  .read_at = read_at,
					  .size = size_of };
	struct stmboot_source *src;

	cr_assert_eq(stmboot_source_new(ctx, &ops, m, &src), STMBOOT_OK);
	return src;
}

/* All that a trace says, as one text. */
struct result {
	enum stmboot_status status;
	enum stmboot_outcome verdict;
	int stops_at;
	char text[16384];
};

static void say(struct result *r, const char *format, ...) __attribute__((format(printf, 2, 3)));

static void say(struct result *r, const char *format, ...)
{
	size_t length = strlen(r->text);
	va_list args;
	int added;

	va_start(args, format);
	added = vsnprintf(r->text + length, sizeof(r->text) - length, format, args);
	va_end(args);
	cr_assert(added >= 0 && (size_t)added < sizeof(r->text) - length);
}

static const char *or_none(const char *text)
{
	return text != NULL ? text : "-";
}

static void say_boot(struct result *r, const struct stmboot_boot *boot)
{
	r->verdict = boot->verdict;
	r->stops_at = boot->stops_at;
	say(r, "%s %d\n", stmboot_outcome_text(boot->verdict), boot->stops_at);
	for (int i = 0; i < STMBOOT_STAGE_COUNT; i++) {
		const struct stmboot_stage_result *s = &boot->stages[i];

		cr_expect_eq((int)s->stage, i);
		say(r, "%s %s %" PRId32 " %s %" PRIu64 " %s\n", stmboot_stage_text(s->stage),
		    stmboot_outcome_text(s->outcome), s->partition, or_none(s->path),
		    s->has_offset ? s->offset : 0, s->summary);
	}
	say(r, "%s %s %s\n", or_none(boot->fsbl_version), or_none(boot->uboot_version),
	    or_none(boot->config.path));
	say(r, "%s %s %s\n", or_none(boot->label), or_none(boot->append), or_none(boot->bootargs));
	say(r, "%s %s %s\n", or_none(boot->kernel.path), or_none(boot->dtb.path),
	    or_none(boot->dtb_model));
	say(r, "%s %" PRId32 " %s %s\n", or_none(boot->root_spec), boot->root_partition,
	    or_none(boot->init_path), or_none(boot->init_resolved));
}

static void say_findings(struct result *r, const struct stmboot_diags *diags)
{
	for (size_t i = 0; i < stmboot_diags_count(diags); i++) {
		const struct stmboot_diag *d = stmboot_diags_get(diags, i);

		say(r, "%s %d %d %" PRId32 " %s %" PRIu64 " %s | %s | %s | %s\n", d->code,
		    (int)d->severity, (int)d->stage, d->place.partition, or_none(d->place.path),
		    d->place.offset, or_none(d->found), or_none(d->expected), d->message,
		    or_none(d->hint));
	}
}

static void trace(struct stmboot_context *ctx, struct stmboot_image *image, bool deep,
		  struct result *r)
{
	struct stmboot_boot_options options = { .struct_size = sizeof(options), .deep = deep };
	const struct stmboot_boot *boot = NULL;
	struct stmboot_diags *diags;

	r->text[0] = '\0';
	r->status = stmboot_diags_new(ctx, &diags);
	if (r->status != STMBOOT_OK)
		return;
	r->status = stmboot_boot_trace(ctx, image, &options, diags, &boot);
	cr_expect_eq(r->status == STMBOOT_OK, boot != NULL);
	if (boot != NULL) {
		int stops_at;

		/* The verdict can be had again from the findings alone. */
		cr_expect_eq(stmboot_boot_judge(diags, &stops_at), boot->verdict);
		cr_expect_eq(stops_at, boot->stops_at);
		say_boot(r, boot);
		say_findings(r, diags);
	}
	stmboot_boot_free(boot);
	stmboot_diags_free(diags);
}

/* Open and trace a file. */
static void trace_file(struct stmboot_context *ctx, const char *path, bool deep, struct result *r)
{
	struct stmboot_image *image = NULL;

	r->text[0] = '\0';
	r->status = stmboot_image_open(ctx, path, NULL, &image);
	cr_expect_eq(r->status == STMBOOT_OK, image != NULL);
	if (image != NULL)
		trace(ctx, image, deep, r);
	stmboot_image_close(image);
}

/* Open and trace a medium in memory. */
static void trace_medium(struct stmboot_context *ctx, struct medium *m, bool deep, struct result *r)
{
	struct stmboot_source *src = source_of(ctx, m);
	struct stmboot_image *image = NULL;

	m->reads = 0;
	r->text[0] = '\0';
	r->status = stmboot_image_open_source(ctx, src, NULL, &image);
	if (image != NULL)
		trace(ctx, image, deep, r);
	stmboot_image_close(image);
	stmboot_source_close(src);
}

static void refuse_each(const char *name, bool deep)
{
	static struct result good, other;
	struct heap heap = { 0 };
	struct stmboot_context *ctx = heap_context(&heap);
	size_t before, total, stride;
	char path[512];

	path_of(name, path, sizeof(path));
	before = heap.requests;
	trace_file(ctx, path, deep, &good);
	total = heap.requests - before;
	cr_assert_eq(good.status, STMBOOT_OK);
	stride = total / MANY + 1;
	for (size_t n = 1; n <= total; n += stride) {
		heap_refuse(&heap, n);
		trace_file(ctx, path, deep, &other);
		cr_assert_eq(heap.live, 1, "%s: request %zu: %zu left", name, n, heap.live - 1);
		if (other.status == STMBOOT_OK)
			cr_expect_str_eq(other.text, good.text, "%s: request %zu", name, n);
		else
			cr_expect_eq(other.status, STMBOOT_NO_MEMORY, "%s: request %zu: %s", name,
				     n, stmboot_status_text(other.status));
	}
	heap_refuse(&heap, 0);
	stmboot_context_free(ctx);
}

Test(boot, each_allocation_may_be_refused, .timeout = 300)
{
	for (size_t i = 0; i < IMAGES; i++) {
		refuse_each(images[i], false);
		refuse_each(images[i], true);
	}
}

Test(boot, an_image_is_traced_again_after_memory_ran_out)
{
	static struct result good, other, again;
	struct heap heap = { 0 };
	struct stmboot_context *ctx = heap_context(&heap);
	struct stmboot_image *image;
	size_t total, before;
	char path[512];

	path_of("healthy", path, sizeof(path));
	cr_assert_eq(stmboot_image_open(ctx, path, NULL, &image), STMBOOT_OK);
	before = heap.requests;
	trace(ctx, image, false, &good);
	total = heap.requests - before;
	stmboot_image_close(image);
	cr_assert_eq(good.status, STMBOOT_OK);
	for (size_t n = 1; n <= total; n++) {
		heap_refuse(&heap, 0);
		cr_assert_eq(stmboot_image_open(ctx, path, NULL, &image), STMBOOT_OK);
		heap_refuse(&heap, n);
		trace(ctx, image, false, &other);
		heap_refuse(&heap, 0);
		trace(ctx, image, false, &again);
		cr_assert_eq(again.status, STMBOOT_OK, "request %zu: %s", n,
			     stmboot_status_text(again.status));
		cr_assert_str_eq(again.text, good.text, "request %zu", n);
		stmboot_image_close(image);
	}
	stmboot_context_free(ctx);
}

Test(boot, deep_and_shallow_agree)
{
	static struct result deep, shallow;
	struct stmboot_context *ctx;

	cr_assert_eq(stmboot_context_new(NULL, &ctx), STMBOOT_OK);
	for (size_t i = 0; i < IMAGES; i++) {
		char path[512];

		path_of(images[i], path, sizeof(path));
		trace_file(ctx, path, true, &deep);
		trace_file(ctx, path, false, &shallow);
		cr_assert_eq(deep.status, STMBOOT_OK);
		cr_assert_eq(shallow.status, STMBOOT_OK);
		cr_expect_eq(deep.stops_at, shallow.stops_at, "%s", images[i]);
		cr_expect_eq(deep.verdict, shallow.verdict, "%s", images[i]);
	}
	stmboot_context_free(ctx);
}

/* In the commands of the hints; only a file has a name. */
static void forget_name(struct result *result, const char *path)
{
	size_t length = strlen(path);

	for (char *at = result->text; (at = strstr(at, path)) != NULL;) {
		memcpy(at, "IMAGE", 5);
		memmove(at + 5, at + length, strlen(at + length) + 1);
	}
}

/* The file is read through a page cache, the medium in the pieces that are asked for. */
Test(boot, results_do_not_depend_on_where_bytes_come_from)
{
	static struct result file, memory, again;
	struct stmboot_context *ctx;

	cr_assert_eq(stmboot_context_new(NULL, &ctx), STMBOOT_OK);
	for (size_t i = 0; i < IMAGES; i++) {
		struct medium m = medium_load(images[i]);
		size_t reads;
		char path[512];

		path_of(images[i], path, sizeof(path));
		trace_file(ctx, path, true, &file);
		forget_name(&file, path);
		trace_medium(ctx, &m, true, &memory);
		reads = m.reads;
		trace_medium(ctx, &m, true, &again);
		cr_expect_str_eq(memory.text, file.text, "%s", images[i]);
		cr_expect_str_eq(again.text, file.text, "%s", images[i]);
		cr_expect(reads > 0 && reads == m.reads);
		medium_free(&m);
	}
	stmboot_context_free(ctx);
}

/* Nothing that could not be read may pass for good. */
static void expect_told(const char *name, const struct result *good, const struct result *other,
			size_t number)
{
	if (other->status != STMBOOT_OK)
		return;
	cr_expect(other->verdict >= STMBOOT_OUTCOME_WARNING, "%s: %zu:\n%s", name, number,
		  other->text);
	cr_expect(other->verdict >= good->verdict || strstr(other->text, "image.read-error"),
		  "%s: %zu:\n%s", name, number, other->text);
}

static void fail_each_read(const char *name, bool deep)
{
	static struct result good, other;
	struct heap heap = { 0 };
	struct stmboot_context *ctx = heap_context(&heap);
	struct medium m = medium_load(name);
	size_t total;

	trace_medium(ctx, &m, deep, &good);
	cr_assert_eq(good.status, STMBOOT_OK);
	total = m.reads;
	for (size_t n = 1; n <= total; n++) {
		m.fail = n;
		trace_medium(ctx, &m, deep, &other);
		cr_assert_eq(heap.live, 1, "%s: read %zu: %zu left", name, n, heap.live - 1);
		expect_told(name, &good, &other, n);
	}
	medium_free(&m);
	stmboot_context_free(ctx);
}

Test(boot, each_read_may_fail, .timeout = 300)
{
	for (size_t i = 0; i < IMAGES; i++) {
		fail_each_read(images[i], false);
		fail_each_read(images[i], true);
	}
}

/* A block that stays unreadable: told whenever it was looked at, and to both depths alike. */
static void spoil_each_block(const char *name)
{
	static struct result good, deep, shallow;
	struct heap heap = { 0 };
	struct stmboot_context *ctx = heap_context(&heap);
	struct medium m = medium_load(name);

	trace_medium(ctx, &m, true, &good);
	for (size_t at = 0; at < m.size; at += BLOCK) {
		if (!m.seen[at / BLOCK])
			continue;
		m.bad = at;
		m.failed = false;
		trace_medium(ctx, &m, true, &deep);
		cr_assert_eq(heap.live, 1, "%s: byte %zu: %zu left", name, at, heap.live - 1);
		cr_expect(m.failed);
		expect_told(name, &good, &deep, at);
		trace_medium(ctx, &m, false, &shallow);
		cr_expect_eq(deep.status, shallow.status);
		if (deep.status == STMBOOT_OK)
			cr_expect_eq(deep.stops_at, shallow.stops_at, "%s: byte %zu:\n%s%s", name,
				     at, deep.text, shallow.text);
	}
	medium_free(&m);
	stmboot_context_free(ctx);
}

Test(boot, each_block_may_be_unreadable, .timeout = 300)
{
	for (size_t i = 0; i < IMAGES; i++)
		spoil_each_block(images[i]);
}

/* A finding of that code and severity. */
static bool finds(const struct result *r, const char *code, enum stmboot_severity severity)
{
	char line[64];

	snprintf(line, sizeof(line), "\n%s %d ", code, (int)severity);
	return strstr(r->text, line) != NULL;
}

/* Where a text stands on the medium. */
static size_t find_text(const struct medium *m, const char *text)
{
	size_t length = strlen(text);

	for (size_t i = 0; i + length <= m->size; i++)
		if (memcmp(m->data + i, text, length) == 0)
			return i;
	cr_assert_fail("%s is not on the medium", text);
	return 0;
}

Test(boot, a_configuration_that_cannot_be_read_ends_the_boot)
{
	static struct result r;
	struct stmboot_context *ctx;
	struct medium m = medium_load("healthy");

	cr_assert_eq(stmboot_context_new(NULL, &ctx), STMBOOT_OK);
	m.bad = find_text(&m, "label stm32mp157c-dk2-buildroot");
	trace_medium(ctx, &m, false, &r);
	cr_assert_eq(r.status, STMBOOT_OK);
	cr_expect_eq(r.stops_at, STMBOOT_STAGE_EXTLINUX);
	cr_expect(finds(&r, "extlinux.unreadable", STMBOOT_ERROR), "%s", r.text);
	cr_expect(finds(&r, "image.read-error", STMBOOT_WARNING), "%s", r.text);
	medium_free(&m);
	stmboot_context_free(ctx);
}

Test(boot, the_version_and_the_table_decide_where_the_environment_goes)
{
	static const struct {
		const char *image;
		const char *code;
		enum stmboot_severity severity;
		int stops_at;
	} cases[] = {
		{ "environment-not-kept", "env.not-kept", STMBOOT_NOTE, STMBOOT_NO_STAGE },
		{ "environment-behind-a-hole", "env.overwrites-data", STMBOOT_ERROR,
		  STMBOOT_STAGE_EXTLINUX },
		{ "environment-hits-rootfs", "env.overwrites-data", STMBOOT_ERROR,
		  STMBOOT_STAGE_EXTLINUX },
	};
	static struct result r;
	struct stmboot_context *ctx;

	cr_assert_eq(stmboot_context_new(NULL, &ctx), STMBOOT_OK);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char path[512];

		path_of(cases[i].image, path, sizeof(path));
		trace_file(ctx, path, false, &r);
		cr_expect(finds(&r, cases[i].code, cases[i].severity), "%s:\n%s", cases[i].image,
			  r.text);
		cr_expect_eq(r.stops_at, cases[i].stops_at, "%s", cases[i].image);
	}
	stmboot_context_free(ctx);
}

/* On an eMMC there is no stage of the ROM, and SPL takes partition 1; on a card it takes 3. */
Test(boot, the_medium_decides_what_spl_takes)
{
	static const struct {
		enum stmboot_medium medium;
		enum stmboot_outcome rom, fsbl;
		int32_t partition;
	} cases[] = {
		{ STMBOOT_MEDIUM_AUTO, STMBOOT_OUTCOME_NOT_APPLICABLE, STMBOOT_OUTCOME_OK, 1 },
		{ STMBOOT_MEDIUM_EMMC, STMBOOT_OUTCOME_NOT_APPLICABLE, STMBOOT_OUTCOME_OK, 1 },
		{ STMBOOT_MEDIUM_SD, STMBOOT_OUTCOME_ERROR, STMBOOT_OUTCOME_UNREACHED,
		  STMBOOT_NO_PARTITION },
	};
	struct stmboot_context *ctx;
	char path[512];

	path_of("emmc", path, sizeof(path));
	cr_assert_eq(stmboot_context_new(NULL, &ctx), STMBOOT_OK);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct stmboot_image_options options = { .struct_size = sizeof(options),
							 .medium = cases[i].medium };
		const struct stmboot_boot *boot;
		struct stmboot_image *image;
		struct stmboot_diags *diags;

		cr_assert_eq(stmboot_diags_new(ctx, &diags), STMBOOT_OK);
		cr_assert_eq(stmboot_image_open(ctx, path, &options, &image), STMBOOT_OK);
		cr_assert_eq(stmboot_boot_trace(ctx, image, NULL, diags, &boot), STMBOOT_OK);
		cr_expect_eq(boot->stages[STMBOOT_STAGE_ROM].outcome, cases[i].rom, "%zu", i);
		cr_expect_eq(boot->stages[STMBOOT_STAGE_FSBL].outcome, cases[i].fsbl, "%zu", i);
		cr_expect_eq(boot->stages[STMBOOT_STAGE_FSBL].partition, cases[i].partition, "%zu",
			     i);
		stmboot_boot_free(boot);
		stmboot_image_close(image);
		stmboot_diags_free(diags);
	}
	stmboot_context_free(ctx);
}
