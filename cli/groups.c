/* SPDX-License-Identifier: MIT */
#include "groups.h"

#include <stdio.h>
#include <string.h>

const struct group groups[] = {
	{ "dtb", "read and change device trees" },
	{ "env", "read the environment that U-Boot has saved" },
	{ "extlinux", "read and change extlinux.conf" },
	{ "fip", "read and change firmware packages" },
	{ "fs", "read and change the files in an ext4 file system" },
	{ "fwu", "read the metadata of firmware updates" },
	{ "gpt", "read, mend and change partition tables" },
	{ "part", "read and write whole partitions" },
	{ "stm32", "read the STM32 headers of loaders" },
	{ NULL, NULL },
};

const struct example examples[] = {
	{ "check", "check sdcard.img", "Say whether a card boots, and what is wrong with it." },
	{ "check", "check --strict --ignore env build/*.img",
	  "Fail for a warning, too, but for none about a saved environment." },
	{ "check", "check --explain gpt.primary-bad", "Tell what a finding means." },
	{ "dtb", "dtb get sdcard.img / compatible", "Which board is the device tree for?" },
	{ "dtb", "dtb set sdcard.img serial0 status okay",
	  "Enable the port with the alias serial0." },
	{ "dtb", "dtb overlay sdcard.img camera.dtbo", "Merge an overlay for good." },
	{ "env", "env get sdcard.img bootcmd", "What will U-Boot run?" },
	{ "extlinux", "extlinux add sdcard.img rescue kernel=/boot/zImage append=single",
	  "Add a label." },
	{ "extlinux", "extlinux timeout sdcard.img 5s", "Let U-Boot wait in its menu." },
	{ "fip", "fip extract sdcard.img nt-fw u-boot-nodtb.bin",
	  "Take U-Boot out of the package." },
	{ "fip", "fip replace sdcard.img nt-fw u-boot-nodtb.bin hw-config u-boot.dtb",
	  "Put another U-Boot and its device tree in." },
	{ "fs", "fs ls --long sdcard.img /boot", "What is there to boot?" },
	{ "fs", "fs put --recursive sdcard.img overlay/ 'rootfs:/etc'",
	  "Copy a folder into the partition rootfs." },
	{ "fs", "fs get sdcard.img 4:/etc/os-release -", "Print a file of partition 4." },
	{ "fwu", "fwu show sdcard.img", "Which bank does TF-A boot?" },
	{ "get-bootargs", "get-bootargs sdcard.img root", "Where is the root file system?" },
	{ "gpt", "gpt repair --dry-run sdcard.img", "What would mending the tables write?" },
	{ "gpt", "gpt set sdcard.img rootfs bootable=yes", "Let U-Boot search a partition." },
	{ "inspect", "inspect sdcard.img", "Follow the boot of a card." },
	{ "inspect", "inspect --deep --html card.html sdcard.img",
	  "Write a page about it that can be mailed." },
	{ "inspect", "inspect --deep --json sdcard.img.xz",
	  "The same of a compressed image, kernel release included, for a program." },
	{ "part", "part write sdcard.img fsbl tf-a-stm32mp157c-dk2.stm32",
	  "Replace both copies of the first-stage loader; one is valid at every moment." },
	{ "recover", "recover sdcard.img", "Finish or drop what was interrupted." },
	{ "set-bootargs", "set-bootargs sdcard.img console=ttySTM0,115200 quiet",
	  "Set the console, and be quiet." },
	{ "set-bootargs", "set-bootargs --remove quiet --dry-run sdcard.img",
	  "Show what would be written." },
	{ "stm32", "stm32 show sdcard.img fsbl2", "What does the ROM make of the second copy?" },
	{ "undo", "undo sdcard.img", "Take the last edit back." },
	{ "undo", "undo --list sdcard.img", "What can be taken back?" },
	{ NULL, NULL, NULL },
};

void group_name(char name[GROUP_NAME_MAX], enum command_id command)
{
	const char *whole = commands[command].name;

	snprintf(name, GROUP_NAME_MAX, "%.*s", (int)strcspn(whole, " "), whole);
}

bool group_has(const char *name, enum command_id command)
{
	size_t length = strlen(name);
	const char *whole = commands[command].name;

	return strncmp(whole, name, length) == 0 && (whole[length] == '\0' || whole[length] == ' ');
}

bool group_begins(enum command_id command)
{
	char name[GROUP_NAME_MAX];

	group_name(name, command);
	for (int i = 0; i < (int)command; i++)
		if (group_has(name, (enum command_id)i))
			return false;
	return true;
}

bool group_is_of_two(const char *name)
{
	for (const struct group *group = groups; group->name != NULL; group++)
		if (strcmp(group->name, name) == 0)
			return true;
	return false;
}

const char *group_summary(const char *name)
{
	for (const struct group *group = groups; group->name != NULL; group++)
		if (strcmp(group->name, name) == 0)
			return group->summary;
	for (int i = 0; i < COMMAND_COUNT; i++)
		if (strcmp(commands[i].name, name) == 0)
			return commands[i].summary;
	return NULL;
}
