/* SPDX-License-Identifier: MIT */
#ifndef RENDER_H
#define RENDER_H

#include <stmboot/boot.h>
#include <stmboot/boot_edit.h>
#include <stmboot/diag.h>
#include <stmboot/dtb.h>
#include <stmboot/dtb_value.h>
#include <stmboot/image.h>

#include "buffer.h"
#include "json.h"
#include "options.h"
#include "style.h"

/* All that is known of an image; borrowed. Text and JSON show the same. */
struct report {
	const struct stmboot_image *image;
	const struct stmboot_boot *boot;
	const struct stmboot_diags *diags;
	enum stmboot_outcome verdict; /* on diags */
	int stops_at;
};

/* For a terminal. */
void render_text(struct buffer *out, const struct report *report, const struct options *o);

/* Where each partition is on the card, in a line of blocks; nothing without colour and UTF-8. */
void render_map(struct buffer *out, const struct report *report, const struct style *style);

/* The configurations and images of its FITs, and the state of their hashes. */
void render_fits(struct buffer *out, const struct report *report, const struct style *style);

/* A bare part has no boot to follow: it is judged as it is. */
bool render_has_boot(const struct stmboot_boot *boot);

/* "stops at fsbl: 2 errors, 1 warning", and the end of the line. */
void render_verdict(struct buffer *out, const struct report *report, const struct style *style);

/* The findings for a terminal: errors, warnings and, with `notes`, notes. */
void render_findings(struct buffer *out, const struct report *report, const struct style *style,
		     bool notes, bool explain);

/* "fsbl1+0x44 (medium 0x4444), 4 bytes", with any bytes of the medium; "" for nowhere. */
void render_place(struct buffer *text, const struct report *report,
		  const struct stmboot_place *place);

/* How many findings of a severity there are. */
size_t render_count(const struct stmboot_diags *diags, enum stmboot_severity severity);

/* A bare part has no boot to follow: it is judged as it is. */
bool render_has_boot(const struct stmboot_boot *boot);

/* One object, stmboot.inspect/1. */
void render_json(struct buffer *out, const struct report *report);

/* The catalogue: all of it with --list, else what --explain names. */
void render_codes(struct buffer *out, const struct options *o);

/* A device tree, and what of it is wanted; borrowed. */
struct dtb_report {
	const struct stmboot_boot *boot;
	struct stmboot_file_ref file; /* path NULL: the image itself */
	bool boots;                   /* it is the one that boots */
	const struct stmboot_dtb *dtb;
	const struct stmboot_dtb_node *node;         /* NULL: absent */
	const struct stmboot_dtb_property *property; /* NULL: absent */
	struct stmboot_dtb_type type;                /* of its values */
};

/* The source text of a node. */
void render_dtb_text(struct buffer *out, const struct dtb_report *report, const struct options *o);

/* One object, stmboot.dtb/1. */
void render_dtb_json(struct buffer *out, const struct dtb_report *report);

/* The values of a property. */
void render_dtb_property_text(struct buffer *out, const struct dtb_report *report,
			      const struct options *o);

/* One object, stmboot.dtb-property/1. */
void render_dtb_property_json(struct buffer *out, const struct dtb_report *report);

/* An edit that was carried out, or would be. */
struct edit_report {
	const struct stmboot_edit_plan *plan;
	struct stmboot_edit_result result;
	struct stmboot_boot_view before, after; /* empty where no boot was followed */
	const char *output;                     /* the copy, or NULL */
	bool dry_run;
	bool recovered; /* an interrupted edit was finished */
};

/* For a terminal. */
void render_edit_text(struct buffer *out, const struct edit_report *report,
		      const struct options *o);

/* One object, stmboot.edit/1. */
void render_edit_json(struct buffer *out, const struct edit_report *report);

/* The member "findings". */
void render_findings_json(struct json *j, const struct stmboot_diags *diags);

/* The members of an object that tells of a copy of U-Boot's environment, in a source at `base`. */
void render_env_copy(struct json *j, const struct stmboot_env *env, uint64_t base);
/* The members of an object that tells of a firmware package; places are counted on the medium. */
void render_fip_members(struct json *j, const struct stmboot_fip *fip, uint64_t medium_offset);

/* The member "detail" of a partition. */
void render_detail(struct json *j, const struct stmboot_part *part);

#endif
