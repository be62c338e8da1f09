#pragma once
#include <filesystem>
#include <string>
#include <vector>

#include "framework/dicom/header_parser.h"
#include "tests/support/support.h"

namespace medvol::datasets {

/// A download in progress: each series gets its folder and its row.
class Download {
  tests::TemporaryFolder folder_;

 public:
  const std::filesystem::path root = folder_ / "manifest-1561766528292";

  void add(const std::vector<std::filesystem::path>& files, const std::string& subject,
           const std::string& description) {
    const dicom::Header header = dicom::parse_header(files.front(), {0x0020000e, 0x00080060});
    const std::string uid = header.text(0x0020000e), location = "COLL/" + subject + "/01-01-2000-NA-NA-1/" +
                                                                std::to_string(count_++) + ".000000-" + description;
    std::filesystem::create_directories(root / location);
    for (size_t i = 0; i < files.size(); ++i)
      std::filesystem::copy_file(files[i], root / location / ("1-" + std::to_string(i + 1) + ".dcm"));
    rows_ += uid + ",COLL,,," + subject + ",1.2,\"study, one\",01-01-2000," + description + ",Maker," +
             header.text(0x00080060) + ",,," + std::to_string(files.size()) + ",1 KB,./" + location + ",2021\n";
    manifest_ += uid + "\n";
    write();
  }

  void write(const std::string& more_in_manifest = "") const {
    tests::write_file(root / "metadata.csv",
                      "Series UID,Collection,3rd Party Analysis,Data Description URI,Subject ID,Study UID,Study "
                      "Description,Study Date,Series Description,Manufacturer,Modality,SOP Class Name,SOP Class "
                      "UID,Number of Images,File Size,File Location,Download Timestamp\n" +
                          rows_);
    tests::write_file(root / "manifest-1561766528292.tcia",
                      "downloadServerUrl=https://public.cancerimagingarchive.net/nbia-download/servlet/"
                      "DownloadServlet\nincludeAnnotation=true\nnoOfrRetry=4\nmanifestVersion=3.0\n"
                      "ListOfSeriesToDownload=\n" +
                          manifest_ + more_in_manifest);
  }

 private:
  std::string rows_, manifest_;
  int count_ = 1;
};

inline std::filesystem::path dcmqi() { return tests::test_data() / "dcmqi_seg/data/segmentations/24x38x3"; }
inline std::filesystem::path rt() { return tests::test_data() / "rt_utils_rtstruct/tests/mock_data"; }

inline void add_liver(Download& download) {
  download.add({dcmqi() / "image/IMG0001.dcm", dcmqi() / "image/IMG0002.dcm", dcmqi() / "image/IMG0003.dcm"}, "S-1",
               "CT 5mm");
  download.add({dcmqi() / "seg/label.seg"}, "S-1", "Segmentation");
}

}  // namespace medvol::datasets
