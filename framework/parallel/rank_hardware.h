#pragma once
#include "framework/parallel/environment.h"
#include "framework/runtime/execution_context.h"

namespace medvol::parallel {

/// The processor's cores are shared by the processes of a machine, and each process has a GPU of its own: that of its
/// place among them (LOCAL_RANK). What the user named stays.
runtime::HardwareOptions rank_hardware(runtime::HardwareOptions hardware, const Environment& environment);

}  // namespace medvol::parallel
