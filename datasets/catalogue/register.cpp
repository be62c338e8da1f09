#include "datasets/catalogue/register.h"

#include "datasets/catalogue/brats.h"
#include "datasets/catalogue/decathlon.h"
#include "datasets/catalogue/nnunet_raw.h"
#include "datasets/catalogue/phantom.h"

namespace medvol::datasets {

void register_datasets(DatasetRegistry& registry) {
  registry.add<NnunetRawOptions>("nnunet", "nnU-Net's raw folder: dataset.json, imagesTr, labelsTr",
                                 [](const NnunetRawOptions& options) { return std::make_unique<NnunetRaw>(options); });
  registry.add<DecathlonOptions>("decathlon",
                                 "a Medical Segmentation Decathlon folder: dataset.json with its training list",
                                 [](const DecathlonOptions& options) { return std::make_unique<Decathlon>(options); });
  registry.add<FolderOptions>("brats",
                              "the Brain Tumor Segmentation challenges, 2018 to 2023: four modalities, regions",
                              [](const FolderOptions& options) { return std::make_unique<Brats>(options); });
  registry.add<PhantomOptions>("phantom", "made multi-organ examinations, written as NIfTI files and read back",
                               [](const PhantomOptions& options) { return std::make_unique<Phantom>(options); });
}

}  // namespace medvol::datasets
