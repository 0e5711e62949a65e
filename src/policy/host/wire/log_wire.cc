#include "policy/host/wire/log_wire.h"

#include <algorithm>

#include "policy/host/rules_wire.h"

namespace policy::host {
namespace {

using base::log::Format;
using base::log::Level;
using logs::LogFacts;
using logs::LogRule;

constexpr std::uint8_t kLevels = static_cast<std::uint8_t>(Level::kError) + 1;
constexpr std::uint8_t kFormats = static_cast<std::uint8_t>(Format::kJson) + 1;
constexpr std::size_t kMostRecords = 10'000;
constexpr std::size_t kMostNames = 1000;

bool is_category(const std::string& name) {
  const auto& known = logs::categories();
  return name == logs::kAboutJobs || std::find(known.begin(), known.end(), name) != known.end();
}

template <class Enum>
void write_enum(Writer& out, const std::optional<Enum>& value) {
  out.flag(value.has_value());
  if (value) out.byte(static_cast<std::uint8_t>(*value));
}
template <class Enum>
std::optional<Enum> read_enum(Reader& in, std::uint8_t bound) {
  if (!in.flag()) return std::nullopt;
  return static_cast<Enum>(in.below(bound));
}

void write(Writer& out, const std::optional<std::string>& text) {
  out.flag(text.has_value());
  if (text) out.text(*text);
}
std::optional<std::string> read_text(Reader& in) {
  if (!in.flag()) return std::nullopt;
  return in.text();
}

void write(Writer& out, const LogRule& rule) {
  write_place(out, rule.place);
  out.byte(static_cast<std::uint8_t>(rule.sink));
  out.text(rule.file);
  write_enum(out, rule.level);
  out.number(rule.about.size());
  for (const std::string& name : rule.about) out.text(name);
  out.text(rule.game);
  write_enum(out, rule.format);
  out.optional(rule.keep);
  out.optional(rule.max_size);
  out.flag(rule.at_most.has_value());
  if (rule.at_most) {
    out.number(rule.at_most->count);
    out.time(rule.at_most->per);
  }
  out.flag(rule.stop);
}

LogRule read_rule(Reader& in) {
  LogRule rule;
  rule.place = read_place(in);
  rule.sink = static_cast<logs::Sink>(in.below(logs::kSinks));
  rule.file = in.text();
  if (rule.sink == logs::Sink::kFile ? !logs::is_bare_file(rule.file) : !rule.file.empty()) in.reject();
  rule.level = read_enum<Level>(in, kLevels);
  const auto names = in.count(kMostNames);
  for (std::size_t i = 0; i < names && !in.bad(); ++i) rule.about.push_back(in.text());
  if (!std::all_of(rule.about.begin(), rule.about.end(), is_category)) in.reject();
  rule.game = in.text();
  rule.format = read_enum<Format>(in, kFormats);
  rule.keep = in.optional<base::Duration>();
  if (rule.keep && (*rule.keep < logs::kShortestKeep || *rule.keep > logs::kLongestKeep)) in.reject();
  rule.max_size = in.optional<base::Bytes>();
  if (rule.max_size && *rule.max_size < logs::kSmallestFile) in.reject();
  if (in.flag()) {
    rule.at_most = rules::Rate{in.number(), {}};
    rule.at_most->per = in.time();
    const auto per = rule.at_most->per;
    if (rule.at_most->count == 0 || per <= base::Duration::zero() || per > logs::kLongestKeep) in.reject();
  }
  rule.stop = in.flag();
  return rule;
}

void write(Writer& out, const LogFacts& record) {
  out.byte(static_cast<std::uint8_t>(record.level));
  out.text(record.about);
  out.text(record.message);
  write(out, record.job);
  write(out, record.game);
  write(out, record.kind);
  write(out, record.details);
}

LogFacts read_facts(Reader& in) {
  LogFacts record;
  record.level = static_cast<Level>(in.below(kLevels));
  record.about = in.text();
  record.message = in.text();
  record.job = read_text(in);
  record.game = read_text(in);
  record.kind = read_text(in);
  record.details = read_text(in);
  return record;
}

}  // namespace

void write_log_rules(Writer& out, const std::vector<LogRule>& rules) {
  out.number(rules.size());
  for (const LogRule& rule : rules) write(out, rule);
}

std::vector<LogRule> read_log_rules(Reader& in) {
  std::vector<LogRule> rules;
  const auto count = in.count(logs::kMostRules);
  for (std::size_t i = 0; i < count && !in.bad(); ++i) rules.push_back(read_rule(in));
  return rules;
}

void write_log_facts(Writer& out, const std::vector<LogFacts>& records) {
  out.number(records.size());
  for (const LogFacts& record : records) write(out, record);
}

std::vector<LogFacts> read_log_facts(Reader& in) {
  std::vector<LogFacts> records;
  const auto count = in.count(kMostRecords);
  for (std::size_t i = 0; i < count && !in.bad(); ++i) records.push_back(read_facts(in));
  return records;
}

void write_rewritten(Writer& out, const logs::Rewritten& rewritten) {
  out.text(rewritten.error);
  out.number(rewritten.records.size());
  for (const auto& record : rewritten.records) {
    out.flag(record.has_value());
    if (record) write(out, *record);
  }
}

logs::Rewritten read_rewritten(Reader& in) {
  logs::Rewritten rewritten;
  rewritten.error = in.text();
  const auto count = in.count(kMostRecords);
  for (std::size_t i = 0; i < count && !in.bad(); ++i) {
    const bool changed = in.flag();
    rewritten.records.push_back(changed ? std::optional(read_facts(in)) : std::nullopt);
  }
  return rewritten;
}

}  // namespace policy::host
