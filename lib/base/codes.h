/* SPDX-License-Identifier: MIT */
/*
 * The catalogue of finding codes. Each area has its own file in codes/, whose
 * rows are
 *
 *   CODE(IDENT, "area.what-is-wrong", SEVERITY, STAGE,
 *        "one line of meaning",
 *        "what the board does, and how to mend it",
 *        "the program, file or specification that decides")
 *
 * and everything else (the enum, the public catalogue, the manual page) is
 * made from them. A code is never used again for something else.
 */
#ifndef SB_BASE_CODES_H
#define SB_BASE_CODES_H

enum sb_code {
#define CODE(ident, code, severity, stage, meaning, explanation, source) SB_##ident,
#include "base/codes/all.def"
#undef CODE
	SB_CODE_COUNT
};

#endif
