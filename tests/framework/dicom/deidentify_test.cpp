#include "framework/dicom/deidentify.h"

#include <torch/types.h>

#include <nlohmann/json.hpp>
#include <set>

#include "framework/dicom/data_set.h"
#include "framework/dicom/segmentation.h"
#include "framework/dicom/series.h"
#include "framework/dicom/structure_set.h"
#include "framework/storage/csv.h"
#include "tests/framework/dicom/refusal.h"
#include "tests/support/support.h"

namespace medvol::dicom {
namespace {

const std::string key = "a secret of a project, long enough";

std::filesystem::path dcmqi() { return tests::test_data() / "dcmqi_seg/data/segmentations"; }

std::vector<std::filesystem::path> files_of(const std::filesystem::path& folder) {
  std::vector<std::filesystem::path> files;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(folder)) {
    if (entry.path().extension() == ".dcm") files.push_back(entry.path());
  }
  std::sort(files.begin(), files.end());
  return files;
}

/// Changes a copy of a real slice.
template <class Change>
void change_file(const std::filesystem::path& from, const std::filesystem::path& to, const Change& change) {
  const auto file = read_data_set(from);
  change(*file->getDataset());
  write_data_set(to, *file);
}

/// A slice that says everything there is to say about its patient.
void fill(DcmDataset& data) {
  const std::vector<std::pair<DcmTag, std::string>> secrets{{DCM_PatientName, "Secret^Name"},
                                                            {DCM_PatientID, "SECRET-ID"},
                                                            {DCM_PatientBirthDate, "19431224"},
                                                            {DCM_PatientSex, "O"},
                                                            {DCM_PatientAddress, "SECRET street"},
                                                            {DCM_InstitutionName, "SECRET hospital"},
                                                            {DCM_ReferringPhysicianName, "Secret^Doctor"},
                                                            {DCM_StudyDate, "19431225"},
                                                            {DCM_AcquisitionDateTime, "19431226120000"},
                                                            {DCM_StudyDescription, "SECRET study"},
                                                            {DCM_ImageComments, "SECRET comment"},
                                                            {DCM_DeviceSerialNumber, "SECRET-9"}};
  for (const auto& [tag, value] : secrets) ASSERT_TRUE(data.putAndInsertString(tag, value.c_str()).good());
  DcmItem *request = nullptr, *code = nullptr;
  data.findOrCreateSequenceItem(DCM_AnatomicRegionSequence, code, -2);
  code->putAndInsertString(DCM_CodeMeaning, "Liver");
  code->putAndInsertString(DCM_PatientName, "Secret^Nested");
  code->findOrCreateSequenceItem(DCM_PurposeOfReferenceCodeSequence, request, -2);
  request->putAndInsertString(DCM_OperatorsName, "Secret^Deep");
  request->putAndInsertString(DcmTag(0x0009, 0x0010, EVR_LO), "SECRET deep private");
  data.putAndInsertString(DcmTag(0x0009, 0x0010, EVR_LO), "SECRET vendor");
  data.putAndInsertString(DcmTag(0x0009, 0x1001, EVR_LO), "SECRET private");
  data.putAndInsertString(DcmTag(0x6000, 0x4000, EVR_LT), "SECRET overlay");
  data.putAndInsertString(DcmTag(0x0010, 0x7ffe, EVR_LO), "SECRET unknown");
  data.putAndInsertString(DCM_BurnedInAnnotation, "NO");
}

TEST(Deidentify, NothingThatIdentifiesIsLeftAndTheVoxelsAre) {
  MEDVOL_NEEDS_DATA("dcmqi_seg");
  const tests::TemporaryFolder folder;
  for (const char* name : {"01.dcm", "02.dcm", "03.dcm"}) {
    const auto path = folder / "in/Secret Name" / name;
    change_file(dcmqi() / "ct-3slice" / name, path, fill);
    tests::write_file(path, "SECRET" + tests::read_file(path).substr(6));  // the preamble is no attribute
  }
  tests::write_file(folder / "in/SECRET notes.txt", "SECRET");
  const DeidentifySummary summary = deidentify_tree({.input = folder / "in", .output = folder / "out", .key = key});
  EXPECT_EQ(summary.written, 3);
  EXPECT_EQ(summary.series, 1);
  EXPECT_EQ(summary.other_files, 1);
  EXPECT_EQ(summary.undeclared, 0);
  for (const auto& entry : std::filesystem::recursive_directory_iterator(folder / "out")) {
    EXPECT_FALSE(contains(entry.path().string(), "ecret") || contains(entry.path().string(), "SECRET"));
    if (!entry.is_regular_file()) continue;
    const std::string bytes = tests::read_file(entry.path());
    for (const char* secret : {"SECRET", "Secret", "194312"}) EXPECT_FALSE(contains(bytes, secret)) << entry.path();
  }
  const imaging::Volume before = read_series(folder / "in"), after = read_series(folder / "out");
  EXPECT_TRUE(after.data.equal(before.data));
  EXPECT_TRUE(after.geometry.matches(before.geometry));
}

TEST(Deidentify, EachAttributeByItsActionOfTheTable) {
  MEDVOL_NEEDS_DATA("dcmqi_seg");
  const tests::TemporaryFolder folder;
  change_file(dcmqi() / "ct-3slice/01.dcm", folder / "in/01.dcm", fill);
  const auto original = read_data_set(folder / "in/01.dcm");
  deidentify_tree({.input = folder / "in", .output = folder / "out", .key = key, .program = "medvol test"});
  const auto path = files_of(folder / "out").at(0);
  const auto file = read_data_set(path);
  DcmDataset& data = *file->getDataset();
  for (const DcmTagKey& tag : {DCM_PatientAddress, DCM_StudyDescription, DCM_ImageComments}) {
    EXPECT_FALSE(data.tagExists(tag)) << DcmTag(tag).getTagName();  // X
  }
  for (const DcmTagKey& tag : {DCM_PatientBirthDate, DCM_PatientSex, DCM_StudyDate, DCM_ReferringPhysicianName}) {
    EXPECT_TRUE(data.tagExists(tag)) << DcmTag(tag).getTagName();  // Z
    EXPECT_EQ(text_of(data, tag), "");
  }
  EXPECT_EQ(text_of(data, DCM_DeviceSerialNumber), "REMOVED");          // X/Z/D
  EXPECT_EQ(text_of(data, DCM_AcquisitionDateTime), "19000101000000");  // X/Z/D
  for (const DcmTagKey& tag : {DCM_SOPInstanceUID, DCM_SeriesInstanceUID, DCM_StudyInstanceUID}) {
    EXPECT_TRUE(text_of(data, tag).starts_with("2.25.")) << DcmTag(tag).getTagName();  // U
  }
  EXPECT_EQ(path.filename(), text_of(data, DCM_SOPInstanceUID) + ".dcm");
  EXPECT_EQ(text_of(*file->getMetaInfo(), DCM_MediaStorageSOPInstanceUID), text_of(data, DCM_SOPInstanceUID));
  EXPECT_EQ(text_of(data, DCM_SOPClassUID), text_of(*original->getDataset(), DCM_SOPClassUID));
  EXPECT_EQ(text_of(data, DCM_PatientIdentityRemoved), "YES");
  EXPECT_TRUE(contains(text_of(data, DCM_DeidentificationMethod), "medvol test"));
  EXPECT_EQ(text_of(*first_item_of(&data, DCM_DeidentificationMethodCodeSequence), DCM_CodeValue), "113100");
  DcmItem* region = first_item_of(&data, DCM_AnatomicRegionSequence);
  ASSERT_NE(region, nullptr);
  EXPECT_EQ(text_of(*region, DCM_CodeMeaning), "Liver");
  EXPECT_EQ(text_of(*region, DCM_PatientName), text_of(data, DCM_PatientID));
  EXPECT_TRUE(text_of(data, DCM_PatientID).starts_with("P-"));
}

TEST(Deidentify, TheAuditCountsWithoutAnyValue) {
  MEDVOL_NEEDS_DATA("dcmqi_seg");
  const tests::TemporaryFolder folder;
  for (const char* name : {"01.dcm", "02.dcm"}) change_file(dcmqi() / "ct-3slice" / name, folder / "in" / name, fill);
  deidentify_tree({.input = folder / "in", .output = folder / "out", .key = key, .keep = {"PatientSex"}});
  const auto audit = nlohmann::json::parse(tests::read_file(folder / "out/audit.json"));
  EXPECT_EQ(audit["files_written"], 2);
  std::map<std::string, nlohmann::json> found;
  for (const auto& one : audit["attributes"]) found[one["name"]] = one;
  EXPECT_EQ(found["PatientName"]["top_level"], 2);
  EXPECT_EQ(found["PatientName"]["in_sequences"], 2);
  EXPECT_EQ(found["PatientBirthDate"]["action"], "Z emptied");
  EXPECT_EQ(found["PatientSex"]["action"], "kept");
  EXPECT_EQ(found["private attributes"]["in_sequences"], 2);
  const auto file = read_data_set(files_of(folder / "out").at(0));
  EXPECT_EQ(text_of(*file->getDataset(), DCM_PatientSex), "O");
  EXPECT_TRUE(contains(text_of(*file->getDataset(), DCM_DeidentificationMethod), "kept: PatientSex"));
}

TEST(Deidentify, ReferencesBetweenFilesStillHold) {
  MEDVOL_NEEDS_DATA("dcmqi_seg");
  MEDVOL_NEEDS_DATA("rt_utils_rtstruct");
  const tests::TemporaryFolder folder;
  std::filesystem::create_directories(folder / "in");
  std::filesystem::copy(dcmqi() / "ct-3slice", folder / "in/ct");
  std::filesystem::copy(dcmqi() / "liver.dcm", folder / "in/seg.dcm");
  std::filesystem::copy(tests::test_data() / "rt_utils_rtstruct/tests/mock_data", folder / "in/rt");
  std::filesystem::remove(folder / "in/rt/invalid_reference_rt.dcm");
  std::filesystem::remove(folder / "in/rt/non_existent_reference_rt.dcm");
  deidentify_tree({.input = folder / "in", .output = folder / "out", .key = key});
  int checked = 0;
  for (const SeriesInfo& series : list_series(folder / "out")) {
    if (series.modality == "SEG") {
      const SegmentationObject liver = open_segmentation(series.files.at(0));
      const imaging::Geometry grid = find_slices(folder / "out", liver.series_key()).geometry;
      const imaging::Volume mask = liver.mask(1, grid);
      EXPECT_TRUE(mask.data.equal(open_segmentation(folder / "in/seg.dcm").mask(1, grid).data));
      ++checked;
    } else if (series.modality == "RTSTRUCT") {
      const StructureSet set = open_structure_set(series.files.at(0));
      EXPECT_EQ(set.regions().at(0).name, "");  // ROIName: Z
      EXPECT_EQ(find_slices(folder / "out", set.series_key()).files.size(), 2u);
      ++checked;
    }
  }
  EXPECT_EQ(checked, 2);
}

TEST(Deidentify, TheKeyDecidesTheIdentifiers) {
  MEDVOL_NEEDS_DATA("dcmqi_seg");
  const tests::TemporaryFolder folder;
  const auto names = [&](const std::string& secret, const std::string& out) {
    deidentify_tree(
        {.input = dcmqi() / "ct-3slice", .output = folder / out, .key = secret, .mapping = folder / (out + ".csv")});
    std::vector<std::string> result;
    for (const auto& file : files_of(folder / out)) result.push_back(std::filesystem::relative(file, folder / out));
    return result;
  };
  const auto first = names(key, "a");
  EXPECT_EQ(first, names(key, "b"));
  EXPECT_NE(first, names(key + "!", "c"));
  EXPECT_NE(names("", "d"), names("", "e"));  // a random key each time
  const storage::CsvTable mapping = storage::read_csv(folder / "a.csv");
  std::set<std::string> targets;
  for (const auto& row : mapping.rows) targets.insert(row.at(mapping.column("new")));
  EXPECT_EQ(targets.size(), mapping.rows.size());
}

TEST(Deidentify, WhatCannotBeDoneSafelyIsRefusedBeforeAnythingIsWritten) {
  MEDVOL_NEEDS_DATA("dcmqi_seg");
  const tests::TemporaryFolder folder;
  std::filesystem::create_directories(folder / "in");
  std::filesystem::copy(dcmqi() / "ct-3slice/01.dcm", folder / "in/a.dcm");
  change_file(dcmqi() / "ct-3slice/02.dcm", folder / "in/b.dcm",
              [](DcmDataset& data) { data.putAndInsertString(DCM_BurnedInAnnotation, "YES"); });
  const auto said = [&](DeidentifyOptions options) {
    if (options.input.empty()) options.input = folder / "in";
    if (options.output.empty()) options.output = folder / "out";
    const std::string message = refusal([&] { deidentify_tree(options); });
    EXPECT_FALSE(std::filesystem::exists(folder / "out")) << message;
    return message;
  };
  EXPECT_TRUE(contains(said({}), "1 file declares annotation burned"));
  EXPECT_TRUE(contains(said({.output = folder / "in/out"}), "lie in each other"));
  EXPECT_TRUE(contains(said({.output = folder.path()}), "lie in each other"));
  EXPECT_TRUE(contains(said({.input = folder / "absent"}), "no such folder"));
  EXPECT_TRUE(contains(said({.keep = {"PatientSecks"}}), "PatientSecks"));
  EXPECT_TRUE(contains(said({.keep = {"PatientID"}}), "cannot be kept"));
  EXPECT_TRUE(contains(said({.keep = {"StudyInstanceUID"}}), "cannot be kept"));
  EXPECT_TRUE(contains(said({.keep = {"Rows"}}), "stays anyway"));
  EXPECT_TRUE(contains(said({.mapping = folder / "out/map.csv"}), "mapping"));
  tests::write_file(folder / "full/x.txt", "x");
  EXPECT_TRUE(contains(said({.output = folder / "full"}), "not an empty folder"));
  const std::string bytes = tests::read_file(folder / "in/a.dcm");
  tests::write_file(folder / "in/c.dcm", bytes.substr(0, bytes.size() / 2));
  EXPECT_TRUE(contains(said({.leave_out_burned_in = true}), "damaged"));
  std::filesystem::remove(folder / "in/c.dcm");
  const auto summary = deidentify_tree({.input = folder / "in", .output = folder / "out", .leave_out_burned_in = true});
  EXPECT_EQ(summary.written, 1);
  EXPECT_EQ(summary.burned_in, 1);
  EXPECT_EQ(summary.undeclared, 1);
}

TEST(Deidentify, EveryEncodingKeepsItsPixels) {
  MEDVOL_NEEDS_DATA("dicomparser_tests");
  const tests::TemporaryFolder folder;
  const auto images = tests::test_data() / "dicomparser_tests/testImages";
  int files = 0;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(images)) {
    if (entry.path().extension() != ".dcm") continue;
    const auto in = folder / fmt::format("in{}", files), out = folder / fmt::format("out{}", files);
    std::filesystem::create_directories(in);
    std::filesystem::copy(entry.path(), in / "a.dcm");
    deidentify_tree({.input = in, .output = out, .key = key});
    EXPECT_TRUE(read_series(out).data.equal(read_series(in).data)) << entry.path();
    ++files;
  }
  EXPECT_EQ(files, 8);
}

TEST(Deidentify, APathInAnIdentifierLeadsNowhere) {
  MEDVOL_NEEDS_DATA("dcmqi_seg");
  const tests::TemporaryFolder folder;
  change_file(dcmqi() / "ct-3slice/01.dcm", folder / "in/a.dcm", [](DcmDataset& data) {
    data.putAndInsertString(DCM_SOPInstanceUID, "1.2.840.10008./../../../evil");
    data.putAndInsertString(DCM_StudyInstanceUID, "../../evil");
  });
  deidentify_tree({.input = folder / "in", .output = folder / "out", .key = key});
  EXPECT_EQ(files_of(folder / "out").size(), 1u);
  EXPECT_EQ(files_of(folder.path()).size(), 2u);
}

TEST(Deidentify, SequencesOfUnknownKindAreLookedInto) {
  MEDVOL_NEEDS_DATA("dcmqi_seg");
  const tests::TemporaryFolder folder;
  const auto file = read_data_set(dcmqi() / "ct-3slice/01.dcm");
  // AnatomicRegionSequence as UN of known length: one item that names the patient, in implicit VR.
  const std::string item("\xfe\xff\x00\xe0\x12\0\0\0\x10\0\x10\0\x0a\0\0\0Secret^Un ", 26);
  for (const DcmTagKey& tag : {DCM_AnatomicRegionSequence, DcmTagKey(0x0010, 0x7ffe)}) {
    auto* element = new DcmOtherByteOtherWord(DcmTag(tag, EVR_UN));
    element->putUint8Array(reinterpret_cast<const Uint8*>(item.data()), item.size());
    ASSERT_TRUE(file->getDataset()->insert(element).good());
  }
  write_data_set(folder / "in/a.dcm", *file, EXS_LittleEndianExplicit);
  ASSERT_TRUE(contains(tests::read_file(folder / "in/a.dcm"), "Secret^Un"));
  deidentify_tree({.input = folder / "in", .output = folder / "out", .key = key});
  const auto path = files_of(folder / "out").at(0);
  EXPECT_FALSE(contains(tests::read_file(path), "Secret"));
  const auto clean = read_data_set(path);
  EXPECT_EQ(items_of(*clean->getDataset(), DCM_AnatomicRegionSequence).size(), 1u);
}

TEST(Deidentify, PatientsStayApartAndRepeatedInstancesAreCounted) {
  MEDVOL_NEEDS_DATA("dcmqi_seg");
  const tests::TemporaryFolder folder;
  const auto as = [&](const char* name, const char* patient) {
    change_file(dcmqi() / "ct-3slice" / name, folder / "in" / (std::string(patient) + name), [&](DcmDataset& data) {
      data.putAndInsertString(DCM_PatientID, patient);
      data.putAndInsertString(DCM_SOPInstanceUID,
                              (std::string("1.2.3.") + name[1] + (patient[0] == 'A' ? "1" : "2")).c_str());
    });
  };
  as("01.dcm", "A");
  as("02.dcm", "A");
  as("03.dcm", "B");
  std::filesystem::copy(folder / "in/A01.dcm", folder / "in/copy.dcm");
  const auto summary = deidentify_tree({.input = folder / "in", .output = folder / "out", .key = key});
  EXPECT_EQ(summary.patients, 2);
  EXPECT_EQ(summary.written, 3);
  EXPECT_EQ(summary.repeated, 1);
}

}  // namespace
}  // namespace medvol::dicom
