/* SPDX-License-Identifier: MIT */
/* What the files that read, merge and unpack device trees share. */
#ifndef SB_FORMAT_DTB_INTERNAL_H
#define SB_FORMAT_DTB_INTERNAL_H

#include "base/arena.h"
#include "format/dtb.h"

enum {
	SB_DTB_DEPTH = 64,        /* FDT_MAX_DEPTH of Linux drivers/of/fdt.c */
	SB_DTB_HEADER_BYTES = 40, /* version 17; version 16 has no size_dt_struct */
};

/* The tree and the memory of everything it points to. */
struct sb_dtb_object {
	struct stmboot_dtb dtb; /* first: the outside holds a pointer to it */
	struct sb_arena *arena;
	unsigned shares; /* owners beside the first */
};

/*
 * The structure block on its way to a tree. All of it is in `blob`, or it is
 * read from `src` piece by piece and long properties are left there: their
 * data is NULL.
 */
struct sb_dtb_walk {
	struct sb_arena *arena;
	const uint8_t *blob;        /* or NULL */
	struct stmboot_source *src; /* or NULL */
	bool no_offsets;            /* a tree made in memory */
	uint64_t start;             /* of the block */
	uint64_t end;               /* it ends here or before */
	const char *strings;
	uint32_t strings_bytes;
	uint64_t max_tokens; /* more than that: STMBOOT_LIMIT */
	uint64_t max_copied; /* bytes of data that are copied from src: likewise */

	/* results */
	struct stmboot_dtb_node *root;
	size_t node_count;
	const char *defect_text; /* with STMBOOT_CORRUPT */
	uint64_t defect_offset;

	/* while it runs */
	uint64_t at;
	uint64_t tokens;
	uint64_t copied;
	struct stmboot_dtb_property *properties; /* of the node that is open, so far */
	size_t property_count;
	size_t property_room;
	size_t names_end;    /* offsets in strings below this lead to a NUL */
	uint64_t name_bytes; /* of all properties so far */
	unsigned int depth;
	bool has_child[SB_DTB_DEPTH + 1]; /* at each depth; 0 is outside the root */
	struct stmboot_dtb_node *open[SB_DTB_DEPTH + 1];
	struct stmboot_dtb_node *last[SB_DTB_DEPTH + 1]; /* child of the open node */
	enum stmboot_status status;
};

/*
 * Check the block and make the tree of it, in a walk that is zeroed before; on success w->at is
 * behind its end token. STMBOOT_CORRUPT with defect_text and defect_offset; STMBOOT_LIMIT;
 * STMBOOT_NO_MEMORY; or what reading gave.
 */
STMBOOT_NODISCARD enum stmboot_status sb_dtb_build(struct sb_dtb_walk *w);

/*
 * The header's fields from its first `size` bytes, and what is wrong with
 * them; the text is static. Nothing is compared with the size of the file.
 */
void sb_dtb_decode_header(struct stmboot_dtb *dtb, const uint8_t *bytes, size_t size);

/* Version 16 does not say where the structure block ends: at the next block, or before. */
uint64_t sb_dtb_struct_end(const struct stmboot_dtb_header *h);

/* As stmboot_dtb_find_node(), by the first `length` bytes of a path. */
const struct stmboot_dtb_node *sb_dtb_find_node(const struct stmboot_dtb *dtb, const char *path,
						size_t length);

/* The child whose name is the first `length` bytes, or those and a unit address. */
const struct stmboot_dtb_node *sb_dtb_find_child(const struct stmboot_dtb_node *node,
						 const char *name, size_t length);

/* The property whose name is the first `length` bytes. */
const struct stmboot_dtb_property *sb_dtb_find_property(const struct stmboot_dtb_node *node,
							const char *name, size_t length);

/* A tree made in memory, of a copy of `size` bytes; what is wrong with it is its defect. */
STMBOOT_NODISCARD enum stmboot_status sb_dtb_from_memory(struct stmboot_context *ctx,
							 const uint8_t *blob, size_t size,
							 struct stmboot_dtb **out);

/* Why libfdt, or what it made, was not good. */
struct sb_dtb_failure {
	int error;          /* of libfdt; 0: it worked */
	const char *defect; /* of its result; static, or NULL */
};

/*
 * Let libfdt change a copy of a GOOD tree, with as much room as it takes.
 * `change` gives 0 or an error of libfdt; it is called again, with a new copy,
 * after -FDT_ERR_NOSPACE. `room` is a first guess of what is added.
 * STMBOOT_OK; STMBOOT_CONFLICT with *failure; STMBOOT_LIMIT past max_dtb_bytes;
 * STMBOOT_NO_MEMORY.
 */
STMBOOT_NODISCARD enum stmboot_status sb_dtb_rework(struct stmboot_context *ctx,
						    const struct stmboot_dtb *base, uint64_t room,
						    int (*change)(void *fdt, void *user),
						    void *user, struct sb_dtb_failure *failure,
						    struct stmboot_dtb **out);

/* How many places in the overlay get the phandle of a label. */
size_t sb_dtb_count_fixups(const struct stmboot_dtb *overlay);

/* Why two sound trees are not given to libfdt, or NULL; static. */
const char *sb_dtb_refuse_overlay(const struct stmboot_dtb *base,
				  const struct stmboot_dtb *overlay);

#endif
