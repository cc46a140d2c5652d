/* SPDX-License-Identifier: MIT */
/*
 * U-Boot's saved environment. Deciding sources: env_import_redund() of
 * U-Boot's env/common.c, himport_r() of its lib/hashtable.c.
 */
#include <stmboot/env.h>

#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/context.h"
#include "base/crc32.h"
#include "base/cursor.h"

enum {
	CRC_BYTES = 4,
	FLAGS_BYTES = 1,
	FLAGS_LAST = 255, /* the next save writes 0 */
};

/* A copy and the memory that it lives in. */
struct copy {
	struct stmboot_env env; /* first: what callers hold */
	struct sb_arena *arena;
	struct stmboot_env_variable *variables;
	size_t capacity;
};

struct named_class {
	const char *name; /* a prefix when it ends with '*' */
	enum stmboot_env_class class;
};

/* Of ST's default environment and include/config_distro_bootcmd.h. */
static const struct named_class classes[] = {
	{ "board_name", STMBOOT_ENV_RESET },
	{ "boot_a_script", STMBOOT_ENV_SEARCH },
	{ "boot_device", STMBOOT_ENV_RESET },
	{ "boot_efi*", STMBOOT_ENV_SEARCH },
	{ "boot_extlinux", STMBOOT_ENV_SEARCH },
	{ "boot_instance", STMBOOT_ENV_RESET },
	{ "boot_prefixes", STMBOOT_ENV_SEARCH },
	{ "boot_script*", STMBOOT_ENV_SEARCH },
	{ "boot_syslinux_conf", STMBOOT_ENV_SEARCH },
	{ "boot_targets", STMBOOT_ENV_SEARCH },
	{ "bootargs", STMBOOT_ENV_BOOTARGS },
	{ "bootcmd*", STMBOOT_ENV_BOOTCMD },
	{ "bootdelay", STMBOOT_ENV_BOOTCMD },
	{ "bootmeths", STMBOOT_ENV_SEARCH },
	{ "bootstopkeysha256", STMBOOT_ENV_BOOTCMD },
	{ "distro_bootcmd", STMBOOT_ENV_BOOTCMD },
	{ "distro_bootpart*", STMBOOT_ENV_SEARCH },
	{ "fdt_addr", STMBOOT_ENV_DTB },
	{ "fdt_addr_r", STMBOOT_ENV_ADDRESS },
	{ "fdt_high", STMBOOT_ENV_ADDRESS },
	{ "fdtfile", STMBOOT_ENV_RESET },
	{ "fdtoverlay_addr_r", STMBOOT_ENV_ADDRESS },
	{ "initrd_high", STMBOOT_ENV_ADDRESS },
	{ "kernel_addr_r", STMBOOT_ENV_ADDRESS },
	{ "kernel_comp_*", STMBOOT_ENV_ADDRESS },
	{ "localcmd", STMBOOT_ENV_BOOTCMD },
	{ "mmc_boot", STMBOOT_ENV_SEARCH },
	{ "preboot", STMBOOT_ENV_BOOTCMD },
	{ "pxe_label_override", STMBOOT_ENV_LABEL },
	{ "pxefile_addr_r", STMBOOT_ENV_ADDRESS },
	{ "ramdisk_addr_r", STMBOOT_ENV_ADDRESS },
	{ "scan_dev_for_*", STMBOOT_ENV_SEARCH },
	{ "scriptaddr", STMBOOT_ENV_ADDRESS },
};

enum stmboot_env_class stmboot_env_classify(const char *name)
{
	for (size_t i = 0; i < sizeof(classes) / sizeof(classes[0]); i++) {
		const char *known = classes[i].name;
		size_t length = strlen(known);

		if (known[length - 1] == '*' ? strncmp(known, name, length - 1) == 0
					     : strcmp(known, name) == 0)
			return classes[i].class;
	}
	return STMBOOT_ENV_OTHER;
}

const char *stmboot_env_class_text(enum stmboot_env_class class_)
{
	static const char *const texts[] = {
		[STMBOOT_ENV_OTHER] = "other",   [STMBOOT_ENV_BOOTCMD] = "boot",
		[STMBOOT_ENV_SEARCH] = "search", [STMBOOT_ENV_BOOTARGS] = "bootargs",
		[STMBOOT_ENV_LABEL] = "label",   [STMBOOT_ENV_ADDRESS] = "address",
		[STMBOOT_ENV_DTB] = "dtb",       [STMBOOT_ENV_RESET] = "reset",
	};

	return (size_t)class_ < sizeof(texts) / sizeof(texts[0]) ? texts[class_] : "?";
}

static bool is_blank_copy(const uint8_t *bytes, size_t size)
{
	if (bytes[0] != 0x00 && bytes[0] != 0xff)
		return false;
	return memcmp(bytes, bytes + 1, size - 1) == 0;
}

/* The stored value without its backslashes: one before any character but the last NUL goes. */
static const char *import_value(struct sb_arena *arena, const char *stored, size_t length)
{
	char *value = sb_arena_alloc(arena, length + 1);
	size_t used = 0;

	if (value == NULL)
		return NULL;
	for (size_t i = 0; i < length; i++) {
		if (stored[i] == '\\' && i + 1 < length)
			i++;
		value[used++] = stored[i];
	}
	value[used] = '\0';
	return value;
}

/* An entry; one without '=' or with nothing behind it has no value, and deletes. */
static bool add_entry(struct copy *copy, const char *entry, size_t name, size_t length,
		      uint64_t offset)
{
	struct stmboot_env_variable new = {
		.name = sb_arena_strndup(copy->arena, entry, name),
		.value = name + 1 < length
				 ? import_value(copy->arena, entry + name + 1, length - name - 1)
				 : NULL,
		.offset = offset,
		.length = length,
	};
	struct stmboot_env_variable *variable;

	if (copy->arena->failed)
		return false;
	variable = sb_arena_push(copy->arena, &copy->variables, &copy->env.variable_count,
				 &copy->capacity, sizeof(*variable));
	if (variable == NULL)
		return false;
	*variable = new;
	return true;
}

/* Where the entry at `at` really starts and ends: blanks before it count for nothing. */
static size_t skip_blanks(const char *data, size_t at, size_t size)
{
	while (at < size && (data[at] == ' ' || data[at] == '\t'))
		at++;
	return at;
}

/*
 * "name=value" entries, each ended by NUL, up to an empty one; a first one is
 * never the end. A value without a name makes U-Boot refuse the whole copy.
 */
static bool import(struct copy *copy, const char *data, size_t size, uint64_t offset)
{
	size_t at = 0;

	do {
		size_t start = skip_blanks(data, at, size);
		size_t length = strnlen(data + start, size - start);
		const char *equals = memchr(data + start, '=', length);
		size_t name = equals != NULL ? (size_t)(equals - (data + start)) : length;

		at = start + length + 1;
		if ((length > 0 && data[start] == '#') || (name == 0 && length <= 1))
			continue;
		if (name == 0) {
			copy->env.rejected = true;
			return true;
		}
		if (!add_entry(copy, data + start, name, length, offset + start))
			return false;
	} while (at < size && data[at] != '\0');
	copy->env.unterminated = at >= size;
	return true;
}

static int by_name(const void *a, const void *b)
{
	const struct stmboot_env_variable *x = a, *y = b;
	int order = strcmp(x->name, y->name);

	return order != 0 ? order : x->offset < y->offset ? -1 : x->offset > y->offset;
}

static int by_place(const void *a, const void *b)
{
	const struct stmboot_env_variable *x = a, *y = b;

	return x->offset < y->offset ? -1 : x->offset > y->offset;
}

/* Of several entries for a name the last one counts; when it deletes, none does. */
static void settle(struct copy *copy)
{
	struct stmboot_env_variable *v = copy->variables;
	size_t count = copy->env.variable_count, kept = 0;

	if (count == 0)
		return;
	qsort(v, count, sizeof(*v), by_name);
	for (size_t i = 0; i < count; i++)
		if ((i + 1 == count || strcmp(v[i].name, v[i + 1].name) != 0) && v[i].value != NULL)
			v[kept++] = v[i];
	qsort(v, kept, sizeof(*v), by_place);
	copy->env.variable_count = kept;
}

static bool decode(struct copy *copy, const uint8_t *bytes)
{
	struct stmboot_env *env = &copy->env;
	size_t head = CRC_BYTES + (env->redundant ? FLAGS_BYTES : 0);
	size_t size = (size_t)env->size - head;

	env->crc_found = sb_get_le32(bytes);
	env->flags = env->redundant ? bytes[CRC_BYTES] : 0;
	env->crc_computed = sb_crc32(0, bytes + head, size);
	env->crc_ok = env->crc_found == env->crc_computed;
	env->blank = is_blank_copy(bytes, (size_t)env->size);
	if (env->crc_ok && !import(copy, (const char *)bytes + head, size, env->offset + head))
		return false;
	settle(copy);
	env->variables = copy->variables;
	return true;
}

static enum stmboot_status read_copy(struct stmboot_context *ctx, struct stmboot_source *src,
				     struct copy *copy)
{
	size_t size = (size_t)copy->env.size;
	uint8_t *bytes = sb_alloc(ctx, size);
	enum stmboot_status status;

	if (bytes == NULL)
		return STMBOOT_NO_MEMORY;
	status = stmboot_source_read(src, copy->env.offset, bytes, size);
	if (status == STMBOOT_OK && !decode(copy, bytes))
		status = STMBOOT_NO_MEMORY;
	sb_free(ctx, bytes);
	return status;
}

enum stmboot_status stmboot_env_decode(struct stmboot_context *ctx, struct stmboot_source *src,
				       uint64_t offset, uint64_t size, bool redundant,
				       const struct stmboot_env **out)
{
	enum stmboot_status status;
	struct copy *copy;

	if (size == 0)
		size = STMBOOT_ENV_BYTES;
	if (size < CRC_BYTES + FLAGS_BYTES + 2)
		return STMBOOT_INVALID_ARGUMENT;
	if (size > sb_limits(ctx)->max_text_bytes)
		return STMBOOT_LIMIT;
	copy = sb_object_new(ctx, sizeof(*copy));
	if (copy == NULL)
		return STMBOOT_NO_MEMORY;
	copy->arena = sb_object_arena(copy);
	copy->env.offset = offset;
	copy->env.size = size;
	copy->env.redundant = redundant;
	status = read_copy(ctx, src, copy);
	if (status != STMBOOT_OK) {
		stmboot_env_free(&copy->env);
		return status;
	}
	*out = &copy->env;
	return STMBOOT_OK;
}

const char *stmboot_env_state_text(const struct stmboot_env *env)
{
	if (env->crc_ok)
		return "ok";
	return env->blank ? "blank" : "bad";
}

void stmboot_env_free(const struct stmboot_env *env)
{
	sb_object_free(env);
}

const struct stmboot_env *stmboot_env_choose(const struct stmboot_env *first,
					     const struct stmboot_env *second)
{
	bool first_ok = first != NULL && first->crc_ok;
	bool second_ok = second != NULL && second->crc_ok;

	if (!first_ok || !second_ok)
		return first_ok ? first : second_ok ? second : NULL;
	/* The counter wraps; only 255 and 0 side by side are taken for that. */
	if (first->flags == FLAGS_LAST && second->flags == 0)
		return second;
	if (second->flags == FLAGS_LAST && first->flags == 0)
		return first;
	return second->flags > first->flags ? second : first;
}

const char *stmboot_env_find(const struct stmboot_env *env, const char *name)
{
	for (size_t i = env->variable_count; i-- > 0;)
		if (strcmp(env->variables[i].name, name) == 0)
			return env->variables[i].value;
	return NULL;
}
