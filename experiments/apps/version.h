#pragma once
#include <string>

namespace medvol::apps {

/// "0.1.0"
std::string program_version();

/// Commit of the source tree that the program was built from, "-dirty" with uncommitted changes; "unknown" outside git.
std::string git_commit();

}  // namespace medvol::apps
