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
 * and everything else (the enum, the public catalogue, the manual pages) is
 * made from them. A code is never used again for something else. What a rule
 * has beyond that follows its source:
 *
 *        DEEP                    it needs what only a deep look finds
 *        NEEDS("other.code")     it says nothing where one of these was raised
 *
 * The functions that look for them stand in tables beside what they judge:
 * base/rules.h.
 */
#ifndef SB_BASE_CODES_H
#define SB_BASE_CODES_H

enum sb_code {
#define CODE(ident, code, severity, stage, meaning, ...) SB_##ident,
#include "base/codes/all.def"
#undef CODE
	SB_CODE_COUNT
};

#endif
