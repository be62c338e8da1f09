#include "framework/plan/corrections.h"

#include <nlohmann/json.hpp>

#include "framework/core/error.h"

namespace medvol::plan {

config::EnumNames<Registration> enum_names(Registration) {
  return {{"off", Registration::off},
          {"resample", Registration::resample},
          {"rigid", Registration::rigid},
          {"affine", Registration::affine},
          {"deformable", Registration::deformable}};
}

nlohmann::json to_json(const Corrections& corrections) {
  nlohmann::json json = nlohmann::json::object();
  for (const auto& [name, value] : enum_names(Registration{}))
    if (value == corrections.registration && value != Registration::off) json["registration"] = name;
  if (corrections.slices) json["slices"] = true;
  if (corrections.body) json["body"] = *corrections.body;
  if (corrections.border) json["border"] = corrections.border;
  if (corrections.bias_field) json["bias_field"] = true;
  if (!corrections.landmarks.empty()) json["landmarks"] = corrections.landmarks;
  return json;
}

Corrections corrections_from_json(const nlohmann::json& json) {
  Corrections corrections;
  if (json.contains("registration")) {
    const std::string wanted = json.at("registration");
    bool known = false;
    for (const auto& [name, value] : enum_names(Registration{}))
      if (name == wanted) {
        corrections.registration = value;
        known = true;
      }
    if (!known) throw core::UserError("there is no registration '" + wanted + "'", "corrections.registration");
  }
  corrections.slices = json.value("slices", false);
  if (json.contains("body")) corrections.body = json.at("body").get<double>();
  corrections.border = json.value("border", int64_t{0});
  corrections.bias_field = json.value("bias_field", false);
  if (json.contains("landmarks")) corrections.landmarks = json.at("landmarks").get<std::vector<std::vector<double>>>();
  return corrections;
}

}  // namespace medvol::plan
