#pragma once
#include <filesystem>
#include <vector>

#include "framework/config/bind.h"
#include "framework/config/fields.h"
#include "framework/imaging/volume.h"
#include "framework/plan/corrections.h"

namespace medvol::datasets {

struct CorrectionOptions : plan::Corrections {
  std::vector<std::filesystem::path> histogram_reference = {};

  template <class Visitor>
  void fields(Visitor& visit) {
    Corrections::fields(visit);
    visit("histogram_reference", histogram_reference,
          "an image, a file a channel, whose histogram every image gets: percentiles of the voxels brighter than the "
          "mean are matched (after what stands above); empty: histograms are left");
  }
};

/// The corrections that the options ask for: of a reference image its landmarks are read. Throws core::UserError naming
/// the file.
plan::Corrections corrections(const CorrectionOptions& options, size_t channels);

/// read_case_image, corrected. Throws core::UserError naming the file.
imaging::Volume read_corrected_image(const std::vector<std::filesystem::path>& files, size_t channels,
                                     const plan::Corrections& corrections);

/// An image [C, D, H, W] float32 whose channels lie on one grid already: everything but the registration.
imaging::Volume corrected(imaging::Volume image, const plan::Corrections& corrections);

}  // namespace medvol::datasets
