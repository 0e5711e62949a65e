#include "history/file.h"

#include <filesystem>
#include <gmock/gmock.h>
#include <sys/stat.h>

#include "base/files.h"
#include "history/outbox.h"

namespace history {
namespace {

class FileOnDisk : public testing::Test {
 protected:
  base::TempDir temp_ = std::move(*base::TempDir::create("history-file"));
  std::shared_ptr<Folder> folder_ = make_folder(temp_.path());
};

TEST_F(FileOnDisk, AppendsTruncatesAndReads) {
  EXPECT_FALSE(folder_->exists("journal"));
  const auto file = *folder_->open("journal");
  EXPECT_TRUE(folder_->exists("journal"));
  ASSERT_TRUE(file->append("hello "));
  ASSERT_TRUE(file->append("world"));
  ASSERT_TRUE(file->sync());
  EXPECT_EQ(*file->read(), "hello world");
  ASSERT_TRUE(file->truncate(5));
  ASSERT_TRUE(file->append("!"));
  EXPECT_EQ(*file->read(), "hello!");
  struct stat info {};
  ASSERT_EQ(::stat((temp_.path() / "journal").c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 0777U, 0600U);
}

TEST_F(FileOnDisk, CreateReplacesAndRenameSwaps) {
  ASSERT_TRUE((*folder_->open("journal"))->append("old"));
  ASSERT_TRUE(folder_->create("journal.new", "stale"));
  const auto fresh = *folder_->create("journal.new", "new");
  ASSERT_TRUE(folder_->rename("journal.new", "journal"));
  ASSERT_TRUE(folder_->sync());
  ASSERT_TRUE(fresh->append("er"));
  EXPECT_EQ(*base::read_file(temp_.path() / "journal"), "newer");
  EXPECT_FALSE(folder_->exists("journal.new"));
}

TEST_F(FileOnDisk, U7_AFullDiskIsExhausted) {
  const auto full = make_folder("/dev")->open("full");
  ASSERT_TRUE(full) << full.error().message;
  const auto written = (*full)->append("x");
  ASSERT_FALSE(written);
  EXPECT_EQ(written.error().code, base::Code::kExhausted);
  EXPECT_THAT(written.error().message, testing::HasSubstr("No space left"));
}

TEST_F(FileOnDisk, AMissingFolderIsNotFound) {
  const auto missing = make_folder(temp_.path() / "no" / "where")->open("journal");
  ASSERT_FALSE(missing);
  EXPECT_EQ(missing.error().code, base::Code::kNotFound);
}

TEST_F(FileOnDisk, TheReserveTakesRealBlocksAndGivesThemBack) {
  const auto path = temp_.path() / "reserve";
  Reserve reserve(path, base::kMiB);
  EXPECT_FALSE(reserve.held());
  ASSERT_TRUE(reserve.refill());
  ASSERT_TRUE(reserve.refill());
  struct stat info {};
  ASSERT_EQ(::stat(path.c_str(), &info), 0);
  EXPECT_GE(static_cast<base::Bytes>(info.st_blocks) * 512, base::kMiB);
  EXPECT_TRUE(reserve.release());
  EXPECT_FALSE(std::filesystem::exists(path));
  EXPECT_FALSE(reserve.release());
}

TEST_F(FileOnDisk, U7_TheReserveSaysWhenThereIsNoSpace) {
  Reserve reserve(temp_.path() / "reserve", 1ULL << 60);
  const auto kept = reserve.refill();
  ASSERT_FALSE(kept);
  EXPECT_EQ(kept.error().code, base::Code::kExhausted);
  EXPECT_FALSE(reserve.held());
  EXPECT_FALSE(std::filesystem::exists(temp_.path() / "reserve"));
}

TEST(ContentHash, OfAFileIsThatOfItsBytes) {
  const auto folder = std::move(*base::TempDir::create("content"));
  for (const std::size_t size : {0U, 1U, 262143U, 262144U, 262145U, 1000000U}) {
    SCOPED_TRACE(size);
    std::string bytes(size, 'x');
    if (size > 2) bytes[size - 2] = 'y';
    ASSERT_TRUE(base::write_file(folder.path() / "f", bytes));
    base::Xxh128 digest;
    EXPECT_EQ(content_hash_of_file(folder.path() / "f", 7, &digest).value(), content_hash(bytes, 7));
    EXPECT_EQ(digest.hex(), base::xxh128_hex(bytes));
  }
  EXPECT_NE(content_hash("ab"), content_hash("ba"));
  EXPECT_EQ(content_hash_of_file(folder.path() / "none").error().code, base::Code::kNotFound);
}

}  // namespace
}  // namespace history
