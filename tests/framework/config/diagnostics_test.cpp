#include "framework/config/diagnostics.h"

#include <gtest/gtest.h>

#include "tests/framework/config/messages.h"

namespace medvol::config {
namespace {

TEST(Diagnostics, OneDefectIsOneLineWithPlacePathAndHint) {
  Diagnostics found;
  found.add({"experiments/conf/network/unet.yaml", 4, 3}, "network.featuers", "unknown key",
            "did you mean 'features'?");
  EXPECT_EQ(tests::message_of([&] { found.throw_if_any(); }),
            "experiments/conf/network/unet.yaml:4:3: network.featuers: unknown key (did you mean 'features'?)");
}

TEST(Diagnostics, SeveralDefectsAreCountedAndSortedByPlace) {
  Diagnostics found;
  found.add({"b.yaml", 10, 1}, "z", "third");
  found.add({"b.yaml", 9, 7}, "y", "second");
  found.add({"a.yaml", 30, 1}, "x", "first", "hint");
  EXPECT_EQ(
      tests::message_of([&] { found.throw_if_any(); }),
      "3 defects in the configuration:\na.yaml:30:1: x: first (hint)\nb.yaml:9:7: y: second\nb.yaml:10:1: z: third");
}

TEST(Diagnostics, PlaceAndPathMayBeUnknown) {
  Diagnostics found;
  found.add({}, "root", "a value is required");
  EXPECT_EQ(tests::message_of([&] { found.throw_if_any(); }), "root: a value is required");
  EXPECT_EQ(tests::message_of([] { throw ConfigError({{{"f.yaml", 1, 2}, "", "bad", ""}}); }), "f.yaml:1:2: bad");
}

TEST(Diagnostics, NothingFoundThrowsNothingAndAnErrorWithoutDefectsIsOurBug) {
  EXPECT_NO_THROW(Diagnostics().throw_if_any());
  EXPECT_THROW(ConfigError({}), core::InternalError);
}

TEST(Diagnostics, DefectsOfACaughtErrorAreTakenOver) {
  Diagnostics found;
  found.add({"b", 1, 1}, "p", "w");
  found.add(ConfigError({{{"a", 1, 1}, "q", "v", ""}}));
  ASSERT_EQ(found.defects().size(), 2u);
  EXPECT_EQ(found.defects()[1].path, "q");
}

}  // namespace
}  // namespace medvol::config
