#include "networks/weights/named_weights.h"

#include <vector>

#include <fmt/ranges.h>

#include "framework/core/error.h"

namespace medvol::networks {
namespace {

constexpr size_t names_shown = 3;

std::string listed(const char* what, const std::vector<std::string>& names) {
  if (names.empty()) return "";
  const auto shown = std::vector<std::string>(
      names.begin(), names.begin() + static_cast<std::ptrdiff_t>(std::min(names.size(), names_shown)));
  return fmt::format("{} {}: {}{}; ", names.size(), what, fmt::join(shown, ", "),
                     names.size() > names_shown ? ", …" : "");
}

}  // namespace

void load_named_weights(torch::nn::Module& module, const std::map<std::string, torch::Tensor>& named,
                        const std::string& where) {
  const torch::NoGradGuard no_grad;
  std::map<std::string, torch::Tensor> own;
  for (const auto& item : module.named_parameters()) own.emplace(item.key(), item.value());
  for (const auto& item : module.named_buffers()) own.emplace(item.key(), item.value());
  std::vector<std::string> missing, surplus, misshapen;
  for (const auto& [name, tensor] : own) {
    const auto found = named.find(name);
    if (found == named.end())
      missing.push_back(name);
    else if (found->second.sizes() != tensor.sizes())
      misshapen.push_back(name);
  }
  for (const auto& [name, tensor] : named)
    if (!own.count(name)) surplus.push_back(name);
  std::string faults =
      listed("missing", missing) + listed("not of this network", surplus) + listed("of another shape", misshapen);
  if (!faults.empty())
    throw core::UserError("weights do not fit the network: " + faults.substr(0, faults.size() - 2), where,
                          "they belong to another network or plan");
  for (auto& [name, tensor] : own) tensor.copy_(named.at(name));
}

}  // namespace medvol::networks
