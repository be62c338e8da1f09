#pragma once
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "datasets/dataset.h"
#include "framework/config/bind.h"
#include "framework/config/fields.h"

namespace medvol::datasets {

/// What a layout without a dataset.json must be told.
struct DeclaredLabels {
  std::vector<std::string> channels{"MRI"};
  std::map<std::string, int64_t> labels;
  std::optional<int64_t> ignore_label;

  template <class Visitor>
  void fields(Visitor& visit) {
    visit(
        "channels", channels,
        "name of each channel, which chooses its normalisation: CT, noNorm, rescale_to_0_1, rgb_to_0_1, else z-score");
    visit("labels", labels, "foreground classes, {name: label, ...}; must be given");
    visit("ignore_label", ignore_label, "voxels of this label train and score nothing");
  }
};

/// Puts them into a description. Throws core::UserError when there are none, `why` they are needed, or two classes have
/// one number.
void declare_labels(const DeclaredLabels& declared, const char* why, DatasetDescription& dataset);

}  // namespace medvol::datasets
