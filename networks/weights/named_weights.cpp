#include "networks/weights/named_weights.h"

#include <algorithm>

#include <fmt/ranges.h>

#include "framework/core/error.h"
#include "networks/weights/weight_file.h"

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

std::vector<std::string> names_of(const std::vector<MatchReport::Misshapen>& misshapen) {
  std::vector<std::string> names;
  for (const auto& item : misshapen) names.push_back(item.name);
  return names;
}

/// The same memory seen in the same way.
bool same_tensor(const torch::Tensor& a, const torch::Tensor& b) {
  return a.data_ptr() == b.data_ptr() && a.sizes() == b.sizes() && a.strides() == b.strides() && a.numel() > 0;
}

/// The report without what may differ.
MatchReport faults(const MatchReport& report, const std::vector<std::string>& may_differ) {
  const auto allowed = [&](const std::string& name) {
    return std::any_of(may_differ.begin(), may_differ.end(),
                       [&](const std::string& prefix) { return name.starts_with(prefix); });
  };
  MatchReport result = report;
  std::erase_if(result.missing, allowed);
  std::erase_if(result.surplus, allowed);
  std::erase_if(result.misshapen, [&](const auto& item) { return allowed(item.name); });
  return result;
}

}  // namespace

std::string MatchReport::summary() const {
  const std::string faults = listed("missing", missing) + listed("not of this network", surplus) +
                             listed("of another shape", names_of(misshapen));
  const std::string counts = fmt::format("{} tensors fit", loaded.size());
  return faults.empty() ? counts : counts + "; " + faults.substr(0, faults.size() - 2);
}

std::string MatchReport::text() const {
  std::string lines;
  for (const std::string& name : missing) lines += fmt::format("missing              {}\n", name);
  for (const std::string& name : surplus) lines += fmt::format("not of this network  {}\n", name);
  for (const auto& item : misshapen)
    lines += fmt::format("another shape        {}: the network has [{}], the file [{}]\n", item.name,
                         fmt::join(item.own, ", "), fmt::join(item.given, ", "));
  return lines;
}

MatchReport match_weights(const torch::nn::Module& module, const std::map<std::string, torch::Tensor>& named) {
  MatchReport report;
  const auto own = named_tensors(module);
  std::vector<torch::Tensor> taken;
  for (const auto& [name, tensor] : own) {
    const auto found = named.find(name);
    if (found == named.end()) {
      report.missing.push_back(name);
    } else if (found->second.sizes() != tensor.sizes()) {
      report.misshapen.push_back({name, tensor.sizes().vec(), found->second.sizes().vec()});
    } else {
      report.loaded.push_back(name);
      taken.push_back(found->second);
    }
  }
  for (const auto& [name, tensor] : named) {
    if (own.count(name)) continue;
    const bool alias =
        std::any_of(taken.begin(), taken.end(), [&](const auto& other) { return same_tensor(tensor, other); });
    (alias ? report.aliases : report.surplus).push_back(name);
  }
  return report;
}

MatchReport load_named_weights(torch::nn::Module& module, const std::map<std::string, torch::Tensor>& named,
                               const std::string& where, const std::vector<std::string>& may_differ) {
  const torch::NoGradGuard no_grad;
  const MatchReport report = match_weights(module, named);
  if (const MatchReport wrong = faults(report, may_differ); !wrong.complete())
    throw core::UserError("weights do not fit the network: " + wrong.summary(), where,
                          "they belong to another network or plan");
  auto own = named_tensors(module);
  for (const std::string& name : report.loaded) own.at(name).copy_(named.at(name));
  return report;
}

}  // namespace medvol::networks
