#include "policy/source_files.h"

#include <fstream>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include "base/files.h"
#include "policy/inspect.h"
#include "policy_fixture.h"

namespace policy::test {
namespace {

namespace fs = std::filesystem;
using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::UnorderedElementsAre;

class SourceFilesTest : public ::testing::Test {
 protected:
  void write(const std::string& name, std::string_view text) { std::ofstream(root_.path() / name) << text; }
  std::string error() {
    const auto files = read_sources(root_.path());
    return files ? "" : files.error().message;
  }

  base::TempDir root_ = *base::TempDir::create("policy-sources");
};

TEST_F(SourceFilesTest, ReadsThePoliciesOfAFolderInTheOrderOfTheirNames) {
  for (const char* name : {"20-b.lua", "10-a.lua", "a_test.lua", "worker.d.lua", ".hidden.lua", "README.md"}) {
    write(name, name);
  }
  const auto files = read_sources(root_.path());
  ASSERT_TRUE(files) << files.error().message;
  EXPECT_THAT(*files, ElementsAre(SourceFile{"10-a.lua", "10-a.lua"}, SourceFile{"20-b.lua", "20-b.lua"},
                                  SourceFile{"a_test.lua", "a_test.lua"}));
}

TEST_F(SourceFilesTest, TestsAloneAreNoPolicy) {
  write("a_test.lua", "");
  EXPECT_THAT(error(), HasSubstr("holds only tests"));
  const auto file = read_sources(root_.path() / "a_test.lua");
  ASSERT_FALSE(file);
  EXPECT_THAT(file.error().message, HasSubstr("is a test and no policy; name its folder"));
}

TEST_F(SourceFilesTest, RefusesWhatOthersMayWrite) {
  write("a.lua", "");
  ::chmod((root_.path() / "a.lua").c_str(), 0602);
  EXPECT_THAT(error(), HasSubstr("run: chmod o-w '" + (root_.path() / "a.lua").string() + "'"));
  ::chmod((root_.path() / "a.lua").c_str(), 0600);
  EXPECT_EQ(error(), "");
  ::chmod(root_.path().c_str(), 0777);
  EXPECT_THAT(error(), HasSubstr("run: chmod o-w '" + root_.path().string() + "'"));
}

TEST_F(SourceFilesTest, RefusesAFileOfAnotherUser) {
  if (::geteuid() != 0) GTEST_SKIP() << "only root may give a file away";
  write("a.lua", "");
  ASSERT_EQ(::chown((root_.path() / "a.lua").c_str(), 12345, static_cast<gid_t>(-1)), 0);
  EXPECT_THAT(error(), HasSubstr("belongs to user 12345; run: chown"));
}

TEST_F(SourceFilesTest, RefusesLinksOutOfTheFolder) {
  fs::create_directory(root_.path() / "inside");
  write("secret.lua", "return 1");
  fs::create_symlink("../secret.lua", root_.path() / "inside" / "a.lua");
  const auto files = read_sources(root_.path() / "inside");
  ASSERT_FALSE(files);
  EXPECT_THAT(files.error().message, HasSubstr("is a link out of the policy folder"));
}

TEST_F(SourceFilesTest, RefusesStrangeFiles) {
  write("a\nb.lua", "");
  EXPECT_THAT(error(), HasSubstr("rename it"));
  fs::remove(root_.path() / "a\nb.lua");
  write("\xff.lua", "");
  EXPECT_THAT(error(), HasSubstr("rename it"));
  fs::remove(root_.path() / "\xff.lua");
  fs::create_directory(root_.path() / "folder.lua");
  EXPECT_THAT(error(), HasSubstr("is not a file"));
  fs::remove(root_.path() / "folder.lua");
  fs::create_symlink("loop.lua", root_.path() / "loop.lua");
  EXPECT_THAT(error(), HasSubstr("loop.lua"));
  fs::remove(root_.path() / "loop.lua");
  write("large.lua", std::string(kMaxFileBytes + 1, ' '));
  EXPECT_THAT(error(), HasSubstr("larger than"));
  fs::remove(root_.path() / "large.lua");
  EXPECT_THAT(error(), HasSubstr("holds no .lua file"));
}

TEST_F(SourceFilesTest, CheckTriesEveryFunctionOnce) {
  write("a.lua", with_worker("worker.on('offer', function(o) if o.kind == 'mesh' then return o.gme end end)\n"
                             "worker.on('pause', function(m) return m.ap and worker.pause { reason = 'x' } end)\n"
                             "worker.on('log', function(r) r.body = 'x' end)\n"
                             "worker.on('offer', function(o) return worker.in_window 'nigt' end)\n"));
  const auto report = check(root_.path(), {});
  ASSERT_TRUE(report);
  EXPECT_TRUE(report->ok());
  std::vector<std::string> warnings;
  for (const auto& warning : report->warnings) warnings.push_back(sweep::to_line(warning));
  EXPECT_THAT(warnings,
              UnorderedElementsAre(AllOf(HasSubstr("a.lua:2: the function fails on an ordinary "), HasSubstr("'game'")),
                                   HasSubstr("a.lua:3: the function fails on a machine that nobody uses: "),
                                   HasSubstr("a.lua:4: the function fails on an ordinary record: "),
                                   HasSubstr("a.lua:5: the function fails on an ordinary ")));
}

TEST_F(SourceFilesTest, AnEmptyFileAndOneThatIsNoTextAreErrors) {
  write("a.lua", "\n");
  write("b.lua", "-- Sp\xc3\xa4t\n-- sp\xe4t\n");
  write("c.lua", "-- nothing yet\n");
  const auto report = check(root_.path(), {});
  ASSERT_TRUE(report);
  EXPECT_THAT(report->errors,
              ElementsAre("a.lua:1: the file is empty; remove it, or leave a comment in it, if that is meant",
                          "b.lua:2: this is not UTF-8; save the file in that encoding"));
  EXPECT_FALSE(open_policy(root_.path()));
}

TEST_F(SourceFilesTest, CheckListsEveryErrorOrSumsUp) {
  write("a.lua", "x = 1");
  write("b.lua", "y = 1");
  auto report = check(root_.path(), {});
  ASSERT_TRUE(report);
  EXPECT_FALSE(report->ok());
  EXPECT_THAT(report->errors, ElementsAre(HasSubstr("a.lua:1: "), HasSubstr("b.lua:1: ")));
  report = check(STUDIO_SOURCE_DIR "/policies", {});
  ASSERT_TRUE(report);
  EXPECT_TRUE(report->ok());
  EXPECT_THAT(report->summary.files,
              ElementsAre("10-night.lua", "20-games.lua", "30-pause.lua", "40-vram.lua", "50-logs.lua"));
  EXPECT_EQ(report->summary.zone, "Europe/Berlin");
  EXPECT_EQ(report->summary.windows, 3U);
  EXPECT_EQ(report->summary.dates, 1U);
  EXPECT_EQ(report->summary.games, 4U);
  EXPECT_EQ(report->summary.hooks.size(), 3U);
  EXPECT_FALSE(report->summary.always_open);
}

}  // namespace
}  // namespace policy::test
