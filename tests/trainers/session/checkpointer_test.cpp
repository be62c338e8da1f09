#include "trainers/session/checkpointer.h"

#include <gtest/gtest.h>
#include <torch/types.h>

#include "framework/core/error.h"
#include "tests/support/support.h"

namespace medvol::trainers {
namespace {

storage::TensorArchive archive(double value) {
  storage::TensorArchive result;
  result.tensors["x"] = torch::full({4}, value);
  return result;
}

double value(const std::optional<storage::TensorArchive>& loaded) { return loaded->tensors.at("x")[0].item<double>(); }

void damage(const std::filesystem::path& path) {
  std::string bytes = tests::read_file(path);
  bytes[bytes.size() - 3] ^= 1;
  // A new file: the old one may have a second name.
  std::filesystem::remove(path);
  tests::write_file(path, bytes);
}

TEST(Checkpointer, ADamagedCheckpointGivesWayToTheOneBefore) {
  const tests::TemporaryFolder folder;
  const Checkpointer checkpointer(folder.path());
  EXPECT_FALSE(checkpointer.load_last());
  checkpointer.save_last(archive(1));
  checkpointer.save_last(archive(2));
  EXPECT_EQ(value(checkpointer.load_last()), 2);
  damage(checkpointer.path("last"));
  EXPECT_EQ(value(checkpointer.load_last()), 1);
  damage(checkpointer.path("previous"));
  EXPECT_THROW(checkpointer.load_last(), core::UserError);
}

TEST(Checkpointer, AfterAKillBetweenRenamesOneOfBothIsThere) {
  const tests::TemporaryFolder folder;
  const Checkpointer checkpointer(folder.path());
  checkpointer.save_last(archive(1));
  std::filesystem::create_hard_link(checkpointer.path("last"),
                                    checkpointer.path("previous"));  // as far as a killed save came
  EXPECT_EQ(value(checkpointer.load_last()), 1);
  checkpointer.save_last(archive(2));
  EXPECT_EQ(value(checkpointer.load_last()), 2);
}

}  // namespace
}  // namespace medvol::trainers
