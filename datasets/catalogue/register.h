#pragma once
#include "datasets/dataset.h"

namespace medvol::datasets {

/// Adds every data set layout that medvol knows: nnunet, decathlon, brats, acdc, lits,
/// kits, csv, phantom.
void register_datasets(DatasetRegistry& registry);

}  // namespace medvol::datasets
