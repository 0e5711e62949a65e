#include "machine/identity.h"

#include <array>
#include <cstdlib>
#include <gtest/gtest.h>
#include <unistd.h>

namespace machine {
namespace {

constexpr uid_t kNobodyHasThisId = 3999999999U;

/// A variable of the environment for the length of a test.
class Variable {
 public:
  Variable(const char* name, const char* value) : name_(name) {
    const char* before = std::getenv(name);
    had_value_ = before != nullptr;
    if (had_value_) before_ = before;
    if (value != nullptr)
      ::setenv(name, value, 1);
    else
      ::unsetenv(name);
  }
  Variable(const Variable&) = delete;
  Variable& operator=(const Variable&) = delete;
  ~Variable() {
    if (had_value_)
      ::setenv(name_, before_.c_str(), 1);
    else
      ::unsetenv(name_);
  }

 private:
  const char* name_;
  bool had_value_ = false;
  std::string before_;
};

TEST(UserName, ComesFromTheUserDatabase) {
  const Variable user("USER", "somebody-else");
  EXPECT_EQ(user_name(0), "root");
}

TEST(UserName, OfAnIdThatTheDatabaseLacksComesFromTheEnvironment) {
  const Variable user("USER", "alex");
  EXPECT_EQ(user_name(kNobodyHasThisId), "alex");
}

TEST(UserName, FallsBackToTheLoginName) {
  const Variable user("USER", nullptr);
  const Variable login("LOGNAME", "ada");
  EXPECT_EQ(user_name(kNobodyHasThisId), "ada");
}

TEST(UserName, IsUnknownUserWhenNothingTells) {
  const Variable user("USER", "");
  const Variable login("LOGNAME", nullptr);
  EXPECT_EQ(user_name(kNobodyHasThisId), "unknown-user");
}

TEST(UserName, IsMadeFitForJson) {
  const Variable user("USER", "a\xff\n");
  EXPECT_EQ(user_name(kNobodyHasThisId), "a\xEF\xBF\xBD\\x0a");
}

TEST(UserName, OfThisProcessIsThatOfItsEffectiveUser) {
  EXPECT_EQ(user_name(), user_name(::geteuid()));
}

TEST(HostName, IsWhatTheKernelSays) {
  std::array<char, 256> text{};
  ASSERT_EQ(::gethostname(text.data(), text.size() - 1), 0);
  const std::string said = text.data();
  EXPECT_EQ(host_name(), said.empty() ? "unknown-host" : said);
}

}  // namespace
}  // namespace machine
