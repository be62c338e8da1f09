#include "datasets/catalogue/register.h"

#include "datasets/catalogue/acdc.h"
#include "datasets/catalogue/brats.h"
#include "datasets/catalogue/csv_list.h"
#include "datasets/catalogue/ctpelvic1k.h"
#include "datasets/catalogue/decathlon.h"
#include "datasets/catalogue/dsb2018.h"
#include "datasets/catalogue/folders.h"
#include "datasets/catalogue/hdf5_file.h"
#include "datasets/catalogue/isbi2012.h"
#include "datasets/catalogue/kits.h"
#include "datasets/catalogue/lidc.h"
#include "datasets/catalogue/lits.h"
#include "datasets/catalogue/luna16.h"
#include "datasets/catalogue/nnunet_raw.h"
#include "datasets/catalogue/phantom.h"
#include "datasets/catalogue/tcia.h"
#include "datasets/catalogue/totalsegmentator.h"

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
  add<TotalSegmentator, TotalSegmentatorOptions>(
      registry, "totalsegmentator", "TotalSegmentator's CTs: a mask for each of over a hundred structures");
  add<CtPelvic1k>(registry, "ctpelvic1k", "CTPelvic1K: pelvic bones in CT");
  add<Luna16, Luna16Options>(registry, "luna16", "LUNA16: lung nodules in CT as spheres, ten subsets, lungs");
  add<Lidc, LidcOptions>(registry, "lidc", "LIDC-IDRI: lung nodules in CT outlined by four readers");
  add<Tcia, TciaOptions>(registry, "tcia", "a TCIA collection: DICOM series with DICOM-SEG or RTSTRUCT");
  add<Dsb2018>(registry, "dsb2018", "the Data Science Bowl 2018: nuclei in microscopy pictures, a mask a nucleus");
  add<Isbi2012, Isbi2012Options>(registry, "isbi2012", "the ISBI 2012 challenge: membranes in electron microscopy");
  add<Folders, FoldersOptions>(registry, "folders", "plain folders images and labels with files of the same names");
  add<Hdf5File, Hdf5FileOptions>(registry, "hdf5", "one HDF5 file with images/CASE and labels/CASE");
  add<Phantom, PhantomOptions>(registry, "phantom",
                               "made multi-organ examinations, written as NIfTI files and read back");
}

}  // namespace medvol::datasets
