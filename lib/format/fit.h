/* SPDX-License-Identifier: MIT */
#ifndef SB_FORMAT_FIT_H
#define SB_FORMAT_FIT_H

#include <stmboot/compression.h>
#include <stmboot/fit.h>

#include "base/arena.h"
#include "base/rules.h"

extern const struct sb_rules sb_fit_status_rules;
extern const struct sb_rules sb_fit_rules;
extern const struct sb_rules sb_fit_load_rules;
extern const struct sb_rules sb_fit_image_rules;

/* Who loads images out of a FIT. */
enum sb_fit_reader {
	SB_FIT_SPL,   /* U-Boot SPL, the second stage: common/spl/spl_fit.c */
	SB_FIT_BOOTM, /* U-Boot, a kernel: boot/bootm.c, boot/image-fit.c */
};

/* What an image is to its configuration. */
enum sb_fit_role {
	SB_FIT_KERNEL,
	SB_FIT_FIRMWARE,
	SB_FIT_RAMDISK,
	SB_FIT_FDT,
	SB_FIT_OVERLAY,
	SB_FIT_LOADABLE,
	SB_FIT_ROLES,
};

/* One image that is loaded. */
struct sb_fit_member {
	enum sb_fit_role role;
	const char *name;                      /* in the configuration */
	const struct stmboot_fit_image *image; /* NULL: there is none of that name */
	enum stmboot_compression packed;       /* what its data begin like; with was_read */
	bool was_read;
};

/* What a loader takes out of a FIT. */
struct sb_fit_load {
	enum sb_fit_reader reader;
	const char *asked;  /* "conf-1" or "conf-1#more", without a '#' in front; NULL: none */
	const char *board;  /* first compatible of U-Boot's own device tree, or NULL */
	const char *arch;   /* of the chip: "arm" or "arm64"; NULL: not known */
	bool other_fdt;     /* the loader has a device tree from elsewhere */
	bool other_ramdisk; /* likewise, or it is told to take none */
	bool no_ramdisk;    /* it is told to take none */
	bool any_fdt;       /* nobody knows whether it has one from elsewhere */
	bool has_address;
	uint64_t address; /* in memory, where the FIT stands */

	/* results */
	const struct stmboot_fit_configuration *configuration; /* NULL: none is found */
	struct sb_fit_member *members;                         /* in the loader's order */
	size_t member_count;
};

/*
 * Which configuration a loader takes, and which images: fills the results.
 * STMBOOT_OK, also when there are none; STMBOOT_NO_MEMORY.
 */
STMBOOT_NODISCARD enum stmboot_status
sb_fit_select(struct sb_arena *arena, const struct stmboot_fit *fit, struct sb_fit_load *load);

/*
 * See what the data of the images that are loaded begin like. What cannot be
 * read stays unknown. STMBOOT_OK; STMBOOT_NO_MEMORY; STMBOOT_CANCELLED.
 */
STMBOOT_NODISCARD enum stmboot_status sb_fit_look(struct stmboot_source *src,
						  struct sb_fit_load *load);

/* Compare their hashes, likewise. *hashed: of other FITs, and then of this one, too. */
STMBOOT_NODISCARD enum stmboot_status
sb_fit_verify(struct stmboot_context *ctx, struct stmboot_source *src, struct stmboot_fit *fit,
	      const struct sb_fit_load *load, uint64_t *hashed);

/* The hashes of all images, likewise. */
STMBOOT_NODISCARD enum stmboot_status
sb_fit_verify_all(struct stmboot_context *ctx, struct stmboot_source *src, struct stmboot_fit *fit);

/* Give the hashes of a FIT the states that they have in another one of the same bytes. */
void sb_fit_adopt(struct stmboot_fit *fit, const struct stmboot_fit *same);

/* Where its tree and the data that lie inside the source end. */
uint64_t sb_fit_end(const struct stmboot_fit *fit);

/* The first member of a role whose image is there, or NULL. */
const struct sb_fit_member *sb_fit_member_of(const struct sb_fit_load *load, enum sb_fit_role role);

/* The compression that a property names; false when it is none that U-Boot knows. */
bool sb_fit_compression(const char *name, enum stmboot_compression *out);

/*
 * Report why a source that begins like a FIT could not be decoded: with the
 * status that stmboot_fit_decode() gave. Says nothing about other statuses
 * than STMBOOT_TRUNCATED, STMBOOT_CORRUPT and STMBOOT_NOT_RECOGNISED.
 */
void sb_fit_report_status(const struct sb_scope *scope, enum stmboot_status status);

/*
 * Turn the facts about a FIT into findings; places are counted in the scope's
 * source. `load` is who takes what of it, once that was looked at; what is wrong
 * with the rest is no worse than a warning. NULL: nobody loads it, and only its
 * structure is judged.
 */
void sb_fit_validate(const struct sb_scope *scope, const struct stmboot_fit *fit,
		     const struct sb_fit_load *load);

/*
 * Does the loader give up, so that whoever called it goes on with something
 * else? *out is false also where it starts what then hangs.
 * STMBOOT_OK; STMBOOT_NO_MEMORY.
 */
STMBOOT_NODISCARD enum stmboot_status sb_fit_refused(struct stmboot_context *ctx,
						     const struct stmboot_fit *fit,
						     const struct sb_fit_load *load, bool *out);

/* The parts of sb_fit_validate() about what is loaded; findings from `first` on are about it. */
void sb_fit_validate_load(const struct sb_scope *scope, const struct stmboot_fit *fit,
			  const struct sb_fit_load *load, size_t first);
void sb_fit_validate_members(const struct sb_scope *scope, const struct sb_fit_load *load);

/* "kernel", "firmware", "ramdisk", "fdt", "fdt", "loadables". */
const char *sb_fit_role_text(enum sb_fit_role role);

/* A scope for a member: findings about device trees concern their own stage. */
struct sb_scope sb_fit_scope(const struct sb_scope *scope, const struct sb_fit_load *load,
			     enum sb_fit_role role);

/* A finding about the node of an image. */
struct sb_finding sb_fit_at(const struct stmboot_fit_image *image);

#endif
