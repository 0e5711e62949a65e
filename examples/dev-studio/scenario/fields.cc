#include "scenario/fields.h"

#include <cmath>

namespace scenario {
namespace {

std::optional<std::uint64_t> as_count(const json::value& value) {
  if (value.is_uint64()) return value.get_uint64();
  if (value.is_int64() && value.get_int64() >= 0) return static_cast<std::uint64_t>(value.get_int64());
  return std::nullopt;
}

}  // namespace

const json::value* Fields::find(std::string_view key) {
  known_.emplace(key);
  return object_.if_contains(key);
}

std::string Fields::path_of(std::string_view key) const {
  return path_.empty() ? std::string(key) : path_ + "." + std::string(key);
}

void Fields::fail(std::string_view key, std::string message) {
  if (!error_) error_ = FieldError{path_of(key), std::move(message)};
}

void Fields::text(std::string_view key, std::string& value) {
  const json::value* found = find(key);
  if (found == nullptr) return;
  if (!found->is_string()) return fail(key, "must be a string");
  value = std::string(found->get_string());
}

void Fields::flag(std::string_view key, bool& value) {
  const json::value* found = find(key);
  if (found == nullptr) return;
  if (!found->is_bool()) return fail(key, "must be true or false");
  value = found->get_bool();
}

void Fields::count(std::string_view key, std::uint64_t& value, std::uint64_t limit) {
  const json::value* found = find(key);
  if (found == nullptr) return;
  const auto number = as_count(*found);
  if (!number || *number > limit) return fail(key, "must be a whole number from 0 to " + std::to_string(limit));
  value = *number;
}

void Fields::number(std::string_view key, double& value) {
  const json::value* found = find(key);
  if (found == nullptr) return;
  boost::system::error_code error;
  const double number = found->is_number() ? found->to_number<double>(error) : -1.0;
  if (!found->is_number() || error || !std::isfinite(number) || number < 0) {
    return fail(key, "must be a number that is not negative");
  }
  value = number;
}

void Fields::object(std::string_view key, json::object& value) {
  const json::value* found = find(key);
  if (found == nullptr) return;
  if (!found->is_object()) return fail(key, "must be a table");
  value = found->get_object();
}

void Fields::list(std::string_view key, json::array& value) {
  const json::value* found = find(key);
  if (found == nullptr) return;
  if (!found->is_array()) return fail(key, "must be a list of tables");
  value = found->get_array();
}

std::optional<std::vector<std::string>> Fields::texts(std::string_view key) {
  const json::value* found = find(key);
  if (found == nullptr) return std::nullopt;
  std::vector<std::string> texts;
  if (found->is_string())
    texts.emplace_back(found->get_string());
  else if (!found->is_array())
    fail(key, "must be a string or a list of strings");
  if (const json::array* list = found->if_array()) {
    for (const json::value& item : *list) {
      if (!item.is_string()) {
        fail(key, "must be a string or a list of strings");
        break;
      }
      texts.emplace_back(item.get_string());
    }
  }
  return texts;
}

void Fields::positions(std::string_view key, std::set<std::uint64_t>& value) {
  const json::value* found = find(key);
  if (found == nullptr) return;
  const json::array single{*found};
  const json::array& list = found->is_array() ? found->get_array() : single;
  value.clear();
  for (const json::value& item : list) {
    const auto position = as_count(item);
    if (!position || *position == 0) return fail(key, "must be a position from 1 or a list of them");
    value.insert(*position);
  }
}

std::optional<FieldError> Fields::finish() {
  for (const auto& [key, value] : object_) {
    if (!known_.contains(std::string_view(key))) fail(key, "is not a known key");
  }
  return error_;
}

}  // namespace scenario
