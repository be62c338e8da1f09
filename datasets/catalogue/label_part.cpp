#include "datasets/catalogue/label_part.h"

#include <ATen/ATen.h>

#include <charconv>
#include <sstream>

#include "datasets/catalogue/voxel_file.h"
#include "framework/core/error.h"

namespace medvol::datasets {

std::vector<int32_t> structure_values(const std::string& structure, const std::filesystem::path& file) {
  std::vector<int32_t> values;
  std::istringstream words(structure);
  for (std::string word; std::getline(words, word, ',');) {
    int32_t value = 0;
    const auto parsed = std::from_chars(word.data(), word.data() + word.size(), value);
    if (parsed.ec != std::errc() || parsed.ptr != word.data() + word.size())
      throw core::UserError("a label map has no structure '" + structure + "'", file.string(),
                            "give values, such as 3,4");
    values.push_back(value);
  }
  return values;
}

imaging::Volume read_label_part(const Case&, const LabelFile& part, const imaging::Geometry&) {
  imaging::Volume labels = read_labels_at(part.file);
  if (part.structure.empty()) return labels;
  const at::Tensor all = labels.data;
  labels.data = at::zeros_like(all);
  for (const int32_t value : structure_values(part.structure, part.file)) labels.data.masked_fill_(all == value, 1);
  return labels;
}

}  // namespace medvol::datasets
