#include "datasets/preprocessing/previous_labels.h"

#include "datasets/preprocessing/preprocess_case.h"
#include "framework/core/error.h"
#include "framework/imaging/image_io.h"

namespace medvol::datasets {

std::filesystem::path previous_labels_of(const std::string& id, const std::vector<std::string>& folders) {
  namespace fs = std::filesystem;
  if (folders.empty())
    throw core::UserError("the second stage of a cascade needs the labels of the first", id,
                          "give the folders that 3d_lowres predicted into: prepare.previous=[RUN/predictions,…] to "
                          "train, previous=FOLDER to predict");
  std::vector<fs::path> found;
  for (const std::string& folder : folders) {
    if (fs::is_regular_file(folder)) {
      found.emplace_back(folder);
      continue;
    }
    if (!fs::is_directory(folder)) throw core::UserError("no such folder of predicted label maps", folder);
    for (const auto& entry : fs::directory_iterator(folder))
      if (imaging::is_image_path(entry.path()) && imaging::image_stem(entry.path()) == id)
        found.push_back(entry.path());
  }
  if (found.size() == 1) return found.front();
  if (found.empty())
    throw core::UserError(
        "the first stage of the cascade predicted no label map for this case", id,
        "train 3d_lowres for the other folds too and list every RUN/predictions, or predict all with one run: "
        "medvol predict model=RUN input=IMAGES output=FOLDER");
  throw core::UserError("two label maps of the first stage for this case", found.front().string(),
                        "remove the one whose run trained on it: " + found.back().string());
}

at::Tensor read_previous_labels(const std::filesystem::path& file, const imaging::GridTransform& transform,
                                const plan::Plan& plan) {
  try {
    return classes_on_network_grid(imaging::read_labels(file), transform, plan);
  } catch (const core::UserError& error) {
    if (!error.where().empty()) throw;
    throw core::UserError(error.what(), file.string(), "predict it again, on the image's own grid");
  }
}

}  // namespace medvol::datasets
