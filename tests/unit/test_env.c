/* SPDX-License-Identifier: MIT */
/* The expected values come from U-Boot's env/common.c and lib/hashtable.c. */
#include <criterion/criterion.h>
#include <string.h>
#include <zlib.h>

#include <stmboot/env.h>

enum { SIZE = 64, HEAD = 5 };

/* A copy with its CRC; `list` holds `size` bytes, the rest is zero. */
static void make_copy(unsigned char out[SIZE], unsigned char flags, const char *list, size_t size)
{
	unsigned long crc;

	memset(out, 0, SIZE);
	memcpy(out + HEAD, list, size);
	out[4] = flags;
	crc = crc32(0, out + HEAD, SIZE - HEAD);
	for (size_t i = 0; i < 4; i++)
		out[i] = (unsigned char)(crc >> (8 * i));
}

static const struct stmboot_env *decode(struct stmboot_context *ctx, const unsigned char copy[SIZE])
{
	const struct stmboot_env *env;
	struct stmboot_source *src;

	cr_assert_eq(stmboot_source_from_memory(ctx, copy, SIZE, &src), STMBOOT_OK);
	cr_assert_eq(stmboot_env_decode(ctx, src, 0, SIZE, true, &env), STMBOOT_OK);
	stmboot_source_close(src);
	return env;
}

Test(env, variables)
{
	static const char list[] = "bootcmd=run a\\\\b\0# c=d\0 x=1\0empty=\0flag\0x=2\0";
	unsigned char copy[SIZE];
	const struct stmboot_env *env;
	struct stmboot_context *ctx;

	cr_assert_eq(stmboot_context_new(NULL, &ctx), STMBOOT_OK);
	make_copy(copy, 7, list, sizeof(list));
	env = decode(ctx, copy);
	cr_expect(env->crc_ok);
	cr_expect_eq(env->flags, 7);
	cr_expect_eq(env->variable_count, 2, "an entry without a value sets nothing");
	cr_expect_str_eq(stmboot_env_find(env, "bootcmd"), "run a\\b", "the export doubles '\\'");
	cr_expect_str_eq(stmboot_env_find(env, "x"), "2", "the last one stays");
	cr_expect_null(stmboot_env_find(env, "empty"));
	cr_expect_eq(env->variables[0].offset, HEAD);
	cr_expect_eq(env->variables[0].length, strlen(list));
	cr_expect_not(env->unterminated);
	stmboot_env_free(env);

	copy[SIZE - 1] = 1;
	env = decode(ctx, copy);
	cr_expect_not(env->crc_ok);
	cr_expect_not(env->blank);
	cr_expect_eq(env->variable_count, 0);
	stmboot_env_free(env);
	stmboot_context_free(ctx);
}

Test(env, an_entry_without_a_value_deletes)
{
	static const char list[] = "a=1\0b=2\0c=3\0b\0c=\0c=4\0";
	unsigned char copy[SIZE];
	const struct stmboot_env *env;
	struct stmboot_context *ctx;

	cr_assert_eq(stmboot_context_new(NULL, &ctx), STMBOOT_OK);
	make_copy(copy, 0, list, sizeof(list));
	env = decode(ctx, copy);
	cr_assert_eq(env->variable_count, 2);
	cr_expect_str_eq(env->variables[0].name, "a");
	cr_expect_str_eq(stmboot_env_find(env, "c"), "4");
	cr_expect_null(stmboot_env_find(env, "b"));
	stmboot_env_free(env);
	stmboot_context_free(ctx);
}

Test(env, a_value_without_a_name_is_refused)
{
	static const struct {
		const char *name;
		char list[24];
		size_t count;
		bool rejected;
	} rows[] = {
		{ "a value alone", "a=1\0=2\0b=3\0", 1, true },
		{ "behind a blank", "a=1\0 =2\0b=3\0", 1, true },
		{ "no value either", "a=1\0=\0b=3\0", 2, false },
		{ "only a blank", "a=1\0 \0b=3\0", 2, false },
		{ "nothing at first", "\0b=3\0", 1, false },
		{ "nothing later", "a=1\0\0b=3\0", 1, false },
	};
	struct stmboot_context *ctx;

	cr_assert_eq(stmboot_context_new(NULL, &ctx), STMBOOT_OK);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		unsigned char copy[SIZE];
		const struct stmboot_env *env;

		make_copy(copy, 0, rows[i].list, sizeof(rows[i].list));
		env = decode(ctx, copy);
		cr_expect_eq(env->variable_count, rows[i].count, "%s", rows[i].name);
		cr_expect_eq(env->rejected, rows[i].rejected, "%s", rows[i].name);
		stmboot_env_free(env);
	}
	stmboot_context_free(ctx);
}

Test(env, a_list_that_fills_the_copy)
{
	char list[SIZE - HEAD];
	unsigned char copy[SIZE];
	const struct stmboot_env *env;
	struct stmboot_context *ctx;

	memset(list, 'v', sizeof(list));
	memcpy(list, "name=", 5);
	make_copy(copy, 0, list, sizeof(list));
	cr_assert_eq(stmboot_context_new(NULL, &ctx), STMBOOT_OK);
	env = decode(ctx, copy);
	cr_expect(env->unterminated);
	cr_assert_eq(env->variable_count, 1);
	cr_expect_eq(strlen(env->variables[0].value), sizeof(list) - 5);
	stmboot_env_free(env);
	stmboot_context_free(ctx);
}

Test(env, erased_storage_is_blank)
{
	unsigned char copy[SIZE];
	const struct stmboot_env *env;
	struct stmboot_context *ctx;

	memset(copy, 0xff, sizeof(copy));
	cr_assert_eq(stmboot_context_new(NULL, &ctx), STMBOOT_OK);
	env = decode(ctx, copy);
	cr_expect(env->blank);
	cr_expect_not(env->crc_ok);
	stmboot_env_free(env);
	stmboot_context_free(ctx);
}

Test(env, sizes)
{
	static const unsigned char bytes[SIZE];
	const struct stmboot_env *env;
	struct stmboot_context *ctx;
	struct stmboot_source *src;

	cr_assert_eq(stmboot_context_new(NULL, &ctx), STMBOOT_OK);
	cr_assert_eq(stmboot_source_from_memory(ctx, bytes, SIZE, &src), STMBOOT_OK);
	cr_expect_eq(stmboot_env_decode(ctx, src, 1, SIZE, true, &env), STMBOOT_TRUNCATED);
	cr_expect_eq(stmboot_env_decode(ctx, src, UINT64_MAX, SIZE, true, &env), STMBOOT_TRUNCATED);
	cr_expect_eq(stmboot_env_decode(ctx, src, 0, 4, true, &env), STMBOOT_INVALID_ARGUMENT);
	cr_expect_eq(stmboot_env_decode(ctx, src, 0, UINT64_MAX, true, &env), STMBOOT_LIMIT);
	stmboot_source_close(src);
	stmboot_context_free(ctx);
}

struct choice_row {
	const char *name;
	struct stmboot_env first, second;
	int chosen; /* 0: none */
};

static const struct choice_row choice_rows[] = {
	{ "neither", { .crc_ok = false }, { .crc_ok = false }, 0 },
	{ "only the first", { .crc_ok = true }, { .flags = 9 }, 1 },
	{ "only the second", { .flags = 9 }, { .crc_ok = true }, 2 },
	{ "the higher serial", { .crc_ok = true, .flags = 1 }, { .crc_ok = true, .flags = 2 }, 2 },
	{ "equal serials", { .crc_ok = true, .flags = 2 }, { .crc_ok = true, .flags = 2 }, 1 },
	{ "0 follows 255", { .crc_ok = true, .flags = 255 }, { .crc_ok = true, .flags = 0 }, 2 },
	{ "in either place", { .crc_ok = true, .flags = 0 }, { .crc_ok = true, .flags = 255 }, 1 },
	{ "1 does not", { .crc_ok = true, .flags = 255 }, { .crc_ok = true, .flags = 1 }, 1 },
};

Test(env, choice)
{
	for (size_t i = 0; i < sizeof(choice_rows) / sizeof(choice_rows[0]); i++) {
		const struct choice_row *row = &choice_rows[i];
		const struct stmboot_env *expected = row->chosen == 1   ? &row->first
						     : row->chosen == 2 ? &row->second
									: NULL;

		cr_expect_eq(stmboot_env_choose(&row->first, &row->second), expected, "%s",
			     row->name);
	}
	cr_expect_null(stmboot_env_choose(NULL, NULL));
}

Test(env, classes)
{
	cr_expect_eq(stmboot_env_classify("bootcmd"), STMBOOT_ENV_BOOTCMD);
	cr_expect_eq(stmboot_env_classify("bootcmd_stm32mp"), STMBOOT_ENV_BOOTCMD);
	cr_expect_eq(stmboot_env_classify("scan_dev_for_boot_part"), STMBOOT_ENV_SEARCH);
	cr_expect_eq(stmboot_env_classify("bootargs"), STMBOOT_ENV_BOOTARGS);
	cr_expect_eq(stmboot_env_classify("fdtfile"), STMBOOT_ENV_RESET);
	cr_expect_eq(stmboot_env_classify("ethaddr"), STMBOOT_ENV_OTHER);
	cr_expect_eq(stmboot_env_classify(""), STMBOOT_ENV_OTHER);
}
