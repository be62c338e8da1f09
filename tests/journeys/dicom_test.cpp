#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include "framework/dicom/segmentation.h"
#include "framework/dicom/series.h"
#include "framework/imaging/image_io.h"
#include "tests/journeys/program.h"
#include "tests/support/support.h"

namespace medvol::tests {
namespace {

/// A series goes in, a segmentation of it comes out, and both can be given away.
TEST(Dicom, PredictsASegmentationAndAnonymisesIt) {
  MEDVOL_NEEDS_DATA("dcmqi_seg");
  const TemporaryFolder folder;
  const Program program(folder.path());
  const auto succeed = [&](const std::vector<std::string>& arguments) {
    const Outcome outcome = program.run(arguments);
    EXPECT_EQ(outcome.code, 0) << outcome.output;
    return outcome.output;
  };
  succeed(small_training("run"));
  std::filesystem::create_directories(folder / "study");
  std::filesystem::copy(test_data() / "dcmqi_seg/data/segmentations/24x38x3/image", folder / "study/ct");
  succeed({"predict", "model=run", "input=study/ct", "output=map.nii.gz"});
  succeed({"predict", "model=run", "input=study/ct", "output=study/map.dcm"});
  succeed({"predict", "model=run", "input=study/ct", "output=folder", "format=.dcm", "confidence=true"});
  EXPECT_EQ(read_file(folder / "folder/ct.dcm"), read_file(folder / "study/map.dcm"));
  EXPECT_TRUE(std::filesystem::exists(folder / "folder/ct_confidence.nii.gz"));

  const imaging::Volume expected = imaging::read_labels(folder / "map.nii.gz");
  const auto check = [&](const std::filesystem::path& file, const std::filesystem::path& series) {
    const dicom::SegmentationObject object = dicom::open_segmentation(file);
    const dicom::SeriesSlices source = dicom::find_slices(series, object.series_key());
    EXPECT_TRUE(object.label_map(source.geometry).data.equal(expected.data)) << file;
  };
  check(folder / "study/map.dcm", folder / "study/ct");

  succeed({"anonymise", "input=study", "output=shared"});
  int segmentations = 0;
  for (const dicom::SeriesInfo& series : dicom::list_series(folder / "shared"))
    if (series.modality == "SEG") {
      check(series.files.at(0), folder / "shared");
      ++segmentations;
    }
  EXPECT_EQ(segmentations, 1);
  const Outcome again = program.run({"anonymise", "input=study", "output=shared"});
  EXPECT_EQ(again.code, 1);
  EXPECT_NE(again.output.find("not an empty folder"), std::string::npos) << again.output;
  const Outcome image = program.run({"predict", "model=run", "input=map.nii.gz", "output=x.dcm"});
  EXPECT_EQ(image.code, 1);
  EXPECT_NE(image.output.find("needs a DICOM series"), std::string::npos) << image.output;
}

}  // namespace
}  // namespace medvol::tests
