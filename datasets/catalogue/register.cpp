#include "datasets/catalogue/register.h"

#include "datasets/catalogue/acdc.h"
#include "datasets/catalogue/brats.h"
#include "datasets/catalogue/csv_list.h"
#include "datasets/catalogue/decathlon.h"
#include "datasets/catalogue/kits.h"
#include "datasets/catalogue/lits.h"
#include "datasets/catalogue/nnunet_raw.h"
#include "datasets/catalogue/phantom.h"

namespace medvol::datasets {
namespace {

template <class Layout, class Options = FolderOptions>
void add(DatasetRegistry& registry, const std::string& name, const std::string& doc) {
  registry.add<Options>(name, doc, [](const Options& options) { return std::make_unique<Layout>(options); });
}

}  // namespace

void register_datasets(DatasetRegistry& registry) {
  add<NnunetRaw>(registry, "nnunet", "nnU-Net's raw folder: dataset.json, imagesTr, labelsTr");
  add<Decathlon>(registry, "decathlon", "a Medical Segmentation Decathlon folder: dataset.json with its training list");
  add<Brats>(registry, "brats", "the Brain Tumor Segmentation challenges, 2018 to 2023: four modalities, regions");
  add<Acdc>(registry, "acdc", "the Automated Cardiac Diagnosis Challenge: cine MR at two phases");
  add<Lits>(registry, "lits", "the Liver Tumor Segmentation challenge: CT");
  add<Kits>(registry, "kits", "the Kidney Tumor Segmentation challenges of 2019, 2021 and 2023: CT");
  add<CsvList, CsvListOptions>(registry, "csv", "cases that a CSV lists");
  add<Phantom, PhantomOptions>(registry, "phantom",
                               "made multi-organ examinations, written as NIfTI files and read back");
}

}  // namespace medvol::datasets
