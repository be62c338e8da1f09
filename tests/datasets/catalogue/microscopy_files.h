#pragma once
#include <ATen/ATen.h>

#include <filesystem>
#include <string>

#include "framework/imaging/image_io.h"
#include "framework/imaging/picture.h"

namespace medvol::datasets {

/// A picture of 20×24 with two nuclei of 4×5, one mask each.
inline void nuclei(const std::filesystem::path& folder, const std::string& id, bool masks = true) {
  std::filesystem::create_directories(folder / id / "images");
  at::Tensor picture = at::full({20, 24, 3}, 40, at::kByte);
  for (const int64_t corner : {2, 10}) picture.slice(0, corner, corner + 4).slice(1, corner, corner + 5).fill_(200);
  imaging::write_png(folder / id / "images" / (id + ".png"), picture);
  if (!masks) return;
  std::filesystem::create_directories(folder / id / "masks");
  for (const int64_t corner : {2, 10}) {
    at::Tensor mask = at::zeros({20, 24}, at::kByte);
    mask.slice(0, corner, corner + 4).slice(1, corner, corner + 5).fill_(255);
    imaging::write_png(folder / id / "masks" / (std::to_string(corner) + ".png"), mask);
  }
}

/// Stacks of 6 pages; membranes, 0, are every third column.
inline void stacks(const std::filesystem::path& folder, int64_t label_pages = 6, int32_t inside = 255) {
  imaging::Geometry grid;
  grid.size = {18, 16, 6};
  const at::Tensor pages = at::arange(1, 7, at::kFloat).view({1, 6, 1, 1}).expand({1, 6, 16, 18}).contiguous();
  imaging::write_image(folder / "train-volume.tif", {pages, grid});
  at::Tensor labels = at::full({label_pages, 16, 18}, inside, at::kInt);
  labels.slice(2, 0, 18, 3).fill_(0);
  grid.size[2] = label_pages;
  imaging::write_labels(folder / "train-labels.tif", {labels, grid});
}

}  // namespace medvol::datasets
