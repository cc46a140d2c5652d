/* SPDX-License-Identifier: MIT */
/* What the parts of the extlinux.conf editor share. */
#ifndef SB_FORMAT_EXTLINUX_EDIT_H
#define SB_FORMAT_EXTLINUX_EDIT_H

#include <stmboot/extlinux_edit.h>

#include "base/arena.h"
#include "base/refusal.h"
#include "format/extlinux.h"

struct sb_document_file {
	struct stmboot_extlinux_document_file now; /* first: what callers see */
	const char *original;
	size_t original_size;
	char *edited; /* what now.text is after an edit, or NULL */
};

struct stmboot_extlinux_document {
	struct stmboot_context *ctx;
	struct sb_arena arena; /* the files as they were */
	unsigned version;
	struct sb_document_file *files;
	size_t file_count, file_capacity;
	const struct stmboot_extlinux *conf;
};

/* The texts of a label, as an edit means them to be read. */
enum sb_label_text {
	SB_LABEL_NAME,
	SB_LABEL_KERNEL,
	SB_LABEL_CONFIG,
	SB_LABEL_APPEND,
	SB_LABEL_INITRD,
	SB_LABEL_FDT,
	SB_LABEL_FDTDIR,
	SB_LABEL_OVERLAYS,
	SB_LABEL_MENU,
	SB_LABEL_LOCALBOOT,
	SB_LABEL_IPAPPEND,
	SB_LABEL_ENDED_BY,
	SB_LABEL_TEXTS,
};

struct sb_expected_label {
	const char *text[SB_LABEL_TEXTS]; /* NULL: not there */
	bool menu_default;
	bool kaslrseed;
	bool initrd_from_append;
};

/* What a configuration says, without where it says it; strings are borrowed. */
struct sb_expected {
	struct sb_expected_label *labels; /* room for one more */
	size_t label_count;
	const char *default_name;
	const char *fallback;
	const char *timeout;
	const char *prompt;
	const char *title;
	const char *background;
	bool menu_shown;
};

/* What a configuration says now; false without memory. */
bool sb_expected_of(struct sb_arena *arena, const struct stmboot_extlinux *conf,
		    struct sb_expected *out);

/* The text of a label that a keyword gives, or SB_LABEL_TEXTS. */
enum sb_label_text sb_label_text_of(enum stmboot_extlinux_keyword keyword);

/* Where it stands in the configuration. */
const struct stmboot_extlinux_text *sb_label_text_at(const struct stmboot_extlinux_label *label,
						     enum sb_label_text which);

/* What U-Boot makes of a value of that keyword. */
bool sb_expected_set(struct sb_arena *arena, struct sb_expected_label *label,
		     enum stmboot_extlinux_keyword keyword, const char *value);

/* Does a configuration say this, but for a CR at the end of a value? */
bool sb_expected_matches(const struct sb_expected *expected, const struct stmboot_extlinux *conf);

/* A change of one file: bytes taken out at an offset, and a text put there. */
struct sb_splice {
	uint64_t offset;
	uint64_t removed;
	const char *text; /* NULL: nothing */
};

/* The file of a document that a file number of its configuration stands for. */
size_t sb_document_file_of(const struct stmboot_extlinux_document *document, uint32_t number);

/*
 * Change a file by splices in ascending order, read all again, and keep it if
 * it says what is expected.
 */
STMBOOT_NODISCARD enum stmboot_status
sb_document_apply(struct stmboot_extlinux_document *document, size_t file,
		  const struct sb_splice *splices, size_t count, const struct sb_expected *expected,
		  struct stmboot_refusal *why);

/* U-Boot must read the file for an edit to know what it does, and have such a label. */
STMBOOT_NODISCARD enum stmboot_status sb_document_ready(struct stmboot_extlinux_document *document,
							size_t label, struct stmboot_refusal *why);

/* Give a label a value that was looked at already. */
STMBOOT_NODISCARD enum stmboot_status
sb_document_set_value(struct stmboot_extlinux_document *document, struct sb_arena *arena,
		      size_t label, enum stmboot_extlinux_keyword keyword, const char *name,
		      const char *value, struct stmboot_refusal *why);

/* A key that a label can be given a value of. */
STMBOOT_NODISCARD enum stmboot_status
sb_edit_find_key(const struct stmboot_extlinux_document *document, const char *key,
		 struct sb_extlinux_token *out, struct stmboot_refusal *why);

/* The value that a key has in a label, or NULL. */
const char *sb_extlinux_label_value(const struct stmboot_extlinux_label *label, const char *key);

/* Would the text come back from the file as it was put in? */
STMBOOT_NODISCARD enum stmboot_status sb_edit_check_text(const char *value,
							 struct stmboot_refusal *why);

/* The same for the value of a keyword, with its own limits. */
STMBOOT_NODISCARD enum stmboot_status
sb_edit_check_value(const struct stmboot_extlinux_document *document, struct sb_arena *arena,
		    enum stmboot_extlinux_keyword keyword, const char *value,
		    struct stmboot_refusal *why);

/* Do the arguments of a label, or of a new one, still fit with that value? */
STMBOOT_NODISCARD enum stmboot_status
sb_edit_check_bootargs(const struct stmboot_extlinux_document *document, size_t index,
		       enum stmboot_extlinux_keyword keyword, const char *value,
		       struct stmboot_refusal *why);

/* The line that a text of the configuration stands in. */
const struct stmboot_extlinux_line *sb_edit_line_at(const struct stmboot_extlinux *conf,
						    const struct stmboot_extlinux_text *at);

const char *sb_edit_bytes_of(const struct stmboot_extlinux_document *document, uint32_t file,
			     const struct stmboot_extlinux_line *line);

bool sb_edit_ends_with_cr(const struct stmboot_extlinux_document *document, uint32_t file,
			  const struct stmboot_extlinux_line *line);

/* A new line behind or before one that is there, ended as that one is. */
struct sb_splice sb_edit_line_behind(struct sb_arena *arena,
				     const struct stmboot_extlinux_document *document,
				     uint32_t file, const struct stmboot_extlinux_line *line,
				     const char *text);
struct sb_splice sb_edit_line_before(struct sb_arena *arena,
				     const struct stmboot_extlinux_document *document,
				     uint32_t file, const struct stmboot_extlinux_line *line,
				     const char *text);

/* Another value in place of one that stands in the file. */
struct sb_splice sb_edit_value_at(const struct stmboot_extlinux_text *at, const char *value);

/* A value that a label did not have yet, in a line of its own. */
struct sb_splice sb_edit_new_value(struct sb_arena *arena,
				   const struct stmboot_extlinux_document *document, size_t label,
				   const char *name, const char *value);

/* The blanks that lines of labels begin with here; of this label, if it has any line. */
const char *sb_edit_indent_of(struct sb_arena *arena,
			      const struct stmboot_extlinux_document *document, size_t label);

/* The length of a value without the CR of a line that ends with CR LF. */
size_t sb_without_cr(const char *text, size_t length);

#endif
