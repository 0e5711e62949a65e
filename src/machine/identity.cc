#include "machine/identity.h"

#include <array>
#include <cerrno>
#include <cstdlib>
#include <pwd.h>
#include <string_view>
#include <unistd.h>
#include <vector>

#include "base/ids.h"
#include "base/log.h"

namespace machine {
namespace {

constexpr std::size_t kNameLimit = 255;
constexpr std::size_t kMostEntryBytes = base::kMiB;

/// A name goes into JSON and into logs, and nobody promises that it is UTF-8.
std::string shown(std::string_view name, std::string_view fallback) {
  return name.empty() ? std::string(fallback) : base::log::printable(name, kNameLimit);
}

/// Empty when the user database has no such user, which is common in containers.
std::string name_in_database(uid_t user) {
  for (std::vector<char> text(4096); text.size() <= kMostEntryBytes; text.resize(text.size() * 2)) {
    struct passwd entry {};
    struct passwd* found = nullptr;
    const int failure = ::getpwuid_r(user, &entry, text.data(), text.size(), &found);
    if (failure == ERANGE) continue;
    return failure == 0 && found != nullptr && found->pw_name != nullptr ? found->pw_name : std::string();
  }
  return {};
}

std::string_view variable(const char* name) {
  const char* value = std::getenv(name);
  return value != nullptr ? std::string_view(value) : std::string_view();
}

}  // namespace

std::string host_name() {
  std::array<char, kNameLimit + 1> text{};
  if (::gethostname(text.data(), text.size() - 1) != 0) text.front() = '\0';
  return shown(text.data(), "unknown-host");
}

std::string user_name(uid_t user) {
  std::string name = name_in_database(user);
  if (name.empty()) name = variable("USER");
  if (name.empty()) name = variable("LOGNAME");
  return shown(name, "unknown-user");
}

std::string user_name() {
  return user_name(::geteuid());
}

}  // namespace machine
