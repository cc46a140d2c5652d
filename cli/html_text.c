/* SPDX-License-Identifier: MIT */
#include "html_text.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include <stmboot/text.h>

/* Of what stmboot_escape() gives, what HTML would take for its own. */
static void add_escaped(struct buffer *out, const char *text)
{
	static const struct {
		char c;
		const char *entity;
	} entities[] = { { '&', "&amp;" },
			 { '<', "&lt;" },
			 { '>', "&gt;" },
			 { '"', "&quot;" },
			 { '\'', "&#39;" } };

	while (*text != '\0') {
		const size_t plain = strcspn(text, "&<>\"'");

		buffer_add(out, text, plain);
		text += plain;
		for (size_t i = 0; *text != '\0' && i < sizeof(entities) / sizeof(entities[0]); i++)
			if (*text == entities[i].c) {
				buffer_puts(out, entities[i].entity);
				text++;
				break;
			}
	}
}

void html_text(struct buffer *out, const char *text)
{
	char brief[512];
	const size_t size = stmboot_escape(text, brief, sizeof(brief)) + 1;
	char *safe = size > sizeof(brief) ? malloc(size) : brief;

	if (safe == NULL) {
		out->failed = true;
		return;
	}
	if (safe != brief)
		stmboot_escape(text, safe, size);
	add_escaped(out, safe);
	if (safe != brief)
		free(safe);
}

/* A piece without tabs and backslashes; a NUL in it ends it for html_text(). */
static void add_piece(struct buffer *out, const char *text, size_t size)
{
	char *piece = malloc(size + 1);

	if (piece == NULL) {
		out->failed = true;
		return;
	}
	memcpy(piece, text, size);
	piece[size] = '\0';
	html_text(out, piece);
	free(piece);
}

void html_line(struct buffer *out, const char *text, size_t size)
{
	while (size > 0) {
		size_t plain = 0;

		while (plain < size && text[plain] != '\t' && text[plain] != '\\' &&
		       text[plain] != '\0')
			plain++;
		if (plain > 0)
			add_piece(out, text, plain);
		if (plain < size)
			buffer_puts(out, text[plain] == '\t'   ? "\t"
					 : text[plain] == '\\' ? "\\"
							       : "\\x00");
		plain += plain < size;
		text += plain;
		size -= plain;
	}
}

void html_name(struct buffer *out, const char *name)
{
	buffer_puts(out, "<bdi>");
	html_text(out, name);
	buffer_puts(out, "</bdi>");
}

void html_sentence(struct buffer *out, const char *text)
{
	/* A first word like "root=" or "zImage" is no English. */
	const size_t word = strspn(text, "abcdefghijklmnopqrstuvwxyz");
	const bool english = word > 0 && (text[word] == ' ' || text[word] == '\0');

	if (english) {
		const char capital = (char)(*text - 'a' + 'A');

		buffer_add(out, &capital, 1);
	}
	html_text(out, text + english);
}

void html_advice(struct buffer *out, const char *text)
{
	const char *open, *close;

	while ((open = strchr(text, '`')) != NULL && (close = strchr(open + 1, '`')) != NULL) {
		add_piece(out, text, (size_t)(open - text));
		buffer_puts(out, "<code>");
		add_piece(out, open + 1, (size_t)(close - open - 1));
		buffer_puts(out, "</code>");
		text = close + 1;
	}
	html_text(out, text);
}
