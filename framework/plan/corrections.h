#pragma once
#include <cstdint>
#include <optional>
#include <vector>

#include <nlohmann/json_fwd.hpp>

#include "framework/config/fields.h"

namespace medvol::plan {

/// How the channels of a case come to lie on the grid of its first one.
enum class Registration { off, resample, rigid, affine, deformable };
config::EnumNames<Registration> enum_names(Registration);

/// What is put right in the images of a case before anything else looks at them, in this order; labels stay where they
/// are. A part of the plan, so that a file to be predicted is corrected as the training cases were.
struct Corrections {
  Registration registration = Registration::off;
  bool slices = false;
  std::optional<double> body;
  int64_t border = 0;
  bool bias_field = false;
  /// Of each channel the landmarks (imaging::intensity_landmarks) that every image gets; none: histograms are left.
  std::vector<std::vector<double>> landmarks = {};

  template <class Visitor>
  void fields(Visitor& visit) {
    visit(
        "registration", registration,
        "what the other channels (PET and CT, two MR sequences, phases) may do to lie on the first one: off (all must "
        "lie on one grid), resample (the headers are right), rigid, affine, deformable (by mutual information)");
    visit("slices", slices, "turn and shift each slice onto its neighbour: motion between the slices of a stack");
    visit("body", body,
          "what lies outside the body gets the image's smallest value (table, wires, burned-in text): the largest part "
          "of the first channel above this intensity, holes of slices filled (CT: -300). Unset: nothing is removed");
    visit("border", border, "so many voxels at each side of each axis get the image's smallest value",
          config::at_least(0));
    visit("bias_field", bias_field, "remove the coil's shading of MR images (N4)");
  }

  bool any() const { return *this != Corrections{}; }
  bool operator==(const Corrections&) const = default;
};

/// An object with what differs from Corrections{}.
nlohmann::json to_json(const Corrections& corrections);
/// Throws nlohmann::json::exception, or core::UserError for an unknown name of a registration.
Corrections corrections_from_json(const nlohmann::json& json);

}  // namespace medvol::plan
