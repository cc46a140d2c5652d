/* SPDX-License-Identifier: MIT */
/*
 * The formats behind one shape, for layers above that have an arena and a
 * scope of their own. Each decoder fills a record that the caller keeps; what
 * a record points at lives in the arena.
 */
#ifndef SB_FORMAT_FORMATS_H
#define SB_FORMAT_FORMATS_H

#include <stmboot/content.h>
#include <stmboot/env.h>
#include <stmboot/fip.h>
#include <stmboot/fwu.h>
#include <stmboot/stm32.h>
#include <stmboot/uimage.h>

#include "base/arena.h"
#include "base/rules.h"
#include "format/scan.h"

/* As the public decoders, into memory of the caller's. */
STMBOOT_NODISCARD enum stmboot_status sb_stm32_decode(struct stmboot_source *src,
						      struct stmboot_stm32 *out);
STMBOOT_NODISCARD enum stmboot_status sb_uimage_decode(struct stmboot_source *src,
						       struct stmboot_uimage *out);
STMBOOT_NODISCARD enum stmboot_status
sb_fip_decode(struct sb_arena *arena, struct stmboot_source *src, struct stmboot_fip *out);
STMBOOT_NODISCARD enum stmboot_status
sb_fwu_decode(struct stmboot_context *ctx, struct stmboot_source *src, struct stmboot_fwu *out);

/*
 * Verify the payload and identify it in one read. The record gains its computed
 * checksum, *scan what was found; of a payload that is cut short what is there
 * is scanned, and no checksum is computed. A gzip uImage is scanned unpacked,
 * for which its data is read a second time. STMBOOT_LIMIT, with nothing read,
 * when the payload is longer than max_unpacked_bytes.
 */
STMBOOT_NODISCARD enum stmboot_status sb_stm32_scan(struct stmboot_context *ctx,
						    struct stmboot_source *src,
						    struct stmboot_stm32 *image,
						    struct sb_scan *scan);
STMBOOT_NODISCARD enum stmboot_status sb_uimage_scan(struct stmboot_context *ctx,
						     struct stmboot_source *src,
						     struct stmboot_uimage *image,
						     struct sb_scan *scan);

/*
 * The same for a package, whose images are identified and not verified: they are
 * under no checksum. *scan is that of U-Boot, and empty without it. As
 * stmboot_fip_identify().
 */
STMBOOT_NODISCARD enum stmboot_status sb_fip_scan(struct stmboot_context *ctx,
						  struct stmboot_source *src,
						  struct stmboot_fip *fip, struct sb_scan *scan);

/* What there is to be found in each. */
extern const struct sb_rules sb_stm32_rules;
extern const struct sb_rules sb_uimage_rules;
extern const struct sb_rules sb_fip_header_rules;
extern const struct sb_rules sb_fip_entry_rules;
extern const struct sb_rules sb_fip_set_rules;
extern const struct sb_rules sb_fip_payload_rules;
extern const struct sb_rules sb_fip_optee_rules;
extern const struct sb_rules sb_fwu_rules;

/*
 * Validators over a scope. A caller lowers scope->ceiling for a copy that is
 * not needed and sets scope->stage where the usual one does not fit.
 */
void sb_stm32_validate(const struct sb_scope *scope, const struct stmboot_stm32 *image,
		       enum stmboot_stm32_role role);
void sb_uimage_validate(const struct sb_scope *scope, const struct stmboot_uimage *image,
			enum stmboot_uimage_role role);
void sb_fip_validate(const struct sb_scope *scope, const struct stmboot_fip *fip,
		     enum stmboot_soc soc);
void sb_fwu_validate(const struct sb_scope *scope, const struct stmboot_fwu *fwu);

/* Where a copy of an environment is, in the source of its area. */
struct sb_env_copy_place {
	uint64_t offset;
	uint64_t size;
	bool redundant;
};

/* The places of the copies that stmboot_env_area_decode() reads; STMBOOT_NOT_RECOGNISED. */
STMBOOT_NODISCARD enum stmboot_status
sb_env_area_find(struct stmboot_context *ctx, struct stmboot_source *src,
		 struct sb_env_copy_place places[STMBOOT_ENV_AREA_COPIES], size_t *count);

/* Is a firmware package among the images that are described? */
bool sb_fwu_has_fip(const struct stmboot_fwu *fwu);

enum { SB_FWU_MAX_GUIDS = STMBOOT_FWU_MAX_IMAGES * (1 + STMBOOT_FWU_MAX_BANKS) };

/* Where metadata names disks and partitions by their GUIDs; how many places. */
size_t sb_fwu_guids(const struct stmboot_fwu *fwu, uint64_t offsets[SB_FWU_MAX_GUIDS]);

/* Make the checksum of changed metadata right; its computed one was known. */
void sb_fwu_seal(const struct stmboot_fwu *fwu, uint8_t *bytes);

#endif
