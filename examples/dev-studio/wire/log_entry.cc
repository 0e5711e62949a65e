#include "wire/log_entry.h"

#include <string>

namespace wire {
namespace {

int two_digits(std::string_view text, std::size_t at) {
  return (text[at] - '0') * 10 + (text[at + 1] - '0');
}

std::string mistake_in(const json::value& value) {
  const json::object* entry = value.if_object();
  if (entry == nullptr) return "an entry is not an object";
  for (const std::string_view key : {"ts", "level", "category", "message"}) {
    const json::value* item = entry->if_contains(key);
    if (item == nullptr || !item->is_string()) return std::string(key) + " is missing or not a string";
  }
  const json::string& ts = entry->at("ts").get_string();
  if (!is_timestamp(ts)) return "ts is not UTC with milliseconds: " + std::string(ts);
  const json::string& level = entry->at("level").get_string();
  if (level != "info" && level != "warn" && level != "error") return "unknown level " + std::string(level);
  if (entry->at("category").get_string().empty()) return "category is empty";
  const json::value* job = entry->if_contains("jobId");
  if (job != nullptr && !job->is_string()) return "jobId is not a string";
  return {};
}

}  // namespace

bool is_timestamp(std::string_view text) {
  constexpr std::string_view kShape = "dddd-dd-ddTdd:dd:dd.dddZ";
  if (text.size() != kShape.size()) return false;
  for (std::size_t i = 0; i < kShape.size(); ++i) {
    const bool digit = text[i] >= '0' && text[i] <= '9';
    if (kShape[i] == 'd' ? !digit : text[i] != kShape[i]) return false;
  }
  const int month = two_digits(text, 5);
  const int day = two_digits(text, 8);
  return month >= 1 && month <= 12 && day >= 1 && day <= 31 && two_digits(text, 11) <= 23 &&
         two_digits(text, 14) <= 59 && two_digits(text, 17) <= 60;
}

void check_log_entries(const json::array& entries, Problems& problems) {
  for (const json::value& entry : entries) {
    std::string mistake = mistake_in(entry);
    if (!mistake.empty()) problems.push_back({"log-entry", std::move(mistake)});
  }
}

}  // namespace wire
