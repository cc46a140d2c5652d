/* SPDX-License-Identifier: MIT */
#include "base/context.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

static const struct stmboot_limits default_limits = {
	.max_text_bytes = UINT64_C(1) << 20,
	.max_dtb_bytes = UINT64_C(2) << 20,
	.max_unpacked_bytes = UINT64_C(256) << 20,
	.max_container_bytes = UINT64_C(64) << 30,
	.max_gpt_entries = 1024,
	.max_findings = 10000,
};

static const uint64_t default_decoded_bytes = UINT64_C(16) << 20;

static const uint64_t default_pending_bytes = UINT64_C(256) << 20;
static const uint64_t default_walk_names = 2000000;

static void *system_allocate(void *user, size_t size)
{
	(void)user;
	return malloc(size);
}

static void system_release(void *user, void *memory)
{
	(void)user;
	free(memory);
}

static uint64_t limit_or(uint64_t wanted, uint64_t usual)
{
	return wanted != 0 ? wanted : usual;
}

static void fill_limits(struct stmboot_limits *limits)
{
	const struct stmboot_limits *usual = &default_limits;

	limits->max_text_bytes = limit_or(limits->max_text_bytes, usual->max_text_bytes);
	limits->max_dtb_bytes = limit_or(limits->max_dtb_bytes, usual->max_dtb_bytes);
	limits->max_unpacked_bytes =
		limit_or(limits->max_unpacked_bytes, usual->max_unpacked_bytes);
	limits->max_container_bytes =
		limit_or(limits->max_container_bytes, usual->max_container_bytes);
	limits->max_gpt_entries =
		(uint32_t)limit_or(limits->max_gpt_entries, usual->max_gpt_entries);
	limits->max_findings = (uint32_t)limit_or(limits->max_findings, usual->max_findings);
}

enum stmboot_status stmboot_context_new(const struct stmboot_context_options *options,
					struct stmboot_context **out)
{
	struct stmboot_context_options o = { .struct_size = sizeof(o) };
	struct stmboot_context *ctx;

	if (options != NULL)
		memcpy(&o, options,
		       options->struct_size < sizeof(o) ? options->struct_size : sizeof(o));
	if ((o.allocate == NULL) != (o.release == NULL))
		return STMBOOT_INVALID_ARGUMENT;
	if (o.allocate == NULL) {
		o.allocate = system_allocate;
		o.release = system_release;
	}
	fill_limits(&o.limits);
	o.max_pending_bytes = limit_or(o.max_pending_bytes, default_pending_bytes);
	o.max_walk_names = limit_or(o.max_walk_names, default_walk_names);
	o.max_decoded_bytes = limit_or(o.max_decoded_bytes, default_decoded_bytes);
	ctx = o.allocate(o.user, sizeof(*ctx));
	if (ctx == NULL)
		return STMBOOT_NO_MEMORY;
	*ctx = (struct stmboot_context){ .options = o };
	*out = ctx;
	return STMBOOT_OK;
}

void stmboot_context_free(struct stmboot_context *ctx)
{
	if (ctx != NULL)
		ctx->options.release(ctx->options.user, ctx);
}

const char *stmboot_version(void)
{
	return STMBOOT_VERSION;
}

void *sb_alloc_uncleared(struct stmboot_context *ctx, size_t size)
{
	ctx->allocated += size;
	return ctx->options.allocate(ctx->options.user, size != 0 ? size : 1);
}

void *sb_alloc(struct stmboot_context *ctx, size_t size)
{
	void *memory = sb_alloc_uncleared(ctx, size);

	if (memory != NULL)
		memset(memory, 0, size);
	return memory;
}

void *sb_alloc_array(struct stmboot_context *ctx, size_t count, size_t size)
{
	size_t total;

	return __builtin_mul_overflow(count, size, &total) ? NULL : sb_alloc(ctx, total);
}

void sb_free(struct stmboot_context *ctx, void *memory)
{
	if (memory != NULL)
		ctx->options.release(ctx->options.user, memory);
}

int64_t sb_now(struct stmboot_context *ctx)
{
	const char *epoch = getenv("SOURCE_DATE_EPOCH");
	char *end;
	long long value;

	if (ctx->options.clock != NULL)
		return ctx->options.clock(ctx->options.user);
	if (epoch != NULL && *epoch != '\0') {
		value = strtoll(epoch, &end, 10);
		if (*end == '\0' && value >= 0)
			return value;
	}
	return (int64_t)time(NULL);
}

void sb_tell_progress(struct stmboot_context *ctx, uint64_t done, uint64_t total)
{
	const struct stmboot_context_options *o = &ctx->options;

	if (o->progress != NULL)
		o->progress(o->user, done, total);
}

enum stmboot_status sb_progress(struct stmboot_context *ctx, uint64_t done, uint64_t total)
{
	const struct stmboot_context_options *o = &ctx->options;

	sb_tell_progress(ctx, done, total);
	return o->cancel != NULL && o->cancel(o->user) ? STMBOOT_CANCELLED : STMBOOT_OK;
}
