#pragma once
#include <ATen/core/Tensor.h>

#include <filesystem>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "framework/imaging/grid_transform.h"

namespace medvol::datasets {

/// Preprocessed cases, read-only. Tensors are views of memory-mapped files: nothing is copied until it is used, and any
/// number of threads may read. They stay valid as long as the store lives; writing into them is forbidden.
class CaseStore {
 public:
  /// Opens what prepare() made. Throws core::UserError when it is absent, unfinished or damaged.
  explicit CaseStore(const std::filesystem::path& path);
  ~CaseStore();
  CaseStore(CaseStore&&) noexcept;
  CaseStore& operator=(CaseStore&&) noexcept;

  const std::vector<std::string>& ids() const;  ///< sorted
  bool contains(const std::string& id) const;
  at::Tensor image(const std::string& id) const;   ///< float16 [C, D, H, W]
  at::Tensor labels(const std::string& id) const;  ///< uint8 [D, H, W]
  /// Of a cascade: the labels, and those that the stage before predicted. uint8 [2, D, H, W]. Throws core::UserError
  /// when there are none.
  at::Tensor both_labels(const std::string& id) const;
  const imaging::GridTransform& transform(const std::string& id) const;
  /// Foreground label → int64 [n], at most 10 000 voxels of it (or 1 %, if that is more) as ascending flat indices into
  /// [D, H, W]. A label that the case lacks has no entry. With an ignore label, `annotated` holds voxels of every other
  /// label.
  const std::map<int64_t, at::Tensor>& foreground(const std::string& id) const;
  static constexpr int64_t annotated = -1;

  /// Of all source files and preprocessing options: equal hashes mean equal training data.
  const std::string& data_hash() const;

 private:
  struct Contents;
  std::unique_ptr<Contents> contents_;
};

}  // namespace medvol::datasets
