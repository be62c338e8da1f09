#include "datasets/catalogue/tcia.h"

#include <algorithm>
#include <map>
#include <set>

#include "datasets/catalogue/complete_description.h"
#include "datasets/catalogue/nbia_table.h"
#include "framework/core/error.h"
#include "framework/dicom/segmentation.h"
#include "framework/dicom/series.h"
#include "framework/dicom/slice_header.h"
#include "framework/dicom/structure_set.h"
#include "framework/storage/csv.h"

namespace medvol::datasets {
namespace {

namespace fs = std::filesystem;

/// A SEG or RTSTRUCT file.
struct Annotation {
  fs::path file;
  std::string of_series;           ///< SeriesInfo::key of the image series
  std::vector<std::string> names;  ///< of its segments or regions
};

Annotation open_annotation(const fs::path& file, const std::string& modality) {
  Annotation found{file, {}, {}};
  if (modality == "SEG") {
    const dicom::SegmentationObject object = dicom::open_segmentation(file);
    found.of_series = object.series_key();
    for (const dicom::Segment& segment : object.segments()) found.names.push_back(segment.label);
  } else {
    const dicom::StructureSet set = dicom::open_structure_set(file);
    found.of_series = set.series_key();
    for (const dicom::Region& region : set.regions()) found.names.push_back(region.name);
  }
  return found;
}

/// Annotations by the series that they are of.
std::map<std::string, Annotation> annotations_of(const std::vector<NbiaSeries>& series, const std::string& wanted) {
  std::map<std::string, Annotation> found;
  for (const NbiaSeries& one : series) {
    if (one.modality != "SEG" && one.modality != "RTSTRUCT") continue;
    if (!one.description.starts_with(wanted)) continue;
    for (const auto& entry : fs::directory_iterator(one.folder)) {
      if (!dicom::is_dicom_file(entry.path())) continue;
      Annotation annotation = open_annotation(entry.path(), one.modality);
      const auto [place, is_new] = found.emplace(annotation.of_series, annotation);
      if (!is_new)
        throw core::UserError("annotates an image that another one annotates too: " + place->second.file.string(),
                              entry.path().string(), "choose by dataset.annotation, a beginning of Series Description");
    }
  }
  return found;
}

/// Classes in the order of their numbers.
std::vector<LabelFile> parts_of(const Annotation& annotation, const std::map<int64_t, std::string>& labels,
                                bool may_lack) {
  std::vector<LabelFile> parts;
  for (const auto& [label, name] : labels) {
    if (std::find(annotation.names.begin(), annotation.names.end(), name) != annotation.names.end())
      parts.push_back({.file = annotation.file, .structure = name, .label = label});
    else if (!may_lack)
      throw core::UserError("has no '" + name + "'; it has: " + fmt::format("{}", fmt::join(annotation.names, ", ")),
                            annotation.file.string(), "see dataset.labels; dataset.may_lack=true lets it pass");
  }
  return parts;
}

/// The clinical table by subject.
std::map<std::string, std::map<std::string, std::string>> read_clinical(const TciaOptions& options) {
  if (!options.clinical) return {};
  const storage::CsvTable csv = storage::read_csv(*options.clinical);
  return csv.by(csv.column(options.subject_column, options.clinical->string()));
}

}  // namespace

DatasetDescription Tcia::describe() const {
  DatasetDescription dataset = describe_folder(options_);
  declare_labels(options_, "a collection does not say which segments are wanted", dataset);
  dataset.root = nbia_folder(dataset.root);
  const std::vector<NbiaSeries> series = read_nbia_table(dataset.root);
  const auto annotations = annotations_of(series, options_.annotation);
  const auto clinical = read_clinical(options_);
  for (const NbiaSeries& image : series) {
    if (image.modality != options_.modality) continue;
    Case one;
    one.patient = image.subject;
    one.id = series_case_id(image.subject, image.uid);
    one.site = image.manufacturer;
    one.attributes["series"] = image.description;
    if (const auto row = clinical.find(image.subject); row != clinical.end())
      one.attributes.insert(row->second.begin(), row->second.end());
    one.images = {image.folder};
    if (const auto found = annotations.find(dicom::key_of_series(image.uid)); found != annotations.end())
      one.labels = parts_of(found->second, dataset.labels, options_.may_lack);
    add_case(dataset, std::move(one));
  }
  if (dataset.cases.empty())
    throw core::UserError(fmt::format("holds no {} series that a SEG or RTSTRUCT series refers to", options_.modality),
                          dataset.root.string(), "see dataset.modality; annotations are a download of their own");
  dataset.name = fs::absolute(dataset.root).lexically_normal().filename().string();
  complete_description(dataset, options_.patients);
  return dataset;
}

}  // namespace medvol::datasets
