#pragma once
#include <filesystem>

namespace medvol::imaging {

/// Looks whether a .png (each chunk's checksum) or .jpg (each segment's length, and the end mark) is whole; other files
/// pass. ITK's readers of both end the program on some damaged files. UserError (path, one line).
void check_picture(const std::filesystem::path& path);

}  // namespace medvol::imaging
