/* SPDX-License-Identifier: MIT */
/*
 * Print the command line that the kernel of a card gets.
 * usage: print_bootargs IMAGE
 */
#include <stdio.h>
#include <stdlib.h>

#include <stmboot/stmboot.h>

/* What comes from a card may hold any bytes: none of them may reach a terminal. */
static void print_line(const char *text)
{
	size_t size = stmboot_escape(text, NULL, 0) + 1;
	char *safe = malloc(size);

	if (safe == NULL)
		return;
	stmboot_escape(text, safe, size);
	puts(safe);
	free(safe);
}

int main(int argc, char **argv)
{
	struct stmboot_context *ctx = NULL;
	struct stmboot_image *image = NULL;
	struct stmboot_diags *diags = NULL;
	const struct stmboot_boot *boot = NULL;
	enum stmboot_status status = STMBOOT_INVALID_ARGUMENT;
	int result = 2;

	if (argc == 2)
		status = stmboot_context_new(NULL, &ctx);
	if (status == STMBOOT_OK)
		status = stmboot_diags_new(ctx, &diags);
	if (status == STMBOOT_OK)
		status = stmboot_image_open(ctx, argv[1], NULL, &image);
	if (status == STMBOOT_OK)
		status = stmboot_boot_trace(ctx, image, NULL, diags, &boot);

	if (status != STMBOOT_OK) {
		fprintf(stderr, "print_bootargs: %s\n", stmboot_status_text(status));
	} else if (boot->bootargs == NULL) {
		fprintf(stderr, "print_bootargs: nothing boots on this card\n");
		result = 1;
	} else {
		print_line(boot->bootargs);
		result = 0;
	}

	/* In the reverse order; what was never made is NULL, which is fine. */
	stmboot_boot_free(boot);
	stmboot_image_close(image);
	stmboot_diags_free(diags);
	stmboot_context_free(ctx);
	return result;
}
