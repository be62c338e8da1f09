#include "losses/metrics/label_rows.h"

#include <algorithm>
#include <set>

#include "framework/core/error.h"

namespace medvol::metrics {
namespace {

constexpr int64_t largest_spread = 1 << 20;

std::set<int64_t> distinct_labels(const std::vector<Structure>& structures) {
  std::set<int64_t> labels;
  for (const auto& structure : structures) {
    if (structure.labels.empty())
      throw core::UserError("a structure without labels", structure.name, "list its labels");
    labels.insert(structure.labels.begin(), structure.labels.end());
  }
  return labels;
}

template <typename T>
void read_row(const T* row, int64_t count, const LabelIndex& index, uint8_t* numbers) {
  for (int64_t i = 0; i < count; ++i) numbers[i] = index.of(int64_t(row[i]));
}

}  // namespace

LabelIndex::LabelIndex(const std::vector<Structure>& structures, std::optional<int64_t> ignore) {
  std::set<int64_t> labels = distinct_labels(structures);
  if (ignore && !labels.insert(*ignore).second)
    throw core::UserError(fmt::format("label {} is both measured and ignored", *ignore), "", "choose one");
  if (labels.empty()) return;
  const int64_t highest = *labels.rbegin();
  lowest_ = *labels.begin();
  if (labels.size() > 254 || highest - lowest_ >= largest_spread)
    throw core::UserError(fmt::format("{} labels from {} to {}", labels.size(), lowest_, highest), "",
                          fmt::format("at most 254 labels, less than {} apart, are measured at once", largest_spread));
  table_.assign(size_t(highest - lowest_ + 1), 0);
  for (const int64_t label : labels) {
    if (ignore && label == *ignore) continue;
    table_[size_t(label - lowest_)] = uint8_t(count_++);
  }
  if (ignore) ignored_ = table_[size_t(*ignore - lowest_)] = uint8_t(count_++);
}

std::vector<uint8_t> LabelIndex::members(const Structure& structure) const {
  std::vector<uint8_t> members(256, 0);
  for (const int64_t label : structure.labels) members[of(label)] = 1;
  MEDVOL_CHECK(members[0] == 0, "structure '{}' was not indexed", structure.name);
  return members;
}

LabelRows::LabelRows(const at::Tensor& map, const LabelIndex& index, const std::string& what, const std::string& where)
    : index_(index) {
  const auto type = map.scalar_type();
  const bool integer = type == at::kByte || type == at::kShort || type == at::kInt || type == at::kLong;
  if (map.dim() != 3 || !integer || !map.is_cpu())
    throw core::UserError(fmt::format("the {} is no label map: {} axes of {}", what, map.dim(), c10::toString(type)),
                          where, "expected [D, H, W] of uint8, int16, int32 or int64 on the CPU");
  map_ = map.contiguous();
}

void LabelRows::read(int64_t z, int64_t y, int64_t x, int64_t count, uint8_t* numbers) const {
  const int64_t start = (z * map_.size(1) + y) * map_.size(2) + x;
  switch (map_.scalar_type()) {
    case at::kByte:
      return read_row(map_.const_data_ptr<uint8_t>() + start, count, index_, numbers);
    case at::kShort:
      return read_row(map_.const_data_ptr<int16_t>() + start, count, index_, numbers);
    case at::kInt:
      return read_row(map_.const_data_ptr<int32_t>() + start, count, index_, numbers);
    default:
      return read_row(map_.const_data_ptr<int64_t>() + start, count, index_, numbers);
  }
}

}  // namespace medvol::metrics
