#include <gtest/gtest.h>

#include <algorithm>
#include <limits>

#include "framework/core/error.h"
#include "framework/core/nearest.h"
#include "framework/core/units.h"
#include "tests/framework/config/messages.h"

namespace medvol::core {
namespace {

TEST(Error, OneLineOfWhereWhatAndHint) {
  EXPECT_STREQ(UserError("is truncated", "case_01.nii", "copy it again").what(),
               "case_01.nii: is truncated (copy it again)");
  EXPECT_STREQ(UserError("no data").what(), "no data");
  EXPECT_EQ(UserError("a", "b", "c").hint(), "c");
  EXPECT_EQ(UserError("a", "b", "c").where(), "b");
}

TEST(Error, PlacesSayAsMuchAsIsKnown) {
  EXPECT_EQ((Place{"f.yaml", 3, 4}.text()), "f.yaml:3:4");
  EXPECT_EQ((Place{"f.yaml", 3, 0}.text()), "f.yaml:3");
  EXPECT_EQ((Place{"f.yaml"}.text()), "f.yaml");
  EXPECT_EQ((Place{"", 3, 4}.text()), "");
}

TEST(Error, AFailedCheckNamesItselfAndItsPlace) {
  const int a = 1;
  try {
    MEDVOL_CHECK(a == 2, "a is {}", a);
    FAIL() << "the check did not throw";
  } catch (const InternalError& error) {
    const std::string text = error.what();
    EXPECT_NE(text.find("core_test.cpp:"), std::string::npos) << text;
    EXPECT_NE(text.find("internal check failed: a == 2: a is 1"), std::string::npos) << text;
  }
  EXPECT_NO_THROW(MEDVOL_CHECK(a == 1));
}

TEST(Nearest, FindsWhatWasMeant) {
  const std::vector<std::string> names{"features", "kernel_size", "strides", "norm"};
  EXPECT_EQ(nearest_name("featuers", names), "features");  // neighbours swapped
  EXPECT_EQ(nearest_name("feature", names), "features");
  EXPECT_EQ(nearest_name("kernel-size", names), "kernel_size");
  EXPECT_EQ(nearest_name("nrom", names), "norm");
  EXPECT_EQ(nearest_name("norm", names), "norm");
  EXPECT_EQ(nearest_name("xyz", names), std::nullopt);
  EXPECT_EQ(nearest_name("", names), std::nullopt);
  EXPECT_EQ(nearest_name("a", {}), std::nullopt);
  EXPECT_EQ(nearest_name("b", {"a", "c"}), "a");  // a tie: the first
}

TEST(Nearest, OrListsWhatThereIs) {
  EXPECT_EQ(did_you_mean("unte", {"vnet", "unet"}), "did you mean 'unet'?");
  EXPECT_EQ(did_you_mean("zzzz", {"vnet", "unet"}), "one of: vnet, unet");
  const std::vector<std::string> many(20, "alternative");
  const std::string text = did_you_mean("zzzz", many);
  EXPECT_TRUE(text.ends_with(", …")) << text;
  EXPECT_EQ(std::count(text.begin(), text.end(), ','), 12);
}

TEST(Length, ParsesEveryUnit) {
  EXPECT_EQ(Length::parse("200"), (Length{200, Unit::steps}));
  EXPECT_EQ(Length::parse("200 steps"), (Length{200, Unit::steps}));
  EXPECT_EQ(Length::parse("1e"), (Length{1, Unit::epochs}));
  EXPECT_EQ(Length::parse("2.5 epochs"), (Length{2.5, Unit::epochs}));
  EXPECT_EQ(Length::parse("90s"), (Length{90, Unit::seconds}));
  EXPECT_EQ(Length::parse("5m"), (Length{300, Unit::seconds}));
  EXPECT_EQ(Length::parse("5min"), (Length{300, Unit::seconds}));
  EXPECT_EQ(Length::parse("1.5h"), (Length{5400, Unit::seconds}));
}

TEST(Length, RefusesAllElse) {
  for (const char* text : {"", "m", "-5m", "1.5", "5 parsecs", "nan", "inf", "1e3e", "m5", "5mm"})
    EXPECT_THROW(Length::parse(text), UserError) << text;
  EXPECT_EQ(tests::message_of([] { Length::parse("5x"); }),
            "'5x' has the unknown unit 'x' (expected a number with a unit: 200 (steps), 1e (epochs), 90s, 5m or 1.5h)");
}

TEST(Length, ItsTextComesBack) {
  for (const char* text : {"200", "1e", "0.5e", "90s", "5m", "1h", "0.25s", "0", "1000000"})
    EXPECT_EQ(Length::parse(text).text(), text);
  for (const double seconds : {0.1, 59.0, 60.0, 61.0, 3600.0, 5400.0, 86400.0, 1.0 / 3}) {
    const Length length{seconds, Unit::seconds};
    EXPECT_EQ(Length::parse(length.text()), length) << length.text();
  }
  const Length large{1e17, Unit::steps};
  EXPECT_EQ(Length::parse(large.text()), large) << large.text();
}

TEST(Units, DurationsAsAPersonReadsThem) {
  EXPECT_EQ(duration_text(3.04), "3.0 s");
  EXPECT_EQ(duration_text(59.4), "59 s");
  EXPECT_EQ(duration_text(59.6), "1 min 00 s");
  EXPECT_EQ(duration_text(125), "2 min 05 s");
  EXPECT_EQ(duration_text(4320), "1 h 12 min");
  EXPECT_EQ(duration_text(-1), "?");
  EXPECT_EQ(duration_text(std::numeric_limits<double>::infinity()), "?");
}

TEST(Units, BytesInPowersOfThousand) {
  EXPECT_EQ(bytes_text(0), "0 B");
  EXPECT_EQ(bytes_text(999), "999 B");
  EXPECT_EQ(bytes_text(4200000000), "4.2 GB");
  EXPECT_EQ(bytes_text(118000000), "118 MB");
  EXPECT_EQ(bytes_text(999999), "1.0 MB");
}

}  // namespace
}  // namespace medvol::core
