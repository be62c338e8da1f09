#pragma once
#include "datasets/dataset.h"
#include "losses/loss.h"
#include "networks/network.h"
#include "trainers/schedule/optimizer.h"
#include "trainers/schedule/schedule.h"

namespace medvol::apps {

/// Everything that a configuration can name. Concrete things are named here and in their folders' register.cpp only.
struct Registries {
  networks::NetworkRegistry networks{"network"};
  losses::LossRegistry losses{"loss"};
  datasets::DatasetRegistry datasets{"dataset"};
  trainers::OptimizerRegistry optimizers{"optimizer"};
  trainers::ScheduleRegistry schedules{"schedule"};
};

const Registries& registries();

}  // namespace medvol::apps
