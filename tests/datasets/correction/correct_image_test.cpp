#include "datasets/correction/correct_image.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <torch/types.h>

#include "datasets/catalogue/read_case.h"
#include "framework/core/error.h"
#include "framework/imaging/image_io.h"
#include "framework/imaging/intensity_landmarks.h"
#include "framework/plan/corrections.h"
#include "tests/support/support.h"

namespace medvol::datasets {
namespace {

using testing::HasSubstr;
using tests::TemporaryFolder;

imaging::Volume volume(const at::Tensor& data, double spacing = 1) {
  imaging::Volume made{data.to(at::kFloat).contiguous(), {}};
  made.geometry.size = {data.size(3), data.size(2), data.size(1)};
  made.geometry.spacing = {spacing, spacing, spacing};
  return made;
}

/// A smooth body, [1, D, H, W]: brightest in the middle.
at::Tensor body(int64_t side, double centre) {
  const at::Tensor axis = torch::arange(side, at::kDouble) * (32.0 / double(side)) + 16.0 / double(side) - 16 - centre;
  const at::Tensor squared = axis.view({-1, 1, 1}).pow(2) + axis.view({1, -1, 1}).pow(2) + axis.view({1, 1, -1}).pow(2);
  return (1000 * (-squared / 60).exp()).unsqueeze(0);
}

std::string error_of(const std::function<void()>& work) {
  try {
    work();
  } catch (const core::UserError& error) {
    return std::string(error.what()) + " | " + error.where() + " | " + error.hint();
  }
  return "";
}

TEST(Corrections, BringChannelsOntoTheFirstOnesGrid) {
  const TemporaryFolder folder;
  imaging::Volume fine = volume(body(32, 0)), coarse = volume(body(16, 0), 2);
  coarse.geometry.origin = {0.5, 0.5, 0.5};  // both fields of view begin at −0.5
  imaging::write_image(folder / "t1.nii.gz", fine);
  imaging::write_image(folder / "pet.nii.gz", coarse);
  const std::vector<std::filesystem::path> files{folder / "t1.nii.gz", folder / "pet.nii.gz"};
  const std::string refusal = error_of([&] { read_corrected_image(files, 2, {}); });
  EXPECT_THAT(refusal, HasSubstr("pet.nii.gz"));
  EXPECT_THAT(refusal, HasSubstr("corrections.registration"));
  const imaging::Volume both = read_corrected_image(files, 2, {.registration = plan::Registration::resample});
  EXPECT_TRUE(both.geometry.matches(fine.geometry));
  EXPECT_TRUE(torch::equal(both.data[0], fine.data[0]));
  const at::Tensor difference = (both.data[1] - fine.data[0]).slice(0, 2, 30).slice(1, 2, 30).slice(2, 2, 30);
  EXPECT_LT(difference.abs().max().item<double>(), 40) << "of 1000: linear interpolation of a smooth body";

  // The same, shifted by 3 mm between the exposures: only a registration helps.
  imaging::write_image(folder / "pet.nii.gz", volume(body(32, 3)));
  const auto gap = [&](plan::Registration how) {
    const at::Tensor read = read_corrected_image(files, 2, {.registration = how}).data;
    return (read[1] - read[0]).slice(0, 6, 26).slice(1, 6, 26).slice(2, 6, 26).abs().mean().item<double>();
  };
  EXPECT_LT(gap(plan::Registration::rigid), 0.2 * gap(plan::Registration::resample));
}

TEST(Corrections, RemoveWhatIsNotThePatient) {
  at::Tensor image = torch::full({1, 12, 20, 20}, -1000.0);
  image.slice(1, 2, 10).slice(2, 2, 14).slice(3, 4, 16).fill_(40);    // the patient
  image.slice(1, 4, 12).slice(2, 6, 10).slice(3, 8, 12).fill_(-900);  // a lung, open at the volume's end
  image.slice(2, 17, 18).fill_(200);                                  // the table
  const imaging::Volume clean = corrected(volume(image.clone()), {.body = -300});
  EXPECT_EQ(clean.data.slice(2, 17, 18).max().item<double>(), -1000);
  EXPECT_EQ(clean.data[0][5][7][9].item<double>(), -900) << "the lung is inside";
  EXPECT_EQ(clean.data[0][5][3][9].item<double>(), 40);
}

TEST(Corrections, BlankTheBorder) {
  const imaging::Volume clean = corrected(volume(torch::arange(6 * 5 * 4).view({1, 6, 5, 4})), {.border = 1});
  EXPECT_EQ(clean.data.count_nonzero().item<int64_t>(), 4 * 3 * 2);
  EXPECT_EQ(clean.data[0][1][1][1].item<double>(), 25);
}

TEST(Corrections, GiveEveryImageTheReferencesHistogram) {
  const TemporaryFolder folder;
  imaging::write_image(folder / "reference.nii.gz", volume(body(24, 0)));
  imaging::write_image(folder / "other.nii.gz", volume(body(24, 1) * 7 + 300));
  CorrectionOptions options;
  options.histogram_reference = {folder / "reference.nii.gz"};
  const plan::Corrections found = corrections(options, 1);
  ASSERT_EQ(found.landmarks.size(), 1u);
  const imaging::Volume other = read_corrected_image({folder / "other.nii.gz"}, 1, found);
  const std::vector<double> after = imaging::intensity_landmarks(other.data[0], other.data[0] > other.data[0].mean());
  for (size_t i = 0; i < after.size(); ++i) EXPECT_NEAR(after[i], found.landmarks[0][i], 15) << i;
  imaging::write_image(folder / "flat.nii.gz", volume(torch::ones({1, 4, 4, 4})));
  options.histogram_reference = {folder / "flat.nii.gz"};
  EXPECT_THAT(error_of([&] { corrections(options, 1); }), HasSubstr("one value everywhere"));
}

TEST(Corrections, ArePartOfThePlanAndComeBackFromItsFile) {
  const plan::Corrections all{.registration = plan::Registration::affine,
                              .slices = true,
                              .body = -300.5,
                              .border = 3,
                              .bias_field = true,
                              .landmarks = {{1, 2, 3}, {4, 5, 6}}};
  EXPECT_EQ(plan::corrections_from_json(plan::to_json(all)), all);
  EXPECT_EQ(plan::corrections_from_json(plan::to_json(plan::Corrections{})), plan::Corrections{});
  EXPECT_TRUE(plan::to_json(plan::Corrections{}).empty());
  EXPECT_THROW(plan::corrections_from_json({{"registration", "elastic"}}), core::UserError);
}

TEST(Corrections, LeaveAnImageAloneUnlessAsked) {
  const at::Tensor image = torch::rand({2, 3, 4, 5});
  EXPECT_TRUE(torch::equal(corrected(volume(image.clone()), {}).data, image));
}

}  // namespace
}  // namespace medvol::datasets
