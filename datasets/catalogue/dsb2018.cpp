#include "datasets/catalogue/dsb2018.h"

#include <algorithm>

#include "datasets/catalogue/complete_description.h"
#include "framework/core/error.h"

namespace medvol::datasets {
namespace {

namespace fs = std::filesystem;

std::vector<fs::path> pictures(const fs::path& folder) {
  std::vector<fs::path> files;
  if (!fs::is_directory(folder)) return files;
  for (const auto& entry : fs::directory_iterator(folder))
    if (entry.path().extension() == ".png" && !entry.path().filename().string().starts_with("."))
      files.push_back(entry.path());
  std::sort(files.begin(), files.end());
  return files;
}

Case read_case(const fs::path& folder) {
  Case one;
  one.id = one.patient = folder.filename().string();
  one.images = pictures(folder / "images");
  if (one.images.size() != 1)
    throw core::UserError(fmt::format("holds {} pictures where one is expected", one.images.size()),
                          (folder / "images").string(), "a case is images/NAME.png and masks/*.png");
  for (const fs::path& mask : pictures(folder / "masks")) one.labels.push_back({.file = mask, .label = 1});
  return one;
}

/// Training cases need masks, test cases must have none.
void read_part(const fs::path& part, bool training, DatasetDescription& dataset) {
  if (!fs::is_directory(part)) return;
  for (const auto& entry : fs::directory_iterator(part)) {
    if (!entry.is_directory()) continue;
    Case one = read_case(entry.path());
    if (training && one.labels.empty())
      throw core::UserError("the case has no masks", entry.path().string(), "expected masks/*.png, a file a nucleus");
    if (!training) one.labels.clear();
    add_case(dataset, std::move(one));
  }
}

}  // namespace

DatasetDescription Dsb2018::describe() const {
  DatasetDescription dataset = describe_folder(options_);
  read_part(dataset.root / "stage1_train", /*training=*/true, dataset);
  for (const char* test : {"stage1_test", "stage2_test", "stage2_test_final"})
    read_part(dataset.root / test, /*training=*/false, dataset);
  if (dataset.cases.empty())
    throw core::UserError("holds no stage1_train/IMAGE/images", dataset.root.string(),
                          "dataset.root names the folder that holds stage1_train");
  dataset.name = "DSB2018";
  dataset.channel_names = {"R", "G", "B"};
  dataset.labels = {{1, "nucleus"}};
  complete_description(dataset, options_.patients);
  return dataset;
}

}  // namespace medvol::datasets
