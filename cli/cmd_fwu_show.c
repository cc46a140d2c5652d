/* SPDX-License-Identifier: MIT */
#include "cmd.h"

#include <inttypes.h>
#include <string.h>

#include <stmboot/boot_fwu.h>

#include "buffer.h"
#include "fail.h"
#include "json.h"
#include "style.h"

enum { PLACE_WIDTH = 14 };

/* The metadata of an image; borrowed. */
struct shown {
	const struct stmboot_image *image;
	const struct stmboot_boot *boot;
	const struct stmboot_boot_fwu *fwu;
};

static const struct stmboot_part *find_part(const struct shown *s, int32_t number)
{
	return number >= 0 ? stmboot_image_find(s->image, (uint32_t)number) : NULL;
}

static const char *part_name(const struct shown *s, int32_t number)
{
	const struct stmboot_part *part = find_part(s, number);

	return part != NULL && part->entry != NULL ? part->entry->name : NULL;
}

static const struct stmboot_fwu *shown_metadata(const struct stmboot_boot_fwu *fwu)
{
	return fwu->shown != STMBOOT_FWU_NO_COPY ? fwu->copies[fwu->shown].metadata : NULL;
}

static void add_crc(struct buffer *out, const struct stmboot_fwu *m)
{
	if (!m->has_computed_crc)
		buffer_printf(out, "CRC 0x%08" PRIx32 ", which cannot be computed", m->crc);
	else if (m->crc == m->computed_crc)
		buffer_printf(out, "CRC 0x%08" PRIx32, m->crc);
	else
		buffer_printf(out, "CRC 0x%08" PRIx32 ", computed 0x%08" PRIx32, m->crc,
			      m->computed_crc);
}

static void add_part(struct buffer *out, const struct shown *s, const struct style *style,
		     int32_t number)
{
	const char *name = part_name(s, number);

	buffer_printf(out, "partition %" PRId32, number);
	if (name == NULL)
		return;
	buffer_puts(out, " (");
	style_escape(style, out, name);
	buffer_puts(out, ")");
}

static void add_copy(struct buffer *out, const struct shown *s, const struct style *style,
		     int index)
{
	const struct stmboot_boot_fwu_copy *copy = &s->fwu->copies[index];
	const char *status = stmboot_boot_fwu_copy_text(s->fwu, (size_t)index);
	bool good = strcmp(status, "taken") == 0 || strcmp(status, "good") == 0;

	if (copy->partition == 0) {
		buffer_printf(out, "  %-*s", PLACE_WIDTH, "the file");
	} else {
		buffer_printf(out, "  metadata%-*d", PLACE_WIDTH - 8, index + 1);
		if (copy->partition != STMBOOT_NO_PARTITION)
			buffer_printf(out, "partition %" PRId32 ", ", copy->partition);
	}
	if (copy->metadata != NULL) {
		buffer_printf(out, "version %" PRIu32 ", %" PRIu64 " bytes, ",
			      copy->metadata->version, copy->metadata->metadata_bytes);
		add_crc(out, copy->metadata);
		buffer_puts(out, ": ");
	}
	style_begin(style, out, good ? PAINT_NONE : PAINT_WARNING);
	if (strcmp(status, "refused") == 0)
		buffer_puts(out, stmboot_fwu_reason_text(copy->reason));
	else
		buffer_puts(out, strcmp(status, "taken") == 0     ? "TF-A goes by it"
				 : strcmp(status, "good") == 0    ? "good"
				 : strcmp(status, "missing") == 0 ? "no such partition"
				 : strcmp(status, "unseen") == 0  ? "TF-A does not see it"
								  : "it holds no metadata");
	style_end(style, out, good ? PAINT_NONE : PAINT_WARNING);
	buffer_puts(out, "\n");
}

static void add_bank(struct buffer *out, const struct shown *s, const struct style *style,
		     size_t index)
{
	const struct stmboot_fwu *m = shown_metadata(s->fwu);
	const struct stmboot_boot_fwu_bank *bank = &s->fwu->banks[index];

	buffer_printf(out, "  bank %zu        %-10s%s  ", index, stmboot_fwu_bank_text(m, index),
		      bank->guid != NULL ? bank->guid : "no firmware package");
	if (bank->partition > 0)
		add_part(out, s, style, bank->partition);
	else if (bank->guid != NULL && s->fwu->copies[s->fwu->shown].partition > 0)
		buffer_puts(out, "no such partition");
	if (bank->partition > 0 && !bank->seen)
		buffer_puts(out, ", which TF-A does not see");
	buffer_puts(out, m->active_index == index            ? ", active\n"
			 : m->previous_active_index == index ? ", previous\n"
							     : "\n");
}

static void add_choice(struct buffer *out, const struct shown *s, const struct style *style)
{
	const struct stmboot_fwu_choice *choice = &s->fwu->choice;

	buffer_puts(out, "\n");
	if (choice->bank == STMBOOT_FWU_NO_BANK) {
		style_begin(style, out, PAINT_BAD);
		buffer_puts(out, s->fwu->taken == STMBOOT_FWU_NO_COPY
					 ? "TF-A panics: it can use no copy"
					 : "TF-A panics: no bank can be booted");
		style_end(style, out, PAINT_BAD);
		buffer_puts(out, "\n");
		return;
	}
	buffer_printf(out, "TF-A boots bank %" PRId32, choice->bank);
	if (s->fwu->banks[choice->bank].partition > 0) {
		buffer_puts(out, ", ");
		add_part(out, s, style, s->fwu->banks[choice->bank].partition);
	}
	if (choice->on_trial)
		buffer_puts(out, ", on trial: how many trials are left is not on the card");
	if (choice->on_trial && choice->alternate != STMBOOT_FWU_NO_BANK)
		buffer_printf(out, "; after the last one it boots bank %" PRId32,
			      choice->alternate);
	buffer_puts(out, "\n");
}

static void add_text(struct buffer *out, const struct shown *s, const struct options *o)
{
	const struct style style = style_choose((enum color_choice)o->value[OPTION_COLOR]);

	style_escape(&style, out, o->operands[0]);
	buffer_puts(out, ": metadata of firmware updates");
	if (s->boot->fsbl_kind == STMBOOT_FSBL_TFA && s->boot->fsbl_version != NULL) {
		buffer_puts(out, ", read by TF-A ");
		style_escape(&style, out, s->boot->fsbl_version);
	}
	buffer_puts(out, "\n\n");
	for (int i = 0; i < STMBOOT_FWU_COPIES; i++)
		if (i == 0 || s->fwu->copies[0].partition != 0)
			add_copy(out, s, &style, i);
	if (s->fwu->copies_differ)
		buffer_puts(out, "                the two do not say the same\n");
	for (size_t i = 0; shown_metadata(s->fwu) != NULL && i < s->fwu->bank_count; i++)
		add_bank(out, s, &style, i);
	add_choice(out, s, &style);
}

static void json_bank_number(struct json *j, const char *key, int32_t number)
{
	json_known(j, key, number >= 0, (uint64_t)(number >= 0 ? number : 0));
}

static void add_image_json(struct json *j, const struct stmboot_fwu *m, size_t index)
{
	const struct stmboot_fwu_image *image = &m->images[index];

	json_open(j, NULL, '{');
	json_text(j, "type_guid", image->type_guid);
	json_text(j, "location_guid", image->location_guid);
	json_open(j, "banks", '[');
	for (size_t bank = 0; bank < m->bank_count; bank++) {
		json_open(j, NULL, '{');
		json_text(j, "guid", image->banks[bank].guid);
		json_u64(j, "accepted", image->banks[bank].accepted);
		json_close(j, '}');
	}
	json_close(j, ']');
	json_close(j, '}');
}

static void add_metadata_json(struct json *j, const struct stmboot_fwu *m)
{
	if (m == NULL) {
		json_null(j, "metadata");
		return;
	}
	json_open(j, "metadata", '{');
	json_u64(j, "version", m->version);
	json_u64(j, "crc", m->crc);
	json_known(j, "crc_computed", m->has_computed_crc, m->computed_crc);
	json_u64(j, "size", m->metadata_bytes);
	json_u64(j, "active_index", m->active_index);
	json_u64(j, "previous_active_index", m->previous_active_index);
	json_u64(j, "bank_count", m->bank_count);
	json_u64(j, "image_count", m->image_count);
	json_open_flat(j, "bank_states", '[');
	for (size_t i = 0; m->version != 1 && i < STMBOOT_FWU_MAX_BANKS; i++)
		json_u64(j, NULL, m->bank_state[i]);
	json_close(j, ']');
	json_open(j, "images", '[');
	for (size_t i = 0; i < m->decoded_images; i++)
		add_image_json(j, m, i);
	json_close(j, ']');
	json_close(j, '}');
}

static void add_copies_json(struct json *j, const struct shown *s)
{
	json_open(j, "copies", '[');
	for (int i = 0; i < STMBOOT_FWU_COPIES; i++) {
		const struct stmboot_boot_fwu_copy *copy = &s->fwu->copies[i];

		json_open(j, NULL, '{');
		json_bank_number(j, "partition", copy->partition);
		json_text(j, "name", part_name(s, copy->partition));
		json_text(j, "status", stmboot_boot_fwu_copy_text(s->fwu, (size_t)i));
		json_text(j, "reason",
			  copy->metadata != NULL ? stmboot_fwu_reason_text(copy->reason) : NULL);
		add_metadata_json(j, copy->metadata);
		json_close(j, '}');
	}
	json_close(j, ']');
}

static void add_banks_json(struct json *j, const struct shown *s)
{
	const struct stmboot_fwu *m = shown_metadata(s->fwu);

	json_open(j, "banks", '[');
	for (size_t i = 0; m != NULL && i < s->fwu->bank_count; i++) {
		const struct stmboot_boot_fwu_bank *bank = &s->fwu->banks[i];

		json_open(j, NULL, '{');
		json_text(j, "state", stmboot_fwu_bank_text(m, i));
		json_text(j, "guid", bank->guid);
		json_bank_number(j, "partition", bank->partition);
		json_text(j, "name", part_name(s, bank->partition));
		json_bool(j, "seen", bank->seen);
		json_close(j, '}');
	}
	json_close(j, ']');
}

static void add_json(struct buffer *out, const struct shown *s)
{
	const struct stmboot_boot_fwu *fwu = s->fwu;
	bool tfa = s->boot->fsbl_kind == STMBOOT_FSBL_TFA;
	struct json j = { .out = out };

	json_open(&j, NULL, '{');
	json_text(&j, "schema", "stmboot.fwu/1");
	json_open(&j, "tfa", '{');
	json_text(&j, "version", tfa ? s->boot->fsbl_version : NULL);
	json_known(&j, "metadata_version", fwu->reader.version != 0, fwu->reader.version);
	json_known(&j, "metadata_size", fwu->reader.bytes != 0, fwu->reader.bytes);
	json_close(&j, '}');
	add_copies_json(&j, s);
	json_bool(&j, "copies_differ", fwu->copies_differ);
	add_banks_json(&j, s);
	json_open(&j, "boots", '{');
	json_bank_number(&j, "bank", fwu->choice.bank);
	json_bank_number(&j, "partition",
			 fwu->choice.bank != STMBOOT_FWU_NO_BANK
				 ? fwu->banks[fwu->choice.bank].partition
				 : STMBOOT_NO_PARTITION);
	json_bool(&j, "on_trial", fwu->choice.on_trial);
	json_bank_number(&j, "alternate", fwu->choice.alternate);
	json_close(&j, '}');
	json_close(&j, '}');
}

static int show(struct stmboot_context *ctx, const struct options *o, struct stmboot_image *image,
		const struct stmboot_boot *boot)
{
	const struct shown s = { image, boot, stmboot_boot_get_fwu(boot) };
	struct buffer out = { 0 };

	(void)ctx;
	if (s.fwu == NULL)
		return fail(o, o->operands[0], "there is no metadata of firmware updates",
			    "cards with two banks have it in partitions named metadata1 and "
			    "metadata2");
	if (o->value[OPTION_JSON] != 0)
		add_json(&out, &s);
	else
		add_text(&out, &s, o);
	return finish(o, &out);
}

int cmd_fwu_show(struct stmboot_context *ctx, const struct options *o)
{
	return with_boot(ctx, o, show);
}
