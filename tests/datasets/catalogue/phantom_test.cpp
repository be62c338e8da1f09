#include "datasets/catalogue/phantom.h"

#include <gmock/gmock.h>

#include <set>

#include "datasets/catalogue/integrity.h"
#include "datasets/catalogue/phantom_anatomy.h"
#include "datasets/catalogue/read_case.h"
#include "framework/core/error.h"
#include "framework/imaging/grid_transform.h"
#include "framework/storage/checksum.h"
#include "tests/support/support.h"

namespace medvol::datasets {
namespace {

using testing::HasSubstr;

PhantomOptions small(const std::filesystem::path& root) {
  return {.root = root, .cases = 3, .test_cases = 2, .size = 32, .seed = 5};
}

std::string hash_of(const at::Tensor& tensor) {
  return storage::checksum({static_cast<const char*>(tensor.const_data_ptr()), tensor.nbytes()});
}

TEST(Phantom, IsReadBackByTheNnunetReader) {
  const tests::TemporaryFolder folder;
  const DatasetDescription dataset = Phantom(small(folder / "phantom")).describe();
  EXPECT_EQ(dataset.name, "Phantom");
  ASSERT_EQ(dataset.cases.size(), 3u);
  ASSERT_EQ(dataset.test_cases.size(), 2u);
  EXPECT_EQ(dataset.test_cases[0].labels.size(), 1u);
  EXPECT_THAT(check_integrity(dataset, 2), testing::IsEmpty());
  const PhantomExamination made = make_phantom(32, 5, 1);
  const imaging::Volume image = read_case_image(dataset.cases[1].images, 1);
  EXPECT_TRUE(image.geometry.matches(made.image.geometry));
  EXPECT_TRUE(at::equal(image.data, made.image.data));
  EXPECT_TRUE(at::equal(read_case_labels(dataset.cases[1], dataset, image.geometry).data, made.labels.data));
  const auto written = std::filesystem::last_write_time(dataset.cases[1].images[0]);
  Phantom(small(folder / "phantom")).describe();
  EXPECT_EQ(std::filesystem::last_write_time(dataset.cases[1].images[0]), written)
      << "what is there is not written again";
}

TEST(Phantom, FilesDoNotDependOnThreads) {
  const tests::TemporaryFolder folder;
  write_phantom(folder / "one", small({}), 1);
  write_phantom(folder / "four", small({}), 4);
  for (const char* file : {"imagesTr/phantom_000_0000.nii.gz", "labelsTr/phantom_002.nii.gz",
                           "imagesTs/phantom_test_001_0000.nii.gz", "dataset.json"})
    EXPECT_EQ(tests::read_file(folder / "one" / file), tests::read_file(folder / "four" / file)) << file;
}

TEST(Phantom, VoxelsArePinned) {
  const PhantomExamination made = make_phantom(32, 5, 0);
  EXPECT_EQ(hash_of(made.image.data), "60abb8951e4fb028af90aa156eb92a8e");
  EXPECT_EQ(hash_of(made.labels.data), "8cefe6ee1633b50c2ed5e7ff0a4818ef");
}

TEST(Phantom, OrgansAreLargeEnoughAndTwoShareTheirMean) {
  double liver_sum = 0, spleen_sum = 0, kidney_sum = 0;
  constexpr int cases = 8;
  std::set<std::string> directions;
  for (int i = 0; i < cases; ++i) {
    const PhantomExamination made = make_phantom(44, 20, uint64_t(i));
    std::string direction;
    for (const double value : made.image.geometry.direction) direction += value < 0 ? "-" : value > 0 ? "+" : "0";
    directions.insert(direction);
    const auto to_ras = imaging::GridTransform::start(made.image.geometry).orient_to_ras();
    const at::Tensor image = to_ras.apply_image(made.image.data)[0], labels = to_ras.apply_labels(made.labels.data);
    std::array<double, 4> left_right{};
    for (int label = 1; label <= 3; ++label) {
      const at::Tensor where = at::nonzero(labels == label);
      const at::Tensor extent = std::get<0>(where.max(0)) - std::get<0>(where.min(0)) + 1;
      EXPECT_GE(extent.min().item<int64_t>(), 10) << "case " << i << ", organ " << label;
      left_right[size_t(label)] = where.select(1, 2).to(at::kDouble).mean().item<double>();
    }
    EXPECT_GT(left_right[1], left_right[2]) << "the liver lies on the right";
    const double tissue = image.median().item<double>();
    liver_sum += image.masked_select(labels == 1).mean().item<double>() / tissue;
    spleen_sum += image.masked_select(labels == 2).mean().item<double>() / tissue;
    kidney_sum += image.masked_select(labels == 3).mean().item<double>() / tissue;
  }
  EXPECT_NEAR(liver_sum / spleen_sum, 1, 0.08);
  EXPECT_GT(kidney_sum / liver_sum, 1.2);
  EXPECT_GE(directions.size(), 6u);
}

TEST(Phantom, LeavesOtherFoldersAlone) {
  const tests::TemporaryFolder folder;
  tests::write_file(folder / "thesis" / "chapter.txt", "x");
  EXPECT_THROW(write_phantom(folder / "thesis", small({})), core::UserError);
  write_phantom(folder / "phantom", small({}));
  PhantomOptions other = small({});
  other.seed = 6;
  try {
    write_phantom(folder / "phantom", other);
    FAIL() << "no error";
  } catch (const core::UserError& error) {
    EXPECT_THAT(error.what(), HasSubstr("other options"));
  }
}

}  // namespace
}  // namespace medvol::datasets
