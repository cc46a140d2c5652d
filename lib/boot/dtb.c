/* SPDX-License-Identifier: MIT */
/* The device tree that a boot is about, as a file. */
#include "boot/dtb.h"

#include <inttypes.h>

#include "base/refusal.h"
#include "image/image.h"

static const char inspect_hint[] = "'stmboot inspect' says what U-Boot finds";
static const char file_hint[] = "--file names a device tree in the image";

static const struct stmboot_part *bare_tree(const struct stmboot_image *image)
{
	const struct stmboot_part *part = stmboot_image_part(image, 0);

	return stmboot_image_info(image)->medium == STMBOOT_MEDIUM_PART &&
			       part->content == STMBOOT_CONTENT_DTB
		       ? part
		       : NULL;
}

enum stmboot_status sb_dtb_place_find(const struct stmboot_image *image,
				      const struct stmboot_boot *boot,
				      const struct stmboot_file_ref *file,
				      struct stmboot_refusal *why, struct sb_dtb_place *out)
{
	if (file != NULL) {
		*out = (struct sb_dtb_place){ .file = *file };
	} else if (boot->dtb_image != NULL) {
		return sb_refuse(why, STMBOOT_UNSUPPORTED,
				 "take it out with `dumpimage -T flat_dt -p NUMBER -o FILE FIT`",
				 "the device tree is image '%s' inside the FIT %s", boot->dtb_image,
				 boot->dtb.path);
	} else if (boot->dtb.path != NULL) {
		*out = (struct sb_dtb_place){ .file = boot->dtb, .uboot = true };
	} else if (bare_tree(image) != NULL) {
		*out = (struct sb_dtb_place){ .file = { 0, NULL } };
	} else if (boot->config.path == NULL) {
		return sb_refuse(why, STMBOOT_NOT_FOUND, file_hint,
				 "there is no extlinux.conf that would name a device tree");
	} else if (boot->label == NULL) {
		return sb_refuse(why, STMBOOT_NOT_FOUND, inspect_hint,
				 "U-Boot finds no label that it could boot");
	} else {
		return sb_refuse(why, STMBOOT_NOT_FOUND, file_hint,
				 "label '%s' names no device tree", boot->label);
	}
	return STMBOOT_OK;
}

static enum stmboot_status refuse_file(const struct stmboot_file_ref *file,
				       const struct stmboot_fs *fs, enum stmboot_status status,
				       struct stmboot_refusal *why)
{
	const char *trouble = NULL;
	uint64_t offset;
	bool has_offset;

	if (status == STMBOOT_NO_MEMORY || status == STMBOOT_CANCELLED)
		return status;
	if (fs != NULL)
		trouble = stmboot_fs_trouble(fs, &has_offset, &offset);
	if (trouble == NULL)
		trouble = stmboot_status_text(status);
	if (file->partition == 0)
		return sb_refuse(why, status, NULL, "cannot read %s: %s", file->path, trouble);
	return sb_refuse(why, status, NULL, "cannot read %s in partition %" PRId32 ": %s",
			 file->path, file->partition, trouble);
}

enum stmboot_status sb_dtb_place_open(struct stmboot_image *image, const struct sb_dtb_place *place,
				      struct stmboot_refusal *why, struct stmboot_source **src,
				      struct stmboot_source **close)
{
	uint32_t partition = (uint32_t)place->file.partition;
	struct stmboot_fs *fs = NULL;
	enum stmboot_status status;

	*close = NULL;
	if (place->file.path == NULL) {
		*src = stmboot_image_part_source(image, partition);
		return *src != NULL ? STMBOOT_OK : STMBOOT_NOT_FOUND;
	}
	status = place->uboot ? sb_image_fs_uboot(image, partition, &fs)
			      : sb_image_fs_linux(image, partition, &fs);
	if (status == STMBOOT_OK)
		status = stmboot_fs_open(fs, place->file.path, src);
	if (status != STMBOOT_OK)
		return refuse_file(&place->file, fs, status, why);
	*close = *src;
	return STMBOOT_OK;
}

enum stmboot_status sb_dtb_place_read(struct stmboot_context *ctx, const struct sb_dtb_place *place,
				      struct stmboot_source *src, struct stmboot_refusal *why,
				      struct stmboot_dtb **out)
{
	const char *name = place->file.path != NULL ? place->file.path : "the image";
	struct stmboot_refusal said = { .message = "" };
	enum stmboot_status status = stmboot_dtb_read(ctx, src, name, &said, out);

	if (status != STMBOOT_OK && said.message[0] == 0 && place->file.path != NULL)
		return refuse_file(&place->file, NULL, status, why);
	if (status != STMBOOT_OK && why != NULL)
		*why = said;
	return status;
}

enum stmboot_status stmboot_boot_read_dtb(struct stmboot_context *ctx, struct stmboot_image *image,
					  const struct stmboot_boot *boot,
					  const struct stmboot_file_ref *file,
					  struct stmboot_refusal *why,
					  struct stmboot_file_ref *where, struct stmboot_dtb **out)
{
	struct stmboot_source *src, *close;
	struct sb_dtb_place place;
	enum stmboot_status status = sb_dtb_place_find(image, boot, file, why, &place);

	if (status != STMBOOT_OK)
		return status;
	status = sb_dtb_place_open(image, &place, why, &src, &close);
	if (status != STMBOOT_OK)
		return status;
	status = sb_dtb_place_read(ctx, &place, src, why, out);
	stmboot_source_close(close);
	if (status == STMBOOT_OK)
		*where = place.file;
	return status;
}
