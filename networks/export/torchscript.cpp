#include "networks/export/torchscript.h"

#include <sstream>

#include "framework/storage/atomic_file.h"

namespace medvol::networks {

void write_torchscript(const Traceable& subject, const std::filesystem::path& path,
                       const std::map<std::string, std::string>& extra_files) {
  Trace traced = trace(subject);
  auto function = traced.module._ivalue()->compilation_unit()->create_function(
      c10::QualifiedName(*traced.module.type()->name(), "forward"), traced.graph);
  traced.module.type()->addMethod(function);
  std::ostringstream bytes;
  traced.module.save(bytes, torch::jit::ExtraFilesMap(extra_files.begin(), extra_files.end()));
  storage::write_atomic(path, bytes.str());
}

void write_torchscript(Network& network, const std::vector<int64_t>& input_shape, const std::filesystem::path& path,
                       const std::map<std::string, std::string>& extra_files) {
  write_torchscript(traceable(network, input_shape), path, extra_files);
}

}  // namespace medvol::networks
