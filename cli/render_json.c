/* SPDX-License-Identifier: MIT */
#include "render.h"

#include <stmboot/context.h>

static void add_image(struct json *j, const struct stmboot_image_info *info)
{
	json_open(j, "image", '{');
	json_text(j, "path", info->path);
	json_u64(j, "size", info->size);
	json_text(j, "container", stmboot_compression_text(info->container));
	json_text(j, "medium", stmboot_medium_text(info->medium));
	json_text(j, "state", stmboot_image_state_text(info->state));
	json_close(j, '}');
}

static void add_table(struct json *j, const struct stmboot_gpt *gpt)
{
	const struct stmboot_gpt_copy *copy = gpt->described;

	json_open(j, "table", '{');
	json_text(j, "type", stmboot_table_type_text(gpt->type));
	json_u64(j, "sector_size", gpt->sector_size);
	json_text(j, "disk_guid", copy != NULL ? copy->disk_guid : NULL);
	json_text(j, "primary", stmboot_gpt_state_text(gpt->primary.state));
	json_text(j, "backup", stmboot_gpt_state_text(gpt->backup_state));
	json_text(j, "protective_mbr", stmboot_pmbr_state_text(gpt->protective_mbr));
	json_known(j, "entries", copy != NULL, copy != NULL ? copy->entry_count : 0);
	json_close(j, '}');
}

static void add_attributes(struct json *j, const struct stmboot_partition *entry)
{
	char name[16];

	json_open(j, "attributes", '[');
	for (size_t i = 0;
	     entry != NULL && stmboot_partition_attribute(entry, i, name, sizeof(name)); i++)
		json_text(j, NULL, name);
	json_close(j, ']');
}

static const char *or_null(const char *text)
{
	return text != NULL && text[0] != '\0' ? text : NULL;
}

static void add_partition(struct json *j, const struct stmboot_part *part)
{
	const struct stmboot_partition *entry = part->entry;

	json_open(j, NULL, '{');
	json_u64(j, "number", part->number);
	json_text(j, "name", entry != NULL && entry->mbr_type == 0 ? entry->name : NULL);
	json_text(j, "type_guid", entry != NULL ? or_null(entry->type_guid) : NULL);
	json_text(j, "guid", entry != NULL ? or_null(entry->guid) : NULL);
	json_u64(j, "offset", part->offset);
	json_u64(j, "size", part->size);
	add_attributes(j, entry);
	json_text(j, "content", stmboot_content_text(part->content));
	render_detail(j, part);
	json_text(j, "flavour", part->flavour);
	json_text(j, "program", part->program);
	json_u64(j, "available", part->available);
	json_known(j, "mbr_type", entry != NULL && entry->mbr_type != 0,
		   entry != NULL ? entry->mbr_type : 0);
	json_close(j, '}');
}

static void add_partition_number(struct json *j, int32_t partition)
{
	json_known(j, "partition", partition != STMBOOT_NO_PARTITION, (uint32_t)partition);
}

static void add_stage(struct json *j, const struct stmboot_stage_result *stage)
{
	json_open(j, NULL, '{');
	json_text(j, "stage", stmboot_stage_text(stage->stage));
	json_text(j, "status", stmboot_outcome_text(stage->outcome));
	add_partition_number(j, stage->partition);
	json_text(j, "path", stage->path);
	json_known(j, "offset", stage->has_offset, stage->offset);
	json_text(j, "summary", stage->summary);
	json_close(j, '}');
}

static void add_firmware(struct json *j, const struct stmboot_boot *boot)
{
	json_open(j, "firmware", '{');
	if (boot->fsbl_kind != STMBOOT_FSBL_UNKNOWN || boot->fsbl_version != NULL) {
		json_open(j, "fsbl", '{');
		json_text(j, "kind", stmboot_fsbl_kind_text(boot->fsbl_kind));
		json_text(j, "version", boot->fsbl_version);
		json_close(j, '}');
	} else {
		json_null(j, "fsbl");
	}
	if (boot->uboot_version != NULL) {
		json_open(j, "uboot", '{');
		json_text(j, "version", boot->uboot_version);
		json_close(j, '}');
	} else {
		json_null(j, "uboot");
	}
	if (boot->secure_os != NULL) {
		json_open(j, "secure_os", '{');
		json_text(j, "name", boot->secure_os);
		json_text(j, "version", boot->secure_os_version);
		json_close(j, '}');
	} else {
		json_null(j, "secure_os");
	}
	json_close(j, '}');
}

/* Opens an object for a file; false, and null was written, when there is none. */
static bool open_file(struct json *j, const char *key, const struct stmboot_file_ref *file)
{
	if (file->path == NULL) {
		if (key != NULL)
			json_null(j, key);
		return false;
	}
	json_open(j, key, '{');
	add_partition_number(j, file->partition);
	json_text(j, "path", file->path);
	return true;
}

static void add_file(struct json *j, const char *key, const struct stmboot_file_ref *file)
{
	if (open_file(j, key, file))
		json_close(j, '}');
}

/* What the paths of kernel, initrd and device tree do not say where they lead to a FIT. */
static void add_fit(struct json *j, const struct stmboot_boot *boot)
{
	if (boot->fit_configuration == NULL) {
		json_null(j, "fit");
		return;
	}
	json_open(j, "fit", '{');
	json_text(j, "configuration", boot->fit_configuration);
	json_text(j, "kernel", boot->kernel_image);
	json_text(j, "initrd", boot->initrd_image);
	json_text(j, "dtb", boot->dtb_image);
	json_close(j, '}');
}

static void add_files(struct json *j, const struct stmboot_boot *boot)
{
	if (open_file(j, "kernel", &boot->kernel)) {
		json_text(j, "release", boot->kernel_release);
		json_close(j, '}');
	}
	add_fit(j, boot);
	add_file(j, "initrd", &boot->initrd);
	if (open_file(j, "dtb", &boot->dtb)) {
		json_text(j, "model", boot->dtb_model);
		json_list(j, "compatible", boot->dtb_compatible, boot->dtb_compatible_count);
		json_close(j, '}');
	}
	json_open(j, "overlays", '[');
	for (size_t i = 0; i < boot->overlay_count; i++)
		add_file(j, NULL, &boot->overlays[i]);
	json_close(j, ']');
}

static void add_system(struct json *j, const struct stmboot_boot *boot)
{
	if (boot->root_spec != NULL) {
		json_open(j, "root", '{');
		json_text(j, "spec", boot->root_spec);
		add_partition_number(j, boot->root_partition);
		json_close(j, '}');
	} else {
		json_null(j, "root");
	}
	if (boot->init_path != NULL) {
		json_open(j, "init", '{');
		json_text(j, "path", boot->init_path);
		json_text(j, "resolved", boot->init_resolved);
		json_close(j, '}');
	} else {
		json_null(j, "init");
	}
}

static void add_boot(struct json *j, const struct stmboot_boot *boot)
{
	json_open(j, "boot", '{');
	json_text(j, "verdict", stmboot_outcome_text(boot->verdict));
	json_text(j, "stops_at",
		  boot->stops_at != STMBOOT_NO_STAGE
			  ? stmboot_stage_text((enum stmboot_stage)boot->stops_at)
			  : NULL);
	json_text(j, "soc", stmboot_soc_text(boot->soc));
	add_firmware(j, boot);
	json_open(j, "stages", '[');
	for (int i = 0; i < STMBOOT_STAGE_COUNT; i++)
		add_stage(j, &boot->stages[i]);
	json_close(j, ']');
	add_file(j, "config", &boot->config);
	json_text(j, "label", boot->label);
	json_text(j, "append", boot->append);
	json_text(j, "bootargs", boot->bootargs);
	add_files(j, boot);
	add_system(j, boot);
	json_close(j, '}');
}

static void add_finding(struct json *j, const struct stmboot_diag *diag)
{
	const struct stmboot_place *place = &diag->place;

	json_open(j, NULL, '{');
	json_text(j, "code", diag->code);
	json_text(j, "severity", stmboot_severity_text(diag->severity));
	json_text(j, "stage", stmboot_stage_text(diag->stage));
	add_partition_number(j, place->partition);
	json_text(j, "path", place->path);
	json_known(j, "line", place->line != 0, place->line);
	json_known(j, "offset", place->has_offset, place->offset);
	json_known(j, "length", place->has_offset, place->length);
	json_text(j, "found", diag->found);
	json_text(j, "expected", diag->expected);
	json_text(j, "message", diag->message);
	json_text(j, "hint", diag->hint);
	json_close(j, '}');
}

void render_findings_json(struct json *j, const struct stmboot_diags *diags)
{
	json_open(j, "findings", '[');
	for (size_t i = 0; i < stmboot_diags_count(diags); i++)
		add_finding(j, stmboot_diags_get(diags, i));
	json_close(j, ']');
}

void render_json(struct buffer *out, const struct report *report)
{
	struct json j = { .out = out };

	json_open(&j, NULL, '{');
	json_text(&j, "schema", "stmboot.inspect/1");
	json_text(&j, "version", stmboot_version());
	add_image(&j, stmboot_image_info(report->image));
	add_table(&j, stmboot_image_gpt(report->image));
	json_open(&j, "partitions", '[');
	for (size_t i = 0; i < stmboot_image_part_count(report->image); i++)
		add_partition(&j, stmboot_image_part(report->image, i));
	json_close(&j, ']');
	add_boot(&j, report->boot);
	render_findings_json(&j, report->diags);
	json_close(&j, '}');
}
