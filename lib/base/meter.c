/* SPDX-License-Identifier: MIT */
#include "base/meter.h"

#include "base/checked.h"

enum stmboot_status sb_meter_add(struct sb_meter *meter, uint64_t bytes)
{
	uint64_t done;

	if (meter == NULL)
		return STMBOOT_OK;
	meter->done += bytes;
	if (meter->done - meter->told < SB_METER_STEP)
		return STMBOOT_OK;
	meter->told = meter->done;
	done = meter->done / meter->turns;
	if (meter->total != 0)
		done = sb_min_u64(done, meter->total);
	if (!meter->deaf)
		return sb_progress(meter->ctx, done, meter->total);
	sb_tell_progress(meter->ctx, done, meter->total);
	return STMBOOT_OK;
}
