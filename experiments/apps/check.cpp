#include "datasets/catalogue/integrity.h"
#include "experiments/apps/configuration.h"
#include "framework/runtime/progress_bar.h"

namespace medvol::apps {

int check(const Arguments& arguments) {
  const config::HelpPage page{"check",
                              "Reads every file of a data set and prints one line for every defect: labels outside the "
                              "declared set, images and labels on "
                              "different grids, NaN, empty labels, unreadable or truncated files. Writes nothing; exit "
                              "code 1 when something was found.",
                              {"medvol check dataset=decathlon dataset.root=/data/Task04_Hippocampus"}};
  size_t found = 0;
  run_command<ExperimentOptions>(
      page, arguments, ExperimentOptions{},
      [&](const ExperimentOptions& options) {
        const datasets::DatasetDescription dataset = options.dataset.build()->describe();
        runtime::ProgressBar bar("checking");
        const auto findings =
            datasets::check_integrity(dataset, options.prepare.threads, [&](int64_t done, int64_t total) {
              bar.update(static_cast<double>(done) / static_cast<double>(total),
                         fmt::format("{} of {} cases", done, total));
            });
        bar.finish();
        for (const datasets::Finding& finding : findings) fmt::print("{}\n", finding.line(dataset.root));
        found = findings.size();
        fmt::print("{}: {} cases, {}\n", dataset.name, dataset.cases.size(),
                   found == 0 ? "no defect" : fmt::format("{} defect{}", found, found == 1 ? "" : "s"));
      },
      "config");
  return found == 0 ? 0 : 1;
}

}  // namespace medvol::apps
