/* SPDX-License-Identifier: MIT */
/* What U-Boot has saved, as shapes.c has the rest. */
#include "reports.h"

#include "shapes.h"

TEXT(env_place, enum stmboot_env_place)

/* One copy, flat. */
struct env_copy {
	const char *place;
	int32_t partition;
	bool has_offset, has_bytes, has_flags, counts;
	uint64_t offset, size;
	uint8_t flags;
	uint32_t crc, computed_crc;
	const char *state;
};

#define ENV_COPY_FIELDS                                                                            \
	OWN_KNOWN(env_copy, offset, KIND_U64, has_offset),                                         \
		OWN_KNOWN(env_copy, size, KIND_U64, has_bytes),                                    \
		OWN_KNOWN(env_copy, flags, KIND_U8, has_flags),                                    \
		OWN_KNOWN(env_copy, crc, KIND_U32, has_bytes),                                     \
		OWN_KNOWN(env_copy, computed_crc, KIND_U32, has_bytes),                            \
		OWN(env_copy, state, KIND_TEXT), OWN(env_copy, counts, KIND_BOOL)

static const struct field env_copy_fields[] = {
	OWN(env_copy, place, KIND_TEXT),
	OWN(env_copy, partition, KIND_PARTITION),
	ENV_COPY_FIELDS,
};
static const struct shape shape_env_copy = OWN_SHAPE("EnvCopy", env_copy, env_copy_fields);

static const struct field stored_copy_fields[] = { ENV_COPY_FIELDS };
static const struct shape shape_stored_copy =
	OWN_SHAPE("StoredEnvCopy", env_copy, stored_copy_fields);

static void fill_env_copy(struct env_copy *copy, const struct stmboot_env *env)
{
	if (env == NULL)
		return;
	copy->has_bytes = true;
	copy->size = env->size;
	copy->has_flags = env->redundant;
	copy->flags = env->flags;
	copy->crc = env->crc_found;
	copy->computed_crc = env->crc_computed;
}

static PyObject *env_copy_at(struct state *state, const void *user, size_t index)
{
	const struct stmboot_boot_env *env = user;
	const struct stmboot_boot_env_copy *from = &env->copies[index];
	struct env_copy copy = { .place = stmboot_env_place_text(from->place),
				 .partition = from->partition,
				 .has_offset = from->has_offset,
				 .offset = from->offset,
				 .state = stmboot_boot_env_copy_text(from),
				 .counts = env->chosen == (int32_t)index };

	fill_env_copy(&copy, from->env);
	return convert(state, &shape_env_copy, &copy, 0);
}

static PyObject *env_copies(struct state *state, const void *record, uint64_t base)
{
	(void)base;
	return convert_each(state, ((const struct stmboot_boot_env *)record)->copy_count,
			    env_copy_at, record);
}

static PyObject *variable_class(struct state *state, const void *record, uint64_t base)
{
	const struct stmboot_env_variable *variable = record;

	(void)state;
	(void)base;
	return text_for_people(stmboot_env_class_text(stmboot_env_classify(variable->name)));
}

static const struct field variable_fields[] = {
	SAME(env_variable, name, KIND_NAME),
	SAME(env_variable, value, KIND_NAME),
	OTHER("class_", variable_class),
};
static const struct shape shape_variable =
	SHAPE("EnvVariable", env_variable, variable_fields, NONE);

static PyObject *env_saved(struct state *state, const void *record, uint64_t base)
{
	(void)state;
	(void)base;
	return PyBool_FromLong(((const struct stmboot_boot_env *)record)->saved != NULL);
}

static PyObject *env_variables(struct state *state, const void *record, uint64_t base)
{
	const struct stmboot_env *saved = ((const struct stmboot_boot_env *)record)->saved;

	return convert_list(state, &shape_variable, saved != NULL ? saved->variables : NULL,
			    saved != NULL ? saved->variable_count : 0, base);
}

static const struct field env_fields[] = {
	WORD("place", boot_env, place, env_place_text),
	SAME(boot_env, wanted, KIND_NAME),
	SAME(boot_env, path, KIND_NAME),
	OTHER("copies", env_copies),
	OTHER("saved", env_saved),
	OTHER("variables", env_variables),
};
const struct shape shape_env = SHAPE("Env", boot_env, env_fields, NONE);

/* The copies in a partition, and where that is. */
struct placed_area {
	const struct stmboot_env_area *area;
	uint64_t base;
};

static PyObject *stored_copy_at(struct state *state, const void *user, size_t index)
{
	const struct placed_area *placed = user;
	const struct stmboot_env *env = placed->area->copies[index];
	struct env_copy copy = { .has_offset = true,
				 .offset = placed->base + env->offset,
				 .state = stmboot_env_state_text(env),
				 .counts = env == placed->area->saved };

	fill_env_copy(&copy, env);
	return convert(state, &shape_stored_copy, &copy, 0);
}

static PyObject *area_copies(struct state *state, const void *record, uint64_t base)
{
	const struct placed_area placed = { record, base };

	return convert_each(state, placed.area->copy_count, stored_copy_at, &placed);
}

static PyObject *area_variables(struct state *state, const void *record, uint64_t base)
{
	(void)state;
	(void)base;
	return PyLong_FromSize_t(((const struct stmboot_env_area *)record)->saved->variable_count);
}

static const struct field area_fields[] = {
	OTHER("copies", area_copies),
	OTHER("variables", area_variables),
};
const struct shape shape_env_area = SHAPE("StoredEnv", env_area, area_fields, NONE);
