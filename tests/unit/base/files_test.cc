#include "base/files.h"

#include <fstream>
#include <gmock/gmock.h>
#include <sys/stat.h>
#include <unistd.h>

#include "fakes/forked.h"

namespace base {
namespace {

using testing::HasSubstr;

class FilesTest : public testing::Test {
 protected:
  std::filesystem::path path(const std::string& name) const { return temp_.path() / name; }
  static mode_t mode_of(const std::filesystem::path& path) {
    struct stat info {};
    EXPECT_EQ(::stat(path.c_str(), &info), 0);
    return info.st_mode & 0777U;
  }
  std::size_t entries() const {
    const std::filesystem::directory_iterator all(temp_.path());
    return static_cast<std::size_t>(std::distance(begin(all), end(all)));
  }

  TempDir temp_ = std::move(*TempDir::create("base-files"));
};

TEST_F(FilesTest, WritesAtomicallyAndReadsBack) {
  const std::string text = std::string("line\n\0binary", 12);
  ASSERT_TRUE(write_file_atomically(path("a"), text));
  EXPECT_EQ(*read_file(path("a")), text);
  EXPECT_EQ(mode_of(path("a")), 0600U);
  ASSERT_TRUE(write_file_atomically(path("a"), "new", 0644));
  EXPECT_EQ(*read_file(path("a")), "new");
  EXPECT_EQ(mode_of(path("a")), 0644U);
  EXPECT_EQ(entries(), 1U) << "no temporary file is left";
}

TEST_F(FilesTest, AFailedWriteLeavesTheOldFileAndNothingElse) {
  std::filesystem::create_directory(path("folder"));
  EXPECT_FALSE(write_file_atomically(path("folder"), "text"));
  EXPECT_TRUE(std::filesystem::is_directory(path("folder")));
  EXPECT_EQ(entries(), 1U);
  const auto nowhere = write_file_atomically(path("no/where/a"), "text");
  ASSERT_FALSE(nowhere);
  EXPECT_EQ(nowhere.error().code, Code::kNotFound);
}

TEST_F(FilesTest, PlainWriteReplacesTheWholeText) {
  ASSERT_TRUE(write_file(path("a"), "a long text"));
  ASSERT_TRUE(write_file(path("a"), "short"));
  EXPECT_EQ(*read_file(path("a")), "short");
  const auto full = write_file("/dev/full", "x");
  ASSERT_FALSE(full);
  EXPECT_EQ(full.error().code, Code::kExhausted);
}

TEST_F(FilesTest, ReadSaysWhatIsWrong) {
  EXPECT_EQ(read_file(path("missing")).error().code, Code::kNotFound);
  EXPECT_THAT(read_file(path("missing")).error().message, HasSubstr("missing: No such file"));
  EXPECT_EQ(read_file(temp_.path()).error().code, Code::kUnavailable);
  ASSERT_TRUE(write_file(path("a"), "12345"));
  EXPECT_EQ(*read_file(path("a"), 5), "12345");
  EXPECT_EQ(read_file(path("a"), 4).error().code, Code::kExhausted);
  EXPECT_EQ(read_file("/dev/zero", kMiB).error().code, Code::kExhausted);
  ASSERT_EQ(::mkfifo(path("pipe").c_str(), 0600), 0);
  EXPECT_THAT(read_file(path("pipe")).error().message, HasSubstr("pipe is a pipe or a socket"));
}

TEST_F(FilesTest, TheEndIsReadAlone) {
  ASSERT_TRUE(write_file(path("a"), "12345"));
  EXPECT_EQ(*read_file_end(path("a"), 2), "45");
  EXPECT_EQ(*read_file_end(path("a"), 5), "12345");
  EXPECT_EQ(*read_file_end(path("a"), 6), "12345");
  EXPECT_EQ(*read_file_end(path("a"), 0), "");
  std::filesystem::resize_file(path("a"), 1ULL << 42);
  EXPECT_EQ(*read_file_end(path("a"), 3), std::string(3, '\0'));
  EXPECT_EQ(read_file_end(path("missing"), 1).error().code, Code::kNotFound);
  EXPECT_EQ(read_file_end(temp_.path(), 1).error().code, Code::kUnavailable);
  EXPECT_EQ(read_file_end("/dev/zero", 1).error().code, Code::kUnavailable);
}

TEST_F(FilesTest, P13_AHugeFileIsRefusedBeforeItIsRead) {
  ASSERT_TRUE(write_file(path("huge"), ""));
  std::filesystem::resize_file(path("huge"), 1ULL << 42);
  EXPECT_EQ(read_file(path("huge"), kMiB).error().code, Code::kExhausted);
}

TEST_F(FilesTest, MakesPrivateFoldersAndLeavesExistingOnesAlone) {
  ASSERT_TRUE(make_private_folder(path("a/b/c")));
  EXPECT_EQ(mode_of(path("a/b/c")), 0700U);
  ASSERT_EQ(::chmod(path("a/b/c").c_str(), 0755), 0);
  ASSERT_TRUE(make_private_folder(path("a/b/c")));
  EXPECT_EQ(mode_of(path("a/b/c")), 0755U);
  ASSERT_TRUE(write_file(path("file"), ""));
  EXPECT_FALSE(make_private_folder(path("file")));
  EXPECT_FALSE(make_private_folder(path("file/below")));
}

TEST_F(FilesTest, ALockIsHeldOnceAndNamesItsHolder) {
  ASSERT_TRUE(write_file(path("lock"), "999999999999 a longer text of an earlier holder\n"));
  const fakes::Forked holder([&] { return lock_file(path("lock")); });
  ASSERT_TRUE(holder.holds());
  EXPECT_EQ(*read_file(path("lock")), std::to_string(holder.pid()) + "\n");
  const auto second = lock_file(path("lock"));
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().code, Code::kConflict);
  EXPECT_THAT(second.error().message, HasSubstr("process " + std::to_string(holder.pid())));
}

TEST_F(FilesTest, ALockDiesWithItsProcess) {
  {
    const fakes::Forked holder([&] { return lock_file(path("lock")); });
    ASSERT_TRUE(holder.holds());
  }
  EXPECT_TRUE(lock_file(path("lock")));
}

TEST_F(FilesTest, ALockIsNotLeftToAChildThatHasNotCalledExecYet) {
  fakes::Forked holder([&] { return lock_file(path("lock")); }, fakes::Forked::Child::kUnexeced);
  ASSERT_TRUE(holder.holds());
  ASSERT_FALSE(lock_file(path("lock")));
  holder.kill();
  EXPECT_TRUE(lock_file(path("lock")));
}

TEST(FileError, TellsAFullDiskFromAMissingFile) {
  EXPECT_EQ(file_error("write", "/a", ENOSPC).code, Code::kExhausted);
  EXPECT_EQ(file_error("write", "/a", EDQUOT).code, Code::kExhausted);
  EXPECT_EQ(file_error("open", "/a", ENOENT).code, Code::kNotFound);
  EXPECT_EQ(file_error("open", "/a", EACCES).code, Code::kUnavailable);
  EXPECT_EQ(file_error("write", "/a", EROFS).message, "cannot write /a: Read-only file system");
}

TEST(TempDir, GoesWithEverythingInIt) {
  std::filesystem::path path;
  {
    TempDir first = std::move(*TempDir::create("base-temp"));
    path = first.path();
    std::filesystem::create_directories(path / "a" / "b");
    std::ofstream(path / "a" / "b" / "c") << "text";
    const TempDir second = std::move(first);
    EXPECT_TRUE(std::filesystem::exists(path));
  }
  EXPECT_FALSE(std::filesystem::exists(path));
}

}  // namespace
}  // namespace base
