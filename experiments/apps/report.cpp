#include "experiments/apps/configuration.h"
#include "reports/collect/run_record.h"
#include "reports/tables/comparison.h"
#include "reports/tables/seed_table.h"

namespace medvol::apps {
namespace {

struct ReportOptions {
  std::vector<std::filesystem::path> runs;
  std::filesystem::path output = "outputs/report";
  std::string title = "Comparison of runs";
  std::string baseline = "first";

  template <class Visitor>
  void fields(Visitor& visit) {
    visit("runs", runs, "run directories or evaluation folders; folds of one experiment are pooled");
    visit("output", output, "folder for report.md, report.html and comparison.csv");
    visit("title", title, "of the report");
    visit("baseline", baseline, "whom every other run is tested against", config::one_of({"first", "best"}));
  }
};

}  // namespace

int report(const Arguments& arguments) {
  const config::HelpPage page{"report",
                              "Several runs, folds or a sweep in one table, with bootstrap intervals and paired "
                              "Wilcoxon tests (Holm-corrected) on their common cases.",
                              {"medvol report runs=outputs/a,outputs/b output=outputs/report"}};
  return run_command<ReportOptions>(
      page, plain_lists(arguments, {"runs"}), ReportOptions{}, [](const ReportOptions& options) {
        if (options.runs.empty()) throw core::UserError("names no run", "runs", "say runs=outputs/a,outputs/b");
        reports::ComparisonOptions comparison{
            .title = options.title,
            .baseline = options.baseline == "best" ? reports::Baseline::best : reports::Baseline::first};
        const std::vector<reports::RunRecord> runs = reports::read_runs(options.runs);
        const reports::Comparison result = reports::write_comparison(options.output, runs, comparison);
        fmt::print("{}\n", reports::to_text(reports::comparison_table(result)));
        if (const auto seeds = reports::seed_table(runs)) fmt::print("{}\n", reports::to_text(*seeds));
        fmt::print("report: {}\n", (options.output / "report.html").string());
      });
}

}  // namespace medvol::apps
