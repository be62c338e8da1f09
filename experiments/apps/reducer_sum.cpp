#include "experiments/apps/reducer_sum.h"

#include <algorithm>
#include <string>

#include <torch/csrc/distributed/c10d/PrefixStore.hpp>
#include <torch/csrc/distributed/c10d/ProcessGroup.hpp>
#include <torch/csrc/distributed/c10d/ProcessGroupGloo.hpp>
#include <torch/csrc/distributed/c10d/TCPStore.hpp>
#include <torch/csrc/distributed/c10d/reducer.hpp>

namespace medvol::apps {
namespace {

c10::intrusive_ptr<c10d::ProcessGroup> gloo(const parallel::Environment& environment) {
  c10d::TCPStoreOptions at;
  at.port = environment.master_port;
  at.isServer = false;  // the group that this stands beside has one
  at.waitWorkers = false;
  // The store keeps the addresses of an earlier group: each has its own corner. All ranks make them in the same order.
  static int made = 0;
  const auto store = c10::make_intrusive<c10d::PrefixStore>(
      "reducer/" + std::to_string(made++), c10::make_intrusive<c10d::TCPStore>(environment.master_address, at));
  const auto rank = static_cast<int>(environment.rank), size = static_cast<int>(environment.size);
  auto options = c10d::ProcessGroupGloo::Options::create();
  options->devices.push_back(c10d::ProcessGroupGloo::createDeviceForHostname("127.0.0.1"));
  auto group = c10::make_intrusive<c10d::ProcessGroup>(store, rank, size);
  group->setBackend(c10::DeviceType::CPU, c10d::ProcessGroup::BackendType::GLOO,
                    c10::make_intrusive<c10d::ProcessGroupGloo>(store, rank, size, options));
  group->setDefaultBackend(c10d::ProcessGroup::BackendType::GLOO);
  return group;
}

}  // namespace

struct ReducerSum::State {
  std::unique_ptr<c10d::Reducer> reducer;
};

ReducerSum::ReducerSum(const std::vector<at::Tensor>& parameters, const parallel::Environment& environment)
    : state_(std::make_unique<State>()) {
  // As DistributedDataParallel: buckets by size from the last parameter to the first, with its sizes.
  const size_t first = c10d::kDefaultFirstBucketBytes, other = c10d::kDefaultBucketBytesCap;
  auto [buckets, limits] = c10d::compute_bucket_assignment_by_size(parameters, {first, other});
  std::reverse(buckets.begin(), buckets.end());
  state_->reducer = std::make_unique<c10d::Reducer>(
      parameters, buckets, gloo(environment), std::vector<bool>(parameters.size(), false), static_cast<int64_t>(other),
      /*find_unused_parameters=*/false, /*gradient_as_bucket_view=*/false, std::unordered_map<size_t, std::string>{},
      static_cast<int64_t>(first),
      /*skip_all_reduce_unused_params=*/false, /*use_python_reducer=*/false, std::vector<int64_t>{});
}

ReducerSum::~ReducerSum() = default;

void ReducerSum::before_forward() {
  state_->reducer->rebuild_buckets();  // once, after the first backward: in the order in which gradients came
  state_->reducer->prepare_for_forward();
}

void ReducerSum::before_backward() { state_->reducer->prepare_for_backward({}); }

}  // namespace medvol::apps
