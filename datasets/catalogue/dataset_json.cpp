#include "datasets/catalogue/dataset_json.h"

#include <algorithm>
#include <charconv>
#include <set>

#include "framework/core/error.h"
#include "framework/core/nearest.h"
#include "framework/storage/file_error.h"

namespace medvol::datasets {
namespace {

using json = nlohmann::ordered_json;  // regions count in the order they are declared in

core::Place place_of_byte(const std::string& text, size_t byte, const std::filesystem::path& file) {
  core::Place place{file.string(), 1, 1};
  for (size_t i = 0; i + 1 < byte && i < text.size(); ++i) {
    place.column = text[i] == '\n' ? 1 : place.column + 1;
    place.line += text[i] == '\n';
  }
  return place;
}

json parse(const std::filesystem::path& file) {
  const std::string text = storage::read_bytes(file);
  try {
    return json::parse(text);
  } catch (const json::parse_error& error) {
    throw core::UserError("not valid JSON here", place_of_byte(text, error.byte, file).text(),
                          "look for a missing comma, quote or bracket just before");
  }
}

std::optional<int64_t> integer(const std::string& text) {
  int64_t value = 0;
  const auto parsed = std::from_chars(text.data(), text.data() + text.size(), value);
  if (text.empty() || parsed.ec != std::errc() || parsed.ptr != text.data() + text.size()) return std::nullopt;
  return value;
}

void read_channels(const json& value, const std::filesystem::path& file, DatasetDescription& into) {
  const char* key = value.contains("channel_names") ? "channel_names" : "modality";
  if (!value.contains(key) || !value.at(key).is_object() || value.at(key).empty())
    throw core::UserError("'channel_names' is missing or no object", file.string(),
                          R"(expected {"0": "T1", "1": "FLAIR"})");
  const json& channels = value.at(key);
  for (size_t channel = 0; channel < channels.size(); ++channel) {
    const std::string number = std::to_string(channel);
    if (!channels.contains(number) || !channels.at(number).is_string())
      throw core::UserError(fmt::format("'{}' has no name for channel \"{}\"", key, number), file.string(),
                            "channels are numbered 0, 1, 2, …");
    into.channel_names.push_back(channels.at(number).get<std::string>());
  }
}

/// {"liver": 1} of nnU-Net or {"1": "liver"} of the Decathlon, in either case value → name.
std::pair<int64_t, std::string> read_label(const std::string& key, const json& value,
                                           const std::filesystem::path& file) {
  if (value.is_number_integer()) return {value.get<int64_t>(), key};
  if (value.is_string()) {
    const std::string text = value.get<std::string>();
    if (const auto number = integer(key)) return {*number, text};
    if (const auto number = integer(text)) return {*number, key};
  }
  throw core::UserError("the label '" + key + "' is neither name: integer nor \"integer\": name", file.string());
}

/// {"whole tumor": [1, 2, 3], "tumor core": [2, 3], …}: as soon as one label is a list, every entry but background and
/// ignore is a region, painted with its entry of regions_class_order.
void read_regions(const json& value, const std::filesystem::path& file, DatasetDescription& into) {
  const json& labels = value.at("labels");
  if (std::none_of(labels.begin(), labels.end(), [](const json& entry) { return entry.is_array(); })) return;
  for (const auto& [name, entry] : labels.items()) {
    if (name == "ignore" || entry == 0) continue;
    plan::Region region{name, {}, 0};
    const json list = entry.is_array() ? entry : json::array({entry});
    for (const json& label : list) {
      if (!label.is_number_integer() || label.get<int64_t>() < 1)
        throw core::UserError("the region '" + name + "' holds something else than labels", file.string(),
                              "labels of regions are integers from 1 on");
      region.labels.push_back(label.get<int64_t>());
    }
    if (region.labels.empty()) throw core::UserError("the region '" + name + "' has no labels", file.string());
    into.regions.push_back(std::move(region));
  }
  const json order = value.value("regions_class_order", json::array());
  if (!order.is_array() || order.size() != into.regions.size() ||
      !std::all_of(order.begin(), order.end(), [](const json& one) { return one.is_number_integer(); }))
    throw core::UserError(fmt::format("'regions_class_order' is no list of {} integers", into.regions.size()),
                          file.string(), "one a region: the label that its voxels get in a label map");
  for (size_t i = 0; i < into.regions.size(); ++i) into.regions[i].painted = order[i].get<int64_t>();
}

/// value → name of every label, background and ignore included. Labels that regions alone tell of are named by number.
std::map<int64_t, std::string> label_names(const json& labels, const std::filesystem::path& file,
                                           const std::vector<plan::Region>& regions) {
  std::map<int64_t, std::string> names;
  for (const auto& [key, entry] : labels.items()) {
    if (entry.is_array()) continue;
    const auto [number, name] = read_label(key, entry, file);
    if (!names.emplace(number, name).second)
      throw core::UserError(fmt::format("the label {} is declared twice", number), file.string());
  }
  for (const plan::Region& region : regions)
    for (const int64_t label : region.labels) names.emplace(label, std::to_string(label));
  return names;
}

void read_labels(const json& value, const std::filesystem::path& file, DatasetDescription& into) {
  if (!value.contains("labels") || !value.at("labels").is_object())
    throw core::UserError("'labels' is missing or no object", file.string(),
                          R"(expected {"background": 0, "liver": 1})");
  read_regions(value, file, into);
  std::map<int64_t, std::string> names = label_names(value.at("labels"), file, into.regions);
  int64_t expected = 0;
  for (const auto& [number, name] : names)
    if (number != expected++)
      throw core::UserError(
          fmt::format("the labels are not consecutive: {} where {} was expected", number, expected - 1), file.string(),
          "labels are 0 (background), 1, 2, …");
  if (names.size() < 2) throw core::UserError("there is no label beside the background", file.string());
  names.erase(0);
  if (names.rbegin()->second == "ignore") {
    into.ignore_label = names.rbegin()->first;
    names.erase(*into.ignore_label);
  }
  for (const auto& [number, name] : names)
    if (name == "ignore")
      throw core::UserError("the label 'ignore' is not the highest", file.string(), "nnU-Net's rule");
  if (names.rbegin() == names.rend())
    throw core::UserError("there is no label beside background and ignore", file.string());
  into.labels = std::move(names);
}

Split read_split(const json& value, size_t fold, const std::vector<std::string>& known,
                 const std::filesystem::path& file) {
  Split split;
  std::set<std::string> seen;
  for (const auto& [key, list] : {std::pair{"train", &split.train}, {"val", &split.validation}}) {
    if (!value.is_object() || !value.contains(key) || !value.at(key).is_array())
      throw core::UserError(fmt::format("fold {} has no list '{}'", fold, key), file.string(),
                            R"(expected [{"train": ["case_1", …], "val": […]}, …])");
    for (const json& id : value.at(key)) {
      const std::string text = id.is_string() ? id.get<std::string>() : id.dump();
      if (!std::binary_search(known.begin(), known.end(), text))
        throw core::UserError(fmt::format("fold {} names '{}', which is no training case", fold, text), file.string(),
                              core::did_you_mean(text, known));
      if (!seen.insert(text).second)
        throw core::UserError(fmt::format("fold {} names '{}' twice", fold, text), file.string(),
                              "a case is either in train or in val");
      list->push_back(text);
    }
    std::sort(list->begin(), list->end());
  }
  return split;
}

}  // namespace

json read_dataset_json(const std::filesystem::path& root) {
  const std::filesystem::path file = root / "dataset.json";
  if (!std::filesystem::exists(file))
    throw core::UserError(
        "there is no dataset.json", root.string(),
        std::filesystem::exists(root) ? "dataset.root names the folder that holds it" : "the folder does not exist");
  json value = parse(file);
  if (!value.is_object()) throw core::UserError("it is not a JSON object", file.string());
  return value;
}

void read_declarations(const json& value, const std::filesystem::path& file, DatasetDescription& into) {
  if (into.name.empty() && value.contains("name") && value.at("name").is_string())
    into.name = value.at("name").get<std::string>();
  if (into.name.empty())
    into.name = std::filesystem::absolute(file).lexically_normal().parent_path().filename().string();
  read_channels(value, file, into);
  read_labels(value, file, into);
}

std::vector<Split> read_given_splits(const std::filesystem::path& root, const DatasetDescription& dataset) {
  const std::filesystem::path file = root / "splits_final.json";
  if (!std::filesystem::exists(file)) return {};
  const json value = parse(file);
  if (!value.is_array() || value.empty()) throw core::UserError("it is not a list of folds", file.string());
  std::vector<std::string> known;
  for (const Case& one : dataset.cases) known.push_back(one.id);
  std::vector<Split> result;
  for (size_t fold = 0; fold < value.size(); ++fold) result.push_back(read_split(value.at(fold), fold, known, file));
  return result;
}

}  // namespace medvol::datasets
