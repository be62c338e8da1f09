#include <algorithm>
#include <cmath>
#include <cstring>
#include <set>

#include "framework/core/error.h"
#include "framework/dicom/data_set.h"
#include "framework/dicom/segmentation_frames.h"
#include "framework/dicom/slice_header.h"

namespace medvol::dicom {
namespace {

using Content = SegmentationObject::Content;

[[noreturn]] void refuse(const Content& content, const std::string& what, const std::string& hint = "") {
  throw core::UserError(what, content.path.string(), hint);
}

void read_kind(DcmDataset& data, Content& content) {
  const std::string kind = text_of(data, DCM_SegmentationType);
  if (text_of(data, DCM_Modality) != "SEG" || kind.empty()) {
    refuse(content, "is no DICOM segmentation", "expected an object of modality SEG with a SegmentationType");
  }
  if (kind == "BINARY")
    content.kind = SegmentationKind::binary;
  else if (kind == "FRACTIONAL")
    content.kind = SegmentationKind::fractional;
  else if (kind == "LABELMAP")
    content.kind = SegmentationKind::labelmap;
  else
    refuse(content, fmt::format("segmentations of type '{}' are not known", kind), "BINARY, FRACTIONAL, LABELMAP");
  content.largest_share = whole_number_of(data, DCM_MaximumFractionalValue).value_or(1);
  if (content.kind == SegmentationKind::fractional && content.largest_share < 1) {
    refuse(content, "MaximumFractionalValue is not above 0");
  }
  if (content.kind == SegmentationKind::labelmap) content.padding_value = whole_number_of(data, DCM_PixelPaddingValue);
}

void read_segments(DcmDataset& data, Content& content) {
  std::set<int64_t> numbers;
  for (DcmItem* item : items_of(data, DCM_SegmentSequence)) {
    const auto number = whole_number_of(*item, DCM_SegmentNumber);
    if (!number || !numbers.insert(*number).second) {
      refuse(content, "its segments have no numbers of their own", "the file is damaged");
    }
    content.segments.push_back({*number, printable(text_of(*item, DCM_SegmentLabel))});
  }
  if (content.segments.empty()) refuse(content, "declares no segment", "the file is damaged");
}

/// A functional group (PS3.3 C.7.6.16) of one frame, or of all.
DcmItem* group_of(DcmItem* frame, DcmItem* shared, const DcmTagKey& tag) {
  DcmItem* own = first_item_of(frame, tag);
  return own != nullptr ? own : first_item_of(shared, tag);
}

SegmentationFrame read_frame(DcmItem* own, DcmItem* shared) {
  SegmentationFrame frame;
  if (DcmItem* group = group_of(own, shared, DCM_SegmentIdentificationSequence)) {
    frame.segment = whole_number_of(*group, DCM_ReferencedSegmentNumber);
  }
  if (DcmItem* group = group_of(own, shared, DCM_PlanePositionSequence)) {
    frame.position = numbers_of<3>(*group, DCM_ImagePositionPatient);
  }
  if (DcmItem* group = group_of(own, shared, DCM_PlaneOrientationSequence)) {
    frame.orientation = numbers_of<6>(*group, DCM_ImageOrientationPatient);
  }
  if (DcmItem* group = group_of(own, shared, DCM_PixelMeasuresSequence)) {
    frame.spacing = numbers_of<2>(*group, DCM_PixelSpacing);
  }
  return frame;
}

void read_frames(DcmDataset& data, Content& content) {
  const int64_t count = whole_number_of(data, DCM_NumberOfFrames).value_or(1);
  const std::vector<DcmItem*> own = items_of(data, DCM_PerFrameFunctionalGroupsSequence);
  if (own.empty()) {
    refuse(content, "does not say for each frame where it lies",
           "tiled segmentations of slides (TILED_FULL) have no place in the patient and are not read");
  }
  if (count != static_cast<int64_t>(own.size())) {
    refuse(content, fmt::format("{} frames, but functional groups of {}", count, own.size()), "the file is damaged");
  }
  DcmItem* shared = first_item_of(&data, DCM_SharedFunctionalGroupsSequence);
  for (DcmItem* item : own) content.frames.push_back(read_frame(item, shared));
  if (content.kind == SegmentationKind::labelmap) return;
  for (const SegmentationFrame& frame : content.frames) {
    if (!frame.segment) refuse(content, "a frame names no segment (ReferencedSegmentNumber)");
    if (!content.declares(*frame.segment)) {
      refuse(content, fmt::format("a frame of segment {}, which the file does not declare", *frame.segment));
    }
  }
}

/// The bytes of the pixels in the order of a little-endian file.
std::vector<uint8_t> pixel_bytes(DcmDataset& data) {
  DcmElement* element = nullptr;
  if (data.findAndGetElement(DCM_PixelData, element).bad() || element == nullptr) return {};
  std::vector<uint8_t> bytes;
  if (Uint16* words = nullptr; element->getUint16Array(words).good() && words != nullptr) {
    bytes.resize(element->getLength());
    std::memcpy(bytes.data(), words, bytes.size());  // this program runs on little-endian machines only
  } else if (Uint8* single = nullptr; element->getUint8Array(single).good() && single != nullptr) {
    bytes.assign(single, single + element->getLength());
  }
  return bytes;
}

void read_pixels(DcmFileFormat& file, Content& content) {
  DcmDataset& data = *file.getDataset();
  content.rows = whole_number_of(data, DCM_Rows).value_or(0);
  content.columns = whole_number_of(data, DCM_Columns).value_or(0);
  const int64_t bits = whole_number_of(data, DCM_BitsAllocated).value_or(0);
  const bool binary = content.kind == SegmentationKind::binary;
  if (content.rows < 1 || content.columns < 1) refuse(content, "has no rows or columns", "the file is damaged");
  if (binary ? bits != 1 : bits != 8 && bits != 16) {
    refuse(content, fmt::format("{} bits a pixel do not fit its SegmentationType", bits));
  }
  decode_pixels(file, content.path);
  content.bytes_per_pixel = std::max<int64_t>(1, bits / 8);
  content.pixels = pixel_bytes(data);
  const double needed = static_cast<double>(content.frames.size()) * static_cast<double>(content.rows) *
                        static_cast<double>(content.columns) * static_cast<double>(bits) / 8;
  if (static_cast<double>(content.pixels.size()) < needed) {
    refuse(content, "the pixels do not fill its frames", "the file is damaged");
  }
}

/// Every value of a label map is a declared segment, the padding, or 0.
void check_values(const Content& content) {
  if (content.kind != SegmentationKind::labelmap) return;
  std::vector<bool> seen(1 << 16, false);
  const int64_t count = static_cast<int64_t>(content.frames.size()) * content.rows * content.columns;
  for (int64_t i = 0; i < count; ++i) seen[static_cast<size_t>(content.value(i))] = true;
  for (size_t i = 1; i < seen.size(); ++i) {
    const auto value = static_cast<int64_t>(i);
    if (seen[i] && content.padding_value != value && !content.declares(value)) {
      refuse(content, fmt::format("its pixels hold {}, which stands for no segment", value), "the file is damaged");
    }
  }
}

std::string segmented_series(DcmDataset& data) {
  DcmItem* series = first_item_of(&data, DCM_ReferencedSeriesSequence);
  return series == nullptr ? "" : key_of_series(text_of(*series, DCM_SeriesInstanceUID));
}

}  // namespace

bool Content::declares(int64_t number) const {
  return std::any_of(segments.begin(), segments.end(), [&](const Segment& one) { return one.number == number; });
}

int64_t Content::value(int64_t index) const {
  if (kind == SegmentationKind::binary) return pixels[static_cast<size_t>(index / 8)] >> (index % 8) & 1;
  if (bytes_per_pixel == 1) return pixels[static_cast<size_t>(index)];
  return pixels[static_cast<size_t>(2 * index)] | pixels[static_cast<size_t>(2 * index + 1)] << 8;
}

SegmentationObject open_segmentation(const std::filesystem::path& path) {
  const std::unique_ptr<DcmFileFormat> file = read_data_set(path);
  DcmDataset& data = *file->getDataset();
  auto content = std::make_shared<Content>();
  content->path = path;
  read_kind(data, *content);
  read_segments(data, *content);
  read_frames(data, *content);
  read_pixels(*file, *content);
  check_values(*content);
  content->series_key = segmented_series(data);
  return SegmentationObject(std::move(content));
}

}  // namespace medvol::dicom
