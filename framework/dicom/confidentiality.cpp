#include "framework/dicom/confidentiality.h"

#include <algorithm>

#include "framework/core/error.h"
#include "framework/core/nearest.h"
#include "framework/dicom/confidentiality_table.h"
#include "framework/storage/checksum.h"

namespace medvol::dicom {
namespace {

enum class Action { keep, remove, empty, dummy, replace_uid, descend };

uint32_t number_of(const DcmTagKey& tag) { return static_cast<uint32_t>(tag.getGroup()) << 16 | tag.getElement(); }

template <size_t size>
bool holds(const std::array<uint32_t, size>& tags, uint32_t tag) {
  return std::binary_search(tags.begin(), tags.end(), tag);
}

Action action_of(uint32_t tag) {
  if (holds(confidentiality::remove, tag)) return Action::remove;
  if (holds(confidentiality::empty, tag)) return Action::empty;
  if (holds(confidentiality::dummy, tag)) return Action::dummy;
  if (holds(confidentiality::replace_uid, tag)) return Action::replace_uid;
  if (holds(confidentiality::descend, tag)) return Action::descend;
  return Action::keep;
}

bool is_known(const DcmTagKey& tag) {
  const DcmDataDictionary& dictionary = dcmDataDict.rdlock();
  const bool known = dictionary.findEntry(tag, nullptr) != nullptr;
  dcmDataDict.rdunlock();
  return known;
}

/// UIDs that say what kind of thing something is, not which one.
bool names_a_kind(DcmTag tag) {
  const std::string name = tag.getTagName();
  return name.find("Class") != std::string::npos || name.find("TransferSyntax") != std::string::npos ||
         name.find("CodingScheme") != std::string::npos || name.find("MappingResource") != std::string::npos ||
         name == "ContextUID";
}

/// Curves and overlays: drawings and text about the patient (table E.1-1: 50xx and 60xx).
bool is_drawing(const DcmTagKey& tag) {
  const uint16_t group = tag.getGroup() & 0xff00;
  return group == 0x5000 || group == 0x6000;
}

/// A value of this kind that says nothing; empty for kinds that are bytes.
std::string dummy_text(DcmEVR vr) {
  switch (vr) {
    case EVR_DA:
      return "19000101";
    case EVR_TM:
      return "000000";
    case EVR_DT:
      return "19000101000000";
    case EVR_AS:
      return "000Y";
    case EVR_IS:
    case EVR_DS:
      return "0";
    case EVR_PN:
      return "Removed";
    case EVR_AE:
    case EVR_CS:
    case EVR_LO:
    case EVR_LT:
    case EVR_SH:
    case EVR_ST:
    case EVR_UC:
    case EVR_UR:
    case EVR_UT:
      return "REMOVED";
    default:
      return "";
  }
}

/// Gives the element this text; an element that takes none (its kind in the file is wrong) is removed.
void put_text(DcmItem& item, DcmElement& element, const std::string& text) {
  const DcmTagKey key = element.getTag();
  if (element.putString(text.c_str()).bad()) item.findAndDeleteElement(key);
}

}  // namespace

Confidentiality::Confidentiality(std::string key, const std::vector<std::string>& keep, std::string program)
    : key_(std::move(key)), program_(std::move(program)) {
  for (const std::string& name : keep) {
    DcmTag tag;
    if (DcmTag::findTagFromName(name.c_str(), tag).bad()) {
      throw core::UserError(fmt::format("no DICOM attribute is called '{}'", name), "keep",
                            "give keywords, such as PatientSex or ROIName");
    }
    const Action action = action_of(number_of(tag));
    if (tag == DCM_PatientName || tag == DCM_PatientID || action == Action::replace_uid || tag.getEVR() == EVR_UI) {
      throw core::UserError(fmt::format("{} identifies by itself and cannot be kept", name), "keep");
    }
    if (action == Action::keep) {
      throw core::UserError(fmt::format("{} stays anyway", name), "keep", "the profile does not touch it");
    }
    keep_.insert(number_of(tag));
    kept_text_ += (kept_text_.empty() ? "" : ", ") + name;
  }
}

std::string Confidentiality::patient(DcmItem& data) const {
  std::string who = text_of(data, DCM_PatientID) + "\n" + text_of(data, DCM_IssuerOfPatientID);
  if (who == "\n") who = "study " + text_of(data, DCM_StudyInstanceUID);  // unknown patients are not one patient
  return "P-" + storage::keyed_hash(key_, "patient " + who).substr(0, 12);
}

std::string Confidentiality::new_uid(const std::string& uid) {
  const bool of_standard = uid.starts_with("1.2.840.10008.") && uid.find_first_not_of("0123456789.") == uid.npos;
  if (uid.empty() || of_standard) return uid;  // what comes out becomes a file's name: nothing but digits and dots
  std::string& replaced = uids_[uid];
  if (replaced.empty()) replaced = uid_of(storage::keyed_hash(key_, "uid " + uid));
  return replaced;
}

void Confidentiality::count(const DcmTag& tag, const char* action, bool nested) {
  const bool is_private = tag.isPrivate();
  DcmTag named(tag);
  Count& count = counts_[is_private ? "(odd,*)" : std::string(tag.toString().c_str())];
  count.name = is_private ? "private attributes" : named.getTagName();
  count.action = action;
  ++(nested ? count.in_sequences : count.top_level);
}

void Confidentiality::replace_uids(DcmItem& item, DcmElement& element) {
  OFString all;
  element.getOFStringArray(all);
  std::string replaced;
  for (size_t begin = 0; begin <= all.size();) {
    const size_t end = std::min(all.find('\\', begin), all.size());
    replaced += (begin > 0 ? "\\" : "") + new_uid(std::string(all.substr(begin, end - begin).c_str()));
    begin = end + 1;
  }
  put_text(item, element, replaced);
}

void Confidentiality::give_dummy(DcmItem& item, DcmElement& element) {
  const DcmTag tag = element.getTag();
  const DcmEVR vr = element.getVR();
  if (const std::string text = dummy_text(vr); !text.empty()) {
    put_text(item, element, text);
  } else if (vr == EVR_UI) {
    replace_uids(item, element);
  } else if (vr == EVR_SQ) {
    DcmItem* empty = nullptr;
    item.insertEmptyElement(tag);
    item.findOrCreateSequenceItem(tag, empty, -2);
  } else {
    item.insertEmptyElement(tag);  // numbers and bytes
  }
}

void Confidentiality::clean_element(DcmItem& item, const DcmTagKey& key, const std::string& patient, bool nested) {
  DcmElement* element = nullptr;
  if (item.findAndGetElement(key, element).bad() || element == nullptr) return;
  const DcmTag tag = element->getTag();
  const uint32_t number = number_of(key);
  const Action action = action_of(number);
  const DcmEVR vr = element->getVR();
  const bool understood = is_known(key) && vr != EVR_UN && vr != EVR_UNKNOWN;
  const bool gone = tag.isPrivate() || is_drawing(key) || (action == Action::keep && !understood);
  if (gone || action == Action::remove) {
    if (!gone && keep_.contains(number)) return count(tag, "kept", nested);
    count(tag, tag.isPrivate() || action == Action::remove || is_drawing(key) ? "X removed" : "removed: not known",
          nested);
    item.findAndDeleteElement(key);
    return;
  }
  if (key == DCM_PatientName || key == DCM_PatientID) {
    put_text(item, *element, patient);
    return count(tag, "Z pseudonym", nested);
  }
  if (keep_.contains(number)) return count(tag, "kept", nested);
  if (action == Action::replace_uid || (vr == EVR_UI && action == Action::keep && !names_a_kind(tag))) {
    replace_uids(item, *element);
    return count(tag, "U new UID", nested);
  }
  if (action == Action::empty || (vr == EVR_PN && action == Action::keep)) {
    item.insertEmptyElement(tag);
    return count(tag, "Z emptied", nested);
  }
  if (action == Action::dummy) {
    count(tag, "D dummy", nested);
    return give_dummy(item, *element);
  }
  for (DcmItem* inner : items_of(item, key)) clean(*inner, patient, true);
}

void Confidentiality::clean(DcmItem& item, const std::string& patient, bool nested) {
  std::vector<DcmTagKey> keys;
  for (unsigned long i = 0; i < item.card(); ++i) keys.push_back(item.getElement(i)->getTag());
  for (const DcmTagKey& key : keys) {
    if (key.getElement() == 0 || key == DCM_DataSetTrailingPadding) {
      item.findAndDeleteElement(key);  // lengths of groups, which change
    } else {
      clean_element(item, key, patient, nested);
    }
  }
}

void Confidentiality::apply(DcmDataset& data) {
  clean(data, patient(data), false);
  data.putAndInsertString(DCM_PatientIdentityRemoved, "YES");
  data.putAndInsertString(DCM_LongitudinalTemporalInformationModified, "REMOVED");
  std::string method = "PS3.15 E Basic Profile 2026c, " + program_;
  if (!kept_text_.empty()) method += "\\kept: " + kept_text_;
  constexpr size_t longest = 64;  // of each value of a long string
  if (const size_t second = method.find('\\'); method.size() - second - 1 > longest && second != std::string::npos) {
    method.resize(second + 1 + longest);
  }
  data.putAndInsertString(DCM_DeidentificationMethod, method.c_str());
  data.findAndDeleteElement(DCM_DeidentificationMethodCodeSequence);
  DcmItem* code = nullptr;
  data.findOrCreateSequenceItem(DCM_DeidentificationMethodCodeSequence, code, -2);
  code->putAndInsertString(DCM_CodeValue, "113100");
  code->putAndInsertString(DCM_CodingSchemeDesignator, "DCM");
  code->putAndInsertString(DCM_CodeMeaning, "Basic Application Confidentiality Profile");
}

}  // namespace medvol::dicom
