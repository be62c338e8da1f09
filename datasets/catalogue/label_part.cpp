#include "datasets/catalogue/label_part.h"

#include <ATen/ATen.h>

#include <charconv>
#include <sstream>

#include "datasets/catalogue/lidc_nodules.h"
#include "datasets/catalogue/spheres.h"
#include "datasets/catalogue/voxel_file.h"
#include "framework/core/error.h"
#include "framework/dicom/series.h"
#include "framework/dicom/slice_header.h"

namespace medvol::datasets {
namespace {

namespace fs = std::filesystem;

std::vector<int32_t> numbers(const std::string& text, const fs::path& file) {
  std::vector<int32_t> values;
  std::istringstream words(text);
  for (std::string word; std::getline(words, word, ',');) {
    int32_t value = 0;
    const auto parsed = std::from_chars(word.data(), word.data() + word.size(), value);
    if (parsed.ec != std::errc() || parsed.ptr != word.data() + word.size())
      throw core::UserError("a label map has no structure '" + text + "'", file.string(), "give values, such as 3,4");
    values.push_back(value);
  }
  return values;
}

/// 1 where a label map has one of the wanted values.
imaging::Volume chosen_values(imaging::Volume labels, const std::string& structure, const fs::path& file) {
  const at::Tensor all = labels.data;
  const size_t bar = structure.find('|');
  labels.data = at::zeros_like(all);
  for (const int32_t value : numbers(structure.substr(0, bar), file)) labels.data.masked_fill_(all == value, 1);
  if (bar == std::string::npos) return labels;
  at::Tensor known = labels.data != 0;
  for (const int32_t value : numbers(structure.substr(bar + 1), file)) known.logical_or_(all == value);
  if (!known.all().item<bool>())
    throw core::UserError(fmt::format("holds {}, where only the values {} are known",
                                      all.masked_select(known.logical_not())[0].item<int32_t>(), structure),
                          file.string(), "is it another file, or scaled?");
  return labels;
}

imaging::Volume nodules(const Case& one, const LabelFile& part, const imaging::Geometry& grid) {
  return lidc_nodules(read_lidc_xml(part.file), numbers(part.structure, part.file).at(0),
                      lidc_slices(one.images.front(), grid), grid, part.file);
}

imaging::Volume spheres(const LabelFile& part, const imaging::Geometry& grid) {
  const auto all = read_spheres(part.file);
  const auto found = all.find(part.structure);
  try {
    return draw_spheres(found == all.end() ? std::vector<Sphere>{} : found->second, grid);
  } catch (const core::UserError& error) {
    throw core::UserError(error.what(), part.file.string());
  }
}

}  // namespace

imaging::Volume LabelParts::read_dicom(const LabelFile& part) {
  if (open_ != part.file) {
    const auto header = dicom::read_slice_header(part.file);
    if (header && header->modality == "RTSTRUCT")
      object_ = dicom::open_structure_set(part.file);
    else
      object_ = dicom::open_segmentation(part.file);
    open_ = part.file;
  }
  const auto* segments = std::get_if<dicom::SegmentationObject>(&object_);
  imaging::Volume mask;
  if (segments && part.structure.empty()) {
    mask = segments->label_map(grid_);
  } else if (segments) {
    mask = segments->mask(segments->number_of(part.structure), grid_);
  } else {
    const auto& set = std::get<dicom::StructureSet>(object_);
    mask = set.mask(set.number_of(part.structure), grid_);
  }
  mask.data = mask.data.to(at::kInt);
  return mask;
}

imaging::Volume LabelParts::read(const LabelFile& part) {
  const fs::path ending = part.file.extension();
  if (ending == ".csv") return spheres(part, grid_);
  if (ending == ".xml") return nodules(case_, part, grid_);
  if (fs::is_regular_file(part.file) && dicom::is_dicom_file(part.file)) return read_dicom(part);
  imaging::Volume labels = read_labels_at(part.file);
  return part.structure.empty() ? labels : chosen_values(std::move(labels), part.structure, part.file);
}

}  // namespace medvol::datasets
