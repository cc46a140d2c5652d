/* SPDX-License-Identifier: MIT */
/* What U-Boot loads: kernel, initrd, device tree, command line. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/hint.h"
#include "boot/rules.h"
#include "format/dtb.h"
#include "format/kernel.h"

enum {
	MIB = 1 << 20,
	/* kernel_addr_r to fdt_addr_r, and fdt_addr_r to scriptaddr, of ST's boards */
	KERNEL_ROOM_MP1 = 32 * MIB,
	KERNEL_ROOM_MP2 = 96 * MIB,
	DTB_ROOM = MIB,
};

static const char *why(const struct sb_scope *scope, const struct sb_file *file)
{
	return sb_text(scope, "%s: %s", file->path,
		       file->trouble != NULL ? file->trouble : stmboot_status_text(file->status));
}

/* The key of the label names another file that is there, or the file comes where it is named. */
static const char *missing_hint(const struct sb_facts *facts, const struct sb_scope *scope,
				const struct sb_file *file, const char *key)
{
	const struct sb_config *config = sb_facts_config(facts);
	const struct stmboot_extlinux_label *label = sb_facts_label(facts);

	if (file->similar != NULL && label != NULL && key != NULL)
		return sb_text(scope, "another one is there: `stmboot extlinux set IMAGE %s %s %s`",
			       sb_hint_word(scope, label->name.text), key,
			       sb_hint_word(scope, file->similar));
	if (config == NULL || file->path[0] != '/')
		return NULL;
	return sb_text(scope, "put it there: `stmboot fs put IMAGE FILE %s`",
		       sb_hint_place(scope, (int32_t)config->partition, file->path));
}

static void report_missing(const struct sb_facts *facts, const struct sb_scope *scope,
			   enum sb_code code, const struct sb_file *file, const char *what,
			   const char *key)
{
	struct sb_scope inner = sb_scope_config(scope, facts);
	struct sb_finding finding = sb_finding_at(&file->value);

	finding.found = why(scope, file);
	finding.expected = sb_text(scope, "%s in partition %" PRIi32, what, inner.partition);
	finding.hint = missing_hint(facts, scope, file, key);
	sb_report(&inner, code, &finding);
}

/* A scope inside a file that was loaded: places are counted in it. */
static struct sb_scope in_file(const struct sb_facts *facts, const struct sb_scope *scope,
			       const struct sb_file *file, struct stmboot_source *src)
{
	struct sb_scope inner = sb_scope_config(scope, facts);

	inner.path = file->path;
	inner.src = src;
	return inner;
}

static void check_initrd(const struct sb_facts *facts, const struct sb_scope *scope)
{
	const struct sb_attempt *attempt = facts->attempt;

	if (attempt != NULL && attempt->initrd.path != NULL && attempt->initrd.status != STMBOOT_OK)
		report_missing(facts, scope, SB_KERNEL_INITRD_NOT_FOUND, &attempt->initrd,
			       "an initrd", "initrd");
}

static void check_kernel_found(const struct sb_facts *facts, const struct sb_scope *scope)
{
	const struct sb_attempt *attempt = facts->attempt;

	if (attempt != NULL && attempt->kernel.path != NULL && attempt->kernel.status != STMBOOT_OK)
		report_missing(facts, scope, SB_KERNEL_NOT_FOUND, &attempt->kernel, "a kernel",
			       "kernel");
}

static bool is_arm64(enum stmboot_kernel_format format)
{
	return format == STMBOOT_KERNEL_ARM64 || format == STMBOOT_KERNEL_ZBOOT ||
	       format == STMBOOT_KERNEL_COMPRESSED;
}

/* What bootm runs from a uImage or a FIT is its own affair. */
static bool is_judged(const struct sb_attempt *attempt)
{
	return attempt != NULL && attempt->image != NULL &&
	       (attempt->image->format != STMBOOT_KERNEL_UNKNOWN ||
		(attempt->wrapper == NULL && !attempt->kernel_is_fit));
}

/* A good kernel, but not for this board. */
static bool is_of_other_board(const struct sb_attempt *attempt)
{
	return is_judged(attempt) && attempt->image->format != STMBOOT_KERNEL_UNKNOWN &&
	       attempt->failure == SB_FAILS_KERNEL_FORMAT;
}

static void check_architecture(const struct sb_facts *facts, const struct sb_scope *scope)
{
	const struct sb_attempt *attempt = facts->attempt;
	struct sb_scope inner;

	if (!is_of_other_board(attempt))
		return;
	inner = in_file(facts, scope, &attempt->kernel, attempt->image_src);
	sb_report(&inner, SB_KERNEL_OTHER_ARCHITECTURE,
		  &(struct sb_finding){
			  .length = 64,
			  .found = stmboot_kernel_format_text(attempt->image->format),
			  .expected =
				  is_arm64(attempt->image->format) ? "a zImage" : "an arm64 Image",
			  .hint = sb_hint_replace(&inner, "copy the kernel for this chip") });
}

static void judge_kernel(const struct sb_facts *facts, const struct sb_scope *scope)
{
	const struct sb_attempt *attempt = facts->attempt;
	struct sb_scope inner;

	if (!is_judged(attempt) || is_of_other_board(attempt))
		return;
	inner = in_file(facts, scope, &attempt->kernel, attempt->image_src);
	sb_kernel_validate(&inner, attempt->image);
}

static void check_kernel_wrapper(const struct sb_facts *facts, const struct sb_scope *scope)
{
	const struct sb_attempt *attempt = facts->attempt;
	const struct stmboot_uimage *wrapper = attempt != NULL ? attempt->wrapper : NULL;
	struct sb_scope inner;

	if (wrapper == NULL)
		return;
	if (wrapper->header_crc == wrapper->computed_header_crc && wrapper->data_fits &&
	    wrapper->data_crc == wrapper->computed_data_crc)
		return;
	inner = in_file(facts, scope, &attempt->kernel, attempt->kernel.src);
	sb_report(&inner, SB_KERNEL_DAMAGED_WRAPPER,
		  &(struct sb_finding){ .length = STMBOOT_UIMAGE_HEADER,
					.found = !wrapper->data_fits
							 ? "the file ends before its data does"
							 : "a wrong checksum",
					.hint = sb_hint_replace(&inner, "make the uImage again") });
}

static void check_kernel_room(const struct sb_facts *facts, const struct sb_scope *scope)
{
	const struct sb_attempt *attempt = facts->attempt;
	uint64_t room = facts->soc == STMBOOT_SOC_STM32MP2 ? KERNEL_ROOM_MP2 : KERNEL_ROOM_MP1;
	struct sb_scope inner;

	if (attempt == NULL || attempt->kernel.size <= room)
		return;
	/* nothing is loaded behind a FIT that brings everything along */
	if (attempt->fdt_in_fit && (attempt->initrd_in_fit || attempt->initrd.path == NULL))
		return;
	inner = in_file(facts, scope, &attempt->kernel, attempt->kernel.src);
	sb_report(&inner, SB_KERNEL_OVERLAP,
		  &(struct sb_finding){
			  .offset = room,
			  .length = attempt->kernel.size - room,
			  .found = sb_text(scope, "%" PRIu64 " bytes", attempt->kernel.size),
			  .expected = sb_text(scope, "at most %" PRIu64 " bytes", room),
			  .hint = sb_hint_replace(&inner, "build a smaller kernel, or one with "
							  "better compression") });
}

/* Whether U-Boot gets as far as a device tree, and asks for one. */
static bool is_dtb_missing(const struct sb_facts *facts, bool from_dir)
{
	const struct sb_attempt *attempt = facts->attempt;

	return attempt != NULL && sb_facts_label(facts) != NULL &&
	       attempt->kernel.status == STMBOOT_OK && attempt->fdt.path != NULL &&
	       attempt->fdt.status != STMBOOT_OK && attempt->fdt_from_dir == from_dir;
}

static void check_dtb_found(const struct sb_facts *facts, const struct sb_scope *scope)
{
	if (is_dtb_missing(facts, false))
		report_missing(facts, scope, SB_DTB_NOT_FOUND, &facts->attempt->fdt,
			       "a device tree", "fdt");
}

static void check_dtb_in_directory(const struct sb_facts *facts, const struct sb_scope *scope)
{
	if (is_dtb_missing(facts, true))
		report_missing(facts, scope, SB_DTB_DIRECTORY_WITHOUT_FILE, &facts->attempt->fdt,
			       "a device tree", "fdt");
}

/* The file that Linux builds for the board of U-Boot's own device tree, or NULL. */
static const char *board_dtb(const struct sb_facts *facts, const struct sb_scope *scope)
{
	static const char *const folders[] = { "/boot", "" };
	const struct sb_config *config = sb_facts_config(facts);
	const char *name = facts->board != NULL ? strchr(facts->board, ',') : NULL;

	for (size_t i = 0; name != NULL && config != NULL && i < 2; i++) {
		const char *path = sb_text(scope, "%s/%s.dtb", folders[i], name + 1);
		struct stmboot_fs_node node;

		if (path != NULL && stmboot_fs_stat(config->fs, path, true, &node) == STMBOOT_OK)
			return path;
	}
	return NULL;
}

static const char *name_dtb(const struct sb_facts *facts, const struct sb_scope *scope,
			    const char *path)
{
	return sb_text(scope, "name one: `stmboot extlinux set IMAGE %s fdt %s`",
		       sb_hint_word(scope, sb_facts_label(facts)->name.text),
		       path != NULL ? sb_hint_word(scope, path) : "PATH");
}

static void check_dtb_named(const struct sb_facts *facts, const struct sb_scope *scope)
{
	const struct sb_attempt *attempt = facts->attempt;
	const struct stmboot_extlinux_label *label = sb_facts_label(facts);
	struct sb_scope inner;
	struct sb_finding finding;

	if (attempt == NULL || label == NULL || attempt->kernel.status != STMBOOT_OK ||
	    attempt->fdt.path != NULL || attempt->kernel_is_fit ||
	    attempt->failure == SB_FAILS_NO_KERNEL || attempt->failure == SB_FAILS_INITRD ||
	    attempt->failure == SB_FAILS_BOOTARGS)
		return;
	inner = sb_scope_config(scope, facts);
	finding = sb_finding_at(&label->name);
	finding.found = "neither fdt nor fdtdir in the label";
	finding.hint = name_dtb(facts, scope, board_dtb(facts, scope));
	sb_report(&inner, SB_DTB_NONE, &finding);
}

/* The base of overlays is judged by what they make of it. */
static bool has_plain_dtb(const struct sb_attempt *attempt)
{
	return attempt != NULL && attempt->dtb != NULL && attempt->overlay_count == 0;
}

static void judge_dtb(const struct sb_facts *facts, const struct sb_scope *scope)
{
	struct sb_scope inner;

	if (!has_plain_dtb(facts->attempt))
		return;
	inner = in_file(facts, scope, &facts->attempt->fdt, facts->attempt->fdt.src);
	sb_dtb_validate(&inner, facts->attempt->dtb);
}

static void check_dtb_room(const struct sb_facts *facts, const struct sb_scope *scope)
{
	const struct sb_attempt *attempt = facts->attempt;
	struct sb_scope inner;

	if (!has_plain_dtb(attempt) || attempt->fdt_in_fit || attempt->fdt.size <= DTB_ROOM)
		return;
	inner = in_file(facts, scope, &attempt->fdt, attempt->fdt.src);
	sb_report(&inner, SB_DTB_TOO_LONG,
		  &(struct sb_finding){
			  .offset = DTB_ROOM,
			  .found = sb_text(scope, "%" PRIu64 " bytes", attempt->fdt.size),
			  .expected = "at most 1 MiB" });
}

static bool mentions(const struct stmboot_dtb *dtb, const char *board)
{
	for (size_t i = 0; i < dtb->compatible_count; i++)
		if (strcmp(dtb->compatible[i], board) == 0)
			return true;
	return false;
}

/* The device tree for Linux, where U-Boot's own says which board this is; or NULL. */
static const struct stmboot_dtb *comparable_dtb(const struct sb_facts *facts)
{
	const struct stmboot_dtb *dtb = facts->attempt != NULL ? facts->attempt->dtb : NULL;

	return dtb != NULL && dtb->compatible_count > 0 && facts->board != NULL ? dtb : NULL;
}

static void check_scmi(const struct sb_facts *facts, const struct sb_scope *scope)
{
	const struct stmboot_dtb *dtb = comparable_dtb(facts);
	struct sb_scope inner;

	if (dtb == NULL || facts->fsbl_kind != STMBOOT_FSBL_SPL ||
	    strstr(dtb->compatible[0], "-scmi") == NULL)
		return;
	inner = in_file(facts, scope, &facts->attempt->fdt, facts->attempt->fdt.src);
	sb_report(&inner, SB_DTB_SCMI,
		  &(struct sb_finding){
			  .found = dtb->compatible[0],
			  .expected = "a device tree without SCMI",
			  .hint = sb_hint_replace(&inner, "take the one without -scmi") });
}

/* ST names its boards' SCMI variants <board>-scmi; they are the same board. */
static void check_dtb_board(const struct sb_facts *facts, const struct sb_scope *scope)
{
	const struct stmboot_dtb *dtb = comparable_dtb(facts);
	const char *right;
	struct sb_scope inner;

	if (dtb == NULL || strncmp(dtb->compatible[0], facts->board, strlen(facts->board)) == 0 ||
	    mentions(dtb, facts->board))
		return;
	inner = in_file(facts, scope, &facts->attempt->fdt, facts->attempt->fdt.src);
	right = board_dtb(facts, scope);
	sb_report(&inner, SB_DTB_BOARD_MISMATCH,
		  &(struct sb_finding){
			  .found = dtb->compatible[0],
			  .expected = facts->board,
			  .hint = right != NULL && strcmp(right, inner.path) != 0
					  ? name_dtb(facts, scope, right)
					  : sb_hint_replace(
						    &inner,
						    sb_text(scope,
							    "take that of %s, or write the U-Boot "
							    "of the other board",
							    sb_hint_word(scope, facts->board))) });
}

static bool is_overlay_there(const struct sb_overlay *overlay)
{
	return overlay->file.status == STMBOOT_OK && overlay->dtb != NULL &&
	       overlay->dtb->defect == STMBOOT_DTB_GOOD;
}

static void check_overlays_found(const struct sb_facts *facts, const struct sb_scope *scope)
{
	const struct sb_attempt *attempt = facts->attempt;

	for (size_t i = 0; attempt != NULL && i < attempt->overlay_count; i++)
		if (!is_overlay_there(&attempt->overlays[i]))
			report_missing(facts, scope, SB_DTB_OVERLAY_NOT_FOUND,
				       &attempt->overlays[i].file, "an overlay", NULL);
}

static void check_overlays_apply(const struct sb_facts *facts, const struct sb_scope *scope)
{
	const struct sb_attempt *attempt = facts->attempt;

	for (size_t i = 0; attempt != NULL && i < attempt->overlay_count; i++) {
		const struct sb_overlay *overlay = &attempt->overlays[i];
		struct sb_scope inner;

		if (!is_overlay_there(overlay) || overlay->reason == NULL)
			continue;
		inner = in_file(facts, scope, &overlay->file, overlay->file.src);
		sb_report(&inner, SB_DTB_OVERLAY_FAILS,
			  &(struct sb_finding){
				  .found = overlay->reason,
				  .expected = "an overlay that applies to this device tree",
				  .hint = "build the base with symbols (dtc -@)" });
	}
}

/* "ttySTM0" with the ST driver is the port whose alias is serial0; others are none of this board.
 */
static bool has_console(const struct stmboot_dtb *dtb, const char *name)
{
	char *end;
	unsigned long number;
	struct stmboot_dtb_console console;

	if (strncmp(name, "ttySTM", 6) != 0)
		return strncmp(name, "ttyAMA", 6) != 0 && strncmp(name, "ttyS", 4) != 0 &&
		       strncmp(name, "ttymxc", 6) != 0;
	number = strtoul(name + 6, &end, 10);
	if (end == name + 6 || number > 255)
		return false;
	console = stmboot_dtb_serial(dtb, (uint32_t)number);
	return console.found && console.okay;
}

static void check_console(const struct sb_facts *facts, const struct sb_scope *scope)
{
	const struct stmboot_dtb *dtb = facts->attempt != NULL ? facts->attempt->dtb : NULL;
	struct stmboot_dtb_console usual;
	struct sb_scope inner;

	if (dtb == NULL || dtb->defect != STMBOOT_DTB_GOOD || facts->cmdline == NULL)
		return;
	usual = stmboot_dtb_stdout(dtb);
	inner = sb_scope_config(scope, facts);
	for (size_t i = 0; i < facts->cmdline->console_count; i++) {
		struct sb_finding finding = sb_finding_append(facts);

		if (has_console(dtb, facts->cmdline->consoles[i]))
			continue;
		finding.found = sb_text(scope, "console=%s", facts->cmdline->consoles[i]);
		finding.expected = usual.found && usual.number >= 0
					   ? sb_text(scope, "ttySTM%" PRIi32, usual.number)
					   : "a port that the device tree has";
		finding.hint = "the device tree names the console: run `stmboot set-bootargs IMAGE "
			       "--remove=console`";
		sb_report(&inner, SB_BOOTARGS_CONSOLE, &finding);
	}
}

/* Found by a deep look only, so no error: both depths agree on where the boot stops. */
static void judge_payload(const struct sb_facts *facts, const struct sb_scope *scope)
{
	struct sb_scope inner;

	if (facts->identity == NULL)
		return;
	inner = in_file(facts, scope, &facts->attempt->kernel, facts->attempt->image_src);
	inner.ceiling = STMBOOT_WARNING;
	sb_kernel_validate_payload(&inner, facts->attempt->image, facts->identity);
}

/*
 * Without its program in the initramfs the kernel mounts root= by itself
 * (init/main.c); what could not be looked into counts as if it had one.
 */
static void check_initramfs(const struct sb_facts *facts, const struct sb_scope *scope)
{
	const struct sb_initramfs *initramfs = &facts->initramfs;
	struct sb_scope inner;

	if (!facts->has_initrd || facts->attempt->initrd.src == NULL || initramfs->found ||
	    initramfs->unseen)
		return;
	inner = in_file(facts, scope, &facts->attempt->initrd, facts->attempt->initrd.src);
	sb_report(&inner, SB_KERNEL_INITRD_WITHOUT_INIT,
		  &(struct sb_finding){
			  .length = facts->attempt->initrd.size,
			  .found = initramfs->recognised
					   ? sb_text(scope, "no %s", facts->initramfs_program)
					   : "no initramfs",
			  .expected =
				  sb_text(scope, "an initramfs with %s", facts->initramfs_program),
			  .hint = sb_hint_replace(&inner, "take an initramfs for this kernel") });
}

/* A bare zImage or device tree is judged by itself. */
static void judge_bare(const struct sb_facts *facts, const struct sb_scope *scope)
{
	const struct stmboot_part *part = stmboot_image_part(facts->image, 0);
	struct sb_scope inner;

	if (facts->is_card)
		return;
	inner = sb_scope_part(scope, facts, part);
	if (part->kernel != NULL)
		sb_kernel_validate(&inner, part->kernel);
	if (part->dtb != NULL)
		sb_dtb_validate(&inner, part->dtb);
}

/* clang-format off */
static const sb_facts_rule rows[] = {
	{ SB_KERNEL_INITRD_NOT_FOUND, check_initrd },
	{ SB_KERNEL_INITRD_WITHOUT_INIT, check_initramfs },
	{ SB_KERNEL_NOT_FOUND, check_kernel_found },
	{ SB_KERNEL_DAMAGED_WRAPPER, check_kernel_wrapper },
	{ SB_KERNEL_OTHER_ARCHITECTURE, check_architecture },
	{ SB_KERNEL_OVERLAP, check_kernel_room },
	{ SB_BOOTARGS_CONSOLE, check_console },
	{ SB_DTB_NOT_FOUND, check_dtb_found },
	{ SB_DTB_DIRECTORY_WITHOUT_FILE, check_dtb_in_directory },
	{ SB_DTB_NONE, check_dtb_named },
};
/* clang-format on */

const struct sb_rules sb_loaded_rules = SB_RULES(rows);

/* clang-format off */
static const sb_facts_rule dtb_rows[] = {
	{ SB_DTB_TOO_LONG, check_dtb_room },
	{ SB_DTB_SCMI, check_scmi },
	{ SB_DTB_BOARD_MISMATCH, check_dtb_board },
	{ SB_DTB_OVERLAY_NOT_FOUND, check_overlays_found },
	{ SB_DTB_OVERLAY_FAILS, check_overlays_apply },
};
/* clang-format on */

const struct sb_rules sb_loaded_dtb_rules = SB_RULES(dtb_rows);

void sb_judge_kernel(const struct sb_facts *facts, const struct sb_scope *scope)
{
	judge_bare(facts, scope);
	judge_kernel(facts, scope);
	judge_payload(facts, scope);
	sb_facts_judge(&sb_loaded_rules, rows, facts, scope);
	judge_dtb(facts, scope);
	sb_facts_judge(&sb_loaded_dtb_rules, dtb_rows, facts, scope);
}
