#include "datasets/catalogue/case_source.h"

#include <gtest/gtest.h>

#include "framework/core/error.h"
#include "framework/storage/checksum.h"
#include "tests/support/support.h"

namespace medvol::datasets {
namespace {

using nlohmann::json;

Case case_of(const std::filesystem::path& image) {
  Case one;
  one.id = "one";
  one.images = {image};
  return one;
}

TEST(CaseSource, SizeAndChecksumOfEveryFile) {
  const tests::TemporaryFolder folder;
  tests::write_file(folder / "image", "voxels");
  Case one = case_of(folder / "image");
  one.labels = {{folder / "image", "3,4", 2}};
  const json file{6, storage::checksum("voxels")};
  EXPECT_EQ(CaseSource(folder / "kept.json").of(one), (json{file, file, "3,4", 2}));
  EXPECT_THROW(CaseSource(folder / "kept.json").of(case_of(folder / "absent")), core::UserError);
}

TEST(CaseSource, AFileOfTheSameStampIsNotReadAgain) {
  const tests::TemporaryFolder folder;
  const std::filesystem::path kept = folder / "kept.json", old = tests::source_root() / "LICENSE";
  const json whole = CaseSource(kept).of(case_of(old));
  {
    CaseSource source(kept);
    source.of(case_of(old));
    source.keep();
  }
  json file = json::parse(tests::read_file(kept));
  ASSERT_EQ(file.size(), 1U);
  json& entry = file.begin().value();
  EXPECT_EQ(entry["checksum"], whole[0][1]);
  entry["checksum"] = "what was kept";  // a sign that the file itself was not read
  tests::write_file(kept, file.dump());
  EXPECT_EQ(CaseSource(kept).of(case_of(old))[0][1], "what was kept");
  for (size_t i = 0; i < entry["state"].size(); ++i) {
    json other = file;
    json& number = other.begin().value()["state"][i];
    number = number.get<int64_t>() + 1;
    tests::write_file(kept, other.dump());
    EXPECT_EQ(CaseSource(kept).of(case_of(old)), whole) << "part " << i << " of the stamp is another";
  }
  tests::write_file(kept, "{\"damaged");
  EXPECT_EQ(CaseSource(kept).of(case_of(old)), whole);
}

TEST(CaseSource, AFileThatJustChangedIsNotKept) {
  const tests::TemporaryFolder folder;
  tests::write_file(folder / "image", "voxels");
  CaseSource source(folder / "kept.json");
  source.of(case_of(folder / "image"));
  source.keep();
  EXPECT_FALSE(std::filesystem::exists(folder / "kept.json"));
}

}  // namespace
}  // namespace medvol::datasets
