#pragma once
#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "datasets/catalogue/parallel.h"
#include "datasets/dataset.h"
#include "datasets/preprocessing/case_store.h"
#include "datasets/preprocessing/preprocess_case.h"
#include "framework/config/bind.h"
#include "framework/config/fields.h"
#include "framework/plan/plan.h"

namespace medvol::datasets {

struct PrepareOptions {
  int64_t threads = 0;
  std::vector<std::string> previous = {};

  template <class Visitor>
  void fields(Visitor& visit) {
    visit("threads", threads, "cases prepared at a time; 0: all processors", config::at_least(0));
    visit("previous", previous,
          "for plan.configuration=3d_cascade_fullres: folders with the label maps that 3d_lowres predicted, "
          "CASE.nii.gz; each case must have been held out from the run that predicted it (RUN/predictions of every "
          "fold)");
  }
};

struct PreparedDataset {
  CaseStore store;
  std::vector<std::string> prepared;  ///< ids that were prepared by this call
  int64_t reused = 0;                 ///< cases that were there already, unchanged
};

/// Preprocesses every training case into the store at `path` (one HDF5 file). A case is there wholly or not at all, so
/// an interrupted preparation goes on where it stopped. A case whose files, or any preprocessing option, changed is
/// done again; one that left the data set is removed. Throws core::UserError naming the file of a case that cannot be
/// used.
PreparedDataset prepare(const DatasetDescription& dataset, const plan::Plan& plan, const std::filesystem::path& path,
                        const PrepareOptions& options = {}, const ProgressCallback& progress = {});

}  // namespace medvol::datasets
