/* SPDX-License-Identifier: MIT */
/* The allocator refuses its nth request, for every n: a status, no crash and no leak. */
#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#include <stmboot/cmdline.h>
#include <stmboot/env.h>
#include <stmboot/extlinux.h>

#include "../support/extlinux_apply.h"
#include "../support/heap.h"

static enum stmboot_status include(void *user, const char *path, const void **data, size_t *size)
{
	(void)user;
	(void)path;
	*data = "label i\nkernel /k\n";
	*size = strlen(*data);
	return STMBOOT_OK;
}

static const char text[] =
	"default b\ninclude i\nmenu title t\nlabel a\r\nkernel /k#c \ninitrd /i\n"
	"append ${x} 'y' \"z\nfdtoverlays a b\tc\nfdt f\nfdt g\nipappend 3\n"
	"foo\nlabel a\nappend initrd=/i x\nmenu label\nkernel k\n";

static enum stmboot_status use(struct stmboot_context *ctx, const struct stmboot_extlinux *conf)
{
	struct stmboot_extlinux_check check = { .struct_size = sizeof(check),
						.boots = STMBOOT_EXTLINUX_NONE };
	const struct stmboot_extlinux_steps *steps;
	struct stmboot_diags *diags;
	enum stmboot_status status = stmboot_extlinux_label_steps(ctx, conf, 1, NULL, &steps);

	if (status != STMBOOT_OK)
		return status;
	stmboot_extlinux_steps_free(steps);
	status = stmboot_diags_new(ctx, &diags);
	if (status != STMBOOT_OK)
		return status;
	status = stmboot_extlinux_validate(ctx, conf, NULL, &check, diags);
	stmboot_diags_free(diags);
	return status;
}

static enum stmboot_status read_configuration(struct stmboot_context *ctx)
{
	struct stmboot_extlinux_options options = { .struct_size = sizeof(options),
						    .include = include };
	const struct stmboot_extlinux *conf;
	enum stmboot_status status =
		stmboot_extlinux_decode(ctx, text, strlen(text), &options, &conf);

	if (status != STMBOOT_OK)
		return status;
	status = use(ctx, conf);
	stmboot_extlinux_free(conf);
	return status;
}

static enum stmboot_status read_cmdline(struct stmboot_context *ctx)
{
	const struct stmboot_cmdline *line;
	enum stmboot_status status = stmboot_cmdline_decode(
		ctx, "console=a root=PARTUUID=1/PARTNROFF=1 rootfstype=a,b -- c", &line);

	if (status == STMBOOT_OK)
		stmboot_cmdline_free(line);
	return status;
}

static enum stmboot_status read_env(struct stmboot_context *ctx)
{
	static const unsigned char copy[] = "\x34\xd4\xfd\x3c"
					    "a=b\0c=d\0\0";
	const struct stmboot_env *env;
	struct stmboot_source *src;
	enum stmboot_status status = stmboot_source_from_memory(ctx, copy, 13, &src);

	if (status != STMBOOT_OK)
		return status;
	status = stmboot_env_decode(ctx, src, 0, 13, false, &env);
	if (status == STMBOOT_OK) {
		cr_expect(env->crc_ok, "%08x", env->crc_computed);
		cr_expect_eq(env->variable_count, 2);
		stmboot_env_free(env);
	}
	stmboot_source_close(src);
	return status;
}

/* Every edit, from a file to what it becomes. */
static enum stmboot_status edit_configuration(struct stmboot_context *ctx)
{
	static const char before[] = "include i\n\nlabel a\n kernel /k\n append root='a b'\n";
	static const char *const edits[] = { "args a x=y z",
					     "set a fdt /f",
					     "args i root=PARTUUID=${u}",
					     "unset a fdt",
					     "add c linux=/k append=x",
					     "default a",
					     "timeout 50",
					     "remove a" };
	struct stmboot_extlinux_options options = { .struct_size = sizeof(options),
						    .include = include };
	struct stmboot_extlinux_document *document;
	enum stmboot_status status =
		stmboot_extlinux_document_open(ctx, before, strlen(before), &options, &document);

	if (status != STMBOOT_OK)
		return status;
	for (size_t i = 0; i < sizeof(edits) / sizeof(edits[0]) && status == STMBOOT_OK; i++)
		status = extlinux_apply(document, edits[i], NULL);
	stmboot_extlinux_document_free(document);
	return status;
}

static void refuse_each(enum stmboot_status (*call)(struct stmboot_context *))
{
	enum stmboot_status status = STMBOOT_NO_MEMORY;
	struct heap heap = { .for_good = true };
	struct stmboot_context *ctx = heap_context(&heap);
	size_t n = 1;

	for (; status == STMBOOT_NO_MEMORY && n < 1000; n++) {
		heap_refuse(&heap, n);
		status = call(ctx);
		cr_expect_eq(heap.live, 1, "%zu blocks leak at request %zu", heap.live - 1, n);
	}
	stmboot_context_free(ctx);
	cr_expect_eq(status, STMBOOT_OK, "status %d at request %zu", (int)status, n);
	cr_expect_gt(n, 3, "nothing was ever refused");
}

Test(extlinux_memory, configuration)
{
	refuse_each(read_configuration);
}

Test(extlinux_memory, edits)
{
	refuse_each(edit_configuration);
}

Test(extlinux_memory, command_line)
{
	refuse_each(read_cmdline);
}

Test(extlinux_memory, environment)
{
	refuse_each(read_env);
}
