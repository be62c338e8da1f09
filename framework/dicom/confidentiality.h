#pragma once
#include <map>
#include <set>
#include <string>
#include <vector>

#include "framework/dicom/data_set.h"

namespace medvol::dicom {

/// Not GDCM's Anonymizer: it knows the table of PS3.15-2008 and puts the originals, encrypted, into the copy.
/// Applies the profile to one data set after the other and counts what it did; for what it does see deidentify.h.
class Confidentiality {
 public:
  /// UserError for an unknown keyword in `keep`, and one that must not be kept.
  Confidentiality(std::string key, const std::vector<std::string>& keep, std::string program);

  void apply(DcmDataset& data);

  /// Always the same for the same patient, without telling which: "P-0123456789ab".
  std::string patient(DcmItem& data) const;
  /// UIDs of the standard stay.
  std::string new_uid(const std::string& uid);

  struct Count {
    std::string name, action;
    int64_t top_level = 0, in_sequences = 0;
  };
  /// By tag "(0010,0010)"; private attributes together.
  const std::map<std::string, Count>& counts() const { return counts_; }
  /// Old UID → new UID.
  const std::map<std::string, std::string>& uids() const { return uids_; }

 private:
  void clean(DcmItem& item, const std::string& patient, bool nested);
  void clean_element(DcmItem& item, const DcmTagKey& key, const std::string& patient, bool nested);
  void replace_uids(DcmItem& item, DcmElement& element);
  void give_dummy(DcmItem& item, DcmElement& element);
  void count(const DcmTag& tag, const char* action, bool nested);

  std::string key_, program_, kept_text_;
  std::set<uint32_t> keep_;
  std::map<std::string, Count> counts_;
  std::map<std::string, std::string> uids_;
};

}  // namespace medvol::dicom
