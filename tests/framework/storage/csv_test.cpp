#include "framework/storage/csv.h"

#include <gmock/gmock.h>

#include "framework/core/error.h"
#include "tests/support/support.h"

namespace medvol::storage {
namespace {

using ::testing::HasSubstr;
using tests::TemporaryFolder;
using Rows = std::vector<std::vector<std::string>>;

TEST(Csv, QuotesWhatNeedsIt) {
  TemporaryFolder folder;
  Rows rows{{"plain", "a,b", "say \"hi\""}, {"", "two\nlines", "carriage\r"}, {" spaces ", "é", ""}};
  write_csv(folder / "a.csv", {"case", "x,y", "z"}, rows);
  EXPECT_EQ(tests::read_file(folder / "a.csv"),
            "case,\"x,y\",z\nplain,\"a,b\",\"say \"\"hi\"\"\"\n,\"two\nlines\",\"carriage\r\"\n spaces ,é,\n");
  CsvTable table = read_csv(folder / "a.csv");
  EXPECT_EQ(table.header, (std::vector<std::string>{"case", "x,y", "z"}));
  EXPECT_EQ(table.rows, rows);
  EXPECT_EQ(table.column("z"), 2u);
}

TEST(Csv, OneColumnKeepsEmptyFields) {
  TemporaryFolder folder;
  write_csv(folder / "a.csv", {"only"}, {{""}, {"x"}, {""}});
  EXPECT_EQ(read_csv(folder / "a.csv").rows, (Rows{{""}, {"x"}, {""}}));
}

TEST(Csv, ReadsWhatOtherProgramsWrite) {
  TemporaryFolder folder;
  tests::write_file(folder / "a.csv", "\xEF\xBB\xBFid,value\r\n1,\"x\"\r\n\r\n2,y");
  CsvTable table = read_csv(folder / "a.csv");
  EXPECT_EQ(table.header, (std::vector<std::string>{"id", "value"}));
  EXPECT_EQ(table.rows, (Rows{{"1", "x"}, {"2", "y"}}));
}

TEST(Csv, FaultsNameTheLine) {
  TemporaryFolder folder;
  auto fault = [&](const std::string& content) -> std::string {
    tests::write_file(folder / "a.csv", content);
    try {
      read_csv(folder / "a.csv");
    } catch (const core::UserError& error) {
      return error.what();
    }
    return "none";
  };
  EXPECT_THAT(fault("a,b\n\"1\n1\",2\n3\n"), HasSubstr("a.csv:4: 1 fields, but the header has 2"));
  EXPECT_THAT(fault("a,b\n1,\"2\n"), HasSubstr("a.csv:2: a quote is opened"));
  EXPECT_THAT(fault("a,b\n\"1\"x,2\n"), HasSubstr("a.csv:2: text stands behind"));
  EXPECT_THAT(fault(""), HasSubstr("empty"));
  tests::write_file(folder / "b.csv", "dice,iou\n");
  EXPECT_THAT([&] { read_csv(folder / "b.csv").column("dise"); },
              testing::ThrowsMessage<core::UserError>(HasSubstr("dice")));
}

}  // namespace
}  // namespace medvol::storage
