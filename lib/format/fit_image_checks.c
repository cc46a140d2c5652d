/* SPDX-License-Identifier: MIT */
/* What is to be said about the images that are loaded out of a FIT, one by one. */
#include <inttypes.h>
#include <string.h>
#include <strings.h>

#include "base/checked.h"
#include "format/fit.h"

/* One image in its role, with where findings about it go. */
struct subject {
	const struct sb_fit_load *load;
	const struct sb_fit_member *member;
	const struct stmboot_fit_image *image;
	bool bootm;
	bool later; /* it was spoken of before, in another role */
};

static bool is_one_of(const char *text, const char *const *names)
{
	for (; text != NULL && *names != NULL; names++)
		if (strcasecmp(text, *names) == 0)
			return true;
	return false;
}

static struct sb_finding finding_on(const struct sb_scope *scope, const struct subject *s,
				    const char *what)
{
	struct sb_finding finding = sb_fit_at(s->image);

	finding.message = sb_text(scope, "image \"%s\" %s", s->image->name, what);
	finding.hint = "correct the source of the FIT, and make it again with mkimage -f";
	return finding;
}

/* What bootm_find_os() asks of a kernel, and spl_load_fit_image() of what it starts. */
static const char *missing_property(const struct subject *s)
{
	const struct stmboot_fit_image *image = s->image;
	bool kernel = s->member->role == SB_FIT_KERNEL;

	if (!s->bootm)
		return !image->has_load && s->member->role != SB_FIT_FDT ? "load" : NULL;
	if (!kernel)
		return NULL;
	return image->type == NULL          ? "type"
	       : image->os == NULL          ? "os"
	       : image->arch == NULL        ? "arch"
	       : image->compression == NULL ? "compression"
	       : !image->has_load           ? "load"
	       : !image->has_entry          ? "entry"
					    : NULL;
}

static void check_properties(const struct sb_scope *scope, const struct subject *s)
{
	const char *name = missing_property(s);
	struct sb_finding finding;

	if (name == NULL)
		return;
	finding = finding_on(scope, s, sb_text(scope, "has no property %s", name));
	finding.expected = s->bootm ? "type, os, arch, compression, load and entry" : "load";
	sb_report(scope, SB_FIT_PROPERTY_MISSING, &finding);
}

/* fit_image_load(): the type of the role, or one that fits all. SPL does not look. */
static void check_type(const struct sb_scope *scope, const struct subject *s)
{
	static const char *const kernel[] = { "kernel", "kernel_noload", "firmware", "tee", NULL };
	static const char *const ramdisk[] = { "ramdisk", "firmware", "tee", NULL };
	static const char *const fdt[] = { "flat_dt", "firmware", "tee", NULL };
	static const char *const *const types[SB_FIT_ROLES] = {
		[SB_FIT_KERNEL] = kernel,
		[SB_FIT_RAMDISK] = ramdisk,
		[SB_FIT_FDT] = fdt,
		[SB_FIT_OVERLAY] = fdt,
	};
	const char *const *good = types[s->member->role];
	struct sb_finding finding;

	if (!s->bootm || good == NULL || is_one_of(s->image->type, good))
		return;
	finding = finding_on(scope, s, "has another type than its use asks for");
	finding.found =
		s->image->type != NULL ? sb_text(scope, "type \"%s\"", s->image->type) : "no type";
	finding.expected = sb_text(scope, "type \"%s\"", good[0]);
	sb_report(scope, SB_FIT_WRONG_TYPE, &finding);
}

static void check_os(const struct sb_scope *scope, const struct subject *s)
{
	static const char *const good[] = { "linux", "u-boot",  "tee", "openrtos",
					    "efi",   "vxworks", NULL };
	struct sb_finding finding;

	if (!s->bootm || (s->member->role != SB_FIT_KERNEL && s->member->role != SB_FIT_RAMDISK) ||
	    is_one_of(s->image->os, good))
		return;
	finding = finding_on(scope, s, "is for another operating system");
	finding.found = s->image->os != NULL ? sb_text(scope, "os \"%s\"", s->image->os) : "no os";
	finding.expected = "os \"linux\"";
	sb_report(scope, SB_FIT_WRONG_OS, &finding);
}

static void check_arch(const struct sb_scope *scope, const struct subject *s)
{
	bool runs = s->member->role == SB_FIT_KERNEL || s->member->role == SB_FIT_FIRMWARE;
	struct sb_finding finding;

	if (!runs || s->load->arch == NULL || s->image->arch == NULL ||
	    strcasecmp(s->image->arch, s->load->arch) == 0)
		return;
	finding = finding_on(scope, s, "is for another processor");
	finding.found = sb_text(scope, "arch \"%s\"", s->image->arch);
	finding.expected = sb_text(scope, "arch \"%s\"", s->load->arch);
	sb_report(scope, SB_FIT_WRONG_ARCH, &finding);
}

/* Is the image unpacked on its way? Ramdisks are left to the kernel. */
static bool is_unpacked(const struct subject *s)
{
	return s->image->compression != NULL && s->member->role != SB_FIT_RAMDISK;
}

/* SPL unpacks gzip at most (CONFIG_SPL_GZIP), and enters the rest as it is. */
static void check_compression(const struct sb_scope *scope, const struct subject *s)
{
	enum stmboot_compression compression;
	struct sb_finding finding;

	if (!is_unpacked(s))
		return;
	if (sb_fit_compression(s->image->compression, &compression) &&
	    (s->bootm || compression == STMBOOT_COMPRESSION_NONE ||
	     compression == STMBOOT_COMPRESSION_GZIP))
		return;
	finding = finding_on(scope, s,
			     s->bootm ? "has a compression that U-Boot does not know"
				      : "is packed, and SPL does not unpack it");
	finding.found = sb_text(scope, "compression \"%s\"", s->image->compression);
	finding.expected = s->bootm ? "none, gzip, bzip2, lzma, lzo, lz4 or zstd" : "none";
	sb_report(scope, SB_FIT_COMPRESSION, &finding);
}

/* ST's configurations of U-Boot have gzip and lzo, their SPL has nothing. */
static void check_usual_compression(const struct sb_scope *scope, const struct subject *s)
{
	enum stmboot_compression compression;
	struct sb_finding finding;

	if (!is_unpacked(s) || !sb_fit_compression(s->image->compression, &compression) ||
	    compression == STMBOOT_COMPRESSION_NONE)
		return;
	if (s->bootm &&
	    (compression == STMBOOT_COMPRESSION_GZIP || compression == STMBOOT_COMPRESSION_LZO))
		return;
	finding = finding_on(scope, s, "has a compression that is usually not built in");
	finding.found = sb_text(scope, "compression \"%s\"", s->image->compression);
	finding.expected = s->bootm ? "none, gzip or lzo" : "none";
	sb_report(scope, SB_FIT_COMPRESSION_OPTIONAL, &finding);
}

/* The first bytes of LZMA say little, so any others may be some. */
static void check_packed(const struct sb_scope *scope, const struct subject *s)
{
	enum stmboot_compression compression, packed = s->member->packed;
	struct sb_finding finding;

	if (!is_unpacked(s) || !s->member->was_read ||
	    !sb_fit_compression(s->image->compression, &compression) || compression == packed ||
	    (compression == STMBOOT_COMPRESSION_LZMA && packed == STMBOOT_COMPRESSION_NONE))
		return;
	if (compression == STMBOOT_COMPRESSION_NONE && s->member->role != SB_FIT_KERNEL &&
	    s->member->role != SB_FIT_FIRMWARE)
		return;
	finding = finding_on(scope, s, "is not packed as it says");
	finding.offset = s->image->offset;
	finding.length = sb_min_u64(s->image->bytes, 8);
	finding.found = packed == STMBOOT_COMPRESSION_NONE
				? "data that are not packed, or damaged"
				: sb_text(scope, "%s data", stmboot_compression_text(packed));
	finding.expected = sb_text(scope, "compression \"%s\"", s->image->compression);
	sb_report(scope, SB_FIT_NOT_PACKED, &finding);
}

static void check_entry(const struct sb_scope *scope, const struct subject *s)
{
	const struct stmboot_fit_image *image = s->image;
	struct sb_finding finding;

	if ((s->member->role != SB_FIT_KERNEL && s->member->role != SB_FIT_FIRMWARE) ||
	    !image->has_load || !image->has_entry || !image->has_data ||
	    (!s->bootm && image->entry == 0) ||
	    is_one_of(image->type, (const char *const[]){ "kernel_noload", NULL }))
		return;
	/* how long packed data become nobody knows here */
	if (image->entry >= image->load && (s->member->packed != STMBOOT_COMPRESSION_NONE ||
					    image->entry - image->load < image->bytes))
		return;
	finding = finding_on(scope, s, "has its entry point outside");
	finding.found = sb_text(scope, "entry at 0x%" PRIx64, image->entry);
	finding.expected = sb_text(scope, "within %" PRIu64 " bytes from 0x%" PRIx64, image->bytes,
				   image->load);
	sb_report(scope, SB_FIT_ENTRY_OUTSIDE, &finding);
}

/* What SPL passes over, for it compares hashes only where signatures are built in. */
static struct sb_scope unseen_by_spl(const struct sb_scope *scope, const struct subject *s)
{
	struct sb_scope inner = *scope;

	if (!s->bootm)
		inner.ceiling = STMBOOT_WARNING;
	return inner;
}

static void check_hash_form(const struct sb_scope *scope, const struct subject *s)
{
	struct sb_scope inner = unseen_by_spl(scope, s);

	for (size_t i = 0; i < s->image->digest_count && !s->later; i++) {
		const struct stmboot_fit_hash *hash = &s->image->digests[i];
		struct sb_finding finding;

		if (hash->state != STMBOOT_FIT_HASH_MALFORMED || hash->ignored)
			continue;
		finding = finding_on(scope, s, "has a hash that says nothing");
		finding.found =
			hash->algorithm == NULL ? sb_text(scope, "%s without algo", hash->name)
			: hash->value == NULL   ? sb_text(scope, "%s of no value", hash->algorithm)
						: sb_text(scope, "%s of %zu bytes", hash->algorithm,
							  hash->value_bytes);
		sb_report(&inner, SB_FIT_HASH_MALFORMED, &finding);
	}
}

static void check_hash_algorithm(const struct sb_scope *scope, const struct subject *s)
{
	struct sb_scope inner = unseen_by_spl(scope, s);

	for (size_t i = 0; i < s->image->digest_count && !s->later; i++) {
		const struct stmboot_fit_hash *hash = &s->image->digests[i];
		struct sb_finding finding;

		if (hash->state != STMBOOT_FIT_HASH_UNSUPPORTED || hash->ignored)
			continue;
		finding = finding_on(scope, s, "has a hash that U-Boot cannot compute");
		finding.found = sb_text(scope, "algo \"%s\"", hash->algorithm);
		finding.expected = "crc32, md5, sha1 or sha256";
		sb_report(&inner, SB_FIT_HASH_ALGORITHM, &finding);
	}
}

/* CONFIG_SHA384 and CONFIG_SHA512 are off in ST's configurations. */
static void check_usual_hash(const struct sb_scope *scope, const struct subject *s)
{
	static const char *const unusual[] = { "sha384", "sha512", NULL };

	for (size_t i = 0; i < s->image->digest_count && s->bootm && !s->later; i++) {
		const struct stmboot_fit_hash *hash = &s->image->digests[i];
		struct sb_finding finding;

		if (hash->ignored || !is_one_of(hash->algorithm, unusual))
			continue;
		finding = finding_on(scope, s, "has a hash that is usually not built in");
		finding.found = sb_text(scope, "algo \"%s\"", hash->algorithm);
		finding.expected = "crc32, md5, sha1 or sha256";
		sb_report(scope, SB_FIT_HASH_OPTIONAL, &finding);
	}
}

static const char *hex(const struct sb_scope *scope, const uint8_t *bytes, size_t size)
{
	enum { MOST = 8 }; /* enough to tell two apart */
	char text[2 * MOST + 1] = "";
	size_t shown = size < MOST ? size : MOST;

	for (size_t i = 0; i < shown; i++) {
		static const char digits[] = "0123456789abcdef";

		text[2 * i] = digits[bytes[i] >> 4];
		text[2 * i + 1] = digits[bytes[i] & 15];
	}
	return sb_text(scope, "%s%s", text, shown < size ? "..." : "");
}

static void check_hashes(const struct sb_scope *scope, const struct subject *s)
{
	for (size_t i = 0; i < s->image->digest_count && !s->later; i++) {
		const struct stmboot_fit_hash *hash = &s->image->digests[i];
		struct sb_finding finding;

		if (hash->state != STMBOOT_FIT_HASH_WRONG || hash->ignored)
			continue;
		finding = finding_on(scope, s,
				     sb_text(scope, "does not match its %s", hash->algorithm));
		finding.offset = s->image->offset;
		finding.length = s->image->bytes;
		finding.found =
			sb_text(scope, "data of %s", hex(scope, hash->computed, hash->value_bytes));
		finding.expected = hex(scope, hash->value, hash->value_bytes);
		finding.hint = "copy the whole FIT again, or make it again";
		sb_report(scope, SB_FIT_HASH_MISMATCH, &finding);
	}
}

/* What cannot be read, or is more than the limit of what is looked at. */
static void check_unchecked(const struct sb_scope *scope, const struct subject *s)
{
	for (size_t i = 0; i < s->image->digest_count && s->image->inside && !s->later; i++) {
		struct sb_finding finding;

		if (s->image->digests[i].state != STMBOOT_FIT_HASH_UNCHECKED)
			continue;
		finding = finding_on(scope, s,
				     sb_text(scope, "was not compared with its %s",
					     s->image->digests[i].algorithm));
		finding.offset = s->image->offset;
		finding.length = s->image->bytes;
		sb_report(scope, SB_FIT_HASH_UNCHECKED, &finding);
	}
}

static void check_any_hash(const struct sb_scope *scope, const struct subject *s)
{
	struct sb_finding finding;

	if (s->image->digest_count > 0 || s->image->signature_count > 0 || s->later)
		return;
	finding = finding_on(scope, s, "has no hash");
	finding.hint = "add a node hash-1 { algo = \"sha256\"; }; to the image in the source";
	sb_report(scope, SB_FIT_HASH_MISSING, &finding);
}

/* clang-format off */
static const SB_RULE(const struct sb_scope *, const struct subject *) rows[] = {
	{ SB_FIT_PROPERTY_MISSING, check_properties },
	{ SB_FIT_WRONG_TYPE, check_type },
	{ SB_FIT_WRONG_OS, check_os },
	{ SB_FIT_WRONG_ARCH, check_arch },
	{ SB_FIT_COMPRESSION, check_compression },
	{ SB_FIT_COMPRESSION_OPTIONAL, check_usual_compression },
	{ SB_FIT_HASH_MALFORMED, check_hash_form },
	{ SB_FIT_HASH_ALGORITHM, check_hash_algorithm },
	{ SB_FIT_HASH_OPTIONAL, check_usual_hash },
	{ SB_FIT_HASH_MISMATCH, check_hashes },
	{ SB_FIT_HASH_UNCHECKED, check_unchecked },
	{ SB_FIT_HASH_MISSING, check_any_hash },
	{ SB_FIT_NOT_PACKED, check_packed },
	{ SB_FIT_ENTRY_OUTSIDE, check_entry },
};
/* clang-format on */

const struct sb_rules sb_fit_image_rules = SB_RULES(rows);

static bool was_before(const struct sb_fit_load *load, size_t index)
{
	for (size_t i = 0; i < index; i++)
		if (load->members[i].image == load->members[index].image)
			return true;
	return false;
}

void sb_fit_validate_members(const struct sb_scope *scope, const struct sb_fit_load *load)
{
	for (size_t i = 0; i < load->member_count; i++) {
		const struct sb_fit_member *member = &load->members[i];
		const struct subject subject = { .load = load,
						 .member = member,
						 .image = member->image,
						 .bootm = load->reader == SB_FIT_BOOTM,
						 .later = was_before(load, i) };
		struct sb_scope inner = sb_fit_scope(scope, load, member->role);

		if (member->image == NULL)
			continue;
		for (struct sb_run run = sb_run(&sb_fit_image_rules, &inner); sb_run_next(&run);)
			rows[run.row].check(&inner, &subject);
	}
}
