#include "framework/run/identity.h"

#include <gmock/gmock.h>

#include <nlohmann/json.hpp>

#include "framework/core/error.h"
#include "tests/support/support.h"

namespace medvol::run {
namespace {

using nlohmann::json;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

Identity example() {
  return {"0.1.0", "abc123", "2.11.0", "cpu", "Xeon", "Xeon", 2, "bf16", "contiguous", "ff00", UINT64_MAX};
}

TEST(Identity, GoesThroughJsonAndFile) {
  tests::TemporaryFolder folder;
  EXPECT_EQ(Identity::from_json(example().to_json()), example());
  example().save(folder / "identity.json");
  EXPECT_EQ(Identity::load(folder / "identity.json"), example());
  EXPECT_EQ(example().to_json().size(), 11u);
}

TEST(Identity, MissingOrMistypedFieldsAreNamed) {
  json all = example().to_json();
  for (const auto& [name, value] : all.items()) {
    json without = all, wrong = all;
    without.erase(name);
    wrong[name] = json::array();
    EXPECT_THAT([&] { Identity::from_json(without, "there.json"); },
                testing::ThrowsMessage<core::UserError>(HasSubstr("there.json: '" + name + "' is missing")));
    EXPECT_THAT([&] { Identity::from_json(wrong); },
                testing::ThrowsMessage<core::UserError>(HasSubstr("'" + name + "' should be")));
  }
  tests::TemporaryFolder folder;
  tests::write_file(folder / "identity.json", "{\"seed\":");
  EXPECT_THROW(Identity::load(folder / "identity.json"), core::UserError);
}

TEST(Identity, DifferencesAreListed) {
  Identity here = example();
  EXPECT_TRUE(example().differences(here).empty());
  here.compute_threads = 4;
  here.precision = "float32";
  EXPECT_THAT(example().differences(here),
              ElementsAre("compute_threads: 2 there, 4 here", "precision: \"bf16\" there, \"float32\" here"));
}

}  // namespace
}  // namespace medvol::run
