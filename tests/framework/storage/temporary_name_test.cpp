#include "framework/storage/temporary_name.h"

#include <gtest/gtest.h>

#include "tests/support/support.h"

namespace medvol::storage {
namespace {

TEST(TemporaryName, IsItsOwnIsKnownAndGoesAway) {
  const tests::TemporaryFolder folder;
  const auto path = folder / "image.nii.gz";
  std::filesystem::path name;
  {
    const TemporaryName first(path, ".nii.gz"), second(path, ".nii.gz");
    name = first.path();
    EXPECT_NE(first.path(), second.path());
    EXPECT_EQ(name.parent_path(), folder.path());
    EXPECT_TRUE(name.string().ends_with(".nii.gz"));
    EXPECT_TRUE(is_temporary_name(name.filename().string()));
    tests::write_file(name, "half");
    tests::write_file(second.path(), "whole");
    replace_file(second.path(), path);
  }
  EXPECT_FALSE(std::filesystem::exists(name));
  EXPECT_EQ(tests::read_file(path), "whole");
}

TEST(TemporaryName, LongNamesFit) {
  const tests::TemporaryFolder folder;
  const TemporaryName name(folder / std::string(250, 'x'), ".nrrd");
  tests::write_file(name.path(), "x");
  EXPECT_TRUE(std::filesystem::exists(name.path()));
}

}  // namespace
}  // namespace medvol::storage
