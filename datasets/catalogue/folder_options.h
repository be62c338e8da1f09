#pragma once
#include <filesystem>
#include <optional>

#include "framework/config/bind.h"
#include "framework/config/fields.h"

namespace medvol::datasets {

/// Of a layout that its folder says all of.
struct FolderOptions {
  std::optional<std::filesystem::path> root;
  std::optional<std::filesystem::path> patients;

  template <class Visitor>
  void fields(Visitor& visit) {
    visit("root", root, "the data set's folder; what it holds: medvol datasets describe NAME", config::required());
    visit("patients", patients, "CSV of case,patient[,site]: cases of one patient stay on one side of every split");
  }
};

}  // namespace medvol::datasets
