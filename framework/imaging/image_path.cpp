#include <algorithm>
#include <array>
#include <string_view>

#include "framework/imaging/image_io.h"

namespace medvol::imaging {
namespace {

/// Longer endings first: ".nii.gz" is not the ending ".gz" of a stem "a.nii".
constexpr std::array<std::string_view, 11> endings = {".nii.gz", ".nii", ".nrrd", ".nhdr", ".mha", ".mhd",
                                                      ".png",    ".tif", ".tiff", ".jpg",  ".jpeg"};

}  // namespace

std::string image_ending(const std::filesystem::path& path) {
  std::string name = path.filename().string();
  std::transform(name.begin(), name.end(), name.begin(), [](unsigned char c) { return std::tolower(c); });
  for (const std::string_view ending : endings) {
    if (name.size() > ending.size() && name.ends_with(ending)) return std::string(ending);
  }
  return "";
}

std::string image_stem(const std::filesystem::path& path) {
  const std::string name = path.filename().string();
  return name.substr(0, name.size() - image_ending(path).size());
}

bool is_image_path(const std::filesystem::path& path) { return !image_ending(path).empty(); }

}  // namespace medvol::imaging
