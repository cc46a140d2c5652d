/* SPDX-License-Identifier: MIT */
/* Names for what a GPT says in bits and GUIDs. */
#include <stmboot/gpt.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum { RESERVED_FIRST = 3, RESERVED_LAST = 47, ATTRIBUTE_BITS = 64 };

/* UEFI 2.10 table 5-8; bits 59 to 63 as systemd and Windows use them. */
static const struct {
	unsigned bit;
	const char *name;
} attributes[] = {
	{ 0, "required" }, { 1, "no-block-io" }, { STMBOOT_GPT_ATTR_BOOTABLE, "bootable" },
	{ 59, "grow-fs" }, { 60, "read-only" },  { 62, "hidden" },
	{ 63, "no-auto" },
};

/*
 * What stands on cards of these boards. TF-A include/drivers/partition/gpt.h,
 * U-Boot include/part_efi.h, the Discoverable Partitions Specification.
 */
static const struct {
	const char *name;
	const char *guid;
} types[] = {
	{ "linux", "0fc63daf-8483-4772-8e79-3d69d8477de4" },
	{ "esp", "c12a7328-f81f-11d2-ba4b-00a0c93ec93b" },
	{ "fip", "19d5df83-11b0-457b-be2c-7559c13142a5" },
	{ "fwu-metadata", "8a7a84a0-8387-40f6-ab41-a8b9a5a60d23" },
	{ "u-boot-env", "3de21764-95bd-54bd-a5c3-4abe786f38a8" },
	{ "linux-reserved", "8da63339-0007-60c0-c436-083ac8230908" },
	{ "xbootldr", "bc13c2ff-59e6-4262-a352-b275fd6f7172" },
	{ "root-arm", "69dad710-2ce4-4e3c-b16c-21a1d49abed3" },
	{ "root-arm64", "b921b045-1df0-41c3-af44-4c6f280d3fae" },
	{ "swap", "0657fd6d-a4ab-43c4-84e5-0933c84b4f4f" },
	{ "basic-data", "ebd0a0a2-b9e5-4433-87c0-68b6b72699c7" },
};

const char *stmboot_gpt_attribute_name(unsigned bit)
{
	for (size_t i = 0; i < sizeof(attributes) / sizeof(attributes[0]); i++)
		if (attributes[i].bit == bit)
			return attributes[i].name;
	return NULL;
}

bool stmboot_partition_attribute(const struct stmboot_partition *partition, size_t index,
				 char *buffer, size_t size)
{
	bool mbr = partition->mbr_type != 0 && partition->bootable;
	uint64_t bits = mbr ? 1ULL << STMBOOT_GPT_ATTR_BOOTABLE : partition->attributes;

	for (unsigned bit = 0; bit < ATTRIBUTE_BITS; bit++) {
		const char *name = stmboot_gpt_attribute_name(bit);

		if ((bits >> bit & 1) == 0 || index-- != 0)
			continue;
		if (name != NULL)
			(void)snprintf(buffer, size, "%s", name);
		else
			(void)snprintf(buffer, size, "bit-%u", bit);
		return true;
	}
	return false;
}

/* The N of "bit-N", or ATTRIBUTE_BITS. */
static unsigned numbered_bit(const char *name)
{
	const char *digits = name + 4;
	size_t length;

	if (strncmp(name, "bit-", 4) != 0)
		return ATTRIBUTE_BITS;
	length = strspn(digits, "0123456789");
	return length != 0 && length <= 2 && digits[length] == '\0'
		       ? (unsigned)strtoul(digits, NULL, 10)
		       : ATTRIBUTE_BITS;
}

int stmboot_gpt_attribute_bit(const char *name)
{
	unsigned bit = numbered_bit(name);

	for (size_t i = 0; i < sizeof(attributes) / sizeof(attributes[0]); i++)
		if (strcmp(attributes[i].name, name) == 0)
			return (int)attributes[i].bit;
	return bit >= ATTRIBUTE_BITS || (bit >= RESERVED_FIRST && bit <= RESERVED_LAST) ? -1
											: (int)bit;
}

const char *stmboot_gpt_type_name(const char *guid)
{
	for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++)
		if (strcasecmp(types[i].guid, guid) == 0)
			return types[i].name;
	return NULL;
}

const char *stmboot_gpt_type_guid(const char *name)
{
	for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++)
		if (strcmp(types[i].name, name) == 0)
			return types[i].guid;
	return NULL;
}

const char *stmboot_gpt_type_at(size_t index)
{
	return index < sizeof(types) / sizeof(types[0]) ? types[index].name : NULL;
}

const char *stmboot_gpt_defect_text(uint32_t defects)
{
	static const struct {
		enum stmboot_gpt_defect defect;
		const char *text;
	} texts[] = {
		{ STMBOOT_GPT_UNREADABLE, "unreadable" },
		{ STMBOOT_GPT_HEADER_SIZE, "impossible header size" },
		{ STMBOOT_GPT_HEADER_CRC, "header checksum" },
		{ STMBOOT_GPT_MY_LBA, "names another place" },
		{ STMBOOT_GPT_USABLE_ORDER, "usable range reversed" },
		{ STMBOOT_GPT_USABLE_END, "usable range past the end" },
		{ STMBOOT_GPT_ENTRY_SIZE, "entries of another size" },
		{ STMBOOT_GPT_ENTRY_COUNT, "impossible number of entries" },
		{ STMBOOT_GPT_ENTRIES_RANGE, "entries past the end" },
		{ STMBOOT_GPT_ENTRIES_CRC, "checksum of the entries" },
	};

	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
		if ((defects & (uint32_t)texts[i].defect) != 0)
			return texts[i].text;
	return NULL;
}
