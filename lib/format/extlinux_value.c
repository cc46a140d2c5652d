/* SPDX-License-Identifier: MIT */
/*
 * Values behind keywords, and what their absence does.
 * Deciding source: parse_sliteral(), parse_integer() and parse_menu() of
 * U-Boot's boot/pxe_utils.c.
 */
#include "format/extlinux.h"

#include <limits.h>
#include <string.h>

enum { HEXADECIMAL = 202110 }; /* simple_strtol() takes "0x" where it is told base 10 */

/* A copy of a token with its place. */
struct stmboot_extlinux_text sb_extlinux_text_of(struct sb_extlinux_parser *p,
						 const struct sb_extlinux_token *token)
{
	return sb_extlinux_text(p, token->start, token->length);
}

void sb_extlinux_event_at(struct sb_extlinux_parser *p, enum stmboot_extlinux_event_kind kind,
			  const struct sb_extlinux_key *key)
{
	struct stmboot_extlinux_text at = sb_extlinux_text_of(p, &key->token);

	sb_extlinux_event(p, kind, &at, key->token.name, key->label);
}

/* End the parse. Always false, so that callers return it. */
bool sb_extlinux_fault(struct sb_extlinux_parser *p, enum stmboot_extlinux_fault what,
		       const struct stmboot_extlinux_text *at)
{
	bool rejected = what <= STMBOOT_EXTLINUX_INCLUDE_DEPTH;

	p->conf->fault = what;
	p->conf->outcome = rejected ? STMBOOT_EXTLINUX_REJECTED : STMBOOT_EXTLINUX_UNDEFINED;
	p->conf->fault_at = *at;
	return false;
}

bool sb_extlinux_fault_at(struct sb_extlinux_parser *p, enum stmboot_extlinux_fault what,
			  const struct sb_extlinux_key *key)
{
	struct stmboot_extlinux_text at = sb_extlinux_text_of(p, &key->token);

	return sb_extlinux_fault(p, what, &at);
}

enum sb_extlinux_value sb_extlinux_read_value(struct sb_extlinux_parser *p, size_t *position,
					      const struct sb_extlinux_key *key,
					      struct stmboot_extlinux_text *out)
{
	struct sb_extlinux_token token = sb_extlinux_lex(p, position, SB_EXTLINUX_VALUE);

	if (token.type != SB_EXTLINUX_STRING) {
		sb_extlinux_event_at(p, STMBOOT_EXTLINUX_EVENT_EMPTY_VALUE, key);
		return token.type == SB_EXTLINUX_EOL ? SB_EXTLINUX_VALUE_EMPTY
						     : SB_EXTLINUX_VALUE_AT_END;
	}
	*out = sb_extlinux_text_of(p, &token);
	sb_extlinux_notice(p, &token, key->token.name, key->label);
	return SB_EXTLINUX_VALUE_READ;
}

/* A value whose absence rejects the whole file. */
bool sb_extlinux_require_value(struct sb_extlinux_parser *p, size_t *position,
			       const struct sb_extlinux_key *key, struct stmboot_extlinux_text *out)
{
	if (sb_extlinux_read_value(p, position, key, out) != SB_EXTLINUX_VALUE_READ)
		return sb_extlinux_fault_at(p, STMBOOT_EXTLINUX_EMPTY_VALUE, key);
	return !sb_extlinux_failed(p);
}

static int digit_of(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	return c >= 'A' && c <= 'F' ? c - 'A' + 10 : INT_MAX;
}

/* simple_strtol(text, NULL, 10), cut to an int. A "0x" counts although base 10 is asked for. */
static int32_t integer_of(const struct sb_extlinux_parser *p, const char *text)
{
	bool negative = *text == '-';
	uint32_t base = 10, value = 0;

	text += negative;
	if (p->conf->version >= HEXADECIMAL && text[0] == '0' &&
	    (text[1] == 'x' || text[1] == 'X')) {
		base = 16;
		text += 2;
	}
	for (; digit_of(*text) < (int)base; text++)
		value = value * base + (uint32_t)digit_of(*text);
	return (int32_t)(negative ? 0 - value : value);
}

static bool is_plain_integer(const char *text)
{
	size_t digits;

	text += *text == '-';
	digits = strspn(text, "0123456789");
	return digits > 0 && digits < 10 && text[digits + strspn(text + digits, " \t\r")] == '\0';
}

bool sb_extlinux_require_integer(struct sb_extlinux_parser *p, size_t *position,
				 const struct sb_extlinux_key *key,
				 struct stmboot_extlinux_text *out, int32_t *value)
{
	if (!sb_extlinux_require_value(p, position, key, out))
		return false;
	*value = integer_of(p, out->text);
	if (!is_plain_integer(out->text))
		sb_extlinux_event(p, STMBOOT_EXTLINUX_EVENT_NOT_A_NUMBER, out, key->token.name,
				  key->label);
	return true;
}

/* A value of which the last one counts. */
bool sb_extlinux_replace_value(struct sb_extlinux_parser *p, size_t *position,
			       const struct sb_extlinux_key *key, struct stmboot_extlinux_text *out)
{
	struct stmboot_extlinux_text before = *out;

	if (!sb_extlinux_require_value(p, position, key, out))
		return false;
	if (before.text != NULL)
		sb_extlinux_event(p, STMBOOT_EXTLINUX_EVENT_REPLACED, &before, key->token.name,
				  key->label);
	return true;
}

/*
 * Both kinds of menu line skip to the end of "their" line at last, even when
 * the end of line was taken already: then the next line is lost, and behind
 * the end of the file U-Boot runs through memory.
 */
bool sb_extlinux_finish_menu(struct sb_extlinux_parser *p, size_t *position,
			     enum sb_extlinux_value last, const struct sb_extlinux_key *key)
{
	struct sb_extlinux_token lost = { .start = *position };
	struct stmboot_extlinux_text at;
	size_t look = *position;

	if (last == SB_EXTLINUX_VALUE_AT_END)
		return sb_extlinux_fault_at(p, STMBOOT_EXTLINUX_PAST_END, key);
	*position = sb_extlinux_line_end(p, *position);
	if (last == SB_EXTLINUX_VALUE_READ || *position == lost.start)
		return !sb_extlinux_failed(p);
	sb_extlinux_mark(p, lost.start, STMBOOT_EXTLINUX_SWALLOWED, true, key->label);
	if (sb_extlinux_lex(p, &look, SB_EXTLINUX_VALUE).type != SB_EXTLINUX_STRING)
		return !sb_extlinux_failed(p);
	lost.length = *position - lost.start;
	at = sb_extlinux_text_of(p, &lost);
	sb_extlinux_event(p, STMBOOT_EXTLINUX_EVENT_SWALLOWED, &at, key->token.name, key->label);
	return !sb_extlinux_failed(p);
}

static enum sb_extlinux_value value_of_token(const struct sb_extlinux_token *token)
{
	return token->type == SB_EXTLINUX_EOL   ? SB_EXTLINUX_VALUE_EMPTY
	       : token->type == SB_EXTLINUX_EOF ? SB_EXTLINUX_VALUE_AT_END
						: SB_EXTLINUX_VALUE_READ;
}

/* A menu word that means nothing here, or no word at all. */
enum sb_extlinux_value sb_extlinux_ignore_menu_word(struct sb_extlinux_parser *p,
						    const struct sb_extlinux_key *key,
						    const struct sb_extlinux_token *word)
{
	struct stmboot_extlinux_text at;

	if (word->type != SB_EXTLINUX_STRING) {
		sb_extlinux_event_at(p, STMBOOT_EXTLINUX_EVENT_EMPTY_VALUE, key);
		return value_of_token(word);
	}
	at = sb_extlinux_text_of(p, word);
	sb_extlinux_event(p, STMBOOT_EXTLINUX_EVENT_MENU_IGNORED, &at, key->token.name, key->label);
	return SB_EXTLINUX_VALUE_READ;
}
