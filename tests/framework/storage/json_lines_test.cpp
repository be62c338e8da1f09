#include "framework/storage/json_lines.h"

#include <gmock/gmock.h>

#include <cmath>
#include <nlohmann/json.hpp>

#include "framework/core/error.h"
#include "tests/support/child_process.h"
#include "tests/support/support.h"

namespace medvol::storage {
namespace {

using nlohmann::json;
using ::testing::HasSubstr;
using tests::TemporaryFolder;

TEST(JsonLines, WhatIsAppendedIsRead) {
  TemporaryFolder folder;
  {
    JsonLines lines(folder / "log.jsonl");
    lines.append({{"step", 1}, {"loss", 0.1}});
    lines.append({{"text", "two\nlines \"quoted\" é"}});
    lines.sync();
  }
  JsonLines(folder / "log.jsonl").append({{"step", 2}});
  std::vector<json> read = read_json_lines(folder / "log.jsonl");
  ASSERT_EQ(read.size(), 3u);
  EXPECT_EQ(read[0]["loss"], 0.1);
  EXPECT_EQ(read[1]["text"], "two\nlines \"quoted\" é");
  EXPECT_EQ(read[2]["step"], 2);
}

TEST(JsonLines, NumbersThatAreNoneAndBrokenTextStayReadable) {
  TemporaryFolder folder;
  JsonLines(folder / "log.jsonl").append({{"loss", NAN}, {"text", "bad \xff"}});
  std::vector<json> read = read_json_lines(folder / "log.jsonl");
  EXPECT_TRUE(read.at(0)["loss"].is_null());
  EXPECT_EQ(read[0]["text"], "bad \xEF\xBF\xBD");
}

TEST(JsonLines, EveryTornEndKeepsTheWholeLines) {
  TemporaryFolder folder;
  std::string first = "{\"step\":1}\n", second = "{\"step\":2,\"x\":{\"y\":[1,2]}}\n";
  for (size_t length = 0; length <= second.size(); ++length) {
    auto path = folder / ("log" + std::to_string(length));
    tests::write_file(path, first + second.substr(0, length));
    bool whole = length >= second.size() - 1;  // only the line feed is missing
    EXPECT_EQ(read_json_lines(path).size(), whole ? 2u : 1u) << length;
    JsonLines(path).append({{"step", 3}});
    EXPECT_EQ(tests::read_file(path), first + (whole ? second : "") + "{\"step\":3}\n") << length;
  }
}

TEST(JsonLines, DamageInTheMiddleNamesTheLine) {
  TemporaryFolder folder;
  tests::write_file(folder / "log.jsonl", "{\"a\":1}\n{\"a\":\n{\"a\":3}\n");
  try {
    read_json_lines(folder / "log.jsonl");
    FAIL();
  } catch (const core::UserError& error) {
    EXPECT_THAT(error.what(), HasSubstr((folder / "log.jsonl").string() + ":2"));
  }
  tests::write_file(folder / "list.jsonl", "[1]\n");
  EXPECT_THROW(read_json_lines(folder / "list.jsonl"), core::UserError);
  EXPECT_THROW(read_json_lines(folder / "missing.jsonl"), core::UserError);
}

TEST(JsonLines, CutKeepsTheBytesOfWhatStays) {
  TemporaryFolder folder;
  auto path = folder / "log.jsonl";
  tests::write_file(path, "{\"step\": 1, \"v\":1.50}\n{\"step\":9}\n{\"step\": 2}\n{\"step\":3");
  auto early = [](const json& line) { return line["step"] <= 2; };
  EXPECT_EQ(truncate_json_lines(path, early), 1u);
  EXPECT_EQ(tests::read_file(path), "{\"step\": 1, \"v\":1.50}\n{\"step\": 2}\n");
  EXPECT_EQ(truncate_json_lines(path, early), 0u);
  EXPECT_EQ(truncate_json_lines(folder / "missing", early), 0u);
}

TEST(JsonLines, AFullDiskKeepsWholeLines) {
  TemporaryFolder folder;
  auto path = folder / "log.jsonl";
  std::string text = tests::ChildProcess([&](const auto&) {
                       tests::limit_file_size(100);
                       JsonLines lines(path);
                       for (int i = 0; i < 100; ++i) lines.append({{"step", i}, {"x", "0123456789"}});
                       return std::string("written");
                     }).wait();
  EXPECT_THAT(text, HasSubstr("error: " + path.string() + ": cannot write"));
  std::string content = tests::read_file(path);
  EXPECT_EQ(content.back(), '\n');
  EXPECT_EQ(read_json_lines(path).size(), 3u);  // of 30 bytes each
}

TEST(JsonLines, AKilledWriterLosesNoEarlierLine) {
  TemporaryFolder folder;
  auto path = folder / "log.jsonl";
  for (int round = 0; round < 5; ++round) {
    size_t before = std::filesystem::exists(path) ? read_json_lines(path).size() : 0;
    tests::ChildProcess child([&](const auto& say) {
      JsonLines lines(path);
      for (int i = 0;; ++i) {
        lines.append({{"step", i}, {"text", std::string(2000, 'x')}});
        if (i == 20) say("!");
      }
      return std::string();
    });
    ASSERT_EQ(child.hear(), '!');
    child.kill();
    EXPECT_GE(read_json_lines(path).size(), before + 21);
  }
}

}  // namespace
}  // namespace medvol::storage
