#pragma once
#include <cstdint>
#include <deque>
#include <functional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <torch/types.h>

namespace medvol::networks {

/// A value of a pickle, as far as weights need it. Items point at each other; Pickle owns them all.
struct PickleItem {
  enum class Kind {
    none,
    boolean,
    integer,
    real,
    text,
    sequence,  ///< list, tuple or set
    dictionary,
    name,     ///< an allowed Python name, such as torch.FloatStorage
    storage,  ///< a storage of the archive, not read yet
    tensor,
    opaque  ///< something harmless that is no weight, such as a numpy number
  };
  Kind kind = Kind::none;
  int64_t integer = 0;
  std::string text;                  ///< of a text and of a name; the key of a storage
  at::ScalarType type = at::kFloat;  ///< of a storage
  std::vector<const PickleItem*> items;
  std::vector<std::pair<const PickleItem*, const PickleItem*>> entries;
  torch::Tensor tensor;
};

/// What Python's `torch.save` pickled, read without running anything: names of Python are looked up in a list of
/// harmless ones (tensors and their storages, OrderedDict, torch.Size, dtypes, devices, numpy's numbers), and nothing
/// is ever called.
class Pickle {
 public:
  /// Gives the storage of this type and key as a tensor [count].
  using ReadStorage = std::function<torch::Tensor(at::ScalarType, const std::string& key, int64_t count)>;
  /// Throws core::UserError, naming `where`, when a name is not in the list, because Python would execute it, and when
  /// the pickle is damaged.
  Pickle(std::string_view bytes, ReadStorage read_storage, std::string where);
  const PickleItem& value() const { return *value_; }

 private:
  class Reader;
  std::deque<PickleItem> items_;
  const PickleItem* value_ = nullptr;
};

}  // namespace medvol::networks
