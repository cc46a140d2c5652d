/* SPDX-License-Identifier: MIT */
/* What partitions hold, as shapes.c has the rest. */
#include "shapes.h"

#include <string.h>

TEXT(compression, enum stmboot_compression)
TEXT(content, enum stmboot_content)
TEXT(ext4_checksum, enum stmboot_ext4_checksum)
TEXT(fip_hash, enum stmboot_fip_hash)
TEXT(fit_hash_state, enum stmboot_fit_hash_state)
TEXT(kernel_format, enum stmboot_kernel_format)
TEXT(soc, enum stmboot_soc)
TEXT(stm32_type, uint32_t)
TEXT(stm32_version, uint32_t)
TEXT(uimage_arch, uint8_t)
TEXT(uimage_compression, uint8_t)
TEXT(uimage_os, uint8_t)
TEXT(uimage_type, uint8_t)

PyObject *tuple_of_texts(bool (*give)(const void *record, size_t index, char *buffer, size_t size),
			 const void *record)
{
	PyObject *list = PyList_New(0);
	char text[32];

	for (size_t i = 0; list != NULL && give(record, i, text, sizeof(text)); i++)
		list_add(&list, text_for_people(text));
	return list_to_tuple(list);
}

static const struct field extension_fields[] = {
	SAME(stm32_extension, type, KIND_U32),
	SAME(stm32_extension, name, KIND_TEXT),
	SAME(stm32_extension, offset, KIND_PLACE),
	SAME(stm32_extension, length, KIND_U32),
};
static const struct shape shape_extension =
	SHAPE("Stm32Extension", stm32_extension, extension_fields, NONE);

static PyObject *key_bytes(const struct stmboot_stm32 *image, const uint8_t *bytes)
{
	if (!image->has_signature)
		Py_RETURN_NONE;
	return PyBytes_FromStringAndSize((const char *)bytes, (Py_ssize_t)image->key_bytes);
}

static PyObject *stm32_signature(struct state *state, const void *record, uint64_t base)
{
	(void)state;
	(void)base;
	return key_bytes(record, ((const struct stmboot_stm32 *)record)->signature);
}

static PyObject *stm32_public_key(struct state *state, const void *record, uint64_t base)
{
	(void)state;
	(void)base;
	return key_bytes(record, ((const struct stmboot_stm32 *)record)->public_key);
}

static const struct field stm32_fields[] = {
	WORD("version", stm32, version, stm32_version_text),
	NAMED("version_field", stm32, version, KIND_U32),
	ENUM("soc", stm32, soc, soc_text, "Soc"),
	SAME(stm32, header_fits, KIND_BOOL),
	SAME(stm32, header_bytes, KIND_U64),
	SAME(stm32, payload_bytes, KIND_U64),
	SAME(stm32, payload_fits, KIND_BOOL),
	SAME(stm32, checksum, KIND_U32),
	KNOWN("computed_checksum", stm32, computed_checksum, KIND_U32, has_computed_checksum),
	SAME(stm32, entry_point, KIND_U32),
	SAME(stm32, load_address, KIND_U32),
	SAME(stm32, reserved1, KIND_U32),
	SAME(stm32, reserved2, KIND_U32),
	SAME(stm32, image_version, KIND_U32),
	SAME(stm32, flags, KIND_U32),
	SAME(stm32, binary_type, KIND_U32),
	WORD("binary_type_name", stm32, binary_type, stm32_type_text),
	SAME(stm32, non_secure_bytes, KIND_U32),
	SAME(stm32, non_secure_hash, KIND_U32),
	NAMED("signed", stm32, is_signed, KIND_BOOL),
	NAMED("encrypted", stm32, is_encrypted, KIND_BOOL),
	OTHER("signature", stm32_signature),
	OTHER("public_key", stm32_public_key),
	SAME(stm32, algorithm, KIND_U32),
	SAME(stm32, key_index, KIND_U32),
	SAME(stm32, key_count, KIND_U32),
	SAME(stm32, extension_bytes, KIND_U32),
	LIST(KIND_ARRAY, "extensions", stm32, extensions, extension_count, &shape_extension),
};
const struct shape shape_stm32 = SHAPE("Stm32", stm32, stm32_fields, NONE);

static const struct field uimage_part_fields[] = {
	SAME(uimage_part, offset, KIND_PLACE),
	SAME(uimage_part, size, KIND_U64),
};
static const struct shape shape_uimage_part =
	SHAPE("UimagePart", uimage_part, uimage_part_fields, NONE);

static const struct field uimage_fields[] = {
	SAME(uimage, name, KIND_CHARS),
	BYTE_WORD("os", uimage, os, uimage_os_text),
	BYTE_WORD("arch", uimage, arch, uimage_arch_text),
	BYTE_WORD("type", uimage, type, uimage_type_text),
	BYTE_WORD("compression", uimage, compression, uimage_compression_text),
	NAMED("os_field", uimage, os, KIND_U8),
	NAMED("arch_field", uimage, arch, KIND_U8),
	NAMED("type_field", uimage, type, KIND_U8),
	NAMED("compression_field", uimage, compression, KIND_U8),
	SAME(uimage, timestamp, KIND_U32),
	SAME(uimage, data_bytes, KIND_U32),
	SAME(uimage, data_fits, KIND_BOOL),
	SAME(uimage, load_address, KIND_U32),
	SAME(uimage, entry_point, KIND_U32),
	SAME(uimage, header_crc, KIND_U32),
	SAME(uimage, computed_header_crc, KIND_U32),
	SAME(uimage, data_crc, KIND_U32),
	KNOWN("computed_data_crc", uimage, computed_data_crc, KIND_U32, has_computed_data_crc),
	LIST(KIND_ARRAY, "parts", uimage, parts, part_count, &shape_uimage_part),
};
static const struct shape shape_uimage = SHAPE("Uimage", uimage, uimage_fields, NONE);

static const struct field fip_entry_fields[] = {
	NAMED("uuid", fip_entry, uuid_text, KIND_CHARS),
	SAME(fip_entry, name, KIND_TEXT),
	SAME(fip_entry, title, KIND_TEXT),
	SAME(fip_entry, offset, KIND_PLACE),
	SAME(fip_entry, size, KIND_U64),
	SAME(fip_entry, flags, KIND_U64),
	SAME(fip_entry, fits, KIND_BOOL),
};
static const struct shape shape_fip_entry = SHAPE("FipEntry", fip_entry, fip_entry_fields, NONE);

static PyObject *payload_encrypted(struct state *state, const void *record, uint64_t base)
{
	(void)state;
	(void)base;
	return PyBool_FromLong(((const struct stmboot_fip_payload *)record)->encryption != NULL);
}

/* They stand in the entry that the payload belongs to. */
static const struct field payload_fields[] = {
	WORD("content", fip_payload, content, content_text),
	SAME(fip_payload, program, KIND_TEXT),
	SAME(fip_payload, version, KIND_TEXT),
	SAME(fip_payload, board, KIND_TEXT),
	WORD("certified", fip_payload, hash, fip_hash_text),
	OTHER("encrypted", payload_encrypted),
};
static const struct shape shape_payload = SHAPE("FipEntry", fip_payload, payload_fields, NONE);

/* A package, and where it stands. */
struct placed_fip {
	const struct stmboot_fip *fip;
	uint64_t base;
};

static PyObject *fip_entry_at(struct state *state, const void *user, size_t index)
{
	const struct placed_fip *placed = user;
	const struct stmboot_fip *fip = placed->fip;
	bool known = fip->payloads != NULL && fip->payloads[index].known;

	return convert_pair(state, &shape_fip_entry, &fip->entries[index], placed->base,
			    &shape_payload, known ? &fip->payloads[index] : NULL);
}

static PyObject *fip_entries(struct state *state, const void *record, uint64_t base)
{
	const struct placed_fip placed = { record, base };

	return convert_each(state, placed.fip->entry_count, fip_entry_at, &placed);
}

static PyObject *optee_address(struct state *state, const void *record, uint64_t base)
{
	uint64_t address = ((const struct stmboot_fip_optee_part *)record)->address;

	(void)state;
	(void)base;
	return address != UINT64_MAX ? PyLong_FromUnsignedLongLong(address) : Py_NewRef(Py_None);
}

static const struct field optee_part_fields[] = {
	SAME(fip_optee_part, id, KIND_U32),
	OTHER("address", optee_address),
	SAME(fip_optee_part, size, KIND_U32),
};
static const struct shape shape_optee_part =
	SHAPE("OpteePart", fip_optee_part, optee_part_fields, NONE);

static const struct field optee_fields[] = {
	SAME(fip_optee, version, KIND_U8),
	SAME(fip_optee, architecture, KIND_U8),
	SAME(fip_optee, flags, KIND_U16),
	SAME(fip_optee, part_count, KIND_U32),
	LIST(KIND_ARRAY, "parts", fip_optee, parts, decoded_parts, &shape_optee_part),
};
static const struct shape shape_optee = SHAPE("Optee", fip_optee, optee_fields, NONE);

static PyObject *fip_optee(struct state *state, const void *record, uint64_t base)
{
	const struct stmboot_fip_optee *optee = ((const struct stmboot_fip *)record)->optee;

	return optee != NULL ? convert(state, &shape_optee, optee, base) : Py_NewRef(Py_None);
}

static const struct field fip_fields[] = {
	SAME(fip, serial_number, KIND_U32), SAME(fip, flags, KIND_U64),
	SAME(fip, terminated, KIND_BOOL),   SAME(fip, total_bytes, KIND_U64),
	OTHER("entries", fip_entries),      OTHER("optee", fip_optee),
};
const struct shape shape_fip = SHAPE("Fip", fip, fip_fields, NONE);

static uint32_t bank_count(const struct stmboot_fwu *fwu)
{
	return fwu->bank_count < STMBOOT_FWU_MAX_BANKS ? fwu->bank_count : STMBOOT_FWU_MAX_BANKS;
}

static PyObject *bank_state_at(struct state *state, const void *fwu, size_t index)
{
	const char *word =
		stmboot_fwu_state_text(((const struct stmboot_fwu *)fwu)->bank_state[index]);

	(void)state;
	return text_for_people(strcmp(word, "unknown") != 0 ? word : NULL);
}

static PyObject *fwu_bank_states(struct state *state, const void *record, uint64_t base)
{
	const struct stmboot_fwu *fwu = record;

	(void)base;
	return convert_each(state, fwu->version >= 2 ? bank_count(fwu) : 0, bank_state_at, fwu);
}

static const struct field bank_fields[] = {
	SAME(fwu_bank_image, guid, KIND_CHARS),
	SAME(fwu_bank_image, accepted, KIND_U32),
};
static const struct shape shape_bank = SHAPE("FwuBank", fwu_bank_image, bank_fields, NONE);

/* How many banks there are stands in the metadata, not in the image: it comes as the base. */
static PyObject *fwu_banks(struct state *state, const void *record, uint64_t banks)
{
	return convert_list(state, &shape_bank, ((const struct stmboot_fwu_image *)record)->banks,
			    (size_t)banks, 0);
}

static const struct field fwu_image_fields[] = {
	SAME(fwu_image, type_guid, KIND_CHARS),
	SAME(fwu_image, location_guid, KIND_CHARS),
	OTHER("banks", fwu_banks),
};
static const struct shape shape_fwu_image = SHAPE("FwuImage", fwu_image, fwu_image_fields, NONE);

static PyObject *fwu_images(struct state *state, const void *record, uint64_t base)
{
	const struct stmboot_fwu *fwu = record;

	(void)base;
	return convert_list(state, &shape_fwu_image, fwu->images, fwu->decoded_images,
			    bank_count(fwu));
}

static const struct field fwu_fields[] = {
	SAME(fwu, version, KIND_U32),
	SAME(fwu, active_index, KIND_U32),
	SAME(fwu, previous_active_index, KIND_U32),
	SAME(fwu, crc, KIND_U32),
	KNOWN("computed_crc", fwu, computed_crc, KIND_U32, has_computed_crc),
	SAME(fwu, metadata_bytes, KIND_U64),
	SAME(fwu, bank_count, KIND_U32),
	OTHER("bank_states", fwu_bank_states),
	SAME(fwu, image_count, KIND_U32),
	OTHER("images", fwu_images),
};
const struct shape shape_fwu = SHAPE("Fwu", fwu, fwu_fields, NONE);

static PyObject *bytes_of(const uint8_t *bytes, size_t size)
{
	if (bytes == NULL)
		Py_RETURN_NONE;
	return PyBytes_FromStringAndSize((const char *)bytes, (Py_ssize_t)size);
}

static PyObject *digest_value(struct state *state, const void *record, uint64_t base)
{
	const struct stmboot_fit_hash *hash = record;

	(void)state;
	(void)base;
	return bytes_of(hash->value, hash->value_bytes);
}

static PyObject *digest_computed(struct state *state, const void *record, uint64_t base)
{
	const struct stmboot_fit_hash *hash = record;
	bool known = hash->state == STMBOOT_FIT_HASH_RIGHT || hash->state == STMBOOT_FIT_HASH_WRONG;

	(void)state;
	(void)base;
	return bytes_of(known ? hash->computed : NULL, hash->value_bytes);
}

static const struct field digest_fields[] = {
	SAME(fit_hash, name, KIND_TEXT),
	SAME(fit_hash, algorithm, KIND_TEXT),
	WORD("state", fit_hash, state, fit_hash_state_text),
	OTHER("value", digest_value),
	OTHER("computed", digest_computed),
};
static const struct shape shape_digest = SHAPE("FitDigest", fit_hash, digest_fields, NONE);

static PyObject *signature_signed(struct state *state, const void *record, uint64_t base)
{
	(void)state;
	(void)base;
	return PyBool_FromLong(((const struct stmboot_fit_signature *)record)->value_bytes != 0);
}

static const struct field signature_fields[] = {
	SAME(fit_signature, name, KIND_TEXT),
	SAME(fit_signature, algorithm, KIND_TEXT),
	SAME(fit_signature, key_name_hint, KIND_TEXT),
	OTHER("signed", signature_signed),
	LIST(KIND_TEXTS, "covers", fit_signature, sign_names, sign_name_count, NULL),
};
static const struct shape shape_signature =
	SHAPE("FitSignature", fit_signature, signature_fields, NONE);

static PyObject *fit_image_offset(struct state *state, const void *record, uint64_t base)
{
	const struct stmboot_fit_image *image = record;

	(void)state;
	return image->has_data && image->inside ? PyLong_FromUnsignedLongLong(base + image->offset)
						: Py_NewRef(Py_None);
}

static const struct field fit_image_fields[] = {
	SAME(fit_image, name, KIND_TEXT),
	SAME(fit_image, description, KIND_TEXT),
	SAME(fit_image, type, KIND_TEXT),
	SAME(fit_image, os, KIND_TEXT),
	SAME(fit_image, arch, KIND_TEXT),
	SAME(fit_image, compression, KIND_TEXT),
	SAME(fit_image, external, KIND_BOOL),
	OTHER("offset", fit_image_offset),
	KNOWN("size", fit_image, bytes, KIND_U64, has_data),
	NAMED("fits", fit_image, inside, KIND_BOOL),
	KNOWN("load", fit_image, load, KIND_U64, has_load),
	KNOWN("entry", fit_image, entry, KIND_U64, has_entry),
	LIST(KIND_TEXTS, "hashes", fit_image, hashes, hash_count, NULL),
	LIST(KIND_LIST, "digests", fit_image, digests, digest_count, &shape_digest),
	LIST(KIND_LIST, "signatures", fit_image, signatures, signature_count, &shape_signature),
};
static const struct shape shape_fit_image = SHAPE("FitImage", fit_image, fit_image_fields, NONE);

static const struct field fit_configuration_fields[] = {
	SAME(fit_configuration, name, KIND_TEXT),
	SAME(fit_configuration, description, KIND_TEXT),
	SAME(fit_configuration, kernel, KIND_TEXT),
	SAME(fit_configuration, firmware, KIND_TEXT),
	SAME(fit_configuration, ramdisk, KIND_TEXT),
	LIST(KIND_TEXTS, "fdt", fit_configuration, fdt, fdt_count, NULL),
	LIST(KIND_TEXTS, "loadables", fit_configuration, loadables, loadable_count, NULL),
	LIST(KIND_TEXTS, "compatible", fit_configuration, compatible, compatible_count, NULL),
	LIST(KIND_LIST, "signatures", fit_configuration, signatures, signature_count,
	     &shape_signature),
};
static const struct shape shape_fit_configuration =
	SHAPE("FitConfiguration", fit_configuration, fit_configuration_fields, NONE);

static const struct field fit_fields[] = {
	SAME(fit, description, KIND_TEXT),
	KNOWN("timestamp", fit, timestamp, KIND_U32, has_timestamp),
	SAME(fit, total_bytes, KIND_U32),
	SAME(fit, default_configuration, KIND_TEXT),
	LIST(KIND_LIST, "images", fit, images, image_count, &shape_fit_image),
	LIST(KIND_LIST, "configurations", fit, configurations, configuration_count,
	     &shape_fit_configuration),
};
static const struct shape shape_fit = SHAPE("Fit", fit, fit_fields, NONE);

static bool give_feature(const void *record, size_t index, char *buffer, size_t size)
{
	return stmboot_ext4_feature(record, index, buffer, size);
}

static PyObject *ext4_features(struct state *state, const void *record, uint64_t base)
{
	(void)state;
	(void)base;
	return tuple_of_texts(give_feature, record);
}

static const struct field ext4_fields[] = {
	SAME(ext4_info, label, KIND_CHARS),
	SAME(ext4_info, uuid, KIND_CHARS),
	SAME(ext4_info, revision, KIND_U32),
	NAMED("block_size", ext4_info, block_bytes, KIND_U64),
	NAMED("blocks", ext4_info, blocks_count, KIND_U64),
	NAMED("free_blocks", ext4_info, free_blocks_count, KIND_U64),
	NAMED("size", ext4_info, size_bytes, KIND_U64),
	NAMED("inode_size", ext4_info, inode_bytes, KIND_U32),
	NAMED("inodes", ext4_info, inodes_count, KIND_U32),
	NAMED("free_inodes", ext4_info, free_inodes_count, KIND_U32),
	OTHER("features", ext4_features),
	SAME(ext4_info, clean, KIND_BOOL),
	NAMED("errors", ext4_info, has_errors, KIND_BOOL),
	NAMED("orphans", ext4_info, has_orphans, KIND_BOOL),
	SAME(ext4_info, has_journal, KIND_BOOL),
	SAME(ext4_info, needs_recovery, KIND_BOOL),
	ENUM("checksum", ext4_info, checksum, ext4_checksum_text, "Checksum"),
	SAME(ext4_info, last_mounted, KIND_CHARS),
	SAME(ext4_info, mount_time, KIND_I64),
	SAME(ext4_info, write_time, KIND_I64),
	SAME(ext4_info, check_time, KIND_I64),
	SAME(ext4_info, mkfs_time, KIND_I64),
	SAME(ext4_info, mount_count, KIND_U16),
	SAME(ext4_info, error_count, KIND_U32),
};
static const struct shape shape_ext4 = SHAPE("Ext4", ext4_info, ext4_fields, NONE);

static const char *packed_text(int compression)
{
	return compression != STMBOOT_COMPRESSION_NONE ? compression_text(compression) : NULL;
}

static const struct field kernel_fields[] = {
	WORD("format", kernel, format, kernel_format_text),
	SAME(kernel, file_bytes, KIND_U64),
	SAME(kernel, image_bytes, KIND_U64),
	SAME(kernel, truncated, KIND_BOOL),
	NAMED("efi_stub", kernel, has_efi_stub, KIND_BOOL),
	NAMED("appended_dtb", kernel, has_appended_dtb, KIND_BOOL),
	WORD("compression", kernel, compression, packed_text),
};
static const struct shape shape_kernel = SHAPE("Kernel", kernel, kernel_fields, NONE);

static const struct field dtb_fields[] = {
	SAME(dtb, model, KIND_TEXT),
	LIST(KIND_TEXTS, "compatible", dtb, compatible, compatible_count, NULL),
	NAMED("total_bytes", dtb, header.total_bytes, KIND_U32),
	NAMED("version", dtb, header.version, KIND_U32),
	NAMED("defect", dtb, defect_text, KIND_TEXT),
	SAME(dtb, stdout_path, KIND_TEXT),
	SAME(dtb, bootargs, KIND_TEXT),
	NAMED("symbols", dtb, has_symbols, KIND_BOOL),
	NAMED("overlay", dtb, is_overlay, KIND_BOOL),
};
const struct shape shape_dtb = SHAPE("DeviceTree", dtb, dtb_fields, NONE);

PyObject *detail_of_part(struct state *state, const void *record, uint64_t base)
{
	const struct stmboot_part *part = record;
	const struct {
		const struct shape *shape;
		const void *detail;
	} details[] = {
		{ &shape_stm32, part->stm32 },   { &shape_uimage, part->uimage },
		{ &shape_fip, part->fip },       { &shape_fwu, part->fwu },
		{ &shape_fit, part->fit },       { &shape_ext4, part->ext4 },
		{ &shape_kernel, part->kernel }, { &shape_dtb, part->dtb },
		{ &shape_env_area, part->env },
	};

	(void)base;
	for (size_t i = 0; i < COUNT(details); i++)
		if (details[i].detail != NULL)
			return convert(state, details[i].shape, details[i].detail, part->offset);
	Py_RETURN_NONE;
}
