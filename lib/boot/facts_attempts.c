/* SPDX-License-Identifier: MIT */
/* What becomes of each label that U-Boot tries: boot/pxe_utils.c, label_boot(). */
#include <string.h>
#include <strings.h>

#include "base/checked.h"
#include "base/context.h"
#include "boot/facts.h"
#include "format/dtb.h"

enum { MAX_ATTEMPTS = 64 }; /* of all configurations */

static const char *environment(void *user, const char *name)
{
	return sb_facts_getenv(user, name);
}

/* U-Boot's load fails on an empty file as it does on a missing one. */
static enum stmboot_status open_file(const struct sb_config *config,
				     const struct stmboot_extlinux_step *step, struct sb_file *file)
{
	*file = (struct sb_file){ .value = step->value, .path = step->path };
	if (step->path == NULL) {
		file->path = step->value.text;
		file->status = STMBOOT_LIMIT;
		return STMBOOT_OK;
	}
	file->status = stmboot_fs_open(config->fs, step->path, &file->src);
	if (file->status != STMBOOT_OK) {
		bool has_offset;
		uint64_t offset;

		file->trouble = stmboot_fs_trouble(config->fs, &has_offset, &offset);
		return sb_is_fatal(file->status) ? file->status : STMBOOT_OK;
	}
	file->size = stmboot_source_size(file->src);
	if (file->size == 0) {
		file->status = STMBOOT_TRUNCATED;
		file->trouble = "the file is empty";
	}
	return STMBOOT_OK;
}

static bool has_room(struct sb_facts *facts, const struct sb_file *file)
{
	if (facts->loaded_bytes <= facts->ctx->options.max_decoded_bytes)
		return true;
	if (facts->unloaded == NULL)
		facts->unloaded = file->path;
	return false;
}

/*
 * The tree of that file as it was, if it is of the same bytes, or NULL. One file is
 * compared, however many labels there are.
 */
static struct stmboot_dtb *find_decoded(const struct sb_facts *earlier, const struct sb_file *file)
{
	if (earlier == NULL || file->path == NULL)
		return NULL;
	for (size_t i = 0; i < earlier->config_count; i++)
		for (size_t k = 0; k < earlier->configs[i].attempt_count; k++) {
			const struct sb_attempt *attempt = &earlier->configs[i].attempts[k];

			if (attempt->dtb == NULL || attempt->fdt.path == NULL ||
			    strcmp(attempt->fdt.path, file->path) != 0)
				continue;
			return sb_dtb_is_of(attempt->dtb, file->src) ? attempt->dtb : NULL;
		}
	return NULL;
}

/* Labels may load one file over and over, which costs as much each time. */
enum stmboot_status sb_facts_decode_tree(struct sb_facts *facts, const struct sb_file *file,
					 struct stmboot_dtb **out)
{
	const uint64_t before = facts->ctx->allocated;
	struct stmboot_dtb *decoded = find_decoded(facts->earlier, file);
	enum stmboot_status status = STMBOOT_LIMIT;

	if (decoded != NULL) {
		*out = sb_dtb_share(decoded);
		return STMBOOT_OK;
	}
	if (has_room(facts, file))
		status = stmboot_dtb_decode(facts->ctx, file->src, out);
	facts->loaded_bytes += facts->ctx->allocated - before;
	return status;
}

static enum stmboot_status decode_fit(struct sb_facts *facts, struct sb_attempt *attempt)
{
	const uint64_t before = facts->ctx->allocated;
	enum stmboot_status status = STMBOOT_LIMIT;

	if (has_room(facts, &attempt->kernel))
		status = stmboot_fit_decode(facts->ctx, attempt->kernel.src, &attempt->fit);
	facts->loaded_bytes += facts->ctx->allocated - before;
	return status;
}

/* The file of one kernel may have any size, those of all together not. */
static bool take_kernel_bytes(struct sb_facts *facts, const struct sb_file *file)
{
	uint64_t most = sb_limits(facts->ctx)->max_unpacked_bytes;
	bool fits = facts->kernel_bytes == 0 ||
		    (facts->kernel_bytes <= most && file->size <= most - facts->kernel_bytes);

	if (fits)
		facts->kernel_bytes += sb_min_u64(file->size, most);
	else if (facts->unloaded == NULL)
		facts->unloaded = file->path;
	return fits;
}

/* A file that may be meant by a name that is not there. */
struct look {
	struct sb_facts *facts;
	const struct sb_config *config;
	const char *folder;
	const char *name;
	size_t length;
	const char *ending; /* that may have been forgotten */
	const char *found;
};

/* The same name, but for upper and lower case, or for a forgotten ending. */
static bool is_alike(const struct look *look, const char *name)
{
	return strncasecmp(name, look->name, look->length) == 0 &&
	       (name[look->length] == '\0' || strcmp(name + look->length, look->ending) == 0);
}

static bool visit(void *user, const struct stmboot_fs_entry *entry)
{
	struct look *look = user;
	struct stmboot_fs_node node;
	const char *path;

	if (!is_alike(look, entry->name))
		return true;
	path = sb_arena_printf(look->facts->arena, "%s%s", look->folder, entry->name);
	if (path != NULL && stmboot_fs_stat(look->config->fs, path, true, &node) == STMBOOT_OK &&
	    node.type == STMBOOT_FS_FILE)
		look->found = path;
	return look->found == NULL;
}

/* The same file name, or almost, in the places where it usually stands. */
static enum stmboot_status look_around(struct sb_facts *facts, const struct sb_config *config,
				       struct sb_file *file, const char *ending)
{
	static const char *const folders[] = { "/boot/", "/", "/boot/extlinux/" };
	const char *slash = strrchr(file->path, '/');
	struct look look = { .facts = facts, .config = config, .ending = ending };

	look.name = slash != NULL ? slash + 1 : file->path;
	look.length = strcspn(look.name, "\r \t\"");
	if (file->status == STMBOOT_OK || look.length == 0)
		return STMBOOT_OK;
	for (size_t i = 0; i < sizeof(folders) / sizeof(folders[0]) && look.found == NULL; i++) {
		enum stmboot_status status;

		look.folder = folders[i];
		status = stmboot_fs_list(config->fs, folders[i], visit, &look);
		if (sb_is_fatal(status))
			return status;
	}
	file->similar = look.found;
	return STMBOOT_OK;
}

/* A kernel that bootz or booti takes, on this chip. */
static bool is_bootable(const struct sb_facts *facts, const struct sb_attempt *attempt)
{
	bool arm64 = facts->soc == STMBOOT_SOC_STM32MP2;

	switch (attempt->image->format) {
	case STMBOOT_KERNEL_ZIMAGE:
	case STMBOOT_KERNEL_BAREBOX:
		return !arm64;
	case STMBOOT_KERNEL_ARM64:
	case STMBOOT_KERNEL_ZBOOT:
	case STMBOOT_KERNEL_COMPRESSED:
		return arm64;
	case STMBOOT_KERNEL_UNKNOWN:
		break;
	}
	/* bootm runs what a uImage holds, whatever it is */
	return attempt->wrapper != NULL;
}

static enum stmboot_status unwrap(struct sb_facts *facts, struct sb_attempt *attempt)
{
	enum stmboot_content content = STMBOOT_CONTENT_UNKNOWN;
	enum stmboot_status status =
		stmboot_content_detect(facts->ctx, attempt->kernel.src, &content, NULL);

	attempt->image_src = attempt->kernel.src;
	attempt->kernel_is_fit = status == STMBOOT_OK && content == STMBOOT_CONTENT_FIT;
	if (attempt->kernel_is_fit) {
		attempt->fit_status = decode_fit(facts, attempt);
		return attempt->fit_status;
	}
	if (status != STMBOOT_OK || content != STMBOOT_CONTENT_UIMAGE)
		return status;
	status = stmboot_uimage_decode(facts->ctx, attempt->kernel.src, &attempt->wrapper);
	if (status == STMBOOT_OK)
		status = stmboot_uimage_verify(facts->ctx, attempt->kernel.src, attempt->wrapper);
	if (sb_is_fatal(status) || attempt->wrapper == NULL)
		return status;
	return stmboot_source_window(facts->ctx, attempt->kernel.src, STMBOOT_UIMAGE_HEADER,
				     attempt->wrapper->data_bytes, &attempt->image_src);
}

static enum stmboot_status load_kernel(struct sb_facts *facts, const struct sb_config *config,
				       const struct stmboot_extlinux_step *step,
				       struct sb_attempt *attempt)
{
	enum stmboot_status status = open_file(config, step, &attempt->kernel);

	if (status != STMBOOT_OK)
		return status;
	if (attempt->kernel.status == STMBOOT_OK && !take_kernel_bytes(facts, &attempt->kernel))
		attempt->kernel.status = STMBOOT_LIMIT;
	if (attempt->kernel.status != STMBOOT_OK) {
		attempt->failure = SB_FAILS_KERNEL;
		return look_around(facts, config, &attempt->kernel, "");
	}
	status = unwrap(facts, attempt);
	if (attempt->kernel_is_fit) /* bootm looks into it when all is loaded */
		return sb_is_fatal(status) ? status : STMBOOT_OK;
	if (!sb_is_fatal(status))
		status = stmboot_kernel_decode(facts->ctx, attempt->image_src, &attempt->image);
	if (sb_is_fatal(status))
		return status;
	if (attempt->image == NULL) {
		attempt->kernel.status = status;
		attempt->failure = SB_FAILS_KERNEL;
	} else if (!is_bootable(facts, attempt)) {
		attempt->failure = SB_FAILS_KERNEL_FORMAT;
	}
	return STMBOOT_OK;
}

static enum stmboot_status load_initrd(struct sb_facts *facts, const struct sb_config *config,
				       const struct stmboot_extlinux_step *step,
				       struct sb_attempt *attempt)
{
	enum stmboot_status status = open_file(config, step, &attempt->initrd);

	if (status == STMBOOT_OK && attempt->initrd.status != STMBOOT_OK) {
		attempt->failure = SB_FAILS_INITRD;
		status = look_around(facts, config, &attempt->initrd, "");
	}
	return status;
}

static enum stmboot_status set_bootargs(struct sb_facts *facts, const struct sb_config *config,
					struct sb_attempt *attempt)
{
	struct stmboot_extlinux_environment env = { .get = environment, .user = facts };
	enum stmboot_status status = stmboot_extlinux_bootargs(
		facts->ctx, &config->conf->labels[attempt->label], &env, 0, &attempt->bootargs);

	if (status == STMBOOT_OK && attempt->bootargs != NULL && attempt->bootargs->overflow)
		attempt->failure = SB_FAILS_BOOTARGS;
	return status;
}

/* A missing `fdt` fails the label; of a missing file below `fdtdir` nobody hears. */
static enum stmboot_status load_fdt(struct sb_facts *facts, const struct sb_config *config,
				    const struct stmboot_extlinux_step *step,
				    struct sb_attempt *attempt)
{
	enum stmboot_status status = open_file(config, step, &attempt->fdt);

	attempt->fdt_from_dir = step->kind == STMBOOT_EXTLINUX_STEP_FDTDIR;
	if (status != STMBOOT_OK)
		return status;
	if (attempt->fdt.status == STMBOOT_OK)
		status = sb_facts_decode_tree(facts, &attempt->fdt, &attempt->dtb);
	if (sb_is_fatal(status))
		return status;
	if (status != STMBOOT_OK)
		attempt->fdt.status = status;
	if (attempt->fdt.status != STMBOOT_OK) {
		if (step->fatal)
			attempt->failure = SB_FAILS_FDT;
		return look_around(facts, config, &attempt->fdt, ".dtb");
	} else if (attempt->dtb->defect != STMBOOT_DTB_GOOD) {
		attempt->failure = SB_FAILS_FDT_FORMAT;
	}
	return STMBOOT_OK;
}

enum stmboot_status sb_facts_apply_overlay(struct sb_facts *facts, struct sb_attempt *attempt,
					   struct sb_overlay *overlay)
{
	struct stmboot_dtb *merged = NULL;
	enum stmboot_status status;

	if (overlay->dtb->defect != STMBOOT_DTB_GOOD)
		return STMBOOT_OK;
	status = stmboot_dtb_apply_overlay(facts->ctx, attempt->dtb, overlay->dtb, &overlay->reason,
					   &merged);
	if (status == STMBOOT_OK) {
		stmboot_dtb_free(attempt->dtb);
		attempt->dtb = merged;
		overlay->reason = NULL;
	} else if (!sb_is_fatal(status)) {
		attempt->failure = SB_FAILS_OVERLAY;
		if (overlay->reason == NULL)
			overlay->reason = stmboot_status_text(status);
		status = STMBOOT_OK;
	}
	return status;
}

/* A file that is missing or no device tree is passed over; one that fails spoils the base. */
static enum stmboot_status load_overlay(struct sb_facts *facts, const struct sb_config *config,
					const struct stmboot_extlinux_step *step,
					struct sb_attempt *attempt)
{
	struct sb_overlay *overlay;
	enum stmboot_status status;

	if (attempt->dtb == NULL)
		return STMBOOT_OK;
	if (attempt->overlay_count == SB_MAX_OVERLAYS) {
		if (facts->unloaded == NULL)
			facts->unloaded = step->path != NULL ? step->path : step->value.text;
		return STMBOOT_OK;
	}
	overlay = &attempt->overlays[attempt->overlay_count++];
	status = open_file(config, step, &overlay->file);
	if (status == STMBOOT_OK && overlay->file.status == STMBOOT_OK)
		status = sb_facts_decode_tree(facts, &overlay->file, &overlay->dtb);
	if (status != STMBOOT_OK)
		overlay->file.status = status;
	if (status != STMBOOT_OK || overlay->dtb == NULL)
		return sb_is_fatal(status) ? status : STMBOOT_OK;
	return sb_facts_apply_overlay(facts, attempt, overlay);
}

static enum stmboot_status take_step(struct sb_facts *facts, const struct sb_config *config,
				     const struct stmboot_extlinux_step *step,
				     struct sb_attempt *attempt)
{
	switch (step->kind) {
	case STMBOOT_EXTLINUX_STEP_LOCALBOOT:
		attempt->failure = SB_FAILS_LOCALBOOT;
		return STMBOOT_OK;
	case STMBOOT_EXTLINUX_STEP_NO_KERNEL:
		attempt->failure = SB_FAILS_NO_KERNEL;
		return STMBOOT_OK;
	case STMBOOT_EXTLINUX_STEP_INITRD:
		return load_initrd(facts, config, step, attempt);
	case STMBOOT_EXTLINUX_STEP_KERNEL:
		return load_kernel(facts, config, step, attempt);
	case STMBOOT_EXTLINUX_STEP_BOOTARGS:
		return set_bootargs(facts, config, attempt);
	case STMBOOT_EXTLINUX_STEP_FDT:
	case STMBOOT_EXTLINUX_STEP_FDTDIR:
		return load_fdt(facts, config, step, attempt);
	case STMBOOT_EXTLINUX_STEP_OVERLAY:
		return load_overlay(facts, config, step, attempt);
	case STMBOOT_EXTLINUX_STEP_FIT_FDT:
	case STMBOOT_EXTLINUX_STEP_FIT_INITRD:
		break;
	}
	return STMBOOT_OK;
}

/*
 * U-Boot stops a label at its first failure, which is the one that is kept.
 * Going on finds more to say, and a command line that is not looked at would
 * seem to have no root=.
 */
static enum stmboot_status attempt_label(struct sb_facts *facts, const struct sb_config *config,
					 struct sb_attempt *attempt)
{
	struct stmboot_extlinux_environment env = { .get = environment, .user = facts };
	const struct stmboot_extlinux_steps *steps;
	enum sb_failure first = SB_BOOTS;
	enum stmboot_status status = stmboot_extlinux_label_steps(
		facts->ctx, config->conf, attempt->label, &env, &attempt->steps);

	if (status != STMBOOT_OK)
		return status;
	steps = attempt->steps;
	attempt->overlays = sb_arena_array(
		facts->arena, steps->count < SB_MAX_OVERLAYS ? steps->count + 1 : SB_MAX_OVERLAYS,
		sizeof(*attempt->overlays));
	if (attempt->overlays == NULL)
		return STMBOOT_NO_MEMORY;
	for (size_t i = 0; i < steps->count && status == STMBOOT_OK; i++) {
		status = take_step(facts, config, &steps->steps[i], attempt);
		if (first == SB_BOOTS)
			first = attempt->failure;
	}
	if (attempt->kernel_is_fit && status == STMBOOT_OK) {
		status = sb_facts_kernel_fit(facts, config, attempt);
		if (first == SB_BOOTS)
			first = attempt->failure;
	}
	if (first == SB_FAILS_NO_KERNEL && status == STMBOOT_OK)
		status = set_bootargs(facts, config, attempt);
	attempt->failure = first;
	return status;
}

/* The label that a saved pxe_label_override names, from v2022.04; or NO_LABEL. */
static int32_t overriding_label(const struct sb_facts *facts, const struct stmboot_extlinux *conf)
{
	const struct stmboot_env *saved = facts->env.found.saved;
	const char *name = saved != NULL ? stmboot_env_find(saved, "pxe_label_override") : NULL;
	int32_t found = STMBOOT_NO_LABEL;

	if (name == NULL || facts->uboot_number < 202204)
		return STMBOOT_NO_LABEL;
	for (size_t i = 0; i < conf->label_count; i++) /* of one name, the last */
		if (strcmp(conf->labels[i].name.text, name) == 0)
			found = (int32_t)i;
	return found;
}

/* The label of attempt number `i`: the overriding one, then all others in file order. */
static size_t label_of(const struct stmboot_extlinux *conf, int32_t overriding, size_t i)
{
	if (overriding == STMBOOT_NO_LABEL)
		return conf->selection.order[i];
	if (i == 0)
		return (size_t)overriding;
	return i <= (size_t)overriding ? i - 1 : i;
}

enum stmboot_status sb_facts_attempts(struct sb_facts *facts, struct sb_config *config)
{
	const struct stmboot_extlinux *conf = config->conf;
	enum stmboot_status status = STMBOOT_OK;
	int32_t overriding;
	size_t all, count;
	bool ended = false;

	if (conf == NULL || conf->outcome != STMBOOT_EXTLINUX_READ)
		return STMBOOT_OK;
	overriding = overriding_label(facts, conf);
	all = overriding == STMBOOT_NO_LABEL ? conf->selection.order_count : conf->label_count;
	count = (size_t)sb_min_u64(all, MAX_ATTEMPTS - facts->tried);
	config->attempts = sb_arena_array(facts->arena, count, sizeof(*config->attempts));
	if (config->attempts == NULL)
		return STMBOOT_NO_MEMORY;
	for (size_t i = 0; i < count && !ended && status == STMBOOT_OK; i++) {
		struct sb_attempt *attempt = &config->attempts[config->attempt_count++];

		facts->tried++;
		attempt->label = label_of(conf, overriding, i);
		status = attempt_label(facts, config, attempt);
		if (status == STMBOOT_OK && attempt->failure == SB_BOOTS)
			config->boots = (int)i;
		/* the chosen label's localboot ends everything, whatever it did */
		ended = config->boots >= 0 || (attempt->failure == SB_FAILS_LOCALBOOT && i == 0);
	}
	if (!ended && count < all && facts->unloaded == NULL)
		facts->unloaded = conf->labels[label_of(conf, overriding, count)].name.text;
	return status;
}
