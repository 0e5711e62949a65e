// Folders of jobs: private, empty, and used again.
#include "history/outbox.h"

#include <filesystem>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <boost/asio/io_context.hpp>

#include "base/files.h"

namespace history {
namespace {

namespace fs = std::filesystem;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::UnorderedElementsAre;

class OutboxFolders : public ::testing::Test {
 protected:
  fs::path make(const std::string& job) {
    auto folder = outbox_->make(base::JobId(job));
    EXPECT_TRUE(folder) << folder.error().message;
    return folder.value_or(fs::path());
  }
  void remove(const std::string& job) {
    outbox_->remove(base::JobId(job));
    work();
  }
  void work() {
    io_.restart();
    io_.run();
  }
  static ino_t inode(const fs::path& folder) {
    struct stat info {};
    EXPECT_EQ(::stat(folder.c_str(), &info), 0);
    return info.st_ino;
  }
  std::vector<std::string> names() const {
    std::vector<std::string> found;
    for (const auto& entry : fs::directory_iterator(root_)) found.push_back(entry.path().filename());
    return found;
  }

  base::TempDir folder_ = std::move(*base::TempDir::create("outbox-test"));
  fs::path root_ = folder_.path() / "jobs";
  boost::asio::io_context io_{1};
  std::optional<Outbox> outbox_{std::in_place, root_, io_.get_executor()};
};

TEST_F(OutboxFolders, AFolderIsUsedAgainAndIsEmpty) {
  const auto first = make("job-1");
  const auto identity = inode(first);
  ASSERT_TRUE(base::write_file(first / "result.wav", "sound"));
  fs::create_directories(first / "deep" / "deeper");
  remove("job-1");
  EXPECT_FALSE(fs::exists(first));
  const auto second = make("job-2");
  EXPECT_EQ(second.filename(), "job-2");
  EXPECT_EQ(inode(second), identity);
  EXPECT_TRUE(fs::is_empty(second));
  EXPECT_EQ(fs::status(second).permissions(), fs::perms::owner_all);
  EXPECT_THAT(names(), ElementsAre("job-2"));
}

TEST_F(OutboxFolders, AFolderThatOthersMayReadIsNotUsedAgain) {
  const auto first = make("job-1");
  fs::permissions(first, fs::perms::owner_all | fs::perms::others_read);
  remove("job-1");
  EXPECT_THAT(names(), IsEmpty());
}

TEST_F(OutboxFolders, ALinkInPlaceOfAFolderLeavesItsTargetAlone) {
  const auto first = make("job-1");
  const auto elsewhere = folder_.path() / "elsewhere";
  fs::create_directory(elsewhere);
  fs::permissions(elsewhere, fs::perms::owner_all);
  ASSERT_TRUE(base::write_file(elsewhere / "precious", "x"));
  fs::remove(first);
  fs::create_directory_symlink(elsewhere, first);
  remove("job-1");
  EXPECT_THAT(names(), IsEmpty());
  EXPECT_TRUE(fs::exists(elsewhere / "precious"));
}

TEST_F(OutboxFolders, AFolderThatAJobOwnsIsNeverReplaced) {
  const auto first = make("job-1");
  make("job-2");
  remove("job-2");
  const auto again = make("job-1");
  EXPECT_EQ(again.filename(), "job-1.2");
  EXPECT_NE(inode(first), inode(again));
}

TEST_F(OutboxFolders, AFewAreKeptAndNoneStays) {
  for (int i = 0; i < 6; ++i) make("job-" + std::to_string(i));
  for (int i = 0; i < 6; ++i) outbox_->remove(base::JobId("job-" + std::to_string(i)));
  work();
  EXPECT_THAT(names(), UnorderedElementsAre(".spare-0", ".spare-1", ".spare-2", ".spare-3"));
  outbox_.reset();
  EXPECT_THAT(names(), IsEmpty());
}

TEST_F(OutboxFolders, WhatACrashLeftIsRemovedAndNoJobs) {
  make("job-1");
  fs::create_directory(root_ / ".spare-2");
  fs::create_directory(root_ / "job-of-before");
  EXPECT_EQ(outbox_->remove_orphans(), 1U);
  work();
  EXPECT_FALSE(fs::exists(root_ / ".spare-2"));
  EXPECT_FALSE(fs::exists(root_ / "job-of-before"));
  EXPECT_TRUE(fs::exists(root_ / "job-1"));
}

}  // namespace
}  // namespace history
