#pragma once
#include "datasets/catalogue/declared_labels.h"
#include "datasets/catalogue/folder_options.h"
#include "datasets/dataset.h"

namespace medvol::datasets {

struct TciaOptions : FolderOptions, DeclaredLabels {
  std::string modality = "CT";
  std::string annotation;
  bool may_lack = false;
  std::optional<std::filesystem::path> clinical;
  std::string subject_column = "Subject ID";

  TciaOptions() { channels = {"CT"}; }

  template <class Visitor>
  void fields(Visitor& visit) {
    FolderOptions::fields(visit);
    DeclaredLabels::fields(visit);
    visit("modality", modality, "of the images: CT, MR, PT");
    visit("annotation", annotation,
          "take the SEG or RTSTRUCT series whose description begins so; empty: the one that there is of each image");
    visit("may_lack", may_lack, "a case may lack classes of dataset.labels; false: it is an error that says which");
    visit("clinical", clinical, "CSV of the collection's clinical data: its columns become attributes of the cases");
    visit("subject_column", subject_column, "the column of that CSV that holds the Subject ID");
  }
};

/// A collection of The Cancer Imaging Archive as the NBIA Data Retriever leaves it:
///   ROOT/metadata.csv                                                      a row a series
///   ROOT/COLLECTION/SUBJECT/STUDY/SERIES/1-001.dcm, …                      its folder: column File Location
///   ROOT/NAME.tcia                                                         the manifest, where it was kept
/// ROOT may also be the folder above (manifest-1561766528292 in it). Columns read: Series UID, Subject ID, Modality,
/// Series Description, Number of Images, File Location, and Manufacturer, which is the site. Manifest: UIDs follow the
/// line ListOfSeriesToDownload=, one a line.
///
/// An image is a series of `modality`; its labels are the DICOM-SEG or RTSTRUCT series that refers to it (Referenced
/// Series Instance UID), of which dataset.labels names segments or regions: '{Liver: 1, Tumor: 2}', painted in the
/// order of their numbers. An image that nothing refers to is a test case. Patient is the Subject ID; a case is
/// SUBJECT_ and the last five digits of its series. A manifest's series that was not downloaded, and a folder that does
/// not hold as many files as its row says, are errors.
class Tcia final : public Dataset {
 public:
  explicit Tcia(TciaOptions options) : options_(std::move(options)) {}
  DatasetDescription describe() const override;

 private:
  TciaOptions options_;
};

}  // namespace medvol::datasets
