#pragma once
#include <filesystem>
#include <optional>

#include "datasets/dataset.h"
#include "framework/config/bind.h"
#include "framework/config/fields.h"

namespace medvol::datasets {

struct NnunetRawOptions {
  std::optional<std::filesystem::path> root;
  std::optional<std::filesystem::path> patients;

  template <class Visitor>
  void fields(Visitor& visit) {
    visit("root", root, "folder that holds dataset.json, imagesTr and labelsTr", config::required());
    visit("patients", patients, "CSV of case,patient[,site]: cases of one patient stay on one side of every split");
  }
};

/// nnU-Net v2's raw layout: dataset.json (channel_names, labels name → int, file_ending), imagesTr/CASE_0000.ext for
/// every channel, labelsTr/CASE.ext, optionally imagesTs (with labelsTs, as some data sets have it) and
/// splits_final.json.
class NnunetRaw final : public Dataset {
 public:
  explicit NnunetRaw(NnunetRawOptions options);
  DatasetDescription describe() const override;

 private:
  NnunetRawOptions options_;
};

}  // namespace medvol::datasets
