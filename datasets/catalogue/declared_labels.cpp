#include "datasets/catalogue/declared_labels.h"

#include "framework/core/error.h"

namespace medvol::datasets {

void declare_labels(const DeclaredLabels& declared, const char* why, DatasetDescription& dataset) {
  if (declared.labels.empty())
    throw core::UserError(why, "dataset.labels", "say them: dataset.labels='{liver: 1, lesion: 2}'");
  dataset.channel_names = declared.channels;
  for (const auto& [name, label] : declared.labels)
    if (label < 1 || label > 255 || !dataset.labels.emplace(label, name).second)
      throw core::UserError(fmt::format("the label {} of '{}' is taken, or not from 1 to 255", label, name),
                            "dataset.labels", "every class has a number of its own; background is 0");
  dataset.ignore_label = declared.ignore_label;
}

}  // namespace medvol::datasets
