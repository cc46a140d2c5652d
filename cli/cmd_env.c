/* SPDX-License-Identifier: MIT */
/* What U-Boot has saved on a card. */
#include "cmd.h"

#include <inttypes.h>

#include <stmboot/boot_env.h>
#include <stmboot/text.h>

#include "buffer.h"
#include "fail.h"
#include "json.h"
#include "render.h"
#include "style.h"

/* What is told of; borrowed. */
struct env_report {
	const struct options *o;
	const struct stmboot_image *image;
	const struct stmboot_boot_env *env;
};

static void add_copy_json(struct json *j, const struct stmboot_boot_env *env, size_t index)
{
	const struct stmboot_boot_env_copy *copy = &env->copies[index];

	json_open(j, NULL, '{');
	json_text(j, "place", stmboot_env_place_text(copy->place));
	json_known(j, "partition", copy->partition != STMBOOT_NO_PARTITION,
		   (uint32_t)copy->partition);
	if (copy->env != NULL) {
		/* where it is on the medium is not where it is in its file */
		render_env_copy(j, copy->env, copy->offset - copy->env->offset);
	} else {
		json_known(j, "offset", copy->has_offset, copy->offset);
		json_null(j, "size");
		json_null(j, "flags");
		json_null(j, "crc");
		json_null(j, "computed_crc");
		json_text(j, "state", stmboot_boot_env_copy_text(copy));
	}
	json_bool(j, "counts", env->chosen == (int32_t)index);
	json_close(j, '}');
}

static void add_variable_json(struct json *j, const struct stmboot_env_variable *v)
{
	json_open_flat(j, NULL, '{');
	json_text(j, "name", v->name);
	json_text(j, "value", v->value);
	json_text(j, "class", stmboot_env_class_text(stmboot_env_classify(v->name)));
	json_close(j, '}');
}

static void add_json(struct buffer *out, const struct stmboot_boot_env *env)
{
	struct json j = { .out = out };

	json_open(&j, NULL, '{');
	json_text(&j, "schema", "stmboot.env/1");
	json_text(&j, "place", stmboot_env_place_text(env->place));
	json_text(&j, "wanted", env->wanted);
	json_text(&j, "path", env->path);
	json_open(&j, "copies", '[');
	for (size_t i = 0; i < env->copy_count; i++)
		add_copy_json(&j, env, i);
	json_close(&j, ']');
	json_bool(&j, "saved", env->saved != NULL);
	json_open(&j, "variables", '[');
	for (size_t i = 0; env->saved != NULL && i < env->saved->variable_count; i++)
		add_variable_json(&j, &env->saved->variables[i]);
	json_close(&j, ']');
	json_close(&j, '}');
}

/* "partition 3 (ssbl)", "the medium". */
static void add_where(struct buffer *out, const struct style *style, const struct env_report *r,
		      const struct stmboot_boot_env_copy *copy)
{
	const struct stmboot_part *part =
		copy->partition > 0 ? stmboot_image_find(r->image, (uint32_t)copy->partition)
				    : NULL;

	if (part == NULL) {
		buffer_puts(out,
			    copy->place == STMBOOT_ENV_PLACE_BARE ? "this file" : "the medium");
		return;
	}
	buffer_printf(out, "partition %" PRIu32 " (", part->number);
	style_escape(style, out, part->entry->name);
	buffer_puts(out, ")");
	if (r->env->path != NULL)
		buffer_printf(out, " in %s", r->env->path);
}

static void add_copy(struct buffer *out, const struct style *style, const struct env_report *r,
		     size_t index)
{
	const struct stmboot_boot_env_copy *copy = &r->env->copies[index];

	style_begin(style, out, PAINT_FAINT);
	buffer_printf(out, "# copy %zu", index);
	if (!copy->has_offset) {
		buffer_puts(out, " has no place");
	} else {
		buffer_printf(out, " at 0x%" PRIx64 " of the medium, ", copy->offset);
		add_where(out, style, r, copy);
	}
	if (copy->env == NULL)
		buffer_puts(out, copy->has_offset ? ": cannot be read" : "");
	else if (copy->env->blank)
		buffer_puts(out, ": blank");
	else
		buffer_printf(out, ": CRC 0x%08" PRIx32 " is %s", copy->env->crc_found,
			      copy->env->crc_ok ? "right" : "wrong");
	if (copy->env != NULL && copy->env->redundant && copy->env->crc_ok)
		buffer_printf(out, ", flags %u", (unsigned)copy->env->flags);
	if (r->env->chosen == (int32_t)index)
		buffer_puts(out, "; this one counts");
	style_end(style, out, PAINT_FAINT);
	buffer_puts(out, "\n");
}

static const char *why_none(const struct stmboot_boot_env *env)
{
	if (env->chosen >= 0)
		return "U-Boot refuses what is saved, and takes its default environment";
	switch (env->place) {
	case STMBOOT_ENV_PLACE_UNKNOWN:
		return "it is not known where this U-Boot keeps its environment";
	case STMBOOT_ENV_PLACE_NOWHERE:
		return "this U-Boot has no place for its environment on this card";
	case STMBOOT_ENV_PLACE_OFF_CARD:
		return "this U-Boot keeps its environment in a flash memory of the board";
	default:
		return "no environment is saved, so U-Boot takes its default one";
	}
}

static void add_text(struct buffer *out, const struct env_report *r)
{
	const struct style style = style_choose((enum color_choice)r->o->value[OPTION_COLOR]);
	const struct stmboot_env *saved = r->env->saved;

	if (saved == NULL)
		buffer_printf(out, "# %s\n", why_none(r->env));
	for (size_t i = 0; i < r->env->copy_count && r->o->value[OPTION_QUIET] == 0; i++)
		add_copy(out, &style, r, i);
	for (size_t i = 0; saved != NULL && i < saved->variable_count; i++) {
		style_begin(&style, out, PAINT_STRONG);
		style_escape(&style, out, saved->variables[i].name);
		style_end(&style, out, PAINT_STRONG);
		buffer_puts(out, "=");
		style_escape(&style, out, saved->variables[i].value);
		buffer_puts(out, "\n");
	}
}

static int show(struct stmboot_context *ctx, const struct options *o, struct stmboot_image *image,
		const struct stmboot_boot *boot)
{
	const struct env_report r = { o, image, stmboot_boot_environment(boot) };
	struct buffer out = { 0 };

	(void)ctx;
	if (o->value[OPTION_JSON] != 0)
		add_json(&out, r.env);
	else
		add_text(&out, &r);
	return finish(o, &out);
}

int cmd_env_show(struct stmboot_context *ctx, const struct options *o)
{
	return with_boot(ctx, o, show);
}

static void add_value_json(struct buffer *out, const char *name, const char *value, bool saved)
{
	struct json j = { .out = out };

	json_open(&j, NULL, '{');
	json_text(&j, "schema", "stmboot.env-variable/1");
	json_bool(&j, "saved", saved);
	json_text(&j, "name", name);
	json_text(&j, "value", value);
	json_text(&j, "class", stmboot_env_class_text(stmboot_env_classify(name)));
	json_close(&j, '}');
}

static int say_no_variable(const struct options *o, const struct stmboot_boot_env *env,
			   const char *name)
{
	const char *best = NULL;
	char room[NEAR_ROOM];
	struct buffer message = { 0 };
	int result;

	if (env->saved == NULL)
		return say_absent(o, o->operands[0], why_none(env), NULL);
	for (size_t i = 0; i < env->saved->variable_count; i++)
		stmboot_similar(name, env->saved->variables[i].name, &best);
	buffer_printf(&message, "no variable '%s' is saved", name);
	result = say_absent(o, o->operands[0], message.data,
			    did_you_mean(best, "'stmboot env show' shows all", room));
	buffer_release(&message);
	return result;
}

static int get(struct stmboot_context *ctx, const struct options *o, struct stmboot_image *image,
	       const struct stmboot_boot *boot)
{
	const struct stmboot_boot_env *env = stmboot_boot_environment(boot);
	const char *name = o->operands[1];
	const char *value = env->saved != NULL ? stmboot_env_find(env->saved, name) : NULL;
	const struct style style = style_choose((enum color_choice)o->value[OPTION_COLOR]);
	struct buffer out = { 0 };
	int result;

	(void)ctx;
	(void)image;
	if (o->value[OPTION_JSON] != 0) {
		add_value_json(&out, name, value, env->saved != NULL);
	} else if (value != NULL) {
		style_escape(&style, &out, value);
		buffer_puts(&out, "\n");
	}
	result = finish(o, &out);
	return result == EXIT_DONE && value == NULL ? say_no_variable(o, env, name) : result;
}

int cmd_env_get(struct stmboot_context *ctx, const struct options *o)
{
	return with_boot(ctx, o, get);
}
