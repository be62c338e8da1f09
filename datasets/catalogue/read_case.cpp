#include "datasets/catalogue/read_case.h"

#include <cmath>
#include <map>

#include "datasets/catalogue/label_part.h"
#include "datasets/catalogue/voxel_file.h"
#include "framework/core/error.h"

namespace medvol::datasets {

std::string grid_difference(const imaging::Geometry& found, const imaging::Geometry& expected) {
  if (found.matches(expected)) return "";
  if (found.text() != expected.text())
    return fmt::format("its grid is {}, the image's is {}", found.text(), expected.text());
  return found.origin != expected.origin
             ? fmt::format("its origin is ({:g}, {:g}, {:g}) mm, the image's is ({:g}, {:g}, {:g}) mm", found.origin[0],
                           found.origin[1], found.origin[2], expected.origin[0], expected.origin[1], expected.origin[2])
             : "its axes have other directions than the image's";
}

std::string undeclared_labels(const at::Tensor& labels, const DatasetDescription& dataset) {
  MEDVOL_CHECK(labels.scalar_type() == at::kInt && labels.is_contiguous(), "labels are int32 and contiguous");
  const int32_t* values = labels.const_data_ptr<int32_t>();
  std::map<int32_t, int64_t> counts;
  int32_t last = 0;  // labels come in runs: one comparison for most voxels
  bool known = true;
  for (int64_t i = 0; i < labels.numel(); ++i) {
    if (values[i] != last) {
      last = values[i];
      known = last == 0 || dataset.labels.contains(last) || (dataset.ignore_label && *dataset.ignore_label == last);
    }
    if (!known) ++counts[last];
  }
  if (counts.empty()) return "";
  std::string text = "undeclared label" + std::string(counts.size() > 1 ? "s" : "");
  int named = 0;
  for (const auto& [value, count] : counts) {
    if (named == 5) return text + fmt::format(" and {} more", counts.size() - 5);
    text += fmt::format("{} {} ({} voxel{})", named ? "," : ":", value, count, count == 1 ? "" : "s");
    ++named;
  }
  return text;
}

std::string non_finite_values(const at::Tensor& image) {
  MEDVOL_CHECK(image.scalar_type() == at::kFloat && image.dim() == 4 && image.is_contiguous(),
               "an image is float32 [C, D, H, W]");
  const float* values = image.const_data_ptr<float>();
  int64_t count = 0, first = 0;
  for (int64_t i = 0; i < image.numel(); ++i)
    if (!std::isfinite(values[i]) && count++ == 0) first = i;
  if (count == 0) return "";
  const int64_t x = first % image.size(3), y = first / image.size(3) % image.size(2);
  const int64_t z = first / (image.size(3) * image.size(2)) % image.size(1), channel = first / image[0].numel();
  return fmt::format("{} voxel{} NaN or infinite, the first at x {}, y {}, z {} of channel {}", count,
                     count == 1 ? " is" : "s are", x, y, z, channel);
}

namespace {

at::Tensor aligned(const imaging::Volume& part, const imaging::Volume& first, const ChannelAlignment& alignment,
                   const std::filesystem::path& file) {
  try {
    return alignment(part, first);
  } catch (const core::UserError& error) {
    throw core::UserError(error.what(), file.string(), "are these two of one examination?");
  }
}

}  // namespace

imaging::Volume read_case_image(const std::vector<std::filesystem::path>& files, size_t channels,
                                const ChannelAlignment& alignment) {
  MEDVOL_CHECK(!files.empty(), "a case without an image file");
  std::vector<at::Tensor> parts;
  imaging::Volume first;
  int64_t found = 0;
  for (const auto& file : files) {
    imaging::Volume part = read_image_at(file);
    if (const std::string what = non_finite_values(part.data); !what.empty())
      throw core::UserError(what, file.string(), hints::non_finite);
    found += part.data.size(0);
    if (parts.empty()) {
      first = part;
    } else if (alignment) {
      part.data = aligned(part, first, alignment, file);
    } else if (const std::string what = grid_difference(part.geometry, first.geometry); !what.empty()) {
      throw core::UserError(what, file.string(),
                            "all channels must lie on one grid: let corrections.registration bring them there");
    }
    parts.push_back(std::move(part.data));
  }
  if (found != static_cast<int64_t>(channels))
    throw core::UserError(fmt::format("{} channel{} found where {} {} expected", found, found == 1 ? "" : "s", channels,
                                      channels == 1 ? "is" : "are"),
                          files.front().string(), "a file a channel, or one file that holds them all");
  return {parts.size() == 1 ? parts.front() : at::cat(parts), first.geometry};
}

void paint(at::Tensor& labels, const at::Tensor& part, std::optional<int64_t> label) {
  const at::Tensor marked = part != 0;
  if (label)
    labels.masked_fill_(marked, *label);
  else
    labels = at::where(marked, part, labels);
}

imaging::Volume read_case_labels(const Case& one, const DatasetDescription& dataset, const imaging::Geometry& grid) {
  MEDVOL_CHECK(!one.labels.empty(), "the case {} has no labels", one.id);
  const auto [depth, height, width] = grid.size_zyx();
  imaging::Volume result{at::zeros({depth, height, width}, at::kInt), grid};
  LabelParts parts(one, grid);
  for (const LabelFile& part : one.labels) {
    imaging::Volume found = parts.read(part);
    if (const std::string what = grid_difference(found.geometry, grid); !what.empty())
      throw core::UserError(what, part.file.string(), hints::grid);
    if (!part.label)
      if (const std::string what = undeclared_labels(found.data, dataset); !what.empty())
        throw core::UserError(what, part.file.string(), hints::labels);
    if (one.labels.size() == 1 && !part.label) return found;
    paint(result.data, found.data, part.label);
  }
  return result;
}

}  // namespace medvol::datasets
