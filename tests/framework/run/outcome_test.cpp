#include "framework/run/outcome.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "framework/core/error.h"
#include "framework/storage/atomic_file.h"
#include "tests/support/support.h"

namespace medvol::run {
namespace {

TEST(Outcome, EveryFieldSurvivesTheFile) {
  const tests::TemporaryFolder folder;
  const Outcome outcome{"abc", 7, "unet", 1404181, 300, 61.5, 34.25};
  outcome.save(folder.path() / "outcome.json");
  EXPECT_EQ(Outcome::load(folder.path() / "outcome.json"), outcome);
  EXPECT_EQ(Outcome::load(folder.path() / "absent.json"), std::nullopt);
  const nlohmann::json whole = outcome.to_json();
  for (const auto& [key, value] : whole.items()) {
    nlohmann::json torn = whole;
    torn.erase(key);
    storage::write_atomic(folder.path() / "torn.json", torn.dump());
    EXPECT_THROW(Outcome::load(folder.path() / "torn.json"), core::UserError) << key;
  }
}

}  // namespace
}  // namespace medvol::run
