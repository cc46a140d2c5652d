/* SPDX-License-Identifier: MIT */
/**
 * @file
 * extlinux.conf, as U-Boot reads it.
 *
 * The deciding source is U-Boot's boot/pxe_utils.c with common/cli_simple.c and
 * common/menu.c, their bugs included; it is not syslinux. What differs between
 * releases depends on a version written as year * 100 + month (202301 is
 * v2023.01); 0 stands for 202301.
 */
#ifndef STMBOOT_EXTLINUX_H
#define STMBOOT_EXTLINUX_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <stmboot/context.h>
#include <stmboot/diag.h>
#include <stmboot/source.h>
#include <stmboot/status.h>

#ifdef __cplusplus
extern "C" {
#endif

enum {
	STMBOOT_EXTLINUX_VERSION = 202301, /**< assumed where none is known */
	STMBOOT_EXTLINUX_PATH_MAX = 512,   /**< longest path that U-Boot asks for */
	STMBOOT_EXTLINUX_CBSIZE = 1024,    /**< CONFIG_SYS_CBSIZE of ST's builds */
	STMBOOT_EXTLINUX_NONE = -1,        /**< no label */
};

/** A piece of a configuration file. */
struct stmboot_extlinux_text {
	const char *text; /**< NUL-terminated; NULL when it was never given */
	uint32_t file;    /**< index in stmboot_extlinux.files; 0 is the file itself */
	uint32_t line;    /**< from 1; 0 when text is NULL */
	uint64_t offset;  /**< first byte, in that file */
	uint64_t length;  /**< bytes in that file; what an overlapping include adds not counted */
};

/** What a line turned out to be. */
enum stmboot_extlinux_keyword {
	STMBOOT_EXTLINUX_UNREAD,    /**< the parser never came here */
	STMBOOT_EXTLINUX_BLANK,     /**< blank, or only a comment */
	STMBOOT_EXTLINUX_SWALLOWED, /**< eaten by an empty `menu label` or `menu` before it */
	STMBOOT_EXTLINUX_UNKNOWN,   /**< first word unknown */
	STMBOOT_EXTLINUX_MENU,
	STMBOOT_EXTLINUX_TITLE,
	STMBOOT_EXTLINUX_BACKGROUND,
	STMBOOT_EXTLINUX_TIMEOUT,
	STMBOOT_EXTLINUX_DEFAULT,
	STMBOOT_EXTLINUX_ONTIMEOUT,
	STMBOOT_EXTLINUX_FALLBACK,
	STMBOOT_EXTLINUX_PROMPT,
	STMBOOT_EXTLINUX_INCLUDE,
	STMBOOT_EXTLINUX_LABEL,
	STMBOOT_EXTLINUX_KERNEL,
	STMBOOT_EXTLINUX_APPEND,
	STMBOOT_EXTLINUX_INITRD,
	STMBOOT_EXTLINUX_FDT,
	STMBOOT_EXTLINUX_FDTDIR,
	STMBOOT_EXTLINUX_FDTOVERLAYS,
	STMBOOT_EXTLINUX_LOCALBOOT,
	STMBOOT_EXTLINUX_IPAPPEND,
	STMBOOT_EXTLINUX_KASLRSEED,
};

/** One line; together they cover every byte of a file in order. */
struct stmboot_extlinux_line {
	uint64_t offset;                       /**< bytes from the start of the file */
	uint64_t length;                       /**< without the line feed */
	bool has_line_feed;                    /**< false for a last line that is not ended */
	enum stmboot_extlinux_keyword keyword; /**< as it was read the first time */
	bool ignored;                          /**< known or not, the line had no effect */
	int32_t label; /**< index of the label it stands in, or STMBOOT_EXTLINUX_NONE */
};

/** A file that took part: number 0 is the configuration, the others were included. */
struct stmboot_extlinux_file {
	const char *path; /**< as U-Boot asks for it; NULL for number 0 */
	uint64_t size;    /**< bytes before the first NUL */
	bool has_nul;     /**< more follows behind a NUL; U-Boot does not see it */
	const struct stmboot_extlinux_line *lines;
	size_t line_count;
};

/** A label, in file order. */
struct stmboot_extlinux_label {
	uint32_t number; /**< what a user types in the menu: index + 1 */
	struct stmboot_extlinux_text name;
	struct stmboot_extlinux_text kernel;       /**< path as loaded, cut before the first '#' */
	struct stmboot_extlinux_text kernel_value; /**< the last kernel line's whole value */
	struct stmboot_extlinux_text config; /**< "#conf", possibly of an earlier kernel line */
	struct stmboot_extlinux_text append; /**< as written, before variables are expanded */
	struct stmboot_extlinux_text initrd;
	bool initrd_from_append; /**< it is the value of `initrd=` inside append */
	struct stmboot_extlinux_text fdt;
	struct stmboot_extlinux_text fdtdir;
	struct stmboot_extlinux_text fdtoverlays;     /**< the whole value */
	const struct stmboot_extlinux_text *overlays; /**< its words, split on SPACE only */
	size_t overlay_count;
	struct stmboot_extlinux_text menu;      /**< text shown instead of nothing in the menu */
	struct stmboot_extlinux_text localboot; /**< value as written */
	int32_t localboot_value;
	struct stmboot_extlinux_text ipappend; /**< value as written */
	int32_t ipappend_value;
	bool kaslrseed;
	bool menu_default; /**< holds `menu default`, whether or not it counted */
	/**
	 * The word that ended the label before the next `label` or the end of
	 * the file; text is NULL when nothing did.
	 */
	struct stmboot_extlinux_text ended_by;
};

/** Something odd that the parser met. */
enum stmboot_extlinux_event_kind {
	STMBOOT_EXTLINUX_EVENT_UNKNOWN_WORD,   /**< outside a label: the line is skipped */
	STMBOOT_EXTLINUX_EVENT_LABEL_ENDED,    /**< an unknown word ended the label */
	STMBOOT_EXTLINUX_EVENT_LABEL_CLOSED,   /**< a top-level keyword ended the label */
	STMBOOT_EXTLINUX_EVENT_OUTSIDE_LABEL,  /**< a label's keyword where no label is open */
	STMBOOT_EXTLINUX_EVENT_DUPLICATE,      /**< a second value is not read: it ends the label */
	STMBOOT_EXTLINUX_EVENT_REPLACED,       /**< a second value replaces the first */
	STMBOOT_EXTLINUX_EVENT_EMPTY_VALUE,    /**< keyword without its value */
	STMBOOT_EXTLINUX_EVENT_SWALLOWED,      /**< a line lost to an empty menu line before it */
	STMBOOT_EXTLINUX_EVENT_MENU_IGNORED,   /**< `menu` with a word that means nothing here */
	STMBOOT_EXTLINUX_EVENT_PROMPT_IGNORED, /**< `prompt` before v2023.04 */
	STMBOOT_EXTLINUX_EVENT_NOT_A_NUMBER,   /**< an integer value that is no plain number */
	STMBOOT_EXTLINUX_EVENT_CARRIAGE_RETURN, /**< CR in a line; the first of its file */
	STMBOOT_EXTLINUX_EVENT_TRAILING_BLANKS, /**< they belong to the value */
	STMBOOT_EXTLINUX_EVENT_BOM,       /**< UTF-8 byte order mark: the first line is lost */
	STMBOOT_EXTLINUX_EVENT_NUL,       /**< U-Boot stops reading at a NUL */
	STMBOOT_EXTLINUX_EVENT_ODD_SPACE, /**< VT, FF or 0xA0 ends a keyword */
	STMBOOT_EXTLINUX_EVENT_INCLUDE,   /**< a file was included */
	STMBOOT_EXTLINUX_EVENT_INCLUDE_OVERLAP, /**< loaded over the end of its parent */
	STMBOOT_EXTLINUX_EVENT_TOO_NEW,         /**< a keyword that this U-Boot does not know yet */
};

/** One event, in the order in which the parser met them. */
struct stmboot_extlinux_event {
	enum stmboot_extlinux_event_kind kind;
	struct stmboot_extlinux_text at; /**< the word or value concerned */
	const char *keyword;             /**< the keyword concerned, in lower case, or NULL */
	int32_t label; /**< index of the label concerned, or STMBOOT_EXTLINUX_NONE */
};

/** What became of the whole file. */
enum stmboot_extlinux_outcome {
	STMBOOT_EXTLINUX_READ,      /**< read to its end (it may hold no label) */
	STMBOOT_EXTLINUX_REJECTED,  /**< "Error parsing config file": no label is tried */
	STMBOOT_EXTLINUX_UNDEFINED, /**< U-Boot crashes or does what nobody can tell */
};

/**
 * The name of what U-Boot does with a file.
 *
 * @param outcome  what to name
 * @return "read", "rejected" or "undefined"; static
 */
STMBOOT_API const char *stmboot_extlinux_outcome_text(enum stmboot_extlinux_outcome outcome);

/** Why the file is rejected, or what U-Boot does wrong. */
enum stmboot_extlinux_fault {
	STMBOOT_EXTLINUX_NO_FAULT,
	STMBOOT_EXTLINUX_EMPTY_VALUE,     /**< rejected */
	STMBOOT_EXTLINUX_INCLUDE_MISSING, /**< rejected */
	STMBOOT_EXTLINUX_INCLUDE_DEPTH,   /**< rejected */
	STMBOOT_EXTLINUX_INITRD_LAST,     /**< undefined: data abort while parsing */
	STMBOOT_EXTLINUX_APPEND_NULL,     /**< undefined: empty append, NULL pointer read */
	STMBOOT_EXTLINUX_BAD_FREE,        /**< undefined: empty default, stray pointer released */
	STMBOOT_EXTLINUX_PAST_END,        /**< undefined: reads on behind the end of the file */
	STMBOOT_EXTLINUX_LABEL_OVERFLOW,  /**< undefined: more than 999 labels */
};

/** How long U-Boot waits in its menu. */
enum stmboot_extlinux_wait {
	STMBOOT_EXTLINUX_NO_WAIT, /**< boots at once */
	STMBOOT_EXTLINUX_WAIT_SECONDS,
	STMBOOT_EXTLINUX_WAIT_FOREVER, /**< until someone types a label's number */
};

/**
 * The name of how long U-Boot waits.
 *
 * @param wait  what to name
 * @return "none", "seconds" or "forever"; static
 */
STMBOOT_API const char *stmboot_extlinux_wait_text(enum stmboot_extlinux_wait wait);

/** What U-Boot tries, if nobody touches the keyboard. */
struct stmboot_extlinux_selection {
	/** Index of the default label, or STMBOOT_EXTLINUX_NONE. */
	int32_t default_label;
	bool default_missing; /**< a default is named, but no label has that name */
	enum stmboot_extlinux_wait wait;
	int32_t wait_seconds; /**< with STMBOOT_EXTLINUX_WAIT_SECONDS */
	/**
	 * Label indices in the order of attempts: each is tried when all before
	 * it failed. With an endless menu: the order if the menu were passed.
	 * Empty when the file is not STMBOOT_EXTLINUX_READ.
	 */
	const uint32_t *order;
	size_t order_count;
};

/** A decoded configuration; every pointer lives as long as it. */
struct stmboot_extlinux {
	unsigned version;      /**< the release it was read as, never 0 */
	const char *directory; /**< ends with '/' */
	enum stmboot_extlinux_outcome outcome;
	enum stmboot_extlinux_fault fault;
	struct stmboot_extlinux_text fault_at;
	const struct stmboot_extlinux_file *files;
	size_t file_count; /**< at least 1 */
	const struct stmboot_extlinux_label *labels;
	size_t label_count;
	/** The name that counts: of the last default or ontimeout, or of a label with `menu
	 * default`. */
	struct stmboot_extlinux_text default_name;
	struct stmboot_extlinux_text fallback;
	struct stmboot_extlinux_text timeout;
	int32_t timeout_tenths;
	int32_t timeout_seconds; /**< as U-Boot rounds; 0 for none, negative is over at once
				  or never */
	struct stmboot_extlinux_text prompt;    /**< value as written, also where it is ignored */
	bool menu_shown;                        /**< U-Boot's prompt flag at the end of the file */
	struct stmboot_extlinux_text menu_line; /**< the top-level menu line that set it first */
	struct stmboot_extlinux_text title;
	struct stmboot_extlinux_text background;
	const struct stmboot_extlinux_event *events;
	size_t event_count;
	struct stmboot_extlinux_selection selection;
};

/** How to read a configuration. Zero the structure and set struct_size. */
struct stmboot_extlinux_options {
	size_t struct_size; /**< sizeof(struct stmboot_extlinux_options) */
	unsigned version;   /**< U-Boot's release, 0 for STMBOOT_EXTLINUX_VERSION */
	/** Directory of the file inside its partition; NULL for "/extlinux/". */
	const char *directory;
	/**
	 * Give the bytes of an included file. NULL: there are none.
	 * `path` is absolute, with "." and ".." as written. The bytes must stay
	 * until the next call or the end of decoding. Any status but STMBOOT_OK
	 * and STMBOOT_NOT_FOUND ends the decoding with it.
	 */
	enum stmboot_status (*include)(void *user, const char *path, const void **data,
				       size_t *size);
	void *user;
};

/**
 * Read a configuration.
 *
 * @param ctx      allocator and limits; must outlive the result
 * @param text     the file's bytes, borrowed for the call; need not end with NUL
 * @param size     bytes
 * @param options  borrowed for the call; NULL for all defaults
 * @param out      on success, a configuration to release with stmboot_extlinux_free();
 *                 a file that U-Boot rejects is a success, see `outcome`
 * @return STMBOOT_OK; STMBOOT_NO_MEMORY; STMBOOT_LIMIT when a file is longer
 *         than max_text_bytes or the includes multiply without end; what the
 *         include callback gave. On failure *out is untouched.
 */
STMBOOT_API STMBOOT_NODISCARD enum stmboot_status
stmboot_extlinux_decode(struct stmboot_context *ctx, const void *text, size_t size,
			const struct stmboot_extlinux_options *options,
			const struct stmboot_extlinux **out);

/**
 * Release a configuration.
 *
 * @param conf  NULL is fine
 */
STMBOOT_API void stmboot_extlinux_free(const struct stmboot_extlinux *conf);

/**
 * The last label of a name, which is the one that `default` would take.
 *
 * @param conf  a decoded configuration
 * @param name  of the label
 * @return its index, or STMBOOT_EXTLINUX_NONE
 */
STMBOOT_API int32_t stmboot_extlinux_find(const struct stmboot_extlinux *conf, const char *name);

/**
 * The path that U-Boot asks its file system for.
 *
 * @param directory  of the configuration file, with or without a final '/'
 * @param value      absolute, or relative to the directory
 * @param out        receives the path; "." and ".." stay as written
 * @return STMBOOT_OK; STMBOOT_LIMIT when the path has more than
 *         STMBOOT_EXTLINUX_PATH_MAX bytes: U-Boot refuses it, *out is then ""
 */
STMBOOT_API STMBOOT_NODISCARD enum stmboot_status
stmboot_extlinux_path(const char *directory, const char *value,
		      char out[STMBOOT_EXTLINUX_PATH_MAX + 1]);

/** U-Boot's environment, as far as it is known. */
struct stmboot_extlinux_environment {
	/** The value of a variable, valid until the next call; NULL when it is not set. */
	const char *(*get)(void *user, const char *name);
	void *user;
};

/** A variable that an expansion met. */
struct stmboot_extlinux_variable {
	const char *name;
	const char *value;      /**< NULL: not set, so nothing was put in its place */
	uint64_t offset;        /**< of its '$' in the raw text */
	uint64_t result_offset; /**< where its value stands in the result */
	uint64_t result_length; /**< bytes of it there; fewer than it has when the result was cut */
};

/** The result of an expansion. */
struct stmboot_extlinux_expansion {
	const char *text;    /**< what bootargs is set to; "" with `deleted` or `overflow` */
	size_t length;       /**< of the text, in bytes */
	bool deleted;        /**< nothing is left, so U-Boot deletes its variable bootargs */
	bool overflow;       /**< "bootarg overflow": too long before expansion, the label fails */
	bool truncated;      /**< too long after expansion, cut without a message */
	bool unclosed;       /**< "${" without its brace swallowed the rest */
	bool dollar_lost;    /**< a '$' at the very end was dropped */
	bool quotes_removed; /**< single quotes were taken out */
	bool backslash_removed; /**< a backslash was taken out */
	const struct stmboot_extlinux_variable *variables;
	size_t variable_count;
	size_t append_length; /**< bytes of the text that come from append, not from ipappend */
};

/**
 * Expand a text as U-Boot's cli_simple_process_macros() does, once.
 *
 * @param ctx      allocator; must outlive the result
 * @param raw      NUL-terminated
 * @param env      variables; NULL: none is set
 * @param cbsize   CONFIG_SYS_CBSIZE of the build, 0 for STMBOOT_EXTLINUX_CBSIZE
 * @param out      on success, a result to release with stmboot_extlinux_expansion_free()
 * @return STMBOOT_OK or STMBOOT_NO_MEMORY; on failure *out is untouched
 */
STMBOOT_API STMBOOT_NODISCARD enum stmboot_status
stmboot_extlinux_expand(struct stmboot_context *ctx, const char *raw,
			const struct stmboot_extlinux_environment *env, size_t cbsize,
			const struct stmboot_extlinux_expansion **out);

/**
 * What booting a label sets bootargs to: append, with what ipappend adds.
 *
 * @param ctx      allocator; must outlive the result
 * @param label    borrowed for the call
 * @param env      variables; NULL: none is set
 * @param cbsize   CONFIG_SYS_CBSIZE of the build, 0 for STMBOOT_EXTLINUX_CBSIZE
 * @param out      on success, a result to release with stmboot_extlinux_expansion_free(),
 *                 or NULL: the label leaves bootargs alone
 * @return STMBOOT_OK or STMBOOT_NO_MEMORY; on failure *out is untouched
 */
STMBOOT_API STMBOOT_NODISCARD enum stmboot_status
stmboot_extlinux_bootargs(struct stmboot_context *ctx, const struct stmboot_extlinux_label *label,
			  const struct stmboot_extlinux_environment *env, size_t cbsize,
			  const struct stmboot_extlinux_expansion **out);

/**
 * Release an expansion.
 *
 * @param expansion  NULL is fine
 */
STMBOOT_API void
stmboot_extlinux_expansion_free(const struct stmboot_extlinux_expansion *expansion);

/** One thing that U-Boot does for a label. */
enum stmboot_extlinux_step_kind {
	STMBOOT_EXTLINUX_STEP_LOCALBOOT,  /**< run the variable localcmd; nothing else follows */
	STMBOOT_EXTLINUX_STEP_NO_KERNEL,  /**< "No kernel given": the label fails */
	STMBOOT_EXTLINUX_STEP_INITRD,     /**< load a file */
	STMBOOT_EXTLINUX_STEP_KERNEL,     /**< load a file */
	STMBOOT_EXTLINUX_STEP_BOOTARGS,   /**< set bootargs; an overflow fails the label */
	STMBOOT_EXTLINUX_STEP_FDT,        /**< load the file that `fdt` names */
	STMBOOT_EXTLINUX_STEP_FDTDIR,     /**< load the file that `fdtdir` and fdtfile give */
	STMBOOT_EXTLINUX_STEP_FIT_FDT,    /**< `fdt` repeats the kernel's value: the FIT's own */
	STMBOOT_EXTLINUX_STEP_FIT_INITRD, /**< likewise for `initrd`; bootm gets a stray pointer */
	STMBOOT_EXTLINUX_STEP_OVERLAY,    /**< load a file; only over a valid device tree */
};

/** One step. */
struct stmboot_extlinux_step {
	enum stmboot_extlinux_step_kind kind;
	bool fatal;                         /**< the label fails when this step does */
	struct stmboot_extlinux_text value; /**< where it stands in the configuration */
	const char *path; /**< of the file to load; NULL: no file, or too long for U-Boot */
};

/** The steps of a label, in U-Boot's order. */
struct stmboot_extlinux_steps {
	const struct stmboot_extlinux_step *steps;
	size_t count;
};

/**
 * What U-Boot does to boot a label, in its order: up to v2023.01 initrd, kernel,
 * bootargs, device tree, overlays; from v2023.04 the kernel comes first.
 *
 * ST's environment (fdt_addr_r and the like are set) is assumed.
 *
 * @param ctx    allocator; must outlive the result
 * @param conf   borrowed; must outlive the result
 * @param label  index of the label
 * @param env    variables (fdtfile, soc, board); NULL: none is set
 * @param out    on success, steps to release with stmboot_extlinux_steps_free()
 * @return STMBOOT_OK; STMBOOT_NO_MEMORY; STMBOOT_INVALID_ARGUMENT when there is
 *         no such label. On failure *out is untouched.
 */
STMBOOT_API STMBOOT_NODISCARD enum stmboot_status
stmboot_extlinux_label_steps(struct stmboot_context *ctx, const struct stmboot_extlinux *conf,
			     size_t label, const struct stmboot_extlinux_environment *env,
			     const struct stmboot_extlinux_steps **out);

/**
 * Release steps.
 *
 * @param steps  NULL is fine
 */
STMBOOT_API void stmboot_extlinux_steps_free(const struct stmboot_extlinux_steps *steps);

/** What a check needs to know beside the file. Zero it and set struct_size. */
struct stmboot_extlinux_check {
	size_t struct_size; /**< sizeof(struct stmboot_extlinux_check) */
	/**
	 * Index of the label that boots, or STMBOOT_EXTLINUX_NONE: a defect of
	 * any other label is no worse than a warning.
	 */
	int32_t boots;
	size_t cbsize; /**< CONFIG_SYS_CBSIZE, 0 for STMBOOT_EXTLINUX_CBSIZE */
	const struct stmboot_extlinux_environment *env; /**< NULL: none is set */
	const char *path;  /**< of the file inside its partition, for findings; or NULL */
	int32_t partition; /**< its partition, or STMBOOT_NO_PARTITION */
};

/**
 * Report what is wrong with a configuration: codes extlinux.* and bootargs.*.
 *
 * @param ctx    allocator
 * @param conf   borrowed for the call
 * @param src    the file's bytes, to place findings on the medium; NULL: by line only
 * @param check  borrowed for the call
 * @param diags  gains one entry per defect
 * @return STMBOOT_OK; STMBOOT_NO_MEMORY; STMBOOT_LIMIT when findings were dropped
 */
STMBOOT_API STMBOOT_NODISCARD enum stmboot_status
stmboot_extlinux_validate(struct stmboot_context *ctx, const struct stmboot_extlinux *conf,
			  struct stmboot_source *src, const struct stmboot_extlinux_check *check,
			  struct stmboot_diags *diags);

#ifdef __cplusplus
}
#endif

#endif
