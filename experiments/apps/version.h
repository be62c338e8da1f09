#pragma once
#include <string>

namespace medvol::apps {

inline constexpr const char* program_version = MEDVOL_VERSION;

/// Commit of the source tree that the program was built from, "-dirty" with uncommitted changes; "unknown" outside git.
std::string git_commit();

}  // namespace medvol::apps
