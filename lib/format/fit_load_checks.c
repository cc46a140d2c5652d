/* SPDX-License-Identifier: MIT */
/*
 * What is to be said about a FIT as its loader takes it: the tree as a whole,
 * the configuration, and where its images go in memory.
 */
#include <inttypes.h>
#include <string.h>

#include "base/checked.h"
#include "base/context.h"
#include "format/fit.h"

struct subject {
	const struct stmboot_fit *fit;
	const struct sb_fit_load *load;
};

const char *sb_fit_role_text(enum sb_fit_role role)
{
	static const char *const texts[SB_FIT_ROLES] = {
		[SB_FIT_KERNEL] = "kernel",   [SB_FIT_FIRMWARE] = "firmware",
		[SB_FIT_RAMDISK] = "ramdisk", [SB_FIT_FDT] = "fdt",
		[SB_FIT_OVERLAY] = "fdt",     [SB_FIT_LOADABLE] = "loadables",
	};

	return texts[role];
}

struct sb_scope sb_fit_scope(const struct sb_scope *scope, const struct sb_fit_load *load,
			     enum sb_fit_role role)
{
	struct sb_scope inner = *scope;

	if (load->reader == SB_FIT_BOOTM && (role == SB_FIT_FDT || role == SB_FIT_OVERLAY))
		inner.stage = STMBOOT_STAGE_DTB;
	return inner;
}

/* fit_check_format(); SPL does not look. */
static void check_description(const struct sb_scope *scope, const struct subject *s)
{
	if (s->load->reader == SB_FIT_BOOTM && s->fit->description == NULL)
		sb_report(scope, SB_FIT_NO_DESCRIPTION,
			  &(struct sb_finding){ .no_offset = true,
						.expected = "a property description in the root",
						.hint = "give the source of the FIT a description "
							"and make it again" });
}

static void check_timestamp(const struct sb_scope *scope, const struct subject *s)
{
	if (s->load->reader == SB_FIT_BOOTM && !s->fit->has_timestamp)
		sb_report(scope, SB_FIT_NO_TIMESTAMP,
			  &(struct sb_finding){ .no_offset = true,
						.expected = "a property timestamp in the root",
						.hint = "make the FIT with mkimage -f, which adds "
							"one, and not with dtc" });
}

/* fit_find_config_node(): one without a description ends the search for all. */
static void check_described(const struct sb_scope *scope, const struct subject *s)
{
	for (size_t i = 0; s->load->reader == SB_FIT_SPL && i < s->fit->configuration_count; i++) {
		const struct stmboot_fit_configuration *c = &s->fit->configurations[i];

		if (c->description != NULL)
			continue;
		sb_report(scope, SB_FIT_CONFIGURATION_UNDESCRIBED,
			  &(struct sb_finding){
				  .offset = c->tree_offset,
				  .length = 4,
				  .found = sb_text(scope, "none in configuration \"%s\"", c->name),
				  .expected = "a description in each configuration",
				  .hint = "give each configuration a description in the source of "
					  "the FIT, and make it again" });
		return;
	}
}

static const char *list_configurations(const struct sb_scope *scope, const struct stmboot_fit *fit)
{
	enum { MOST = 8 };
	const char *text = NULL;

	for (size_t i = 0; i < fit->configuration_count && i < MOST; i++)
		text = text == NULL ? fit->configurations[i].name
				    : sb_text(scope, "%s, %s", text, fit->configurations[i].name);
	if (fit->configuration_count > MOST)
		text = sb_text(scope, "%s and %zu more", text, fit->configuration_count - MOST);
	return text != NULL ? text : "no configuration is there";
}

static void check_asked(const struct sb_scope *scope, const struct subject *s)
{
	if (s->load->asked == NULL || s->load->configuration != NULL)
		return;
	sb_report(scope, SB_FIT_CONFIGURATION_MISSING,
		  &(struct sb_finding){
			  .no_offset = true,
			  .found = sb_text(scope, "#%s", s->load->asked),
			  .expected = list_configurations(scope, s->fit),
			  .hint = "name one of these behind the '#' of the kernel's path" });
}

static void check_program(const struct sb_scope *scope, const struct subject *s)
{
	const struct stmboot_fit_configuration *c = s->load->configuration;
	bool spl = s->load->reader == SB_FIT_SPL;

	if (c == NULL || (spl ? c->firmware != NULL || c->loadable_count > 0 : c->kernel != NULL))
		return;
	sb_report(
		scope, SB_FIT_NO_PROGRAM,
		&(struct sb_finding){ .offset = c->tree_offset,
				      .length = 4,
				      .expected = spl ? "firmware or loadables" : "kernel",
				      .message = sb_text(scope, "configuration \"%s\" names no %s",
							 c->name, spl ? "program" : "kernel") });
}

/* Without one bootm goes on: "FDT and ATAGS support not compiled in - hanging". */
static void check_tree(const struct sb_scope *scope, const struct subject *s)
{
	const struct stmboot_fit_configuration *c = s->load->configuration;

	if (c == NULL || s->load->reader != SB_FIT_BOOTM || s->load->other_fdt ||
	    s->load->any_fdt || c->fdt_count > 0)
		return;
	sb_report(scope, SB_FIT_NO_DEVICE_TREE,
		  &(struct sb_finding){
			  .offset = c->tree_offset,
			  .length = 4,
			  .found = sb_text(scope, "no fdt in configuration \"%s\"", c->name),
			  .hint = "add a line to the label: fdt <path of the .dtb>" });
}

static void check_ramdisk_taken(const struct sb_scope *scope, const struct subject *s)
{
	const struct stmboot_fit_configuration *c = s->load->configuration;

	if (c == NULL || c->ramdisk == NULL || s->load->reader != SB_FIT_BOOTM ||
	    !s->load->no_ramdisk)
		return;
	sb_report(scope, SB_FIT_RAMDISK_UNUSED,
		  &(struct sb_finding){
			  .offset = c->tree_offset,
			  .length = 4,
			  .found = sb_text(scope, "ramdisk = \"%s\"", c->ramdisk),
			  .hint = "take the device tree from the FIT, too, or give the label an "
				  "initrd of its own" });
}

/* Where a member stands once all are loaded; false when nobody says. */
static bool range_of(const struct sb_fit_load *load, const struct sb_fit_member *member,
		     uint64_t *start, uint64_t *bytes)
{
	const struct stmboot_fit_image *image = member->image;

	if (image == NULL || !image->has_load || !image->has_data)
		return false;
	/* FIT_LOAD_OPTIONAL_NON_ZERO, and overlays stay where they are */
	if (load->reader == SB_FIT_BOOTM &&
	    (member->role == SB_FIT_OVERLAY ||
	     (image->load == 0 &&
	      (member->role == SB_FIT_RAMDISK || member->role == SB_FIT_LOADABLE))))
		return false;
	if (member->role == SB_FIT_KERNEL && image->type != NULL &&
	    strcmp(image->type, "kernel_noload") == 0)
		return false;
	*start = image->load;
	*bytes = image->bytes;
	return true;
}

static void report_overlap(const struct sb_scope *scope, const struct sb_fit_member *member,
			   uint64_t start, uint64_t bytes, const char *other)
{
	struct sb_finding finding = sb_fit_at(member->image);

	finding.found = sb_text(scope, "%" PRIu64 " bytes to 0x%" PRIx64, bytes, start);
	finding.message =
		sb_text(scope, "image \"%s\" is loaded over %s", member->image->name, other);
	finding.hint = "correct the load addresses in the source of the FIT, and make it again";
	sb_report(scope, SB_FIT_LOAD_OVERLAP, &finding);
}

/* U-Boot looks whether it writes over the FIT itself, but not for one image over another. */
static void check_load_overlap(const struct sb_scope *scope, const struct subject *s)
{
	const struct sb_fit_load *load = s->load;
	uint64_t a, a_bytes, b, b_bytes;

	for (size_t i = 0; i < load->member_count; i++) {
		const struct sb_fit_member *member = &load->members[i];
		const char *other = NULL;

		if (!range_of(load, member, &a, &a_bytes))
			continue;
		if (load->has_address &&
		    sb_ranges_overlap(a, a_bytes, load->address, s->fit->total_bytes))
			other = sb_text(scope, "the FIT itself, at 0x%" PRIx64, load->address);
		for (size_t k = 0; k < i && other == NULL; k++)
			if (range_of(load, &load->members[k], &b, &b_bytes) &&
			    load->members[k].image != member->image &&
			    sb_ranges_overlap(a, a_bytes, b, b_bytes))
				other = sb_text(scope, "image \"%s\"",
						load->members[k].image->name);
		if (other != NULL) {
			report_overlap(scope, member, a, a_bytes, other);
			return;
		}
	}
}

/* boot_get_fdt_fit(): "Overlayed FDT requires relocation". */
static void check_overlay_room(const struct sb_scope *scope, const struct subject *s)
{
	const struct sb_fit_member *base = sb_fit_member_of(s->load, SB_FIT_FDT);
	struct sb_scope inner = sb_fit_scope(scope, s->load, SB_FIT_OVERLAY);
	bool overlays = false;
	struct sb_finding finding;

	for (size_t i = 0; i < s->load->member_count; i++)
		overlays = overlays || s->load->members[i].role == SB_FIT_OVERLAY;
	if (base == NULL || !overlays || base->image->has_load || base->image->external)
		return;
	finding = sb_fit_at(base->image);
	finding.found = sb_text(scope, "no load address of image \"%s\"", base->image->name);
	finding.expected = "an address outside the FIT";
	finding.hint = "give the base of the overlays a load address in the source of the FIT";
	sb_report(&inner, SB_FIT_OVERLAY_ROOM, &finding);
}

/* clang-format off */
static const SB_RULE(const struct sb_scope *, const struct subject *) rows[] = {
	{ SB_FIT_NO_DESCRIPTION, check_description },
	{ SB_FIT_NO_TIMESTAMP, check_timestamp },
	{ SB_FIT_CONFIGURATION_UNDESCRIBED, check_described },
	{ SB_FIT_CONFIGURATION_MISSING, check_asked },
	{ SB_FIT_NO_PROGRAM, check_program },
	{ SB_FIT_NO_DEVICE_TREE, check_tree },
	{ SB_FIT_RAMDISK_UNUSED, check_ramdisk_taken },
	{ SB_FIT_LOAD_OVERLAP, check_load_overlap },
	{ SB_FIT_OVERLAY_ROOM, check_overlay_room },
};
/* clang-format on */

const struct sb_rules sb_fit_load_rules = SB_RULES(rows);

void sb_fit_validate_load(const struct sb_scope *scope, const struct stmboot_fit *fit,
			  const struct sb_fit_load *load, size_t first)
{
	const struct subject subject = { fit, load };

	for (struct sb_run run = sb_run_since(&sb_fit_load_rules, scope, first); sb_run_next(&run);)
		rows[run.row].check(scope, &subject);
}

/* U-Boot does not come back from these: it resets the board, or enters what hangs. */
static bool is_end(const char *code)
{
	static const enum sb_code ends[] = { SB_FIT_LOAD_OVERLAP, SB_FIT_WRONG_ARCH,
					     SB_FIT_ENTRY_OUTSIDE, SB_FIT_NOT_PACKED,
					     SB_FIT_NO_DEVICE_TREE };

	for (size_t i = 0; i < sizeof(ends) / sizeof(ends[0]); i++)
		if (strcmp(sb_code_about(ends[i])->code, code) == 0)
			return true;
	return false;
}

enum stmboot_status sb_fit_refused(struct stmboot_context *ctx, const struct stmboot_fit *fit,
				   const struct sb_fit_load *load, bool *out)
{
	struct stmboot_diags *scratch;
	struct sb_scope scope;
	enum stmboot_status status = stmboot_diags_new(ctx, &scratch);

	if (status != STMBOOT_OK)
		return status;
	scope = sb_scope(scratch, NULL);
	sb_fit_validate(&scope, fit, load);
	*out = false;
	for (size_t i = 0; i < stmboot_diags_count(scratch); i++) {
		const struct stmboot_diag *diag = stmboot_diags_get(scratch, i);

		*out = *out || (diag->severity == STMBOOT_ERROR && !is_end(diag->code));
	}
	status = sb_diags_status(scratch) == STMBOOT_NO_MEMORY ? STMBOOT_NO_MEMORY : STMBOOT_OK;
	stmboot_diags_free(scratch);
	return status;
}
