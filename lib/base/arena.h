/* SPDX-License-Identifier: MIT */
/*
 * An arena: memory that is released all at once, with the object that owns it.
 * Decoded records and their strings live in the arena of their parent, so
 * there is one release and no leak on any failing path.
 */
#ifndef SB_BASE_ARENA_H
#define SB_BASE_ARENA_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>

#include <stmboot/context.h>

struct sb_arena_chunk;

struct sb_arena {
	struct stmboot_context *ctx;
	struct sb_arena_chunk *chunks;
	bool failed; /* an allocation was refused; sticky */
};

void sb_arena_init(struct sb_arena *arena, struct stmboot_context *ctx);
void sb_arena_release(struct sb_arena *arena);

/* Zeroed memory aligned for any type, or NULL. */
void *sb_arena_alloc(struct sb_arena *arena, size_t size);
void *sb_arena_array(struct sb_arena *arena, size_t count, size_t size);

/* Copies with a final NUL, or NULL. sb_arena_strdup(NULL) is NULL and no failure. */
char *sb_arena_strdup(struct sb_arena *arena, const char *text);
char *sb_arena_strndup(struct sb_arena *arena, const char *text, size_t length);
char *sb_arena_printf(struct sb_arena *arena, const char *format, ...) STMBOOT_PRINTF(2, 3);
char *sb_arena_vprintf(struct sb_arena *arena, const char *format, va_list args)
	STMBOOT_PRINTF(2, 0);

/*
 * Room for one more element in a growing array of the arena: doubles the
 * capacity when it is full (the old copy stays until the arena goes). Returns
 * the zeroed new element and counts it, or NULL.
 */
void *sb_arena_push(struct sb_arena *arena, void *array, size_t *count, size_t *capacity,
		    size_t element_size);

/*
 * A zeroed record with an arena of its own, for what it points at. The pointer
 * is that of the record; its first member may be what the outside sees of it.
 * NULL without memory.
 */
void *sb_object_new(struct stmboot_context *ctx, size_t size);
struct sb_arena *sb_object_arena(void *object);

/* Release both; NULL is fine. Const as what the outside has. */
void sb_object_free(const void *object);

#endif
