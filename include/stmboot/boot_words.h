/* SPDX-License-Identifier: MIT */
/**
 * @file
 * The words of the kernel's command line, and where each of them comes from.
 */
#ifndef STMBOOT_BOOT_WORDS_H
#define STMBOOT_BOOT_WORDS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <stmboot/boot.h>
#include <stmboot/context.h>
#include <stmboot/status.h>

#ifdef __cplusplus
extern "C" {
#endif

/** Where a word comes from. */
enum stmboot_word_origin {
	STMBOOT_WORD_APPEND,      /**< the line append of the label, as written */
	STMBOOT_WORD_VARIABLE,    /**< that line, with the value of a variable of U-Boot's in it */
	STMBOOT_WORD_IPAPPEND,    /**< U-Boot adds it, as the line ipappend asks for */
	STMBOOT_WORD_ENVIRONMENT, /**< the saved variable bootargs: the label leaves it alone */
	STMBOOT_WORD_DTB, /**< /chosen of the device tree: U-Boot has nothing to replace it */
};

/** Who sets a variable of U-Boot's. */
enum stmboot_variable_origin {
	STMBOOT_VARIABLE_UNKNOWN,   /**< nobody, as far as is known */
	STMBOOT_VARIABLE_OF_BOARD,  /**< the code for the board, at every start */
	STMBOOT_VARIABLE_OF_SEARCH, /**< U-Boot, while it looks for a configuration */
	STMBOOT_VARIABLE_SAVED,     /**< the saved environment */
};

/** One word. */
struct stmboot_boot_word {
	const char *text; /**< as the kernel gets it, with its quotes */
	uint64_t offset;  /**< bytes from the start of the command line */
	uint64_t length;  /**< of the text, in bytes */
	enum stmboot_word_origin origin;
	uint32_t file;        /**< index of the configuration's file with that line */
	uint32_t line;        /**< in that file, from 1; 0 where it is of no line */
	const char *variable; /**< the first one that gave something to it, or NULL */
	enum stmboot_variable_origin variable_origin;
	bool for_init;       /**< behind "--": the kernel hands it to init */
	const char *meaning; /**< as stmboot_cmdline_meaning() has it; NULL: not known */
};

/** The words of a command line, in order; "--" is not among them. */
struct stmboot_boot_words {
	const struct stmboot_boot_word *words;
	size_t count;
};

/**
 * Tell where the words come from that the kernel gets from the label that boots.
 *
 * @param ctx   allocator; must outlive the result
 * @param boot  a boot that was followed; borrowed for the call
 * @param out   on success, words to release with stmboot_boot_words_free(); none
 *              when no label gives any
 * @return STMBOOT_OK or STMBOOT_NO_MEMORY; on failure *out is untouched
 */
STMBOOT_API STMBOOT_NODISCARD enum stmboot_status
stmboot_boot_words_new(struct stmboot_context *ctx, const struct stmboot_boot *boot,
		       const struct stmboot_boot_words **out);

/**
 * Release words.
 *
 * @param words  NULL is fine
 */
STMBOOT_API void stmboot_boot_words_free(const struct stmboot_boot_words *words);

#ifdef __cplusplus
}
#endif

#endif
