/* SPDX-License-Identifier: MIT */
/**
 * @file
 * The boot of a card, followed from the ROM to init.
 *
 * Each of the eight stages is decided as the real program at that stage
 * decides it, with its limits and its bugs; every decision and everything that
 * is wrong becomes a diagnostic.
 */
#ifndef STMBOOT_BOOT_H
#define STMBOOT_BOOT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <stmboot/context.h>
#include <stmboot/diag.h>
#include <stmboot/extlinux.h>
#include <stmboot/extlinux_edit.h>
#include <stmboot/image.h>
#include <stmboot/refusal.h>
#include <stmboot/status.h>
#include <stmboot/stm32.h>

#ifdef __cplusplus
extern "C" {
#endif

/** What became of a stage, or of all. */
enum stmboot_outcome {
	STMBOOT_OUTCOME_OK,
	STMBOOT_OUTCOME_WARNING,
	STMBOOT_OUTCOME_ERROR,
	STMBOOT_OUTCOME_UNREACHED,      /**< a stage before it was not passed */
	STMBOOT_OUTCOME_NOT_APPLICABLE, /**< this medium has nothing to decide here */
};

/**
 * The name of an outcome.
 *
 * @param outcome  what to name
 * @return "ok", "warning", "error", "unreached" or "not-applicable"; static
 */
STMBOOT_API const char *stmboot_outcome_text(enum stmboot_outcome outcome);

/** One stage. */
struct stmboot_stage_result {
	enum stmboot_stage stage;
	enum stmboot_outcome outcome;
	int32_t partition; /**< where what it took stands, or STMBOOT_NO_PARTITION */
	const char *path;  /**< file in that partition, or NULL */
	bool has_offset;
	uint64_t offset;     /**< bytes from the start of the medium */
	const char *summary; /**< one phrase: what it took, and why; never NULL */
};

/** A file inside a partition; path is NULL when there is none. */
struct stmboot_file_ref {
	int32_t partition;
	const char *path;
};

/** What the first stage is. */
enum stmboot_fsbl_kind {
	STMBOOT_FSBL_UNKNOWN,
	STMBOOT_FSBL_SPL,
	STMBOOT_FSBL_TFA,
};

/**
 * The name of a first stage.
 *
 * @param kind  what to name
 * @return "spl" or "tf-a"; NULL when unknown. Static.
 */
STMBOOT_API const char *stmboot_fsbl_kind_text(enum stmboot_fsbl_kind kind);

enum { STMBOOT_NO_LABEL = -1 };

/** A label of the configuration that counts. */
struct stmboot_boot_label {
	const char *name;
	const char *append;   /**< as written, before U-Boot expands it; or NULL */
	const char *bootargs; /**< what the kernel would get; NULL where that is not known */
};

/** A boot; everything is valid until stmboot_boot_free(). What is not known is NULL. */
struct stmboot_boot {
	enum stmboot_outcome verdict; /**< ok, warning or error: the worst of all findings */
	int stops_at;                 /**< the first stage not passed, or STMBOOT_NO_STAGE */
	enum stmboot_soc soc;
	enum stmboot_fsbl_kind fsbl_kind;
	const char *fsbl_version;
	const char *uboot_version;
	struct stmboot_stage_result stages[STMBOOT_STAGE_COUNT]; /**< in order */
	struct stmboot_file_ref config;                          /**< extlinux.conf */
	const char *label;                                       /**< the one that boots */
	const char *append;   /**< as written, before U-Boot expands it */
	const char *bootargs; /**< what the kernel gets */
	struct stmboot_file_ref kernel;
	const char *kernel_release; /**< only when asked for deeply */
	struct stmboot_file_ref initrd;
	struct stmboot_file_ref dtb;
	const char *dtb_model;
	const char *const *dtb_compatible;
	size_t dtb_compatible_count;
	const struct stmboot_file_ref *overlays;
	size_t overlay_count;
	const char *root_spec;  /**< value of root= */
	int32_t root_partition; /**< or STMBOOT_NO_PARTITION */
	const char *init_path;
	const char *init_resolved;               /**< after symbolic links */
	const struct stmboot_boot_label *labels; /**< of the configuration, in its order */
	size_t label_count;
	int32_t label_index; /**< of the one that boots, or STMBOOT_NO_LABEL */
	/**
	 * The kernel is a FIT: the configuration that bootm takes, and the names of
	 * its images. Where the initrd or the device tree has one, its path is that of
	 * the FIT.
	 */
	const char *fit_configuration;
	const char *kernel_image;
	const char *initrd_image;
	const char *dtb_image;
	const char *secure_os; /**< what runs beside U-Boot: "OP-TEE" or "SP_min" */
	const char *secure_os_version;
};

/** How to follow a boot. Zero it and set struct_size. */
struct stmboot_boot_options {
	size_t struct_size;
	bool deep; /**< open compressed payloads, too: kernel release, initrd */
};

/**
 * Follow the boot of an image.
 *
 * @param ctx      allocator and limits; must outlive the result
 * @param image    borrowed; must outlive the result
 * @param options  borrowed for the call; NULL for all defaults
 * @param diags    gains what was found, in the order of the stages
 * @param out      on success, a boot to release with stmboot_boot_free()
 * @return STMBOOT_OK, whatever is wrong with the card; STMBOOT_NO_MEMORY;
 *         STMBOOT_CANCELLED. On failure *out is untouched.
 */
STMBOOT_API STMBOOT_NODISCARD enum stmboot_status
stmboot_boot_trace(struct stmboot_context *ctx, struct stmboot_image *image,
		   const struct stmboot_boot_options *options, struct stmboot_diags *diags,
		   const struct stmboot_boot **out);

/**
 * The configuration that counts, as U-Boot reads it.
 *
 * @param boot  a boot that was followed
 * @return borrowed from the boot, or NULL when there is none
 */
STMBOOT_API const struct stmboot_extlinux *
stmboot_boot_configuration(const struct stmboot_boot *boot);

/**
 * The text of the configuration that counts, and of the files that it includes: read
 * once more from the card.
 *
 * @param boot  a boot that was followed; must outlive the result
 * @param out   on success, a document to release with stmboot_extlinux_document_free();
 *              the context is that of the boot
 * @return STMBOOT_OK; STMBOOT_NOT_FOUND when there is none; STMBOOT_LIMIT when it
 *         is too long; STMBOOT_NO_MEMORY; STMBOOT_CANCELLED; what reading the file
 *         gives. On failure *out is untouched.
 */
STMBOOT_API STMBOOT_NODISCARD enum stmboot_status
stmboot_boot_read_configuration(const struct stmboot_boot *boot,
				struct stmboot_extlinux_document **out);

/**
 * A label of the configuration that counts.
 *
 * @param boot  borrowed
 * @param name  of several with that name the last, as `default` takes it; NULL:
 *              the one that boots
 * @return borrowed from the boot; NULL when there is none
 */
STMBOOT_API const struct stmboot_boot_label *
stmboot_boot_find_label(const struct stmboot_boot *boot, const char *name);

/** Who reads the partition table of a card, in the order of the boot. */
enum stmboot_table_reader {
	STMBOOT_READER_ROM,
	STMBOOT_READER_LOADER, /**< the first stage: SPL or TF-A */
	STMBOOT_READER_UBOOT,
	STMBOOT_READER_LINUX,
	STMBOOT_READER_COUNT
};

/**
 * The name of a reader of the table, by what is on the card.
 *
 * @param boot    a boot that was followed
 * @param reader  who
 * @return "rom", "u-boot" or "linux"; the loader is "spl" or "tf-a". Static.
 */
STMBOOT_API const char *stmboot_boot_reader_text(const struct stmboot_boot *boot,
						 enum stmboot_table_reader reader);

/**
 * What a reader sees of the table, in the version that is on the card.
 *
 * @param boot    a boot that was followed
 * @param reader  who
 * @return a view, borrowed from the image that was traced
 */
STMBOOT_API struct stmboot_gpt_view stmboot_boot_table_view(const struct stmboot_boot *boot,
							    enum stmboot_table_reader reader);

/**
 * Read the device tree that the label that boots loads, as U-Boot reads it and
 * before any overlay; of an image that is a bare device tree, that.
 *
 * @param ctx    allocator and limits; must outlive the tree
 * @param image  borrowed for the call
 * @param boot   of the image; borrowed
 * @param file   another file that is meant, as Linux reads it; NULL: none
 * @param why    says why not; may be NULL
 * @param where  filled on success; its path is borrowed from boot or file, and NULL
 *               for a bare tree
 * @param out    on success, a GOOD tree to release with stmboot_dtb_free()
 * @return STMBOOT_OK; STMBOOT_NOT_FOUND when no label loads one, or without such a
 *         file; STMBOOT_NOT_RECOGNISED for a file that is no device tree;
 *         STMBOOT_CORRUPT when it is damaged or cut short; STMBOOT_UNSUPPORTED for
 *         its version; STMBOOT_LIMIT past max_dtb_bytes; what opening the file
 *         system or a file in it gives (fs.h). On failure *where and *out are
 *         untouched.
 */
STMBOOT_API STMBOOT_NODISCARD enum stmboot_status
stmboot_boot_read_dtb(struct stmboot_context *ctx, struct stmboot_image *image,
		      const struct stmboot_boot *boot, const struct stmboot_file_ref *file,
		      struct stmboot_refusal *why, struct stmboot_file_ref *where,
		      struct stmboot_dtb **out);

/**
 * The verdict on a list of diagnostics, as a trace gives it on its own: to be
 * asked again when some were left out by stmboot_diags_select().
 *
 * @param diags     what was found
 * @param stops_at  becomes the first stage that is not passed, or STMBOOT_NO_STAGE
 * @return STMBOOT_OUTCOME_OK, STMBOOT_OUTCOME_WARNING or STMBOOT_OUTCOME_ERROR
 */
STMBOOT_API enum stmboot_outcome stmboot_boot_judge(const struct stmboot_diags *diags,
						    int *stops_at);

/**
 * Release a boot.
 *
 * @param boot  NULL is fine
 */
STMBOOT_API void stmboot_boot_free(const struct stmboot_boot *boot);

#ifdef __cplusplus
}
#endif

#endif
