// Collections of TCIA: real DICOM-SEG and RTSTRUCT with their images, in the folders and with the table of the NBIA
// Data Retriever.
#include <gmock/gmock.h>

#include <ATen/ATen.h>

#include "datasets/catalogue/integrity.h"
#include "datasets/catalogue/read_case.h"
#include "datasets/catalogue/tcia.h"
#include "framework/imaging/image_io.h"
#include "tests/datasets/catalogue/layout_checks.h"
#include "tests/datasets/catalogue/nbia_download.h"

namespace medvol::datasets {
namespace {

using testing::HasSubstr;
using testing::SizeIs;
using tests::TemporaryFolder;
namespace fs = std::filesystem;

TciaOptions wanted(std::map<std::string, int64_t> labels) {
  TciaOptions options;
  options.labels = std::move(labels);
  return options;
}

TEST(Tcia, FindsTheSegmentationThatRefersToASeries) {
  MEDVOL_NEEDS_DATA("dcmqi_seg");
  Download download;
  add_liver(download);
  download.add({tests::test_data() / "dcmqi_seg/data/segmentations/ct-3slice/01.dcm"}, "S-2", "unannotated");
  tests::write_file(download.root / "clinical.csv", "PatientID,age,outcome\nS-1,61,alive\nS-3,4,\n");
  TciaOptions options = wanted({{"Liver", 4}});
  options.clinical = download.root / "clinical.csv";
  options.subject_column = "PatientID";
  const DatasetDescription dataset = describe<Tcia>(download.root.parent_path(), options);  // dataset "tcia"
  ASSERT_THAT(dataset.cases, SizeIs(1));
  EXPECT_THAT(dataset.test_cases, SizeIs(1));
  const Case& one = dataset.cases[0];
  EXPECT_EQ(one.patient, "S-1");
  EXPECT_EQ(one.site, "Maker");
  EXPECT_EQ(one.attributes.at("outcome"), "alive");
  const imaging::Volume image = read_case_image(one.images, 1);
  const at::Tensor labels = read_case_labels(one, dataset, image.geometry).data;
  const at::Tensor reference = imaging::read_labels(dcmqi() / "nrrd/label.nrrd").data;
  EXPECT_EQ((labels == 4).sum().item<int64_t>(), (reference != 0).sum().item<int64_t>());
  EXPECT_GT(labels.sum().item<int64_t>(), 0);
  EXPECT_EQ(labels.sum().item<int64_t>(), 4 * (labels == 4).sum().item<int64_t>());
  DatasetDescription annotated = dataset;
  annotated.test_cases.clear();
  EXPECT_TRUE(check_integrity(annotated).empty());
}

TEST(Tcia, FindsTheStructureSetThatRefersToASeries) {
  MEDVOL_NEEDS_DATA("rt_utils_rtstruct");
  Download download;
  download.add({rt() / "ct_1.dcm", rt() / "ct_2.dcm"}, "P-7", "CT");
  download.add({rt() / "rt.dcm"}, "P-7", "RTstruct");
  const DatasetDescription dataset = describe<Tcia>(download.root, wanted({{"ROI-1", 1}}));
  ASSERT_THAT(dataset.cases, SizeIs(1));
  const imaging::Volume image = read_case_image(dataset.cases[0].images, 1);
  EXPECT_GT(read_case_labels(dataset.cases[0], dataset, image.geometry).data.sum().item<int64_t>(), 0);
}

TEST(Tcia, SaysWhatIsWrong) {
  MEDVOL_NEEDS_DATA("dcmqi_seg");
  Download download;
  const auto refusal = [&](const std::map<std::string, int64_t>& labels) {
    return error_of([&] { describe<Tcia>(download.root.parent_path(), wanted(labels)); });
  };
  EXPECT_THAT(refusal({{"Liver", 1}}), HasSubstr("holds no metadata.csv"));
  add_liver(download);
  EXPECT_THAT(refusal({}), HasSubstr("dataset.labels"));
  EXPECT_THAT(refusal({{"Lever", 1}}), HasSubstr("has no 'Lever'; it has: Liver"));
  download.write("1.2.840.1\n");
  EXPECT_THAT(refusal({{"Liver", 1}}), HasSubstr("1 of its 3 series were not downloaded"));
  download.write("1.2.84O\n");
  EXPECT_THAT(refusal({{"Liver", 1}}), HasSubstr("'1.2.84O' is no series UID"));
  download.write();
  EXPECT_EQ(refusal({{"Liver", 1}}), "");
  download.add({dcmqi() / "seg/label.seg"}, "S-1", "Another");
  EXPECT_THAT(refusal({{"Liver", 1}}), HasSubstr("annotates an image that another one annotates too"));
  TciaOptions chosen = wanted({{"Liver", 1}});
  chosen.annotation = "Ano";
  EXPECT_THAT(describe<Tcia>(download.root, chosen).cases, SizeIs(1));
  for (const auto& entry : fs::recursive_directory_iterator(download.root))
    if (entry.path().filename() == "1-2.dcm") {
      fs::remove(entry.path());
      break;
    }
  EXPECT_THAT(refusal({{"Liver", 1}}), HasSubstr("holds 2 files where metadata.csv says 3"));
}

}  // namespace
}  // namespace medvol::datasets
