#include <algorithm>
#include <sstream>

#include "experiments/apps/commands.h"
#include "experiments/apps/configuration.h"
#include "experiments/apps/dataset_report.h"
#include "experiments/apps/registries.h"
#include "framework/core/error.h"
#include "framework/core/nearest.h"
#include "framework/runtime/progress_bar.h"
#include "framework/storage/file_error.h"

namespace medvol::apps {
namespace {

/// The comment that a data set's configuration file begins with: its page.
std::vector<std::string> page_of(const std::string& name) {
  std::istringstream file(storage::read_bytes(conf_folder() / "dataset" / (name + ".yaml")));
  std::vector<std::string> lines;
  for (std::string line; std::getline(file, line) && line.starts_with("#");)
    lines.push_back(line.size() > 2 ? line.substr(2) : "");
  return lines;
}

struct DatasetReportOptions : ExperimentOptions {
  std::filesystem::path output;
  int64_t pictures = 6;

  template <class Visitor>
  void fields(Visitor& visit) {
    visit("output", output, "folder for report.html, report.json and montage.png; empty: outputs/datasets/NAME");
    visit("pictures", pictures, "cases in the montage, evenly chosen", config::between(1, 64));
    ExperimentOptions::fields(visit);
  }
};

void report(const DatasetReportOptions& options) {
  const datasets::DatasetDescription dataset = options.dataset.build()->describe();
  runtime::ProgressBar bar("reading");
  const std::vector<datasets::CaseSurvey> cases =
      datasets::survey(dataset, options.prepare.threads, [&](int64_t done, int64_t total) {
        bar.update(static_cast<double>(done) / static_cast<double>(total), fmt::format("{} of {} cases", done, total));
      });
  bar.finish();
  const std::filesystem::path folder =
      options.output.empty() ? std::filesystem::path("outputs/datasets") / dataset.name : options.output;
  write_dataset_report(dataset, cases, options.pictures, folder);
  fmt::print("\n{}\nreport: {}\n", dataset_report_text(dataset, cases), (folder / "report.html").string());
}

int report_command(const Arguments& arguments) {
  const config::HelpPage page{
      "datasets report",
      "Reads every training case of a data set and writes what it is like: sizes, spacings, intensities of each "
      "channel, volumes of each label and how many cases lack it, and a montage of pictures with the labels outlined.",
      {"medvol datasets report dataset=decathlon dataset.root=/data/Task04_Hippocampus output=hippocampus"}};
  return run_command<DatasetReportOptions>(page, arguments, DatasetReportOptions{}, report, "config");
}

}  // namespace

int dataset_pages(const Arguments& arguments) {
  const std::vector<std::string> names = registries().datasets.names();
  if (arguments.empty()) {
    for (const std::string& name : names) fmt::print("{:<16} {}\n", name, page_of(name).front());
    fmt::print("\nthe page of one: medvol datasets describe NAME\n");
    return 0;
  }
  if (arguments.front() == "report") return report_command({arguments.begin() + 1, arguments.end()});
  if (arguments.front() == "--help" || arguments.front() == "-h")
    return fmt::print(
               "usage: medvol datasets\n       medvol datasets describe NAME\n       medvol datasets report "
               "dataset=NAME dataset.root=… output=…\n\nThe data set layouts that medvol reads, a line each; or the "
               "page of one: what it is, its licence, where to\nget it, what to cite, and the folder that dataset.root "
               "must name; or a report of what a data set holds.\n"),
           0;
  if (arguments.front() != "describe" || arguments.size() != 2)
    throw core::UserError("expected nothing, describe NAME, or report dataset=NAME …", "medvol datasets",
                          "see medvol datasets --help");
  const std::string& name = arguments[1];
  if (std::find(names.begin(), names.end(), name) == names.end())
    throw core::UserError("'" + name + "' is no data set", "medvol datasets", core::did_you_mean(name, names));
  for (const std::string& line : page_of(name)) fmt::print("{}\n", line);
  return 0;
}

}  // namespace medvol::apps
