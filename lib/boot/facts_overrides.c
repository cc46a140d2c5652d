/* SPDX-License-Identifier: MIT */
/*
 * What a saved environment decides otherwise than U-Boot's own. It holds every
 * variable; those that matter are compared with the default environment, which
 * stands in U-Boot's binary as `name=value` strings, each ended by NUL.
 */
#include <string.h>

#include "base/checked.h"
#include "base/context.h"
#include "boot/facts.h"

enum {
	MOST_BYTES = 4 << 20, /* of U-Boot that are looked at: all that TF-A loads */
	MOST_COMPARED = 96,   /* variables: a default environment has half as many that matter */
};

/* U-Boot's binary, as far as it could be read. */
struct binary {
	char *data;
	size_t size;
};

static enum stmboot_status load_binary(struct sb_facts *facts, struct binary *out)
{
	const struct sb_second_stage *second = &facts->second;
	uint64_t end = sb_min_u64(second->end, stmboot_source_size(second->src));
	enum stmboot_status status;

	*out = (struct binary){ .size = (size_t)sb_min_u64(end, MOST_BYTES) };
	if (out->size == 0)
		return STMBOOT_OK;
	out->data = sb_alloc_uncleared(facts->ctx, out->size);
	if (out->data == NULL)
		return STMBOOT_NO_MEMORY;
	status = stmboot_source_read(second->src, 0, out->data, out->size);
	if (status != STMBOOT_OK)
		out->size = 0;
	return sb_is_fatal(status) ? status : STMBOOT_OK;
}

/* Does "name=value" and a NUL stand there? */
static bool has_entry(const struct binary *binary, const char *entry)
{
	return binary->data != NULL &&
	       memmem(binary->data, binary->size, entry, strlen(entry) + 1) != NULL;
}

/*
 * The value behind "name=", where it follows a NUL. Only the first of all
 * variables need not: it is bootargs or bootcmd (include/env_default.h).
 */
static const char *find_value(const struct binary *binary, const char *needle, size_t length)
{
	const char *at = NULL;

	if (binary->data == NULL)
		return NULL;
	at = memmem(binary->data, binary->size, needle, length);
	if (at != NULL)
		return at + length;
	if (strncmp(needle + 1, "bootargs=", length - 1) != 0 &&
	    strncmp(needle + 1, "bootcmd=", length - 1) != 0)
		return NULL;
	at = memmem(binary->data, binary->size, needle + 1, length - 1);
	return at != NULL ? at + length - 1 : NULL;
}

/* The default value of a variable; NULL when none is found. False without memory. */
static bool find_stock(struct sb_facts *facts, const struct binary *binary, const char *name,
		       const char **out)
{
	size_t length = strlen(name) + 2;
	char *needle = sb_arena_alloc(facts->arena, length);
	const char *at, *end;

	*out = NULL;
	if (needle == NULL)
		return false;
	memcpy(needle + 1, name, length - 2); /* behind the NUL of the entry before */
	needle[length - 1] = '=';
	at = find_value(binary, needle, length);
	if (at == NULL)
		return true;
	end = memchr(at, '\0', binary->size - (size_t)(at - binary->data));
	if (end == NULL)
		return true;
	*out = sb_arena_strndup(facts->arena, at, (size_t)(end - at));
	return *out != NULL;
}

/* The classes of which a changed value matters. */
static bool matters(enum stmboot_env_class class)
{
	return class == STMBOOT_ENV_BOOTCMD || class == STMBOOT_ENV_SEARCH ||
	       class == STMBOOT_ENV_BOOTARGS || class == STMBOOT_ENV_LABEL ||
	       class == STMBOOT_ENV_ADDRESS;
}

static enum stmboot_status compare(struct sb_facts *facts, const struct binary *binary,
				   const struct stmboot_env_variable *v)
{
	struct sb_environment *env = &facts->env;
	const char *entry = sb_arena_printf(facts->arena, "%s=%s", v->name, v->value);
	struct sb_override *override;
	const char *stock;

	if (entry == NULL)
		return STMBOOT_NO_MEMORY;
	if (has_entry(binary, entry))
		return STMBOOT_OK;
	if (!find_stock(facts, binary, v->name, &stock))
		return STMBOOT_NO_MEMORY;
	override = sb_arena_push(facts->arena, &env->overrides, &env->override_count,
				 &env->override_capacity, sizeof(*override));
	if (override == NULL)
		return STMBOOT_NO_MEMORY;
	*override = (struct sb_override){ v, stmboot_env_classify(v->name), stock };
	return STMBOOT_OK;
}

enum stmboot_status sb_facts_overrides(struct sb_facts *facts)
{
	const struct stmboot_env *saved = facts->env.found.saved;
	struct binary binary;
	enum stmboot_status status = load_binary(facts, &binary);
	size_t compared = 0;

	for (size_t i = 0; i < saved->variable_count && status == STMBOOT_OK; i++)
		if (matters(stmboot_env_classify(saved->variables[i].name)) &&
		    compared++ < MOST_COMPARED)
			status = compare(facts, &binary, &saved->variables[i]);
	sb_free(facts->ctx, binary.data);
	return status;
}
