#pragma once

namespace medvol::runtime {

/// Memory of this process that is in RAM, in bytes: now, and the most it ever was (VmRSS and VmHWM of
/// /proc/self/status). Throws core::UserError where that cannot be read.
double resident_memory();
double most_resident_memory();

}  // namespace medvol::runtime
