/* SPDX-License-Identifier: MIT */
/*
 * An edit of a document in one string, for tables of cases:
 *
 * set LABEL KEY VALUE | unset LABEL KEY | args LABEL WORDS (see edit_words.h)
 * add LABEL KEY=VALUE... | remove LABEL | default LABEL | timeout TENTHS
 */
#ifndef TESTS_EXTLINUX_APPLY_H
#define TESTS_EXTLINUX_APPLY_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <stmboot/extlinux_edit.h>

#include "edit_words.h"

/* The label that a word of an edit names: the last of its name, or the first with "#0". */
static inline size_t label_of(const struct stmboot_extlinux *conf, char *name)
{
	char with_cr[64];
	int32_t index;

	if (strcmp(name, "a#0") == 0)
		return 0;
	index = stmboot_extlinux_find(conf, name);
	snprintf(with_cr, sizeof(with_cr), "%s\r", name);
	if (index == STMBOOT_EXTLINUX_NONE)
		index = stmboot_extlinux_find(conf, with_cr);
	return index == STMBOOT_EXTLINUX_NONE ? SIZE_MAX : (size_t)index;
}

static inline char *cut(char **rest)
{
	char *word = *rest;

	*rest += strcspn(word, " ");
	if (**rest != '\0')
		*(*rest)++ = '\0';
	return word;
}

static inline enum stmboot_status add_label(struct stmboot_extlinux_document *document, char *rest,
					    struct stmboot_refusal *why)
{
	struct stmboot_extlinux_setting settings[8];
	char *name = cut(&rest);
	size_t count = 0;

	while (*rest != '\0' && count < 8) {
		char *key = cut(&rest);
		char *equals = strchr(key, '=');

		if (equals == NULL)
			return STMBOOT_INVALID_ARGUMENT;
		*equals = '\0';
		settings[count++] = (struct stmboot_extlinux_setting){ key, equals + 1 };
	}
	return stmboot_extlinux_document_add(document, name, settings, count, why);
}

static inline enum stmboot_status extlinux_apply(struct stmboot_extlinux_document *document,
						 const char *edit, struct stmboot_refusal *why)
{
	const struct stmboot_extlinux *conf = stmboot_extlinux_document_conf(document);
	char text[2048], *rest = text, *verb, *key;
	struct edit_words words;
	size_t label;

	snprintf(text, sizeof(text), "%s", edit);
	verb = cut(&rest);
	if (strcmp(verb, "add") == 0)
		return add_label(document, rest, why);
	if (strcmp(verb, "timeout") == 0)
		return stmboot_extlinux_document_set_timeout(
			document, (uint32_t)strtoul(rest, NULL, 10), why);
	if (strcmp(verb, "default") == 0)
		return stmboot_extlinux_document_set_default(document, label_of(conf, rest), why);
	label = label_of(conf, cut(&rest));
	if (strcmp(verb, "remove") == 0)
		return stmboot_extlinux_document_remove(document, label, why);
	if (strcmp(verb, "args") == 0)
		return stmboot_extlinux_document_set_bootargs(document, label,
							      edit_words(&words, rest), why);
	key = cut(&rest);
	if (strcmp(verb, "unset") == 0)
		return stmboot_extlinux_document_unset(document, label, key, why);
	return stmboot_extlinux_document_set(document, label, key, rest, why);
}

#endif
