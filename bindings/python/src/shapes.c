/* SPDX-License-Identifier: MIT */
/*
 * Which fields of the library's records become which fields of the classes in
 * stmboot/_records.py, _formats.py and _reports.py. The names are those of the JSON of the program.
 */
#include "shapes.h"

TEXT(compression, enum stmboot_compression)
TEXT(content, enum stmboot_content)
TEXT(fsbl_kind, enum stmboot_fsbl_kind)
TEXT(gpt_state, enum stmboot_gpt_state)
TEXT(image_state, enum stmboot_image_state)
TEXT(medium, enum stmboot_medium)
TEXT(outcome, enum stmboot_outcome)
TEXT(pmbr_state, enum stmboot_pmbr_state)
TEXT(severity, enum stmboot_severity)
TEXT(soc, enum stmboot_soc)
TEXT(stage, enum stmboot_stage)
TEXT(table_type, enum stmboot_table_type)

static const char *stop_text(int stage)
{
	return stage != STMBOOT_NO_STAGE ? stage_text(stage) : NULL;
}

/* ---- the image, its table and its partitions ---- */

static const struct field image_fields[] = {
	SAME(image_info, path, KIND_NAME),
	SAME(image_info, size, KIND_U64),
	WORD("container", image_info, container, compression_text),
	ENUM("medium", image_info, medium, medium_text, "Medium"),
	ENUM("state", image_info, state, image_state_text, "ImageState"),
};
const struct shape shape_image = SHAPE("ImageInfo", image_info, image_fields, NONE);

static PyObject *disk_guid(struct state *state, const void *record, uint64_t base)
{
	const struct stmboot_gpt *gpt = record;

	(void)state;
	(void)base;
	return text_for_people(gpt->described != NULL ? gpt->described->disk_guid : NULL);
}

static PyObject *table_entries(struct state *state, const void *record, uint64_t base)
{
	const struct stmboot_gpt *gpt = record;

	(void)state;
	(void)base;
	return gpt->described != NULL ? PyLong_FromUnsignedLong(gpt->described->entry_count)
				      : Py_NewRef(Py_None);
}

static const struct field table_fields[] = {
	ENUM("type", gpt, type, table_type_text, "TableType"),
	SAME(gpt, sector_size, KIND_U32),
	OTHER("disk_guid", disk_guid),
	ENUM("primary", gpt, primary.state, gpt_state_text, "CopyState"),
	ENUM("backup", gpt, backup_state, gpt_state_text, "CopyState"),
	ENUM("protective_mbr", gpt, protective_mbr, pmbr_state_text, "MbrState"),
	OTHER("entries", table_entries),
};
const struct shape shape_table = SHAPE("Table", gpt, table_fields, NONE);

static PyObject *entry_name(struct state *state, const void *record, uint64_t base)
{
	const struct stmboot_partition *entry = record;

	(void)state;
	(void)base;
	return text_for_people(entry->mbr_type == 0 ? entry->name : NULL);
}

static PyObject *entry_mbr_type(struct state *state, const void *record, uint64_t base)
{
	unsigned char type = ((const struct stmboot_partition *)record)->mbr_type;

	(void)state;
	(void)base;
	return type != 0 ? PyLong_FromLong(type) : Py_NewRef(Py_None);
}

/* They stand in the partition that the entry is of. */
static const struct field entry_fields[] = {
	OTHER("name", entry_name),
	SAME(partition, type_guid, KIND_CHARS_SET),
	SAME(partition, guid, KIND_CHARS_SET),
	OTHER("mbr_type", entry_mbr_type),
};
const struct shape shape_entry = SHAPE("Partition", partition, entry_fields, NONE);

static bool give_attribute(const void *record, size_t index, char *buffer, size_t size)
{
	return record != NULL && stmboot_partition_attribute(record, index, buffer, size);
}

PyObject *entry_attributes(struct state *state, const void *record, uint64_t base)
{
	(void)state;
	(void)base;
	return tuple_of_texts(give_attribute, record);
}

static PyObject *part_attributes(struct state *state, const void *record, uint64_t base)
{
	return entry_attributes(state, ((const struct stmboot_part *)record)->entry, base);
}

static const struct field partition_fields[] = {
	SAME(part, number, KIND_U32),    SAME(part, offset, KIND_U64),
	SAME(part, size, KIND_U64),      OTHER("attributes", part_attributes),
	OTHER("detail", detail_of_part), WORD("content", part, content, content_text),
	SAME(part, flavour, KIND_TEXT),  SAME(part, program, KIND_TEXT),
	SAME(part, available, KIND_U64),
};
const struct shape shape_partition = SHAPE("Partition", part, partition_fields, NONE);

/* ---- the boot ---- */

static const struct field stage_fields[] = {
	ENUM("stage", stage_result, stage, stage_text, "Stage"),
	ENUM("status", stage_result, outcome, outcome_text, "Outcome"),
	SAME(stage_result, partition, KIND_PARTITION),
	SAME(stage_result, path, KIND_NAME),
	KNOWN("offset", stage_result, offset, KIND_U64, has_offset),
	SAME(stage_result, summary, KIND_TEXT),
};
static const struct shape shape_stage = SHAPE("StageResult", stage_result, stage_fields, NONE);

static const struct field place_fields[] = {
	SAME(file_ref, partition, KIND_PARTITION),
	SAME(file_ref, path, KIND_NAME),
};
const struct shape shape_place = SHAPE("Place", file_ref, place_fields, AT_(file_ref, path));

static const struct field fsbl_fields[] = {
	ENUM("kind", boot, fsbl_kind, fsbl_kind_text, "FsblKind"),
	NAMED("version", boot, fsbl_version, KIND_TEXT),
};
static const struct shape shape_fsbl = SHAPE("Fsbl", boot, fsbl_fields, NONE);

static PyObject *boot_fsbl(struct state *state, const void *record, uint64_t base)
{
	const struct stmboot_boot *boot = record;

	if (boot->fsbl_kind == STMBOOT_FSBL_UNKNOWN && boot->fsbl_version == NULL)
		Py_RETURN_NONE;
	return convert(state, &shape_fsbl, boot, base);
}

static const struct field uboot_fields[] = {
	NAMED("version", boot, uboot_version, KIND_TEXT),
};
static const struct shape shape_uboot =
	SHAPE("Uboot", boot, uboot_fields, AT_(boot, uboot_version));

static const struct field secure_os_fields[] = {
	NAMED("name", boot, secure_os, KIND_TEXT),
	NAMED("version", boot, secure_os_version, KIND_TEXT),
};
static const struct shape shape_secure_os =
	SHAPE("SecureOs", boot, secure_os_fields, AT_(boot, secure_os));

static const struct field firmware_fields[] = {
	OTHER("fsbl", boot_fsbl),
	PART("uboot", shape_uboot),
	PART("secure_os", shape_secure_os),
};
static const struct shape shape_firmware = SHAPE("Firmware", boot, firmware_fields, NONE);

static const struct field boot_kernel_fields[] = {
	NAMED("partition", boot, kernel.partition, KIND_PARTITION),
	NAMED("path", boot, kernel.path, KIND_NAME),
	NAMED("release", boot, kernel_release, KIND_TEXT),
};
static const struct shape shape_boot_kernel =
	SHAPE("BootKernel", boot, boot_kernel_fields, AT_(boot, kernel.path));

static const struct field boot_dtb_fields[] = {
	NAMED("partition", boot, dtb.partition, KIND_PARTITION),
	NAMED("path", boot, dtb.path, KIND_NAME),
	NAMED("model", boot, dtb_model, KIND_TEXT),
	LIST(KIND_TEXTS, "compatible", boot, dtb_compatible, dtb_compatible_count, NULL),
};
static const struct shape shape_boot_dtb =
	SHAPE("BootDtb", boot, boot_dtb_fields, AT_(boot, dtb.path));

static const struct field boot_fit_fields[] = {
	NAMED("configuration", boot, fit_configuration, KIND_TEXT),
	NAMED("kernel", boot, kernel_image, KIND_TEXT),
	NAMED("initrd", boot, initrd_image, KIND_TEXT),
	NAMED("dtb", boot, dtb_image, KIND_TEXT),
};
static const struct shape shape_boot_fit =
	SHAPE("BootFit", boot, boot_fit_fields, AT_(boot, fit_configuration));

static const struct field root_fields[] = {
	NAMED("spec", boot, root_spec, KIND_NAME),
	NAMED("partition", boot, root_partition, KIND_PARTITION),
};
static const struct shape shape_root = SHAPE("Root", boot, root_fields, AT_(boot, root_spec));

static const struct field init_fields[] = {
	NAMED("path", boot, init_path, KIND_NAME),
	NAMED("resolved", boot, init_resolved, KIND_NAME),
};
static const struct shape shape_init = SHAPE("Init", boot, init_fields, AT_(boot, init_path));

static const struct field label_fields[] = {
	SAME(boot_label, name, KIND_NAME),
	SAME(boot_label, append, KIND_NAME),
	SAME(boot_label, bootargs, KIND_NAME),
};
const struct shape shape_label = SHAPE("Label", boot_label, label_fields, NONE);

static PyObject *boot_stages(struct state *state, const void *record, uint64_t base)
{
	return convert_list(state, &shape_stage, ((const struct stmboot_boot *)record)->stages,
			    STMBOOT_STAGE_COUNT, base);
}

static const struct field boot_fields[] = {
	ENUM("verdict", boot, verdict, outcome_text, "Outcome"),
	ENUM("stops_at", boot, stops_at, stop_text, "Stage"),
	ENUM("soc", boot, soc, soc_text, "Soc"),
	PART("firmware", shape_firmware),
	OTHER("stages", boot_stages),
	RECORD("config", boot, config, shape_place),
	SAME(boot, label, KIND_NAME),
	SAME(boot, append, KIND_NAME),
	SAME(boot, bootargs, KIND_NAME),
	PART("kernel", shape_boot_kernel),
	PART("fit", shape_boot_fit),
	RECORD("initrd", boot, initrd, shape_place),
	PART("dtb", shape_boot_dtb),
	LIST(KIND_LIST, "overlays", boot, overlays, overlay_count, &shape_place),
	PART("root", shape_root),
	PART("init", shape_init),
	LIST(KIND_LIST, "labels", boot, labels, label_count, &shape_label),
};
const struct shape shape_boot = SHAPE("Boot", boot, boot_fields, NONE);

/* ---- findings ---- */

static const struct field finding_fields[] = {
	SAME(diag, code, KIND_TEXT),
	ENUM("severity", diag, severity, severity_text, "Severity"),
	ENUM("stage", diag, stage, stage_text, "Stage"),
	NAMED("partition", diag, place.partition, KIND_PARTITION),
	NAMED("path", diag, place.path, KIND_TEXT),
	NAMED("line", diag, place.line, KIND_NUMBER),
	KNOWN("offset", diag, place.offset, KIND_U64, place.has_offset),
	KNOWN("length", diag, place.length, KIND_U64, place.has_offset),
	SAME(diag, found, KIND_TEXT),
	SAME(diag, expected, KIND_TEXT),
	SAME(diag, message, KIND_TEXT),
	SAME(diag, hint, KIND_TEXT),
};
const struct shape shape_finding = SHAPE("Finding", diag, finding_fields, NONE);

static PyObject *code_prerequisites(struct state *state, const void *record, uint64_t base)
{
	const char *const *codes = ((const struct stmboot_code *)record)->prerequisites;
	PyObject *list = PyList_New(0);

	(void)state;
	(void)base;
	for (; list != NULL && codes != NULL && *codes != NULL; codes++)
		list_add(&list, text_for_people(*codes));
	return list_to_tuple(list);
}

static const struct field code_fields[] = {
	SAME(code, code, KIND_TEXT),
	ENUM("severity", code, severity, severity_text, "Severity"),
	ENUM("stage", code, stage, stage_text, "Stage"),
	SAME(code, meaning, KIND_TEXT),
	SAME(code, explanation, KIND_TEXT),
	SAME(code, source, KIND_TEXT),
	SAME(code, deep, KIND_BOOL),
	OTHER("prerequisites", code_prerequisites),
};
const struct shape shape_code = SHAPE("Rule", code, code_fields, NONE);

/* ---- files ---- */

static const char *type_name(int type)
{
	return stmboot_fs_type_name((enum stmboot_fs_type)type);
}

static const struct field stat_fields[] = {
	NAMED("inode", fs_inode, node.inode, KIND_U32),
	ENUM("type", fs_inode, node.type, type_name, "FileType"),
	NAMED("mode", fs_inode, node.mode, KIND_U32),
	NAMED("uid", fs_inode, node.uid, KIND_U32),
	NAMED("gid", fs_inode, node.gid, KIND_U32),
	NAMED("links", fs_inode, node.links, KIND_U32),
	NAMED("size", fs_inode, node.size, KIND_U64),
	SAME(fs_inode, blocks, KIND_U64),
	NAMED("device_major", fs_inode, node.device_major, KIND_U32),
	NAMED("device_minor", fs_inode, node.device_minor, KIND_U32),
	NAMED("accessed_ns", fs_inode, accessed, KIND_TIME),
	NAMED("changed_ns", fs_inode, changed, KIND_TIME),
	NAMED("modified_ns", fs_inode, modified, KIND_TIME),
	KNOWN("created_ns", fs_inode, created, KIND_TIME, has_created),
};
const struct shape shape_stat = SHAPE("Stat", fs_inode, stat_fields, NONE);

static const struct field extract_trouble_fields[] = {
	SAME(extract_trouble, path, KIND_TEXT),
	SAME(extract_trouble, message, KIND_TEXT),
	SAME(extract_trouble, hint, KIND_TEXT),
	SAME(extract_trouble, failed, KIND_BOOL),
};
static const struct shape shape_extract_trouble =
	SHAPE("ExtractTrouble", extract_trouble, extract_trouble_fields, NONE);

static const struct field extraction_fields[] = {
	SAME(extract_result, destination, KIND_NAME),
	SAME(extract_result, files, KIND_U64),
	SAME(extract_result, folders, KIND_U64),
	SAME(extract_result, symlinks, KIND_U64),
	SAME(extract_result, hard_links, KIND_U64),
	SAME(extract_result, specials, KIND_U64),
	SAME(extract_result, bytes, KIND_U64),
	SAME(extract_result, left_out, KIND_U64),
	SAME(extract_result, failed, KIND_U64),
	LIST(KIND_LIST, "troubles", extract_result, troubles, trouble_count,
	     &shape_extract_trouble),
};
const struct shape shape_extraction = SHAPE("Extraction", extract_result, extraction_fields, NONE);

/* ---- edits ---- */

static const struct field change_fields[] = {
	SAME(edit_change, what, KIND_TEXT),
	SAME(edit_change, before, KIND_TEXT),
	SAME(edit_change, after, KIND_TEXT),
};
static const struct shape shape_change = SHAPE("Change", edit_change, change_fields, NONE);

static const struct field write_fields[] = {
	SAME(edit_range, offset, KIND_U64),
	SAME(edit_range, length, KIND_U64),
};
static const struct shape shape_write = SHAPE("Write", edit_range, write_fields, NONE);

static const struct field plan_fields[] = {
	LIST(KIND_LIST, "changes", edit_plan, changes, change_count, &shape_change),
	LIST(KIND_LIST, "writes", edit_plan, writes, write_count, &shape_write),
	SAME(edit_plan, bytes, KIND_U64),
	LIST(KIND_TEXTS, "notes", edit_plan, notes, note_count, NULL),
};
const struct shape shape_plan = SHAPE("Plan", edit_plan, plan_fields, NONE);

static const struct field undo_fields[] = {
	SAME(undo, time, KIND_I64),
	SAME(undo, summary, KIND_TEXT),
	SAME(undo, bytes, KIND_U64),
};
const struct shape shape_undo = SHAPE("Undo", undo, undo_fields, NONE);

/* ---- the command line ---- */

static const struct field argument_fields[] = {
	SAME(cmdline_argument, key, KIND_NAME),
	SAME(cmdline_argument, value, KIND_NAME),
	SAME(cmdline_argument, after_dashdash, KIND_BOOL),
};
const struct shape shape_argument = SHAPE("Argument", cmdline_argument, argument_fields, NONE);
