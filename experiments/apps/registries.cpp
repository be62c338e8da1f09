#include "experiments/apps/registries.h"

#include "datasets/catalogue/register.h"
#include "losses/segmentation/register.h"
#include "networks/segmentation/register.h"

namespace medvol::apps {

const Registries& registries() {
  static const Registries all = [] {
    Registries made;
    networks::register_segmentation(made.networks);
    losses::register_segmentation(made.losses);
    datasets::register_datasets(made.datasets);
    trainers::register_optimizers(made.optimizers);
    trainers::register_schedules(made.schedules);
    return made;
  }();
  return all;
}

}  // namespace medvol::apps
