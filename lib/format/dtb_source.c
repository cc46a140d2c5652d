/* SPDX-License-Identifier: MIT */
/*
 * Device trees as source text. What a property holds is guessed as dtc does,
 * and all of it is written so that dtc's scanner makes the same bytes of it.
 */
#include <stmboot/dtb_source.h>

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/checked.h"
#include "base/cursor.h"

enum { CELL = 4 };

/* What dtc's scanner takes for a part of a name. */
static const char name_bytes[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
				 ",._+*#?@-";

/* Text that goes to a buffer as far as it fits. */
struct text {
	char *buffer;
	size_t size;
	size_t length; /* of all of it */
};

static void add(struct text *t, const char *bytes, size_t count)
{
	if (t->length < t->size)
		memcpy(t->buffer + t->length, bytes,
		       (size_t)sb_min_u64(count, t->size - t->length));
	t->length += count;
}

static void puts_to(struct text *t, const char *string)
{
	add(t, string, strlen(string));
}

static void add_hex(struct text *t, const char *before, uint64_t value, int digits)
{
	char number[32];
	int length = snprintf(number, sizeof(number), "%s%0*" PRIx64, before, digits, value);

	add(t, number, (size_t)length);
}

static size_t finish(const struct text *t)
{
	if (t->size != 0)
		t->buffer[sb_min_u64(t->length, t->size - 1)] = 0;
	return t->length;
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

const char *stmboot_dtb_guess_text(enum stmboot_dtb_guess guess)
{
	static const char *const names[] = { "empty", "strings", "cells", "bytes" };

	return (size_t)guess < sizeof(names) / sizeof(names[0]) ? names[guess] : "?";
}

/* A byte within quotes; dtc knows the escapes of C. */
static void add_quoted(struct text *t, uint8_t byte)
{
	static const char letters[] = "abtnvfr"; /* from '\a' on */
	char escape[2] = { '\\', (char)byte };

	if (byte == '"' || byte == '\\') {
		add(t, escape, sizeof(escape));
	} else if (is_printable(byte)) {
		add(t, escape + 1, 1);
	} else {
		escape[1] = letters[byte - '\a'];
		add(t, escape, sizeof(escape));
	}
}

static void add_strings(struct text *t, const struct stmboot_dtb_property *property)
{
	puts_to(t, "\"");
	for (uint32_t i = 0; i < property->length; i++) {
		if (property->data[i] != 0)
			add_quoted(t, property->data[i]);
		else
			puts_to(t, i + 1 < property->length ? "\", \"" : "\"");
	}
}

static void add_value(struct text *t, const struct stmboot_dtb_property *property)
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
		puts_to(t, ">");
		break;
	case STMBOOT_DTB_BYTES:
		for (uint32_t i = 0; i < property->length; i++)
			add_hex(t, i == 0 ? "[" : " ", property->data[i], 2);
		puts_to(t, "]");
		break;
	}
}

size_t stmboot_dtb_value_source(const struct stmboot_dtb_property *property, char *buffer,
				size_t size)
{
	struct text t = { .buffer = buffer, .size = size };

	add_value(&t, property);
	return finish(&t);
}

/* What source text cannot have as a name is put in quotes, which dtc does not take for one. */
static void add_name(struct text *t, const char *name)
{
	if (*name != 0 && name[strspn(name, name_bytes)] == 0) {
		puts_to(t, name);
		return;
	}
	puts_to(t, "\"");
	for (; *name != 0; name++) {
		if (is_text((uint8_t)*name))
			add_quoted(t, (uint8_t)*name);
		else
			add_hex(t, "\\x", (uint8_t)*name, 2);
	}
	puts_to(t, "\"");
}

static void indent(struct text *t, unsigned int depth)
{
	while (depth-- > 0)
		puts_to(t, "\t");
}

static void add_property(struct text *t, const struct stmboot_dtb_property *property,
			 unsigned int depth)
{
	indent(t, depth);
	add_name(t, property->name);
	if (property->length != 0)
		puts_to(t, " = ");
	add_value(t, property);
	puts_to(t, ";\n");
}

/* Never deeper than a tree. */
static void add_node(struct text *t, const struct stmboot_dtb_node *node, unsigned int depth)
{
	indent(t, depth);
	if (node->parent == NULL)
		puts_to(t, "/");
	else
		add_name(t, node->name);
	puts_to(t, " {\n");
	for (size_t i = 0; i < node->property_count; i++)
		add_property(t, &node->properties[i], depth + 1);
	for (const struct stmboot_dtb_node *child = node->child; child != NULL;
	     child = child->next) {
		if (child != node->child || node->property_count != 0)
			puts_to(t, "\n");
		add_node(t, child, depth + 1);
	}
	indent(t, depth);
	puts_to(t, "};\n");
}

size_t stmboot_dtb_source(const struct stmboot_dtb *dtb, const struct stmboot_dtb_node *node,
			  char *buffer, size_t size)
{
	struct text t = { .buffer = buffer, .size = size };

	if (node->parent == NULL) {
		puts_to(&t, "/dts-v1/;\n\n");
		for (size_t i = 0; i < dtb->reserved_count; i++) {
			add_hex(&t, "/memreserve/ 0x", dtb->reserved[i].address, 1);
			add_hex(&t, " 0x", dtb->reserved[i].bytes, 1);
			puts_to(&t, ";\n");
		}
		if (dtb->reserved_count != 0)
			puts_to(&t, "\n");
	}
	add_node(&t, node, 0);
	return finish(&t);
}
