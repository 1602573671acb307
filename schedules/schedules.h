// The schedules there are, one accessor a file; schedules.cpp lists them.
#pragma once

namespace tilewright {

class Schedule;

const Schedule& layerwise_schedule();
const Schedule& softpipe_schedule();
const Schedule& flat_schedule();
const Schedule& mas_schedule();
const Schedule& flash2_schedule();
const Schedule& flash3_schedule();
const Schedule& fusemax_schedule();
const Schedule& tileflow_schedule();

}  // namespace tilewright
