#include "framework/imaging/picture_check.h"

#include <zlib.h>

#include <algorithm>
#include <string>
#include <string_view>

#include "framework/core/error.h"
#include "framework/imaging/image_io.h"
#include "framework/storage/file_error.h"

namespace medvol::imaging {
namespace {

uint32_t big_endian(std::string_view bytes) {
  uint32_t value = 0;
  for (const char byte : bytes) value = value << 8 | static_cast<unsigned char>(byte);
  return value;
}

/// PNG specification, 5.3: length, type, data, and a CRC of type and data, chunk after chunk, IHDR first and IEND last.
bool is_whole_png(std::string_view file) {
  constexpr std::string_view signature("\x89PNG\r\n\x1a\n", 8);
  constexpr size_t frame = 12;  // length, type and CRC
  if (!file.starts_with(signature)) return false;
  file.remove_prefix(signature.size());
  for (bool first = true; file.size() >= frame; first = false) {
    const size_t length = big_endian(file.substr(0, 4));
    if (length > file.size() - frame) return false;
    const std::string_view checked = file.substr(4, 4 + length);
    const auto crc = crc32(0, reinterpret_cast<const Bytef*>(checked.data()), static_cast<uInt>(checked.size()));
    if (crc != big_endian(file.substr(8 + length, 4)) || (first && !checked.starts_with("IHDR"))) return false;
    if (checked.starts_with("IEND")) return true;
    file.remove_prefix(frame + length);
  }
  return false;
}

/// ITU T.81, annex B: segments, of which one begins a frame, then the scan, and at the end the mark FF D9.
bool is_whole_jpeg(std::string_view file) {
  if (!file.starts_with("\xff\xd8")) return false;
  bool frame = false;
  for (size_t at = 2; at + 4 <= file.size();) {
    if (file[at] != '\xff') return false;
    const auto marker = static_cast<unsigned char>(file[at + 1]);
    if (marker == 0xff) {  // fill byte
      ++at;
      continue;
    }
    const size_t length = big_endian(file.substr(at + 2, 2));
    if (length < 2 || length > file.size() - at - 2) return false;
    const bool tables = marker == 0xc4 || marker == 0xc8 || marker == 0xcc;
    frame = frame || (marker >= 0xc0 && marker <= 0xcf && !tables);
    at += 2 + length;
    if (marker == 0xda) return frame && file.find("\xff\xd9", at) != std::string_view::npos;
  }
  return false;
}

}  // namespace

void check_picture(const std::filesystem::path& path) {
  const std::string ending = image_ending(path);
  const bool png = ending == ".png";
  if (!png && !ending.starts_with(".jp")) return;
  const std::string file = storage::read_bytes(path);
  if (png ? is_whole_png(file) : is_whole_jpeg(file)) return;
  throw core::UserError(fmt::format("the {} file is damaged or truncated", png ? "PNG" : "JPEG"), path.string(),
                        "copy or download it again");
}

}  // namespace medvol::imaging
