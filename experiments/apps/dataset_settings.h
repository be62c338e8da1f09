#pragma once
#include <filesystem>

#include "experiments/apps/registries.h"
#include "framework/config/bind.h"

namespace medvol::apps {

/// A second data set whose cases are mixed into training, such as `medvol synthesise` writes.
struct SyntheticSettings {
  double synthetic_fraction = 0;
  std::filesystem::path synthetic_root;

  template <class Visitor>
  void fields(Visitor& visit) {
    visit("synthetic_fraction", synthetic_fraction,
          "share of the training patches that are cut from the data set in synthetic_root", config::between(0, 1));
    visit("synthetic_root", synthetic_root,
          "folder of a data set in nnU-Net's layout with the same channels and labels; it is never validated on");
  }
};

/// `dataset:` of a configuration: the layout and its own options, and what is mixed into training.
class DatasetSettings {
 public:
  DatasetSettings() : choice_(registries().datasets, "nnunet") {}

  std::unique_ptr<datasets::Dataset> build() const { return choice_.build(); }
  const SyntheticSettings& synthetic() const { return synthetic_; }

  void bind(const config::Node& node, const std::string& path, config::Diagnostics& found);
  config::Node to_node() const;
  std::vector<config::FieldDoc> describe() const;

 private:
  datasets::DatasetChoice choice_;
  SyntheticSettings synthetic_;
};

}  // namespace medvol::apps
