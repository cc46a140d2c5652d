/* SPDX-License-Identifier: MIT */
/* One row a command. */
#include "options.h"

#include <limits.h>

#define COPIES                                                                                     \
	"A new file is root's and of now, with the permissions of what is copied but no set-id "   \
	"bits; one that is there keeps its own."

const struct command commands[COMMAND_COUNT] = {
	[COMMAND_CHECK] = { "check", "IMAGE...", "say whether cards boot, for build servers",
			    "Says of each IMAGE, in a line, whether it boots or at which stage it "
			    "stops. What was found follows for a single image, and with --verbose "
			    "for many. Compressed payloads are opened, too. "
			    "--only and --ignore choose which findings count, for the verdict and "
			    "the exit status as well. Nothing is written to an IMAGE.",
			    1, INT_MAX,
			    "0 all boot; 1 one has an error, or with --strict a warning; 2 one "
			    "could not be read" },
	[COMMAND_DTB_GET] = { "dtb get", "IMAGE NODE PROP", "print a property of a device tree",
			      "Prints the values of a property of the device tree that boots, as "
			      "fdtget does: strings when it looks like them, else integers. NODE "
			      "is "
			      "a path, an alias or a label. Nothing is written to IMAGE.",
			      3, 3, "0 printed; 1 NODE or PROP is absent; 2 it could not be done" },
	[COMMAND_DTB_OVERLAY] = { "dtb overlay", "IMAGE FILE...",
				  "merge overlays into a device tree",
				  "Merges each FILE, an overlay that dtc made (.dtbo; - for "
				  "standard "
				  "input), into the device tree that boots, as U-Boot would. What "
				  "refers to labels needs a tree that dtc made with -@.",
				  2, INT_MAX },
	[COMMAND_DTB_REMOVE] = { "dtb remove", "IMAGE NODE [PROP]",
				 "remove a property or a node of a device tree",
				 "Removes PROP from NODE of the device tree that boots, or NODE "
				 "with "
				 "all that is below it. NODE is a path, an alias or a label.",
				 2, 3 },
	[COMMAND_DTB_SET] = { "dtb set", "IMAGE NODE PROP [VALUE...]",
			      "set a property of a device tree",
			      "Gives PROP of NODE of the device tree that boots these values, one "
			      "after the other; without any it is there and empty. Without --type "
			      "they are integers of 32 bits when all look like it, else strings. "
			      "NODE is a path, an alias or a label. Values that begin with '-' "
			      "stand behind '--'. The tree grows as it has to, and all else of it "
			      "stays.",
			      3, INT_MAX },
	[COMMAND_DTB_SHOW] = { "dtb show", "IMAGE [NODE]", "show a device tree as source text",
			       "Shows the device tree that boots, or NODE of it, as text from "
			       "which "
			       "dtc can make it again. NODE is a path, an alias or a label. What "
			       "properties hold is guessed as dtc does. Nothing is written to "
			       "IMAGE.",
			       1, 2 },
	[COMMAND_ENV_GET] = { "env get", "IMAGE KEY", "print a variable that U-Boot has saved",
			      "Prints the value that KEY has in the environment that U-Boot has "
			      "saved on a card, or in a file that holds such an environment. "
			      "Nothing is written to IMAGE.",
			      2, 2,
			      "0 printed; 1 KEY is absent, or nothing is saved; 2 it could not be "
			      "done" },
	[COMMAND_ENV_SHOW] = { "env show", "IMAGE", "show the environment that U-Boot has saved",
			       "Shows the copies of U-Boot's environment on a card, or in a file "
			       "that holds such an environment, and the variables of the one "
			       "that counts. Lines about the copies begin with '#'; where nothing "
			       "is saved, they say where it would be. Nothing is written to "
			       "IMAGE.",
			       1, 1 },
	[COMMAND_EXTLINUX_ADD] = { "extlinux add", "IMAGE LABEL KEY=VALUE...",
				   "add a label to extlinux.conf",
				   "Adds a label at the end of the configuration that U-Boot "
				   "reads, "
				   "with a line for each KEY. Keys are those of extlinux set.",
				   3, INT_MAX },
	[COMMAND_EXTLINUX_DEFAULT] = { "extlinux default", "IMAGE LABEL",
				       "make a label the default one",
				       "Makes LABEL the one that U-Boot boots by default.", 2, 2 },
	[COMMAND_EXTLINUX_REMOVE] = { "extlinux remove", "IMAGE LABEL [KEY]",
				      "remove a label, or one of its keys",
				      "Removes LABEL with all its lines, or its lines of KEY "
				      "alone.",
				      2, 3 },
	[COMMAND_EXTLINUX_SET] = { "extlinux set", "IMAGE LABEL KEY VALUE", "give a label a value",
				   "Gives LABEL a value, in place of the one that counts now or in "
				   "a line of its own. Keys are kernel, append, initrd, fdt, "
				   "fdtdir, fdtoverlays, ipappend and localboot. All other bytes "
				   "of "
				   "the file stay as they are; it is then read again by the rules "
				   "of U-Boot, and the edit is refused unless every label is what "
				   "was meant.",
				   4, 4 },
	[COMMAND_EXTLINUX_SHOW] = { "extlinux show", "IMAGE",
				    "show extlinux.conf as U-Boot reads it",
				    "Shows the configuration that U-Boot reads, with every label "
				    "as U-Boot understands it, and which one it takes. Nothing is "
				    "written to IMAGE.",
				    1, 1 },
	[COMMAND_EXTLINUX_TIMEOUT] = { "extlinux timeout", "IMAGE SECONDS",
				       "set how long U-Boot waits in its menu",
				       "Sets how long U-Boot waits in its menu: 5s, or 2.5s. It "
				       "rounds "
				       "up to whole seconds, and waits for ever with 0s.",
				       2, 2 },
	[COMMAND_FIP_EXTRACT] = { "fip extract", "IMAGE [PARTITION] NAME FILE",
				  "copy an image out of a firmware package",
				  "Writes the image NAME of a firmware package (FIP) to FILE, or "
				  "with '-' to standard output. NAME is fiptool's (nt-fw, "
				  "hw-config) or a UUID; all means every image, and FILE is a "
				  "folder then. Without PARTITION, a number or a name, it is the "
				  "package that boots. A FILE that is there is replaced by the "
				  "whole "
				  "new one.",
				  3, 4 },
	[COMMAND_FIP_REPLACE] = { "fip replace", "IMAGE [PARTITION] NAME FILE...",
				  "replace images of a firmware package",
				  "Puts FILE, or standard input for '-', into a firmware package "
				  "(FIP) in place of the image NAME, as fiptool update does; "
				  "further "
				  "pairs of NAME and FILE go in by the same edit. The package "
				  "keeps "
				  "its place, and the other images their bytes. It is refused when "
				  "the package would not fit, before U-Boot's environment where "
				  "that "
				  "is in the same partition, when FILE is not what TF-A or U-Boot "
				  "needs there, or when a certificate holds the hash of another "
				  "content; --force writes it all the same.",
				  3, INT_MAX },
	[COMMAND_FIP_SHOW] = { "fip show", "IMAGE [PARTITION]", "show a firmware package",
			       "Shows the images of a firmware package (FIP), which versions of "
			       "TF-A, OP-TEE and U-Boot they hold, and what is wrong with them. "
			       "Without PARTITION, a number or a name, it is the package that "
			       "boots. Nothing is written to IMAGE.",
			       1, 2 },
	[COMMAND_FS_CAT] = { "fs cat", "IMAGE PLACE", "print a file of a file system",
			     "Prints the content of a file to standard output; holes are zeros. A "
			     "PLACE is [PARTITION:]/path, with the number or the name of a "
			     "partition; without it, the one with the extlinux.conf that U-Boot "
			     "reads. With --json, only what the file takes is told.",
			     2, 2 },
	[COMMAND_FS_GET] = { "fs get", "IMAGE PLACE [DEST]", "copy files out of a file system",
			     "Makes a file of the host of the file at PLACE, under its own name "
			     "in the current folder or in the folder DEST, or as DEST; with '-', "
			     "its "
			     "content goes to standard output. With --recursive, a directory comes "
			     "with all that is below it: links stay links, and holes stay holes. "
			     "Whatever the image holds, nothing is made outside that folder. What "
			     "is "
			     "there is replaced only when it is a regular file, and then by a "
			     "whole "
			     "one; a run that is ended leaves NAME.stmboot-new, which the next one "
			     "replaces. What could not be made is said, and the rest is made.",
			     2, 3, "0 all is made; 2 something could not be made" },
	[COMMAND_FS_LS] = { "fs ls", "IMAGE [PLACE]", "list a directory of a file system",
			    "Lists the names in the directory at PLACE, or in the root, sorted by "
			    "their bytes. Times are in UTC, owners are numbers. What cannot be "
			    "read "
			    "is said, and the rest is listed.",
			    1, 2, "0 listed; 2 something could not be read" },
	[COMMAND_FS_STAT] = { "fs stat", "IMAGE PLACE", "show all that an inode says",
			      "Shows type, size, mode, owner, times and extended attributes of "
			      "what "
			      "is at PLACE. A symbolic link is shown itself, with where it leads.",
			      2, 2 },
	[COMMAND_FS_CHMOD] = { "fs chmod", "IMAGE MODE PLACE...", "set permissions of files",
			       "Sets the permissions of what is at each PLACE: 0644, or u+x,go-w "
			       "where who is not named is everybody. A symbolic link is followed.",
			       3, INT_MAX },
	[COMMAND_FS_CHOWN] = { "fs chown", "IMAGE OWNER[:GROUP] PLACE...", "set owners of files",
			       "Sets owner and group of what is at each PLACE, as numbers: 1000, "
			       "1000:100 or :100. A symbolic link is followed.",
			       3, INT_MAX },
	[COMMAND_FS_CP] = { "fs cp", "IMAGE PLACE PLACE", "copy a file inside an image",
			    "Copies what is at the first PLACE into the second one if that is a "
			    "directory, else under its name. They may be in two "
			    "partitions. " COPIES,
			    3, 3 },
	[COMMAND_FS_EDIT] = { "fs edit", "IMAGE PLACE", "change a file with an editor",
			      "Opens the file at PLACE with the editor that VISUAL or EDITOR "
			      "names, else vi, and puts what was saved into it. When nothing was "
			      "changed, or the editor fails, nothing is written.",
			      2, 2 },
	[COMMAND_FS_LN] = { "fs ln", "IMAGE TARGET PLACE", "give a file another name",
			    "Gives the file at the place TARGET another name, in the same "
			    "partition: PLACE, or its own in PLACE if that is a directory. With "
			    "--symbolic, makes a link that says TARGET.",
			    3, 3 },
	[COMMAND_FS_MKDIR] = { "fs mkdir", "IMAGE PLACE...", "make directories",
			       "Makes a directory at each PLACE, root's, with the mode 0755.", 2,
			       INT_MAX },
	[COMMAND_FS_MV] = { "fs mv", "IMAGE PLACE PLACE", "move or rename a file",
			    "Gives what is at the first PLACE the second one: into it if that is a "
			    "directory, else in place of what has that name. To another partition "
			    "it is copied, with all that it has, and then removed.",
			    3, 3 },
	[COMMAND_FS_PUT] = { "fs put", "IMAGE SRC PLACE", "copy a file into an image",
			     "Copies SRC into PLACE if that is a directory, else under its name; a "
			     "file that is there gets another content, and all its names have it. "
			     "SRC is a path of the host, or '-' for standard input. Links below a "
			     "folder SRC are copied as links, and never followed. " COPIES,
			     3, 3 },
	[COMMAND_FS_RM] = { "fs rm", "IMAGE PLACE...", "remove files",
			    "Removes what is at each PLACE. A symbolic link is removed itself.", 2,
			    INT_MAX },
	[COMMAND_FWU_SHOW] = { "fwu show", "IMAGE", "show the metadata of firmware updates",
			       "Shows both copies of the metadata of firmware updates in two "
			       "banks, of a card or of a file that is such metadata: which copy "
			       "TF-A goes by, the state of each bank, the partition that it is in, "
			       "and the bank that TF-A boots. How many trials are left is in a "
			       "register of the board and not on the card. Nothing is written to "
			       "IMAGE.",
			       1, 1 },
	[COMMAND_GET_BOOTARGS] = { "get-bootargs", "IMAGE [KEY]",
				   "print the kernel's command line, or one value of it",
				   "Prints the command line that the kernel gets from the label "
				   "that boots, or the value of its last argument KEY, in which "
				   "'-' equals '_'; what follows '--' is for init and does not "
				   "count. Nothing is written to IMAGE.",
				   1, 2, "0 printed; 1 KEY is absent; 2 it could not be done" },
	[COMMAND_GPT_REPAIR] = { "gpt repair", "IMAGE", "make both copies of the GPT whole",
				 "Writes both copies of the GPT and its protective MBR from the "
				 "good copy: the primary from the backup, or the other way. The "
				 "backup goes to the end of the medium, as after an image was "
				 "copied to a larger card. It is refused when no copy is good, "
				 "when both are and differ, or when the one that is may be of an "
				 "earlier image; --from then says which to take. A hybrid MBR is "
				 "left alone.",
				 1, 1 },
	[COMMAND_GPT_SET] = { "gpt set", "IMAGE [PARTITION KEY=VALUE...]",
			      "change a partition's entry in the GPT",
			      "Gives PARTITION, a number or a name, other fields: bootable, "
			      "required, no-block-io, grow-fs, read-only, hidden, no-auto or "
			      "bit-N (yes or no), name, type (a GUID, or linux, esp, fip, "
			      "fwu-metadata, u-boot-env, linux-reserved, xbootldr, root-arm, "
			      "root-arm64, swap or basic-data), guid (a GUID, or random). Entries "
			      "keep their places and numbers. Where the kernel's command line "
			      "names the partition by a GUID or name that changes, it follows in "
			      "the same edit, in every label; so does the metadata of firmware "
			      "updates. Other places that name it, such as /etc/fstab, are told.",
			      1, INT_MAX },
	[COMMAND_GPT_SHOW] = { "gpt show", "IMAGE", "show both copies of the partition table",
			       "Shows both copies of the GPT side by side, the partitions, and "
			       "what the ROM, the first-stage loader, U-Boot and Linux each see "
			       "of them. Nothing is written to IMAGE.",
			       1, 1 },
	[COMMAND_INSPECT] = { "inspect", "IMAGE", "show what is on a card and follow its boot",
			      "Shows the partition table, what each partition holds, and the boot "
			      "of the card stage by stage, from the ROM to init: what each stage "
			      "takes, from where, and why. What is wrong follows with its place, "
			      "what was found, what was expected, and how to mend it. The page of "
			      "--html tells the same with a map of the card and where each word "
			      "of the kernel's command line comes from; it needs nothing beside "
			      "it. Nothing is written to IMAGE.",
			      1, 1,
			      "0 the image is described, whatever was found; 2 it could not be "
			      "read" },
	[COMMAND_PART_READ] = { "part read", "IMAGE PARTITION FILE",
				"copy the raw content of a partition",
				"Writes all bytes of a partition, which is given by its number or "
				"its "
				"name, to FILE, or with '-' to standard output. Holes of IMAGE "
				"stay "
				"holes. A FILE that is there is replaced by the whole new one.",
				3, 3 },
	[COMMAND_PART_WRITE] = { "part write", "IMAGE PARTITION FILE",
				 "write a file into a partition",
				 "Writes FILE, or standard input for '-', to the beginning of "
				 "PARTITION, a number or a name; what follows it in the partition "
				 "stays as it is. It is refused when FILE is larger, or is not "
				 "what the boot needs there: an intact STM32 header for this chip "
				 "in fsbl1 and fsbl2, U-Boot as the first stage wants it in ssbl "
				 "or fip, an ext4 where extlinux.conf is; --force writes it all "
				 "the same. PARTITION fsbl means both copies of the first-stage "
				 "loader. The one that is not needed is written first, so that "
				 "one is valid at every moment; the only valid copy is not "
				 "written alone.",
				 3, 3 },
	[COMMAND_RECOVER] = { "recover", "IMAGE", "finish or drop an edit that was interrupted",
			      "Finishes an edit that was interrupted while it wrote, or drops one "
			      "that had not begun to. Until then every command that reads IMAGE "
			      "shows it as the edit was to make it, and the next edit that changes "
			      "something finishes it, too.",
			      1, 1 },
	[COMMAND_SET_BOOTARGS] = { "set-bootargs", "IMAGE [ARG...]",
				   "change the kernel's command line",
				   "Changes the line append of the label that boots. Each ARG is "
				   "KEY=VALUE or FLAG; all of one key replace all occurrences of "
				   "that key, at the place of the first, or go to the end. '-' "
				   "equals '_' in keys, a value with blanks is quoted as the "
				   "kernel "
				   "wants it, ${...} is left for U-Boot, and what follows '--' is "
				   "for init and stays. A label without append gets one. Where a "
				   "KEY may be a misspelt one, a note says so.",
				   1, INT_MAX },
	[COMMAND_STM32_SHOW] = { "stm32 show", "IMAGE [PARTITION]",
				 "show the STM32 header of a loader",
				 "Shows all fields of an STM32 header with its extensions, the "
				 "checksum that is in it and the one that its payload has, and "
				 "what the boot ROM, or TF-A of a second stage, makes of it. "
				 "PARTITION is a number or a name; without it, the first stage "
				 "that the ROM starts is shown, or the file that IMAGE is. Nothing "
				 "is written to IMAGE.",
				 1, 2 },
	[COMMAND_UNDO] = { "undo", "IMAGE", "take the last edit back",
			   "Takes the last edit of IMAGE back, byte for byte, with whatever was "
			   "wrong before it; a second undo takes back the edit before. It is "
			   "refused when what the edit wrote has changed since.",
			   1, 1 },
};
