#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include <cerrno>

#include "framework/core/error.h"
#include "framework/core/nearest.h"
#include "framework/storage/checksum.h"
#include "framework/storage/file_error.h"
#include "framework/storage/hdf5_layout.h"
#include "framework/storage/hdf5_store.h"

namespace medvol::storage {
namespace {

namespace fs = std::filesystem;

/// A file's bytes in memory, read only, for as long as a reader or a tensor needs them.
class Mapping {
 public:
  explicit Mapping(const fs::path& path) {
    Descriptor file = Descriptor::open(path, O_RDONLY, "read");
    struct stat status {};
    if (::fstat(file.number(), &status) != 0) throw_file_error("read", path, errno);
    size_ = static_cast<size_t>(status.st_size);
    address_ = ::mmap(nullptr, size_, PROT_READ, MAP_SHARED, file.number(), 0);
    if (address_ == MAP_FAILED) throw_file_error("map into memory", path, errno);
  }
  Mapping(const Mapping&) = delete;
  Mapping& operator=(const Mapping&) = delete;
  ~Mapping() { ::munmap(address_, size_); }

  size_t size() const { return size_; }
  /// Not const because at::from_blob knows no read-only tensors.
  char* at(uint64_t offset) const { return static_cast<char*>(address_) + offset; }

 private:
  void* address_ = nullptr;
  size_t size_ = 0;
};

}  // namespace

struct StoreReader::State {
  fs::path path;
  StoredCases cases;
  std::vector<std::string> keys;
  std::shared_ptr<const Mapping> mapping;

  const StoredCase& find(const std::string& key) const {
    auto found = cases.find(key);
    if (found == cases.end())
      throw core::UserError("no case '" + key + "' in the store", path.string(), core::did_you_mean(key, keys));
    return found->second;
  }
  at::Tensor view(const StoredTensor& tensor) const {
    if (tensor.bytes() == 0) return at::empty(tensor.shape, tensor.type);
    return at::from_blob(
        mapping->at(tensor.offset), tensor.shape, [keep = mapping](void*) {}, at::TensorOptions(tensor.type));
  }
};

StoreReader::StoreReader(const fs::path& path) {
  auto state = std::make_shared<State>();
  state->path = path;
  state->cases = read_layout(path);
  state->mapping = std::make_shared<Mapping>(path);
  for (const auto& [key, content] : state->cases) {
    state->keys.push_back(key);
    // The file may have been replaced between the two openings.
    for (const auto& [name, tensor] : content.tensors)
      if (tensor.offset + tensor.bytes() > state->mapping->size())
        throw core::UserError("the store changed while it was opened", path.string(), "try again when it is prepared");
  }
  state_ = std::move(state);
}

StoreReader::StoreReader(StoreReader&&) noexcept = default;
StoreReader& StoreReader::operator=(StoreReader&&) noexcept = default;
StoreReader::~StoreReader() = default;

const std::vector<std::string>& StoreReader::keys() const { return state_->keys; }

bool StoreReader::has(const std::string& key) const { return state_->cases.contains(key); }

bool StoreReader::has(const std::string& key, const std::string& name) const {
  return has(key) && state_->find(key).tensors.contains(name);
}

std::vector<std::string> StoreReader::names(const std::string& key) const {
  std::vector<std::string> names;
  for (const auto& [name, tensor] : state_->find(key).tensors) names.push_back(name);
  return names;
}

at::Tensor StoreReader::tensor(const std::string& key, const std::string& name) const {
  const auto& tensors = state_->find(key).tensors;
  auto found = tensors.find(name);
  if (found == tensors.end())
    throw core::UserError("case '" + key + "' has no '" + name + "'", state_->path.string(),
                          core::did_you_mean(name, names(key)));
  return state_->view(found->second);
}

const nlohmann::json& StoreReader::attributes(const std::string& key) const { return state_->find(key).attributes; }

const std::string& StoreReader::checksum(const std::string& key) const { return state_->find(key).checksum; }

std::string StoreReader::checksum() const {
  Hasher hasher;
  for (const auto& [key, content] : state_->cases) hasher.update(nlohmann::json{key, content.checksum}.dump());
  return hasher.hex();
}

void StoreReader::verify(const std::string& key) const {
  const StoredCase& content = state_->find(key);
  std::map<std::string, at::Tensor> tensors;
  for (const auto& [name, tensor] : content.tensors) tensors.emplace(name, state_->view(tensor));
  if (case_checksum(tensors, content.attributes) != content.checksum)
    throw core::UserError("case '" + key + "' is damaged: it does not fit its checksum", state_->path.string(),
                          "delete the store and prepare the data again");
}

}  // namespace medvol::storage
