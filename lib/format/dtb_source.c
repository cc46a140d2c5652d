/* SPDX-License-Identifier: MIT */
/*
 * Device trees as source text. What a property holds is guessed as dtc does,
 * and all of it is written so that dtc's scanner makes the same bytes of it.
 */
#include <stmboot/dtb_source.h>

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/cursor.h"
#include "format/dtb_text.h"

enum { CELL = 4 };

/* What dtc's scanner takes for a part of a name. */
static const char name_bytes[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
				 ",._+*#?@-";

static void add_hex(struct sb_dtb_text *t, const char *before, uint64_t value, int digits)
{
	char number[32];
	int length = snprintf(number, sizeof(number), "%s%0*" PRIx64, before, digits, value);

	sb_dtb_text_add(t, number, (size_t)length);
}

static bool is_printable(uint8_t byte)
{
	return byte >= 0x20 && byte < 0x7f;
}

/* isstring() of dtc's treesource.c. */
static bool is_text(uint8_t byte)
{
	return is_printable(byte) || (byte >= '\a' && byte <= '\r') || byte == 0;
}

enum stmboot_dtb_guess stmboot_dtb_guess(const struct stmboot_dtb_property *property)
{
	uint32_t length = property->length;
	uint32_t nuls = 0, others = 0;

	if (length == 0)
		return STMBOOT_DTB_EMPTY;
	for (uint32_t i = 0; i < length; i++) {
		nuls += property->data[i] == 0;
		others += !is_text(property->data[i]);
	}
	if (property->data[length - 1] == 0 && others == 0 && nuls < length - nuls)
		return STMBOOT_DTB_STRINGS;
	return length % CELL == 0 ? STMBOOT_DTB_CELLS : STMBOOT_DTB_BYTES;
}

struct stmboot_dtb_type stmboot_dtb_guess_type(enum stmboot_dtb_guess guess)
{
	switch (guess) {
	case STMBOOT_DTB_CELLS:
		return (struct stmboot_dtb_type){ 'u', 4 };
	case STMBOOT_DTB_BYTES:
		return (struct stmboot_dtb_type){ 'u', 1 };
	default:
		return (struct stmboot_dtb_type){ 's', 0 };
	}
}

const char *stmboot_dtb_guess_text(enum stmboot_dtb_guess guess)
{
	static const char *const names[] = { "empty", "strings", "cells", "bytes" };

	return (size_t)guess < sizeof(names) / sizeof(names[0]) ? names[guess] : "?";
}

/* A byte within quotes; dtc knows the escapes of C. */
static void add_quoted(struct sb_dtb_text *t, uint8_t byte)
{
	static const char letters[] = "abtnvfr"; /* from '\a' on */
	char escape[2] = { '\\', (char)byte };

	if (byte == '"' || byte == '\\') {
		sb_dtb_text_add(t, escape, sizeof(escape));
	} else if (is_printable(byte)) {
		sb_dtb_text_add(t, escape + 1, 1);
	} else {
		escape[1] = letters[byte - '\a'];
		sb_dtb_text_add(t, escape, sizeof(escape));
	}
}

static void add_strings(struct sb_dtb_text *t, const struct stmboot_dtb_property *property)
{
	sb_dtb_text_puts(t, "\"");
	for (uint32_t i = 0; i < property->length; i++) {
		if (property->data[i] != 0)
			add_quoted(t, property->data[i]);
		else
			sb_dtb_text_puts(t, i + 1 < property->length ? "\", \"" : "\"");
	}
}

static void add_value(struct sb_dtb_text *t, const struct stmboot_dtb_property *property)
{
	switch (stmboot_dtb_guess(property)) {
	case STMBOOT_DTB_EMPTY:
		break;
	case STMBOOT_DTB_STRINGS:
		add_strings(t, property);
		break;
	case STMBOOT_DTB_CELLS:
		for (uint32_t i = 0; i < property->length; i += CELL)
			add_hex(t, i == 0 ? "<0x" : " 0x", sb_get_be32(property->data + i), 1);
		sb_dtb_text_puts(t, ">");
		break;
	case STMBOOT_DTB_BYTES:
		for (uint32_t i = 0; i < property->length; i++)
			add_hex(t, i == 0 ? "[" : " ", property->data[i], 2);
		sb_dtb_text_puts(t, "]");
		break;
	}
}

size_t stmboot_dtb_value_source(const struct stmboot_dtb_property *property, char *buffer,
				size_t size)
{
	struct sb_dtb_text t = { .buffer = buffer, .size = size };

	add_value(&t, property);
	return sb_dtb_text_finish(&t);
}

/* What source text cannot have as a name is put in quotes, which dtc does not take for one. */
static void add_name(struct sb_dtb_text *t, const char *name)
{
	if (*name != 0 && name[strspn(name, name_bytes)] == 0) {
		sb_dtb_text_puts(t, name);
		return;
	}
	sb_dtb_text_puts(t, "\"");
	for (; *name != 0; name++) {
		if (is_text((uint8_t)*name))
			add_quoted(t, (uint8_t)*name);
		else
			add_hex(t, "\\x", (uint8_t)*name, 2);
	}
	sb_dtb_text_puts(t, "\"");
}

static void indent(struct sb_dtb_text *t, unsigned int depth)
{
	while (depth-- > 0)
		sb_dtb_text_puts(t, "\t");
}

static void add_property(struct sb_dtb_text *t, const struct stmboot_dtb_property *property,
			 unsigned int depth)
{
	indent(t, depth);
	add_name(t, property->name);
	if (property->length != 0)
		sb_dtb_text_puts(t, " = ");
	add_value(t, property);
	sb_dtb_text_puts(t, ";\n");
}

/* Never deeper than a tree. */
static void add_node(struct sb_dtb_text *t, const struct stmboot_dtb_node *node, unsigned int depth)
{
	indent(t, depth);
	if (node->parent == NULL)
		sb_dtb_text_puts(t, "/");
	else
		add_name(t, node->name);
	sb_dtb_text_puts(t, " {\n");
	for (size_t i = 0; i < node->property_count; i++)
		add_property(t, &node->properties[i], depth + 1);
	for (const struct stmboot_dtb_node *child = node->child; child != NULL;
	     child = child->next) {
		if (child != node->child || node->property_count != 0)
			sb_dtb_text_puts(t, "\n");
		add_node(t, child, depth + 1);
	}
	indent(t, depth);
	sb_dtb_text_puts(t, "};\n");
}

size_t stmboot_dtb_source(const struct stmboot_dtb *dtb, const struct stmboot_dtb_node *node,
			  char *buffer, size_t size)
{
	struct sb_dtb_text t = { .buffer = buffer, .size = size };

	if (node->parent == NULL) {
		sb_dtb_text_puts(&t, "/dts-v1/;\n\n");
		for (size_t i = 0; i < dtb->reserved_count; i++) {
			add_hex(&t, "/memreserve/ 0x", dtb->reserved[i].address, 1);
			add_hex(&t, " 0x", dtb->reserved[i].bytes, 1);
			sb_dtb_text_puts(&t, ";\n");
		}
		if (dtb->reserved_count != 0)
			sb_dtb_text_puts(&t, "\n");
	}
	add_node(&t, node, 0);
	return sb_dtb_text_finish(&t);
}
