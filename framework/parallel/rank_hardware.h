#pragma once
#include <string>

#include "framework/parallel/environment.h"
#include "framework/runtime/execution_context.h"

namespace medvol::parallel {

/// Each process of a machine has a GPU of its own, that of its place among them (LOCAL_RANK). What the user named, such
/// as cuda:1, stays.
std::string rank_device(const std::string& device, const Environment& environment);
/// That, and the processor's cores are shared by the processes of a machine where the user named no number.
runtime::HardwareOptions rank_hardware(runtime::HardwareOptions hardware, const Environment& environment);

}  // namespace medvol::parallel
