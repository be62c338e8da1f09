#include "framework/dicom/segmentation_write.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <stdexcept>

#include "framework/core/error.h"
#include "framework/dicom/data_set.h"
#include "framework/dicom/header_parser.h"
#include "framework/storage/checksum.h"

namespace medvol::dicom {
namespace {

/// Later than DCMTK's list of attributes.
const DcmTag segments_overlap(0x0062, 0x0013, EVR_CS);
constexpr size_t longest_text = 64;  // of a long string (LO)

/// What a frame says of the slice that it was made from.
struct SourceSlice {
  std::string sop_class, instance, position;
};

/// One frame: a segment on a slice.
struct Frame {
  size_t segment;  ///< from 0
  int64_t slice;
  at::Tensor inside;  ///< bool [H, W]
};

struct Writer {
  explicit Writer(const std::filesystem::path& first_slice) : source_file(read_data_set(first_slice)) {}

  DcmFileFormat file;
  std::unique_ptr<DcmFileFormat> source_file;
  DcmDataset& data = *file.getDataset();
  DcmDataset& source = *source_file->getDataset();
  std::vector<SourceSlice> slices;
};

void put(DcmItem& item, const DcmTag& tag, const std::string& text) {
  const OFCondition done = item.putAndInsertString(tag, text.c_str());
  MEDVOL_CHECK(done.good(), "{}: {}", DcmTag(tag).toString().c_str(), done.text());
}

void put_number(DcmItem& item, const DcmTag& tag, size_t number) {
  const OFCondition done = item.putAndInsertUint16(tag, static_cast<Uint16>(number));
  MEDVOL_CHECK(done.good(), "{}", done.text());
}

DcmItem& add_item(DcmItem& parent, const DcmTag& sequence, long index = -2) {
  DcmItem* item = nullptr;
  const OFCondition done = parent.findOrCreateSequenceItem(sequence, item, index);
  MEDVOL_CHECK(done.good() && item != nullptr, "{}", done.text());
  return *item;
}

void add_code(DcmItem& parent, const DcmTag& sequence, const std::string& value, const std::string& scheme,
              const std::string& meaning) {
  DcmItem& code = add_item(parent, sequence);
  put(code, DCM_CodeValue, value);
  put(code, DCM_CodingSchemeDesignator, scheme);
  put(code, DCM_CodeMeaning, meaning);
}

/// At most so many bytes, and no half of a UTF-8 character.
std::string shortened(std::string text, size_t bytes) {
  text = printable(std::move(text));
  std::replace(text.begin(), text.end(), '\\', '/');  // it separates values
  if (text.size() <= bytes) return text;
  while (bytes > 0 && (static_cast<unsigned char>(text[bytes]) & 0xc0) == 0x80) --bytes;
  return text.substr(0, bytes);
}

std::vector<SourceSlice> read_slices(const SeriesSlices& source) {
  constexpr Tag sop_class = 0x00080016, instance = 0x00080018, position = 0x00200032;
  std::vector<SourceSlice> slices;
  for (const auto& path : source.files) {
    Header header;
    try {
      header = parse_header(path, {sop_class, instance, position});
    } catch (const std::runtime_error&) {
      throw core::UserError("damaged or truncated DICOM file", path.string());
    }
    slices.push_back({header.text(sop_class), header.text(instance), header.text(position)});
    if (slices.back().sop_class.empty() || slices.back().instance.empty() || slices.back().position.empty()) {
      throw core::UserError("a DICOM segmentation cannot refer to this slice", path.string(),
                            "it has no SOPClassUID, SOPInstanceUID or ImagePositionPatient: choose another format");
    }
  }
  return slices;
}

/// From the source: the attributes of the patient, the study and the frame of reference (PS3.3 C.7.1 to C.7.4).
void copy_source(Writer& writer, bool plain_text) {
  DcmDataset& source = writer.source;
  if (!plain_text && source.convertToUTF8().bad()) {
    throw core::UserError("the series' text cannot be converted to UTF-8, which the labels need", "",
                          "name the classes in ASCII");
  }
  for (const DcmTagKey& tag : {DCM_PatientName, DCM_PatientID, DCM_PatientBirthDate, DCM_PatientSex, DCM_StudyDate,
                               DCM_StudyTime, DCM_StudyID, DCM_AccessionNumber, DCM_ReferringPhysicianName}) {
    // These stand in every object, empty where nothing is known.
    if (source.findAndInsertCopyOfElement(tag, &writer.data).bad()) writer.data.insertEmptyElement(tag);
  }
  for (const DcmTagKey& tag :
       {DCM_SpecificCharacterSet, DCM_TimezoneOffsetFromUTC, DCM_IssuerOfPatientID, DCM_PatientIdentityRemoved,
        DCM_DeidentificationMethod, DCM_DeidentificationMethodCodeSequence, DCM_LongitudinalTemporalInformationModified,
        DCM_StudyDescription, DCM_PatientAge, DCM_PatientSize, DCM_PatientWeight, DCM_StudyInstanceUID,
        DCM_FrameOfReferenceUID, DCM_BodyPartExamined, DCM_LossyImageCompression, DCM_LossyImageCompressionRatio,
        DCM_LossyImageCompressionMethod}) {
    source.findAndInsertCopyOfElement(tag, &writer.data);
  }
  if (!plain_text) put(writer.data, DCM_SpecificCharacterSet, "ISO_IR 192");
  if (source.findAndInsertCopyOfElement(DCM_PositionReferenceIndicator, &writer.data).bad()) {
    writer.data.insertEmptyElement(DCM_PositionReferenceIndicator);
  }
  if (text_of(writer.data, DCM_LossyImageCompression).empty()) put(writer.data, DCM_LossyImageCompression, "00");
}

/// The first of these that the source has.
std::string first_text(DcmItem& source, std::initializer_list<DcmTagKey> tags, const std::string& otherwise) {
  for (const DcmTagKey& tag : tags) {
    if (const std::string text = text_of(source, tag); !text.empty()) return text;
  }
  return otherwise;
}

void put_general(Writer& writer, const SegmentationMaker& maker, const std::string& identity) {
  DcmDataset& data = writer.data;
  put(data, DCM_SOPClassUID, UID_SegmentationStorage);
  put(data, DCM_SOPInstanceUID, uid_of("medvol/dicom/instance " + identity));
  put(data, DCM_SeriesInstanceUID, uid_of("medvol/dicom/series " + identity));
  put(data, DCM_Modality, "SEG");
  put(data, DCM_SeriesNumber, "1000");
  put(data, DCM_SeriesDescription, shortened("Segmentation by " + maker.algorithm, longest_text));
  put(data, DCM_InstanceNumber, "1");
  put(data, DCM_Manufacturer, "medvol");
  put(data, DCM_ManufacturerModelName, shortened(maker.algorithm, longest_text));
  put(data, DCM_DeviceSerialNumber, "0");
  put(data, DCM_SoftwareVersions, shortened(maker.version, longest_text));
  // The time of writing would make every file another one.
  put(data, DCM_ContentDate,
      first_text(writer.source, {DCM_ContentDate, DCM_AcquisitionDate, DCM_SeriesDate, DCM_StudyDate}, "19000101"));
  put(data, DCM_ContentTime,
      first_text(writer.source, {DCM_ContentTime, DCM_AcquisitionTime, DCM_SeriesTime, DCM_StudyTime}, "000000"));
  put(data, DCM_ContentLabel, "SEGMENTATION");
  data.insertEmptyElement(DCM_ContentDescription);
  data.insertEmptyElement(DCM_ContentCreatorName);
  put(data, DCM_ImageType, "DERIVED\\PRIMARY");
}

void put_segments(Writer& writer, const std::vector<Segment>& labels, const SegmentationMaker& maker) {
  put(writer.data, DCM_SegmentationType, "BINARY");
  put(writer.data, segments_overlap, "NO");
  DcmItem& scheme = add_item(writer.data, DCM_CodingSchemeIdentificationSequence);
  put(scheme, DCM_CodingSchemeDesignator, "99MEDVOL");
  put(scheme, DCM_CodingSchemeName, "Class names of medvol models");
  for (size_t i = 0; i < labels.size(); ++i) {
    const std::string label = shortened(labels[i].label, longest_text);
    DcmItem& segment = add_item(writer.data, DCM_SegmentSequence);
    put_number(segment, DCM_SegmentNumber, i + 1);
    put(segment, DCM_SegmentLabel, label);
    put(segment, DCM_SegmentAlgorithmType, "AUTOMATIC");
    put(segment, DCM_SegmentAlgorithmName, shortened(maker.algorithm, longest_text));
    add_code(segment, DCM_SegmentedPropertyCategoryCodeSequence, "85756007", "SCT", "Tissue");
    constexpr size_t longest_code = 16;
    add_code(segment, DCM_SegmentedPropertyTypeCodeSequence, storage::checksum(label).substr(0, longest_code),
             "99MEDVOL", label);
  }
}

/// The two dimensions by which frames are sorted (PS3.3 C.7.6.17): segment, then position.
void put_dimensions(Writer& writer, const std::string& identity) {
  const std::string uid = uid_of("medvol/dicom/dimensions " + identity);
  put(add_item(writer.data, DCM_DimensionOrganizationSequence), DCM_DimensionOrganizationUID, uid);
  const auto add = [&](const DcmTagKey& pointer, const DcmTagKey& group, const char* label) {
    DcmItem& index = add_item(writer.data, DCM_DimensionIndexSequence);
    put(index, DCM_DimensionOrganizationUID, uid);
    index.putAndInsertTagKey(DCM_DimensionIndexPointer, pointer);
    index.putAndInsertTagKey(DCM_FunctionalGroupPointer, group);
    put(index, DCM_DimensionDescriptionLabel, label);
  };
  add(DCM_ReferencedSegmentNumber, DCM_SegmentIdentificationSequence, "Segment");
  add(DCM_ImagePositionPatient, DCM_PlanePositionSequence, "Position");
}

void put_references(Writer& writer) {
  DcmItem& series = add_item(writer.data, DCM_ReferencedSeriesSequence);
  put(series, DCM_SeriesInstanceUID, text_of(writer.source, DCM_SeriesInstanceUID));
  for (const SourceSlice& slice : writer.slices) {
    DcmItem& instance = add_item(series, DCM_ReferencedInstanceSequence);
    put(instance, DCM_ReferencedSOPClassUID, slice.sop_class);
    put(instance, DCM_ReferencedSOPInstanceUID, slice.instance);
  }
}

void put_shared_groups(Writer& writer, const imaging::Geometry& grid) {
  DcmItem& shared = add_item(writer.data, DCM_SharedFunctionalGroupsSequence);
  put(add_item(shared, DCM_PlaneOrientationSequence), DCM_ImageOrientationPatient,
      text_of(writer.source, DCM_ImageOrientationPatient));
  DcmItem& measures = add_item(shared, DCM_PixelMeasuresSequence);
  put(measures, DCM_PixelSpacing, text_of(writer.source, DCM_PixelSpacing));
  const std::string thickness = fmt::format("{:.8g}", grid.spacing[2]);
  put(measures, DCM_SliceThickness, thickness);
  put(measures, DCM_SpacingBetweenSlices, thickness);
}

void put_frame_groups(Writer& writer, const Frame& frame) {
  const SourceSlice& slice = writer.slices[static_cast<size_t>(frame.slice)];
  DcmItem& groups = add_item(writer.data, DCM_PerFrameFunctionalGroupsSequence);
  DcmItem& derivation = add_item(groups, DCM_DerivationImageSequence);
  add_code(derivation, DCM_DerivationCodeSequence, "113076", "DCM", "Segmentation");
  DcmItem& image = add_item(derivation, DCM_SourceImageSequence);
  put(image, DCM_ReferencedSOPClassUID, slice.sop_class);
  put(image, DCM_ReferencedSOPInstanceUID, slice.instance);
  put(image, DCM_SpatialLocationsPreserved, "YES");
  add_code(image, DCM_PurposeOfReferenceCodeSequence, "121322", "DCM", "Source image for image processing operation");
  const std::array<Uint32, 2> place{static_cast<Uint32>(frame.segment + 1), static_cast<Uint32>(frame.slice + 1)};
  add_item(groups, DCM_FrameContentSequence).putAndInsertUint32Array(DCM_DimensionIndexValues, place.data(), 2);
  put(add_item(groups, DCM_PlanePositionSequence), DCM_ImagePositionPatient, slice.position);
  put_number(add_item(groups, DCM_SegmentIdentificationSequence), DCM_ReferencedSegmentNumber, frame.segment + 1);
}

std::vector<Frame> frames_of(const at::Tensor& map, const std::vector<Segment>& labels) {
  std::vector<Frame> frames;
  for (size_t segment = 0; segment < labels.size(); ++segment) {
    for (int64_t z = 0; z < map.size(0); ++z) {
      at::Tensor inside = map[z].eq(labels[segment].number).contiguous();
      if (inside.any().item<bool>()) frames.push_back({segment, z, std::move(inside)});
    }
  }
  // A segmentation has at least one frame.
  if (frames.empty()) frames.push_back({0, 0, at::zeros({map.size(1), map.size(2)}, at::kBool)});
  return frames;
}

/// Bits of all frames without gaps, the first in the lowest bit (PS3.5, 8.1.1), to an even number of bytes.
std::vector<Uint8> packed(const std::vector<Frame>& frames) {
  const auto pixels = static_cast<size_t>(frames.front().inside.numel());
  std::vector<Uint8> bytes((frames.size() * pixels + 15) / 16 * 2, 0);
  size_t bit = 0;
  for (const Frame& frame : frames) {
    const bool* inside = frame.inside.data_ptr<bool>();
    for (size_t i = 0; i < pixels; ++i, ++bit) bytes[bit / 8] |= static_cast<Uint8>(inside[i] << (bit % 8));
  }
  return bytes;
}

void put_pixels(Writer& writer, const std::vector<Frame>& frames, const imaging::Geometry& grid) {
  put_number(writer.data, DCM_SamplesPerPixel, 1);
  put(writer.data, DCM_PhotometricInterpretation, "MONOCHROME2");
  put(writer.data, DCM_NumberOfFrames, std::to_string(frames.size()));
  put_number(writer.data, DCM_Rows, static_cast<size_t>(grid.size[1]));
  put_number(writer.data, DCM_Columns, static_cast<size_t>(grid.size[0]));
  put_number(writer.data, DCM_BitsAllocated, 1);
  put_number(writer.data, DCM_BitsStored, 1);
  put_number(writer.data, DCM_HighBit, 0);
  put_number(writer.data, DCM_PixelRepresentation, 0);
  const std::vector<Uint8> bytes = packed(frames);
  const OFCondition done =
      writer.data.putAndInsertUint8Array(DcmTag(DCM_PixelData, EVR_OB), bytes.data(), bytes.size());
  MEDVOL_CHECK(done.good(), "{}", done.text());
}

bool is_ascii(const std::string& text) {
  return std::all_of(text.begin(), text.end(), [](unsigned char c) { return c < 128; });
}

}  // namespace

void write_segmentation(const std::filesystem::path& path, const imaging::Volume& map,
                        const std::vector<Segment>& labels, const SeriesSlices& source,
                        const SegmentationMaker& maker) {
  MEDVOL_CHECK(map.geometry.matches(source.geometry) && map.data.dim() == 3 && !labels.empty(),
               "a map on another grid than its series");
  Writer writer(source.files.front());
  writer.slices = read_slices(source);
  const at::Tensor values = map.data.to(at::kCPU, at::kInt).contiguous();
  storage::Hasher hash;
  hash.update(values.data_ptr(), values.nbytes());
  bool plain_text = is_ascii(maker.algorithm) && is_ascii(maker.version);
  for (const Segment& label : labels) {
    hash.update(fmt::format("{} {}\n", label.number, label.label));
    plain_text = plain_text && is_ascii(label.label);
  }
  hash.update(maker.algorithm + "\n" + maker.version + "\n" + text_of(writer.source, DCM_SeriesInstanceUID));
  const std::string identity = hash.hex();
  copy_source(writer, plain_text);
  put_general(writer, maker, identity);
  put_segments(writer, labels, maker);
  put_dimensions(writer, identity);
  put_references(writer);
  put_shared_groups(writer, map.geometry);
  const std::vector<Frame> frames = frames_of(values, labels);
  for (const Frame& frame : frames) put_frame_groups(writer, frame);
  put_pixels(writer, frames, map.geometry);
  write_data_set(path, writer.file, EXS_LittleEndianExplicit);
}

}  // namespace medvol::dicom
