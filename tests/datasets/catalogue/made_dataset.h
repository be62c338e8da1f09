#pragma once
#include <ATen/ATen.h>

#include <array>
#include <filesystem>
#include <string>

#include "datasets/catalogue/nnunet_raw.h"
#include "framework/imaging/image_io.h"
#include "tests/support/support.h"

namespace medvol::tests {

/// A small box with a gradient of intensities; organ 1 fills its middle, organ 2 a corner of it.
inline imaging::Volume made_image(std::array<int64_t, 3> size_zyx = {12, 14, 16},
                                  std::array<double, 3> spacing_xyz = {1, 1, 1}) {
  imaging::Geometry grid;
  grid.size = {size_zyx[2], size_zyx[1], size_zyx[0]};
  grid.spacing = spacing_xyz;
  grid.direction = {-1, 0, 0, 0, -1, 0, 0, 0, 1};  // RAS
  const int64_t voxels = size_zyx[0] * size_zyx[1] * size_zyx[2];
  return {at::arange(1, voxels + 1, at::kFloat).view({1, size_zyx[0], size_zyx[1], size_zyx[2]}), grid};
}

inline imaging::Volume made_labels(const imaging::Volume& image) {
  at::Tensor labels = at::zeros({image.data.size(1), image.data.size(2), image.data.size(3)}, at::kInt);
  labels.slice(0, 3, 9).slice(1, 3, 9).slice(2, 3, 9).fill_(1);
  labels.slice(0, 3, 5).slice(1, 3, 5).slice(2, 3, 6).fill_(2);
  return {labels, image.geometry};
}

/// An nnU-Net folder of `cases` such boxes: case_0, case_1, …
inline datasets::DatasetDescription made_dataset(const std::filesystem::path& root, int cases,
                                                 const std::string& channel = "MRI") {
  for (int i = 0; i < cases; ++i) {
    imaging::Volume image = made_image();
    image.data += i;
    std::filesystem::create_directories(root / "imagesTr");
    std::filesystem::create_directories(root / "labelsTr");
    imaging::write_image(root / "imagesTr" / ("case_" + std::to_string(i) + "_0000.nii.gz"), image);
    imaging::write_labels(root / "labelsTr" / ("case_" + std::to_string(i) + ".nii.gz"), made_labels(image));
  }
  write_file(root / "dataset.json", R"({"channel_names": {"0": ")" + channel +
                                        R"("}, "labels": {"background": 0, "organ": 1, "corner": 2}, "numTraining": )" +
                                        std::to_string(cases) + R"(, "file_ending": ".nii.gz"})");
  return datasets::NnunetRaw({.root = root, .patients = std::nullopt}).describe();
}

}  // namespace medvol::tests
