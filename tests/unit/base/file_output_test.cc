#include "base/log/file_output.h"

#include <csignal>
#include <fstream>
#include <gmock/gmock.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <boost/asio/io_context.hpp>

#include "base/files.h"

namespace base::log {
namespace {

namespace fs = std::filesystem;
using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::SizeIs;
using testing::StartsWith;

const WallTime kNoon = std::chrono::sys_days(std::chrono::year(2026) / 3 / 25) + 12h;

class LogFileTest : public testing::Test {
 protected:
  LogFileOptions options() const { return {.folder = folder_, .name = "a.log"}; }
  std::string text(const std::string& name = "a.log") const {
    std::ifstream file(folder_ / name);
    return {std::istreambuf_iterator<char>(file), {}};
  }
  std::vector<std::string> names() const {
    std::vector<std::string> names;
    for (const auto& entry : fs::directory_iterator(folder_)) names.push_back(entry.path().filename().string());
    std::sort(names.begin(), names.end());
    return names;
  }
  static unsigned mode(const fs::path& path) {
    struct stat info {};
    EXPECT_EQ(::lstat(path.c_str(), &info), 0) << path;
    return info.st_mode & 07777U;
  }
  /// What the file's own clock says: it was written to on this day.
  void date_file(WallTime when) const {
    const timespec time{std::chrono::duration_cast<std::chrono::seconds>(when.time_since_epoch()).count(), 0};
    const timespec times[] = {time, time};
    ASSERT_EQ(::utimensat(AT_FDCWD, (folder_ / "a.log").c_str(), times, 0), 0);
  }

  TempDir root_ = *TempDir::create("log-file");
  fs::path folder_ = root_.path() / "logs";
};

TEST_F(LogFileTest, IsPrivateAndItsFolderToo) {
  LogFile file(options());
  ASSERT_TRUE(file.append("one\n", kNoon));
  EXPECT_EQ(mode(folder_), 0700U);
  EXPECT_EQ(mode(folder_ / "a.log"), 0600U);
  ::chmod((folder_ / "a.log").c_str(), 0644);
  LogFile again(options());
  date_file(kNoon);
  ASSERT_TRUE(again.append("two\n", kNoon));
  EXPECT_EQ(mode(folder_ / "a.log"), 0600U);
  EXPECT_EQ(text(), "one\ntwo\n");
}

TEST_F(LogFileTest, ANewDayBeginsANewFile) {
  LogFile file(options());
  ASSERT_TRUE(file.append("wednesday\n", kNoon));
  ASSERT_TRUE(file.append("evening\n", kNoon + 11h));
  ASSERT_TRUE(file.append("thursday\n", kNoon + 12h));
  EXPECT_THAT(names(), ElementsAre("a.log", "a.log.20260326-000000"));
  EXPECT_EQ(text(), "thursday\n");
  EXPECT_EQ(text("a.log.20260326-000000"), "wednesday\nevening\n");
}

TEST_F(LogFileTest, AfterARestartTheFilesOwnTimeTellsItsDay) {
  ASSERT_TRUE(LogFile(options()).append("before\n", kNoon));
  date_file(kNoon);
  ASSERT_TRUE(LogFile(options()).append("the same day\n", kNoon + 1h));
  EXPECT_THAT(names(), SizeIs(1));
  date_file(kNoon + 1h);
  ASSERT_TRUE(LogFile(options()).append("the next\n", kNoon + 24h));
  EXPECT_EQ(text(), "the next\n");
}

TEST_F(LogFileTest, AnEighthOfTheSizeIsAPartAndTheOldestPartsGo) {
  auto wanted = options();
  wanted.max_size = 8000;
  LogFile file(wanted);
  const std::string line = std::string(499, 'x') + "\n";
  for (int i = 0; i < 40; ++i) ASSERT_TRUE(file.append(line, kNoon + i * 1s));
  const auto all = names();
  Bytes total = 0;
  for (const auto& name : all) total += fs::file_size(folder_ / name);
  EXPECT_LE(total, 8000U);
  EXPECT_GE(total, 7000U);
  EXPECT_EQ(all.back(), "a.log.20260325-120038") << "the newest part stays";
}

TEST_F(LogFileTest, PartsOfOneSecondHaveNumbers) {
  auto wanted = options();
  wanted.max_size = 80;
  LogFile file(wanted);
  for (const char* line : {"aaaaaaaaa\n", "bbbbbbbbb\n", "ccccccccc\n"}) ASSERT_TRUE(file.append(line, kNoon));
  EXPECT_THAT(names(), ElementsAre("a.log", "a.log.20260325-120000", "a.log.20260325-120000-2"));
}

TEST_F(LogFileTest, OldPartsGoAlsoWhenNothingIsWritten) {
  auto wanted = options();
  wanted.keep = 48h;
  LogFile file(wanted);
  for (int day = 0; day < 4; ++day) ASSERT_TRUE(file.append("x\n", kNoon + day * 24h));
  std::ofstream(folder_ / "a.log.notes") << "not ours";
  std::ofstream(folder_ / "b.log.20200101-000000") << "another's";
  EXPECT_THAT(names(), SizeIs(6));
  file.tidy(kNoon + 4 * 24h);
  EXPECT_THAT(names(), ElementsAre("a.log", "a.log.20260327-120000", "a.log.20260328-120000", "a.log.notes",
                                   "b.log.20200101-000000"));
}

TEST_F(LogFileTest, AFileOrFolderThatWasRemovedIsMadeAnew) {
  LogFile file(options());
  ASSERT_TRUE(file.append("one\n", kNoon));
  fs::remove(folder_ / "a.log");
  ASSERT_TRUE(file.append("two\n", kNoon));
  EXPECT_EQ(text(), "two\n");
  fs::remove_all(folder_);
  ASSERT_TRUE(file.append("three\n", kNoon));
  EXPECT_EQ(text(), "three\n");
}

TEST_F(LogFileTest, NeitherALinkNorAPipeIsWritten) {
  ASSERT_TRUE(make_private_folder(folder_));
  std::ofstream(root_.path() / "target") << "mine\n";
  fs::create_symlink(root_.path() / "target", folder_ / "a.log");
  EXPECT_FALSE(LogFile(options()).append("x\n", kNoon));
  EXPECT_EQ(fs::file_size(root_.path() / "target"), 5U);
  fs::remove(folder_ / "a.log");
  ASSERT_EQ(::mkfifo((folder_ / "a.log").c_str(), 0600), 0);
  EXPECT_FALSE(LogFile(options()).append("x\n", kNoon)) << "and it does not wait for a reader";
}

/// A size limit is an error of the write like a full disk: the first part of the text still fits.
TEST_F(LogFileTest, AFullDiskLeavesNoHalfLine) {
  LogFile file(options());
  ASSERT_TRUE(file.append("one\n", kNoon));
  rlimit before{};
  ASSERT_EQ(::getrlimit(RLIMIT_FSIZE, &before), 0);
  const auto handler = ::signal(SIGXFSZ, SIG_IGN);
  const rlimit small{10, before.rlim_max};
  ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &small), 0);
  const auto written = file.append("a line that does not fit\n", kNoon);
  EXPECT_EQ(::setrlimit(RLIMIT_FSIZE, &before), 0);
  ::signal(SIGXFSZ, handler);
  ASSERT_FALSE(written);
  EXPECT_EQ(written.error().code, Code::kExhausted);
  EXPECT_EQ(text(), "one\n");
  ASSERT_TRUE(file.append("two\n", kNoon));
  EXPECT_EQ(text(), "one\ntwo\n");
}

class FileOutputTest : public LogFileTest {
 protected:
  void make() { output_ = std::make_shared<FileOutput>(disk_.get_executor(), options()); }
  void run() {
    disk_.restart();
    disk_.run();
  }
  boost::asio::io_context disk_;
  std::shared_ptr<FileOutput> output_;
};

TEST_F(FileOutputTest, WritesInOrderWhenTheDiskHasTime) {
  make();
  output_->put("one\n", kNoon);
  output_->put("two\n", kNoon);
  EXPECT_FALSE(fs::exists(folder_)) << "nobody waited for it";
  run();
  EXPECT_EQ(text(), "one\ntwo\n");
}

TEST_F(FileOutputTest, ASlowDiskCostsLinesThatAreCounted) {
  make();
  const std::string line = std::string(99'999, 'x') + "\n";
  for (int i = 0; i < 15; ++i) output_->put(line, kNoon);
  run();
  const std::string written = text();
  EXPECT_EQ(std::count(written.begin(), written.end(), '\n'), 11);
  EXPECT_THAT(written, HasSubstr("5 lines were not written to this file why=\"the disk is too slow\"\n"));
}

TEST_F(FileOutputTest, AFileThatTakesNothingIsAProblemUntilItDoes) {
  ASSERT_TRUE(make_private_folder(folder_));
  fs::create_directory(folder_ / "a.log");
  make();
  testing::internal::CaptureStderr();
  for (int i = 0; i < 3; ++i) {
    output_->put("lost\n", kNoon);
    run();
  }
  const std::string said = testing::internal::GetCapturedStderr();
  EXPECT_EQ(std::count(said.begin(), said.end(), '\n'), 1) << said;
  EXPECT_THAT(said, HasSubstr("a log file takes no lines"));
  EXPECT_THAT(output_->problem(), HasSubstr("a.log"));
  fs::remove(folder_ / "a.log");
  testing::internal::CaptureStderr();
  output_->put("back\n", kNoon);
  run();
  EXPECT_THAT(testing::internal::GetCapturedStderr(), HasSubstr("takes lines again"));
  EXPECT_EQ(output_->problem(), "");
  EXPECT_THAT(text(), StartsWith("2026-03-25T12:00:00.000Z warning [logs] 3 lines were not written to this file"));
  EXPECT_THAT(text(), HasSubstr("\nback\n"));
}

}  // namespace
}  // namespace base::log
