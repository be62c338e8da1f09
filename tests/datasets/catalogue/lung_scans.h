#pragma once
#include <filesystem>
#include <string>
#include <vector>

#include "framework/dicom/header_parser.h"
#include "framework/imaging/volume.h"
#include "tests/support/support.h"

namespace medvol::datasets {

/// Axes x and y run backwards, as in some of LUNA16's headers.
inline imaging::Geometry turned_grid() {
  imaging::Geometry grid;
  grid.size = {40, 36, 20};
  grid.spacing = {0.5, 0.5, 1};
  grid.origin = {12, 20, -300};
  grid.direction = {-1, 0, 0, 0, -1, 0, 0, 0, 1};
  return grid;
}

/// A scan of a series in a subset of LUNA16, on turned_grid(), with lungs (3, 4) and a windpipe (5).
inline void luna_scan(const std::filesystem::path& root, const std::string& subset, const std::string& series) {
  std::filesystem::create_directories(root / subset);
  std::filesystem::create_directories(root / "seg-lungs-LUNA16");
  const auto meta = [&](const std::filesystem::path& folder, const char* type, const std::string& bytes) {
    tests::write_file(folder / (series + ".mhd"),
                      "ObjectType = Image\nNDims = 3\nBinaryData = True\nBinaryDataByteOrderMSB = False\n"
                      "CompressedData = False\nTransformMatrix = -1 0 0 0 -1 0 0 0 1\nOffset = 12 20 -300\n"
                      "CenterOfRotation = 0 0 0\nAnatomicalOrientation = LPI\nElementSpacing = 0.5 0.5 1\n"
                      "DimSize = 40 36 20\nElementType = " +
                          std::string(type) + "\nElementDataFile = " + series + ".raw\n");
    tests::write_file(folder / (series + ".raw"), bytes);
  };
  std::string voxels(2 * 40 * 36 * 20, '\1');  // 257 to 261
  for (size_t i = 0; i < voxels.size(); i += 2) voxels[i] = static_cast<char>(1 + i / 2 % 5);
  meta(root / subset, "MET_SHORT", voxels);
  std::string lungs(40 * 36 * 20, '\0');
  for (size_t i = 0; i < 40 * 36 * 4; ++i) lungs[i] = static_cast<char>(3 + i % 3);
  meta(root / "seg-lungs-LUNA16", "MET_UCHAR", lungs);
}

/// The outline of a square of pixels, each outline pixel once, as the readers drew them.
inline std::string square(int low, int high, const std::string& place, const char* inclusion = "TRUE") {
  std::string text = "<roi>" + place + "<inclusion>" + inclusion + "</inclusion>";
  const auto point = [&](int x, int y) {
    text += "<edgeMap><xCoord>" + std::to_string(x) + "</xCoord><yCoord>" + std::to_string(y) + "</yCoord></edgeMap>\n";
  };
  for (int x = low; x < high; ++x) point(x, low);
  for (int y = low; y < high; ++y) point(high, y);
  for (int x = high; x > low; --x) point(x, high);
  for (int y = high; y > low; --y) point(low, y);
  return text + "</roi>\n";
}

inline std::string message(const std::string& series, const std::vector<std::string>& readers) {
  std::string text =
      "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<LidcReadMessage xmlns=\"http://www.nih.gov\">\n<ResponseHeader>"
      "<SeriesInstanceUid>" +
      series + "</SeriesInstanceUid></ResponseHeader>\n";
  for (const std::string& reader : readers) text += "<readingSession>" + reader + "</readingSession>\n";
  return text + "</LidcReadMessage>\n";
}

inline std::string nodule(const std::string& rois) {
  return "<unblindedReadNodule><noduleID>1</noduleID><characteristics/>" + rois + "</unblindedReadNodule>";
}

/// Three real slices in the folders of the NBIA Data Retriever, with readings made here.
struct LidcCollection {
  tests::TemporaryFolder folder;
  std::filesystem::path series = folder / "LIDC-IDRI/LIDC-IDRI-0005/01-01-2000-NA-NA-42125/3000548.000000-NA-86225";
  std::string series_uid, slice_uid;

  LidcCollection() {
    std::filesystem::create_directories(series);
    const std::filesystem::path real = tests::test_data() / "dcmqi_seg/data/segmentations/ct-3slice";
    for (const auto& entry : std::filesystem::directory_iterator(real))
      std::filesystem::copy(entry.path(), series / entry.path().filename());
    const dicom::Header header = dicom::parse_header(series / "02.dcm", {0x0020000e, 0x00080018});
    series_uid = header.text(0x0020000e);
    slice_uid = header.text(0x00080018);
  }

  void annotate(const std::filesystem::path& file, const std::string& uid) const {
    const std::string place = "<imageZposition>0</imageZposition><imageSOP_UID>" + slice_uid + "</imageSOP_UID>";
    tests::write_file(file, message(uid, {nodule(square(100, 110, place)), nodule(square(100, 110, place))}));
  }
};

}  // namespace medvol::datasets
