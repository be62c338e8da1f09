#include "framework/dicom/slice_header.h"

#include <gdcmAttribute.h>
#include <gdcmReader.h>
#include <gdcmTrace.h>

#include <algorithm>
#include <cmath>
#include <fstream>
#include <locale>
#include <sstream>

#include "framework/core/error.h"
#include "framework/dicom/series.h"

namespace medvol::dicom {
namespace {

bool has_value(const gdcm::DataSet& data, const gdcm::Tag& tag) {
  return data.FindDataElement(tag) && !data.GetDataElement(tag).IsEmpty();
}

/// A text element without its padding; control characters become spaces, so that a message stays one line.
std::string text_of(const gdcm::DataSet& data, const gdcm::Tag& tag) {
  if (!has_value(data, tag)) return "";
  const gdcm::ByteValue* bytes = data.GetDataElement(tag).GetByteValue();
  if (!bytes) return "";
  std::string text(bytes->GetPointer(), bytes->GetLength());
  std::replace_if(text.begin(), text.end(), [](unsigned char c) { return c < 32 || c == 127; }, ' ');
  const size_t begin = text.find_first_not_of(' ');
  return begin == std::string::npos ? "" : text.substr(begin, text.find_last_not_of(' ') - begin + 1);
}

/// The numbers of a decimal or integer string; empty when it holds fewer than `count`, or one that is not finite.
template <size_t count>
std::optional<std::array<double, count>> numbers_of(const gdcm::DataSet& data, const gdcm::Tag& tag) {
  std::istringstream text(text_of(data, tag));
  text.imbue(std::locale::classic());
  std::array<double, count> values;
  for (double& value : values) {
    std::string number;
    if (!std::getline(text, number, '\\')) return std::nullopt;
    std::istringstream parsed(number);
    parsed.imbue(std::locale::classic());
    if (!(parsed >> value) || !std::isfinite(value)) return std::nullopt;
  }
  return values;
}

/// A 16-bit count such as Rows; 0 when it is absent.
template <uint16_t group, uint16_t element>
int64_t count_of(const gdcm::DataSet& data) {
  if (!has_value(data, gdcm::Tag(group, element))) return 0;
  gdcm::Attribute<group, element> attribute{};
  attribute.SetFromDataSet(data);
  return attribute.GetValue();
}

bool has_dicom_ending(const std::filesystem::path& path) {
  const std::string ending = path.extension().string();
  return ending == ".dcm" || ending == ".DCM" || ending == ".ima" || ending == ".IMA";
}

bool parse(gdcm::Reader& reader) {
  try {
    return reader.ReadUpToTag(gdcm::Tag(0x7fe0, 0x0010));
  } catch (const std::exception&) {
    return false;
  }
}

}  // namespace

bool is_dicom_file(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  std::array<char, 4> mark{};
  return file.seekg(128) && file.read(mark.data(), mark.size()) && std::string_view(mark.data(), 4) == "DICM";
}

std::optional<SliceHeader> read_slice_header(const std::filesystem::path& path) {
  if (!is_dicom_file(path) && !has_dicom_ending(path)) return std::nullopt;
  gdcm::Trace::WarningOff();
  gdcm::Trace::ErrorOff();
  gdcm::Reader reader;
  reader.SetFileName(path.c_str());
  if (!parse(reader)) {
    throw core::UserError("damaged or truncated DICOM file", path.string(), "copy it again, or take it out");
  }
  const gdcm::DataSet& data = reader.GetFile().GetDataSet();
  SliceHeader header;
  header.path = path;
  header.series_uid = text_of(data, gdcm::Tag(0x0020, 0x000e));
  header.description = text_of(data, gdcm::Tag(0x0008, 0x103e));
  header.modality = text_of(data, gdcm::Tag(0x0008, 0x0060));
  header.rows = count_of<0x0028, 0x0010>(data);
  header.columns = count_of<0x0028, 0x0011>(data);
  if (const auto frames = numbers_of<1>(data, gdcm::Tag(0x0028, 0x0008))) {
    header.frames = static_cast<int64_t>(std::clamp((*frames)[0], 1.0, 1e9));
  }
  header.position = numbers_of<3>(data, gdcm::Tag(0x0020, 0x0032));
  header.orientation = numbers_of<6>(data, gdcm::Tag(0x0020, 0x0037));
  header.spacing = numbers_of<2>(data, gdcm::Tag(0x0028, 0x0030));
  if (const auto thickness = numbers_of<1>(data, gdcm::Tag(0x0018, 0x0050))) header.thickness = (*thickness)[0];
  return header;
}

}  // namespace medvol::dicom
