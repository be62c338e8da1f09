#include "tests/journeys/example_datasets.h"

#include <ATen/ATen.h>

#include "framework/imaging/image_io.h"
#include "tests/datasets/catalogue/decathlon_task.h"
#include "tests/datasets/catalogue/lung_scans.h"
#include "tests/datasets/catalogue/made_dataset.h"
#include "tests/datasets/catalogue/microscopy_files.h"
#include "tests/datasets/catalogue/nbia_download.h"

namespace medvol::tests {
namespace {

namespace fs = std::filesystem;
using Known = std::map<std::string, KnownCase>;
using Numbers = std::array<int32_t, 2>;

const std::array<double, 3> spacing_xyz{0.75, 1.25, 2};  ///< a different one on each axis
/// Of made_labels(): a cube of 6 without the 2×2×3 of the corner.
const KnownCase organ_and_corner{{2, 1.25, 0.75}, {{1, 204}, {2, 12}}};

imaging::Volume image() { return made_image({12, 14, 16}, spacing_xyz); }

void put_image(const fs::path& file) {
  fs::create_directories(file.parent_path());
  imaging::write_image(file, image());
}

/// made_labels() with other numbers in place of 1 and 2.
void put_labels(const fs::path& file, Numbers numbers = {1, 2}) {
  imaging::Volume labels = made_labels(image());
  labels.data = at::where(labels.data == 1, numbers[0], at::where(labels.data == 2, numbers[1], 0)).to(at::kInt);
  fs::create_directories(file.parent_path());
  imaging::write_labels(file, labels);
}

void put_pair(const fs::path& image_file, const fs::path& label_file) {
  put_image(image_file);
  put_labels(label_file);
}

Known nnunet(const fs::path& root) {
  made_dataset(root, 2);
  return {{"case_0", {{1, 1, 1}, {{1, 204}, {2, 12}}}}, {"case_1", {{1, 1, 1}, {{1, 204}, {2, 12}}}}};
}

Known decathlon(const fs::path& root) {
  datasets::write_task(root, datasets::decathlon_tasks.front());
  return {{"BRATS_001", {{1, 1, 1}, {{1, 1}, {2, 1}, {3, 1}}}}};
}

Known brats(const fs::path& root) {
  const fs::path stem = root / "HGG/Brats18_CBICA_AAM_1/Brats18_CBICA_AAM_1";
  for (const char* modality : {"_t1.nii.gz", "_t1ce.nii.gz", "_t2.nii.gz", "_flair.nii.gz"})
    put_image(stem.string() + modality);
  put_labels(stem.string() + "_seg.nii.gz", {2, 4});
  return {{"Brats18_CBICA_AAM_1", {{2, 1.25, 0.75}, {{2, 204}, {4, 12}}}}};
}

Known acdc(const fs::path& root) {
  const fs::path patient = root / "training/patient090";
  write_file(patient / "Info.cfg", "ED: 1\nES: 12\nGroup: DCM\nHeight: 184.0\nNbFrame: 30\n");
  for (const char* frame : {"patient090_frame01", "patient090_frame12"})
    put_pair(patient / (std::string(frame) + ".nii.gz"), patient / (std::string(frame) + "_gt.nii.gz"));
  return {{"patient090_frame01", organ_and_corner}, {"patient090_frame12", organ_and_corner}};
}

Known lits(const fs::path& root) {
  put_pair(root / "Training Batch 1/volume-2.nii", root / "Training Batch 1/segmentation-2.nii");
  put_pair(root / "Training Batch 2/volume-28.nii", root / "Training Batch 2/segmentation-28.nii");
  return {{"volume_002", organ_and_corner}, {"volume_028", organ_and_corner}};
}

Known kits(const fs::path& root) {
  put_pair(root / "case_00000/imaging.nii.gz", root / "case_00000/segmentation.nii.gz");
  return {{"case_00000", organ_and_corner}};
}

Known csv(const fs::path& root) {
  put_pair(root / "scans/a.nii.gz", root / "masks/a.nii.gz");
  write_file(root / "cases.csv", "case,image,label,patient,site\na,scans/a.nii.gz,masks/a.nii.gz,p1,north\n");
  return {{"a", organ_and_corner}};
}

Known totalsegmentator(const fs::path& root) {
  put_image(root / "s0011/ct.nii.gz");
  put_labels(root / "s0011/segmentations/heart.nii.gz", {1, 0});
  put_labels(root / "s0011/segmentations/liver.nii.gz", {0, 1});
  write_file(root / "meta.csv", "image_id;institute;split\ns0011;A;train\n");
  return {{"s0011", organ_and_corner}};
}

Known ctpelvic1k(const fs::path& root) {
  put_pair(root / "CTPelvic1K_dataset6_data/dataset6_CLINIC_0001_data.nii.gz",
           root / "ipcai2021_dataset6_Anonymized/dataset6_CLINIC_0001_mask_4label.nii.gz");
  return {{"CLINIC_0001", organ_and_corner}};
}

/// Voxels within 3.5 mm of a centre on the grid of 0.5, 0.5 and 1 mm.
int64_t nodule_voxels() {
  int64_t count = 0;
  for (int z = -4; z <= 4; ++z)
    for (int y = -8; y <= 8; ++y)
      for (int x = -8; x <= 8; ++x) count += 4 * z * z + y * y + x * x <= 49;
  return count;
}

Known luna16(const fs::path& root) {
  datasets::luna_scan(root, "subset0", "1.2.3");
  datasets::luna_scan(root, "subset7", "1.2.4");
  write_file(root / "annotations.csv", "seriesuid,coordX,coordY,coordZ,diameter_mm\n1.2.3,4,12,-291,7\n");
  const int64_t lungs = 40 * 36 * 4 / 3 * 2;
  return {{"1.2.3", {{1, 0.5, 0.5}, {{1, lungs}, {2, nodule_voxels()}}}}, {"1.2.4", {{1, 0.5, 0.5}, {{1, lungs}}}}};
}

Known lidc(const fs::path& root) {
  const datasets::LidcCollection made;
  made.annotate(made.series / "076.xml", made.series_uid);
  fs::copy(made.folder.path(), root, fs::copy_options::recursive);
  const std::string uid = made.series_uid;
  return {{"LIDC-IDRI-0005_" + uid.substr(uid.size() - 5), {{1, 0.810547, 0.810547}, {{1, 9 * 9}}}}};
}

Known tcia(const fs::path& root) {
  datasets::Download made;
  datasets::add_liver(made);
  fs::copy(made.root, root, fs::copy_options::recursive);
  const imaging::Volume liver = imaging::read_labels(datasets::dcmqi() / "nrrd/label.nrrd");
  const std::string uid = dicom::parse_header(datasets::dcmqi() / "image/IMG0001.dcm", {0x0020000e}).text(0x0020000e);
  return {{"S-1_" + uid.substr(uid.size() - 5),
           {liver.geometry.spacing_zyx(), {{4, (liver.data != 0).sum().item<int64_t>()}}}}};
}

Known dsb2018(const fs::path& root) {
  for (const char* id : {"aa", "bb"}) datasets::nuclei(root / "stage1_train", id);
  return {{"aa", {{1, 1, 1}, {{1, 40}}}}, {"bb", {{1, 1, 1}, {{1, 40}}}}};
}

Known isbi2012(const fs::path& root) {
  fs::create_directories(root);
  datasets::stacks(root);
  const KnownCase membranes{{1, 1, 1}, {{1, 2 * 16 * 6}}};
  return {{"slices_00_01", membranes}, {"slices_02_03", membranes}, {"slices_04_05", membranes}};
}

Known folders(const fs::path& root) {
  for (const char* channel : {"_0000", "_0001"}) put_image(root / ("images/a" + std::string(channel) + ".nrrd"));
  put_labels(root / "labels/a.mha");
  return {{"a", organ_and_corner}};
}

/// The file that h5py wrote: golden/make_h5.py says what of.
Known hdf5(const fs::path& root) {
  fs::create_directories(root);
  fs::copy_file(source_root() / "tests/datasets/catalogue/golden/cases.h5", root / "cases.h5");
  return {{"first", {{2.5, 0.75, 0.5}, {{1, 2 * 3 * 3}}}}, {"second", {{2.5, 0.75, 0.5}, {{2, 2 * 3 * 3}}}}};
}

/// Made by the layout itself; nothing is known of it before.
Known phantom(const fs::path&) { return {{"phantom_000", {}}, {"phantom_001", {}}}; }

}  // namespace

const std::vector<ExampleDataset>& example_datasets() {
  static const std::string two_classes = "dataset.labels={organ: 1, corner: 2}";
  static const std::vector<ExampleDataset> all{
      {.layout = "nnunet", .words = {}, .make = nnunet},
      {.layout = "decathlon", .words = {}, .make = decathlon},
      {.layout = "brats", .words = {}, .make = brats},
      {.layout = "acdc", .words = {}, .make = acdc},
      {.layout = "lits", .words = {}, .make = lits},
      {.layout = "kits", .words = {}, .make = kits},
      {.layout = "csv", .words = {two_classes}, .root = "cases.csv", .make = csv},
      {.layout = "totalsegmentator", .words = {}, .make = totalsegmentator},
      {.layout = "ctpelvic1k", .words = {}, .make = ctpelvic1k},
      {.layout = "luna16", .words = {}, .make = luna16},
      {.layout = "lidc", .words = {}, .needs = "dcmqi_seg", .make = lidc},
      {.layout = "tcia",
       .words = {"dataset.labels={Liver: 4}", "plan.configuration=2d"},
       .needs = "dcmqi_seg",
       .make = tcia},
      {.layout = "dsb2018", .words = {"plan.configuration=2d"}, .flat = true, .make = dsb2018},
      {.layout = "isbi2012", .words = {"dataset.blocks=3", "plan.configuration=2d"}, .make = isbi2012},
      {.layout = "folders", .words = {two_classes, "dataset.channels=[T1, T2]"}, .make = folders},
      {.layout = "hdf5",
       .words = {"dataset.labels={one: 1, two: 2}", "dataset.channels=[A, B]"},
       .root = "cases.h5",
       .make = hdf5},
      {.layout = "phantom", .words = {"dataset.size=32", "dataset.cases=2", "dataset.test_cases=0"}, .make = phantom}};
  return all;
}

}  // namespace medvol::tests
