#include "datasets/catalogue/phantom.h"

#include <nlohmann/json.hpp>

#include "datasets/catalogue/dataset_json.h"
#include "datasets/catalogue/nnunet_raw.h"
#include "datasets/catalogue/parallel.h"
#include "datasets/catalogue/phantom_anatomy.h"
#include "framework/core/error.h"
#include "framework/imaging/image_io.h"
#include "framework/storage/atomic_file.h"
#include "framework/storage/file_error.h"

namespace medvol::datasets {
namespace {

namespace fs = std::filesystem;

/// Raised whenever the same options give other voxels.
constexpr int phantom_version = 1;
constexpr uint64_t first_test_index = uint64_t(1) << 32;  // the test cases do not depend on how many train

nlohmann::json recipe(const PhantomOptions& options) {
  return {{"version", phantom_version},
          {"cases", options.cases},
          {"test_cases", options.test_cases},
          {"size", options.size},
          {"seed", options.seed}};
}

nlohmann::json declaration(const PhantomOptions& options) {
  return {{"name", "Phantom"},
          {"description",
           "made by medvol: liver and spleen of one mean intensity, kidney, distractors, bias field, noise, partial "
           "volume"},
          {"channel_names", {{"0", "MR"}}},
          {"labels", {{"background", 0}, {"liver", 1}, {"spleen", 2}, {"kidney", 3}}},
          {"numTraining", options.cases},
          {"file_ending", ".nii.gz"},
          {"medvol_phantom", recipe(options)}};
}

/// True when this very phantom is complete there. A folder that holds something else is left alone.
bool already_there(const fs::path& folder, const PhantomOptions& options) {
  if (fs::exists(folder / "dataset.json")) {
    const nlohmann::ordered_json found = read_dataset_json(folder);
    if (found.contains("medvol_phantom") && found.at("medvol_phantom") == recipe(options)) return true;
    throw core::UserError("the folder holds another data set, or a phantom of other options", folder.string(),
                          "name another folder, or remove this one");
  }
  if (!fs::exists(folder)) return false;
  for (const auto& entry : fs::directory_iterator(folder)) {
    const std::string name = entry.path().filename().string();
    if (name != "imagesTr" && name != "labelsTr" && name != "imagesTs" && name != "labelsTs")
      throw core::UserError("the folder is not empty ('" + name + "')", folder.string(),
                            "name a new folder for the phantom");
  }
  return false;
}

}  // namespace

void write_phantom(const fs::path& folder, const PhantomOptions& options, int64_t threads) {
  if (already_there(folder, options)) return;
  for (const char* part : {"imagesTr", "labelsTr", "imagesTs", "labelsTs"}) storage::make_folder(folder / part);
  for_each_parallel(options.cases + options.test_cases, threads, [&](int64_t i) {
    const bool test = i >= options.cases;
    const uint64_t index = test ? first_test_index + uint64_t(i - options.cases) : uint64_t(i);
    const std::string id = fmt::format("phantom_{}{:03}", test ? "test_" : "", test ? i - options.cases : i);
    const PhantomExamination made = make_phantom(options.size, static_cast<uint64_t>(options.seed), index);
    imaging::write_image(folder / (test ? "imagesTs" : "imagesTr") / (id + "_0000.nii.gz"), made.image);
    imaging::write_labels(folder / (test ? "labelsTs" : "labelsTr") / (id + ".nii.gz"), made.labels);
  });
  storage::write_atomic(folder / "dataset.json", declaration(options).dump(2) + "\n");
}

Phantom::Phantom(PhantomOptions options) : options_(std::move(options)) {}

DatasetDescription Phantom::describe() const {
  MEDVOL_CHECK(options_.root, "the root was not bound");
  write_phantom(*options_.root, options_);
  return NnunetRaw({.root = options_.root, .patients = std::nullopt}).describe();
}

}  // namespace medvol::datasets
