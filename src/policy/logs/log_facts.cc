#include "policy/logs/log_facts.h"

#include <algorithm>
#include <charconv>
#include <functional>
#include <map>
#include <utility>

namespace policy::logs {
namespace {

using base::log::Field;
using base::log::Record;

constexpr std::size_t kPrinted = 2000;  // bytes of a text that a line shows, see base::log::printable

bool is_own_fact(const Field& field) {
  return field.key == "job" || field.key == "game" || field.key == "kind";
}

std::optional<std::string> value_of(const Record& record, std::string_view key) {
  const std::string* value = record.find(key);
  return value != nullptr ? std::optional(*value) : std::nullopt;
}

void set(Record& record, std::string_view key, const std::optional<std::string>& before,
         const std::optional<std::string>& after) {
  if (!before || before == after) return;
  for (auto* list : {&record.fields, &record.context}) {
    if (!after) std::erase_if(*list, [key](const Field& field) { return field.key == key; });
    for (Field& field : *list) {
      if (after && field.key == key) field.value = *after;
    }
  }
}

/// `text` begins with "x1b": adds that character, and leaves the last digit in front.
bool take_control(std::string_view& text, std::string& value) {
  unsigned code = 0;
  const char* const last = text.data() + std::min<std::size_t>(text.size(), 3);
  if (std::from_chars(text.data() + 1, last, code, 16).ptr != text.data() + 3) return false;
  if (code >= 0x80) value += '\xC2';
  value += static_cast<char>(code);
  text.remove_prefix(2);
  return true;
}

/// Takes `key=value` from the front of `text`, the value as append_fields writes it.
std::optional<std::pair<std::string_view, std::string>> take_field(std::string_view& text) {
  const auto equals = text.find('=');
  if (equals == std::string_view::npos) return std::nullopt;
  const auto key = text.substr(0, equals);
  text.remove_prefix(equals + 1);
  if (!text.starts_with('"')) {
    const auto value = text.substr(0, text.find(' '));
    text.remove_prefix(value.size());
    return std::pair(key, std::string(value));
  }
  std::string value;
  for (text.remove_prefix(1); !text.empty() && text.front() != '"'; text.remove_prefix(1)) {
    if (text.front() == '\\' && text.size() > 1) {
      text.remove_prefix(1);
      if (text.front() == 'x' && take_control(text, value)) continue;
    }
    value += text.front();
  }
  if (text.empty()) return std::nullopt;
  text.remove_prefix(1);
  return std::pair(key, std::move(value));
}

/// The fields that the text of details names; nothing when it is another text.
std::optional<std::map<std::string, std::string, std::less<>>> read_details(std::string_view text) {
  std::map<std::string, std::string, std::less<>> fields;
  while (!text.empty()) {
    auto field = take_field(text);
    if (!field || (!text.empty() && text.front() != ' ')) return std::nullopt;
    if (!fields.emplace(field->first, std::move(field->second)).second) return std::nullopt;
    if (!text.empty()) text.remove_prefix(1);
  }
  return fields;
}

/// Details that still name the record's own fields go back into these: as one text they would be quoted again.
bool set_fields(Record& record, std::string_view details) {
  auto wanted = read_details(details);
  if (!wanted) return false;
  for (const auto& [key, value] : *wanted) {
    const std::string* known = record.find(key);
    if (known == nullptr || is_own_fact({key, std::string_view()})) return false;
  }
  for (auto* list : {&record.fields, &record.context}) {
    std::erase_if(*list, [&](const Field& field) { return !is_own_fact(field) && !wanted->contains(field.key); });
    for (Field& field : *list) {
      if (!is_own_fact(field)) field.value = wanted->find(field.key)->second;
    }
  }
  return true;
}

}  // namespace

LogFacts facts_of(const Record& record) {
  LogFacts facts{record.level, record.category, record.message.substr(0, kPrinted)};
  facts.job = value_of(record, "job");
  facts.game = value_of(record, "game");
  facts.kind = value_of(record, "kind");
  std::vector<Field> others;
  for (const auto* list : {&record.fields, &record.context}) {
    std::copy_if(list->begin(), list->end(), std::back_inserter(others),
                 [](const Field& field) { return !is_own_fact(field); });
  }
  if (!others.empty()) facts.details = base::log::to_text(others);
  return facts;
}

void change(Record& record, const LogFacts& before, const LogFacts& after) {
  record.level = after.level;
  record.category = after.about;
  if (before.message != after.message) record.message = after.message;
  set(record, "job", before.job, after.job);
  set(record, "game", before.game, after.game);
  set(record, "kind", before.kind, after.kind);
  if (!before.details || before.details == after.details) return;
  if (after.details && set_fields(record, *after.details)) return;
  for (auto* list : {&record.fields, &record.context}) {
    std::erase_if(*list, [](const Field& field) { return !is_own_fact(field); });
  }
  if (after.details) record.fields.emplace_back("details", *after.details);
}

}  // namespace policy::logs
