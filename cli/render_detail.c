/* SPDX-License-Identifier: MIT */
#include "render.h"

#include <stdio.h>

/* The details of each content; every offset counts from the start of the medium. */

static void stm32_extensions(struct json *j, const struct stmboot_part *part)
{
	const struct stmboot_stm32 *image = part->stm32;

	json_open(j, "extensions", '[');
	for (size_t i = 0; i < image->extension_count; i++) {
		json_open(j, NULL, '{');
		json_u64(j, "type", image->extensions[i].type);
		json_text(j, "name", image->extensions[i].name);
		json_u64(j, "offset", part->offset + image->extensions[i].offset);
		json_u64(j, "length", image->extensions[i].length);
		json_close(j, '}');
	}
	json_close(j, ']');
}

static void stm32_signature(struct json *j, const struct stmboot_stm32 *image)
{
	json_bool(j, "signed", image->is_signed);
	json_bool(j, "encrypted", image->is_encrypted);
	if (image->has_signature) {
		json_hex(j, "signature", image->signature, image->key_bytes);
		json_hex(j, "public_key", image->public_key, image->key_bytes);
	} else {
		json_null(j, "signature");
		json_null(j, "public_key");
	}
	json_u64(j, "algorithm", image->algorithm);
	json_u64(j, "key_index", image->key_index);
	json_u64(j, "key_count", image->key_count);
}

static void detail_stm32(struct json *j, const struct stmboot_part *part)
{
	const struct stmboot_stm32 *image = part->stm32;

	json_text(j, "version", stmboot_stm32_version_text(image->version));
	json_u64(j, "version_field", image->version);
	json_text(j, "soc", stmboot_soc_text(image->soc));
	json_bool(j, "header_fits", image->header_fits);
	json_u64(j, "header_bytes", image->header_bytes);
	json_u64(j, "payload_bytes", image->payload_bytes);
	json_bool(j, "payload_fits", image->payload_fits);
	json_u64(j, "checksum", image->checksum);
	json_known(j, "computed_checksum", image->has_computed_checksum, image->computed_checksum);
	json_u64(j, "entry_point", image->entry_point);
	json_u64(j, "load_address", image->load_address);
	json_u64(j, "reserved1", image->reserved1);
	json_u64(j, "reserved2", image->reserved2);
	json_u64(j, "image_version", image->image_version);
	json_u64(j, "flags", image->flags);
	json_u64(j, "binary_type", image->binary_type);
	json_text(j, "binary_type_name", stmboot_stm32_type_text(image->binary_type));
	json_u64(j, "non_secure_bytes", image->non_secure_bytes);
	json_u64(j, "non_secure_hash", image->non_secure_hash);
	stm32_signature(j, image);
	json_u64(j, "extension_bytes", image->extension_bytes);
	stm32_extensions(j, part);
}

static void detail_uimage(struct json *j, const struct stmboot_part *part)
{
	const struct stmboot_uimage *image = part->uimage;

	json_text(j, "name", image->name);
	json_text(j, "os", stmboot_uimage_os_text(image->os));
	json_text(j, "arch", stmboot_uimage_arch_text(image->arch));
	json_text(j, "type", stmboot_uimage_type_text(image->type));
	json_text(j, "compression", stmboot_uimage_compression_text(image->compression));
	json_u64(j, "os_field", image->os);
	json_u64(j, "arch_field", image->arch);
	json_u64(j, "type_field", image->type);
	json_u64(j, "compression_field", image->compression);
	json_u64(j, "timestamp", image->timestamp);
	json_u64(j, "data_bytes", image->data_bytes);
	json_bool(j, "data_fits", image->data_fits);
	json_u64(j, "load_address", image->load_address);
	json_u64(j, "entry_point", image->entry_point);
	json_u64(j, "header_crc", image->header_crc);
	json_u64(j, "computed_header_crc", image->computed_header_crc);
	json_u64(j, "data_crc", image->data_crc);
	json_known(j, "computed_data_crc", image->has_computed_data_crc, image->computed_data_crc);
	json_open(j, "parts", '[');
	for (size_t i = 0; i < image->part_count; i++) {
		json_open(j, NULL, '{');
		json_u64(j, "offset", part->offset + image->parts[i].offset);
		json_u64(j, "size", image->parts[i].size);
		json_close(j, '}');
	}
	json_close(j, ']');
}

static void fip_payload(struct json *j, const struct stmboot_fip_payload *payload)
{
	bool known = payload != NULL && payload->known;

	json_text(j, "content", known ? stmboot_content_text(payload->content) : NULL);
	json_text(j, "program", known ? payload->program : NULL);
	json_text(j, "version", known ? payload->version : NULL);
	json_text(j, "board", known ? payload->board : NULL);
	json_text(j, "certified", known ? stmboot_fip_hash_text(payload->hash) : NULL);
	if (known)
		json_bool(j, "encrypted", payload->encryption != NULL);
	else
		json_null(j, "encrypted");
}

static void fip_optee(struct json *j, const struct stmboot_fip_optee *optee)
{
	if (optee == NULL) {
		json_null(j, "optee");
		return;
	}
	json_open(j, "optee", '{');
	json_u64(j, "version", optee->version);
	json_u64(j, "architecture", optee->architecture);
	json_u64(j, "flags", optee->flags);
	json_u64(j, "part_count", optee->part_count);
	json_open(j, "parts", '[');
	for (size_t i = 0; i < optee->decoded_parts; i++) {
		json_open(j, NULL, '{');
		json_u64(j, "id", optee->parts[i].id);
		json_known(j, "address", optee->parts[i].address != UINT64_MAX,
			   optee->parts[i].address);
		json_u64(j, "size", optee->parts[i].size);
		json_close(j, '}');
	}
	json_close(j, ']');
	json_close(j, '}');
}

void render_fip_members(struct json *j, const struct stmboot_fip *fip, uint64_t medium_offset)
{
	json_u64(j, "serial_number", fip->serial_number);
	json_u64(j, "flags", fip->flags);
	json_bool(j, "terminated", fip->terminated);
	json_u64(j, "total_bytes", fip->total_bytes);
	json_open(j, "entries", '[');
	for (size_t i = 0; i < fip->entry_count; i++) {
		const struct stmboot_fip_entry *entry = &fip->entries[i];

		json_open(j, NULL, '{');
		json_text(j, "uuid", entry->uuid_text);
		json_text(j, "name", entry->name);
		json_text(j, "title", entry->title);
		/* A lie about the offset may take it past 64 bits. */
		json_known(j, "offset", entry->offset <= UINT64_MAX - medium_offset,
			   medium_offset + entry->offset);
		json_u64(j, "size", entry->size);
		json_u64(j, "flags", entry->flags);
		json_bool(j, "fits", entry->fits);
		fip_payload(j, fip->payloads != NULL ? &fip->payloads[i] : NULL);
		json_close(j, '}');
	}
	json_close(j, ']');
	fip_optee(j, fip->optee);
}

static void detail_fip(struct json *j, const struct stmboot_part *part)
{
	render_fip_members(j, part->fip, part->offset);
}

static const char *bank_state(uint8_t state)
{
	switch (state) {
	case STMBOOT_FWU_BANK_INVALID:
		return "invalid";
	case STMBOOT_FWU_BANK_VALID:
		return "valid";
	case STMBOOT_FWU_BANK_ACCEPTED:
		return "accepted";
	default:
		return NULL;
	}
}

static uint32_t bank_limit(const struct stmboot_fwu *fwu)
{
	return fwu->bank_count < STMBOOT_FWU_MAX_BANKS ? fwu->bank_count : STMBOOT_FWU_MAX_BANKS;
}

static void fwu_images(struct json *j, const struct stmboot_fwu *fwu)
{
	json_open(j, "images", '[');
	for (size_t i = 0; i < fwu->decoded_images; i++) {
		const struct stmboot_fwu_image *image = &fwu->images[i];

		json_open(j, NULL, '{');
		json_text(j, "type_guid", image->type_guid);
		json_text(j, "location_guid", image->location_guid);
		json_open(j, "banks", '[');
		for (uint32_t bank = 0; bank < bank_limit(fwu); bank++) {
			json_open(j, NULL, '{');
			json_text(j, "guid", image->banks[bank].guid);
			json_u64(j, "accepted", image->banks[bank].accepted);
			json_close(j, '}');
		}
		json_close(j, ']');
		json_close(j, '}');
	}
	json_close(j, ']');
}

static void detail_fwu(struct json *j, const struct stmboot_part *part)
{
	const struct stmboot_fwu *fwu = part->fwu;

	json_u64(j, "version", fwu->version);
	json_u64(j, "active_index", fwu->active_index);
	json_u64(j, "previous_active_index", fwu->previous_active_index);
	json_u64(j, "crc", fwu->crc);
	json_known(j, "computed_crc", fwu->has_computed_crc, fwu->computed_crc);
	json_u64(j, "metadata_bytes", fwu->metadata_bytes);
	json_u64(j, "bank_count", fwu->bank_count);
	json_open(j, "bank_states", '[');
	for (uint32_t bank = 0; fwu->version >= 2 && bank < bank_limit(fwu); bank++)
		json_text(j, NULL, bank_state(fwu->bank_state[bank]));
	json_close(j, ']');
	json_u64(j, "image_count", fwu->image_count);
	fwu_images(j, fwu);
}

static void fit_digests(struct json *j, const struct stmboot_fit_image *image)
{
	json_open(j, "digests", '[');
	for (size_t i = 0; i < image->digest_count; i++) {
		const struct stmboot_fit_hash *hash = &image->digests[i];
		bool known = hash->state == STMBOOT_FIT_HASH_RIGHT ||
			     hash->state == STMBOOT_FIT_HASH_WRONG;

		json_open(j, NULL, '{');
		json_text(j, "name", hash->name);
		json_text(j, "algorithm", hash->algorithm);
		json_text(j, "state", stmboot_fit_hash_state_text(hash->state));
		if (hash->value != NULL)
			json_hex(j, "value", hash->value, hash->value_bytes);
		else
			json_null(j, "value");
		if (known)
			json_hex(j, "computed", hash->computed, hash->value_bytes);
		else
			json_null(j, "computed");
		json_close(j, '}');
	}
	json_close(j, ']');
}

/* They are described, and nothing here verifies them. */
static void fit_signatures(struct json *j, const struct stmboot_fit_signature *signatures,
			   size_t count)
{
	json_open(j, "signatures", '[');
	for (size_t i = 0; i < count; i++) {
		json_open(j, NULL, '{');
		json_text(j, "name", signatures[i].name);
		json_text(j, "algorithm", signatures[i].algorithm);
		json_text(j, "key_name_hint", signatures[i].key_name_hint);
		json_bool(j, "signed", signatures[i].value_bytes != 0);
		json_list(j, "covers", signatures[i].sign_names, signatures[i].sign_name_count);
		json_close(j, '}');
	}
	json_close(j, ']');
}

static void fit_image(struct json *j, const struct stmboot_part *part,
		      const struct stmboot_fit_image *image)
{
	json_open(j, NULL, '{');
	json_text(j, "name", image->name);
	json_text(j, "description", image->description);
	json_text(j, "type", image->type);
	json_text(j, "os", image->os);
	json_text(j, "arch", image->arch);
	json_text(j, "compression", image->compression);
	json_bool(j, "external", image->external);
	json_known(j, "offset", image->has_data && image->inside, part->offset + image->offset);
	json_known(j, "size", image->has_data, image->bytes);
	json_bool(j, "fits", image->inside);
	json_known(j, "load", image->has_load, image->load);
	json_known(j, "entry", image->has_entry, image->entry);
	json_list(j, "hashes", image->hashes, image->hash_count);
	fit_digests(j, image);
	fit_signatures(j, image->signatures, image->signature_count);
	json_close(j, '}');
}

static void fit_configuration(struct json *j, const struct stmboot_fit_configuration *config)
{
	json_open(j, NULL, '{');
	json_text(j, "name", config->name);
	json_text(j, "description", config->description);
	json_text(j, "kernel", config->kernel);
	json_text(j, "firmware", config->firmware);
	json_text(j, "ramdisk", config->ramdisk);
	json_list(j, "fdt", config->fdt, config->fdt_count);
	json_list(j, "loadables", config->loadables, config->loadable_count);
	json_list(j, "compatible", config->compatible, config->compatible_count);
	fit_signatures(j, config->signatures, config->signature_count);
	json_close(j, '}');
}

static void detail_fit(struct json *j, const struct stmboot_part *part)
{
	const struct stmboot_fit *fit = part->fit;

	json_text(j, "description", fit->description);
	json_known(j, "timestamp", fit->has_timestamp, fit->timestamp);
	json_u64(j, "total_bytes", fit->total_bytes);
	json_text(j, "default_configuration", fit->default_configuration);
	json_open(j, "images", '[');
	for (size_t i = 0; i < fit->image_count; i++)
		fit_image(j, part, &fit->images[i]);
	json_close(j, ']');
	json_open(j, "configurations", '[');
	for (size_t i = 0; i < fit->configuration_count; i++)
		fit_configuration(j, &fit->configurations[i]);
	json_close(j, ']');
}

static void ext4_features(struct json *j, const struct stmboot_ext4_info *ext4)
{
	char name[24];

	json_open(j, "features", '[');
	for (size_t i = 0; stmboot_ext4_feature(ext4, i, name, sizeof(name)); i++)
		json_text(j, NULL, name);
	json_close(j, ']');
}

static void ext4_state(struct json *j, const struct stmboot_ext4_info *ext4)
{
	json_bool(j, "clean", ext4->clean);
	json_bool(j, "errors", ext4->has_errors);
	json_bool(j, "orphans", ext4->has_orphans);
	json_bool(j, "has_journal", ext4->has_journal);
	json_bool(j, "needs_recovery", ext4->needs_recovery);
	json_text(j, "checksum", stmboot_ext4_checksum_text(ext4->checksum));
	json_text(j, "last_mounted", ext4->last_mounted);
	json_i64(j, "mount_time", ext4->mount_time);
	json_i64(j, "write_time", ext4->write_time);
	json_i64(j, "check_time", ext4->check_time);
	json_i64(j, "mkfs_time", ext4->mkfs_time);
	json_u64(j, "mount_count", ext4->mount_count);
	json_u64(j, "error_count", ext4->error_count);
}

static void detail_ext4(struct json *j, const struct stmboot_part *part)
{
	const struct stmboot_ext4_info *ext4 = part->ext4;

	json_text(j, "label", ext4->label);
	json_text(j, "uuid", ext4->uuid);
	json_u64(j, "revision", ext4->revision);
	json_u64(j, "block_size", ext4->block_bytes);
	json_u64(j, "blocks", ext4->blocks_count);
	json_u64(j, "free_blocks", ext4->free_blocks_count);
	json_u64(j, "size", ext4->size_bytes);
	json_u64(j, "inode_size", ext4->inode_bytes);
	json_u64(j, "inodes", ext4->inodes_count);
	json_u64(j, "free_inodes", ext4->free_inodes_count);
	ext4_features(j, ext4);
	ext4_state(j, ext4);
}

static void detail_kernel(struct json *j, const struct stmboot_part *part)
{
	const struct stmboot_kernel *kernel = part->kernel;

	json_text(j, "format", stmboot_kernel_format_text(kernel->format));
	json_u64(j, "file_bytes", kernel->file_bytes);
	json_u64(j, "image_bytes", kernel->image_bytes);
	json_bool(j, "truncated", kernel->truncated);
	json_bool(j, "efi_stub", kernel->has_efi_stub);
	json_bool(j, "appended_dtb", kernel->has_appended_dtb);
	json_text(j, "compression",
		  kernel->compression != STMBOOT_COMPRESSION_NONE
			  ? stmboot_compression_text(kernel->compression)
			  : NULL);
}

static void detail_dtb(struct json *j, const struct stmboot_part *part)
{
	const struct stmboot_dtb *dtb = part->dtb;

	json_text(j, "model", dtb->model);
	json_list(j, "compatible", dtb->compatible, dtb->compatible_count);
	json_u64(j, "total_bytes", dtb->header.total_bytes);
	json_u64(j, "version", dtb->header.version);
	json_text(j, "defect", dtb->defect_text);
	json_text(j, "stdout_path", dtb->stdout_path);
	json_text(j, "bootargs", dtb->bootargs);
	json_bool(j, "symbols", dtb->has_symbols);
	json_bool(j, "overlay", dtb->is_overlay);
}

static void detail_env(struct json *j, const struct stmboot_part *part)
{
	const struct stmboot_env_area *area = part->env;

	json_open(j, "copies", '[');
	for (size_t i = 0; i < area->copy_count; i++) {
		json_open(j, NULL, '{');
		render_env_copy(j, area->copies[i], part->offset);
		json_bool(j, "counts", area->copies[i] == area->saved);
		json_close(j, '}');
	}
	json_close(j, ']');
	json_u64(j, "variables", area->saved->variable_count);
}

void render_env_copy(struct json *j, const struct stmboot_env *env, uint64_t base)
{
	json_u64(j, "offset", base + env->offset);
	json_u64(j, "size", env->size);
	json_known(j, "flags", env->redundant, env->flags);
	json_u64(j, "crc", env->crc_found);
	json_u64(j, "computed_crc", env->crc_computed);
	json_text(j, "state", stmboot_env_state_text(env));
}

void render_detail(struct json *j, const struct stmboot_part *part)
{
	void (*detail)(struct json *, const struct stmboot_part *) =
		part->stm32 != NULL    ? detail_stm32
		: part->uimage != NULL ? detail_uimage
		: part->fip != NULL    ? detail_fip
		: part->fwu != NULL    ? detail_fwu
		: part->fit != NULL    ? detail_fit
		: part->ext4 != NULL   ? detail_ext4
		: part->kernel != NULL ? detail_kernel
		: part->dtb != NULL    ? detail_dtb
		: part->env != NULL    ? detail_env
				       : NULL;

	if (detail == NULL) {
		json_null(j, "detail");
		return;
	}
	json_open(j, "detail", '{');
	detail(j, part);
	json_close(j, '}');
}
