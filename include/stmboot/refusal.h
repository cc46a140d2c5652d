/* SPDX-License-Identifier: MIT */
/**
 * @file
 * Why an edit was refused, for a person.
 */
#ifndef STMBOOT_REFUSAL_H
#define STMBOOT_REFUSAL_H

#ifdef __cplusplus
extern "C" {
#endif

/**
 * A reason, and what to do about it. Zero it before a call: what a function
 * refuses without more to say than its status leaves it alone. It may hold any
 * bytes of the medium: escape them (text.h) before they meet a terminal.
 */
struct stmboot_refusal {
	char message[240]; /**< one phrase without a full stop, or "" */
	char hint[240];    /**< what to do next, or "" */
};

#ifdef __cplusplus
}
#endif

#endif
