/* SPDX-License-Identifier: MIT */
#include "base/context.h"
#include "source/source.h"

struct steady {
	struct stmboot_context *ctx;
	struct stmboot_source *parent;
	bool known;
	struct stmboot_identity identity;
};

static bool is_same(const struct stmboot_identity *a, const struct stmboot_identity *b)
{
	return a->device == b->device && a->inode == b->inode && a->size == b->size &&
	       a->mtime_seconds == b->mtime_seconds && a->mtime_nanoseconds == b->mtime_nanoseconds;
}

static enum stmboot_status steady_read_at(void *self, uint64_t offset, void *buffer, size_t size)
{
	const struct steady *steady = self;
	struct stmboot_identity now;
	enum stmboot_status status = stmboot_source_read(steady->parent, offset, buffer, size);

	if (steady->known && stmboot_source_identity(steady->parent, &now) == STMBOOT_OK &&
	    !is_same(&now, &steady->identity))
		return STMBOOT_CONFLICT;
	return status;
}

static void steady_close(void *self)
{
	struct steady *steady = self;

	sb_free(steady->ctx, steady);
}

enum stmboot_status sb_source_steady(struct stmboot_context *ctx, struct stmboot_source *parent,
				     struct stmboot_source **out)
{
	static const struct stmboot_source_ops ops = {
		.struct_size = sizeof(ops),
		.read_at = steady_read_at,
		.close = steady_close,
	};
	struct steady *steady = sb_alloc(ctx, sizeof(*steady));
	enum stmboot_status status;

	if (steady == NULL)
		return STMBOOT_NO_MEMORY;
	*steady = (struct steady){ .ctx = ctx, .parent = parent };
	steady->known = stmboot_source_identity(parent, &steady->identity) == STMBOOT_OK;
	status = sb_source_over(ctx, &ops, steady, parent, out);
	if (status != STMBOOT_OK)
		sb_free(ctx, steady);
	return status;
}
