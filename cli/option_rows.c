/* SPDX-License-Identifier: MIT */
/* One row an option. */
#include "options.h"

#define BIT(command) (UINT64_C(1) << COMMAND_##command)
#define EXTLINUX_EDITS                                                                             \
	(BIT(EXTLINUX_ADD) | BIT(EXTLINUX_DEFAULT) | BIT(EXTLINUX_REMOVE) | BIT(EXTLINUX_SET) |    \
	 BIT(EXTLINUX_TIMEOUT))
#define FS_EDITS                                                                                   \
	(BIT(FS_CHMOD) | BIT(FS_CHOWN) | BIT(FS_CP) | BIT(FS_EDIT) | BIT(FS_LN) | BIT(FS_MKDIR) |  \
	 BIT(FS_MV) | BIT(FS_PUT) | BIT(FS_RM))
#define DTB_EDITS   (BIT(DTB_OVERLAY) | BIT(DTB_REMOVE) | BIT(DTB_SET))
#define DTBS        (DTB_EDITS | BIT(DTB_GET) | BIT(DTB_SHOW))
#define FS_READS    (BIT(FS_CAT) | BIT(FS_GET) | BIT(FS_LS) | BIT(FS_STAT))
#define TABLE_EDITS (BIT(GPT_REPAIR) | BIT(GPT_SET) | BIT(PART_WRITE))
#define FIP_READS   (BIT(FIP_EXTRACT) | BIT(FIP_SHOW))
#define BOOT_EDITS                                                                                 \
	(EXTLINUX_EDITS | DTB_EDITS | FS_EDITS | TABLE_EDITS | BIT(FIP_REPLACE) | BIT(SET_BOOTARGS))
#define JUDGED_EDITS (BOOT_EDITS | BIT(UNDO))
#define EDITS        (JUDGED_EDITS | BIT(RECOVER))

const struct option_row option_rows[OPTION_COUNT] = {
	[OPTION_DEEP] = { "deep", 0, NULL,
			  "also open compressed payloads, for the release of the kernel",
			  BIT(INSPECT) },
	[OPTION_HTML] = { "html", 0, "FILE",
			  "also write FILE, a page to mail; '-': only that, to standard output",
			  BIT(INSPECT) },
	[OPTION_NO_DEEP] = { "no-deep", 0, NULL, "leave compressed payloads closed: faster",
			     BIT(CHECK) },
	[OPTION_MEDIUM] = { "medium", 0, "auto|sd|emmc",
			    "what the image is of; auto goes by the names of its partitions",
			    JUDGED_EDITS | FS_READS | FIP_READS | BIT(CHECK) | BIT(DTB_GET) |
				    BIT(DTB_SHOW) | BIT(EXTLINUX_SHOW) | BIT(FWU_SHOW) |
				    BIT(GET_BOOTARGS) | BIT(GPT_SHOW) | BIT(INSPECT) |
				    BIT(STM32_SHOW) },
	[OPTION_STRICT] = { "strict", 0, NULL, "exit with 1 on a warning, too", BIT(CHECK) },
	[OPTION_ONLY] = { "only", 0, "CODE",
			  "count only these findings: a code of --list or an area, repeatable",
			  BIT(CHECK) },
	[OPTION_IGNORE] = { "ignore", 0, "CODE", "do not count these findings: likewise",
			    BIT(CHECK) },
	[OPTION_JOBS] = { "jobs", 0, "N",
			  "check so many images at a time; by default, one a processor",
			  BIT(CHECK) },
	[OPTION_LIST] = { "list", 0, NULL,
			  "only list: all codes, or the edits that can be taken back",
			  BIT(CHECK) | BIT(UNDO) },
	[OPTION_EXPLAIN] = { "explain", 0, "CODE", "explain a code, and check nothing",
			     BIT(CHECK) },
	[OPTION_LABEL] = { "label", 0, "LABEL", "of this label, not of the one that boots",
			   BIT(GET_BOOTARGS) | BIT(SET_BOOTARGS) },
	[OPTION_ALL_LABELS] = { "all-labels", 0, NULL, "of every label that boots a kernel",
				BIT(SET_BOOTARGS) },
	[OPTION_ADD] = { "add", 0, "ARG", "add an argument although its key is there, repeatable",
			 BIT(SET_BOOTARGS) },
	[OPTION_REMOVE] = { "remove", 0, "KEY", "remove all arguments of a key, repeatable",
			    BIT(SET_BOOTARGS) },
	[OPTION_REPLACE] = { "replace", 0, NULL, "make the ARGs the whole line",
			     BIT(SET_BOOTARGS) },
	[OPTION_RAW] = { "raw", 0, NULL, "as written in the file, before U-Boot expands it",
			 BIT(GET_BOOTARGS) },
	[OPTION_FILE] = { "file", 0, "PLACE",
			  "of [PARTITION:]/path, not of the device tree that boots", DTBS },
	[OPTION_TYPE] = { "type", 't', "TYPE",
			  "of the values: s, i, u or x, behind hh or b, h, l for 1, 2, 4 bytes",
			  BIT(DTB_GET) | BIT(DTB_SET) },
	[OPTION_CREATE] = { "create", 0, NULL, "make NODE where it is missing, with those above it",
			    BIT(DTB_SET) },
	[OPTION_LONG] = { "long", 'l', NULL, "also type, mode, links, owner, group, size and time",
			  BIT(FS_LS) },
	[OPTION_RECURSIVE] = { "recursive", 'r', NULL, "directories with all that is below them",
			       BIT(FS_CP) | BIT(FS_GET) | BIT(FS_LS) | BIT(FS_PUT) | BIT(FS_RM) },
	[OPTION_PRESERVE] = { "preserve", 'p', NULL,
			      "keep modes, times, owners and attributes; fs get: owners as root "
			      "only",
			      BIT(FS_CP) | BIT(FS_GET) | BIT(FS_PUT) },
	[OPTION_DEVICES] = { "devices", 0, NULL, "also make devices, pipes and sockets",
			     BIT(FS_GET) },
	[OPTION_FROM] = { "from", 0, "auto|primary|backup",
			  "the copy to go by; auto takes the good one", BIT(GPT_REPAIR) },
	[OPTION_NEW_GUIDS] = { "new-guids", 0, NULL,
			       "give the disk and all partitions new random GUIDs", BIT(GPT_SET) },
	[OPTION_PARENTS] = { "parents", 'p', NULL,
			     "make missing directories on the way, and take one that is there",
			     BIT(FS_MKDIR) },
	[OPTION_SYMBOLIC] = { "symbolic", 's', NULL, "make a symbolic link", BIT(FS_LN) },
	[OPTION_DRY_RUN] = { "dry-run", 'n', NULL, "show what would be written, and write nothing",
			     EDITS },
	[OPTION_OUTPUT] = { "output", 'o', "FILE", "leave IMAGE alone and write the result to FILE",
			    EDITS },
	[OPTION_FORCE] = { "force", 'f', NULL, "go on although the edit adds an error",
			   JUDGED_EDITS },
	[OPTION_JSON] = { "json", 0, NULL, "print one JSON object, for programs", ANY_COMMAND },
	[OPTION_COLOR] = { "color", 0, "auto|always|never",
			   "colour the text; auto does on a terminal, unless NO_COLOR is set",
			   ANY_COMMAND },
	[OPTION_QUIET] = { "quiet", 'q', NULL, "only the verdict, errors and warnings",
			   ANY_COMMAND },
	[OPTION_VERBOSE] = { "verbose", 'v', NULL,
			     "also GUIDs, FITs, and what each finding means and who "
			     "decides it",
			     ANY_COMMAND },
	[OPTION_VERSION] = { "version", 0, NULL, "print the version", ANY_COMMAND },
	[OPTION_HELP] = { "help", 'h', NULL, "print this help", ANY_COMMAND },
};

bool option_belongs(enum option_id option, enum command_id command)
{
	uint64_t those = option_rows[option].commands;

	return those == ANY_COMMAND || (command != COMMAND_NONE && (those >> command & 1) != 0);
}
