/* SPDX-License-Identifier: MIT */
/* What a process inside the wall may ask the kernel for. */
#ifndef WALL_FILTER_H
#define WALL_FILTER_H

#include <stdbool.h>
#include <stddef.h>

/* What is open of the host beside the files that are open. */
enum wall_gate {
	WALL_GATE_SHUT,
	WALL_GATE_READS,  /* what is below some paths may be opened and read */
	WALL_GATE_WRITES, /* files may be made below a path */
};

struct wall_rights {
	enum wall_gate gate;
	int file;    /* as for wall_raise() */
	int channel; /* to the other side */
};

/* Why there is no filter, or NULL when there is one. */
const char *wall_filter_missing(void);

/* From now on, for good; where there is one. */
void wall_filter_apply(const struct wall_rights *rights);

/* Does the kernel confine what is opened to some paths? */
bool wall_paths_supported(void);

/*
 * Of the host's files nothing but what is below these paths, for good; where that
 * is not supported, or a path cannot be opened, nothing is confined.
 */
void wall_paths_confine(enum wall_gate gate, const char *const *paths, size_t count);

#endif
