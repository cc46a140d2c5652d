/* SPDX-License-Identifier: MIT */
#ifndef SB_IMAGE_IMAGE_H
#define SB_IMAGE_IMAGE_H

#include <stmboot/image.h>
#include <stmboot/refusal.h>

#include "base/arena.h"
#include "base/diag.h"
#include "format/scan.h"
#include "fs/jbd2.h"
#include "source/source.h"

/* The whole medium. Borrowed. */
struct stmboot_source *sb_image_medium(struct stmboot_image *image);

/*
 * The file system of a partition as U-Boot or as Linux sees it, opened once and
 * kept with the image. The status is that of the opening, also the second time.
 * Linux sees it with its journal replayed, U-Boot without; a journal that Linux
 * refuses to replay is a file system that it does not mount.
 */
STMBOOT_NODISCARD enum stmboot_status sb_image_fs_uboot(struct stmboot_image *image,
							uint32_t number, struct stmboot_fs **out);
STMBOOT_NODISCARD enum stmboot_status sb_image_fs_linux(struct stmboot_image *image,
							uint32_t number, struct stmboot_fs **out);

/* The journal of a file system that was not unmounted. */
struct sb_image_journal {
	const struct sb_jbd2_info *info; /* borrowed from the image; NULL unless it is replayed */
	struct sb_jbd2_trouble trouble;  /* why not; places are those in the partition */
};

/* As sb_jbd2_open(): STMBOOT_NOT_FOUND where nothing has to be replayed. */
STMBOOT_NODISCARD enum stmboot_status sb_image_journal(struct stmboot_image *image, uint32_t number,
						       struct sb_image_journal *out);

/*
 * Verify the loader in a partition and identify it. Its payload is read once,
 * and from then on the record of the partition has the computed checksum.
 * STMBOOT_NOT_FOUND when the partition holds nothing under a checksum; as
 * sb_stm32_scan(). On failure *out is untouched.
 */
STMBOOT_NODISCARD enum stmboot_status sb_image_scan(struct stmboot_image *image, uint32_t number,
						    struct sb_scan *out);

/*
 * Decode a device tree inside a partition; the image keeps the last one of each
 * partition, which is borrowed until another is asked for. As
 * stmboot_dtb_decode(); STMBOOT_NOT_FOUND without such a partition.
 */
STMBOOT_NODISCARD enum stmboot_status sb_image_dtb(struct stmboot_image *image, uint32_t number,
						   uint64_t offset, uint64_t size,
						   const struct stmboot_dtb **out);

/*
 * Take over what an image of the same medium, opened before an edit of it,
 * knows of the payloads of loaders, where `same` says that no byte changed: they
 * need not be read once more. It must outlive this one. STMBOOT_OK;
 * STMBOOT_NO_MEMORY.
 */
STMBOOT_NODISCARD enum stmboot_status
sb_image_adopt(struct stmboot_image *image, const struct stmboot_image *earlier,
	       bool (*same)(const void *user, uint64_t offset, uint64_t size), const void *user);

/* The first part that was left undecoded because others took all that may be spent, or NULL. */
const struct stmboot_part *sb_image_undecoded(const struct stmboot_image *image);

/*
 * The bytes of the file or device that the image was read from, as it is packed, and
 * without holes. As sb_source_count_data().
 */
STMBOOT_NODISCARD enum stmboot_status sb_image_count_data(struct stmboot_image *image,
							  uint64_t enough, uint64_t *out);

/*
 * How many bytes of directories may be looked at from now on to find files in all file
 * systems of the image; UINT64_MAX: as many as it takes. Whether the limit was met.
 */
void sb_image_limit_lookups(struct stmboot_image *image, uint64_t bytes);
bool sb_image_lookups_met(const struct stmboot_image *image);

/* What could not be read of the medium since the image was opened. */
const struct sb_read_errors *sb_image_read_errors(const struct stmboot_image *image);

/*
 * STMBOOT_IO, with the place, when more than `known` places could not be read,
 * else STMBOOT_OK: what is not found may stand there.
 */
STMBOOT_NODISCARD enum stmboot_status sb_image_refuse_unread(const struct stmboot_image *image,
							     size_t known,
							     struct stmboot_refusal *why);

#endif
