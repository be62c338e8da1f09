#pragma once
#include "framework/config/fields.h"

namespace medvol::datasets {

/// The fields of a step's options that say how often it fires: `probability`, which `doc` describes, and
/// `channel_probability`.
template <class Visitor, class Options>
void visit_chances(Visitor& visit, Options& options, const char* doc) {
  visit("probability", options.probability, doc, config::between(0, 1));
  visit("channel_probability", options.channel_probability, "share of channels within such a sample",
        config::between(0, 1));
}

}  // namespace medvol::datasets
