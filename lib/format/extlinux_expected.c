/* SPDX-License-Identifier: MIT */
/* What an edit of an extlinux.conf means to be read, and whether it is. */
#include "format/extlinux_edit.h"

#include <string.h>

/* Where each text stands in a label of the model, and the keyword that gives it. */
static const struct {
	size_t offset;
	enum stmboot_extlinux_keyword keyword;
} rows[SB_LABEL_TEXTS] = {
#define ROW(member, keyword)                                                                       \
	{                                                                                          \
		offsetof(struct stmboot_extlinux_label, member), STMBOOT_EXTLINUX_##keyword        \
	}
	[SB_LABEL_NAME] = ROW(name, LABEL),
	[SB_LABEL_KERNEL] = ROW(kernel_value, KERNEL),
	[SB_LABEL_CONFIG] = ROW(config, UNREAD),
	[SB_LABEL_APPEND] = ROW(append, APPEND),
	[SB_LABEL_INITRD] = ROW(initrd, INITRD),
	[SB_LABEL_FDT] = ROW(fdt, FDT),
	[SB_LABEL_FDTDIR] = ROW(fdtdir, FDTDIR),
	[SB_LABEL_OVERLAYS] = ROW(fdtoverlays, FDTOVERLAYS),
	[SB_LABEL_MENU] = ROW(menu, UNREAD),
	[SB_LABEL_LOCALBOOT] = ROW(localboot, LOCALBOOT),
	[SB_LABEL_IPAPPEND] = ROW(ipappend, IPAPPEND),
	[SB_LABEL_ENDED_BY] = ROW(ended_by, UNREAD),
#undef ROW
};

const struct stmboot_extlinux_text *sb_label_text_at(const struct stmboot_extlinux_label *label,
						     enum sb_label_text which)
{
	return (const void *)((const char *)label + rows[which].offset);
}

enum sb_label_text sb_label_text_of(enum stmboot_extlinux_keyword keyword)
{
	for (int i = 0; i < SB_LABEL_TEXTS; i++)
		if (i != SB_LABEL_NAME && rows[i].keyword == keyword)
			return (enum sb_label_text)i;
	return SB_LABEL_TEXTS;
}

bool sb_expected_of(struct sb_arena *arena, const struct stmboot_extlinux *conf,
		    struct sb_expected *out)
{
	*out = (struct sb_expected){
		.labels = sb_arena_array(arena, conf->label_count + 1, sizeof(*out->labels)),
		.label_count = conf->label_count,
		.default_name = conf->default_name.text,
		.fallback = conf->fallback.text,
		.timeout = conf->timeout.text,
		.prompt = conf->prompt.text,
		.title = conf->title.text,
		.background = conf->background.text,
		.menu_shown = conf->menu_shown,
	};
	for (size_t i = 0; out->labels != NULL && i < conf->label_count; i++) {
		out->labels[i].menu_default = conf->labels[i].menu_default;
		out->labels[i].kaslrseed = conf->labels[i].kaslrseed;
		out->labels[i].initrd_from_append = conf->labels[i].initrd_from_append;
		for (int k = 0; k < SB_LABEL_TEXTS; k++)
			out->labels[i].text[k] =
				sb_label_text_at(&conf->labels[i], (enum sb_label_text)k)->text;
	}
	return out->labels != NULL;
}

/* The value of `initrd=` where it is a word of its own; NULL when there is none. */
static const char *initrd_word(const char *append)
{
	const char *word = append;

	while ((word = strstr(word, "initrd=")) != NULL && word != append && word[-1] != ' ' &&
	       word[-1] != '\t')
		word++;
	return word != NULL ? word + strlen("initrd=") : NULL;
}

/*
 * `initrd=` in append names an initrd where no line did. It is meant where it
 * is a word of its own, or where U-Boot found it within another one before.
 */
static bool expect_initrd(struct sb_arena *arena, struct sb_expected_label *label,
			  const char *append)
{
	const char *before = label->text[SB_LABEL_INITRD];
	const char *first = append != NULL ? strstr(append, "initrd=") : NULL;
	const char *value = append != NULL ? initrd_word(append) : NULL;

	if (before != NULL && first != NULL) {
		first += strlen("initrd=");
		if (strcspn(first, " ") == strlen(before) &&
		    strncmp(first, before, strlen(before)) == 0)
			return true;
	}
	label->text[SB_LABEL_INITRD] =
		value != NULL ? sb_arena_strndup(arena, value, strcspn(value, " ")) : NULL;
	return !arena->failed;
}

bool sb_expected_set(struct sb_arena *arena, struct sb_expected_label *label,
		     enum stmboot_extlinux_keyword keyword, const char *value)
{
	label->text[sb_label_text_of(keyword)] = value;
	if (keyword == STMBOOT_EXTLINUX_KERNEL)
		label->text[SB_LABEL_CONFIG] = value != NULL ? strchr(value, '#') : NULL;
	if (keyword == STMBOOT_EXTLINUX_APPEND &&
	    (label->initrd_from_append || label->text[SB_LABEL_INITRD] == NULL))
		return expect_initrd(arena, label, value);
	return true;
}

size_t sb_without_cr(const char *text, size_t length)
{
	return length > 0 && text[length - 1] == '\r' ? length - 1 : length;
}

static bool same(const char *expected, const struct stmboot_extlinux_text *read)
{
	size_t a, b;

	if (expected == NULL || read->text == NULL)
		return expected == read->text;
	a = sb_without_cr(expected, strlen(expected));
	b = sb_without_cr(read->text, strlen(read->text));
	return a == b && memcmp(expected, read->text, a) == 0;
}

static bool same_label(const struct sb_expected_label *expected,
		       const struct stmboot_extlinux_label *label)
{
	for (int i = 0; i < SB_LABEL_TEXTS; i++)
		if (!same(expected->text[i], sb_label_text_at(label, (enum sb_label_text)i)))
			return false;
	return expected->menu_default == label->menu_default &&
	       expected->kaslrseed == label->kaslrseed;
}

bool sb_expected_matches(const struct sb_expected *expected, const struct stmboot_extlinux *conf)
{
	if (conf->outcome != STMBOOT_EXTLINUX_READ || conf->label_count != expected->label_count ||
	    conf->menu_shown != expected->menu_shown)
		return false;
	for (size_t i = 0; i < conf->label_count; i++)
		if (!same_label(&expected->labels[i], &conf->labels[i]))
			return false;
	return same(expected->default_name, &conf->default_name) &&
	       same(expected->fallback, &conf->fallback) &&
	       same(expected->timeout, &conf->timeout) && same(expected->prompt, &conf->prompt) &&
	       same(expected->title, &conf->title) && same(expected->background, &conf->background);
}
