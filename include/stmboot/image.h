/* SPDX-License-Identifier: MIT */
/**
 * @file
 * An image: a whole card, the user area of an eMMC, a bare file system or a
 * bare part, with what each of its partitions holds.
 */
#ifndef STMBOOT_IMAGE_H
#define STMBOOT_IMAGE_H

#include <stddef.h>
#include <stdint.h>

#include <stmboot/compression.h>
#include <stmboot/content.h>
#include <stmboot/context.h>
#include <stmboot/dtb.h>
#include <stmboot/env.h>
#include <stmboot/fip.h>
#include <stmboot/fit.h>
#include <stmboot/fs.h>
#include <stmboot/fwu.h>
#include <stmboot/gpt.h>
#include <stmboot/kernel.h>
#include <stmboot/refusal.h>
#include <stmboot/source.h>
#include <stmboot/status.h>
#include <stmboot/stm32.h>
#include <stmboot/uimage.h>

#ifdef __cplusplus
extern "C" {
#endif

struct stmboot_image;

/** What kind of medium an image is of. */
enum stmboot_medium {
	STMBOOT_MEDIUM_AUTO, /**< found out; never in a result */
	STMBOOT_MEDIUM_SD,   /**< a whole SD card: the ROM reads its table */
	STMBOOT_MEDIUM_EMMC, /**< the user area of an eMMC: the ROM reads a boot area instead */
	STMBOOT_MEDIUM_PART, /**< no table: one bare file system, loader, kernel or device tree */
};

/** Whether an edit was interrupted. */
enum stmboot_image_state {
	STMBOOT_IMAGE_CLEAN,
	STMBOOT_IMAGE_INTERRUPTED, /**< a complete log of an edit waits to be applied */
};

/** How to open an image. Zero it and set struct_size. */
struct stmboot_image_options {
	size_t struct_size;
	enum stmboot_medium medium; /**< STMBOOT_MEDIUM_AUTO, or what the caller knows better */
	/** Where logs of edits of block devices are kept (edit.h); NULL: none is looked for. */
	const char *state_directory;
};

/** What an image is. */
struct stmboot_image_info {
	const char *path; /**< as given, or NULL for a source of the caller's */
	uint64_t size;    /**< bytes of the medium, unpacked */
	enum stmboot_compression container;
	enum stmboot_medium medium;
	enum stmboot_image_state state;
};

/** One partition and what it holds; a bare part is number 0. */
struct stmboot_part {
	uint32_t number;
	const struct stmboot_partition *entry; /**< NULL for a bare part */
	uint64_t offset;                       /**< bytes from the start of the medium */
	uint64_t size;                         /**< bytes, by the table */
	uint64_t available;                    /**< of those, bytes that the image has */
	enum stmboot_content content;
	const char *flavour; /**< "ext3", "FAT32", ...; or NULL */
	/**
	 * What was decoded, by content; all others are NULL. stmboot_boot_trace()
	 * adds the checksums that it computes.
	 */
	const struct stmboot_stm32 *stm32;
	const struct stmboot_uimage *uimage;
	const struct stmboot_fip *fip;
	const struct stmboot_fwu *fwu;
	const struct stmboot_fit *fit;
	const struct stmboot_ext4_info *ext4;
	const struct stmboot_kernel *kernel;
	const struct stmboot_dtb *dtb;
	/** What a loader says it is, "U-Boot SPL 2023.01"; NULL when a trace did not read it. */
	const char *program;
	const struct stmboot_env_area *env; /**< decoded, as those above */
};

/**
 * Open an image file or a block device, for reading only.
 *
 * A compressed image is known by its content and unpacked once into an
 * unlinked temporary file. When an edit of the image was interrupted behind
 * its commit point, the image is shown as the edit was to make it
 * (STMBOOT_IMAGE_INTERRUPTED); nothing is written.
 *
 * @param ctx      allocator and limits; must outlive the image
 * @param path     on the host
 * @param options  borrowed for the call; NULL for all defaults
 * @param out      on success, an image to release with stmboot_image_close()
 * @return as stmboot_source_open_file() and, for a compressed image,
 *         STMBOOT_CORRUPT, STMBOOT_TRUNCATED or STMBOOT_LIMIT;
 *         STMBOOT_NOT_RECOGNISED when there is no partition table and the
 *         content is nothing that belongs on a card; and STMBOOT_CANCELLED. On failure
 *         *out is untouched.
 */
STMBOOT_API STMBOOT_NODISCARD enum stmboot_status
stmboot_image_open(struct stmboot_context *ctx, const char *path,
		   const struct stmboot_image_options *options, struct stmboot_image **out);

/**
 * Open all that an image is made of, and decode nothing of it yet. A program that
 * gives up the right to open files, or forks a process for what follows, does so
 * between this and stmboot_image_decode(). The log of an interrupted edit is read
 * here. Until it is decoded an image may only be closed.
 *
 * @param ctx      as stmboot_image_open(), which is this and stmboot_image_decode()
 * @param path     on the host
 * @param options  borrowed for the call; NULL for all defaults
 * @param out      on success, an image to release with stmboot_image_close()
 * @return as stmboot_source_open_file(); STMBOOT_CANCELLED. On failure *out is untouched.
 */
STMBOOT_API STMBOOT_NODISCARD enum stmboot_status
stmboot_image_prepare(struct stmboot_context *ctx, const char *path,
		      const struct stmboot_image_options *options, struct stmboot_image **out);

/**
 * Decode an image that was prepared, once.
 *
 * @param image  that was prepared
 * @return as stmboot_image_open(); STMBOOT_INVALID_ARGUMENT for the second time.
 *         After a failure the image may only be closed.
 */
STMBOOT_API STMBOOT_NODISCARD enum stmboot_status stmboot_image_decode(struct stmboot_image *image);

/**
 * Open an image over a source of the caller's, for reading only.
 *
 * @param ctx      allocator and limits; must outlive the image
 * @param src      borrowed until the image is closed
 * @param options  borrowed for the call; NULL for all defaults
 * @param out      on success, an image to release with stmboot_image_close()
 * @return as stmboot_image_open(). On failure *out is untouched.
 */
STMBOOT_API STMBOOT_NODISCARD enum stmboot_status
stmboot_image_open_source(struct stmboot_context *ctx, struct stmboot_source *src,
			  const struct stmboot_image_options *options, struct stmboot_image **out);

/**
 * Close an image.
 *
 * @param image  NULL is fine
 */
STMBOOT_API void stmboot_image_close(struct stmboot_image *image);

/**
 * What an image is.
 *
 * @param image  that is open
 * @return borrowed from the image
 */
STMBOOT_API const struct stmboot_image_info *stmboot_image_info(const struct stmboot_image *image);

/**
 * The partition tables of an image.
 *
 * @param image  that is open
 * @return borrowed from the image
 */
STMBOOT_API const struct stmboot_gpt *stmboot_image_gpt(const struct stmboot_image *image);

/**
 * How many partitions an image has; 1 for a bare part.
 *
 * @param image  that is open
 * @return their number
 */
STMBOOT_API size_t stmboot_image_part_count(const struct stmboot_image *image);

/**
 * A partition by its place in the table.
 *
 * @param image  that is open
 * @param index  from 0
 * @return borrowed from the image, or NULL past the end
 */
STMBOOT_API const struct stmboot_part *stmboot_image_part(const struct stmboot_image *image,
							  size_t index);

/**
 * A partition by its number.
 *
 * @param image   that is open
 * @param number  of the partition; 0 for a bare part
 * @return borrowed from the image, or NULL
 */
STMBOOT_API const struct stmboot_part *stmboot_image_find(const struct stmboot_image *image,
							  uint32_t number);

/**
 * The bytes of a partition, as far as the image has them.
 *
 * @param image   that is open
 * @param number  of the partition; 0 for a bare part
 * @return a source borrowed from the image, or NULL when there is no such partition
 */
STMBOOT_API struct stmboot_source *stmboot_image_part_source(struct stmboot_image *image,
							     uint32_t number);

/**
 * The file system of a partition as Linux sees it once it has replayed the
 * journal, opened once and kept with the image.
 *
 * @param image   that is open
 * @param number  of the partition
 * @param why     says why not; may be NULL. On success it says when the journal holds
 *                changes that cannot be replayed here: files are then as they stand
 *                without them. Else it is left alone.
 * @param out     on success, a file system borrowed from the image
 * @return as stmboot_fs_open_linux(), also the second time; STMBOOT_NOT_FOUND
 *         when there is no such partition. On failure *out is untouched.
 */
STMBOOT_API STMBOOT_NODISCARD enum stmboot_status
stmboot_image_fs_linux(struct stmboot_image *image, uint32_t number, struct stmboot_refusal *why,
		       struct stmboot_fs **out);

/**
 * The name of a state.
 *
 * @param state  what to name
 * @return "clean" or "interrupted"; static
 */
STMBOOT_API const char *stmboot_image_state_text(enum stmboot_image_state state);

/**
 * The name of a kind of medium.
 *
 * @param medium  what to name
 * @return "sd", "emmc" or "part"; static
 */
STMBOOT_API const char *stmboot_medium_text(enum stmboot_medium medium);

#ifdef __cplusplus
}
#endif

#endif
