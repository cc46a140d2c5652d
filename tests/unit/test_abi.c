/* SPDX-License-Identifier: MIT */
/*
 * Where the members of the public structures stand. A program built against
 * an older header relies on each of these: rows are added, never changed.
 */
#include <stddef.h>

#include <criterion/criterion.h>

#include <stmboot/stmboot.h>

struct pin {
	const char *name;
	size_t offset;
	size_t pinned; /* on a machine with 64-bit pointers */
};

#define PIN(structure, member, pinned)                                                             \
	{                                                                                          \
		"struct stmboot_" #structure "." #member,                                          \
			offsetof(struct stmboot_##structure, member), pinned                       \
	}

static const struct pin pins[] = {
	PIN(stage_result, stage, 0),
	PIN(stage_result, outcome, 4),
	PIN(stage_result, partition, 8),
	PIN(stage_result, path, 16),
	PIN(stage_result, has_offset, 24),
	PIN(stage_result, offset, 32),
	PIN(stage_result, summary, 40),
	PIN(file_ref, partition, 0),
	PIN(file_ref, path, 8),
	PIN(boot, verdict, 0),
	PIN(boot, stops_at, 4),
	PIN(boot, soc, 8),
	PIN(boot, fsbl_kind, 12),
	PIN(boot, fsbl_version, 16),
	PIN(boot, uboot_version, 24),
	PIN(boot, stages, 32),
	PIN(boot, config, 416),
	PIN(boot, label, 432),
	PIN(boot, append, 440),
	PIN(boot, bootargs, 448),
	PIN(boot, kernel, 456),
	PIN(boot, kernel_release, 472),
	PIN(boot, initrd, 480),
	PIN(boot, dtb, 496),
	PIN(boot, dtb_model, 512),
	PIN(boot, dtb_compatible, 520),
	PIN(boot, dtb_compatible_count, 528),
	PIN(boot, overlays, 536),
	PIN(boot, overlay_count, 544),
	PIN(boot, root_spec, 552),
	PIN(boot, root_partition, 560),
	PIN(boot, init_path, 568),
	PIN(boot, init_resolved, 576),
	PIN(boot_options, struct_size, 0),
	PIN(boot_options, deep, 8),
	PIN(edit_options, struct_size, 0),
	PIN(edit_options, state_directory, 8),
	PIN(edit_options, output, 16),
	PIN(edit_options, dry_run, 24),
	PIN(edit_change, what, 0),
	PIN(edit_change, before, 8),
	PIN(edit_change, after, 16),
	PIN(edit_range, offset, 0),
	PIN(edit_range, length, 8),
	PIN(edit_plan, changes, 0),
	PIN(edit_plan, change_count, 8),
	PIN(edit_plan, writes, 16),
	PIN(edit_plan, write_count, 24),
	PIN(edit_plan, bytes, 32),
	PIN(edit_result, state, 0),
	PIN(edit_result, undoable, 4),
	PIN(edit_result, undo_trouble, 8),
	PIN(undo, time, 0),
	PIN(undo, summary, 8),
	PIN(undo, bytes, 16),
	PIN(limits, max_text_bytes, 0),
	PIN(limits, max_dtb_bytes, 8),
	PIN(limits, max_unpacked_bytes, 16),
	PIN(limits, max_container_bytes, 24),
	PIN(limits, max_gpt_entries, 32),
	PIN(limits, max_findings, 36),
	PIN(context_options, struct_size, 0),
	PIN(context_options, user, 8),
	PIN(context_options, allocate, 16),
	PIN(context_options, release, 24),
	PIN(context_options, limits, 32),
	PIN(context_options, clock, 72),
	PIN(context_options, guid_seed, 80),
	PIN(context_options, has_guid_seed, 88),
	PIN(context_options, progress, 96),
	PIN(context_options, cancel, 104),
	PIN(context_options, max_pending_bytes, 112),
	PIN(place, medium, 0),
	PIN(place, partition, 4),
	PIN(place, path, 8),
	PIN(place, line, 16),
	PIN(place, has_offset, 20),
	PIN(place, offset, 24),
	PIN(place, length, 32),
	PIN(diag, code, 0),
	PIN(diag, severity, 8),
	PIN(diag, stage, 12),
	PIN(diag, place, 16),
	PIN(diag, found, 56),
	PIN(diag, expected, 64),
	PIN(diag, message, 72),
	PIN(diag, hint, 80),
	PIN(code, code, 0),
	PIN(code, severity, 8),
	PIN(code, stage, 12),
	PIN(code, meaning, 16),
	PIN(code, explanation, 24),
	PIN(code, source, 32),
	PIN(code, deep, 40),
	PIN(code, prerequisites, 48),
	PIN(image_options, struct_size, 0),
	PIN(image_options, medium, 8),
	PIN(image_options, state_directory, 16),
	PIN(image_info, path, 0),
	PIN(image_info, size, 8),
	PIN(image_info, container, 16),
	PIN(image_info, medium, 20),
	PIN(image_info, state, 24),
	PIN(part, number, 0),
	PIN(part, entry, 8),
	PIN(part, offset, 16),
	PIN(part, size, 24),
	PIN(part, available, 32),
	PIN(part, content, 40),
	PIN(part, flavour, 48),
	PIN(part, stm32, 56),
	PIN(part, uimage, 64),
	PIN(part, fip, 72),
	PIN(part, fwu, 80),
	PIN(part, fit, 88),
	PIN(part, ext4, 96),
	PIN(part, kernel, 104),
	PIN(part, dtb, 112),
	PIN(identity, device, 0),
	PIN(identity, inode, 8),
	PIN(identity, size, 16),
	PIN(identity, mtime_seconds, 24),
	PIN(identity, mtime_nanoseconds, 32),
	PIN(selection, struct_size, 0),
	PIN(selection, only, 8),
	PIN(selection, only_count, 16),
	PIN(selection, ignore, 24),
	PIN(selection, ignore_count, 32),
	PIN(source_ops, struct_size, 0),
	PIN(source_ops, read_at, 8),
	PIN(source_ops, size, 16),
	PIN(source_ops, identity, 24),
	PIN(source_ops, next_data, 32),
	PIN(source_ops, locate, 40),
	PIN(source_ops, close, 48),
};

Test(abi, members_stay_where_they_are)
{
	if (sizeof(void *) != 8)
		cr_skip_test("the offsets are those of 64-bit machines");
	for (size_t i = 0; i < sizeof(pins) / sizeof(pins[0]); i++)
		cr_expect_eq(pins[i].offset, pins[i].pinned, "%s moved from %zu to %zu",
			     pins[i].name, pins[i].pinned, pins[i].offset);
}
