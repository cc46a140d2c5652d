/* SPDX-License-Identifier: MIT */
#ifndef SB_BASE_SIMILAR_H
#define SB_BASE_SIMILAR_H

enum { SB_DID_YOU_MEAN = 240 };

/* "did you mean 'rootfs'? HINT" in `room`; without a `best`, the hint alone, which may be NULL. */
const char *sb_did_you_mean(const char *best, const char *hint, char room[SB_DID_YOU_MEAN]);

#endif
