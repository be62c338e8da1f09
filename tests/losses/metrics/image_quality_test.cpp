#include "losses/metrics/image_quality.h"

#include <gtest/gtest.h>

#include <cmath>

#include "framework/core/error.h"

// Golden values are printed by golden_image_quality.py: scikit-image's in float64, MONAI's in float32.
namespace medvol::metrics {
namespace {

struct Images {
  torch::Tensor image, reference;
};

Images images(const std::vector<int64_t>& shape) {
  const torch::Tensor i = torch::arange(c10::multiply_integers(shape), torch::kFloat64);
  const torch::Tensor reference = (100 + 60 * torch::sin(0.013 * i) + 30 * torch::cos(0.71 * i)).view(shape);
  return {reference + (8 * torch::sin(1.3 * i + 0.5) + 5 * torch::cos(0.0071 * i)).view(shape), reference};
}

TEST(ImageQuality, EqualsScikitImage) {
  struct Golden {
    std::vector<int64_t> shape;
    double psnr, ssim;
  };
  for (const Golden& golden : {Golden{{40, 53}, 31.6861737590, 0.9872460096},
                               {{17, 20, 23}, 31.6563452183, 0.9769360755},
                               {{181, 190}, 31.6493856955, 0.9895407043},
                               {{24, 26, 48}, 31.6498076112, 0.9902977461}}) {
    const Images pair = images(golden.shape);
    EXPECT_NEAR(psnr(pair.image, pair.reference, 255), golden.psnr, 1e-9);
    EXPECT_NEAR(ssim(pair.image, pair.reference, 255), golden.ssim, 1e-9);
  }
}

TEST(ImageQuality, MultiScaleEqualsMonai) {
  const Images plane = images({181, 190}), volume = images({24, 26, 48});
  EXPECT_NEAR(ms_ssim(plane.image, plane.reference, 255), 0.9891377091, 1e-5);
  EXPECT_NEAR(ms_ssim(volume.image, volume.reference, 255), 0.9647265673, 1e-5);  // two scales
}

TEST(ImageQuality, MultiScaleEqualsPytorchMsssim) {
  const Images both = images({2, 176, 192});
  const double first = ms_ssim(both.image[0], both.reference[0], 255);
  const double second = ms_ssim(both.image[1], both.reference[1], 255);
  EXPECT_NEAR((first + second) / 2, 0.9915384022, 1e-6);
}

TEST(ImageQuality, SlabsMakeNoDifference) {
  // 2^21 voxels a slab: this one needs two, the second of them short.
  const Images pair = images({1200, 2100});
  const SsimMaps maps =
      ssim_maps(pair.image.view({1, 1, 1200, 2100}), pair.reference.view({1, 1, 1200, 2100}), 255, {});
  EXPECT_NEAR(ssim(pair.image, pair.reference, 255), maps.similarity.mean().item<double>(), 1e-12);
}

TEST(ImageQuality, OfEqualImages) {
  const torch::Tensor image = images({16, 16, 16}).reference;
  EXPECT_TRUE(std::isinf(psnr(image, image, 255)));
  EXPECT_NEAR(ssim(image, image, 255), 1, 1e-12);
  EXPECT_NEAR(ms_ssim(image, image, 255), 1, 1e-12);
  EXPECT_NEAR(ssim(image.to(torch::kInt16), image.to(torch::kInt16), 255), 1, 1e-12);
}

TEST(ImageQuality, OfConstantImages) {
  // Neither varies: contrast 1, and luminance (2·1·2 + C1) / (1 + 4 + C1).
  const torch::Tensor ones = torch::ones({12, 13});
  const double c1 = 0.01 * 0.01 * 16;
  EXPECT_NEAR(ssim(2 * ones, ones, 4), (4 + c1) / (5 + c1), 1e-9);
  EXPECT_NEAR(psnr(2 * ones, ones, 4), 10 * std::log10(16.0), 1e-12);
}

TEST(ImageQuality, OnlyWhatTheMaskHoldsCounts) {
  const Images pair = images({30, 40});
  torch::Tensor mask = torch::zeros({30, 40}, torch::kBool);
  mask.slice(0, 8, 20).slice(1, 10, 25).fill_(true);
  const auto part = [](const torch::Tensor& x, int64_t rim) {
    return x.slice(0, 8 - rim, 20 + rim).slice(1, 10 - rim, 25 + rim);
  };
  EXPECT_NEAR(psnr(pair.image, pair.reference, 255, mask), psnr(part(pair.image, 0), part(pair.reference, 0), 255),
              1e-9);
  // A window reaches five voxels beyond its centre.
  EXPECT_NEAR(ssim(pair.image, pair.reference, 255, mask), ssim(part(pair.image, 5), part(pair.reference, 5), 255),
              1e-9);
  const torch::Tensor nothing = torch::zeros_like(mask);
  EXPECT_TRUE(std::isnan(psnr(pair.image, pair.reference, 255, nothing)));
  EXPECT_TRUE(std::isnan(ssim(pair.image, pair.reference, 255, nothing)));
  EXPECT_TRUE(std::isnan(ms_ssim(pair.image, pair.reference, 255, nothing)));
}

TEST(ImageQuality, RefusesWhatCannotBeCompared) {
  const Images pair = images({10, 40});
  EXPECT_THROW(ssim(pair.image, pair.reference, 255), core::UserError);
  EXPECT_THROW(ms_ssim(pair.image, pair.reference, 255), core::UserError);
  EXPECT_NO_THROW(ssim(pair.image, pair.reference, 255, {}, {.window = 7}));
  EXPECT_THROW(ssim(pair.image, pair.reference, 255, {}, {.window = 8}), core::UserError);
  EXPECT_THROW(psnr(pair.image, pair.reference, 0), core::UserError);
  EXPECT_THROW(ssim(pair.image, pair.reference, std::nan(""), {}, {.window = 7}), core::UserError);
}

TEST(MsSsimWeights, AsManyScalesAsHoldAWindow) {
  EXPECT_EQ(ms_ssim_weights(176, 11), (std::vector<double>{0.0448, 0.2856, 0.3001, 0.2363, 0.1333}));
  EXPECT_EQ(ms_ssim_weights(175, 11).size(), 4u);
  EXPECT_EQ(ms_ssim_weights(11, 11), std::vector<double>{1});
  EXPECT_EQ(ms_ssim_weights(5, 11), std::vector<double>{1});
  EXPECT_NEAR(ms_ssim_weights(22, 11)[0], 0.0448 / (0.0448 + 0.2856), 1e-15);
}

}  // namespace
}  // namespace medvol::metrics
