#include "engine/result_file.h"

#include <fstream>
#include <gtest/gtest.h>

#include "base/files.h"

namespace engine {
namespace {

class ResultFileTest : public testing::Test {
 protected:
  base::TempDir dir_ = std::move(base::TempDir::create("result-test")).value();

  void write(const std::string& name, const std::string& text = "content") const {
    std::ofstream(dir_.path() / name) << text;
  }
  base::Result<job::Artifacts> check(const std::string& name, const std::string& ext = "png",
                                     job::Kind kind = job::Kind::kImage) const {
    return check_result({base::JobId("j"), name, ext, ""}, kind, dir_.path());
  }
  std::string refusal(const std::string& name, const std::string& ext = "png") const {
    const auto result = check(name, ext);
    return result ? "accepted" : result.error().message;
  }
};

TEST_F(ResultFileTest, AcceptsAFileWithContent) {
  write("r.png");
  const auto result = check("r.png");
  ASSERT_TRUE(result);
  const auto& file = std::get<job::FileResult>(*result);
  EXPECT_EQ(file.path, dir_.path() / "r.png");
  EXPECT_EQ(file.ext, "png");
  EXPECT_EQ(file.bytes, 7U);
}

TEST_F(ResultFileTest, AcceptsOnlyBareNames) {
  write("r.png");
  const std::string whole = dir_.path() / "r.png";
  for (const std::string& name : {std::string("../x"), std::string(".."), std::string("."), std::string("a/b"), whole,
                                  std::string("a\0b", 3), std::string("a\nb"), std::string(300, 'x')}) {
    EXPECT_NE(refusal(name).find("is not a bare file name"), std::string::npos) << name;
  }
}

TEST_F(ResultFileTest, U12_AcceptsOnlyRegularFilesWithContent) {
  write("empty", "");
  write("real");
  std::filesystem::create_symlink(dir_.path() / "real", dir_.path() / "link");
  std::filesystem::create_directory(dir_.path() / "folder");
  EXPECT_EQ(refusal("empty"), "the result file `empty` is empty");
  EXPECT_EQ(refusal("link"), "the result file `link` is not a regular file");
  EXPECT_EQ(refusal("folder"), "the result file `folder` is not a regular file");
  EXPECT_EQ(refusal("none"), "the result file `none`: No such file or directory");
}

TEST_F(ResultFileTest, AcceptsOnlySaneExtensions) {
  write("r");
  EXPECT_EQ(refusal("r", "GLB2"), "accepted");
  for (const char* ext : {"", "../x", "p ng", "p\"", "abcdefghijklmnopq"}) {
    EXPECT_NE(refusal("r", ext).find("is not letters and digits"), std::string::npos) << ext;
  }
}

TEST_F(ResultFileTest, WantsTheFormThatTheKindAsksFor) {
  write("r.png");
  EXPECT_FALSE(check("r.png", "png", job::Kind::kLlm));
  const ResultFrame json{base::JobId("j"), "", "", "{}"};
  EXPECT_FALSE(check_result(json, job::Kind::kVideo, dir_.path()));
  const auto result = check_result(json, job::Kind::kAudioStt, dir_.path());
  ASSERT_TRUE(result);
  EXPECT_EQ(std::get<job::JsonResult>(*result).text, "{}");
}

}  // namespace
}  // namespace engine
