#pragma once
// Reads the keys of one JSON object by type, remembers the first mistake and at the end finds keys nobody asked for.

#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include <boost/json.hpp>

namespace scenario {

namespace json = boost::json;

struct FieldError {
  std::string path;
  std::string message;
};

class Fields {
 public:
  /// Valid while `object` lives. `path` is the object's place in the document ("jobs[2]"), empty for the root.
  Fields(const json::object& object, std::string path) : object_(object), path_(std::move(path)) {}

  void text(std::string_view key, std::string& value);
  void flag(std::string_view key, bool& value);
  void count(std::string_view key, std::uint64_t& value, std::uint64_t limit = kNoLimit);
  void number(std::string_view key, double& value);
  void object(std::string_view key, json::object& value);
  void list(std::string_view key, json::array& value);
  /// One string or a list of strings; nullopt when the key is absent.
  std::optional<std::vector<std::string>> texts(std::string_view key);
  /// One count or a list of counts, each at least 1.
  void positions(std::string_view key, std::set<std::uint64_t>& value);
  bool has(std::string_view key) const { return object_.contains(key); }
  std::string path_of(std::string_view key) const;

  void fail(std::string_view key, std::string message);
  /// The first mistake, an unknown key included.
  std::optional<FieldError> finish();

 private:
  static constexpr std::uint64_t kNoLimit = 1'000'000'000'000;
  const json::value* find(std::string_view key);

  const json::object& object_;
  std::string path_;
  std::set<std::string, std::less<>> known_;
  std::optional<FieldError> error_;
};

}  // namespace scenario
