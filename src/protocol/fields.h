#pragma once
// Fields: the checked members of one JSON object, read by key; all keys that are missing and the first other thing
// wrong are kept. Pure; any thread.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <boost/container/small_vector.hpp>

#include "base/result.h"
#include "protocol/json_view.h"

namespace protocol {

/// Where an object stands, for messages: "claim.modelSource.files[2]". Empty for a frame itself.
struct Place {
  std::string_view path;
  std::optional<std::size_t> index;
};

struct TextRule {
  std::size_t least = 0;  // bytes
  std::size_t most = std::string_view::npos;
  bool plain = false;  // no control characters
  bool bare = false;   // can be the name of a file: no separator, no "..", not "."
};
inline constexpr TextRule kAnyText{};
inline constexpr TextRule kLabel{.least = 0, .most = 4096, .plain = true};
inline constexpr TextRule kName{.least = 1, .most = 4096, .plain = true};
inline constexpr TextRule kFileName{.least = 1, .most = 200, .plain = true, .bare = true};
inline constexpr TextRule kUrl{.least = 1, .plain = true};

/// kNullable: the key may also be there with the value null.
enum class Need : std::uint8_t { kOptional, kNullable };

/// After a failure a read may give an empty value, so a reader reads all it wants and asks `status` once.
/// The object's text must outlive it.
class Fields {
 public:
  /// Requires: `object` is checked JSON. Fails when it is no object or has a key twice.
  Fields(std::string_view object, Place place);

  std::string text(std::string_view key, const TextRule& rule);
  double number(std::string_view key, double least, double most);
  std::uint64_t whole(std::string_view key, std::uint64_t most);
  bool flag(std::string_view key);
  /// The value as it is written; it must be of `kind`.
  std::string_view raw(std::string_view key, JsonKind kind);
  /// The value as it is written, of any kind.
  std::string_view any(std::string_view key);

  std::optional<std::string> maybe_text(std::string_view key, Need need, const TextRule& rule);
  std::optional<double> maybe_number(std::string_view key, Need need, double least, double most);
  std::optional<std::uint64_t> maybe_whole(std::string_view key, Need need, std::uint64_t most);
  std::optional<bool> maybe_flag(std::string_view key, Need need);
  std::optional<std::string_view> maybe_raw(std::string_view key, Need need, JsonKind kind);

  /// For rules of the caller's own: "claim.task.ext" + " " + `what`.
  void fail(std::string_view key, std::string_view what);
  bool failed() const { return error_.has_value() || !missing_.empty(); }
  base::Status status() const;

 private:
  struct Member {
    std::string_view key;  // without its quotes, still with its escapes
    std::string_view value;
  };
  const Member* find(std::string_view key) const;
  std::string_view required(std::string_view key);
  std::optional<std::string_view> present(std::string_view key, Need need);
  void refuse_duplicates();

  std::string read_text(std::string_view key, std::string_view value, const TextRule& rule);
  double read_number(std::string_view key, std::string_view value, double least, double most);
  std::uint64_t read_whole(std::string_view key, std::string_view value, std::uint64_t most);
  bool read_flag(std::string_view key, std::string_view value);
  std::string_view read_raw(std::string_view key, std::string_view value, JsonKind kind);

  Place place_;
  boost::container::small_vector<Member, 20> members_;  // in place for every object of a usual claim
  bool escaped_keys_ = false;
  bool is_object_ = true;
  std::vector<std::string_view> missing_;
  std::optional<base::Error> error_;
};

/// What is wrong with `text` under `rule`; empty when nothing is.
std::string broken_rule(std::string_view text, const TextRule& rule);

/// The strings of an array. Errors: kInvalid naming the place.
base::Result<std::vector<std::string>> read_strings(std::string_view array, std::string_view path,
                                                    const TextRule& rule);

}  // namespace protocol
