/* SPDX-License-Identifier: MIT */
/*
 * The medium behind a file of the host: what an interrupted edit was to make
 * of it, or what is packed in it.
 */
#ifndef SB_IMAGE_MEDIUM_H
#define SB_IMAGE_MEDIUM_H

#include <stmboot/compression.h>

#include "image/pending.h"
#include "source/spill.h"

struct sb_medium {
	struct stmboot_source *source; /* the medium; one of these, or what it was made over */
	enum stmboot_compression container;
	bool interrupted; /* source shows what the edit was to make */
	struct stmboot_source *file;
	struct stmboot_source *unpacked;
	struct sb_overlay *view;
	struct sb_pending *pending; /* whose log the view is over */
	bool prepared;              /* it looks packed: to be unpacked into this file */
	struct sb_spill spill;
	enum stmboot_status spill_status; /* of opening it, and errno */
	int spill_error;
};

/*
 * Open a file or block device for reading, and see through the log of an
 * interrupted edit. The medium is zeroed, and to be released also when this
 * failed. As stmboot_source_open_file() and sb_medium_see_through().
 */
STMBOOT_NODISCARD enum stmboot_status sb_medium_open(struct stmboot_context *ctx,
						     const struct sb_host *host, const char *path,
						     const char *state_directory,
						     struct sb_medium *medium);

/*
 * See through the log of an interrupted edit. Without a complete log that fits
 * the medium it stays as it is.
 *
 * medium->source: borrowed, replaced by what is seen. STMBOOT_UNSUPPORTED when
 * a later version made the log, STMBOOT_LIMIT, STMBOOT_NO_MEMORY or STMBOOT_IO.
 */
STMBOOT_NODISCARD enum stmboot_status sb_medium_see_through(struct stmboot_context *ctx,
							    const struct sb_host *host,
							    const struct sb_place *place,
							    struct sb_medium *medium);

/*
 * Open all that sb_medium_unpack() will need, without decoding anything.
 * STMBOOT_OK, or what a read says; a file that cannot be made is a failure of
 * sb_medium_unpack(), should it turn out to be needed.
 */
STMBOOT_NODISCARD enum stmboot_status sb_medium_prepare(struct sb_medium *medium);

/*
 * See what another process unpacked into the file that was prepared.
 * STMBOOT_OK, also when there is none; STMBOOT_NO_MEMORY, STMBOOT_IO.
 */
STMBOOT_NODISCARD enum stmboot_status sb_medium_take_over(struct stmboot_context *ctx,
							  struct sb_medium *medium);

/* Find out how the source is packed, by its content: medium->container. */
STMBOOT_NODISCARD enum stmboot_status sb_medium_look(struct stmboot_context *ctx,
						     struct sb_medium *medium);

/*
 * Unpack a compressed image, which was prepared and looked at. medium->source as
 * above. As stmboot_image_open().
 */
STMBOOT_NODISCARD enum stmboot_status sb_medium_unpack(struct stmboot_context *ctx,
						       struct sb_medium *medium);

/* Close what these have opened; a zeroed medium is fine. */
void sb_medium_release(struct sb_medium *medium);

#endif
