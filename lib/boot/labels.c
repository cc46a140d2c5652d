/* SPDX-License-Identifier: MIT */
/* The labels of the configuration that counts, those that do not boot among them. */
#include "boot/labels.h"

#include <string.h>

#include "boot/facts.h"

static const char *environment(void *user, const char *name)
{
	return sb_facts_getenv(user, name);
}

/* What U-Boot would leave in its variable; a device tree that was not loaded may have more. */
static enum stmboot_status
find_bootargs(struct sb_facts *facts, const struct stmboot_extlinux_label *label, const char **out)
{
	const struct stmboot_extlinux_environment env = { .get = environment, .user = facts };
	const struct stmboot_extlinux_expansion *x;
	enum stmboot_status status = stmboot_extlinux_bootargs(facts->ctx, label, &env, 0, &x);

	if (status != STMBOOT_OK)
		return status;
	if (x == NULL && facts->env.found.saved != NULL)
		*out = stmboot_env_find(facts->env.found.saved, "bootargs");
	else if (x != NULL && !x->deleted && !x->overflow)
		*out = sb_arena_strndup(facts->arena, x->text,
					strnlen(x->text, sb_facts_command_line_size(facts) - 1));
	stmboot_extlinux_expansion_free(x);
	return facts->arena->failed ? STMBOOT_NO_MEMORY : STMBOOT_OK;
}

const struct stmboot_boot_label *stmboot_boot_find_label(const struct stmboot_boot *boot,
							 const char *name)
{
	if (name == NULL)
		return boot->label_index != STMBOOT_NO_LABEL ? &boot->labels[boot->label_index]
							     : NULL;
	for (size_t i = boot->label_count; i-- > 0;)
		if (strcmp(boot->labels[i].name, name) == 0)
			return &boot->labels[i];
	return NULL;
}

enum stmboot_status sb_fill_labels(struct sb_facts *facts, struct stmboot_boot *boot)
{
	const struct sb_config *config = sb_facts_config(facts);
	struct stmboot_boot_label *labels;
	enum stmboot_status status = STMBOOT_OK;
	size_t count;

	boot->label_index = STMBOOT_NO_LABEL;
	if (config == NULL || config->conf == NULL)
		return STMBOOT_OK;
	if (facts->attempt != NULL)
		boot->label_index = (int32_t)facts->attempt->label;
	count = config->conf->label_count;
	labels = sb_arena_array(facts->arena, count, sizeof(*labels));
	if (labels == NULL)
		return STMBOOT_NO_MEMORY;
	for (size_t i = 0; i < count && status == STMBOOT_OK; i++) {
		const struct stmboot_extlinux_label *label = &config->conf->labels[i];

		labels[i].name = label->name.text;
		labels[i].append = label->append.text;
		if ((int32_t)i == boot->label_index)
			labels[i].bootargs = facts->bootargs;
		else
			status = find_bootargs(facts, label, &labels[i].bootargs);
	}
	boot->labels = labels;
	boot->label_count = count;
	return status;
}
