/* SPDX-License-Identifier: MIT */
/* What is to be said about a kernel. */
#include <inttypes.h>

#include "base/hint.h"
#include "format/kernel.h"

enum { AT_MAGIC = 0x24, AT_ARM64_MAGIC = 0x38 };

static const char copy_again[] =
	"build the kernel as zImage (ARM) or Image (arm64) and copy it again";

/* U-Boot reads the magic and nothing else: "Bad Linux ARM zImage magic!". */
static void report_unknown(const struct sb_scope *scope, const struct stmboot_kernel *kernel)
{
	struct sb_finding finding = { .offset = AT_MAGIC,
				      .length = 4,
				      .hint = sb_hint_replace(scope, copy_again) };

	finding.expected = "0x016f2818 at 0x24, or \"ARM\\x64\" at 0x38";
	if (kernel->file_bytes < AT_MAGIC + 4) {
		finding.offset = 0;
		finding.length = kernel->file_bytes;
		finding.found = sb_text(scope, "%" PRIu64 " bytes", kernel->file_bytes);
		finding.message = "the kernel is too short for a header";
	} else if (kernel->looks_like != NULL) {
		finding.offset = 0;
		finding.found = kernel->looks_like;
		finding.message =
			sb_text(scope, "the kernel is no zImage or Image but looks like: %s",
				kernel->looks_like);
	} else {
		finding.found = sb_text(scope, "0x%08" PRIx32 " at 0x24", kernel->found_magic);
		finding.message = "the kernel has the magic of neither a zImage nor an arm64 Image";
	}
	sb_report(scope, SB_KERNEL_NOT_BOOTABLE, &finding);
}

static void report_byte_order(const struct sb_scope *scope)
{
	sb_report(scope, SB_KERNEL_NOT_BOOTABLE,
		  &(struct sb_finding){ .offset = AT_MAGIC,
					.length = 4,
					.found = "0x18286f01",
					.expected = "0x016f2818",
					.message = "the zImage header is stored big-endian",
					.hint = sb_hint_replace(
						scope, "build the kernel for little-endian ARM") });
}

/* Where an Image has "ARM\x64", such a file has a magic of its own. */
static void report_zboot(const struct sb_scope *scope)
{
	sb_report(
		scope, SB_KERNEL_NOT_BOOTABLE,
		&(struct sb_finding){
			.offset = AT_ARM64_MAGIC,
			.length = 4,
			.found = "EFI zboot image",
			.expected = "\"ARM\\x64\" at 0x38",
			.message =
				"the kernel is an EFI zboot image, which only EFI firmware starts",
			.hint = sb_hint_replace(
				scope, "copy arch/arm64/boot/Image instead of vmlinuz.efi") });
}

static void check_bootable(const struct sb_scope *scope, const struct stmboot_kernel *kernel)
{
	if (kernel->format == STMBOOT_KERNEL_UNKNOWN)
		report_unknown(scope, kernel);
	else if (kernel->format == STMBOOT_KERNEL_ZIMAGE && kernel->zimage.byte_swapped)
		report_byte_order(scope);
	else if (kernel->format == STMBOOT_KERNEL_ZBOOT)
		report_zboot(scope);
}

/* The fields that tell how long the file should be. */
static struct sb_finding at_length(const struct stmboot_kernel *kernel)
{
	switch (kernel->format) {
	case STMBOOT_KERNEL_ARM64:
		return (struct sb_finding){ .offset = kernel->pe_offset, .length = 4 };
	case STMBOOT_KERNEL_ZBOOT:
		return (struct sb_finding){ .offset = 8, .length = 8 };
	default:
		return (struct sb_finding){ .offset = 0x28, .length = 8 };
	}
}

static void check_complete(const struct sb_scope *scope, const struct stmboot_kernel *kernel)
{
	struct sb_finding finding = at_length(kernel);

	if (!kernel->truncated)
		return;
	finding.found = sb_text(scope, "%" PRIu64 " bytes", kernel->file_bytes);
	finding.expected = sb_text(scope, "%" PRIu64 " bytes", kernel->image_bytes);
	finding.message = sb_text(scope, "the kernel lacks its last %" PRIu64 " bytes",
				  kernel->image_bytes - kernel->file_bytes);
	finding.hint = sb_hint_replace(scope, "copy the whole kernel again");
	sb_report(scope, SB_KERNEL_TRUNCATED, &finding);
}

static void check_payload(const struct sb_scope *scope, const struct stmboot_kernel *kernel,
			  const struct stmboot_kernel_identity *identity)
{
	const char *packing = stmboot_compression_text(identity->compression);
	struct sb_finding finding = {
		.offset = identity->payload_offset,
		.length = identity->payload_bytes,
		.hint = sb_hint_replace(scope, "copy the kernel again from where it was built")
	};

	if (kernel->truncated ||
	    (identity->payload != STMBOOT_CORRUPT && identity->payload != STMBOOT_TRUNCATED))
		return;
	finding.found = sb_text(scope, "%" PRIu64 " bytes unpacked", identity->unpacked_bytes);
	if (kernel->zimage.has_size_word &&
	    kernel->zimage.unpacked_bytes == identity->unpacked_bytes)
		finding.found = "other bytes than were packed";
	else if (kernel->zimage.has_size_word)
		finding.expected =
			sb_text(scope, "%" PRIu32 " bytes", kernel->zimage.unpacked_bytes);
	finding.message = sb_text(scope, "the kernel's %s payload is %s", packing,
				  identity->payload == STMBOOT_TRUNCATED ? "cut short" : "damaged");
	sb_report(scope, SB_KERNEL_PAYLOAD_DAMAGED, &finding);
}

/* clang-format off */
static const SB_RULE(const struct sb_scope *, const struct stmboot_kernel *) rows[] = {
	{ SB_KERNEL_NOT_BOOTABLE, check_bootable },
	{ SB_KERNEL_TRUNCATED, check_complete },
};
/* clang-format on */

const struct sb_rules sb_kernel_rules = SB_RULES(rows);

void sb_kernel_validate(const struct sb_scope *scope, const struct stmboot_kernel *kernel)
{
	for (struct sb_run run = sb_run(&sb_kernel_rules, scope); sb_run_next(&run);)
		rows[run.row].check(scope, kernel);
}

static const SB_RULE(const struct sb_scope *, const struct stmboot_kernel *,
		     const struct stmboot_kernel_identity *) payload_rows[] = {
	{ SB_KERNEL_PAYLOAD_DAMAGED, check_payload },
};

const struct sb_rules sb_kernel_payload_rules = SB_RULES(payload_rows);

void sb_kernel_validate_payload(const struct sb_scope *scope, const struct stmboot_kernel *kernel,
				const struct stmboot_kernel_identity *identity)
{
	for (struct sb_run run = sb_run(&sb_kernel_payload_rules, scope); sb_run_next(&run);)
		payload_rows[run.row].check(scope, kernel, identity);
}

enum stmboot_status stmboot_kernel_validate(struct stmboot_context *ctx, struct stmboot_source *src,
					    const struct stmboot_kernel *kernel,
					    struct stmboot_diags *diags)
{
	struct sb_scope scope = sb_scope(diags, src);

	(void)ctx;
	sb_kernel_validate(&scope, kernel);
	return sb_diags_status(diags);
}
