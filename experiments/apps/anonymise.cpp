#include "experiments/apps/configuration.h"
#include "experiments/apps/version.h"
#include "framework/core/error.h"
#include "framework/core/logging.h"
#include "framework/core/units.h"
#include "framework/dicom/deidentify.h"
#include "framework/runtime/progress_bar.h"
#include "framework/runtime/stop_signal.h"
#include "framework/runtime/stopwatch.h"
#include "framework/storage/file_error.h"

namespace medvol::apps {
namespace {

struct AnonymiseOptions {
  std::optional<std::filesystem::path> input, output, key_file, mapping;
  std::vector<std::string> keep;
  bool leave_out_burned_in = false;

  template <class Visitor>
  void fields(Visitor& visit) {
    visit("input", input, "folder of DICOM files, with all below it; nothing in it is changed", config::required());
    visit("output", output, "new or empty folder for PATIENT/STUDY/SERIES/INSTANCE.dcm and audit.json",
          config::required());
    visit("key_file", key_file,
          "a secret of 16 bytes or more that decides the new identifiers: the same file gives the same ones, so that "
          "later deliveries fit. Unset: a random one, kept nowhere");
    visit("keep", keep,
          "attributes that stay as they are, by keyword: [PatientSex, PatientAge, ROIName]. You answer for what they "
          "tell");
    visit("leave_out_burned_in", leave_out_burned_in,
          "leave out files that declare annotation burned into their pixels, instead of refusing them all");
    visit("mapping", mapping, "CSV of old and new identifiers, outside the output. It undoes the whole: keep it safe");
  }
};

constexpr size_t shortest_key = 16;

std::string read_key(const AnonymiseOptions& options) {
  if (!options.key_file) return "";
  std::string key = storage::read_bytes(*options.key_file);
  if (key.size() < shortest_key)
    throw core::UserError(fmt::format("a key of {} bytes is guessed easily", key.size()), options.key_file->string(),
                          "make one: head -c 32 /dev/urandom > FILE");
  return key;
}

/// "1 file", "2 files"
std::string counted(int64_t number, const std::string& what) {
  return fmt::format("{} {}{}", number, what, number == 1 || what == "series" ? "" : "s");
}

void warn(const dicom::DeidentifySummary& summary) {
  if (summary.burned_in > 0)
    core::log_warning("left out: {} with declared burned-in annotation", counted(summary.burned_in, "file"));
  if (summary.directories > 0)
    core::log_warning("left out: {}, which names patients", counted(summary.directories, "DICOMDIR file"));
  if (summary.repeated > 0)
    core::log_warning("left out: {} with the SOPInstanceUID of another", counted(summary.repeated, "file"));
  if (summary.other_files > 0) core::log_warning("left out: {} in other formats", counted(summary.other_files, "file"));
  if (summary.undeclared > 0)
    core::log_warning("{} without a word on text burned into the pixels: look at them before they are given away",
                      counted(summary.undeclared, "file"));
}

void run(const AnonymiseOptions& options) {
  const runtime::StopSignal signals;
  const runtime::Stopwatch watch;
  runtime::ProgressBar bar("anonymising");
  const dicom::DeidentifySummary summary = dicom::deidentify_tree(
      {.input = *options.input,
       .output = *options.output,
       .key = read_key(options),
       .keep = options.keep,
       .leave_out_burned_in = options.leave_out_burned_in,
       .mapping = options.mapping.value_or(""),
       .program = "medvol " + program_version()},
      [&](double share) {
        if (runtime::StopSignal::requested())
          throw core::Interrupted("stopped; the files written are complete, but the copy is not: remove it");
        bar.update(share, "");
      });
  bar.finish(
      fmt::format("{} of {}, {}, {} in {} → {}", counted(summary.written, "file"), counted(summary.patients, "patient"),
                  summary.studies == 1 ? "1 study" : fmt::format("{} studies", summary.studies),
                  counted(summary.series, "series"), core::duration_text(watch.seconds()), options.output->string()));
  warn(summary);
}

}  // namespace

int anonymise(const Arguments& arguments) {
  const config::HelpPage page{
      "anonymise",
      "Copies a folder of DICOM files by the Basic Application Level Confidentiality Profile of DICOM (PS3.15, annex "
      "E, "
      "2026c). In every nested sequence too: names, numbers, dates, places, devices and free text of table E.1-1 are "
      "removed, emptied or given a dummy (dates become 19000101 where a date must stand); private attributes, curves "
      "and overlays go; every UID is replaced, the same way in all files, so that segmentations and structure sets "
      "still find their series. A patient becomes P- and a keyed hash of the PatientID: patients stay apart, and "
      "nobody without the key can try names against it. Pixels keep their bytes: faces and burned-in text are not "
      "looked for, and files that declare such text are refused. audit.json counts what was done to each attribute and "
      "holds no value. Sex, age and the names of regions go too, unless `keep` names them.",
      {"medvol anonymise input=export output=shared",
       "medvol anonymise input=export output=shared key_file=project.key keep=[PatientSex,PatientAge,ROIName]",
       "medvol anonymise input=export output=shared mapping=safe/mapping.csv leave_out_burned_in=true"}};
  return run_command<AnonymiseOptions>(page, plain_lists(arguments, {"keep"}), AnonymiseOptions{}, run);
}

}  // namespace medvol::apps
