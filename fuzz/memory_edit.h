/* SPDX-License-Identifier: MIT */
/* A dry run of edits on a card in memory, which is the image of a host in memory. */
#ifndef FUZZ_MEMORY_EDIT_H
#define FUZZ_MEMORY_EDIT_H

#include <stdlib.h>

#include "../tests/power/disk.h"
#include "edit/boot_edit.h"

struct memory_edit {
	struct disk disk;
	struct stmboot_source *card;
	struct stmboot_boot_edit *edit; /* NULL: it was refused */
};

static inline void memory_edit_begin(struct memory_edit *m, struct stmboot_context *ctx,
				     const uint8_t *card, size_t size)
{
	const struct stmboot_edit_options dry = { .struct_size = sizeof(dry),
						  .dry_run = true,
						  .state_directory = disk_state };
	const struct stmboot_boot_edit_options how = { .struct_size = sizeof(how),
						       .edit = &dry,
						       .force = true };

	if (stmboot_source_from_memory(ctx, card, size, &m->card) != STMBOOT_OK)
		abort();
	disk_init(&m->disk, m->card, false);
	m->edit = NULL;
	if (sb_boot_edit_prepare(ctx, &m->disk.host, disk_image, &how, NULL, &m->edit) ==
		    STMBOOT_OK &&
	    stmboot_boot_edit_follow(m->edit, NULL) != STMBOOT_OK) {
		stmboot_boot_edit_close(m->edit);
		m->edit = NULL;
	}
}

static inline void memory_edit_end(struct memory_edit *m)
{
	stmboot_boot_edit_close(m->edit);
	disk_release(&m->disk);
	stmboot_source_close(m->card);
}

#endif
