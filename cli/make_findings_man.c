/* SPDX-License-Identifier: MIT */
/* Prints the manual page of all findings for scdoc, from their catalogue. */
#include <ctype.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "man_text.h"

struct code {
	const char *code, *severity, *stage, *meaning, *explanation, *source;
	bool deep;
	const char *const *prerequisites; /* up to a NULL, or NULL */
};

/* clang-format off */
static const struct code codes[] = {
#define DEEP .deep = true
#define NEEDS(...) .prerequisites = (const char *const[]){ __VA_ARGS__, NULL }
#define CODE(ident, name, level, at, about, ...)                                                   \
	{ .code = name, .severity = #level, .stage = #at, .meaning = about, __VA_ARGS__ },
#include "base/codes/all.def"
#undef CODE
#undef NEEDS
#undef DEEP
};
/* clang-format on */

static const char head[] =
	"stmboot-findings(7)\n\n"
	"# NAME\n\n"
	"stmboot-findings - what stmboot finds wrong with STM32MP boot cards\n\n"
	"# DESCRIPTION\n\n"
	"*stmboot check* and *stmboot inspect* say what is wrong with a card as findings. Each "
	"has\n"
	"a code, AREA.WHAT-IS-WRONG, that is stable and never used again for something else.\n"
	"Options such as *--ignore* take a code or a whole area.\n\n"
	"An *error* means that the boot does not pass the stage, that code which would be run is\n"
	"damaged, or that the running system's next write destroys data. With a *warning* the "
	"card\n"
	"boots, but something needs attention. A *note* is worth knowing. The severities and "
	"stages\n"
	"below are the usual ones; the circumstances of a card may lower a severity, and some\n"
	"findings concern the stage that the damaged part is needed for.\n\n"
	"The stages are those of the boot: *rom*, *fsbl*, *ssbl*, *extlinux*, *kernel*, *dtb*,\n"
	"*rootfs* and *init*.\n\n";

static const char tail[] = "# SEE ALSO\n\n"
			   "*stmboot*(1)\n";

static void print_prerequisites(const struct code *code)
{
	printf("\n\tNot looked for where there is ");
	for (size_t i = 0; code->prerequisites[i] != NULL; i++) {
		if (i > 0)
			printf(code->prerequisites[i + 1] == NULL ? " or " : ", ");
		man_bold(code->prerequisites[i]);
	}
	printf(".\n");
}

static void print_code(const struct code *code)
{
	man_bold(code->code);
	printf(" (");
	man_lower(code->severity);
	printf(", ");
	man_lower(code->stage);
	printf(")\n\t%c", toupper((unsigned char)code->meaning[0]));
	man_text(code->meaning + 1);
	printf(".\n\n\t");
	man_text(code->explanation);
	printf("\n\n\tDecided by: ");
	man_text(code->source);
	printf(".\n");
	if (code->deep)
		printf("\n\tOnly a deep look finds it.\n");
	if (code->prerequisites != NULL)
		print_prerequisites(code);
	printf("\n");
}

static size_t area_length(const char *code)
{
	return (size_t)(strchr(code, '.') - code);
}

/* A section for each area. */
static void print_codes(void)
{
	for (size_t i = 0; i < sizeof(codes) / sizeof(codes[0]); i++) {
		const char *code = codes[i].code;
		size_t length = area_length(code);

		if (i == 0 || strncmp(code, codes[i - 1].code, length + 1) != 0) {
			printf("# ");
			for (size_t k = 0; k < length; k++)
				putchar(toupper((unsigned char)code[k]));
			printf("\n\n");
		}
		print_code(&codes[i]);
	}
}

int main(void)
{
	printf("%s", head);
	print_codes();
	printf("%s", tail);
	return ferror(stdout) != 0 || fflush(stdout) != 0;
}
