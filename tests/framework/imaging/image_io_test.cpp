#include "framework/imaging/image_io.h"

#include <torch/types.h>
#include <torch/utils.h>

#include <cmath>
#include <cstring>

#include "framework/core/error.h"
#include "framework/imaging/picture.h"
#include "tests/support/support.h"

namespace medvol::imaging {
namespace {

/// Its rotation is a double oblique one, as of a real scan.
Geometry oblique_grid() {
  Geometry grid;
  grid.size = {7, 6, 5};
  grid.spacing = {0.7, 1.25, 3.3};
  grid.origin = {-91.25, 12.5, 33.75};
  const double a = 0.3, b = -0.2;
  grid.direction = {std::cos(a),
                    -std::sin(a) * std::cos(b),
                    std::sin(a) * std::sin(b),
                    std::sin(a),
                    std::cos(a) * std::cos(b),
                    -std::cos(a) * std::sin(b),
                    0,
                    std::sin(b),
                    std::cos(b)};
  return grid;
}

Volume random_image(int64_t channels, const Geometry& grid = oblique_grid()) {
  torch::manual_seed(channels);
  const auto [depth, height, width] = grid.size_zyx();
  return {torch::randn({channels, depth, height, width}) * 100, grid};
}

const std::vector<std::string> volume_endings = {".nii", ".nii.gz", ".nrrd", ".mha"};

/// The message of the UserError that reading throws; empty when it throws none.
template <class Read>
std::string refusal(const Read& read) {
  try {
    read();
  } catch (const core::UserError& error) {
    return error.what();
  }
  return "";
}

void expect_one_line_about(const std::string& message, const std::filesystem::path& path) {
  EXPECT_TRUE(message.find(path.string()) != std::string::npos) << message;
  EXPECT_EQ(message.find('\n'), std::string::npos) << message;
  EXPECT_EQ(message.find("0x"), std::string::npos) << message;
  EXPECT_LT(message.size(), 600u) << message;
}

TEST(ImagePath, EndingAndStem) {
  EXPECT_EQ(image_stem("f/a_0000.nii.gz"), "a_0000");
  EXPECT_EQ(image_ending("f/A.NII.GZ"), ".nii.gz");
  EXPECT_EQ(image_stem("a.b.mha"), "a.b");
  EXPECT_EQ(image_stem("notes.txt"), "notes.txt");
  EXPECT_FALSE(is_image_path("x.gz"));
  EXPECT_FALSE(is_image_path(".nii.gz"));
  EXPECT_TRUE(is_image_path("x.JPEG"));
}

TEST(ImageIo, EveryFormatKeepsVoxelsAndGeometry) {
  const tests::TemporaryFolder folder;
  for (const std::string& ending : volume_endings) {
    for (const int64_t channels : {1, 3}) {
      SCOPED_TRACE(fmt::format("{} {}", ending, channels));
      const Volume image = random_image(channels);
      const auto path = folder / ("image" + ending);
      write_image(path, image);
      const Volume back = read_image(path);
      EXPECT_TRUE(back.data.equal(image.data));
      EXPECT_TRUE(back.geometry.matches(image.geometry, 1e-5)) << back.geometry.text();
      EXPECT_EQ(back.geometry.dimensions, 3);
      EXPECT_TRUE(read_geometry(path).matches(back.geometry, 0));
    }
  }
  size_t files = 0;
  for ([[maybe_unused]] const auto& entry : std::filesystem::directory_iterator(folder.path())) ++files;
  EXPECT_EQ(files, volume_endings.size());  // no temporary file is left
}

TEST(ImageIo, LabelsOfEveryRangeComeBack) {
  const tests::TemporaryFolder folder;
  const Geometry grid = oblique_grid();
  const at::Tensor pattern = torch::arange(7 * 6 * 5, at::kInt).view({5, 6, 7}) % 4;
  for (const std::string& ending : volume_endings) {
    for (const int scale : {1, -1, 300, 20000, 700000}) {
      const auto path = folder / (std::to_string(scale) + ending);
      write_labels(path, {pattern * scale, grid});
      const Volume back = read_labels(path);
      EXPECT_TRUE(back.data.equal(pattern * scale)) << path;
      EXPECT_TRUE(back.geometry.matches(grid, 1e-5));
    }
  }
  EXPECT_EQ(std::filesystem::file_size(folder / "1.nii"), 352u + 7 * 6 * 5);  // one byte a voxel
}

TEST(ImageIo, LabelsStoredAsFloatMustBeWhole) {
  const tests::TemporaryFolder folder;
  Volume image = random_image(1);
  image.data = torch::arange(5 * 6 * 7, at::kFloat).view({1, 5, 6, 7});
  write_image(folder / "whole.nii.gz", image);
  EXPECT_TRUE(read_labels(folder / "whole.nii.gz").data.equal(image.data[0].to(at::kInt)));
  for (const float value : {0.5f, std::nanf(""), 3e9f, -INFINITY}) {
    image.data[0][1][2][3] = value;
    write_image(folder / "not.nrrd", image);
    const std::string message = refusal([&] { read_labels(folder / "not.nrrd"); });
    expect_one_line_about(message, folder / "not.nrrd");
    EXPECT_NE(message.find("integer"), std::string::npos);
  }
}

TEST(ImageIo, NanAndInfinityStay) {
  const tests::TemporaryFolder folder;
  Volume image = random_image(1);
  image.data[0][0][0][0] = std::nanf("");
  image.data[0][1][0][0] = INFINITY;
  for (const std::string& ending : volume_endings) {
    write_image(folder / ("a" + ending), image);
    const at::Tensor back = read_image(folder / ("a" + ending)).data;
    EXPECT_TRUE(back[0][0][0][0].isnan().item<bool>()) << ending;
    EXPECT_TRUE(back[0][1][0][0].isinf().item<bool>()) << ending;
    EXPECT_EQ(back.isfinite().sum().item<int64_t>(), 5 * 6 * 7 - 2);
  }
}

TEST(ImageIo, NiftiSlopeAndInterceptAreApplied) {
  const tests::TemporaryFolder folder;
  const at::Tensor stored = torch::arange(5 * 6 * 7, at::kInt).view({5, 6, 7});
  write_labels(folder / "plain.nii", {stored, oblique_grid()});
  std::string bytes = tests::read_file(folder / "plain.nii");
  const float slope = 2.5f, intercept = -7;
  std::memcpy(bytes.data() + 112, &slope, 4);  // scl_slope, scl_inter of the NIfTI-1 header
  std::memcpy(bytes.data() + 116, &intercept, 4);
  tests::write_file(folder / "scaled.nii", bytes);
  EXPECT_TRUE(read_image(folder / "scaled.nii").data[0].equal(stored * 2.5f - 7));
  EXPECT_NE(refusal([&] { read_labels(folder / "scaled.nii"); }), "");
}

TEST(ImageIo, TruncatedFilesAreRefused) {
  const tests::TemporaryFolder folder;
  Geometry large;
  large.size = {40, 50, 30};
  write_image(folder / "rgb.png", {torch::randint(0, 255, {3, 1, 50, 40}).to(at::kFloat), {.size = {40, 50, 1}}});
  write_image(folder / "rgb.tif", {torch::randint(0, 255, {1, 1, 50, 40}).to(at::kFloat), {.size = {40, 50, 1}}});
  for (const std::string& ending : volume_endings) write_image(folder / ("a" + ending), random_image(1, large));
  std::vector<std::filesystem::path> files;
  for (const auto& entry : std::filesystem::directory_iterator(folder.path())) files.push_back(entry.path());
  ASSERT_EQ(files.size(), 6u);
  for (const auto& file : files) {
    const std::string bytes = tests::read_file(file);
    for (const double part : {0.0, 0.001, 0.5, 0.97}) {
      SCOPED_TRACE(fmt::format("{} {}", file.filename().string(), part));
      const auto cut = folder / ("cut" + image_ending(file));
      tests::write_file(cut, bytes.substr(0, static_cast<size_t>(part * static_cast<double>(bytes.size()))));
      const std::string message = refusal([&] { read_image(cut); });
      expect_one_line_about(message, cut);
    }
  }
}

TEST(ImageIo, ADamagedByteInACompressedFileIsFound) {
  const tests::TemporaryFolder folder;
  write_image(folder / "a.nii.gz", random_image(1));
  std::string bytes = tests::read_file(folder / "a.nii.gz");
  bytes[bytes.size() - 6] ^= 1;  // in the checksum that follows the last voxel
  tests::write_file(folder / "b.nii.gz", bytes);
  expect_one_line_about(refusal([&] { read_image(folder / "b.nii.gz"); }), folder / "b.nii.gz");
}

TEST(ImageIo, DamagedPicturesAreRefused) {
  MEDVOL_NEEDS_DATA("highdicom_tests");
  const tests::TemporaryFolder folder;
  write_png(folder / "whole.png", torch::arange(48, at::kByte).view({4, 4, 3}));
  std::string png = tests::read_file(folder / "whole.png");
  png[19] ^= 1;  // in the width
  tests::write_file(folder / "a.png", png);
  expect_one_line_about(refusal([&] { read_image(folder / "a.png"); }), folder / "a.png");
  const auto source = tests::test_data() / "highdicom_tests/data/test_files/frame_rgb.jpeg";
  const std::string jpeg = tests::read_file(source);
  EXPECT_EQ(read_image(source).data.size(0), 3);
  for (const size_t size : {size_t{3}, size_t{20}, size_t{200}, jpeg.size() / 2, jpeg.size() - 3}) {
    tests::write_file(folder / "cut.jpg", jpeg.substr(0, size));
    expect_one_line_about(refusal([&] { read_image(folder / "cut.jpg"); }), folder / "cut.jpg");
  }
}

TEST(ImageIo, AbsentForeignAndMisnamedFilesAreRefused) {
  const tests::TemporaryFolder folder;
  std::filesystem::create_directory(folder / "dir.nii.gz");
  tests::write_file(folder / "notes.txt", "hello");
  for (const std::string name : {"absent.nii.gz", "dir.nii.gz", "notes.txt"}) {
    expect_one_line_about(refusal([&] { read_image(folder / name); }), folder / name);
  }
  for (const std::string ending : {".nii", ".nii.gz", ".nrrd", ".mha", ".png", ".tif", ".jpg"}) {
    const auto path = folder / ("text" + ending);
    tests::write_file(path, "this is no image, whatever its name says\n");
    expect_one_line_about(refusal([&] { read_image(path); }), path);
    expect_one_line_about(refusal([&] { read_geometry(path); }), path);
  }
}

TEST(ImageIo, WhatAFormatCannotKeepIsNotWritten) {
  const tests::TemporaryFolder folder;
  const Volume fractions{torch::full({1, 1, 4, 4}, 0.5f), {.size = {4, 4, 1}}};
  EXPECT_THROW(write_image(folder / "a.png", fractions), core::UserError);
  EXPECT_THROW(write_image(folder / "a.png", random_image(1)), core::UserError);
  EXPECT_THROW(write_image(folder / "a.jpg", fractions), core::UserError);
  EXPECT_THROW(write_image(folder / "a.txt", fractions), core::UserError);
  tests::write_file(folder / "file", "");
  EXPECT_THROW(write_image(folder / "file/a.nii", fractions), core::UserError);
  size_t files = 0;
  for ([[maybe_unused]] const auto& entry : std::filesystem::directory_iterator(folder.path())) ++files;
  EXPECT_EQ(files, 1u);
}

TEST(ImageIo, PicturesHaveTwoDimensions) {
  const tests::TemporaryFolder folder;
  const at::Tensor colours = torch::arange(3 * 5 * 4).view({3, 1, 5, 4}).to(at::kFloat);
  const Geometry grid{.size = {4, 5, 1}, .dimensions = 2};
  for (const std::string name : {"a.png", "a.tif"}) {
    write_image(folder / name, {colours, grid});
    const Volume back = read_image(folder / name);
    EXPECT_TRUE(back.data.equal(colours)) << name;
    EXPECT_EQ(back.geometry.dimensions, 2);
    EXPECT_TRUE(back.geometry.matches(grid, 1e-4)) << name;  // TIFF keeps dots an inch as float
  }
  write_labels(folder / "labels.png", {(colours[0] * 1000).to(at::kInt), grid});
  EXPECT_TRUE(read_labels(folder / "labels.png").data.equal((colours[0] * 1000).to(at::kInt)));
  EXPECT_THROW(read_labels(folder / "a.png"), core::UserError);  // three different channels
}

TEST(ImageIo, GreyStoredAsColourIsALabelMap) {
  const tests::TemporaryFolder folder;
  const at::Tensor grey = torch::arange(20, at::kByte).view({5, 4});
  write_png(folder / "grey.png", grey.unsqueeze(2).expand({5, 4, 3}));
  EXPECT_TRUE(read_labels(folder / "grey.png").data[0].equal(grey.to(at::kInt)));
  write_png(folder / "plain.png", grey);
  EXPECT_TRUE(read_image(folder / "plain.png").data[0][0].equal(grey.to(at::kFloat)));
}

TEST(ImageIo, RealPictureWithAlphaHasThreeChannels) {
  MEDVOL_NEEDS_DATA("dsb2018_nuclei");
  const auto cases = tests::test_data() / "dsb2018_nuclei/stage1_train";
  const std::string id = "02903040e19ddf92f452907644ad3822918f54af41dd85e5a3fe3e1b6d6f9339";
  const Volume image = read_image(cases / id / "images" / (id + ".png"));
  EXPECT_EQ(image.data.size(0), 3);
  EXPECT_EQ(image.geometry.dimensions, 2);
  EXPECT_LT(image.data.min().item<float>(), image.data.max().item<float>());
}

TEST(ImageIo, FourDimensionalComplexAndColourNifti) {
  MEDVOL_NEEDS_DATA("nibabel_tests");
  MEDVOL_NEEDS_DATA("niivue_tests");
  const auto series = tests::test_data() / "nibabel_tests/nibabel/tests/data/example4d.nii.gz";
  EXPECT_NE(refusal([&] { read_image(series); }).find("2 volumes"), std::string::npos);
  const Volume channels = read_image(series, FourthAxis::channels);
  EXPECT_EQ(channels.data.sizes(), (std::vector<int64_t>{2, 24, 96, 128}));
  const auto images = tests::test_data() / "niivue_tests/packages/niivue/tests/images";
  EXPECT_NE(refusal([&] { read_image(images / "complex_image.nii.gz"); }).find("complex"), std::string::npos);
  EXPECT_EQ(read_image(images / "ct_perfusion.nii.gz").data.sizes(), (std::vector<int64_t>{3, 15, 286, 256}));
}

TEST(ImageIo, NrrdEncodingsAgreeWithNifti) {
  MEDVOL_NEEDS_DATA("pynrrd_tests");
  const auto folder = tests::test_data() / "pynrrd_tests/nrrd/tests/data";
  const at::Tensor ball = read_labels(folder / "BallBinary30x30x30.nii.gz").data;
  EXPECT_EQ(ball.sum().item<int64_t>(), read_image(folder / "BallBinary30x30x30.nrrd").data.sum().item<double>());
  for (const std::string name : {"BallBinary30x30x30.nrrd", "BallBinary30x30x30_gz.nrrd", "BallBinary30x30x30.nhdr"}) {
    EXPECT_TRUE(read_labels(folder / name).data.equal(ball)) << name;
  }
}

TEST(ImageIo, RealCaseRoundTripIsExact) {
  MEDVOL_NEEDS_DATA("totalsegmentator_tests");
  const auto files = tests::test_data() / "totalsegmentator_tests/tests/reference_files";
  const tests::TemporaryFolder folder;
  const Volume labels = read_labels(files / "example_seg_fast_force_split.nii.gz");
  EXPECT_EQ(labels.geometry.size, (std::array<int64_t, 3>{122, 101, 112}));
  EXPECT_TRUE(labels.geometry.matches(read_image(files / "example_ct.nii.gz").geometry));
  for (const std::string& ending : volume_endings) {
    write_labels(folder / ("a" + ending), labels);
    const Volume back = read_labels(folder / ("a" + ending));
    EXPECT_TRUE(back.data.equal(labels.data)) << ending;
    EXPECT_TRUE(back.geometry.matches(labels.geometry, 1e-5)) << ending;
  }
}

}  // namespace
}  // namespace medvol::imaging
