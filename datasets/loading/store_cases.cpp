#include "datasets/loading/store_cases.h"

#include <utility>

#include "framework/core/error.h"
#include "framework/core/nearest.h"

namespace medvol::datasets {
namespace {

void check_ids(const CaseStore& store, const std::vector<std::string>& ids) {
  for (const std::string& id : ids)
    if (!store.contains(id))
      throw core::UserError("no prepared case '" + id + "'", id, core::did_you_mean(id, store.ids()));
}

/// A case with the tensors that it points into.
struct OpenCase {
  TrainingCase view;
  at::Tensor image, labels;
  std::vector<at::Tensor> voxels;
};

OpenCase open_case(const CaseStore& store, const std::string& id, int64_t previous_labels) {
  OpenCase opened;
  opened.image = store.image(id).contiguous();
  opened.labels = previous_labels > 0 ? store.both_labels(id) : store.labels(id).unsqueeze(0);
  opened.labels = opened.labels.contiguous();
  MEDVOL_CHECK(opened.image.dim() == 4 && opened.image.scalar_type() == at::kHalf,
               "case '{}': image is no float16 [C, D, H, W]", id);
  MEDVOL_CHECK(opened.labels.dim() == 4 && opened.labels.scalar_type() == at::kByte,
               "case '{}': labels are no uint8 [D, H, W]", id);
  TrainingCase& view = opened.view;
  view.image = opened.image.const_data_ptr<c10::Half>();
  view.labels = opened.labels.const_data_ptr<uint8_t>();
  view.channels = opened.image.size(0);
  view.size = {opened.labels.size(1), opened.labels.size(2), opened.labels.size(3)};
  view.previous_labels = previous_labels;
  for (const auto& [label, voxels] : store.foreground(id)) {
    opened.voxels.push_back(voxels.contiguous());
    const VoxelList list{opened.voxels.back().const_data_ptr<int64_t>(), opened.voxels.back().numel()};
    if (label == CaseStore::annotated)
      view.annotated = list;
    else
      view.foreground.push_back(list);
  }
  return opened;
}

class StoreCases : public TrainingCases {
 public:
  StoreCases(const CaseStore& store, const std::vector<std::string>& ids, int64_t previous_labels) {
    check_ids(store, ids);
    for (const std::string& id : ids) cases_.push_back(open_case(store, id, previous_labels));
  }
  int64_t count() const override { return static_cast<int64_t>(cases_.size()); }
  int64_t channels() const override {
    return cases_.empty() ? 0 : cases_.front().view.channels + cases_.front().view.previous_labels;
  }
  const TrainingCase& open(int64_t index) const override { return cases_[static_cast<size_t>(index)].view; }

 private:
  std::vector<OpenCase> cases_;
};

}  // namespace

std::unique_ptr<TrainingCases> training_cases(const CaseStore& store, const std::vector<std::string>& ids,
                                              int64_t previous_labels) {
  return std::make_unique<StoreCases>(store, ids, previous_labels);
}

}  // namespace medvol::datasets
