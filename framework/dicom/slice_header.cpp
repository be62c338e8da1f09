#include "framework/dicom/slice_header.h"

#include <algorithm>
#include <cmath>
#include <fstream>
#include <locale>
#include <sstream>

#include "framework/core/error.h"
#include "framework/dicom/header_parser.h"
#include "framework/dicom/series.h"
#include "framework/storage/checksum.h"

namespace medvol::dicom {
namespace {

/// Separates these hashes from the project's others; a series UID is too long to be tried out.
constexpr std::string_view hash_key = "medvol/dicom/series";

constexpr Tag modality = 0x00080060, description = 0x0008103e, thickness = 0x00180050, series_uid = 0x0020000e,
              position = 0x00200032, orientation = 0x00200037, samples = 0x00280002, frames = 0x00280008,
              rows = 0x00280010, columns = 0x00280011, pixel_spacing = 0x00280030, bits_allocated = 0x00280100;

/// The numbers of a decimal string; empty when it holds fewer than `count`, or one that is not finite.
template <size_t count>
std::optional<std::array<double, count>> numbers_of(const std::string& text) {
  std::istringstream all(text);
  std::array<double, count> values;
  for (double& value : values) {
    std::string one;
    if (!std::getline(all, one, '\\')) return std::nullopt;
    std::istringstream number(one);
    number.imbue(std::locale::classic());
    if (!(number >> value) || !std::isfinite(value)) return std::nullopt;
  }
  return values;
}

bool has_dicom_ending(const std::filesystem::path& path) {
  const std::string ending = path.extension().string();
  return ending == ".dcm" || ending == ".DCM" || ending == ".ima" || ending == ".IMA";
}

/// Whether an image of this size can be in the file.
bool has_all_pixels(const Header& header, const SliceHeader& slice) {
  if (slice.rows == 0 || slice.columns == 0) return true;  // no image: a report, a structure set
  if (!header.has_pixels) return false;
  const int64_t bits = header.number(bits_allocated) * std::max<int64_t>(1, header.number(samples));
  const double needed = static_cast<double>(slice.rows * slice.columns * bits / 8) * static_cast<double>(slice.frames);
  return header.compressed || static_cast<double>(header.pixel_bytes) >= needed;
}

}  // namespace

bool is_dicom_file(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  std::array<char, 4> mark{};
  return file.seekg(128) && file.read(mark.data(), mark.size()) && std::string_view(mark.data(), 4) == "DICM";
}

std::optional<SliceHeader> read_slice_header(const std::filesystem::path& path) {
  if (!is_dicom_file(path) && !has_dicom_ending(path)) return std::nullopt;
  const core::UserError refusal("damaged or truncated DICOM file", path.string(), "copy it again, or take it out");
  Header header;
  try {
    header = parse_header(path, {modality, description, thickness, series_uid, position, orientation, samples, frames,
                                 rows, columns, pixel_spacing, bits_allocated});
  } catch (const std::runtime_error&) {
    throw refusal;
  }
  SliceHeader slice;
  slice.path = path;
  slice.series_uid = header.text(series_uid);
  slice.description = header.text(description);
  slice.modality = header.text(modality);
  slice.rows = header.number(rows);
  slice.columns = header.number(columns);
  if (const auto count = numbers_of<1>(header.text(frames))) {
    slice.frames = static_cast<int64_t>(std::clamp((*count)[0], 1.0, 1e9));
  }
  slice.position = numbers_of<3>(header.text(position));
  slice.orientation = numbers_of<6>(header.text(orientation));
  slice.spacing = numbers_of<2>(header.text(pixel_spacing));
  if (const auto length = numbers_of<1>(header.text(thickness))) slice.thickness = (*length)[0];
  if (!has_all_pixels(header, slice)) throw refusal;
  return slice;
}

std::string key_of_series(const std::string& uid) {
  return uid.empty() ? "" : storage::keyed_hash(hash_key, uid).substr(0, 12);
}

}  // namespace medvol::dicom
