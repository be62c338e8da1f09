#include "framework/storage/checksum.h"

#include <gtest/gtest.h>

#include "framework/core/error.h"
#include "tests/support/support.h"

namespace medvol::storage {
namespace {

// Expected values: Python, hashlib.blake2b(text, digest_size=16).hexdigest().
TEST(Checksum, IsBlake2b) {
  EXPECT_EQ(checksum(""), "cae66941d9efbd404e4d88758ea67670");
  EXPECT_EQ(checksum("abc"), "cf4ab791c62b8d2b2109c90275287816");
}

TEST(Checksum, InPiecesAndOnTheWay) {
  Hasher hasher;
  hasher.update("a");
  EXPECT_EQ(hasher.hex(), checksum("a"));
  hasher.update("b").update("").update("c");
  EXPECT_EQ(hasher.hex(), checksum("abc"));
  EXPECT_EQ(hasher.hex(), checksum("abc"));
}

TEST(Checksum, OfAFile) {
  tests::TemporaryFolder folder;
  std::string content(3'000'001, 'x');
  tests::write_file(folder / "a.bin", content);
  EXPECT_EQ(file_checksum(folder / "a.bin"), checksum(content));
  EXPECT_THROW(file_checksum(folder / "missing"), core::UserError);
  EXPECT_THROW(file_checksum(folder.path()), core::UserError);
}

// hashlib.blake2b(b"patient 7", digest_size=16, key=hashlib.blake2b(b"site key", digest_size=32).digest())
TEST(KeyedHash, DependsOnKeyAndText) {
  EXPECT_EQ(keyed_hash("site key", "patient 7"), "2e375b8ddf24f4d746083caa7a5ed803");
  EXPECT_NE(keyed_hash("site kez", "patient 7"), keyed_hash("site key", "patient 7"));
  EXPECT_NE(keyed_hash("site key", "patient 8"), keyed_hash("site key", "patient 7"));
  EXPECT_EQ(keyed_hash("", "").size(), 32u);
}

}  // namespace
}  // namespace medvol::storage
