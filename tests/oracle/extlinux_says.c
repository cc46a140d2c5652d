/* SPDX-License-Identifier: MIT */
/*
 * What the library says that U-Boot does with an extlinux.conf, one fact a
 * line, for uboot_extlinux.py to hold against the real one.
 * usage: extlinux_says ROOT PATH CBSIZE [NAME=VALUE]...
 *   ROOT is the directory that holds what the medium holds, PATH the file's
 *   path on the medium; the rest is U-Boot's environment.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include <stmboot/extlinux.h>

struct medium {
	const char *root;
	char *data; /* of the file read last */
	char **environment;
};

/* Bytes that are not printable, and the backslash, as \xNN. */
static void say(const char *what, const char *text)
{
	printf("%s ", what);
	for (; *text != '\0'; text++) {
		unsigned char c = (unsigned char)*text;

		if (c < ' ' || c > '~' || c == '\\')
			printf("\\x%02x", c);
		else
			putchar(c);
	}
	putchar('\n');
}

static enum stmboot_status read_stream(struct medium *m, FILE *f, size_t length, const void **data,
				       size_t *size)
{
	free(m->data);
	m->data = malloc(length + 1);
	if (m->data == NULL)
		return STMBOOT_NO_MEMORY;
	*size = fread(m->data, 1, length, f);
	*data = m->data;
	return *size == length ? STMBOOT_OK : STMBOOT_IO;
}

static enum stmboot_status read_file(struct medium *m, const char *path, const void **data,
				     size_t *size)
{
	char name[4096];
	struct stat st;
	enum stmboot_status status;
	FILE *f;

	if (snprintf(name, sizeof(name), "%s%s", m->root, path) >= (int)sizeof(name))
		return STMBOOT_NOT_FOUND;
	f = fopen(name, "rb");
	if (f == NULL)
		return STMBOOT_NOT_FOUND;
	if (fstat(fileno(f), &st) != 0 || !S_ISREG(st.st_mode))
		status = STMBOOT_NOT_FOUND;
	else
		status = read_stream(m, f, (size_t)st.st_size, data, size);
	fclose(f);
	return status;
}

/* Each file that is asked for is said, found or not. */
static enum stmboot_status include(void *user, const char *path, const void **data, size_t *size)
{
	say("include", path);
	return read_file(user, path, data, size);
}

static const char *get_variable(void *user, const char *name)
{
	const struct medium *m = user;
	size_t length = strlen(name);

	for (char **v = m->environment; *v != NULL; v++)
		if (strncmp(*v, name, length) == 0 && (*v)[length] == '=')
			return *v + length + 1;
	return NULL;
}

static const char *outcome_name(const struct stmboot_extlinux *conf)
{
	if (conf->outcome == STMBOOT_EXTLINUX_READ)
		return "read";
	if (conf->outcome == STMBOOT_EXTLINUX_REJECTED)
		return "rejected";
	return conf->fault == STMBOOT_EXTLINUX_INITRD_LAST ? "crash" : "undefined";
}

static void say_menu(const struct stmboot_extlinux *conf)
{
	printf("menu %d\n", conf->menu_shown);
	printf("seconds %d\n", conf->selection.wait == STMBOOT_EXTLINUX_WAIT_FOREVER
				       ? -1
				       : (int)conf->selection.wait_seconds);
	printf("default %d\n", (int)conf->selection.default_label);
	if (conf->title.text != NULL)
		say("title", conf->title.text);
	if (conf->selection.default_missing)
		say("missing", conf->default_name.text);
	for (size_t i = 0; i < conf->label_count; i++)
		say("label", conf->labels[i].menu.text != NULL ? conf->labels[i].menu.text
							       : conf->labels[i].name.text);
}

static enum stmboot_status say_bootargs(struct stmboot_context *ctx,
					const struct stmboot_extlinux_label *label,
					const struct stmboot_extlinux_environment *env,
					size_t cbsize)
{
	const struct stmboot_extlinux_expansion *x = NULL;
	enum stmboot_status status = stmboot_extlinux_bootargs(ctx, label, env, cbsize, &x);

	if (status != STMBOOT_OK || x == NULL)
		return status;
	say(x->overflow ? "overflow" : "bootargs", x->text);
	stmboot_extlinux_expansion_free(x);
	return STMBOOT_OK;
}

static const char *const step_names[] = {
	[STMBOOT_EXTLINUX_STEP_LOCALBOOT] = "localboot",
	[STMBOOT_EXTLINUX_STEP_NO_KERNEL] = "no-kernel",
	[STMBOOT_EXTLINUX_STEP_INITRD] = "initrd",
	[STMBOOT_EXTLINUX_STEP_KERNEL] = "kernel",
	[STMBOOT_EXTLINUX_STEP_BOOTARGS] = "setenv",
	[STMBOOT_EXTLINUX_STEP_FDT] = "fdt",
	[STMBOOT_EXTLINUX_STEP_FDTDIR] = "fdtdir",
	[STMBOOT_EXTLINUX_STEP_FIT_FDT] = "fit-fdt",
	[STMBOOT_EXTLINUX_STEP_FIT_INITRD] = "fit-initrd",
	[STMBOOT_EXTLINUX_STEP_OVERLAY] = "overlay",
};

static enum stmboot_status say_label(struct stmboot_context *ctx,
				     const struct stmboot_extlinux *conf, uint32_t index,
				     const struct stmboot_extlinux_environment *env, size_t cbsize)
{
	const struct stmboot_extlinux_steps *steps = NULL;
	const struct stmboot_extlinux_label *label = &conf->labels[index];
	enum stmboot_status status = stmboot_extlinux_label_steps(ctx, conf, index, env, &steps);

	if (status != STMBOOT_OK)
		return status;
	printf("try %u\n", (unsigned)index);
	for (size_t i = 0; i < steps->count; i++) {
		const struct stmboot_extlinux_step *step = &steps->steps[i];

		printf("%s ", step->fatal ? "fatal" : "step");
		say(step_names[step->kind], step->path != NULL ? step->path : "");
		if (step->kind == STMBOOT_EXTLINUX_STEP_LOCALBOOT)
			printf("value %d\n", (int)label->localboot_value);
	}
	stmboot_extlinux_steps_free(steps);
	return say_bootargs(ctx, label, env, cbsize);
}

static enum stmboot_status say_all(struct stmboot_context *ctx, struct medium *m, const char *path,
				   size_t cbsize)
{
	const struct stmboot_extlinux_environment env = { get_variable, m };
	struct stmboot_extlinux_options options = { .struct_size = sizeof(options),
						    .include = include,
						    .user = m };
	const struct stmboot_extlinux *conf = NULL;
	char *directory = strdup(path), *text = NULL;
	const void *data = NULL;
	size_t size = 0;
	enum stmboot_status status;

	status = directory != NULL ? read_file(m, path, &data, &size) : STMBOOT_NO_MEMORY;
	if (status != STMBOOT_OK)
		goto out;
	text = m->data;
	m->data = NULL;
	strrchr(directory, '/')[1] = '\0';
	options.directory = directory;
	status = stmboot_extlinux_decode(ctx, text, size, &options, &conf);
	if (status != STMBOOT_OK)
		goto out;
	printf("outcome %s\n", outcome_name(conf));
	say_menu(conf);
	for (size_t i = 0; i < conf->selection.order_count && status == STMBOOT_OK; i++)
		status = say_label(ctx, conf, conf->selection.order[i], &env, cbsize);
out:
	stmboot_extlinux_free(conf);
	free(text);
	free(directory);
	return status;
}

int main(int argc, char **argv)
{
	struct stmboot_context *ctx = NULL;
	enum stmboot_status status;
	struct medium m = { .root = NULL };

	if (argc < 4 || strchr(argv[2], '/') == NULL) {
		fputs("usage: extlinux_says ROOT PATH CBSIZE [NAME=VALUE]...\n", stderr);
		return 2;
	}
	m.root = argv[1];
	m.environment = argv + 4;
	status = stmboot_context_new(NULL, &ctx);
	if (status == STMBOOT_OK)
		status = say_all(ctx, &m, argv[2], strtoul(argv[3], NULL, 10));
	free(m.data);
	stmboot_context_free(ctx);
	if (status != STMBOOT_OK)
		fprintf(stderr, "extlinux_says: %s\n", stmboot_status_text(status));
	return status == STMBOOT_OK ? 0 : 1;
}
