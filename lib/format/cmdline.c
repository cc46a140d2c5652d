/* SPDX-License-Identifier: MIT */
/*
 * The kernel's command line. Deciding sources: Linux lib/cmdline.c (words and
 * quotes), init/main.c, init/do_mounts.c (parameters of the root) and
 * block/early-lookup.c (what root= names).
 */
#include "format/cmdline.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/context.h"

enum {
	DEVICE_NAME_MAX = 31, /* characters behind /dev/: s[32] in early-lookup.c */
	MBR_TEXT = 11,        /* SSSSSSSS-PP */
	MBR_SIGNATURE = 8,
	MINOR_BITS = 20,
};

/* A command line and the memory that it lives in. */
struct line {
	struct stmboot_cmdline cmdline; /* first: what callers hold */
	struct sb_arena *arena;
	struct stmboot_cmdline_argument *arguments;
	size_t argument_capacity;
	const char **consoles;
	size_t console_capacity;
	const char **rootfstypes;
	size_t rootfstype_capacity;
};

/* The kernel's isspace() is that of Latin-1, where 0xA0 is a space too. */
bool sb_cmdline_is_space(char c)
{
	return c == ' ' || (c >= '\t' && c <= '\r') || (unsigned char)c == 0xa0;
}

/* The end of the word that starts at `at`, and its first '=' unless the word starts with it. */
static size_t word_end(const char *text, size_t at, size_t *equals, bool *open)
{
	bool quoted = text[at] == '"';
	size_t first = at + quoted;

	*equals = 0;
	for (at = first; text[at] != '\0' && (quoted || !sb_cmdline_is_space(text[at])); at++) {
		if (*equals == 0 && text[at] == '=' && at != first)
			*equals = at;
		if (text[at] == '"')
			quoted = !quoted;
	}
	*open = quoted;
	return at;
}

/*
 * A quote at the very start or right behind '=' goes away, and with it one at
 * the end of the word.
 */
bool sb_cmdline_next(const char *text, size_t *at, struct sb_cmdline_word *word)
{
	size_t start = *at, equals, end, cut;
	bool strip;

	while (sb_cmdline_is_space(text[start]))
		start++;
	*at = start;
	if (text[start] == '\0')
		return false;
	*word = (struct sb_cmdline_word){ .start = start, .key = start + (text[start] == '"') };
	end = word_end(text, start, &equals, &word->open);
	word->end = end;
	strip = word->key != start && end > word->key && text[end - 1] == '"';
	word->has_value = equals != 0;
	if (word->has_value) {
		word->value = equals + 1;
		if (text[word->value] == '"') {
			word->value++;
			strip = strip || text[end - 1] == '"';
		}
	}
	cut = end - strip;
	word->key_length = (word->has_value ? equals : cut) - word->key;
	if (word->has_value && cut > word->value)
		word->value_length = cut - word->value;
	*at = end;
	return true;
}

bool sb_cmdline_is_dashdash(const char *text, const struct sb_cmdline_word *word)
{
	return !word->has_value && word->key_length == 2 && memcmp(text + word->key, "--", 2) == 0;
}

static bool add_word(struct line *line, const struct sb_cmdline_word *word, bool after)
{
	const char *text = line->cmdline.text;
	struct stmboot_cmdline_argument *argument =
		sb_arena_push(line->arena, &line->arguments, &line->cmdline.argument_count,
			      &line->argument_capacity, sizeof(*argument));

	if (argument == NULL)
		return false;
	argument->key = sb_arena_strndup(line->arena, text + word->key, word->key_length);
	if (word->has_value)
		argument->value =
			sb_arena_strndup(line->arena, text + word->value, word->value_length);
	argument->offset = word->start;
	argument->length = word->end - word->start;
	argument->after_dashdash = after;
	return !line->arena->failed;
}

/* "--" ends the kernel's arguments, and a second one those of init. */
static bool split(struct line *line)
{
	const char *text = line->cmdline.text;
	struct sb_cmdline_word word;
	unsigned dashes = 0;
	size_t at = 0;

	while (dashes < 2 && sb_cmdline_next(text, &at, &word)) {
		line->cmdline.unclosed_quote = line->cmdline.unclosed_quote || word.open;
		if (sb_cmdline_is_dashdash(text, &word))
			dashes++;
		else if (!add_word(line, &word, dashes > 0))
			return false;
	}
	line->cmdline.arguments = line->arguments;
	return true;
}

bool stmboot_cmdline_same_key(const char *a, const char *b)
{
	for (; *a != '\0' || *b != '\0'; a++, b++)
		if ((*a == '-' ? '_' : *a) != (*b == '-' ? '_' : *b))
			return false;
	return true;
}

const struct stmboot_cmdline_argument *stmboot_cmdline_find(const struct stmboot_cmdline *cmdline,
							    const char *key)
{
	for (size_t i = cmdline->argument_count; i-- > 0;) {
		const struct stmboot_cmdline_argument *argument = &cmdline->arguments[i];

		if (!argument->after_dashdash && stmboot_cmdline_same_key(argument->key, key))
			return argument;
	}
	return NULL;
}

static void invalid(struct stmboot_cmdline_root *root, const char *problem)
{
	root->kind = STMBOOT_ROOT_INVALID;
	root->problem = problem;
}

/* The kernel's names have no leading zeros, so neither has what can match them. */
static bool canonical(const char *digits, size_t length)
{
	return length > 0 && length < 10 && (length == 1 || digits[0] != '0');
}

/* mmcblk<disk>[p<partition>] */
static bool parse_mmc(struct stmboot_cmdline_root *root)
{
	const char *disk = root->text + strlen("mmcblk");
	const char *partition = NULL;
	size_t length;

	if (strncmp(root->text, "mmcblk", strlen("mmcblk")) != 0)
		return false;
	length = strspn(disk, "0123456789");
	if (!canonical(disk, length))
		return false;
	if (disk[length] != '\0') {
		partition = disk + length + 1;
		length = strspn(partition, "0123456789");
		if (partition[-1] != 'p' || !canonical(partition, length) || *partition == '0' ||
		    partition[length] != '\0')
			return false;
	}
	root->kind = STMBOOT_ROOT_MMC;
	root->disk = (uint32_t)strtoul(disk, NULL, 10);
	root->partition = partition != NULL ? (uint32_t)strtoul(partition, NULL, 10) : 0;
	return true;
}

static void parse_device(struct stmboot_cmdline_root *root)
{
	root->text = root->spec + strlen("/dev/");
	if (strcmp(root->text, "nfs") == 0 || strcmp(root->text, "cifs") == 0)
		root->kind = STMBOOT_ROOT_NFS;
	else if (strcmp(root->text, "ram") == 0 || strcmp(root->text, "ram0") == 0)
		root->kind = STMBOOT_ROOT_RAM;
	else if (strlen(root->text) > DEVICE_NAME_MAX)
		invalid(root, "the name below /dev has more than 31 characters");
	else if (*root->text == '\0')
		invalid(root, "no device is named");
	else if (!parse_mmc(root))
		root->kind = STMBOOT_ROOT_DEVICE;
}

static bool all_hex(const char *text, size_t length)
{
	return strspn(text, "0123456789abcdefABCDEF") >= length;
}

/* SSSSSSSS-PP: the disk signature of an MBR and a partition number. */
static void parse_mbr_form(struct stmboot_cmdline_root *root)
{
	const char *text = root->text;

	if (strlen(text) != MBR_TEXT || text[MBR_SIGNATURE] != '-' ||
	    !all_hex(text, MBR_SIGNATURE) || !all_hex(text + MBR_SIGNATURE + 1, 2))
		return;
	root->kind = STMBOOT_ROOT_MBR_PARTUUID;
	root->signature = (uint32_t)strtoul(text, NULL, 16);
	root->partition = (uint32_t)strtoul(text + MBR_SIGNATURE + 1, NULL, 16);
}

static void parse_partuuid(struct sb_arena *arena, struct stmboot_cmdline_root *root)
{
	const char *text = root->spec + strlen("PARTUUID=");
	const char *slash = strchr(text, '/');
	char more;

	root->kind = STMBOOT_ROOT_PARTUUID;
	root->text = text;
	if (slash != NULL) {
		root->text = sb_arena_strndup(arena, text, (size_t)(slash - text));
		root->has_partnroff =
			sscanf(slash + 1, "PARTNROFF=%d%c", &root->partnroff, &more) == 1;
		if (!root->has_partnroff)
			invalid(root, "what follows the '/' is not PARTNROFF= and a number");
	}
	if (root->text == NULL || root->kind == STMBOOT_ROOT_INVALID)
		return;
	if (*root->text == '\0')
		invalid(root, "PARTUUID= without a GUID");
	else
		parse_mbr_form(root);
}

/* The number of a device as dev_t in its user space form: 12 bits major, 20 bits minor. */
static void parse_hex_number(struct stmboot_cmdline_root *root)
{
	char *end;
	unsigned long number = strtoul(root->spec, &end, 16);
	bool sign =
		root->spec[0] == '-' || root->spec[0] == '+' || sb_cmdline_is_space(root->spec[0]);

	if (*end != '\0' || end == root->spec || sign || number > UINT32_MAX) {
		invalid(root,
			"neither a device below /dev, a PARTUUID=, a PARTLABEL= nor a number");
		return;
	}
	root->kind = STMBOOT_ROOT_NUMBER;
	root->device_major = (uint32_t)(number >> 8 & 0xfff);
	root->device_minor = (uint32_t)((number & 0xff) | (number >> 12 & 0xfff00));
}

static void parse_device_number(struct stmboot_cmdline_root *root)
{
	unsigned device_major, device_minor, offset;
	char more;

	if (sscanf(root->spec, "%u:%u%c", &device_major, &device_minor, &more) != 2 &&
	    sscanf(root->spec, "%u:%u:%u:%c", &device_major, &device_minor, &offset, &more) != 3) {
		parse_hex_number(root);
		return;
	}
	if (device_major >> (32 - MINOR_BITS) != 0 || device_minor >> MINOR_BITS != 0) {
		invalid(root, "the device number is too large");
		return;
	}
	root->kind = STMBOOT_ROOT_NUMBER;
	root->device_major = device_major;
	root->device_minor = device_minor;
}

static bool starts(const char *text, const char *with)
{
	return strncmp(text, with, strlen(with)) == 0;
}

static void parse_root(struct sb_arena *arena, struct stmboot_cmdline_root *root)
{
	if (starts(root->spec, "PARTUUID=")) {
		parse_partuuid(arena, root);
	} else if (starts(root->spec, "PARTLABEL=")) {
		root->kind = STMBOOT_ROOT_PARTLABEL;
		root->text = root->spec + strlen("PARTLABEL=");
	} else if (starts(root->spec, "UUID=")) {
		root->kind = STMBOOT_ROOT_UUID;
		root->text = root->spec + strlen("UUID=");
	} else if (starts(root->spec, "LABEL=")) {
		root->kind = STMBOOT_ROOT_LABEL;
		root->text = root->spec + strlen("LABEL=");
	} else if (starts(root->spec, "mtd") || starts(root->spec, "ubi")) {
		root->kind = STMBOOT_ROOT_FLASH;
	} else if (starts(root->spec, "/dev/")) {
		parse_device(root);
	} else {
		parse_device_number(root);
	}
}

/* The last argument that has a value: a key alone is not what the kernel waits for. */
static const struct stmboot_cmdline_argument *last_value(const struct stmboot_cmdline *cmdline,
							 const char *key)
{
	for (size_t i = cmdline->argument_count; i-- > 0;) {
		const struct stmboot_cmdline_argument *argument = &cmdline->arguments[i];

		if (!argument->after_dashdash && argument->value != NULL &&
		    stmboot_cmdline_same_key(argument->key, key))
			return argument;
	}
	return NULL;
}

static const char *value_of(const struct stmboot_cmdline *cmdline, const char *key)
{
	const struct stmboot_cmdline_argument *argument = last_value(cmdline, key);

	return argument != NULL ? argument->value : NULL;
}

static void decode_root(struct line *line)
{
	const struct stmboot_cmdline_argument *argument = last_value(&line->cmdline, "root");
	struct stmboot_cmdline_root *root = &line->cmdline.root;
	size_t length;

	if (argument == NULL)
		return;
	length = strlen(argument->value);
	root->argument = (size_t)(argument - line->cmdline.arguments);
	root->cut = length > STMBOOT_CMDLINE_ROOT_MAX;
	root->spec = sb_arena_strndup(line->arena, argument->value,
				      root->cut ? STMBOOT_CMDLINE_ROOT_MAX : length);
	if (root->spec == NULL)
		return;
	if (length == 0)
		root->kind = STMBOOT_ROOT_NONE; /* an empty name counts as none given */
	else
		parse_root(line->arena, root);
}

static void push_text(struct line *line, const char ***list, size_t *count, size_t *capacity,
		      const char *text)
{
	const char **item = sb_arena_push(line->arena, list, count, capacity, sizeof(*item));

	if (item != NULL)
		*item = text;
}

static void decode_rootfstypes(struct line *line)
{
	const char *value = value_of(&line->cmdline, "rootfstype");

	while (value != NULL && *value != '\0') {
		size_t length = strcspn(value, ",");

		if (length > 0)
			push_text(line, &line->rootfstypes, &line->cmdline.rootfstype_count,
				  &line->rootfstype_capacity,
				  sb_arena_strndup(line->arena, value, length));
		value += length + (value[length] == ',');
	}
	line->cmdline.rootfstypes = line->rootfstypes;
}

/* "ro" and "rootwait" count only without a value; each argument acts in its turn. */
static void decode_argument(struct line *line, const struct stmboot_cmdline_argument *argument)
{
	struct stmboot_cmdline *cmdline = &line->cmdline;
	const char *value = argument->value;
	long seconds;

	if (value == NULL &&
	    (strcmp(argument->key, "ro") == 0 || strcmp(argument->key, "rw") == 0)) {
		cmdline->has_ro_or_rw = true;
		cmdline->read_write = argument->key[1] == 'w';
	} else if (strcmp(argument->key, "rootwait") == 0) {
		seconds = value != NULL ? strtol(value, NULL, 0) : 0;
		cmdline->rootwait_has_value =
			value != NULL && (!cmdline->rootwait || cmdline->rootwait_has_value);
		cmdline->rootwait = true;
		cmdline->rootwait_seconds =
			seconds > 0 && seconds <= INT32_MAX ? (int32_t)seconds : 0;
	} else if (value != NULL && strcmp(argument->key, "rootdelay") == 0) {
		cmdline->rootdelay = (uint32_t)strtoul(value, NULL, 0);
	} else if (value != NULL && strcmp(argument->key, "console") == 0) {
		push_text(line, &line->consoles, &cmdline->console_count, &line->console_capacity,
			  value);
	}
}

static void decode_parameters(struct line *line)
{
	struct stmboot_cmdline *cmdline = &line->cmdline;

	for (size_t i = 0; i < cmdline->argument_count; i++)
		if (!cmdline->arguments[i].after_dashdash)
			decode_argument(line, &cmdline->arguments[i]);
	cmdline->consoles = line->consoles;
	cmdline->init = value_of(cmdline, "init");
	cmdline->rdinit = value_of(cmdline, "rdinit");
	cmdline->rootflags = value_of(cmdline, "rootflags");
	decode_root(line);
	decode_rootfstypes(line);
}

enum stmboot_status stmboot_cmdline_decode(struct stmboot_context *ctx, const char *text,
					   const struct stmboot_cmdline **out)
{
	size_t length = strlen(text);
	struct line *line;

	if (length > sb_limits(ctx)->max_text_bytes)
		return STMBOOT_LIMIT;
	line = sb_object_new(ctx, sizeof(*line));
	if (line == NULL)
		return STMBOOT_NO_MEMORY;
	line->arena = sb_object_arena(line);
	line->cmdline.text = sb_arena_strndup(line->arena, text, length);
	line->cmdline.length = length;
	if (line->cmdline.text != NULL && split(line))
		decode_parameters(line);
	if (line->arena->failed) {
		stmboot_cmdline_free(&line->cmdline);
		return STMBOOT_NO_MEMORY;
	}
	*out = &line->cmdline;
	return STMBOOT_OK;
}

void stmboot_cmdline_free(const struct stmboot_cmdline *cmdline)
{
	sb_object_free(cmdline);
}
