#include "datasets/catalogue/survey.h"

#include <gmock/gmock.h>

#include "tests/datasets/catalogue/made_dataset.h"

namespace medvol::datasets {
namespace {

using testing::ElementsAre;

TEST(Survey, CountsVolumesAndTakesVoxelsEvenly) {
  const tests::TemporaryFolder folder;
  DatasetDescription dataset = tests::made_dataset(folder.path(), 2);
  imaging::Volume image = tests::made_image({12, 14, 16}, {0.5, 0.75, 4});
  imaging::write_image(dataset.cases[1].images[0], image);
  imaging::Volume labels = tests::made_labels(image);
  labels.data.masked_fill_(labels.data == 2, 0);
  imaging::write_labels(dataset.cases[1].labels[0].file, labels);
  const std::vector<CaseSurvey> found = survey(dataset, 2);
  ASSERT_EQ(found.size(), 2u);
  EXPECT_THAT(found[1].size, ElementsAre(12, 14, 16));
  const std::array<double, 3> spacing{4, 0.75, 0.5};
  for (size_t axis = 0; axis < 3; ++axis) EXPECT_NEAR(found[1].spacing[axis], spacing[axis], 1e-6);
  // 6×6×6 voxels of organ, of which 2×2×3 are corner.
  EXPECT_NEAR(found[0].amount.at(1), (216 - 12) / 1000.0, 1e-6);
  EXPECT_NEAR(found[0].amount.at(2), 12 / 1000.0, 1e-6);
  EXPECT_NEAR(found[1].amount.at(1), (216 - 12) * 1.5 / 1000, 1e-6);
  EXPECT_FALSE(found[1].amount.contains(2));
  ASSERT_EQ(found[0].intensities.size(), 1u);
  EXPECT_EQ(found[0].intensities[0].size(), 12u * 14 * 16);  // fewer than survey_samples: all of them
  EXPECT_EQ(found[0].intensities[0].back(), 12 * 14 * 16);
}

TEST(Survey, AHistogramKeepsItsUpperEnd) {
  const Histogram found = histogram({0, 0.1, 0.25, 0.99, 1, 1.01, -0.01}, 4, 0, 1);
  EXPECT_THAT(found.counts, ElementsAre(2, 1, 0, 2));
}

}  // namespace
}  // namespace medvol::datasets
