#include <ATen/ops/empty.h>
#include <ATen/ops/zeros.h>
#include <unistd.h>

#include <chrono>
#include <cstdlib>
#include <cstring>

#include <torch/csrc/distributed/c10d/PrefixStore.hpp>
#include <torch/csrc/distributed/c10d/ProcessGroupGloo.hpp>
#include <torch/csrc/distributed/c10d/TCPStore.hpp>

#include "framework/core/error.h"
#include "framework/parallel/device_backend.h"
#include "framework/parallel/group.h"
#include "framework/parallel/watch.h"

namespace medvol::parallel {
namespace {

using namespace std::chrono_literals;

constexpr auto meeting = 60s;
/// Of one call of the group. Others' long work is waited for; whether they live is the watch's business.
constexpr auto longest_wait = 24h;
constexpr auto patience = 10s;

std::string process_name() {
  char host[256] = {};
  gethostname(host, sizeof host - 1);
  return fmt::format("host {}, process {}", host, getpid());
}

c10::intrusive_ptr<c10d::TCPStore> meeting_point(const Environment& environment, bool serves) {
  c10d::TCPStoreOptions options;
  options.port = environment.master_port;
  options.isServer = serves;
  options.waitWorkers = false;
  options.timeout = meeting;
  try {
    return c10::make_intrusive<c10d::TCPStore>(environment.master_address, options);
  } catch (const std::exception&) {
    throw core::UserError(
        fmt::format("rank {} cannot {} at {} port {}", environment.rank, serves ? "listen" : "reach rank 0",
                    environment.master_address, environment.master_port),
        "MASTER_ADDR", "MASTER_ADDR and MASTER_PORT name rank 0's machine and a free port of it, the same for all");
  }
}

/// The network that ranks talk over: GLOO_SOCKET_IFNAME, MEDVOL_ADDRESS (this machine's address, as the others reach
/// it), the loopback where rank 0 is on it, else the one that this machine's name resolves to.
std::shared_ptr<::gloo::transport::Device> network(const Environment& environment) {
  using Gloo = c10d::ProcessGroupGloo;
  if (const char* interface = std::getenv("GLOO_SOCKET_IFNAME")) return Gloo::createDeviceForInterface(interface);
  if (const char* address = std::getenv("MEDVOL_ADDRESS")) return Gloo::createDeviceForHostname(address);
  if (environment.master_address == "localhost" || environment.master_address.starts_with("127."))
    return Gloo::createDeviceForHostname("127.0.0.1");
  return Gloo::createDefaultDevice();
}

class ProcessGroup : public Group {
 public:
  explicit ProcessGroup(const Environment& environment)
      : rank_(environment.rank),
        size_(environment.size),
        store_(meeting_point(environment, environment.rank == 0 && !environment.meeting_point_is_there)),
        // A connection of its own: the other one may wait in a call.
        board_(meeting_point(environment, false)),
        watch_(board(), rank_, size_, process_name(), patience, [](const std::string& finding) {
          fmt::print(stderr, "error: {} (training stops; go on with resume=true)\n", finding);
          std::_Exit(1);
        }) {
    auto options = c10d::ProcessGroupGloo::Options::create(meeting);
    options->devices.push_back(network(environment));
    try {
      gloo_ = c10::make_intrusive<c10d::ProcessGroupGloo>(c10::make_intrusive<c10d::PrefixStore>("gloo", store_),
                                                          static_cast<int>(rank_), static_cast<int>(size_), options);
    } catch (const std::exception& error) {
      throw core::UserError(fmt::format("the {} ranks did not all meet within {} s", size_, meeting.count()), "",
                            "start as many processes as WORLD_SIZE says, on machines that can reach each other");
    }
    gloo_->setTimeout(longest_wait);
  }

  int64_t rank() const override { return rank_; }
  int64_t size() const override { return size_; }

  std::unique_ptr<Pending> start_sum(const at::Tensor& tensor) override {
    return started(tensor,
                   [](c10d::Backend& network, std::vector<at::Tensor>& tensors) { return network.allreduce(tensors); });
  }
  std::unique_ptr<Pending> start_broadcast(const at::Tensor& tensor, int64_t from) override {
    c10d::BroadcastOptions options;
    options.rootRank = from;
    return started(tensor, [&options](c10d::Backend& network, std::vector<at::Tensor>& tensors) {
      return network.broadcast(tensors, options);
    });
  }
  std::vector<std::string> gather(const std::string& text) override;
  void tell_failure(const std::string& what) override {
    watch_.tell_failure(what);
    if (nccl_) nccl_->abort();
  }
  void finish() override {
    barrier();
    if (nccl_) nccl_->shutdown();
    watch_.finish();
  }

 private:
  class Running : public Pending {
   public:
    Running(ProcessGroup& group, c10::intrusive_ptr<c10d::Work> work) : group_(group), work_(std::move(work)) {}
    void wait() override {
      group_.guarded([&] { work_->wait(); });
    }

   private:
    ProcessGroup& group_;
    c10::intrusive_ptr<c10d::Work> work_;
  };

  template <class Call>
  void guarded(const Call& call) {
    try {
      call();
    } catch (const std::exception&) {
      throw core::UserError(watch_.finding(), fmt::format("rank {}", rank_), "training stops; go on with resume=true");
    }
  }
  template <class Start>
  std::unique_ptr<Pending> started(const at::Tensor& tensor, const Start& start) {
    MEDVOL_CHECK(tensor.is_contiguous(), "a tensor for the ranks is contiguous");
    std::vector<at::Tensor> tensors{tensor};
    c10d::Backend& network = network_of(tensor);
    c10::intrusive_ptr<c10d::Work> work;
    guarded([&] { work = start(network, tensors); });
    return std::make_unique<Running>(*this, std::move(work));
  }

  /// Gloo for the CPU's tensors; NCCL for a GPU's, which the ranks open together when they first have one.
  c10d::Backend& network_of(const at::Tensor& tensor) {
    if (tensor.is_cpu()) return *gloo_;
    if (!nccl_)
      nccl_ = nccl_backend(c10::make_intrusive<c10d::PrefixStore>("nccl", store_), static_cast<int>(rank_),
                           static_cast<int>(size_));
    return *nccl_;
  }

  Board board() {
    return {[this](const std::string& key, const std::string& value) {
              board_->set(key, std::vector<uint8_t>(value.begin(), value.end()));
            },
            [this](const std::string& key) -> std::optional<std::string> {
              if (!board_->check({key})) return std::nullopt;
              const std::vector<uint8_t> bytes = board_->get(key);
              return std::string(bytes.begin(), bytes.end());
            }};
  }

  int64_t rank_, size_;
  c10::intrusive_ptr<c10d::TCPStore> store_, board_;
  Watch watch_;
  c10::intrusive_ptr<c10d::ProcessGroupGloo> gloo_;
  c10::intrusive_ptr<c10d::Backend> nccl_;
};

std::vector<std::string> ProcessGroup::gather(const std::string& text) {
  const at::Tensor lengths = at::zeros({size_}, at::kLong);
  lengths[rank_] = static_cast<int64_t>(text.size());
  sum(lengths);
  const auto* length = lengths.const_data_ptr<int64_t>();
  std::vector<std::string> texts;
  for (int64_t other = 0; other < size_; ++other) {
    const at::Tensor bytes = at::empty({std::max<int64_t>(1, length[other])}, at::kByte);
    if (other == rank_) std::memcpy(bytes.mutable_data_ptr<uint8_t>(), text.data(), text.size());
    if (length[other] > 0) broadcast(bytes, other);
    texts.emplace_back(reinterpret_cast<const char*>(bytes.const_data_ptr<uint8_t>()),
                       static_cast<size_t>(length[other]));
  }
  return texts;
}

}  // namespace

std::unique_ptr<Group> join(const Environment& environment) {
  return environment.size <= 1 ? alone() : meet(environment);
}

std::unique_ptr<Group> meet(const Environment& environment) { return std::make_unique<ProcessGroup>(environment); }

}  // namespace medvol::parallel
