/* SPDX-License-Identifier: MIT */
/**
 * @file
 * The kernel's command line, as Linux splits and understands it
 * (lib/cmdline.c, init/main.c, init/do_mounts.c, block/early-lookup.c).
 */
#ifndef STMBOOT_CMDLINE_H
#define STMBOOT_CMDLINE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <stmboot/context.h>
#include <stmboot/refusal.h>
#include <stmboot/status.h>

#ifdef __cplusplus
extern "C" {
#endif

enum {
	STMBOOT_CMDLINE_ARM_BYTES = 1024,   /**< COMMAND_LINE_SIZE of 32-bit ARM, with its NUL */
	STMBOOT_CMDLINE_ARM64_BYTES = 2048, /**< COMMAND_LINE_SIZE of arm64, with its NUL */
	STMBOOT_CMDLINE_ROOT_MAX = 63,      /**< characters of root= that the kernel keeps */
};

/** One word. */
struct stmboot_cmdline_argument {
	const char *key;     /**< without quotes around the word */
	const char *value;   /**< what follows the first '=', without quotes around it; or NULL */
	uint64_t offset;     /**< of the word in the text, with its quotes */
	uint64_t length;     /**< of the word in the text, with its quotes */
	bool after_dashdash; /**< behind "--": an argument of init, not of the kernel */
};

/** What root= names. */
enum stmboot_cmdline_root_kind {
	STMBOOT_ROOT_NONE,         /**< no root= */
	STMBOOT_ROOT_INVALID,      /**< the kernel cannot make anything of it */
	STMBOOT_ROOT_MMC,          /**< /dev/mmcblkDISKpPARTITION, or the whole disk */
	STMBOOT_ROOT_DEVICE,       /**< another name below /dev */
	STMBOOT_ROOT_PARTUUID,     /**< text and partnroff */
	STMBOOT_ROOT_MBR_PARTUUID, /**< PARTUUID of the form SSSSSSSS-PP: text, signature, partition
				    */
	STMBOOT_ROOT_PARTLABEL,    /**< text */
	STMBOOT_ROOT_NUMBER,       /**< major and minor */
	STMBOOT_ROOT_UUID,         /**< text; needs an initramfs */
	STMBOOT_ROOT_LABEL,        /**< text; needs an initramfs */
	STMBOOT_ROOT_NFS,          /**< /dev/nfs or /dev/cifs */
	STMBOOT_ROOT_FLASH,        /**< ubi... or mtd... */
	STMBOOT_ROOT_RAM,          /**< /dev/ram, /dev/ram0 */
};

/** root=, as far as the text alone tells. */
struct stmboot_cmdline_root {
	enum stmboot_cmdline_root_kind kind;
	const char *spec; /**< the value as the kernel keeps it, or NULL without root= */
	bool cut;         /**< it was longer than STMBOOT_CMDLINE_ROOT_MAX */
	size_t argument;  /**< index of the argument, when kind is not STMBOOT_ROOT_NONE */
	const char
		*text; /**< what follows PARTUUID=, PARTLABEL=, UUID=, LABEL= or /dev/; or NULL */
	bool has_partnroff; /**< "/PARTNROFF=" was given; text ends before it */
	int32_t partnroff;
	uint32_t disk;         /**< of STMBOOT_ROOT_MMC */
	uint32_t partition;    /**< of STMBOOT_ROOT_MMC and _MBR_PARTUUID; 0 for the whole disk */
	uint32_t signature;    /**< of STMBOOT_ROOT_MBR_PARTUUID */
	uint32_t device_major; /**< of STMBOOT_ROOT_NUMBER */
	uint32_t device_minor;
	const char *problem; /**< why it is STMBOOT_ROOT_INVALID, static; or NULL */
};

/** A decoded command line; every pointer lives as long as it. */
struct stmboot_cmdline {
	const char *text;                                 /**< the whole text */
	uint64_t length;                                  /**< of the text, in bytes */
	const struct stmboot_cmdline_argument *arguments; /**< in order, "--" not among them */
	size_t argument_count;
	struct stmboot_cmdline_root root;
	bool rootwait;            /**< rootwait, or rootwait=SECONDS (kernels after v6.5) */
	bool rootwait_has_value;  /**< only rootwait=...: nothing at all up to v6.5 */
	int32_t rootwait_seconds; /**< 0: for ever */
	uint32_t rootdelay;       /**< seconds */
	bool read_write;          /**< rw came after the last ro */
	bool has_ro_or_rw;
	const char *init;               /**< init=, or NULL */
	const char *rdinit;             /**< rdinit=, or NULL */
	const char *rootflags;          /**< rootflags=, or NULL */
	const char *const *rootfstypes; /**< of the last rootfstype=, split at ',' */
	size_t rootfstype_count;
	const char *const *consoles; /**< every console=, the last is /dev/console */
	size_t console_count;
	bool unclosed_quote; /**< a '"' without its partner: the rest is one word */
};

/**
 * Split a command line by the kernel's quoting rules.
 *
 * @param ctx   allocator; must outlive the result
 * @param text  NUL-terminated, borrowed for the call
 * @param out   on success, a command line to release with stmboot_cmdline_free()
 * @return STMBOOT_OK; STMBOOT_NO_MEMORY; STMBOOT_LIMIT when the text is longer
 *         than max_text_bytes. On failure *out is untouched.
 */
STMBOOT_API STMBOOT_NODISCARD enum stmboot_status
stmboot_cmdline_decode(struct stmboot_context *ctx, const char *text,
		       const struct stmboot_cmdline **out);

/**
 * Release a command line.
 *
 * @param cmdline  NULL is fine
 */
STMBOOT_API void stmboot_cmdline_free(const struct stmboot_cmdline *cmdline);

/**
 * The last argument of a key before "--", which is the one that counts.
 *
 * @param cmdline  a decoded command line
 * @param key      '-' equals '_' in it
 * @return borrowed from the command line, or NULL
 */
STMBOOT_API const struct stmboot_cmdline_argument *
stmboot_cmdline_find(const struct stmboot_cmdline *cmdline, const char *key);

/**
 * Are two keys one to the kernel, where '-' equals '_'?
 *
 * @param a  a key
 * @param b  another one
 * @return whether they are
 */
STMBOOT_API bool stmboot_cmdline_same_key(const char *a, const char *b);

/**
 * What an argument of the kernel is for.
 *
 * Documentation/admin-guide/kernel-parameters.txt of Linux; and some words that
 * systemd understands.
 *
 * @param key  '-' equals '_' in it
 * @return one phrase, static; NULL for a key that is not known here
 */
STMBOOT_API const char *stmboot_cmdline_meaning(const char *key);

/**
 * A change of the kernel's arguments. Zero it and set struct_size.
 *
 * An argument is `KEY=VALUE` or `FLAG`, as the kernel is to get it: a value with
 * blanks is put into double quotes, and one that has its quotes already stays
 * as it is.
 */
struct stmboot_cmdline_edit {
	size_t struct_size; /**< sizeof(struct stmboot_cmdline_edit) */
	/**
	 * All of one key replace all occurrences of that key, at the place of the
	 * first, or go to the end.
	 */
	const char *const *set;
	size_t set_count;
	const char *const *add; /**< go to the end, whatever is there */
	size_t add_count;
	const char *const *remove; /**< keys of which no occurrence stays */
	size_t remove_count;
	bool replace; /**< `set` is to be the whole line; neither add nor remove then */
};

/** An edited command line. */
struct stmboot_cmdline_edited {
	const char *text;
	bool changed; /**< it is not what it was */
};

/**
 * Change a command line. What is not asked for keeps its bytes and its order;
 * what follows "--" is init's and stays. '-' equals '_' in keys.
 * Linux lib/cmdline.c, kernel/params.c.
 *
 * @param ctx   allocator; must outlive the result
 * @param text  NUL-terminated, borrowed for the call
 * @param edit  borrowed for the call
 * @param why   says why it was refused; NULL: nobody asks
 * @param out   on success, a result to release with stmboot_cmdline_edited_free()
 * @return STMBOOT_OK; STMBOOT_NO_MEMORY; STMBOOT_LIMIT when the text is longer than
 *         max_text_bytes; STMBOOT_INVALID_ARGUMENT for an argument without a key, with
 *         a control character or with quotes that do not make it one word, and
 *         for a change that contradicts itself; STMBOOT_UNSUPPORTED when an
 *         unclosed quote in the text would take in what is added. On failure
 *         *out is untouched.
 */
STMBOOT_API STMBOOT_NODISCARD enum stmboot_status
stmboot_cmdline_edit(struct stmboot_context *ctx, const char *text,
		     const struct stmboot_cmdline_edit *edit, struct stmboot_refusal *why,
		     const struct stmboot_cmdline_edited **out);

/**
 * Release an edited command line.
 *
 * @param edited  NULL is fine
 */
STMBOOT_API void stmboot_cmdline_edited_free(const struct stmboot_cmdline_edited *edited);

#ifdef __cplusplus
}
#endif

#endif
