/* SPDX-License-Identifier: MIT */
/*
 * Checksums and hashes by the names that U-Boot gives them (common/hash.c).
 * By nettle, which uses what the processor has for SHA.
 */
#ifndef SB_BASE_DIGEST_H
#define SB_BASE_DIGEST_H

#include <nettle/md5.h>
#include <nettle/sha1.h>
#include <nettle/sha2.h>
#include <stddef.h>
#include <stdint.h>

enum sb_digest_kind {
	SB_DIGEST_CRC16, /* CCITT */
	SB_DIGEST_CRC32,
	SB_DIGEST_MD5,
	SB_DIGEST_SHA1,
	SB_DIGEST_SHA256,
	SB_DIGEST_SHA384,
	SB_DIGEST_SHA512,
	SB_DIGEST_KINDS, /* none of them */
};

enum { SB_DIGEST_BYTES = 64 };

/* One that is being computed. */
struct sb_digest {
	enum sb_digest_kind kind;
	union {
		uint16_t crc16;
		uint32_t crc32;
		struct md5_ctx md5;
		struct sha1_ctx sha1;
		struct sha256_ctx sha256;
		struct sha512_ctx sha512; /* sha384 too */
	} u;
};

/* The kind of a name, or SB_DIGEST_KINDS. */
enum sb_digest_kind sb_digest_find(const char *name);

/* Bytes of the result. */
size_t sb_digest_size(enum sb_digest_kind kind);

void sb_digest_begin(struct sb_digest *digest, enum sb_digest_kind kind);
void sb_digest_feed(struct sb_digest *digest, const uint8_t *data, size_t size);

/* The result, checksums in big-endian order as in a FIT. */
void sb_digest_end(struct sb_digest *digest, uint8_t out[SB_DIGEST_BYTES]);

#endif
