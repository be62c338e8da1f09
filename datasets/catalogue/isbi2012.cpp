#include "datasets/catalogue/isbi2012.h"

#include "datasets/catalogue/complete_description.h"
#include "framework/core/error.h"
#include "framework/imaging/image_io.h"

namespace medvol::datasets {
namespace {

namespace fs = std::filesystem;

imaging::Geometry stack(const fs::path& root, const char* name) {
  if (!fs::exists(root / name))
    throw core::UserError(fmt::format("there is no {}", name), root.string(),
                          "dataset.root names the folder that holds train-volume.tif and train-labels.tif");
  return imaging::read_geometry(root / name);
}

/// Pages `first` to `last` of both stacks.
Case block(const fs::path& root, int64_t first, int64_t last) {
  const std::string pages = fmt::format("pages_{}-{}", first, last);
  Case one;
  one.id = one.patient = fmt::format("slices_{:02}_{:02}", first, last);
  one.images = {root / "train-volume.tif" / pages};
  one.labels = {{.file = root / "train-labels.tif" / pages, .structure = "0|255", .label = 1}};
  return one;
}

}  // namespace

DatasetDescription Isbi2012::describe() const {
  DatasetDescription dataset = describe_folder({.root = options_.root, .patients = std::nullopt});
  const imaging::Geometry images = stack(dataset.root, "train-volume.tif"),
                          labels = stack(dataset.root, "train-labels.tif");
  if (images.size != labels.size)
    throw core::UserError(fmt::format("is of {} where train-volume.tif is of {}", labels.text(), images.text()),
                          (dataset.root / "train-labels.tif").string(), "a page of labels for each page");
  const int64_t slices = images.size[2];
  if (slices < options_.blocks)
    throw core::UserError(fmt::format("{} slices cannot be cut into {} blocks", slices, options_.blocks),
                          "dataset.blocks", "take fewer blocks");
  for (int64_t i = 0; i < options_.blocks; ++i)
    add_case(dataset, block(dataset.root, slices * i / options_.blocks, slices * (i + 1) / options_.blocks - 1));
  if (fs::exists(dataset.root / "test-volume.tif")) {
    Case test;
    test.id = test.patient = "test_volume";
    test.images = {dataset.root / "test-volume.tif"};
    add_case(dataset, std::move(test));
  }
  dataset.name = "ISBI2012";
  dataset.channel_names = {"EM"};
  dataset.labels = {{1, "membrane"}};
  complete_description(dataset, std::nullopt);
  dataset.given_splits = folds_of(dataset.cases, [](const Case& one) { return one.id; });
  return dataset;
}

}  // namespace medvol::datasets
