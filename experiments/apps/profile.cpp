#include "experiments/apps/configuration.h"
#include "experiments/apps/flop_counter.h"
#include "experiments/apps/run_program.h"
#include "experiments/apps/task_shape.h"
#include "framework/runtime/machine.h"
#include "framework/runtime/stopwatch.h"

namespace medvol::apps {
namespace {

struct ProfileOptions {
  networks::NetworkChoice network{registries().networks, "unet"};
  std::vector<int64_t> patch{128, 128, 128};
  int64_t channels = 4, classes = 4;
  int64_t stages = 6;
  std::vector<int64_t> upsampling;
  bool all = false;
  int64_t threads = 0;

  template <class Visitor>
  void fields(Visitor& visit) {
    visit("network", network, "which network, with its options: network.name=vnet");
    visit("patch", patch, "size of the output, one number an axis (z, y, x); two make a 2D network",
          config::at_least(1));
    visit("channels", channels, "of the input", config::at_least(1));
    visit("classes", classes, "channels of the output; networks that make images give as many as they get",
          config::at_least(1));
    visit("stages", stages, "of networks that follow a plan: features 32, 64, … up to 320, kernels 3, strides 2",
          config::between(2, 8));
    visit("upsampling", upsampling, "output size over input size, an axis, of super-resolution networks; empty: 2 each",
          config::at_least(1));
    visit("all", all, "every registered network, each in a process of its own");
    visit("threads", threads, "compute threads; 0: one a core", config::at_least(0));
  }
};

/// nnU-Net's shape for such a patch.
networks::TaskShape shape_of(const ProfileOptions& options) {
  const size_t axes = options.patch.size();
  if (axes != 2 && axes != 3) throw core::UserError("has two or three entries", "patch", "such as [128,128,128]");
  networks::TaskShape shape = usual_shape(static_cast<int64_t>(axes), usual_features(axes, options.stages));
  shape.in_channels = options.channels;
  shape.out_channels = options.classes;
  shape.deep_supervision = false;
  shape.patch_size = options.patch;
  shape.upsampling = options.upsampling.empty() ? std::vector<int64_t>(axes, 2) : options.upsampling;
  return shape;
}

void profile_one(const ProfileOptions& options) {
  runtime::HardwareOptions hardware;
  hardware.device = "cpu";
  hardware.precision = runtime::Precision::float32;
  hardware.compute_threads = options.threads;
  const auto context = runtime::ExecutionContext::resolve(hardware, 0);
  context.activate();
  const torch::InferenceMode inference;
  networks::TaskShape shape = shape_of(options);
  const std::shared_ptr<networks::Network> network = options.network.build(shape);
  network->initialize(context.generator(runtime::purpose_weights));
  network->eval();
  std::vector<int64_t> size{1, options.channels};
  const std::vector<int64_t> factors = network->upsampling();
  for (size_t axis = 0; axis < options.patch.size(); ++axis)
    size.push_back(options.patch[axis] / (factors.empty() ? 1 : factors[axis]));
  const torch::Tensor input = torch::zeros(size);
  const double before = runtime::resident_memory();
  double flop = 0;
  {
    const FlopCounter counter;
    network->forward(input);
    flop = counter.flop();
  }
  const double peak = runtime::most_resident_memory() - before;
  const runtime::Stopwatch watch;  // of the second run: the first one made the kernels
  const torch::Tensor output = network->forward(input).front();
  const double seconds = watch.seconds();
  fmt::print("{:<18} {:>12.3f} {:>10.1f} {:>12.2f} {:>9.2f}  {} → {}\n", options.network.name(),
             static_cast<double>(network->parameter_count()) / 1e6, flop / 1e9, peak / 1e9, seconds,
             fmt::join(input.sizes(), "×"), fmt::join(output.sizes(), "×"));
}

/// Peak memory is a process's: each network gets one.
void profile_all(const ProfileOptions& options) {
  for (const std::string& name : registries().networks.names()) {
    std::vector<std::string> words{"medvol",
                                   "profile",
                                   "network.name=" + name,
                                   fmt::format("patch=[{}]", fmt::join(options.patch, ",")),
                                   fmt::format("channels={}", options.channels),
                                   fmt::format("classes={}", options.classes),
                                   fmt::format("stages={}", options.stages),
                                   fmt::format("threads={}", options.threads),
                                   fmt::format("upsampling=[{}]", fmt::join(options.upsampling, ","))};
    if (run_program(words) != 0) fmt::print("{:<18} failed: its message is above\n", name);
  }
}

}  // namespace

int profile(const Arguments& arguments) {
  const config::HelpPage page{
      "profile",
      "Parameters, floating point operations, memory and time of a network's inference in float32 on the CPU, batch 1, "
      "measured: operations of the convolutions and matrix products that LibTorch ran (a multiply-add counts two), "
      "memory as the growth of the process to its peak.",
      {"medvol profile network.name=vnet", "medvol profile all=true patch=[128,128,128] channels=4",
       "medvol profile network.name=unet patch=[512,512] channels=1 stages=7"}};
  return run_command<ProfileOptions>(page, arguments, ProfileOptions{}, [](const ProfileOptions& options) {
    if (options.all) {
      fmt::print("{:<18} {:>12} {:>10} {:>12} {:>9}\n", "network", "parameters/M", "GFLOP", "memory/GB", "seconds");
      std::fflush(stdout);
      return profile_all(options);
    }
    profile_one(options);
  });
}

}  // namespace medvol::apps
