/* SPDX-License-Identifier: MIT */
/* What the commands that show one thing tell of it, as shapes.c has the rest. */
#include "reports.h"

#include "shapes.h"

TEXT(extlinux_outcome, enum stmboot_extlinux_outcome)
TEXT(extlinux_wait, enum stmboot_extlinux_wait)
TEXT(gpt_state, enum stmboot_gpt_state)
TEXT(pmbr_state, enum stmboot_pmbr_state)
TEXT(stm32_role, enum stmboot_stm32_role)
TEXT(table_type, enum stmboot_table_type)

/* ---- firmware updates ---- */

static PyObject *copy_reason(struct state *state, const void *record, uint64_t base)
{
	const struct stmboot_boot_fwu_copy *copy = record;

	(void)state;
	(void)base;
	return text_for_people(copy->metadata != NULL ? stmboot_fwu_reason_text(copy->reason)
						      : NULL);
}

static PyObject *copy_metadata(struct state *state, const void *record, uint64_t base)
{
	const struct stmboot_fwu *metadata =
		((const struct stmboot_boot_fwu_copy *)record)->metadata;

	return metadata != NULL ? convert(state, &shape_fwu, metadata, base) : Py_NewRef(Py_None);
}

static const struct field fwu_copy_fields[] = {
	SAME(boot_fwu_copy, partition, KIND_PARTITION),
	OTHER("reason", copy_reason),
	OTHER("metadata", copy_metadata),
};
static const struct shape shape_fwu_copy = SHAPE("FwuCopy", boot_fwu_copy, fwu_copy_fields, NONE);

/* A word that stands beside another record. */
struct word {
	const char *status;
	const char *state;
};

static const struct field status_fields[] = { OWN(word, status, KIND_TEXT) };
static const struct shape shape_status = OWN_SHAPE("FwuCopy", word, status_fields);
static const struct field state_fields[] = { OWN(word, state, KIND_TEXT) };
static const struct shape shape_state = OWN_SHAPE("FwuBankPlace", word, state_fields);

static PyObject *fwu_copy_at(struct state *state, const void *user, size_t index)
{
	const struct stmboot_boot_fwu *fwu = user;
	const struct word word = { .status = stmboot_boot_fwu_copy_text(fwu, index) };

	return convert_pair(state, &shape_fwu_copy, &fwu->copies[index], 0, &shape_status, &word);
}

static PyObject *fwu_copies(struct state *state, const void *record, uint64_t base)
{
	(void)base;
	return convert_each(state, STMBOOT_FWU_COPIES, fwu_copy_at, record);
}

static const struct field bank_fields[] = {
	SAME(boot_fwu_bank, guid, KIND_TEXT),
	SAME(boot_fwu_bank, partition, KIND_PARTITION),
	SAME(boot_fwu_bank, seen, KIND_BOOL),
};
static const struct shape shape_bank = SHAPE("FwuBankPlace", boot_fwu_bank, bank_fields, NONE);

static PyObject *bank_at(struct state *state, const void *user, size_t index)
{
	const struct stmboot_boot_fwu *fwu = user;
	const struct word word = { .state = stmboot_fwu_bank_text(fwu->copies[fwu->shown].metadata,
								  index) };

	return convert_pair(state, &shape_bank, &fwu->banks[index], 0, &shape_state, &word);
}

static PyObject *fwu_banks(struct state *state, const void *record, uint64_t base)
{
	const struct stmboot_boot_fwu *fwu = record;

	(void)base;
	return convert_each(state, fwu->shown != STMBOOT_FWU_NO_COPY ? fwu->bank_count : 0, bank_at,
			    fwu);
}

static PyObject *choice_partition(struct state *state, const void *record, uint64_t base)
{
	const struct stmboot_boot_fwu *fwu = record;
	int32_t bank = fwu->choice.bank;

	(void)state;
	(void)base;
	if (bank == STMBOOT_FWU_NO_BANK || fwu->banks[bank].partition == STMBOOT_NO_PARTITION)
		Py_RETURN_NONE;
	return PyLong_FromLong(fwu->banks[bank].partition);
}

/* No bank and no partition are the same number. */
static const struct field choice_fields[] = {
	NAMED("bank", boot_fwu, choice.bank, KIND_PARTITION),
	OTHER("partition", choice_partition),
	NAMED("on_trial", boot_fwu, choice.on_trial, KIND_BOOL),
	NAMED("alternate", boot_fwu, choice.alternate, KIND_PARTITION),
};
static const struct shape shape_choice = SHAPE("FwuChoice", boot_fwu, choice_fields, NONE);

_Static_assert((int)STMBOOT_FWU_NO_BANK == (int)STMBOOT_NO_PARTITION,
	       "KIND_PARTITION takes it for None");

static PyObject *reader_bytes(struct state *state, const void *record, uint64_t base)
{
	uint64_t bytes = ((const struct stmboot_boot_fwu *)record)->reader.bytes;

	(void)state;
	(void)base;
	return bytes != 0 ? PyLong_FromUnsignedLongLong(bytes) : Py_NewRef(Py_None);
}

static const struct field updates_fields[] = {
	NAMED("metadata_version", boot_fwu, reader.version, KIND_NUMBER),
	OTHER("metadata_size", reader_bytes),
	OTHER("copies", fwu_copies),
	SAME(boot_fwu, copies_differ, KIND_BOOL),
	OTHER("banks", fwu_banks),
	PART("boots", shape_choice),
};
const struct shape shape_updates = SHAPE("Updates", boot_fwu, updates_fields, NONE);

/* ---- the configuration ---- */

static const struct field extlinux_label_fields[] = {
	NAMED("name", extlinux_label, name.text, KIND_NAME),
	NAMED("kernel", extlinux_label, kernel_value.text, KIND_NAME),
	NAMED("append", extlinux_label, append.text, KIND_NAME),
	NAMED("initrd", extlinux_label, initrd.text, KIND_NAME),
	NAMED("fdt", extlinux_label, fdt.text, KIND_NAME),
	NAMED("fdtdir", extlinux_label, fdtdir.text, KIND_NAME),
	NAMED("fdtoverlays", extlinux_label, fdtoverlays.text, KIND_NAME),
	NAMED("menu", extlinux_label, menu.text, KIND_NAME),
	NAMED("ipappend", extlinux_label, ipappend.text, KIND_NAME),
	NAMED("localboot", extlinux_label, localboot.text, KIND_NAME),
	SAME(extlinux_label, kaslrseed, KIND_BOOL),
	NAMED("line", extlinux_label, name.line, KIND_U32),
};
static const struct shape shape_extlinux_label =
	SHAPE("ExtlinuxLabel", extlinux_label, extlinux_label_fields, NONE);

static PyObject *extlinux_tenths(struct state *state, const void *record, uint64_t base)
{
	const struct stmboot_extlinux *conf = record;

	(void)state;
	(void)base;
	if (conf->timeout.text == NULL)
		Py_RETURN_NONE;
	return PyLong_FromLong(conf->timeout_tenths > 0 ? conf->timeout_tenths : 0);
}

static const struct field extlinux_fields[] = {
	WORD("outcome", extlinux, outcome, extlinux_outcome_text),
	NAMED("default", extlinux, default_name.text, KIND_NAME),
	OTHER("timeout_tenths", extlinux_tenths),
	WORD("wait", extlinux, selection.wait, extlinux_wait_text),
	NAMED("title", extlinux, title.text, KIND_NAME),
	LIST(KIND_LIST, "labels", extlinux, labels, label_count, &shape_extlinux_label),
};
const struct shape shape_extlinux = SHAPE("Extlinux", extlinux, extlinux_fields, NONE);

static const struct field extlinux_boot_fields[] = {
	RECORD("config", boot, config, shape_place),
	SAME(boot, label, KIND_NAME),
};
const struct shape shape_extlinux_boot = SHAPE("Extlinux", boot, extlinux_boot_fields, NONE);

/* ---- the partition table ---- */

static PyObject *entry_type(struct state *state, const void *record, uint64_t base)
{
	const struct stmboot_partition *entry = record;

	(void)state;
	(void)base;
	return text_for_people(entry->mbr_type == 0 ? stmboot_gpt_type_name(entry->type_guid)
						    : NULL);
}

static const struct field gpt_entry_fields[] = {
	SAME(partition, number, KIND_U32),     OTHER("type", entry_type),
	SAME(partition, first_lba, KIND_U64),  SAME(partition, last_lba, KIND_U64),
	OTHER("attributes", entry_attributes),
};
static const struct shape shape_gpt_entry = SHAPE("GptEntry", partition, gpt_entry_fields, NONE);

static PyObject *entry_at(struct state *state, const void *list, size_t index)
{
	const struct stmboot_partition *entry =
		((const struct stmboot_partition *const *)list)[index];

	return convert_pair(state, &shape_gpt_entry, entry, 0, &shape_entry, entry);
}

static PyObject *copy_partitions(struct state *state, const void *record, uint64_t base)
{
	const struct stmboot_gpt_copy *copy = record;

	(void)base;
	return convert_each(state, copy->partition_count, entry_at, copy->partitions);
}

static PyObject *copy_defect(struct state *state, const void *record, uint64_t base)
{
	(void)state;
	(void)base;
	return text_for_people(
		stmboot_gpt_defect_text(((const struct stmboot_gpt_copy *)record)->defects));
}

static const struct field gpt_copy_fields[] = {
	OTHER("defect", copy_defect),
	SAME(gpt_copy, lba, KIND_U64),
	SAME(gpt_copy, my_lba, KIND_U64),
	SAME(gpt_copy, alternate_lba, KIND_U64),
	SAME(gpt_copy, first_usable_lba, KIND_U64),
	SAME(gpt_copy, last_usable_lba, KIND_U64),
	SAME(gpt_copy, disk_guid, KIND_CHARS_SET),
	SAME(gpt_copy, header_size, KIND_U32),
	SAME(gpt_copy, header_crc, KIND_U32),
	SAME(gpt_copy, header_crc_computed, KIND_U32),
	SAME(gpt_copy, entries_lba, KIND_U64),
	SAME(gpt_copy, entry_count, KIND_U32),
	SAME(gpt_copy, entry_size, KIND_U32),
	SAME(gpt_copy, entries_crc, KIND_U32),
	SAME(gpt_copy, entries_crc_computed, KIND_U32),
	OTHER("partitions", copy_partitions),
};
static const struct shape shape_gpt_copy = SHAPE("GptCopy", gpt_copy, gpt_copy_fields, NONE);

/* The state of the backup is that of the pair. */
static const struct field primary_fields[] = { ENUM("state", gpt, primary.state, gpt_state_text,
						    "CopyState") };
static const struct shape shape_primary = SHAPE("GptCopy", gpt, primary_fields, NONE);
static const struct field backup_fields[] = { ENUM("state", gpt, backup_state, gpt_state_text,
						   "CopyState") };
static const struct shape shape_backup = SHAPE("GptCopy", gpt, backup_fields, NONE);

static PyObject *gpt_primary(struct state *state, const void *record, uint64_t base)
{
	const struct stmboot_gpt *gpt = record;

	return convert_pair(state, &shape_gpt_copy, &gpt->primary, base, &shape_primary, gpt);
}

static PyObject *gpt_backup(struct state *state, const void *record, uint64_t base)
{
	const struct stmboot_gpt *gpt = record;

	return convert_pair(state, &shape_gpt_copy, stmboot_gpt_backup(gpt), base, &shape_backup,
			    gpt);
}

static PyObject *gpt_partitions(struct state *state, const void *record, uint64_t base)
{
	const struct stmboot_gpt *gpt = record;

	(void)base;
	return convert_each(state, gpt->partition_count, entry_at, gpt->partitions);
}

static const struct field gpt_fields[] = {
	ENUM("type", gpt, type, table_type_text, "TableType"),
	SAME(gpt, sector_size, KIND_U32),
	SAME(gpt, sectors, KIND_U64),
	ENUM("protective_mbr", gpt, protective_mbr, pmbr_state_text, "MbrState"),
	SAME(gpt, copies_differ, KIND_BOOL),
	SAME(gpt, stale_backup, KIND_BOOL),
	OTHER("primary", gpt_primary),
	OTHER("backup", gpt_backup),
	OTHER("partitions", gpt_partitions),
};
const struct shape shape_gpt = SHAPE("Gpt", gpt, gpt_fields, NONE);

/* What one program sees of a table. */
struct gpt_reader {
	const char *reader, *copy, *reason;
	bool all;
	const struct stmboot_gpt_view *view;
};

static PyObject *number_at(struct state *state, const void *list, size_t index)
{
	(void)state;
	return PyLong_FromUnsignedLong(
		((const struct stmboot_partition *const *)list)[index]->number);
}

static PyObject *reader_partitions(struct state *state, const void *record, uint64_t base)
{
	const struct stmboot_gpt_view *view = ((const struct gpt_reader *)record)->view;

	(void)base;
	return convert_each(state, view->count, number_at, view->partitions);
}

static const struct field gpt_reader_fields[] = {
	OWN(gpt_reader, reader, KIND_TEXT),     OWN(gpt_reader, copy, KIND_TEXT),
	OWN(gpt_reader, reason, KIND_TEXT),     OWN(gpt_reader, all, KIND_BOOL),
	OTHER("partitions", reader_partitions),
};
static const struct shape shape_gpt_reader = OWN_SHAPE("GptReader", gpt_reader, gpt_reader_fields);

static PyObject *gpt_reader_at(struct state *state, const void *user, size_t index)
{
	const struct followed *followed = user;
	enum stmboot_table_reader who = (enum stmboot_table_reader)index;
	struct stmboot_gpt_view view = stmboot_boot_table_view(followed->boot, who);
	const struct gpt_reader reader = { .reader = stmboot_boot_reader_text(followed->boot, who),
					   .copy = stmboot_gpt_view_text(followed->gpt, &view),
					   .reason = stmboot_gpt_reason_text(view.reason),
					   .all = view.reason == STMBOOT_GPT_SEES_ALL,
					   .view = &view };

	return convert(state, &shape_gpt_reader, &reader, 0);
}

static PyObject *gpt_readers(struct state *state, const void *record, uint64_t base)
{
	(void)base;
	return convert_each(state, STMBOOT_READER_COUNT, gpt_reader_at, record);
}

static const struct field followed_fields[] = { OTHER("readers", gpt_readers) };
const struct shape shape_followed = OWN_SHAPE("Gpt", followed, followed_fields);

/* ---- an STM32 image ---- */

static const struct stmboot_stm32 *header_of(const void *record)
{
	return ((const struct judged_stm32 *)record)->found.header;
}

static PyObject *stm32_header(struct state *state, const void *record, uint64_t base)
{
	return convert(state, &shape_stm32, header_of(record), base);
}

static PyObject *stm32_algorithm(struct state *state, const void *record, uint64_t base)
{
	(void)state;
	(void)base;
	return text_for_people(stmboot_stm32_algorithm_text(header_of(record)->algorithm));
}

static PyObject *plain_hash(struct state *state, const void *record, uint64_t base)
{
	const struct stmboot_stm32 *header = record;

	(void)state;
	(void)base;
	return PyBytes_FromStringAndSize((const char *)header->plain_hash,
					 sizeof(header->plain_hash));
}

static const struct field encryption_fields[] = {
	NAMED("key_bits", stm32, decryption_key_bits, KIND_U32),
	SAME(stm32, derivation_constant, KIND_U32),
	OTHER("plain_sha256_half", plain_hash),
};
static const struct shape shape_encryption =
	SHAPE("Stm32Encryption", stm32, encryption_fields, NONE);

static PyObject *stm32_encryption(struct state *state, const void *record, uint64_t base)
{
	const struct stmboot_stm32 *header = header_of(record);

	return header->is_encrypted ? convert(state, &shape_encryption, header, base)
				    : Py_NewRef(Py_None);
}

static PyObject *stm32_findings(struct state *state, const void *record, uint64_t base)
{
	(void)base;
	return convert_findings(state, ((const struct judged_stm32 *)record)->diags, NULL);
}

static const struct field judged_fields[] = {
	OTHER("header", stm32_header),         OTHER("algorithm_name", stm32_algorithm),
	OTHER("encryption", stm32_encryption), OWN(judged_stm32, accepted, KIND_BOOL),
	OTHER("findings", stm32_findings),
};
const struct shape shape_judged = OWN_SHAPE("Stm32Image", judged_stm32, judged_fields);

static const struct field found_fields[] = {
	SAME(boot_stm32, partition, KIND_PARTITION),
	SAME(boot_stm32, name, KIND_TEXT),
	SAME(boot_stm32, offset, KIND_U64),
	SAME(boot_stm32, taken, KIND_BOOL),
	WORD("reader", boot_stm32, role, stm32_role_text),
};
const struct shape shape_found = SHAPE("Stm32Image", boot_stm32, found_fields, NONE);
