#include "datasets/catalogue/integrity.h"

#include <optional>

#include "datasets/catalogue/label_part.h"
#include "datasets/catalogue/read_case.h"
#include "datasets/catalogue/voxel_file.h"
#include "framework/core/error.h"
#include "framework/imaging/image_io.h"

namespace medvol::datasets {
namespace {

namespace fs = std::filesystem;

/// The error's own words: file and hint have fields of their own in a finding.
std::string bare_text(const core::UserError& error) {
  std::string text = error.what();
  if (!error.where().empty() && text.starts_with(error.where() + ": ")) text.erase(0, error.where().size() + 2);
  const std::string hint = " (" + error.hint() + ")";
  if (!error.hint().empty() && text.ends_with(hint)) text.erase(text.size() - hint.size());
  return text;
}

class CaseCheck {
 public:
  CaseCheck(const DatasetDescription& dataset, const Case& one) : dataset_(dataset), case_(one) {}

  std::vector<Finding> run() {
    int64_t channels = 0;
    bool all_read = true;
    for (const fs::path& file : case_.images) {
      const auto image = read(file, [](const fs::path& path) { return read_image_at(path); });
      all_read &= image.has_value();
      if (!image) continue;
      channels += image->data.size(0);
      check_grid(file, image->geometry, "all channels must lie on one grid: resample them onto the first");
      if (const std::string what = non_finite_values(image->data); !what.empty()) add(file, what, hints::non_finite);
    }
    if (all_read && channels != static_cast<int64_t>(dataset_.channel_names.size()))
      add(case_.images.front(),
          fmt::format("{} channels found where dataset.json declares {}", channels, dataset_.channel_names.size()),
          "a file a channel, or one file that holds them all");
    if (!case_.labels.empty()) check_labels();
    return std::move(findings_);
  }

 private:
  void add(const fs::path& file, const std::string& what, const std::string& hint) {
    findings_.push_back({case_.id, file, what, hint});
  }

  template <class Read>
  std::optional<imaging::Volume> read(const fs::path& file, Read reader) {
    if (!fs::exists(file_on_disk(file))) {
      add(file, "the file is missing", "complete the folder, or take the case out");
      return std::nullopt;
    }
    try {
      return reader(file);
    } catch (const core::UserError& error) {
      add(file, bare_text(error), error.hint());
    } catch (const std::exception& error) {
      add(file, fmt::format("it cannot be read: {}", error.what()), "copy the file again from its source");
    }
    return std::nullopt;
  }

  /// Against the first file that could be read.
  void check_grid(const fs::path& file, const imaging::Geometry& grid, const char* hint) {
    if (!grid_) grid_ = grid;
    if (const std::string what = grid_difference(grid, *grid_); !what.empty()) add(file, what, hint);
  }

  /// Where no image could be read, a label map is still looked at for itself.
  bool find_grid() {
    const fs::path& file = case_.labels.front().file;
    if (!grid_ && imaging::is_image_path(file_on_disk(file)))
      if (const auto alone = read(file, read_labels_at)) grid_ = alone->geometry;
    return grid_.has_value();
  }

  void check_labels() {
    if (!find_grid()) return;
    const auto [depth, height, width] = grid_->size_zyx();
    at::Tensor labels = at::zeros({depth, height, width}, at::kInt);
    LabelParts parts(case_, *grid_);
    for (const LabelFile& part : case_.labels) {
      const auto found = read(part.file, [&](const fs::path&) { return parts.read(part); });
      if (!found) return;
      check_grid(part.file, found->geometry, hints::grid);
      if (!part.label)
        if (const std::string what = undeclared_labels(found->data, dataset_); !what.empty())
          add(part.file, what, hints::labels);
      if (!found->data.sizes().equals(labels.sizes())) return;
      paint(labels, found->data, part.label);
    }
    const at::Tensor foreground = labels != 0;
    if (dataset_.ignore_label) foreground.logical_and_(labels != *dataset_.ignore_label);
    if (!foreground.any().item<bool>())
      add(case_.labels.front().file, "the label is empty",
          "no voxel has a foreground label: segment the case, or take it out");
  }

  const DatasetDescription& dataset_;
  const Case& case_;
  std::optional<imaging::Geometry> grid_;
  std::vector<Finding> findings_;
};

}  // namespace

std::string Finding::line(const fs::path& root) const {
  const fs::path shown = root.empty() ? file : file.lexically_relative(root);
  return fmt::format("{}: {}: {}{}", case_id, shown.empty() || *shown.begin() == ".." ? file.string() : shown.string(),
                     what, hint.empty() ? "" : " (" + hint + ")");
}

std::vector<Finding> check_integrity(const DatasetDescription& dataset, int64_t threads,
                                     const ProgressCallback& progress) {
  std::vector<const Case*> cases;
  for (const auto* list : {&dataset.cases, &dataset.test_cases})
    for (const Case& one : *list) cases.push_back(&one);
  std::vector<std::vector<Finding>> found(cases.size());
  for_each_parallel(
      static_cast<int64_t>(cases.size()), threads,
      [&](int64_t i) { found[size_t(i)] = CaseCheck(dataset, *cases[size_t(i)]).run(); }, progress);
  std::vector<Finding> result;
  for (auto& list : found)
    result.insert(result.end(), std::make_move_iterator(list.begin()), std::make_move_iterator(list.end()));
  return result;
}

}  // namespace medvol::datasets
