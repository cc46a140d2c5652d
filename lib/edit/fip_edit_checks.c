/* SPDX-License-Identifier: MIT */
/* What belongs into a firmware package, and whether there is room for it. */
#include <inttypes.h>
#include <string.h>

#include <stmboot/boot_env.h>

#include "base/checked.h"
#include "edit/fip_edit.h"
#include "edit/part_edit.h"
#include "format/chips.h"
#include "image/image.h"

static const char force_hint[] = "--force writes it all the same";

/* Where U-Boot keeps its environment inside the partition, or its end. */
static uint64_t room_of(const struct sb_fip_edit *f)
{
	const struct stmboot_boot_env *env = stmboot_boot_environment(f->edit->before.boot);
	uint64_t start = f->part->offset, room = f->part->size;

	for (size_t i = 0; i < env->copy_count; i++) {
		const struct stmboot_boot_env_copy *copy = &env->copies[i];

		if (copy->has_offset && copy->offset >= start && copy->offset - start < room)
			room = copy->offset - start;
	}
	return room;
}

enum stmboot_status sb_fip_edit_check_room(const struct sb_fip_edit *f)
{
	uint64_t total = f->after.total_bytes, size = f->part->size;
	bool is_file = f->part->entry == NULL;
	uint64_t room = room_of(f);

	if (total > size)
		return sb_refuse(f->why, STMBOOT_LIMIT,
				 is_file ? "make room with truncate -s, or use fiptool update"
					 : "make the partition larger, or the image smaller",
				 "the firmware package would be %" PRIu64
				 " bytes, and %s has %" PRIu64,
				 total, is_file ? "its file" : f->where, size);
	if (total > room && total > f->before->total_bytes && !f->edit->force)
		return sb_refuse(f->why, STMBOOT_LIMIT,
				 "make the partition larger; --force writes it all the same",
				 "the firmware package would be %" PRIu64
				 " bytes, and U-Boot's environment begins at byte %" PRIu64
				 " of %s",
				 total, room, f->where);
	return is_file ? STMBOOT_OK : sb_part_check_place(f->edit, f->part, total, f->why);
}

static enum stmboot_status refuse_content(const struct sb_fip_edit *f, size_t index,
					  const char *wanted, const char *found)
{
	return sb_refuse(f->why, STMBOOT_NOT_RECOGNISED, force_hint, "%s needs %s; the file %s",
			 sb_fip_label(&f->made->entries[index]), wanted, found);
}

/* Each says which release it is, and U-Boot's name tells it from Linux or a boot menu. */
static enum stmboot_status check_program(const struct sb_fip_edit *f, size_t index)
{
	static const struct {
		const char *image, *program, *text;
	} rows[] = {
		{ "nt-fw", "U-Boot", "U-Boot without its device tree (u-boot-nodtb.bin)" },
		{ "tos-fw", "TF-A", "SP_min, or the header of OP-TEE" },
		{ "soc-fw", "TF-A", "BL31 (bl31.bin)" },
	};
	const struct stmboot_fip_payload *payload = &f->made->payloads[index];
	const char *name = f->made->entries[index].name;
	const char *found = payload->program != NULL ? payload->program : "says nothing of it";

	if (name == NULL || payload->encryption != NULL ||
	    (strcmp(name, "tos-fw") == 0 && f->made->tos_magic == STMBOOT_FIP_OPTEE))
		return STMBOOT_OK;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		if (strcmp(rows[i].image, name) == 0 && strcmp(found, rows[i].program) != 0)
			return refuse_content(f, index, rows[i].text,
					      "does not say that it is one");
	return STMBOOT_OK;
}

static enum stmboot_status check_tree(const struct sb_fip_edit *f, size_t index)
{
	const struct stmboot_fip_payload *payload = &f->made->payloads[index];
	enum stmboot_soc card = sb_part_card_soc(f->edit);
	enum stmboot_soc soc;

	if (payload->defect != NULL)
		return sb_refuse(f->why, STMBOOT_NOT_RECOGNISED, force_hint,
				 "%s needs a device tree; the file is none that is intact: %s",
				 sb_fip_label(&f->made->entries[index]), payload->defect);
	soc = payload->board != NULL ? sb_chip_of_board(payload->board) : STMBOOT_SOC_UNKNOWN;
	if (soc == STMBOOT_SOC_UNKNOWN || card == STMBOOT_SOC_UNKNOWN || soc == card)
		return STMBOOT_OK;
	return sb_refuse(f->why, STMBOOT_CORRUPT, "give the device tree of this board",
			 "the device tree is for %s, and the card is for an %s", payload->board,
			 stmboot_soc_text(card));
}

static enum stmboot_status check_content(const struct sb_fip_edit *f, size_t index)
{
	const struct stmboot_fip_entry *e = &f->made->entries[index];
	const struct stmboot_fip_payload *payload = &f->made->payloads[index];
	const struct sb_fip_known *known = sb_fip_known(e->uuid_text);
	enum sb_fip_kind kind = known != NULL ? known->kind : SB_FIP_OTHER;

	if (!payload->known)
		return sb_refuse(f->why, STMBOOT_LIMIT, force_hint, "%s is too large to look at",
				 sb_fip_label(e));
	if (kind == SB_FIP_TREE)
		return check_tree(f, index);
	if (kind == SB_FIP_CERTIFICATE && payload->certificate_bytes != e->size)
		return refuse_content(f, index, "a certificate in DER", "is none");
	if (kind != SB_FIP_CODE)
		return STMBOOT_OK;
	if (sb_fip_is_wrapped(payload->content))
		return sb_refuse(f->why, STMBOOT_NOT_RECOGNISED, force_hint,
				 "%s needs a bare binary, as TF-A jumps to its first byte; the "
				 "content of the file is %s",
				 sb_fip_label(e), stmboot_content_text(payload->content));
	return check_program(f, index);
}

/* Of an image that is new, or whose certificate is. */
static enum stmboot_status check_signed(const struct sb_fip_edit *f, size_t index)
{
	const struct stmboot_fip_entry *e = &f->made->entries[index], *certificate = NULL;
	const struct sb_fip_known *known = sb_fip_known(e->uuid_text);
	enum stmboot_fip_hash hash = f->made->payloads[index].hash;

	if (known != NULL && known->certificate != NULL)
		certificate = stmboot_fip_find(f->made, known->certificate);
	if (certificate == NULL || hash == STMBOOT_FIP_HASH_AGREES)
		return STMBOOT_OK;
	if (f->taken[index] == NULL &&
	    (hash == STMBOOT_FIP_HASH_UNKNOWN || f->taken[certificate - f->made->entries] == NULL))
		return STMBOOT_OK;
	return sb_refuse(f->why, STMBOOT_CONFLICT,
			 "sign it with cert_create and replace its certificate with it; --force "
			 "writes it all the same",
			 "%s is signed: %s %s", sb_fip_label(e), known->certificate,
			 hash == STMBOOT_FIP_HASH_DIFFERS
				 ? "holds the hash of another content, which a closed chip does "
				   "not start"
				 : "cannot be compared with it");
}

/* The bytes of an image are those that were meant, wherever they are now. */
static enum stmboot_status check_bytes(const struct sb_fip_edit *f, size_t index, bool *same)
{
	const struct stmboot_fip_entry *old = &f->before->entries[index];
	const struct stmboot_fip_entry *made = &f->made->entries[index];

	*same = false;
	if (memcmp(made->uuid, old->uuid, sizeof(made->uuid)) != 0 || made->flags != old->flags ||
	    made->size != sb_fip_edit_size(f, index))
		return STMBOOT_OK;
	if (f->taken[index] != NULL)
		return sb_fip_edit_compare(f, f->staged, made->offset, f->taken[index], 0,
					   made->size, same);
	return sb_fip_edit_compare(f, f->staged, made->offset, f->src, old->offset, made->size,
				   same);
}

static enum stmboot_status check_package(const struct sb_fip_edit *f)
{
	bool same = sb_fip_is_sound(f->made) && f->made->entry_count == f->before->entry_count;
	enum stmboot_status status = STMBOOT_OK;

	for (size_t i = 0; i < f->before->entry_count && same && status == STMBOOT_OK; i++)
		status = check_bytes(f, i, &same);
	if (status != STMBOOT_OK || same)
		return status;
	return sb_refuse(f->why, STMBOOT_INTERNAL, "please report this",
			 "the firmware package is not read as it was written");
}

enum stmboot_status sb_fip_edit_check_staged(const struct sb_fip_edit *f)
{
	enum stmboot_status status = check_package(f);

	for (size_t i = 0; i < f->made->entry_count && status == STMBOOT_OK && !f->edit->force;
	     i++) {
		if (f->taken[i] != NULL)
			status = check_content(f, i);
		if (status == STMBOOT_OK)
			status = check_signed(f, i);
	}
	return status;
}
