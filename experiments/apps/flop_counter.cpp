#include "experiments/apps/flop_counter.h"

#include <ATen/record_function.h>

#include <memory>
#include <set>
#include <string>

namespace medvol::apps {
namespace {

double& count() {
  static thread_local double total = 0;
  return total;
}
/// What a call multiplies for each element of its output, and what it does whatever comes out. Inputs are there at
/// its begin only, outputs at its end only.
struct Work : at::ObserverContext {
  double fixed = 0, per_output = 0;
};
std::unique_ptr<at::ObserverContext> begin(const at::RecordFunction& call) {
  const std::string name = call.name();
  const bool attention = name.rfind("aten::_scaled_dot_product_", 0) == 0;
  static const std::set<std::string> products{
      "aten::convolution", "aten::convolution_backward", "aten::mm", "aten::bmm", "aten::addmm", "aten::baddbmm"};
  if (!attention && !products.count(name)) return nullptr;  // the inputs of other calls are not always there
  const auto in = call.inputs();
  const auto tensor = [&](size_t index) { return in[index].toTensor(); };
  const auto size = [&](size_t index) { return static_cast<double>(tensor(index).numel()); };
  auto work = std::make_unique<Work>();
  if (name == "aten::convolution_backward") {
    // Each of the gradients of input and weight that is asked for costs what the forward pass did, element for element
    // of what went out (transposed: of what went in).
    const double per_element = 2 * size(2) / static_cast<double>(tensor(2).size(0));
    const auto wanted = in[10].toBoolList();
    work->fixed = per_element * size(in[7].toBool() ? 1 : 0) * ((wanted.get(0) ? 1 : 0) + (wanted.get(1) ? 1 : 0));
  } else if (name == "aten::convolution") {
    const double per_element = 2 * size(1) / static_cast<double>(tensor(1).size(0));
    (in[6].toBool() ? work->fixed : work->per_output) = in[6].toBool() ? per_element * size(0) : per_element;
  } else if (name == "aten::mm" || name == "aten::bmm") {
    work->per_output = 2 * static_cast<double>(tensor(0).size(-1));
  } else if (name == "aten::addmm" || name == "aten::baddbmm") {
    work->per_output = 2 * static_cast<double>(tensor(1).size(-1));
  } else if (name.ends_with("_backward")) {  // gradient, query, key, …: five products, the scores made again
    work->fixed = 10 * size(0) * static_cast<double>(tensor(2).size(-2));
  } else {
    work->fixed = 4 * size(0) * static_cast<double>(tensor(1).size(-2));
  }
  return work;
}
void end(const at::RecordFunction& call, at::ObserverContext* context) {
  if (const auto* work = dynamic_cast<Work*>(context)) {
    count() += work->fixed;
    if (work->per_output > 0) count() += work->per_output * static_cast<double>(call.outputs()[0].toTensor().numel());
  }
}

}  // namespace

FlopCounter::FlopCounter() {
  count() = 0;
  handle_ = at::addThreadLocalCallback(
      at::RecordFunctionCallback(begin, end).needsInputs(true).needsOutputs(true).scopes({at::RecordScope::FUNCTION}));
}

FlopCounter::~FlopCounter() { at::removeCallback(handle_); }

double FlopCounter::flop() const { return count(); }

}  // namespace medvol::apps
