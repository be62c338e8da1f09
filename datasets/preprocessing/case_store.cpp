#include "datasets/preprocessing/case_store.h"

#include <charconv>

#include <nlohmann/json.hpp>

#include "datasets/preprocessing/store_layout.h"
#include "framework/core/error.h"
#include "framework/core/nearest.h"
#include "framework/storage/hdf5_store.h"

namespace medvol::datasets {

struct CaseStore::Contents {
  struct Entry {
    imaging::GridTransform transform;
    std::map<int64_t, at::Tensor> foreground;
  };
  explicit Contents(const std::filesystem::path& file) : path(file), reader(file), data_hash(reader.checksum()) {}

  const Entry& entry(const std::string& id) const {
    const auto found = entries.find(id);
    if (found == entries.end())
      throw core::UserError("there is no prepared case '" + id + "'", path.string(),
                            core::did_you_mean(id, reader.keys()));
    return found->second;
  }

  /// As they are stored: [D, H, W], in a cascade [2, D, H, W].
  at::Tensor labels(const std::string& id) const {
    entry(id);
    return reader.tensor(id, store_layout::labels);
  }

  std::filesystem::path path;
  storage::StoreReader reader;
  std::string data_hash;
  std::map<std::string, Entry> entries;
};

namespace {

std::map<int64_t, at::Tensor> read_foreground(const storage::StoreReader& reader, const std::string& id) {
  std::map<int64_t, at::Tensor> result;
  for (const std::string& name : reader.names(id)) {
    if (!name.starts_with(store_layout::foreground)) continue;
    int64_t label = 0;
    std::from_chars(name.data() + store_layout::foreground.size(), name.data() + name.size(), label);
    result[label] = reader.tensor(id, name);
  }
  return result;
}

}  // namespace

CaseStore::CaseStore(const std::filesystem::path& path) : contents_(std::make_unique<Contents>(path)) {
  const storage::StoreReader& reader = contents_->reader;
  for (const std::string& id : reader.keys()) {
    const nlohmann::json& attributes = reader.attributes(id);
    if (!attributes.contains(store_layout::transform) || !reader.has(id, store_layout::image) ||
        !reader.has(id, store_layout::labels))
      throw core::UserError("the case '" + id + "' is not one that medvol prepared", path.string(),
                            "remove the file and prepare again");
    contents_->entries.emplace(
        id, Contents::Entry{imaging::GridTransform::from_json(attributes.at(store_layout::transform)),
                            read_foreground(reader, id)});
  }
}

CaseStore::~CaseStore() = default;
CaseStore::CaseStore(CaseStore&&) noexcept = default;
CaseStore& CaseStore::operator=(CaseStore&&) noexcept = default;

const std::vector<std::string>& CaseStore::ids() const { return contents_->reader.keys(); }
bool CaseStore::contains(const std::string& id) const { return contents_->entries.contains(id); }

at::Tensor CaseStore::image(const std::string& id) const {
  contents_->entry(id);
  return contents_->reader.tensor(id, store_layout::image);
}
at::Tensor CaseStore::labels(const std::string& id) const {
  const at::Tensor found = contents_->labels(id);
  return found.dim() == 4 ? found.select(0, 0) : found;
}
at::Tensor CaseStore::both_labels(const std::string& id) const {
  const at::Tensor found = contents_->labels(id);
  if (found.dim() != 4)
    throw core::UserError("the case '" + id + "' was prepared without labels of the stage before",
                          contents_->path.string(), "remove the file and prepare again");
  return found;
}
const imaging::GridTransform& CaseStore::transform(const std::string& id) const {
  return contents_->entry(id).transform;
}
const std::map<int64_t, at::Tensor>& CaseStore::foreground(const std::string& id) const {
  return contents_->entry(id).foreground;
}
const std::string& CaseStore::data_hash() const { return contents_->data_hash; }

}  // namespace medvol::datasets
