/* SPDX-License-Identifier: MIT */
#include "boot/trace.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/context.h"
#include "boot/labels.h"
#include "boot/rules.h"

static const char *const outcome_names[] = { "ok", "warning", "error", "unreached",
					     "not-applicable" };

const char *stmboot_outcome_text(enum stmboot_outcome outcome)
{
	return (size_t)outcome < sizeof(outcome_names) / sizeof(outcome_names[0])
		       ? outcome_names[outcome]
		       : "?";
}

const char *stmboot_fsbl_kind_text(enum stmboot_fsbl_kind kind)
{
	return kind == STMBOOT_FSBL_SPL ? "spl" : kind == STMBOOT_FSBL_TFA ? "tf-a" : NULL;
}

/* A boot keeps its facts: what it points at lives in their arena. */
struct trace {
	struct stmboot_boot public;
	struct sb_arena arena;
	struct sb_facts facts;
};

/* Rules that ask what this U-Boot does say so when nobody knows which one it is. */
static void tell_assumptions(const struct sb_facts *facts, struct stmboot_diags *diags,
			     size_t first)
{
	static const enum sb_code by_version[] = {
		SB_BOOTARGS_UNSET_VARIABLE,
		SB_DTB_NONE,
		SB_ENV_NOT_KEPT,
		SB_ENV_OVERWRITES_DATA,
		SB_EXTLINUX_KEYWORD_TOO_NEW,
		SB_EXTLINUX_PROMPT_IGNORED,
	};
	char remark[64];

	if (!facts->uboot_assumed)
		return;
	(void)snprintf(remark, sizeof(remark), "assuming U-Boot %u.%02u, as none was found",
		       facts->uboot_number / 100, facts->uboot_number % 100);
	sb_diags_remark(diags, first, by_version, sizeof(by_version) / sizeof(by_version[0]),
			remark);
}

static void run_rules(const struct sb_facts *facts, struct stmboot_diags *diags)
{
	struct sb_scope scope = sb_scope(diags, sb_image_medium(facts->image));

	if (facts->info->medium == STMBOOT_MEDIUM_EMMC)
		scope.first_stage = STMBOOT_STAGE_FSBL;
	scope.deep = facts->deep;
	sb_judge_loaders(facts, &scope);
	sb_judge_containers(facts, &scope);
	sb_judge_uboot(facts, &scope);
	sb_judge_kernel(facts, &scope);
	sb_judge_linux(facts, &scope);
	sb_judge_mount(facts, &scope);
	tell_assumptions(facts, diags, scope.first);
}

static enum stmboot_outcome outcome_of(const struct stmboot_diags *diags, size_t first, int stage)
{
	enum stmboot_severity worst = STMBOOT_NOTE;

	(void)sb_diags_worst(diags, first, stage, &worst);
	return worst == STMBOOT_ERROR     ? STMBOOT_OUTCOME_ERROR
	       : worst == STMBOOT_WARNING ? STMBOOT_OUTCOME_WARNING
					  : STMBOOT_OUTCOME_OK;
}

/* The ROM looks at two copies: its error says of which it speaks. */
static const char *with_partition(const struct sb_facts *facts, const struct stmboot_diag *diag)
{
	const struct stmboot_partition *entry = NULL;
	const char *message = NULL;

	if (diag->place.partition > 0 && facts->gpt != NULL)
		entry = stmboot_gpt_find_number(facts->gpt, (uint32_t)diag->place.partition);
	/* some messages begin with the partition themselves */
	if (entry != NULL && *entry->name != '\0' && strncmp(diag->message, "partition ", 10) != 0)
		message = sb_arena_printf(facts->arena, "partition %" PRIu32 " (%s): %s",
					  entry->number, entry->name, diag->message);
	return message != NULL ? message : diag->message;
}

static enum stmboot_outcome judge(const struct stmboot_diags *diags, size_t first, int *stops_at)
{
	*stops_at = STMBOOT_NO_STAGE;
	for (int i = 0; i < STMBOOT_STAGE_COUNT && *stops_at == STMBOOT_NO_STAGE; i++)
		if (outcome_of(diags, first, i) == STMBOOT_OUTCOME_ERROR)
			*stops_at = i;
	return outcome_of(diags, first, STMBOOT_NO_STAGE);
}

enum stmboot_outcome stmboot_boot_judge(const struct stmboot_diags *diags, int *stops_at)
{
	return judge(diags, 0, stops_at);
}

/* The first error of a stage says more than what the stage would have taken. */
static const char *first_error(const struct sb_facts *facts, const struct stmboot_diags *diags,
			       size_t first, enum stmboot_stage stage)
{
	for (size_t i = first; i < stmboot_diags_count(diags); i++) {
		const struct stmboot_diag *diag = stmboot_diags_get(diags, i);

		if (diag->stage == stage && diag->severity == STMBOOT_ERROR)
			return stage == STMBOOT_STAGE_ROM ? with_partition(facts, diag)
							  : diag->message;
	}
	return "";
}

static void judge_stages(const struct sb_facts *facts, const struct stmboot_diags *diags,
			 size_t first, struct stmboot_boot *boot)
{
	boot->verdict = judge(diags, first, &boot->stops_at);
	for (int i = 0; i < STMBOOT_STAGE_COUNT; i++) {
		struct stmboot_stage_result *stage = &boot->stages[i];
		bool applies = sb_stage_applies(facts, stage->stage);
		bool unreached = boot->stops_at != STMBOOT_NO_STAGE && i > boot->stops_at;

		stage->outcome = outcome_of(diags, first, i);
		if (unreached && (applies || facts->is_card)) {
			stage->outcome = STMBOOT_OUTCOME_UNREACHED;
		} else if (!applies && stage->outcome != STMBOOT_OUTCOME_ERROR) {
			stage->outcome = STMBOOT_OUTCOME_NOT_APPLICABLE;
			stage->summary = facts->is_card && stage->stage == STMBOOT_STAGE_INIT
						 ? "not looked for: no root file system to look in"
						 : "nothing to decide here";
		} else if (stage->outcome == STMBOOT_OUTCOME_ERROR) {
			stage->summary = first_error(facts, diags, first, stage->stage);
		}
		if (stage->summary == NULL)
			stage->summary = "not found";
	}
}

static struct stmboot_file_ref ref(const struct sb_config *config, const struct sb_file *file)
{
	return file->path != NULL && config != NULL
		       ? (struct stmboot_file_ref){ (int32_t)config->partition, file->path }
		       : (struct stmboot_file_ref){ STMBOOT_NO_PARTITION, NULL };
}

static enum stmboot_status fill_overlays(const struct sb_facts *facts, struct stmboot_boot *boot)
{
	const struct sb_attempt *attempt = facts->attempt;
	struct stmboot_file_ref *refs =
		sb_arena_array(facts->arena, attempt->overlay_count + 1, sizeof(*refs));

	if (refs == NULL)
		return STMBOOT_NO_MEMORY;
	for (size_t i = 0; i < attempt->overlay_count; i++)
		refs[i] = ref(sb_facts_config(facts), &attempt->overlays[i].file);
	boot->overlays = refs;
	boot->overlay_count = attempt->overlay_count;
	return STMBOOT_OK;
}

static const char *member_name(const struct sb_fit_load *load, enum sb_fit_role role)
{
	const struct sb_fit_member *member = sb_fit_member_of(load, role);

	return member != NULL ? member->image->name : NULL;
}

static void fill_fit(const struct sb_attempt *attempt, struct stmboot_boot *boot)
{
	const struct sb_fit_load *load = &attempt->fit_load;

	if (load->configuration == NULL)
		return;
	boot->fit_configuration = load->configuration->name;
	boot->kernel_image = member_name(load, SB_FIT_KERNEL);
	if (attempt->initrd_in_fit)
		boot->initrd_image = member_name(load, SB_FIT_RAMDISK);
	if (attempt->fdt_in_fit)
		boot->dtb_image = member_name(load, SB_FIT_FDT);
}

static enum stmboot_status fill_attempt(const struct sb_facts *facts, struct stmboot_boot *boot)
{
	const struct sb_attempt *attempt = facts->attempt;
	const struct sb_config *config = sb_facts_config(facts);
	const struct stmboot_extlinux_label *label = sb_facts_label(facts);

	if (label == NULL)
		return STMBOOT_OK;
	boot->label = label->name.text;
	boot->append = label->append.text;
	boot->kernel = ref(config, &attempt->kernel);
	boot->initrd = ref(config, &attempt->initrd);
	boot->dtb = ref(config, &attempt->fdt);
	if (attempt->dtb != NULL && attempt->dtb->defect == STMBOOT_DTB_GOOD) {
		boot->dtb_model = attempt->dtb->model;
		boot->dtb_compatible = attempt->dtb->compatible;
		boot->dtb_compatible_count = attempt->dtb->compatible_count;
	}
	fill_fit(attempt, boot);
	return fill_overlays(facts, boot);
}

static enum stmboot_status fill(struct sb_facts *facts, struct stmboot_boot *boot)
{
	const struct sb_config *config = sb_facts_config(facts);
	const struct sb_file none = { 0 };

	boot->soc = facts->soc;
	boot->fsbl_kind = facts->fsbl_kind;
	boot->fsbl_version = facts->fsbl_version.text;
	boot->uboot_version = facts->uboot.text;
	boot->secure_os = facts->secure_os;
	boot->secure_os_version = facts->secure.text;
	boot->config = boot->kernel = boot->initrd = boot->dtb = ref(NULL, &none);
	if (config != NULL)
		boot->config =
			(struct stmboot_file_ref){ (int32_t)config->partition, config->path };
	boot->bootargs = facts->bootargs;
	boot->kernel_release = facts->identity != NULL ? facts->identity->release : NULL;
	boot->root_spec = facts->cmdline != NULL ? facts->cmdline->root.spec : NULL;
	boot->root_partition =
		facts->root != NULL ? (int32_t)facts->root->number : STMBOOT_NO_PARTITION;
	if (facts->init >= 0) {
		boot->init_path = facts->inits[facts->init].path;
		boot->init_resolved = facts->inits[facts->init].resolved;
	}
	if (facts->attempt != NULL && fill_attempt(facts, boot) != STMBOOT_OK)
		return STMBOOT_NO_MEMORY;
	return sb_fill_labels(facts, boot);
}

static enum stmboot_status run(struct trace *trace, struct stmboot_diags *diags)
{
	size_t first = sb_diags_mark(diags);
	enum stmboot_status status;

	run_rules(&trace->facts, diags);
	if (trace->facts.info->path != NULL)
		sb_diags_name_image(diags, first, trace->facts.info->path,
				    trace->facts.info->container != STMBOOT_COMPRESSION_NONE);
	sb_summarize(&trace->facts, &trace->public);
	judge_stages(&trace->facts, diags, first, &trace->public);
	status = fill(&trace->facts, &trace->public);
	/* findings past the limit are dropped, and that is no reason to say nothing */
	if (status == STMBOOT_OK && sb_diags_status(diags) == STMBOOT_NO_MEMORY)
		status = STMBOOT_NO_MEMORY;
	return status == STMBOOT_OK && trace->arena.failed ? STMBOOT_NO_MEMORY : status;
}

/*
 * What finding the files of a boot may look at of directories. One lookup in a directory
 * of a thousand names takes 64 KiB; a made-up card asks for thousands of them, in
 * directories of millions.
 */
static const uint64_t MOST_LOOKUPS = (uint64_t)64 << 20;

static enum stmboot_status follow(struct stmboot_context *ctx, struct stmboot_image *image,
				  bool deep, const struct sb_facts *earlier,
				  struct stmboot_diags *diags, const struct stmboot_boot **out)
{
	struct trace *trace = sb_alloc(ctx, sizeof(*trace));
	enum stmboot_status status;

	if (trace == NULL)
		return STMBOOT_NO_MEMORY;
	sb_arena_init(&trace->arena, ctx);
	sb_image_limit_lookups(image, MOST_LOOKUPS);
	status = sb_facts_gather(ctx, &trace->arena, image, deep, earlier, &trace->facts);
	if (status == STMBOOT_OK)
		status = run(trace, diags);
	sb_image_limit_lookups(image, UINT64_MAX);
	if (status == STMBOOT_OK)
		*out = &trace->public;
	else
		stmboot_boot_free(&trace->public);
	return status;
}

enum stmboot_status stmboot_boot_trace(struct stmboot_context *ctx, struct stmboot_image *image,
				       const struct stmboot_boot_options *options,
				       struct stmboot_diags *diags, const struct stmboot_boot **out)
{
	return follow(ctx, image, options != NULL && options->deep, NULL, diags, out);
}

enum stmboot_status sb_boot_trace_again(struct stmboot_context *ctx, struct stmboot_image *image,
					const struct stmboot_boot *earlier,
					struct stmboot_diags *diags,
					const struct stmboot_boot **out)
{
	return follow(ctx, image, false, earlier != NULL ? sb_boot_facts(earlier) : NULL, diags,
		      out);
}

/* public is the first member, and the trace was allocated writable */
static struct trace *trace_of(const struct stmboot_boot *boot)
{
	return (struct trace *)(uintptr_t)boot;
}

struct sb_facts *sb_boot_facts(const struct stmboot_boot *boot)
{
	return &trace_of(boot)->facts;
}

const struct stmboot_extlinux *stmboot_boot_configuration(const struct stmboot_boot *boot)
{
	const struct sb_config *config = sb_facts_config(sb_boot_facts(boot));

	return config != NULL ? config->conf : NULL;
}

enum stmboot_status stmboot_boot_read_configuration(const struct stmboot_boot *boot,
						    struct stmboot_extlinux_document **out)
{
	struct sb_facts *facts = sb_boot_facts(boot);
	const struct sb_config *config = sb_facts_config(facts);

	if (config == NULL)
		return STMBOOT_NOT_FOUND;
	if (config->conf == NULL)
		return config->status;
	return sb_facts_open_document(facts, config, out);
}

const struct stmboot_boot_env *stmboot_boot_environment(const struct stmboot_boot *boot)
{
	return &sb_boot_facts(boot)->env.found;
}

const char *stmboot_env_place_text(enum stmboot_env_place place)
{
	static const char *const texts[] = {
		[STMBOOT_ENV_PLACE_UNKNOWN] = "unknown",
		[STMBOOT_ENV_PLACE_NOWHERE] = "nowhere",
		[STMBOOT_ENV_PLACE_NAME] = "partition-name",
		[STMBOOT_ENV_PLACE_TYPE] = "partition-type",
		[STMBOOT_ENV_PLACE_OFFSET] = "offset",
		[STMBOOT_ENV_PLACE_FILE] = "file",
		[STMBOOT_ENV_PLACE_OFF_CARD] = "off-card",
		[STMBOOT_ENV_PLACE_BARE] = "bare",
	};

	return (size_t)place < sizeof(texts) / sizeof(texts[0]) ? texts[place] : "?";
}

const char *stmboot_boot_env_copy_text(const struct stmboot_boot_env_copy *copy)
{
	if (copy->env != NULL)
		return stmboot_env_state_text(copy->env);
	return copy->has_offset ? "unreadable" : "no-place";
}

const char *stmboot_boot_reader_text(const struct stmboot_boot *boot,
				     enum stmboot_table_reader reader)
{
	static const char *const texts[] = { "rom", "", "u-boot", "linux" };

	if (reader == STMBOOT_READER_LOADER)
		return boot->fsbl_kind == STMBOOT_FSBL_TFA ? "tf-a" : "spl";
	return (size_t)reader < sizeof(texts) / sizeof(texts[0]) ? texts[reader] : "?";
}

struct stmboot_gpt_view stmboot_boot_table_view(const struct stmboot_boot *boot,
						enum stmboot_table_reader reader)
{
	const struct sb_facts *facts = sb_boot_facts(boot);
	const struct stmboot_gpt_view none = { .reason = facts->is_card ? STMBOOT_GPT_READS_NONE
									: STMBOOT_GPT_NO_TABLE };

	if (!facts->is_card)
		return none;
	switch (reader) {
	case STMBOOT_READER_ROM:
		return facts->info->medium == STMBOOT_MEDIUM_SD ? facts->rom_view : none;
	case STMBOOT_READER_LOADER:
		return facts->loader_view;
	case STMBOOT_READER_UBOOT:
		return facts->uboot_view;
	case STMBOOT_READER_LINUX:
		return facts->linux_view;
	default:
		return none;
	}
}

const struct stmboot_boot_fwu *stmboot_boot_get_fwu(const struct stmboot_boot *boot)
{
	const struct sb_updates *updates = &sb_boot_facts(boot)->updates;

	return updates->any ? &updates->said : NULL;
}

const char *stmboot_boot_fwu_copy_text(const struct stmboot_boot_fwu *fwu, size_t index)
{
	const struct stmboot_boot_fwu_copy *copy = &fwu->copies[index];

	if (copy->partition == STMBOOT_NO_PARTITION)
		return "missing";
	if (!copy->seen)
		return "unseen";
	if (copy->metadata == NULL)
		return "other-content";
	if (copy->reason != STMBOOT_FWU_READS)
		return "refused";
	return (int32_t)index == fwu->taken ? "taken" : "good";
}

void stmboot_boot_free(const struct stmboot_boot *boot)
{
	struct trace *trace = trace_of(boot);
	struct stmboot_context *ctx;

	if (trace == NULL)
		return;
	ctx = trace->arena.ctx;
	sb_facts_release(&trace->facts);
	sb_arena_release(&trace->arena);
	sb_free(ctx, trace);
}
