/* SPDX-License-Identifier: MIT */
/**
 * @file
 * Edits of what boots: one edit (edit.h), with the boot of the image followed
 * before and after it.
 *
 * The configuration is the one that U-Boot stays at, and the label the one that
 * boots, unless another one is named; in an endless menu it is the default
 * one, else the first. What is changed is collected, staged as a whole,
 * followed as far as init on the image as it is to be, and only then written.
 *
 * A change that fails may be half done. Where that cannot be ruled out, the edit is
 * useless from then on: staging it is refused with the reason of that failure.
 *
 * A file system that was not unmounted is changed as Linux sees it: the replay
 * of its journal is a part of the edit, and the configuration is read after it.
 */
#ifndef STMBOOT_BOOT_EDIT_H
#define STMBOOT_BOOT_EDIT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <stmboot/boot.h>
#include <stmboot/cmdline.h>
#include <stmboot/context.h>
#include <stmboot/diag.h>
#include <stmboot/dtb.h>
#include <stmboot/dtb_edit.h>
#include <stmboot/edit.h>
#include <stmboot/extlinux.h>
#include <stmboot/extlinux_edit.h>
#include <stmboot/image.h>
#include <stmboot/refusal.h>
#include <stmboot/status.h>

#ifdef __cplusplus
extern "C" {
#endif

struct stmboot_boot_edit;

/** How to edit. Zero it and set struct_size. */
struct stmboot_boot_edit_options {
	size_t struct_size;
	const struct stmboot_edit_options
		*edit;              /**< borrowed for the call; NULL for all defaults */
	enum stmboot_medium medium; /**< what the caller knows better */
	bool force;                 /**< go on although an error is added */
};

/** The boot of an image, before or after an edit; borrowed from the edit. */
struct stmboot_boot_view {
	const struct stmboot_image *image; /**< NULL when it could not be followed */
	const struct stmboot_boot *boot;
	const struct stmboot_diags *diags;
};

/**
 * Begin an edit, and follow the boot of the image as it is.
 *
 * @param ctx      allocator and limits; must outlive the edit
 * @param path     a regular file or a block device
 * @param options  borrowed for the call; NULL for all defaults
 * @param why      says why not; may be NULL
 * @param out      on success, an edit to release with stmboot_boot_edit_close()
 * @return as stmboot_edit_begin() and stmboot_image_open(). On failure *out is untouched.
 */
STMBOOT_API STMBOOT_NODISCARD enum stmboot_status
stmboot_boot_edit_begin(struct stmboot_context *ctx, const char *path,
			const struct stmboot_boot_edit_options *options,
			struct stmboot_refusal *why, struct stmboot_boot_edit **out);

/**
 * Begin taking the last edit back, and follow the boot of the image as it is. What was
 * wrong before that edit comes back with the rest: an undo need not be forced.
 *
 * @param ctx      allocator and limits; must outlive the edit
 * @param path     a regular file or a block device
 * @param options  borrowed for the call; NULL for all defaults
 * @param why      says why not; may be NULL
 * @param out      on success, an edit to release with stmboot_boot_edit_close()
 * @return as stmboot_edit_begin_undo() and stmboot_image_open(). On failure *out is untouched.
 */
STMBOOT_API STMBOOT_NODISCARD enum stmboot_status
stmboot_boot_edit_begin_undo(struct stmboot_context *ctx, const char *path,
			     const struct stmboot_boot_edit_options *options,
			     struct stmboot_refusal *why, struct stmboot_boot_edit **out);

/**
 * Open and lock all that an edit is made of, and decode nothing of it yet. With
 * stmboot_boot_edit_follow() this is stmboot_boot_edit_begin(). Until it is followed
 * an edit may be shared, taken over, committed and closed, and nothing else.
 *
 * @param ctx      allocator and limits; must outlive the edit
 * @param path     a regular file or a block device
 * @param options  borrowed for the call; NULL for all defaults
 * @param why      says why not; may be NULL
 * @param out      on success, an edit to release with stmboot_boot_edit_close()
 * @return as stmboot_edit_begin(). On failure *out is untouched.
 */
STMBOOT_API STMBOOT_NODISCARD enum stmboot_status
stmboot_boot_edit_prepare(struct stmboot_context *ctx, const char *path,
			  const struct stmboot_boot_edit_options *options,
			  struct stmboot_refusal *why, struct stmboot_boot_edit **out);

/**
 * The same for taking the last edit back, as stmboot_edit_begin_undo(). What it staged is
 * staged here: for that only logs of the library's own are read.
 *
 * @param ctx      allocator and limits; must outlive the edit
 * @param path     a regular file or a block device
 * @param options  borrowed for the call; NULL for all defaults
 * @param why      says why not; may be NULL
 * @param out      on success, an edit to release with stmboot_boot_edit_close()
 * @return as that. On failure *out is untouched.
 */
STMBOOT_API STMBOOT_NODISCARD enum stmboot_status
stmboot_boot_edit_prepare_undo(struct stmboot_context *ctx, const char *path,
			       const struct stmboot_boot_edit_options *options,
			       struct stmboot_refusal *why, struct stmboot_boot_edit **out);

/**
 * Follow the boot of the image as it is, once.
 *
 * @param edit  that was begun
 * @param why   says why not; may be NULL
 * @return as stmboot_image_open(); STMBOOT_UNSUPPORTED when a compressed image is to
 *         be edited in place; STMBOOT_INVALID_ARGUMENT for the second time. After a
 *         failure the edit may only be closed.
 */
STMBOOT_API STMBOOT_NODISCARD enum stmboot_status
stmboot_boot_edit_follow(struct stmboot_boot_edit *edit, struct stmboot_refusal *why);

/**
 * Prepare to make an edit in two processes. The one decodes the image, stages, and
 * hands over what is staged; the other one, forked from the same edit after this
 * call, decodes nothing: it takes that over, and commits. So nothing that a
 * decoder can be brought to do by an image reaches it, except another edit.
 *
 * @param edit   that was begun
 * @param large  stmboot_part_edit_write() may stage more than the context lets be
 *               pending: what is handed over is kept in TMPDIR. Else it is kept in
 *               memory, of which the other process cannot take more than that limit
 *               asks for, whatever an image makes of it.
 * @param why    says why not; may be NULL
 * @param file   on success, the one file that handing over writes; borrowed from the
 *               edit. It has no name.
 * @return STMBOOT_OK or STMBOOT_IO
 */
STMBOOT_API STMBOOT_NODISCARD enum stmboot_status
stmboot_boot_edit_share(struct stmboot_boot_edit *edit, bool large, struct stmboot_refusal *why,
			int *file);

/**
 * Hand what is staged over to the other process. Of an edit that is not shared
 * nothing is.
 *
 * @param edit  that was begun
 * @param why   says why not; may be NULL
 * @return STMBOOT_OK; STMBOOT_CONFLICT for what was refused, or when the image
 *         changed; STMBOOT_IO; STMBOOT_NO_MEMORY; STMBOOT_CANCELLED
 */
STMBOOT_API STMBOOT_NODISCARD enum stmboot_status
stmboot_boot_edit_hand_over(struct stmboot_boot_edit *edit, struct stmboot_refusal *why);

/**
 * Stage what the other process handed over, in place of what is staged. It is
 * checked: sectors of the medium in their order, each once, and each made from what
 * stands there. An edit that is not shared stays as it is.
 *
 * @param edit  that was begun
 * @param why   says why not; may be NULL
 * @return STMBOOT_OK; STMBOOT_CORRUPT when it is no such edit; STMBOOT_CONFLICT when
 *         it was made from another image; STMBOOT_IO; STMBOOT_NO_MEMORY;
 *         STMBOOT_INVALID_ARGUMENT for the second time; STMBOOT_CANCELLED
 */
STMBOOT_API STMBOOT_NODISCARD enum stmboot_status
stmboot_boot_edit_take_over(struct stmboot_boot_edit *edit, struct stmboot_refusal *why);

/**
 * The context that an edit was begun with.
 *
 * @param edit  that was begun
 * @return borrowed from the caller who gave it
 */
STMBOOT_API struct stmboot_context *stmboot_boot_edit_context(const struct stmboot_boot_edit *edit);

/**
 * Change the kernel's arguments of a label, as stmboot_extlinux_document_set_bootargs().
 * A key of one letter or two more, fewer or other than that of an argument of the kernel
 * is noted in the plan; drivers have arguments of their own, so it is not refused.
 *
 * @param edit    that was begun
 * @param label   name; NULL: the one that boots
 * @param change  borrowed for the call
 * @param why     says why not; may be NULL
 * @return as that; STMBOOT_NOT_FOUND when there is no configuration or no such
 *         label; STMBOOT_CONFLICT when several labels have that name
 */
STMBOOT_API STMBOOT_NODISCARD enum stmboot_status
stmboot_boot_edit_set_bootargs(struct stmboot_boot_edit *edit, const char *label,
			       const struct stmboot_cmdline_edit *change,
			       struct stmboot_refusal *why);

/**
 * Change the kernel's arguments of every label that boots a kernel.
 *
 * @param edit    that was begun
 * @param change  borrowed for the call
 * @param why     says why not; may be NULL
 * @return as stmboot_boot_edit_set_bootargs()
 */
STMBOOT_API STMBOOT_NODISCARD enum stmboot_status
stmboot_boot_edit_set_all_bootargs(struct stmboot_boot_edit *edit,
				   const struct stmboot_cmdline_edit *change,
				   struct stmboot_refusal *why);

/**
 * The append of a label as it is by now, with what was changed: before U-Boot
 * expands it.
 *
 * @param edit   that was begun
 * @param label  name; NULL: the one that boots
 * @param why    says why not; may be NULL
 * @param out    on success, borrowed from the edit until its next call; NULL when the
 *               label has none
 * @return STMBOOT_OK; STMBOOT_NOT_FOUND and STMBOOT_CONFLICT as above
 */
STMBOOT_API STMBOOT_NODISCARD enum stmboot_status
stmboot_boot_edit_append(struct stmboot_boot_edit *edit, const char *label,
			 struct stmboot_refusal *why, const char **out);

/**
 * Give a label a value, as stmboot_extlinux_document_set().
 *
 * @param edit   that was begun
 * @param label  name; NULL: the one that boots
 * @param key    as there
 * @param value  copied
 * @param why    says why not; may be NULL
 * @return as that; STMBOOT_NOT_FOUND when there is no configuration or no such
 *         label; STMBOOT_CONFLICT when several labels have that name
 */
STMBOOT_API STMBOOT_NODISCARD enum stmboot_status
stmboot_boot_edit_set(struct stmboot_boot_edit *edit, const char *label, const char *key,
		      const char *value, struct stmboot_refusal *why);

/**
 * Take a key out of a label, as stmboot_extlinux_document_unset().
 *
 * @param edit   that was begun
 * @param label  name; NULL: the one that boots
 * @param key    as there
 * @param why    says why not; may be NULL
 * @return as stmboot_boot_edit_set()
 */
STMBOOT_API STMBOOT_NODISCARD enum stmboot_status
stmboot_boot_edit_unset(struct stmboot_boot_edit *edit, const char *label, const char *key,
			struct stmboot_refusal *why);

/**
 * Add a label, as stmboot_extlinux_document_add().
 *
 * @param edit      that was begun
 * @param name      not yet the name of a label
 * @param settings  borrowed for the call
 * @param count     of them
 * @param why       says why not; may be NULL
 * @return as that; STMBOOT_NOT_FOUND when there is no configuration
 */
STMBOOT_API STMBOOT_NODISCARD enum stmboot_status
stmboot_boot_edit_add_label(struct stmboot_boot_edit *edit, const char *name,
			    const struct stmboot_extlinux_setting *settings, size_t count,
			    struct stmboot_refusal *why);

/**
 * Remove a label, as stmboot_extlinux_document_remove().
 *
 * @param edit   that was begun
 * @param label  name; NULL: the one that boots
 * @param why    says why not; may be NULL
 * @return as stmboot_boot_edit_set()
 */
STMBOOT_API STMBOOT_NODISCARD enum stmboot_status
stmboot_boot_edit_remove_label(struct stmboot_boot_edit *edit, const char *label,
			       struct stmboot_refusal *why);

/**
 * Make a label the default one, as stmboot_extlinux_document_set_default().
 *
 * @param edit   that was begun
 * @param label  name; NULL: the one that boots
 * @param why    says why not; may be NULL
 * @return as stmboot_boot_edit_set()
 */
STMBOOT_API STMBOOT_NODISCARD enum stmboot_status
stmboot_boot_edit_set_default(struct stmboot_boot_edit *edit, const char *label,
			      struct stmboot_refusal *why);

/**
 * Set the time-out of the menu, as stmboot_extlinux_document_set_timeout().
 *
 * @param edit    that was begun
 * @param tenths  of a second; 0 waits for ever
 * @param why     says why not; may be NULL
 * @return as that; STMBOOT_NOT_FOUND when there is no configuration
 */
STMBOOT_API STMBOOT_NODISCARD enum stmboot_status
stmboot_boot_edit_set_timeout(struct stmboot_boot_edit *edit, uint32_t tenths,
			      struct stmboot_refusal *why);

/**
 * Give a node of a device tree a property, as stmboot_dtb_set(). Every difference
 * that it makes is a change of the plan.
 *
 * @param edit     that was begun
 * @param file     NULL: the device tree that boots (stmboot_boot_read_dtb())
 * @param setting  borrowed for the call
 * @param why      says why not; may be NULL
 * @return as that and as stmboot_boot_read_dtb(); STMBOOT_UNSUPPORTED also when
 *         something follows the tree in its file; STMBOOT_LIMIT also when it does not
 *         fit an image that is a bare device tree
 */
STMBOOT_API STMBOOT_NODISCARD enum stmboot_status
stmboot_boot_edit_set_dtb(struct stmboot_boot_edit *edit, const struct stmboot_file_ref *file,
			  const struct stmboot_dtb_setting *setting, struct stmboot_refusal *why);

/**
 * Remove a property of a device tree, or a node, as stmboot_dtb_remove().
 *
 * @param edit      that was begun
 * @param file      NULL: the device tree that boots
 * @param node      as for stmboot_dtb_locate()
 * @param property  NULL: the node
 * @param why       says why not; may be NULL
 * @return as stmboot_boot_edit_set_dtb() and stmboot_dtb_remove()
 */
STMBOOT_API STMBOOT_NODISCARD enum stmboot_status
stmboot_boot_edit_remove_dtb(struct stmboot_boot_edit *edit, const struct stmboot_file_ref *file,
			     const char *node, const char *property, struct stmboot_refusal *why);

/**
 * Merge an overlay into a device tree, as stmboot_dtb_apply_overlay().
 *
 * @param edit     that was begun
 * @param file     NULL: the device tree that boots
 * @param overlay  a GOOD tree; borrowed for the call
 * @param why      says why not; may be NULL
 * @return as stmboot_boot_edit_set_dtb(); STMBOOT_CONFLICT when it does not apply
 */
STMBOOT_API STMBOOT_NODISCARD enum stmboot_status
stmboot_boot_edit_overlay_dtb(struct stmboot_boot_edit *edit, const struct stmboot_file_ref *file,
			      const struct stmboot_dtb *overlay, struct stmboot_refusal *why);

/**
 * Stage what was changed, follow the boot of the result, and plan what to write.
 *
 * @param edit  that was begun
 * @param why   says why not; may be NULL
 * @param out   what a commit would write; borrowed from the edit. It is set also when
 *              an error that the edit adds is the reason to refuse it.
 * @return STMBOOT_OK; STMBOOT_CONFLICT when it would add an error and is not
 *         forced, and when a change failed on its way; what the file system says to the change:
 * STMBOOT_UNSUPPORTED, STMBOOT_CORRUPT, STMBOOT_LIMIT when it is full, STMBOOT_CONFLICT;
 *         STMBOOT_IO; STMBOOT_NO_MEMORY; STMBOOT_CANCELLED
 */
STMBOOT_API STMBOOT_NODISCARD enum stmboot_status
stmboot_boot_edit_stage(struct stmboot_boot_edit *edit, struct stmboot_refusal *why,
			const struct stmboot_edit_plan **out);

/**
 * Write what was staged.
 *
 * @param edit  that was begun
 * @param why   says why not; may be NULL
 * @return as stmboot_edit_commit(); STMBOOT_CONFLICT for what was refused
 */
STMBOOT_API STMBOOT_NODISCARD enum stmboot_status
stmboot_boot_edit_commit(struct stmboot_boot_edit *edit, struct stmboot_refusal *why);

/**
 * What the commit did.
 *
 * @param edit  that was begun
 * @return borrowed from the edit
 */
STMBOOT_API const struct stmboot_edit_result *
stmboot_boot_edit_result(const struct stmboot_boot_edit *edit);

/**
 * The boot of the image as it is, or was.
 *
 * @param edit  that was begun
 * @return a view, borrowed from the edit
 */
STMBOOT_API struct stmboot_boot_view stmboot_boot_edit_before(const struct stmboot_boot_edit *edit);

/**
 * The boot of the image as it is to be, once it is staged.
 *
 * @param edit  that was begun
 * @return a view, borrowed from the edit
 */
STMBOOT_API struct stmboot_boot_view stmboot_boot_edit_after(const struct stmboot_boot_edit *edit);

/**
 * Release an edit; what was not committed is abandoned.
 *
 * @param edit  NULL is fine
 */
STMBOOT_API void stmboot_boot_edit_close(struct stmboot_boot_edit *edit);

#ifdef __cplusplus
}
#endif

#endif
