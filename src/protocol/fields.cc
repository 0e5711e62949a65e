#include "protocol/fields.h"

#include <algorithm>
#include <charconv>

#include "base/log.h"
#include "protocol/json_writer.h"

namespace protocol {
namespace {

/// Up to this many members are compared pair by pair: no allocation, and claims have fewer.
constexpr std::size_t kFewMembers = 24;

std::string full_name(const Place& place, std::string_view key) {
  std::string name(place.path);
  if (place.index) name += "[" + std::to_string(*place.index) + "]";
  if (!name.empty() && !key.empty()) name += '.';
  return name.append(key);
}

std::string_view article(JsonKind kind) {
  switch (kind) {
    case JsonKind::kObject:
      return "an object";
    case JsonKind::kArray:
      return "an array";
    case JsonKind::kString:
      return "a string";
    case JsonKind::kNumber:
      return "a number";
    case JsonKind::kBool:
      return "true or false";
    case JsonKind::kNull:
      return "null";
  }
  return "";
}

std::string short_number(double value) {
  return std::move(JsonWriter().real(value)).take();
}

}  // namespace

Fields::Fields(std::string_view object, Place place) : place_(place) {
  if (kind_of(object) != JsonKind::kObject) {
    const std::string name = full_name(place_, "");
    error_ = base::Error{base::Code::kInvalid, (name.empty() ? "a frame" : name) + " must be an object"};
    is_object_ = false;
    return;
  }
  for (JsonWalk walk(object); walk.next();) {
    const std::string_view key = walk.key().substr(1, walk.key().size() - 2);
    escaped_keys_ = escaped_keys_ || walk.key_has_escapes();
    members_.push_back({key, walk.value()});
  }
  refuse_duplicates();
}

void Fields::refuse_duplicates() {
  const auto twice = [this](std::string_view key) {
    fail(base::log::printable(decode_string(key), 100), "is there twice");
  };
  if (!escaped_keys_ && members_.size() <= kFewMembers) {
    for (std::size_t i = 1; i < members_.size(); ++i) {
      for (std::size_t k = 0; k < i; ++k) {
        if (members_[i].key == members_[k].key) return twice(members_[i].key);
      }
    }
    return;
  }
  std::vector<std::string> names;
  names.reserve(members_.size());
  for (const Member& member : members_) names.push_back(decode_string(member.key));
  std::sort(names.begin(), names.end());
  const auto equal = std::adjacent_find(names.begin(), names.end());
  if (equal != names.end()) twice(*equal);
}

void Fields::fail(std::string_view key, std::string_view what) {
  if (error_) return;
  error_ = base::Error{base::Code::kInvalid, full_name(place_, key) + " " + std::string(what)};
}

base::Status Fields::status() const {
  if (!failed()) return {};
  std::string text;
  for (std::size_t i = 0; i < missing_.size(); ++i) {
    if (i > 0) text += i + 1 == missing_.size() ? " and " : ", ";
    text += full_name(place_, missing_[i]);
  }
  if (!missing_.empty()) text += missing_.size() == 1 ? " is missing" : " are missing";
  if (error_) text += (text.empty() ? "" : "; ") + error_->message;
  return base::Error{base::Code::kInvalid, std::move(text)};
}

const Fields::Member* Fields::find(std::string_view key) const {
  const auto found = std::find_if(members_.begin(), members_.end(), [this, key](const Member& member) {
    return member.key == key || (escaped_keys_ && decode_string(member.key) == key);
  });
  return found == members_.end() ? nullptr : &*found;
}

std::string_view Fields::required(std::string_view key) {
  if (!is_object_) return {};
  if (const Member* member = find(key)) return member->value;
  missing_.push_back(key);
  return {};
}

std::optional<std::string_view> Fields::present(std::string_view key, Need need) {
  if (error_) return std::nullopt;
  const Member* member = find(key);
  if (member == nullptr) return std::nullopt;
  if (need == Need::kNullable && kind_of(member->value) == JsonKind::kNull) return std::nullopt;
  return member->value;
}

std::string_view Fields::read_raw(std::string_view key, std::string_view value, JsonKind kind) {
  if (value.data() == nullptr) return {};
  if (kind_of(value) == kind) return value;
  fail(key, "must be " + std::string(article(kind)));
  return {};
}

std::string Fields::read_text(std::string_view key, std::string_view value, const TextRule& rule) {
  if (read_raw(key, value, JsonKind::kString).empty()) return {};
  std::string text = decode_string(value);
  if (std::string wrong = broken_rule(text, rule); !wrong.empty()) {
    fail(key, wrong);
    return {};
  }
  return text;
}

double Fields::read_number(std::string_view key, std::string_view value, double least, double most) {
  if (read_raw(key, value, JsonKind::kNumber).empty()) return 0;
  double number = 0;
  const auto [end, error] = std::from_chars(value.data(), value.data() + value.size(), number);
  if (error == std::errc{} && number >= least && number <= most) return number;
  fail(key, "must be a number from " + short_number(least) + " to " + short_number(most));
  return 0;
}

std::uint64_t Fields::read_whole(std::string_view key, std::string_view value, std::uint64_t most) {
  if (read_raw(key, value, JsonKind::kNumber).empty()) return 0;
  std::uint64_t number = 0;
  const char* const last = value.data() + value.size();
  const auto [end, error] = std::from_chars(value.data(), last, number);
  if (error == std::errc{} && end == last && number <= most) return number;
  fail(key, "must be a whole number from 0 to " + std::to_string(most));
  return 0;
}

bool Fields::read_flag(std::string_view key, std::string_view value) {
  return read_raw(key, value, JsonKind::kBool) == "true";
}

std::string Fields::text(std::string_view key, const TextRule& rule) {
  return read_text(key, required(key), rule);
}
double Fields::number(std::string_view key, double least, double most) {
  return read_number(key, required(key), least, most);
}
std::uint64_t Fields::whole(std::string_view key, std::uint64_t most) {
  return read_whole(key, required(key), most);
}
bool Fields::flag(std::string_view key) {
  return read_flag(key, required(key));
}
std::string_view Fields::raw(std::string_view key, JsonKind kind) {
  return read_raw(key, required(key), kind);
}
std::string_view Fields::any(std::string_view key) {
  return required(key);
}

std::optional<std::string> Fields::maybe_text(std::string_view key, Need need, const TextRule& rule) {
  const auto value = present(key, need);
  return value ? std::optional(read_text(key, *value, rule)) : std::nullopt;
}
std::optional<double> Fields::maybe_number(std::string_view key, Need need, double least, double most) {
  const auto value = present(key, need);
  return value ? std::optional(read_number(key, *value, least, most)) : std::nullopt;
}
std::optional<std::uint64_t> Fields::maybe_whole(std::string_view key, Need need, std::uint64_t most) {
  const auto value = present(key, need);
  return value ? std::optional(read_whole(key, *value, most)) : std::nullopt;
}
std::optional<bool> Fields::maybe_flag(std::string_view key, Need need) {
  const auto value = present(key, need);
  return value ? std::optional(read_flag(key, *value)) : std::nullopt;
}
std::optional<std::string_view> Fields::maybe_raw(std::string_view key, Need need, JsonKind kind) {
  const auto value = present(key, need);
  return value ? std::optional(read_raw(key, *value, kind)) : std::nullopt;
}

std::string broken_rule(std::string_view text, const TextRule& rule) {
  const auto is_control = [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7F; };
  const auto is_separator = [](char c) { return c == '/' || c == '\\'; };
  if (text.size() < rule.least) return "must not be empty";
  if (text.size() > rule.most) return "must not be longer than " + std::to_string(rule.most) + " bytes";
  if (rule.plain && std::any_of(text.begin(), text.end(), is_control)) return "must not hold control characters";
  if (rule.bare && (std::any_of(text.begin(), text.end(), is_separator) || text == "." ||
                    text.find("..") != std::string_view::npos)) {
    return "must be a bare name, without a path";
  }
  return {};
}

base::Result<std::vector<std::string>> read_strings(std::string_view array, std::string_view path,
                                                    const TextRule& rule) {
  std::vector<std::string> strings;
  for (JsonWalk walk(array); walk.next();) {
    const auto refuse = [&](std::string_view what) {
      return base::Error{base::Code::kInvalid, full_name({path, strings.size()}, "") + " " + std::string(what)};
    };
    if (kind_of(walk.value()) != JsonKind::kString) return refuse("must be a string");
    strings.push_back(decode_string(walk.value()));
    if (const std::string wrong = broken_rule(strings.back(), rule); !wrong.empty()) {
      return base::Error{base::Code::kInvalid, full_name({path, strings.size() - 1}, "") + " " + wrong};
    }
  }
  return strings;
}

}  // namespace protocol
