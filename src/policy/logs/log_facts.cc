#include "policy/logs/log_facts.h"

#include <algorithm>

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
  for (auto* list : {&record.fields, &record.context}) {
    std::erase_if(*list, [](const Field& field) { return !is_own_fact(field); });
  }
  if (after.details) record.fields.emplace_back("details", *after.details);
}

}  // namespace policy::logs
