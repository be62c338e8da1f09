#include "framework/run/events.h"

#include <gmock/gmock.h>

#include <cmath>
#include <limits>

#include "framework/core/error.h"
#include "tests/support/child_process.h"
#include "tests/support/support.h"

namespace medvol::run {
namespace {

namespace fs = std::filesystem;
using tests::TemporaryFolder;

/// Made with TensorBoard 2.21: Event(wall_time=1700000000.25, file_version="brain.Event:2"), then Event(wall_time=
/// 1700000001.5, step=300, summary=Summary(value=[Summary.Value(tag="loss/train", simple_value=0.625)])), each as a
/// record.
constexpr const char* kGolden =
    "1800000000000000a37f4b220900001040fc54d9411a0d627261696e2e4576656e743a32338d2fe9"
    "2100000000000000017becf60900006040fc54d94110ac022a130a110a0a6c6f73732f747261696e150000203f488fb09e";

std::string from_hexadecimal(const std::string& text) {
  std::string bytes;
  for (size_t i = 0; i + 1 < text.size(); i += 2) bytes += static_cast<char>(std::stoi(text.substr(i, 2), nullptr, 16));
  return bytes;
}

TEST(Crc32c, KnownValues) {
  EXPECT_EQ(crc32c("123456789"), 0xE3069283u);
  EXPECT_EQ(crc32c(""), 0u);
  EXPECT_EQ(crc32c(std::string(32, '\0')), 0x8A9136AAu);  // RFC 3720, B.4
  EXPECT_EQ(crc32c(std::string(32, '\xff')), 0x62A8AB43u);
}

TEST(Events, ReadsWhatTensorBoardWrote) {
  TemporaryFolder folder;
  tests::write_file(folder / "golden", from_hexadecimal(kGolden));
  std::vector<ScalarEvent> scalars = read_events(folder / "golden");
  ASSERT_EQ(scalars.size(), 1u);
  EXPECT_EQ(scalars[0].tag, "loss/train");
  EXPECT_EQ(scalars[0].step, 300);
  EXPECT_EQ(scalars[0].value, 0.625f);
  EXPECT_EQ(scalars[0].wall_time, 1700000001.5);
}

/// The bytes with every record's wall time (8 bytes after the field's key) and checksum of data set to zero.
std::string without_times(std::string bytes) {
  for (size_t at = 0; at < bytes.size();) {
    uint64_t length = static_cast<unsigned char>(bytes[at]);
    bytes.replace(at + 13, 8, 8, '\0');
    bytes.replace(at + 12 + length, 4, 4, '\0');
    at += 12 + length + 4;
  }
  return bytes;
}

TEST(Events, WritesByteForByteWhatTensorBoardWrites) {
  TemporaryFolder folder;
  EventWriter writer(folder / "events");
  writer.scalar("loss/train", 300, 0.625);
  EXPECT_EQ(without_times(tests::read_file(writer.path())), without_times(from_hexadecimal(kGolden)));
  EXPECT_THAT(writer.path().filename().string(), testing::MatchesRegex("events\\.out\\.tfevents\\.[0-9]{10}\\..+"));
}

TEST(Events, ReadBackAndEachStartItsOwnFile) {
  TemporaryFolder folder;
  EventWriter writer(folder.path()), resumed(folder.path(), 41);
  EXPECT_NE(writer.path(), resumed.path());
  for (int64_t step : {int64_t{0}, int64_t{1}, int64_t{1} << 40})
    writer.scalar("a", step, static_cast<double>(step) / 2);
  writer.scalar("nan", 3, NAN);
  writer.scalar(std::string(500, 't'), 4, std::numeric_limits<double>::infinity());
  resumed.scalar("a", 42, 1);
  std::vector<ScalarEvent> scalars = read_events(writer.path());
  ASSERT_EQ(scalars.size(), 5u);
  EXPECT_EQ(scalars[2].step, int64_t{1} << 40);
  EXPECT_EQ(scalars[1].value, 0.5f);
  EXPECT_TRUE(std::isnan(scalars[3].value));
  EXPECT_EQ(scalars[4].tag, std::string(500, 't'));
  EXPECT_EQ(scalars[4].value, std::numeric_limits<float>::infinity());
  EXPECT_GT(scalars[0].wall_time, 1.7e9);
  EXPECT_EQ(read_events(resumed.path()).size(), 1u);  // the session start is no scalar
}

TEST(Events, ATornEndIsPassedOverAndDamageIsRefused) {
  TemporaryFolder folder;
  std::string content = from_hexadecimal(kGolden);
  size_t first = 12 + 0x18 + 4;
  for (size_t length = 0; length < content.size(); ++length) {
    tests::write_file(folder / "a", content.substr(0, length));
    EXPECT_TRUE(read_events(folder / "a").empty()) << length;
  }
  for (size_t i = 0; i < first; ++i) {
    std::string damaged = content;
    damaged[i] ^= 0x10;
    tests::write_file(folder / "a", damaged);
    EXPECT_THROW(read_events(folder / "a"), core::UserError) << i;
  }
}

TEST(Events, AKilledWriterLeavesAReadableFile) {
  TemporaryFolder folder;
  tests::ChildProcess child([&](const auto& say) {
    EventWriter writer(folder.path());
    for (int64_t step = 0;; ++step) {
      writer.scalar("loss", step, 1);
      if (step == 200) say("!");
    }
    return std::string();
  });
  ASSERT_EQ(child.hear(), '!');
  child.kill();
  EXPECT_GE(read_events(fs::directory_iterator(folder.path())->path()).size(), 201u);
}

}  // namespace
}  // namespace medvol::run
