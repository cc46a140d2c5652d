/* SPDX-License-Identifier: MIT */
/* What the parts of the extlinux.conf reader share. */
#ifndef SB_FORMAT_EXTLINUX_H
#define SB_FORMAT_EXTLINUX_H

#include <stmboot/extlinux.h>

#include "base/arena.h"
#include "base/diag.h"

enum sb_extlinux_state { SB_EXTLINUX_KEYWORD, SB_EXTLINUX_VALUE };

enum sb_extlinux_token_type { SB_EXTLINUX_EOL, SB_EXTLINUX_EOF, SB_EXTLINUX_STRING };

struct sb_extlinux_token {
	enum sb_extlinux_token_type type;
	enum stmboot_extlinux_keyword keyword; /* of a string where a keyword is expected */
	const char *name;                      /* the keyword as it stands in the table, or NULL */
	bool too_new;                          /* a keyword, but not yet of this U-Boot */
	size_t start;                          /* in memory */
	size_t length;
};

/* A stretch of memory that one file was loaded to. */
struct sb_extlinux_segment {
	size_t base;
	size_t size;
	uint32_t file;
};

struct sb_extlinux_parser {
	struct stmboot_context *ctx;
	struct sb_arena *arena;
	const struct stmboot_extlinux_options *options;
	struct stmboot_extlinux *conf;
	/*
	 * U-Boot's memory from the place where it loads the configuration.
	 * Included files go where U-Boot puts them, so its overlap bug happens
	 * here by itself. Everything behind `size` counts as NUL.
	 */
	char *memory;
	size_t size;
	size_t capacity;
	uint64_t loaded_bytes;
	size_t line_count;                    /* of all files */
	struct sb_extlinux_segment *segments; /* by base; a load drops all that stood behind it */
	size_t segment_count, segment_capacity;
	struct stmboot_extlinux_file *files;
	size_t file_capacity;
	struct stmboot_extlinux_line **lines; /* of each file */
	size_t lines_count, lines_capacity;
	bool *cr_seen; /* in each file */
	size_t cr_count, cr_capacity;
	struct stmboot_extlinux_label *labels;
	size_t label_capacity;
	struct stmboot_extlinux_event *events;
	size_t event_capacity;
	int32_t cut_label; /* the label that a word ended early, while no other began */
	size_t cut_at;     /* where that word stands; SIZE_MAX for none */
	enum stmboot_status status;
};

/* Load a file at `base`, as far as its first NUL, over whatever is there. */
STMBOOT_NODISCARD bool sb_extlinux_load(struct sb_extlinux_parser *p, size_t base, const char *path,
					const void *data, size_t size);

/* The byte at a place in memory; NUL behind the end. */
char sb_extlinux_byte(const struct sb_extlinux_parser *p, size_t position);

/* The next token; *position moves behind it, past an end of line, and past the NUL at the end. */
struct sb_extlinux_token sb_extlinux_lex(const struct sb_extlinux_parser *p, size_t *position,
					 enum sb_extlinux_state state);

/* The keyword that a word is, also one that is too new; false when it is none. */
bool sb_extlinux_find_keyword(const char *name, unsigned version, struct sb_extlinux_token *out);

/* First end of line or NUL at or after a position. */
size_t sb_extlinux_line_end(const struct sb_extlinux_parser *p, size_t position);

/* A copy of memory with its place in a file. The text is NULL without memory only. */
struct stmboot_extlinux_text sb_extlinux_text(struct sb_extlinux_parser *p, size_t start,
					      size_t length);

/* Say what a line turned out to be, unless that is known. */
void sb_extlinux_mark(struct sb_extlinux_parser *p, size_t position,
		      enum stmboot_extlinux_keyword keyword, bool ignored, int32_t label);

void sb_extlinux_event(struct sb_extlinux_parser *p, enum stmboot_extlinux_event_kind kind,
		       const struct stmboot_extlinux_text *at, const char *keyword, int32_t label);

/* Note what is odd about a keyword or a value just read: CR, trailing blanks, odd spaces. */
void sb_extlinux_notice(struct sb_extlinux_parser *p, const struct sb_extlinux_token *token,
			const char *keyword, int32_t label);

/* What came of reading a value. */
enum sb_extlinux_value {
	SB_EXTLINUX_VALUE_READ,
	SB_EXTLINUX_VALUE_EMPTY,  /* the line ends first */
	SB_EXTLINUX_VALUE_AT_END, /* the file ends first */
};

/* The keyword that is being handled. */
struct sb_extlinux_key {
	struct sb_extlinux_token token;
	int32_t label; /* the label it stands in, or STMBOOT_EXTLINUX_NONE */
};

/* Has memory run out? Sticky, so asking at the end of a step is enough. */
static inline bool sb_extlinux_failed(const struct sb_extlinux_parser *p)
{
	return p->arena->failed;
}

/* A copy of a token with its place. */
struct stmboot_extlinux_text sb_extlinux_text_of(struct sb_extlinux_parser *p,
						 const struct sb_extlinux_token *token);

/* An event at a keyword. */
void sb_extlinux_event_at(struct sb_extlinux_parser *p, enum stmboot_extlinux_event_kind kind,
			  const struct sb_extlinux_key *key);

/* End the parse; the model keeps what was read before. Always false, so that callers return it. */
bool sb_extlinux_fault(struct sb_extlinux_parser *p, enum stmboot_extlinux_fault what,
		       const struct stmboot_extlinux_text *at);
bool sb_extlinux_fault_at(struct sb_extlinux_parser *p, enum stmboot_extlinux_fault what,
			  const struct sb_extlinux_key *key);

/* The rest of the line; *out is left alone when there is nothing. */
enum sb_extlinux_value sb_extlinux_read_value(struct sb_extlinux_parser *p, size_t *position,
					      const struct sb_extlinux_key *key,
					      struct stmboot_extlinux_text *out);

/* A value whose absence rejects the whole file. */
STMBOOT_NODISCARD bool sb_extlinux_require_value(struct sb_extlinux_parser *p, size_t *position,
						 const struct sb_extlinux_key *key,
						 struct stmboot_extlinux_text *out);
STMBOOT_NODISCARD bool sb_extlinux_require_integer(struct sb_extlinux_parser *p, size_t *position,
						   const struct sb_extlinux_key *key,
						   struct stmboot_extlinux_text *out,
						   int32_t *value);

/* A value of which the last one counts. */
STMBOOT_NODISCARD bool sb_extlinux_replace_value(struct sb_extlinux_parser *p, size_t *position,
						 const struct sb_extlinux_key *key,
						 struct stmboot_extlinux_text *out);

/* A menu word that means nothing here, or no word at all. */
enum sb_extlinux_value sb_extlinux_ignore_menu_word(struct sb_extlinux_parser *p,
						    const struct sb_extlinux_key *key,
						    const struct sb_extlinux_token *word);

/* Go to the end of a menu line, of which `last` was read last. */
STMBOOT_NODISCARD bool sb_extlinux_finish_menu(struct sb_extlinux_parser *p, size_t *position,
					       enum sb_extlinux_value last,
					       const struct sb_extlinux_key *key);

/* Is the keyword one that a label takes? */
bool sb_extlinux_label_takes(enum stmboot_extlinux_keyword keyword);

/* A label with its lines; *position ends at the word that it does not take. */
STMBOOT_NODISCARD bool sb_extlinux_parse_label(struct sb_extlinux_parser *p, size_t *position,
					       const struct sb_extlinux_key *key);

/* Parse from a place in memory; false when the file is rejected or reading failed. */
STMBOOT_NODISCARD bool sb_extlinux_parse(struct sb_extlinux_parser *p, size_t base, unsigned level);

#endif
