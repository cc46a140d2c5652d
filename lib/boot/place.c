/* SPDX-License-Identifier: MIT */
#include <stmboot/place.h>
#include <stmboot/text.h>

#include <stdio.h>
#include <string.h>

#include "base/refusal.h"
#include "base/similar.h"
#include "boot/trace.h"
#include "image/image.h"

static const char inspect_hint[] = "'stmboot inspect' lists the partitions";

/* "4", without a sign, blanks or anything behind it. */
static bool parse_number(const char *text, size_t length, uint32_t *out)
{
	uint32_t number = 0;

	if (length == 0 || length > 5)
		return false;
	for (size_t i = 0; i < length; i++) {
		if (text[i] < '0' || text[i] > '9')
			return false;
		number = number * 10 + (uint32_t)(text[i] - '0');
	}
	*out = number;
	return true;
}

static bool has_name(const struct stmboot_part *part, const char *name, size_t length)
{
	return part->entry != NULL && strncmp(part->entry->name, name, length) == 0 &&
	       part->entry->name[length] == '\0';
}

static enum stmboot_status refuse_name(const struct stmboot_image *image, const char *text,
				       size_t length, struct stmboot_refusal *why)
{
	char room[SB_DID_YOU_MEAN], name[128];
	const char *best = NULL;

	(void)snprintf(name, sizeof(name), "%.*s", (int)length, text);
	for (size_t i = 0; i < stmboot_image_part_count(image); i++) {
		const struct stmboot_part *part = stmboot_image_part(image, i);

		if (part->entry != NULL)
			stmboot_similar(name, part->entry->name, &best);
	}
	return sb_refuse(why, STMBOOT_NOT_FOUND, sb_did_you_mean(best, inspect_hint, room),
			 "there is no partition '%.*s'", (int)length, text);
}

static enum stmboot_status find(const struct stmboot_image *image, const char *text, size_t length,
				struct stmboot_refusal *why, const struct stmboot_part **out)
{
	const struct stmboot_part *found = NULL;
	uint32_t number;
	size_t matches = 0;

	if (parse_number(text, length, &number))
		found = stmboot_image_find(image, number);
	for (size_t i = 0; found == NULL && i < stmboot_image_part_count(image); i++)
		matches += has_name(stmboot_image_part(image, i), text, length);
	if (matches > 1)
		return sb_refuse(why, STMBOOT_CONFLICT, "say which by its number",
				 "%zu partitions have the name '%.*s'", matches, (int)length, text);
	for (size_t i = 0; found == NULL && i < stmboot_image_part_count(image); i++)
		if (has_name(stmboot_image_part(image, i), text, length))
			found = stmboot_image_part(image, i);
	if (found == NULL)
		return refuse_name(image, text, length, why);
	*out = found;
	return STMBOOT_OK;
}

/* What is not found on a medium that cannot be read may well be there. */
static enum stmboot_status unless_unread(const struct stmboot_image *image,
					 enum stmboot_status status, struct stmboot_refusal *why)
{
	enum stmboot_status unread = STMBOOT_OK;

	if (status == STMBOOT_NOT_FOUND)
		unread = sb_image_refuse_unread(image, 0, why);
	return unread != STMBOOT_OK ? unread : status;
}

enum stmboot_status stmboot_place_partition(const struct stmboot_image *image, const char *text,
					    struct stmboot_refusal *why,
					    const struct stmboot_part **out)
{
	return unless_unread(image, find(image, text, strlen(text), why, out), why);
}

/* How many partitions hold an ext4; `only` is one of them. */
static size_t count_ext4(const struct stmboot_image *image, const struct stmboot_part **only)
{
	size_t count = 0;

	for (size_t i = 0; i < stmboot_image_part_count(image); i++) {
		const struct stmboot_part *part = stmboot_image_part(image, i);

		if (part->content != STMBOOT_CONTENT_EXT4)
			continue;
		*only = part;
		count++;
	}
	return count;
}

/* Where a path without a partition is. */
static enum stmboot_status find_default(const struct stmboot_image *image,
					const struct stmboot_boot *boot,
					struct stmboot_refusal *why, uint32_t *out)
{
	const struct stmboot_part *only = NULL;
	size_t count = count_ext4(image, &only);

	if (boot->config.path != NULL) {
		*out = (uint32_t)boot->config.partition;
		return STMBOOT_OK;
	}
	if (only == NULL)
		return sb_refuse(why, STMBOOT_NOT_FOUND, inspect_hint,
				 "no partition holds an ext4 file system");
	if (count > 1)
		return sb_refuse(why, STMBOOT_NOT_FOUND,
				 "write PARTITION:/path, with a number or a name",
				 "there is no extlinux.conf that says which partition is meant");
	*out = only->number;
	return STMBOOT_OK;
}

enum stmboot_status stmboot_place_parse(const struct stmboot_image *image,
					const struct stmboot_boot *boot, const char *text,
					struct stmboot_refusal *why, struct stmboot_file_ref *out)
{
	const struct stmboot_part *part;
	const char *path = text;
	size_t length = strcspn(text, ":/"); /* a name has neither before the first '/' */
	enum stmboot_status status;
	uint32_t number = 0;

	if (text[length] == ':')
		path = text + length + 1;
	if (*path != '/')
		return sb_refuse(why, STMBOOT_INVALID_ARGUMENT,
				 "a place is [PARTITION:]/path, for example rootfs:/boot/zImage",
				 "'%s' is no place in the image", text);
	if (path != text) {
		status = find(image, text, length, why, &part);
		if (status == STMBOOT_OK)
			number = part->number;
	} else {
		status = find_default(image, boot, why, &number);
	}
	if (status == STMBOOT_OK)
		*out = (struct stmboot_file_ref){ (int32_t)number, path };
	return unless_unread(image, status, why);
}

enum stmboot_status stmboot_place_find(struct stmboot_context *ctx, struct stmboot_image *image,
				       const char *text, struct stmboot_refusal *why,
				       struct stmboot_file_ref *out)
{
	static const struct stmboot_boot not_followed;
	const struct stmboot_part *part;
	const struct stmboot_boot *boot = NULL;
	struct stmboot_diags *diags = NULL;
	enum stmboot_status status;

	if (*text != '/' || count_ext4(image, &part) <= 1)
		return stmboot_place_parse(image, &not_followed, text, why, out);
	status = stmboot_diags_new(ctx, &diags);
	if (status == STMBOOT_OK)
		status = stmboot_boot_trace(ctx, image, NULL, diags, &boot);
	if (status == STMBOOT_OK)
		status = stmboot_place_parse(image, boot, text, why, out);
	stmboot_boot_free(boot);
	stmboot_diags_free(diags);
	return status;
}

static enum stmboot_status find_only_fip(const struct stmboot_image *image,
					 struct stmboot_refusal *why,
					 const struct stmboot_part **out)
{
	const struct stmboot_part *found = NULL;

	for (size_t i = 0; i < stmboot_image_part_count(image); i++) {
		const struct stmboot_part *part = stmboot_image_part(image, i);

		if (part->fip == NULL)
			continue;
		if (found != NULL)
			return sb_refuse(why, STMBOOT_CONFLICT, "say which by its number or name",
					 "several partitions hold a firmware package, and none of "
					 "them boots");
		found = part;
	}
	if (found == NULL)
		return sb_refuse(why, STMBOOT_NOT_FOUND, inspect_hint,
				 "there is no firmware package (FIP)");
	*out = found;
	return STMBOOT_OK;
}

enum stmboot_status stmboot_place_fip(const struct stmboot_image *image,
				      const struct stmboot_boot *boot, const char *text,
				      struct stmboot_refusal *why, const struct stmboot_part **out)
{
	const struct stmboot_part *part = sb_boot_facts(boot)->second.part;
	enum stmboot_status status = STMBOOT_OK;

	if (text != NULL)
		status = find(image, text, strlen(text), why, &part);
	else if (part == NULL || part->fip == NULL)
		status = find_only_fip(image, why, &part);
	if (status != STMBOOT_OK)
		return unless_unread(image, status, why);
	if (part->fip == NULL)
		return sb_refuse(why, STMBOOT_NOT_RECOGNISED, inspect_hint,
				 "partition '%s' holds no firmware package but %s", text,
				 part->content == STMBOOT_CONTENT_UNKNOWN
					 ? "something that is not known"
					 : stmboot_content_text(part->content));
	*out = part;
	return STMBOOT_OK;
}
