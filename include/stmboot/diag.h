/* SPDX-License-Identifier: MIT */
/**
 * @file
 * Diagnostics: what is wrong with, or worth knowing of, a medium.
 *
 * A diagnostic has a code that never changes its meaning, a severity, the
 * stage of the boot it concerns, and a place. Strings may hold any bytes that
 * stood on the medium: pass them through stmboot_escape() (text.h) before they
 * meet a terminal.
 */
#ifndef STMBOOT_DIAG_H
#define STMBOOT_DIAG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <stmboot/context.h>
#include <stmboot/status.h>

#ifdef __cplusplus
extern "C" {
#endif

/** How bad it is; a larger value is worse. */
enum stmboot_severity {
	STMBOOT_NOTE,    /**< worth knowing */
	STMBOOT_WARNING, /**< it boots, but something needs attention */
	STMBOOT_ERROR,   /**< the stage is not passed, or data will be lost */
};

/** The eight stages of a boot, in order. */
enum stmboot_stage {
	STMBOOT_STAGE_ROM,      /**< the boot ROM finds a first-stage loader */
	STMBOOT_STAGE_FSBL,     /**< the first stage finds the second */
	STMBOOT_STAGE_SSBL,     /**< the second stage (U-Boot) is intact and starts */
	STMBOOT_STAGE_EXTLINUX, /**< U-Boot finds a configuration and chooses a label */
	STMBOOT_STAGE_KERNEL,   /**< kernel, initrd and command line are loaded */
	STMBOOT_STAGE_DTB,      /**< the device tree and its overlays are loaded */
	STMBOOT_STAGE_ROOTFS,   /**< Linux finds and mounts its root file system */
	STMBOOT_STAGE_INIT,     /**< the first process starts */
};

enum { STMBOOT_STAGE_COUNT = 8, STMBOOT_NO_STAGE = -1, STMBOOT_NO_PARTITION = -1 };

/** Where on the medium something stands. */
struct stmboot_place {
	uint32_t medium;   /**< 0: the image itself; others are kept for boot-area dumps */
	int32_t partition; /**< number, 0 for a bare part, STMBOOT_NO_PARTITION for none */
	const char *path;  /**< file inside the partition, or NULL */
	uint32_t line;     /**< line of a text file, from 1; 0 for none */
	bool has_offset;   /**< offset and length are known */
	uint64_t offset;   /**< bytes from the start of the medium */
	uint64_t length;   /**< bytes concerned, 0 when only a point is meant */
};

/** One diagnostic; borrowed from its list, valid until the list is released. */
struct stmboot_diag {
	const char *code; /**< "gpt.primary-bad": area, dot, what is wrong */
	enum stmboot_severity severity;
	enum stmboot_stage stage;
	struct stmboot_place place;
	const char *found;    /**< as text, or NULL */
	const char *expected; /**< as text, or NULL */
	const char *message;  /**< one sentence without a full stop, never NULL */
	const char *hint;     /**< what to do next, or NULL */
};

/** A growing list of diagnostics. */
struct stmboot_diags;

/**
 * Make an empty list.
 *
 * @param ctx  allocator and limits; must outlive the list
 * @param out  on success, a list to release with stmboot_diags_free()
 * @return STMBOOT_OK or STMBOOT_NO_MEMORY; on failure *out is untouched
 */
STMBOOT_API STMBOOT_NODISCARD enum stmboot_status stmboot_diags_new(struct stmboot_context *ctx,
								    struct stmboot_diags **out);

/**
 * Release a list and every diagnostic in it.
 *
 * @param diags  NULL is fine
 */
STMBOOT_API void stmboot_diags_free(struct stmboot_diags *diags);

/**
 * How many diagnostics a list holds.
 *
 * @param diags  a list
 * @return their number
 */
STMBOOT_API size_t stmboot_diags_count(const struct stmboot_diags *diags);

/**
 * A diagnostic of a list.
 *
 * @param diags  a list
 * @param index  from 0
 * @return borrowed from the list, or NULL past the end
 */
STMBOOT_API const struct stmboot_diag *stmboot_diags_get(const struct stmboot_diags *diags,
							 size_t index);

/**
 * Whether one list holds more diagnostics of a code than another: what an edit
 * adds is of such a code.
 *
 * @param after   borrowed for the call
 * @param before  borrowed for the call
 * @param code    "gpt.primary-bad"
 * @return whether it does
 */
STMBOOT_API bool stmboot_diags_has_more(const struct stmboot_diags *after,
					const struct stmboot_diags *before, const char *code);

/** What is known about a code, whether or not it was raised. */
struct stmboot_code {
	const char *code;
	enum stmboot_severity severity; /**< the usual one; the context of a card may lower it */
	enum stmboot_stage stage;       /**< the usual one */
	const char *meaning;            /**< one line */
	const char *explanation;        /**< what it does to the boot and how to mend it */
	const char *source;             /**< the program or specification that decides */
	bool deep;                      /**< only a deep look can find it */
	/** Codes, NULL at the end: where one was raised this one is not looked for; or NULL. */
	const char *const *prerequisites;
};

/**
 * How many codes there are.
 *
 * @return their number
 */
STMBOOT_API size_t stmboot_code_count(void);

/**
 * A code by its place in the order of areas.
 *
 * @param index  from 0
 * @return static, or NULL past the end
 */
STMBOOT_API const struct stmboot_code *stmboot_code_at(size_t index);

/**
 * A code by its name.
 *
 * @param code  "gpt.primary-bad"
 * @return static, or NULL when there is none of that name
 */
STMBOOT_API const struct stmboot_code *stmboot_code_find(const char *code);

/**
 * Whether a selector means a code: "gpt.primary-bad" means itself, and an area,
 * "gpt", all of its codes. A selector that means no code at all is a mistake.
 *
 * @param code      name of a code
 * @param selector  name of a code or an area
 * @return whether it is meant
 */
STMBOOT_API bool stmboot_code_matches(const char *code, const char *selector);

/**
 * Whether a selector means any code at all: what is not known is a mistake of the
 * caller's.
 *
 * @param selector  name of a code or an area
 * @return whether it does
 */
STMBOOT_API bool stmboot_code_is_known(const char *selector);

/** Which diagnostics count, by selectors. Zero it and set struct_size. */
struct stmboot_selection {
	size_t struct_size;
	const char *const *only; /**< no others than these; without any, all */
	size_t only_count;
	const char *const *ignore; /**< and of those not these */
	size_t ignore_count;
};

/**
 * Drop from a list what a selection leaves out; the order of the rest stays.
 * stmboot_boot_judge() (boot.h) then gives the verdict on what is left. That others
 * were left out for the context's max_findings is dropped only when it is ignored.
 *
 * @param diags      changed; a diagnostic that was borrowed from it before may
 *                   be another one afterwards
 * @param selection  borrowed for the call; NULL for all
 */
STMBOOT_API void stmboot_diags_select(struct stmboot_diags *diags,
				      const struct stmboot_selection *selection);

/**
 * The name of a severity.
 *
 * @param severity  what to name
 * @return "note", "warning" or "error"; static
 */
STMBOOT_API const char *stmboot_severity_text(enum stmboot_severity severity);

/**
 * The name of a stage.
 *
 * @param stage  what to name
 * @return "rom", "fsbl", "ssbl", "extlinux", "kernel", "dtb", "rootfs" or "init"; static
 */
STMBOOT_API const char *stmboot_stage_text(enum stmboot_stage stage);

#ifdef __cplusplus
}
#endif

#endif
