/* SPDX-License-Identifier: MIT */
/* Prints the manual page for scdoc, from the tables of options and of finding codes. */
#include <stdbool.h>
#include <stdio.h>

#include "groups.h"
#include "man_options.h"
#include "man_text.h"

struct code {
	const char *code, *severity, *meaning;
};

static const struct code codes[] = {
#define CODE(ident, code, severity, stage, meaning, ...) { code, #severity, meaning },
#include "base/codes/all.def"
#undef CODE
};

/* The pages of the commands tell the rest. */
static void print_commands(void)
{
	char name[GROUP_NAME_MAX];

	printf("# COMMANDS\n\n");
	for (int i = 0; i < COMMAND_COUNT; i++) {
		group_name(name, (enum command_id)i);
		printf("*%s* ", commands[i].name);
		man_operands(commands[i].operands);
		printf("\n\t");
		man_text(commands[i].summary);
		printf(": *stmboot-%s*(1)\n\n", name);
	}
}

static void print_codes(void)
{
	printf("# FINDINGS\n\n"
	       "The codes and their usual severities; a card's circumstances may lower one.\n"
	       "*--verbose* explains those that were found, *check --explain* any, and so does\n"
	       "*stmboot-findings*(7).\n\n");
	for (size_t i = 0; i < sizeof(codes) / sizeof(codes[0]); i++) {
		man_bold(codes[i].code);
		printf(" (");
		man_lower(codes[i].severity);
		printf(")\n\t");
		man_text(codes[i].meaning);
		printf("\n\n");
	}
}

static const char head[] =
	"stmboot(1)\n\n"
	"# NAME\n\n"
	"stmboot - read, check, trace and edit STM32MP boot cards and their images\n\n"
	"# SYNOPSIS\n\n"
	"*stmboot* _COMMAND_ \\[_ARGUMENT_...\\] \\[_OPTION_...\\]\n\n"
	"# DESCRIPTION\n\n"
	"stmboot follows the boot of an STM32MP board on an image of its card, as the hardware\n"
	"follows it: the ROM finds a first-stage loader (*rom*), that finds the second stage\n"
	"(*fsbl*), U-Boot starts (*ssbl*), finds extlinux.conf and chooses a label (*extlinux*),\n"
	"loads *kernel* and *dtb*, and Linux mounts its root (*rootfs*) and starts *init*. Each\n"
	"stage is decided as the real program decides it, with its limits and its bugs.\n\n"
	"_IMAGE_ is a regular file or a block device, also compressed by gzip, xz, zstd, bzip2 or\n"
	"lz4. A bare file system, boot loader, kernel or device tree is described as partition 0.\n"
	"No command needs root for a file that it may read.\n\n"
	"An edit is done as a whole or not at all, whatever interrupts it: the image is then the\n"
	"old one or the new one, for every command that reads it, and *recover* or the next edit\n"
	"finishes the rest. Before anything is written, the boot of the result is followed; an "
	"edit\n"
	"that adds an error is refused, unless *--force* is given. An edit that changes nothing\n"
	"writes nothing. A change in a file system that was not unmounted, as on a card that was\n"
	"pulled out of a running board, begins with what Linux would see of it: the journal is\n"
	"replayed as a part of the edit.\n\n"
	"What takes longer than half a second says on a terminal how far it is, unless *--quiet*\n"
	"is given. It may be interrupted by Ctrl-C like anything else: an edit before its log is\n"
	"complete has not happened, and one behind that waits for *recover* or the next edit.\n\n";

static const char tail[] =
	"# EXIT STATUS\n\n"
	"*0*\n\tIt is done, or the answer is yes. *inspect* exits 0 whenever it could describe "
	"the\n"
	"\timage, whatever it found.\n\n"
	"*1*\n\tThe answer is no: *check* found an error, or with *--strict* a warning; what\n"
	"\t*get-bootargs*, *env get* or *dtb get* was asked for is absent. One line on standard\n"
	"\terror says so, unless *--json* or *--quiet* is given.\n\n"
	"*2*\n\tIt could not be done: wrong usage, an input or output error, not a card. One line\n"
	"\ton standard error says why; with *--json*, an object on standard output does, too.\n\n"
	"# ENVIRONMENT\n\n"
	"*STMBOOT\\_STATE\\_DIR*\n\tWhere undo records and the logs of edits of block devices are "
	"kept. Without it,\n"
	"\tstmboot in *XDG\\_STATE\\_HOME* or in ~/.local/state. Without a home, nothing can be "
	"undone\n\tand no block device edited.\n\n"
	"*TMPDIR*\n\tWhere files without a name keep what is too large for memory, such as a "
	"compressed\n"
	"\tcard that is unpacked, standard input, and what *part write* writes. Without it, in\n"
	"\t/tmp.\n\n"
	"*NO\\_COLOR*\n\tWhen set and not empty, *--color*=auto does not colour.\n\n"
	"*TERM*\n\tA terminal of the type dumb is not sent colours, nor told how far it is.\n\n"
	"# FILES\n\n"
	"The JSON Schemas of what *--json* prints are installed in share/stmboot/schema: what\n"
	"says that it is stmboot.NAME/1 follows NAME.schema.json.\n\n"
	"# SEE ALSO\n\n"
	"*stmboot-findings*(7)";

int main(void)
{
	char name[GROUP_NAME_MAX];

	printf("%s", head);
	print_commands();
	printf("# OPTIONS OF EVERY COMMAND\n\n");
	man_options(COMMAND_NONE);
	print_codes();
	printf("%s", tail);
	for (int i = 0; i < COMMAND_COUNT; i++) {
		group_name(name, (enum command_id)i);
		if (group_begins((enum command_id)i))
			printf(", *stmboot-%s*(1)", name);
	}
	printf("\n");
	return ferror(stdout) != 0 || fflush(stdout) != 0;
}
