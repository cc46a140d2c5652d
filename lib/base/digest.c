/* SPDX-License-Identifier: MIT */
#include "base/digest.h"

#include <string.h>

#include "base/crc32.h"

static const struct {
	const char *name;
	size_t bytes;
} kinds[SB_DIGEST_KINDS] = {
	[SB_DIGEST_CRC16] = { "crc16-ccitt", 2 },
	[SB_DIGEST_CRC32] = { "crc32", 4 },
	[SB_DIGEST_MD5] = { "md5", MD5_DIGEST_SIZE },
	[SB_DIGEST_SHA1] = { "sha1", SHA1_DIGEST_SIZE },
	[SB_DIGEST_SHA256] = { "sha256", SHA256_DIGEST_SIZE },
	[SB_DIGEST_SHA384] = { "sha384", SHA384_DIGEST_SIZE },
	[SB_DIGEST_SHA512] = { "sha512", SHA512_DIGEST_SIZE },
};

enum sb_digest_kind sb_digest_find(const char *name)
{
	int kind = 0;

	while (kind < SB_DIGEST_KINDS && strcmp(kinds[kind].name, name) != 0)
		kind++;
	return (enum sb_digest_kind)kind;
}

size_t sb_digest_size(enum sb_digest_kind kind)
{
	return kinds[kind].bytes;
}

/* Polynomial 0x1021, from 0, the high bit first. */
static uint16_t crc16(uint16_t crc, const uint8_t *data, size_t size)
{
	for (size_t i = 0; i < size; i++) {
		crc = (uint16_t)(crc ^ data[i] << 8);
		for (int bit = 0; bit < 8; bit++)
			crc = (uint16_t)(crc << 1 ^ ((crc & 0x8000) != 0 ? 0x1021 : 0));
	}
	return crc;
}

void sb_digest_begin(struct sb_digest *digest, enum sb_digest_kind kind)
{
	memset(digest, 0, sizeof(*digest));
	digest->kind = kind;
	switch (kind) {
	case SB_DIGEST_MD5:
		md5_init(&digest->u.md5);
		break;
	case SB_DIGEST_SHA1:
		sha1_init(&digest->u.sha1);
		break;
	case SB_DIGEST_SHA256:
		sha256_init(&digest->u.sha256);
		break;
	case SB_DIGEST_SHA384:
		sha384_init(&digest->u.sha512);
		break;
	case SB_DIGEST_SHA512:
		sha512_init(&digest->u.sha512);
		break;
	case SB_DIGEST_CRC16:
	case SB_DIGEST_CRC32:
	case SB_DIGEST_KINDS:
		break;
	}
}

void sb_digest_feed(struct sb_digest *digest, const uint8_t *data, size_t size)
{
	switch (digest->kind) {
	case SB_DIGEST_CRC16:
		digest->u.crc16 = crc16(digest->u.crc16, data, size);
		break;
	case SB_DIGEST_CRC32:
		digest->u.crc32 = sb_crc32(digest->u.crc32, data, size);
		break;
	case SB_DIGEST_MD5:
		md5_update(&digest->u.md5, size, data);
		break;
	case SB_DIGEST_SHA1:
		sha1_update(&digest->u.sha1, size, data);
		break;
	case SB_DIGEST_SHA256:
		sha256_update(&digest->u.sha256, size, data);
		break;
	case SB_DIGEST_SHA384:
	case SB_DIGEST_SHA512:
		sha512_update(&digest->u.sha512, size, data);
		break;
	case SB_DIGEST_KINDS:
		break;
	}
}

static void put_be(uint8_t *out, uint32_t value, size_t bytes)
{
	for (size_t i = bytes; i-- > 0; value >>= 8)
		out[i] = (uint8_t)value;
}

void sb_digest_end(struct sb_digest *digest, uint8_t out[SB_DIGEST_BYTES])
{
	switch (digest->kind) {
	case SB_DIGEST_CRC16:
		put_be(out, digest->u.crc16, 2);
		break;
	case SB_DIGEST_CRC32:
		put_be(out, digest->u.crc32, 4);
		break;
	case SB_DIGEST_MD5:
		md5_digest(&digest->u.md5, MD5_DIGEST_SIZE, out);
		break;
	case SB_DIGEST_SHA1:
		sha1_digest(&digest->u.sha1, SHA1_DIGEST_SIZE, out);
		break;
	case SB_DIGEST_SHA256:
		sha256_digest(&digest->u.sha256, SHA256_DIGEST_SIZE, out);
		break;
	case SB_DIGEST_SHA384:
		sha384_digest(&digest->u.sha512, SHA384_DIGEST_SIZE, out);
		break;
	case SB_DIGEST_SHA512:
		sha512_digest(&digest->u.sha512, SHA512_DIGEST_SIZE, out);
		break;
	case SB_DIGEST_KINDS:
		break;
	}
}
