/* SPDX-License-Identifier: MIT */
/*
 * Check all images in a directory.
 * usage: check_folder DIRECTORY
 *
 * Prints a line for each, and its errors below it. Exits 0 when all boot, 1 when
 * one has an error, 2 when one could not be read.
 */
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>

#include <stmboot/stmboot.h>

static void print_errors(const struct stmboot_diags *diags)
{
	for (size_t i = 0; i < stmboot_diags_count(diags); i++) {
		const struct stmboot_diag *diag = stmboot_diags_get(diags, i);
		char message[1024];

		if (diag->severity != STMBOOT_ERROR)
			continue;
		stmboot_escape(diag->message, message, sizeof(message));
		printf("  %s: %s\n", diag->code, message);
	}
}

/* 0, 1 or 2, as the program exits. */
static int check(struct stmboot_context *ctx, const char *path, const char *name)
{
	struct stmboot_diags *diags = NULL;
	struct stmboot_image *image = NULL;
	const struct stmboot_boot *boot = NULL;
	enum stmboot_status status = stmboot_diags_new(ctx, &diags);
	int result = 2;

	if (status == STMBOOT_OK)
		status = stmboot_image_open(ctx, path, NULL, &image);
	if (status == STMBOOT_OK)
		status = stmboot_boot_trace(ctx, image, NULL, diags, &boot);
	if (status == STMBOOT_OK) {
		result = boot->verdict == STMBOOT_OUTCOME_ERROR;
		printf("%s: %s\n", name, stmboot_outcome_text(boot->verdict));
		print_errors(diags);
	} else {
		printf("%s: %s\n", name, stmboot_status_text(status));
	}
	stmboot_boot_free(boot);
	stmboot_image_close(image);
	stmboot_diags_free(diags);
	return result;
}

/* Hidden files are none of ours. */
static int check_all(struct stmboot_context *ctx, const char *directory)
{
	struct dirent **names = NULL;
	int count = scandir(directory, &names, NULL, alphasort), worst = count < 0 ? 2 : 0;

	for (int i = 0; i < count; i++) {
		char path[4096];
		int length = snprintf(path, sizeof(path), "%s/%s", directory, names[i]->d_name);

		if (names[i]->d_name[0] != '.') {
			int result =
				length < (int)sizeof(path) ? check(ctx, path, names[i]->d_name) : 2;

			worst = result > worst ? result : worst;
		}
		free(names[i]);
	}
	free(names);
	return worst;
}

int main(int argc, char **argv)
{
	struct stmboot_context *ctx = NULL;
	int result = 2;

	if (argc == 2 && stmboot_context_new(NULL, &ctx) == STMBOOT_OK)
		result = check_all(ctx, argv[1]);
	else
		fprintf(stderr, "usage: check_folder DIRECTORY\n");
	stmboot_context_free(ctx);
	return result;
}
