#pragma once
#include <cmath>

#include <torch/types.h>

#include "trainers/mesh/mesh_sample.h"

namespace medvol::trainers {

/// An egg on an oblique, anisotropic grid, its image (bright inside, blurred at the border), its label map, and what a
/// segmenter made of it: too large, with a rough border. One of a family: `seed`.
inline MeshCase made_case(uint64_t seed, int64_t label = 1) {
  const torch::Generator random = at::make_generator<at::CPUGeneratorImpl>(seed);
  const double angle = 0.3, c = std::cos(angle), s = std::sin(angle);
  imaging::Geometry grid{.size = {20, 22, 16}, .spacing = {1, 0.9, 1.2}, .origin = {-30, 12, 400}};
  grid.direction = {c, -s, 0, s, c, 0, 0, 0, 1};
  const auto axis = [](int64_t n, double spacing, double shift) {
    return (torch::arange(n, torch::kFloat64) - (static_cast<double>(n) - 1) / 2 - shift) * spacing;
  };
  const torch::Tensor shift = torch::rand({3}, random, torch::kFloat64) - 0.5;
  const auto at = [&](int64_t i) { return shift[i].item<double>(); };
  const torch::Tensor x = axis(20, 1, at(0)), y = axis(22, 0.9, at(1)) / 1.2, z = axis(16, 1.2, at(2));
  const torch::Tensor distance = (x.square() + y.square().unsqueeze(1) + z.square().view({-1, 1, 1})).sqrt();
  const double radius = 5.5 + at(0);
  const torch::Tensor noise = torch::empty(distance.sizes(), torch::kFloat64).normal_(0, 0.4, random);
  MeshCase made{"case" + std::to_string(seed), {}, {}, {}};
  made.image = {torch::sigmoid(2 * (radius - distance)).to(torch::kFloat32).unsqueeze(0), grid};
  made.reference = {(distance < radius).to(torch::kInt32) * label, grid};
  made.prediction = {(distance < radius + 1 + noise).to(torch::kInt32) * label, grid};
  return made;
}

}  // namespace medvol::trainers
