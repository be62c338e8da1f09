#include "framework/storage/atomic_file.h"

#include <gmock/gmock.h>
#include <sys/stat.h>

#include "framework/core/error.h"
#include "framework/storage/file_lock.h"
#include "tests/support/child_process.h"
#include "tests/support/support.h"

namespace medvol::storage {
namespace {

namespace fs = std::filesystem;
using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::StartsWith;
using tests::ChildProcess;
using tests::TemporaryFolder;

size_t entries(const fs::path& folder) {
  return static_cast<size_t>(std::distance(fs::directory_iterator(folder), fs::directory_iterator()));
}

template <class Call>
std::string user_error(Call call) {
  try {
    call();
  } catch (const core::UserError& error) {
    return error.what();
  }
  return "no UserError";
}

TEST(AtomicFile, AppearsOnlyWithCommit) {
  TemporaryFolder folder;
  AtomicFile file(folder / "a.txt");
  file.write("one ");
  file.write("two");
  EXPECT_FALSE(fs::exists(folder / "a.txt"));
  file.commit();
  EXPECT_EQ(tests::read_file(folder / "a.txt"), "one two");
  EXPECT_EQ(entries(folder.path()), 1u);
}

TEST(AtomicFile, WithoutCommitTheOldContentStays) {
  TemporaryFolder folder;
  tests::write_file(folder / "a.txt", "old");
  { AtomicFile(folder / "a.txt").write("new"); }
  EXPECT_EQ(tests::read_file(folder / "a.txt"), "old");
  EXPECT_EQ(entries(folder.path()), 1u);
}

TEST(AtomicFile, MakesFoldersKeepsModeAndTakesLongNames) {
  TemporaryFolder folder;
  fs::path path = folder / "deep" / "er" / std::string(250, 'n');
  write_atomic(path, std::string("\0x", 2));
  EXPECT_EQ(tests::read_file(path), std::string("\0x", 2));
  ::chmod(path.c_str(), 0600);
  write_atomic(path, "again");
  struct stat status {};
  ASSERT_EQ(::stat(path.c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 07777, 0600u);
}

TEST(AtomicFile, WritesThroughALink) {
  TemporaryFolder folder;
  tests::write_file(folder / "real.txt", "old");
  fs::create_symlink("real.txt", folder / "link.txt");
  write_atomic(folder / "link.txt", "new");
  EXPECT_TRUE(fs::is_symlink(folder / "link.txt"));
  EXPECT_EQ(tests::read_file(folder / "real.txt"), "new");
}

TEST(AtomicFile, RelativePathWithoutFolder) {
  TemporaryFolder folder;
  EXPECT_EQ(ChildProcess([&](const auto&) {
              fs::current_path(folder.path());
              write_atomic("plain.txt", "here");
              return std::string("ok");
            }).wait(),
            "ok");
  EXPECT_EQ(tests::read_file(folder / "plain.txt"), "here");
}

TEST(AtomicFile, RefusesFoldersAndDevices) {
  TemporaryFolder folder;
  EXPECT_THAT(user_error([&] { write_atomic(folder.path() / "", "x"); }), HasSubstr("a folder"));
  EXPECT_THAT(user_error([&] { write_atomic(folder.path(), "x"); }),
              AllOf(StartsWith(folder.path().string()), HasSubstr("a folder")));
  EXPECT_THAT(user_error([] { write_atomic("/dev/full", "x"); }), HasSubstr("a device"));
  EXPECT_TRUE(fs::is_character_file("/dev/full"));
}

TEST(AtomicFile, AFileUsedAsAFolder) {
  TemporaryFolder folder;
  tests::write_file(folder / "file", "content");
  std::string text = user_error([&] { write_atomic(folder / "file" / "below.txt", "x"); });
  EXPECT_THAT(text,
              AllOf(HasSubstr((folder / "file").string()), HasSubstr("not a folder"), HasSubstr("check the path")));
  EXPECT_EQ(tests::read_file(folder / "file"), "content");
}

TEST(AtomicFile, NoPermission) {
  if (::geteuid() == 0) GTEST_SKIP() << "root may write everywhere; run the tests as another user to see this one";
  TemporaryFolder folder;
  ::chmod(folder.path().c_str(), 0500);
  std::string text = user_error([&] { write_atomic(folder / "a.txt", "x"); });
  ::chmod(folder.path().c_str(), 0700);
  EXPECT_THAT(text, AllOf(StartsWith((folder / "a.txt").string()), HasSubstr("permission denied")));
}

TEST(AtomicFile, ReadOnlyDisk) {
  if (::access("/proc/sys/kernel", F_OK) != 0) GTEST_SKIP() << "no /proc here";
  EXPECT_THAT(user_error([] { write_atomic("/proc/sys/kernel/medvol-test", "x"); }),
              AllOf(StartsWith("/proc/sys/kernel/medvol-test"), HasSubstr("cannot write")));
}

TEST(AtomicFile, AFullDiskLeavesTheOldFileAndNothingElse) {
  TemporaryFolder folder;
  tests::write_file(folder / "a.bin", "old");
  std::string text = ChildProcess([&](const auto&) {
                       tests::limit_file_size(1000);
                       write_atomic(folder / "a.bin", std::string(5000, 'x'));
                       return std::string("written");
                     }).wait();
  EXPECT_THAT(text,
              AllOf(StartsWith("error: " + (folder / "a.bin").string() + ": cannot write"), HasSubstr("allowed size")));
  EXPECT_EQ(tests::read_file(folder / "a.bin"), "old");
  EXPECT_EQ(entries(folder.path()), 1u);
}

TEST(FileError, EachCauseHasItsWords) {
  for (auto [number, words] : {std::pair{ENOSPC, "the disk is full (free some space"},
                               {EROFS, "the disk is read-only (choose a folder"},
                               {EACCES, "permission denied (choose a folder"},
                               {EDQUOT, "quota"}})
    EXPECT_THAT(user_error([n = number] { throw_file_error("write", "some/file", n); }),
                AllOf(StartsWith("some/file: cannot write: "), HasSubstr(words)));
}

TEST(AtomicFile, KilledWritersLeaveOneOfTheWholeContents) {
  TemporaryFolder folder;
  std::string first(300'000, 'a'), second(200'000, 'b');
  write_atomic(folder / "a.bin", first);
  for (int round = 0; round < 10; ++round) {
    ChildProcess child([&](const auto& say) {
      for (int i = 0;; ++i) {
        write_atomic(folder / "a.bin", i % 2 ? first : second);
        if (i == round) say("!");
      }
      return std::string();
    });
    ASSERT_EQ(child.hear(), '!');
    child.kill();
    std::string content = tests::read_file(folder / "a.bin");
    ASSERT_TRUE(content == first || content == second) << content.size();
  }
  remove_abandoned_temporaries(folder.path());
  EXPECT_EQ(entries(folder.path()), 1u);
}

TEST(FileLock, ASecondProcessIsToldThePid) {
  TemporaryFolder folder;
  auto lock = std::make_optional<FileLock>(folder / ".lock", "the place");
  auto attempt = [&] {
    return ChildProcess([&](const auto&) {
             FileLock second(folder / ".lock", "the place");
             return std::string("locked");
           })
        .wait();
  };
  EXPECT_THAT(attempt(),
              StartsWith(fmt::format("error: the place: another medvol process (pid {}) is writing here", ::getpid())));
  lock.reset();
  EXPECT_EQ(attempt(), "locked");
}

TEST(FileLock, EndsWithItsProcess) {
  TemporaryFolder folder;
  ChildProcess child([&](const auto& say) {
    FileLock lock(folder / ".lock", "here");
    say("!");
    ::pause();
    return std::string();
  });
  ASSERT_EQ(child.hear(), '!');
  EXPECT_THAT(user_error([&] { FileLock(folder / ".lock", "here"); }), HasSubstr(fmt::format("(pid {})", child.pid())));
  child.kill();
  EXPECT_NO_THROW(FileLock(folder / ".lock", "here"));
}

TEST(FileLock, ARemovedLockFileIsMadeAnew) {
  TemporaryFolder folder;
  FileLock old(folder / ".lock", "here");
  fs::remove(folder / ".lock");
  FileLock fresh(folder / ".lock", "here");
  EXPECT_THAT(user_error([&] { FileLock(folder / ".lock", "here"); }), HasSubstr("another medvol process"));
}

}  // namespace
}  // namespace medvol::storage
