#include "datasets/catalogue/channel_files.h"

#include <algorithm>
#include <cctype>

#include "framework/core/error.h"
#include "framework/imaging/image_io.h"

namespace medvol::datasets {
namespace {

bool ends_in_channel(const std::string& stem) {
  const size_t length = stem.size();
  return length > 5 && stem[length - 5] == '_' &&
         std::all_of(stem.end() - 4, stem.end(), [](unsigned char c) { return std::isdigit(c) != 0; });
}

}  // namespace

std::map<std::string, std::map<int, std::filesystem::path>> channel_files(
    const std::filesystem::path& folder, const std::function<bool(const std::filesystem::path&)>& wanted,
    const std::function<bool(const std::string&)>& whole) {
  std::map<std::string, std::map<int, std::filesystem::path>> result;
  for (const auto& entry : std::filesystem::directory_iterator(folder)) {
    const std::filesystem::path& file = entry.path();
    if (file.filename().string().starts_with(".") || !wanted(file)) continue;
    const std::string stem = imaging::image_stem(file);
    const bool channel = ends_in_channel(stem) && !(whole && whole(stem));
    const std::string id = channel ? stem.substr(0, stem.size() - 5) : stem;
    const int number = channel ? std::stoi(stem.substr(stem.size() - 4)) : 0;
    const auto [place, is_new] = result[id].emplace(number, file);
    if (!is_new)
      throw core::UserError(fmt::format("channel {} of '{}' is there twice", number, id), file.string(),
                            "see " + place->second.string());
  }
  return result;
}

}  // namespace medvol::datasets
