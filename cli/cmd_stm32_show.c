/* SPDX-License-Identifier: MIT */
#include "cmd.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include <stmboot/boot_stm32.h>

#include "buffer.h"
#include "fail.h"
#include "json.h"
#include "render.h"
#include "style.h"

enum { LABEL_WIDTH = 16, VALUE_TEXT = 96 };

/* An STM32 image, and what is wrong with it; borrowed. */
struct shown {
	const struct stmboot_image *image;
	const struct stmboot_boot *boot;
	struct stmboot_boot_stm32 found;
	struct stmboot_diags *diags;
	enum stmboot_outcome verdict;
};

static void add_row(struct buffer *out, const char *label, const char *value)
{
	buffer_printf(out, "  %-*s%s\n", LABEL_WIDTH, label, value);
}

static void add_hex(struct buffer *out, const char *label, uint32_t value)
{
	buffer_printf(out, "  %-*s0x%08" PRIx32 "\n", LABEL_WIDTH, label, value);
}

static void add_bytes(struct buffer *out, const char *label, const uint8_t *data, size_t count)
{
	buffer_printf(out, "  %-*s", LABEL_WIDTH, label);
	for (size_t i = 0; i < count; i++)
		buffer_printf(out, "%02x", data[i]);
	buffer_puts(out, "\n");
}

static void add_version(struct buffer *out, const struct stmboot_stm32 *h)
{
	const char *version = stmboot_stm32_version_text(h->version);
	const char *soc = stmboot_soc_text(h->soc);

	if (version == NULL)
		buffer_printf(out, "  %-*sunknown, 0x%08" PRIx32 "\n", LABEL_WIDTH, "version",
			      h->version);
	else
		buffer_printf(out, "  %-*s%s, for an %s\n", LABEL_WIDTH, "version", version, soc);
}

static void add_checksum(struct buffer *out, const struct stmboot_stm32 *h)
{
	char text[VALUE_TEXT];

	if (!h->has_computed_checksum)
		snprintf(text, sizeof(text), "0x%08" PRIx32 ", which cannot be computed",
			 h->checksum);
	else if (h->computed_checksum == h->checksum)
		snprintf(text, sizeof(text), "0x%08" PRIx32 ", as computed", h->checksum);
	else
		snprintf(text, sizeof(text), "0x%08" PRIx32 ", computed 0x%08" PRIx32, h->checksum,
			 h->computed_checksum);
	add_row(out, "checksum", text);
}

static void add_signature(struct buffer *out, const struct stmboot_stm32 *h)
{
	const char *algorithm = stmboot_stm32_algorithm_text(h->algorithm);
	char text[VALUE_TEXT];

	if (!h->is_signed) {
		add_row(out, "signature", h->has_signature ? "there, and not asked for" : "none");
		return;
	}
	snprintf(text, sizeof(text), "%s, algorithm %" PRIu32 "%s%s%s",
		 h->has_signature ? "there" : "asked for, and not there", h->algorithm,
		 algorithm != NULL ? " (" : "", algorithm != NULL ? algorithm : "",
		 algorithm != NULL ? ")" : "");
	add_row(out, "signature", text);
	if (h->key_count > 0) {
		snprintf(text, sizeof(text), "%" PRIu32 " of %" PRIu32, h->key_index, h->key_count);
		add_row(out, "key", text);
	}
	add_bytes(out, "public key", h->public_key, h->key_bytes);
}

static void add_encryption(struct buffer *out, const struct stmboot_stm32 *h)
{
	char text[VALUE_TEXT];

	if (!h->is_encrypted)
		return;
	snprintf(text, sizeof(text), "AES of %" PRIu32 " bits, derivation constant 0x%08" PRIx32,
		 h->decryption_key_bits, h->derivation_constant);
	add_row(out, "encryption", text);
	add_bytes(out, "plain SHA-256", h->plain_hash, sizeof(h->plain_hash));
}

static void add_extensions(struct buffer *out, const struct stmboot_stm32 *h)
{
	for (size_t i = 0; i < h->extension_count; i++) {
		const struct stmboot_stm32_extension *e = &h->extensions[i];

		buffer_printf(out,
			      "  %-*s%s, type 0x%08" PRIx32 ", %" PRIu32 " bytes at %" PRIu64 "\n",
			      LABEL_WIDTH, "extension", e->name != NULL ? e->name : "unknown",
			      e->type, e->length, e->offset);
	}
}

static void add_fields(struct buffer *out, const struct stmboot_stm32 *h)
{
	const char *type = stmboot_stm32_type_text(h->binary_type);
	char text[VALUE_TEXT];

	add_version(out, h);
	if (!h->header_fits)
		return;
	snprintf(text, sizeof(text), "0x%02" PRIx32 "%s%s", h->binary_type,
		 type != NULL ? ", " : "", type != NULL ? type : "");
	add_row(out, "binary type", text);
	snprintf(text, sizeof(text), "%" PRIu64 " bytes, with %" PRIu32 " of extensions",
		 h->header_bytes, h->extension_bytes);
	add_row(out, "header", text);
	snprintf(text, sizeof(text), "%" PRIu64 " bytes%s", h->payload_bytes,
		 h->payload_fits ? "" : ", of which not all are there");
	add_row(out, "payload", text);
	add_checksum(out, h);
	add_hex(out, "load address", h->load_address);
	add_hex(out, "entry point", h->entry_point);
	snprintf(text, sizeof(text), "%" PRIu32, h->image_version);
	add_row(out, "image version", text);
	add_hex(out, "flags", h->flags);
	if (h->reserved1 != 0 || h->reserved2 != 0) {
		add_hex(out, "reserved 1", h->reserved1);
		add_hex(out, "reserved 2", h->reserved2);
	}
	add_signature(out, h);
	add_encryption(out, h);
	add_extensions(out, h);
}

static const char *reader_text(const struct shown *s)
{
	return s->found.role == STMBOOT_STM32_FSBL ? "the ROM" : "TF-A up to v2.7";
}

static void add_place(struct buffer *out, const struct shown *s, const struct style *style)
{
	if (s->found.partition == STMBOOT_NO_PARTITION) {
		buffer_printf(out, ", byte %" PRIu64, s->found.offset);
	} else if (s->found.partition > 0) {
		buffer_printf(out, ", partition %" PRId32, s->found.partition);
		if (s->found.name != NULL) {
			buffer_puts(out, " (");
			style_escape(style, out, s->found.name);
			buffer_puts(out, ")");
		}
	}
}

static void add_text(struct buffer *out, const struct shown *s, const struct options *o)
{
	const struct style style = style_choose((enum color_choice)o->value[OPTION_COLOR]);
	const struct report report = { s->image, s->boot, s->diags, s->verdict, STMBOOT_NO_STAGE };
	bool bad = s->verdict == STMBOOT_OUTCOME_ERROR;

	style_escape(&style, out, o->operands[0]);
	add_place(out, s, &style);
	buffer_puts(out, ": STM32 header\n\n");
	add_fields(out, s->found.header);
	buffer_puts(out, "\n");
	style_begin(&style, out, bad ? PAINT_BAD : PAINT_GOOD);
	buffer_printf(out, "%s %s it%s", reader_text(s), bad ? "refuses" : "accepts",
		      s->found.taken && !bad ? ", and takes this one" : "");
	style_end(&style, out, bad ? PAINT_BAD : PAINT_GOOD);
	buffer_puts(out, "\n");
	render_findings(out, &report, &style, o->value[OPTION_QUIET] == 0,
			o->value[OPTION_VERBOSE] != 0);
}

static void add_header_json(struct json *j, const struct stmboot_stm32 *h)
{
	json_open(j, "header", '{');
	json_text(j, "version", stmboot_stm32_version_text(h->version));
	json_u64(j, "version_value", h->version);
	json_text(j, "soc", stmboot_soc_text(h->soc));
	json_bool(j, "whole", h->header_fits);
	json_u64(j, "base_size", h->base_bytes);
	json_u64(j, "size", h->header_bytes);
	json_u64(j, "binary_type", h->binary_type);
	json_text(j, "binary_type_name", stmboot_stm32_type_text(h->binary_type));
	json_u64(j, "payload_size", h->payload_bytes);
	json_bool(j, "payload_whole", h->payload_fits);
	json_u64(j, "checksum", h->checksum);
	json_known(j, "checksum_computed", h->has_computed_checksum, h->computed_checksum);
	json_u64(j, "load_address", h->load_address);
	json_u64(j, "entry_point", h->entry_point);
	json_u64(j, "image_version", h->image_version);
	json_u64(j, "flags", h->flags);
	json_u64(j, "reserved1", h->reserved1);
	json_u64(j, "reserved2", h->reserved2);
	json_u64(j, "extensions_size", h->extension_bytes);
	json_close(j, '}');
}

static void add_signature_json(struct json *j, const struct stmboot_stm32 *h)
{
	json_open(j, "signature", '{');
	json_bool(j, "asked_for", h->is_signed);
	json_known(j, "algorithm", h->algorithm != 0, h->algorithm);
	json_text(j, "algorithm_name", stmboot_stm32_algorithm_text(h->algorithm));
	json_known(j, "key_index", h->key_count != 0, h->key_index);
	json_known(j, "key_count", h->key_count != 0, h->key_count);
	if (h->is_signed)
		json_hex(j, "public_key", h->public_key, h->key_bytes);
	else
		json_null(j, "public_key");
	if (h->has_signature)
		json_hex(j, "value", h->signature, h->key_bytes);
	else
		json_null(j, "value");
	json_close(j, '}');
}

static void add_encryption_json(struct json *j, const struct stmboot_stm32 *h)
{
	if (!h->is_encrypted) {
		json_null(j, "encryption");
		return;
	}
	json_open(j, "encryption", '{');
	json_u64(j, "key_bits", h->decryption_key_bits);
	json_u64(j, "derivation_constant", h->derivation_constant);
	json_hex(j, "plain_sha256_half", h->plain_hash, sizeof(h->plain_hash));
	json_close(j, '}');
}

static void add_extensions_json(struct json *j, const struct stmboot_stm32 *h)
{
	json_open(j, "extensions", '[');
	for (size_t i = 0; i < h->extension_count; i++) {
		json_open(j, NULL, '{');
		json_text(j, "name", h->extensions[i].name);
		json_u64(j, "type", h->extensions[i].type);
		json_u64(j, "offset", h->extensions[i].offset);
		json_u64(j, "size", h->extensions[i].length);
		json_close(j, '}');
	}
	json_close(j, ']');
}

static void add_json(struct buffer *out, const struct shown *s)
{
	bool placed = s->found.partition != STMBOOT_NO_PARTITION;
	struct json j = { .out = out };

	json_open(&j, NULL, '{');
	json_text(&j, "schema", "stmboot.stm32/1");
	json_known(&j, "partition", placed, placed ? (uint64_t)s->found.partition : 0);
	json_text(&j, "name", s->found.name);
	json_u64(&j, "offset", s->found.offset);
	add_header_json(&j, s->found.header);
	add_signature_json(&j, s->found.header);
	add_encryption_json(&j, s->found.header);
	add_extensions_json(&j, s->found.header);
	json_text(&j, "reader", stmboot_stm32_role_text(s->found.role));
	json_bool(&j, "accepted", s->verdict != STMBOOT_OUTCOME_ERROR);
	json_bool(&j, "taken", s->found.taken);
	render_findings_json(&j, s->diags);
	json_close(&j, '}');
}

static int tell(const struct options *o, struct shown *s)
{
	struct buffer out = { 0 };
	int stops_at;
	enum stmboot_status status = stmboot_boot_judge_stm32(&s->found, s->diags);

	if (status != STMBOOT_OK && status != STMBOOT_LIMIT)
		return fail(o, o->operands[0], stmboot_status_text(status), NULL);
	s->verdict = stmboot_boot_judge(s->diags, &stops_at);
	if (o->value[OPTION_JSON] != 0)
		add_json(&out, s);
	else
		add_text(&out, s, o);
	return finish(o, &out);
}

static int show(struct stmboot_context *ctx, const struct options *o, struct stmboot_image *image,
		const struct stmboot_boot *boot)
{
	const char *partition = o->operand_count > 1 ? o->operands[1] : NULL;
	struct shown s = { .image = image, .boot = boot };
	struct stmboot_refusal why = { .message = "" };
	enum stmboot_status status =
		stmboot_boot_find_stm32(image, boot, partition, &why, &s.found);
	int result;

	if (status != STMBOOT_OK)
		return fail_refused(o, status, &why);
	status = stmboot_diags_new(ctx, &s.diags);
	if (status != STMBOOT_OK)
		return fail(o, o->operands[0], stmboot_status_text(status), NULL);
	result = tell(o, &s);
	stmboot_diags_free(s.diags);
	return result;
}

int cmd_stm32_show(struct stmboot_context *ctx, const struct options *o)
{
	return with_boot(ctx, o, show);
}
