/* SPDX-License-Identifier: MIT */
/**
 * @file
 * Changing an extlinux.conf.
 *
 * A document is a configuration with the files that it includes. An edit
 * touches the bytes that it must and no others: comments, order, spacing,
 * unknown lines, CR at the ends of lines and a missing last line feed stay.
 * The changed text is then read again by U-Boot's rules (extlinux.h), and
 * unless every label and every setting is what the edit meant it to be, the
 * edit is refused and the document stays as it was.
 */
#ifndef STMBOOT_EXTLINUX_EDIT_H
#define STMBOOT_EXTLINUX_EDIT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <stmboot/cmdline.h>
#include <stmboot/context.h>
#include <stmboot/extlinux.h>
#include <stmboot/refusal.h>
#include <stmboot/status.h>

#ifdef __cplusplus
extern "C" {
#endif

struct stmboot_extlinux_document;

/**
 * Read a configuration to change it.
 *
 * @param ctx      allocator and limits; must outlive the document
 * @param text     the file's bytes, borrowed for the call; need not end with NUL
 * @param size     bytes
 * @param options  borrowed for the call; NULL for all defaults
 * @param out      on success, a document to release with stmboot_extlinux_document_free()
 * @return as stmboot_extlinux_decode(). On failure *out is untouched.
 */
STMBOOT_API STMBOOT_NODISCARD enum stmboot_status
stmboot_extlinux_document_open(struct stmboot_context *ctx, const void *text, size_t size,
			       const struct stmboot_extlinux_options *options,
			       struct stmboot_extlinux_document **out);

/**
 * Release a document.
 *
 * @param document  NULL is fine
 */
STMBOOT_API void stmboot_extlinux_document_free(struct stmboot_extlinux_document *document);

/**
 * The configuration as U-Boot reads it now.
 *
 * @param document  an open document
 * @return borrowed until the next edit
 */
STMBOOT_API const struct stmboot_extlinux *
stmboot_extlinux_document_conf(const struct stmboot_extlinux_document *document);

/** A file of a document. */
struct stmboot_extlinux_document_file {
	const char *path; /**< as U-Boot asks for it; NULL for the configuration itself */
	const char *text; /**< as it is now; not ended by NUL */
	size_t size;      /**< of the text, in bytes */
	bool changed;     /**< it is not what it was when the document was opened */
};

/**
 * How many files a document has; number 0 is the configuration itself.
 *
 * @param document  an open document
 * @return their number
 */
STMBOOT_API size_t
stmboot_extlinux_document_file_count(const struct stmboot_extlinux_document *document);

/**
 * A file of a document.
 *
 * @param document  an open document
 * @param index     from 0
 * @return borrowed from the document until the next edit, or NULL past the end
 */
STMBOOT_API const struct stmboot_extlinux_document_file *
stmboot_extlinux_document_file(const struct stmboot_extlinux_document *document, size_t index);

/** A line of a label. */
struct stmboot_extlinux_setting {
	const char *key;   /**< a keyword of U-Boot's, or one of its other names */
	const char *value; /**< the rest of the line */
};

/**
 * Give a label a value, in place of the one that counts now or in a new line.
 *
 * Keys: kernel or linux, append, initrd, fdt or devicetree, fdtdir or
 * devicetreedir, fdtoverlays or devicetree-overlay, ipappend, localboot.
 *
 * @param document  changed on success only
 * @param label     index in the configuration as it is now
 * @param key       one of the keys
 * @param value     neither empty nor with blanks around it, without control
 *                  characters and new lines, no longer than U-Boot takes
 * @param why       says why it was refused; NULL: nobody asks
 * @return STMBOOT_OK, also when nothing had to change; STMBOOT_NO_MEMORY;
 *         STMBOOT_NOT_FOUND when there is no such label;
 *         STMBOOT_INVALID_ARGUMENT for a key or a value that cannot be;
 *         STMBOOT_LIMIT for a value that is longer than U-Boot takes;
 *         STMBOOT_CONFLICT when U-Boot would read something else than was meant;
 *         STMBOOT_CORRUPT when U-Boot does not read the file as it is
 */
STMBOOT_API STMBOOT_NODISCARD enum stmboot_status
stmboot_extlinux_document_set(struct stmboot_extlinux_document *document, size_t label,
			      const char *key, const char *value, struct stmboot_refusal *why);

/**
 * Take the lines of a key out of a label.
 *
 * @param document  an open document
 * @param label     index of the label
 * @param key       as for stmboot_extlinux_document_set()
 * @param why       says why not; may be NULL
 * @return as stmboot_extlinux_document_set()
 */
STMBOOT_API STMBOOT_NODISCARD enum stmboot_status
stmboot_extlinux_document_unset(struct stmboot_extlinux_document *document, size_t label,
				const char *key, struct stmboot_refusal *why);

/**
 * Change the kernel's arguments in the append line of a label; without one, the
 * label gets it.
 *
 * The arguments are as the kernel is to get them, but `${name}` is left for
 * U-Boot to expand; a quote or a backslash that U-Boot would take away is
 * protected from it.
 *
 * @param document  an open document
 * @param label     index of the label
 * @param edit      borrowed for the call
 * @param why       says why not; may be NULL
 * @return as stmboot_extlinux_document_set() and stmboot_cmdline_edit();
 *         STMBOOT_UNSUPPORTED also when quotes or backslashes in the line, which
 *         U-Boot takes away, span several arguments
 */
STMBOOT_API STMBOOT_NODISCARD enum stmboot_status
stmboot_extlinux_document_set_bootargs(struct stmboot_extlinux_document *document, size_t label,
				       const struct stmboot_cmdline_edit *edit,
				       struct stmboot_refusal *why);

/**
 * Add a label at the end of the configuration itself.
 *
 * @param document  an open document
 * @param name      not yet the name of a label
 * @param settings  its lines, in this order, none twice
 * @param count     how many
 * @param why       says why not; may be NULL
 * @return as stmboot_extlinux_document_set(); STMBOOT_CONFLICT also when there is
 *         a label of that name
 */
STMBOOT_API STMBOOT_NODISCARD enum stmboot_status
stmboot_extlinux_document_add(struct stmboot_extlinux_document *document, const char *name,
			      const struct stmboot_extlinux_setting *settings, size_t count,
			      struct stmboot_refusal *why);

/**
 * Take a label out with all its lines.
 *
 * @param document  an open document
 * @param label     index of the label
 * @param why       says why not; may be NULL
 * @return as stmboot_extlinux_document_set()
 */
STMBOOT_API STMBOOT_NODISCARD enum stmboot_status
stmboot_extlinux_document_remove(struct stmboot_extlinux_document *document, size_t label,
				 struct stmboot_refusal *why);

/**
 * Make a label the default one.
 *
 * @param document  an open document
 * @param label     index of the label
 * @param why       says why not; may be NULL
 * @return as stmboot_extlinux_document_set()
 */
STMBOOT_API STMBOOT_NODISCARD enum stmboot_status
stmboot_extlinux_document_set_default(struct stmboot_extlinux_document *document, size_t label,
				      struct stmboot_refusal *why);

/**
 * Set how long U-Boot waits in its menu.
 *
 * @param document  an open document
 * @param tenths    of a second; U-Boot rounds up to seconds, and 0 waits for ever
 * @param why       says why not; may be NULL
 * @return as stmboot_extlinux_document_set()
 */
STMBOOT_API STMBOOT_NODISCARD enum stmboot_status
stmboot_extlinux_document_set_timeout(struct stmboot_extlinux_document *document, uint32_t tenths,
				      struct stmboot_refusal *why);

#ifdef __cplusplus
}
#endif

#endif
