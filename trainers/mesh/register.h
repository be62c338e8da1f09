#pragma once
#include "trainers/session/task.h"

namespace medvol::trainers {

/// The trainings of this folder, by the name that configurations use.
void register_mesh(TaskRegistry& registry);

}  // namespace medvol::trainers
