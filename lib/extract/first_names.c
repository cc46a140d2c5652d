/* SPDX-License-Identifier: MIT */
#include "extract/extract.h"

#include "base/context.h"

/* Fibonacci hashing: numbers of neighbours come apart. 0 is no inode, and free. */
static size_t slot_of(const struct sb_first_names *table, uint32_t inode)
{
	size_t slot = (size_t)(inode * UINT32_C(0x9e3779b9)) & (table->capacity - 1);

	while (table->names[slot].inode != 0 && table->names[slot].inode != inode)
		slot = (slot + 1) & (table->capacity - 1);
	return slot;
}

/* The old table stays in the arena: all of them together are twice the last one. */
static bool grow(struct sb_first_names *table, struct sb_arena *arena)
{
	struct sb_first_names grown = { .count = table->count,
					.capacity =
						table->capacity != 0 ? table->capacity * 2 : 32 };

	grown.names = sb_arena_array(arena, grown.capacity, sizeof(*grown.names));
	if (grown.names == NULL)
		return false;
	for (size_t i = 0; i < table->capacity; i++)
		if (table->names[i].inode != 0)
			grown.names[slot_of(&grown, table->names[i].inode)] = table->names[i];
	*table = grown;
	return true;
}

const struct sb_first_name *sb_first_names_find(const struct sb_first_names *table, uint32_t inode)
{
	const struct sb_first_name *name =
		table->capacity != 0 ? &table->names[slot_of(table, inode)] : NULL;

	return name != NULL && name->inode == inode ? name : NULL;
}

enum stmboot_status sb_first_names_add(struct sb_first_names *table, struct sb_arena *arena,
				       const struct sb_first_name *name)
{
	struct sb_first_name *slot;

	if (table->count >= table->capacity / 2 && !grow(table, arena))
		return STMBOOT_NO_MEMORY;
	slot = &table->names[slot_of(table, name->inode)];
	table->count += slot->inode == 0;
	*slot = *name;
	slot->below = sb_arena_strdup(arena, name->below);
	return slot->below != NULL ? STMBOOT_OK : STMBOOT_NO_MEMORY;
}
