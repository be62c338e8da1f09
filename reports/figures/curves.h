#pragma once
#include <filesystem>
#include <vector>

#include <nlohmann/json.hpp>

#include "reports/figures/chart.h"

namespace medvol::reports {

/// Training loss, validation (Dice of each class and their mean, or what else was measured), learning rate and
/// samples/s against the step, and with an adversary the parts of the loss and the balance of the players, from the
/// records of a run's log.jsonl:
///   {"event":"step","step":12,"epoch":0,"loss":..,"lr":..,"samples_per_s":..,"time":..}
///   {"event":"validation","step":..,"dice":{"1":..,"2":..},"mean_dice":..}
/// Other events are passed over. Long logs are averaged in equal spans of steps with a band from least to most; a value
/// that is missing, null or not finite leaves a gap.
Figure learning_curves(const std::vector<nlohmann::json>& records, const std::string& title = "Learning curves");

/// Writes learning_curves() as PNG and SVG, each atomically. Needs no record at all: then the panels say so.
void draw_curves(const std::vector<nlohmann::json>& records, const std::filesystem::path& png_path,
                 const std::filesystem::path& svg_path);

}  // namespace medvol::reports
