#include "policy/records/record.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <chrono>
#include <cmath>

#include <boost/json.hpp>

#include "base/log.h"

namespace policy::records {
namespace {

namespace json = boost::json;

bool same(const std::optional<std::vector<job::GpuFacts>>& a, const std::vector<job::GpuFacts>& b) {
  return a && std::equal(a->begin(), a->end(), b.begin(), b.end(), [](const job::GpuFacts& x, const job::GpuFacts& y) {
           return x.index == y.index && x.name == y.name && x.total == y.total && x.free == y.free;
         });
}

/// Members of one object, in order; absent and empty ones are left out.
class Members {
 public:
  explicit Members(std::string& out) : out_(out) { out_ += '{'; }

  void name(std::string_view key) {
    if (out_.back() != '{') out_ += ',';
    out_ += '"';
    out_ += key;
    out_ += "\":";
  }
  void text(std::string_view key, std::string_view value) {
    if (value.empty()) return;
    name(key);
    quote(value);
  }
  template <class Number>
  void number(std::string_view key, Number value) {
    name(key);
    std::array<char, 32> digits{};
    const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), value).ptr;
    out_.append(digits.data(), end);
  }
  template <class Number>
  void number(std::string_view key, const std::optional<Number>& value) {
    if (value) number(key, *value);
  }
  void flag(std::string_view key, bool value) {
    name(key);
    out_ += value ? "true" : "false";
  }
  void close() { out_ += '}'; }

 private:
  void quote(std::string_view value) {
    constexpr std::string_view kHex = "0123456789abcdef";
    out_ += '"';
    for (const char c : value) {
      const auto byte = static_cast<unsigned char>(c);
      if (byte < 0x20) {
        out_ += "\\u00";
        out_ += kHex[byte >> 4];
        out_ += kHex[byte & 15];
        continue;
      }
      if (c == '"' || c == '\\') out_ += '\\';
      out_ += c;
    }
    out_ += '"';
  }

  std::string& out_;
};

constexpr double kLongest = 366.0 * 24 * 3600;  // s, of an estimate that is believed

void write_facts(std::string& out, const job::Offer& offer, const job::Facts& known) {
  Members facts(out);
  facts.text("id", offer.id.str());
  facts.text("game", offer.game.str());
  facts.text("asset", offer.asset);
  facts.text("kind", job::to_string(offer.kind));
  facts.text("model", offer.model.str());
  facts.text("engine", offer.source.engine);
  facts.number("vram_gb", offer.vram_gb);
  facts.number("width", offer.facts.width);
  facts.number("height", offer.facts.height);
  facts.number("steps", offer.facts.steps);
  facts.number("seconds", offer.facts.seconds);
  facts.number("chars", offer.facts.chars);
  facts.number("max_tokens", offer.facts.max_tokens);
  if (known.cached) facts.flag("cached", *known.cached);
  facts.number("download", known.download);
  if (known.est_time) facts.number("est_time", std::chrono::duration<double>(*known.est_time).count());
  facts.close();
}

void write_cards(std::string& out, const std::vector<job::GpuFacts>& cards) {
  out += '[';
  for (const job::GpuFacts& card : cards) {
    if (out.back() != '[') out += ',';
    Members one(out);
    one.number("index", card.index);
    one.text("name", base::log::printable(card.name));
    one.number("total", card.total);
    one.number("free", card.free);
    one.close();
  }
  out += ']';
}

/// Reads members of an object; a wrong type counts as absent.
class Object {
 public:
  explicit Object(const json::object& object) : object_(object) {}

  std::string_view text(std::string_view key) const {
    const json::value* value = object_.if_contains(key);
    return value != nullptr && value->is_string() ? std::string_view(value->get_string()) : std::string_view();
  }
  template <class Number>
  std::optional<Number> number(std::string_view key) const {
    const json::value* value = object_.if_contains(key);
    if (value == nullptr || !value->is_number()) return std::nullopt;
    boost::system::error_code failure;
    const auto number = value->to_number<Number>(failure);
    return failure ? std::nullopt : std::optional<Number>(number);
  }
  std::optional<bool> flag(std::string_view key) const {
    const json::value* value = object_.if_contains(key);
    return value != nullptr && value->is_bool() ? std::optional<bool>(value->get_bool()) : std::nullopt;
  }
  const json::object* object(std::string_view key) const {
    const json::value* value = object_.if_contains(key);
    return value == nullptr ? nullptr : value->if_object();
  }
  const json::array* array(std::string_view key) const {
    const json::value* value = object_.if_contains(key);
    return value == nullptr ? nullptr : value->if_array();
  }

 private:
  const json::object& object_;
};

bool read_facts(const Object& facts, job::Offer& offer) {
  const auto kind = job::parse_kind(facts.text("kind"));
  const auto vram = facts.number<double>("vram_gb");
  if (!kind || !vram || facts.text("id").empty()) return false;
  offer.id.value = facts.text("id");
  offer.game.value = facts.text("game");
  offer.asset = facts.text("asset");
  offer.model.value = facts.text("model");
  offer.source.engine = facts.text("engine");
  offer.kind = *kind;
  offer.vram_gb = *vram;
  offer.facts.width = facts.number<std::uint32_t>("width");
  offer.facts.height = facts.number<std::uint32_t>("height");
  offer.facts.steps = facts.number<std::uint32_t>("steps");
  offer.facts.seconds = facts.number<double>("seconds");
  offer.facts.chars = facts.number<std::uint64_t>("chars");
  offer.facts.max_tokens = facts.number<std::uint32_t>("max_tokens");
  return true;
}

std::vector<job::GpuFacts> read_cards(const json::array& list) {
  std::vector<job::GpuFacts> cards;
  for (const json::value& value : list) {
    const json::object* object = value.if_object();
    if (object == nullptr) continue;
    const Object card(*object);
    cards.push_back({.index = card.number<std::uint32_t>("index").value_or(0),
                     .name = std::string(card.text("name")),
                     .total = card.number<base::Bytes>("total"),
                     .free = card.number<base::Bytes>("free")});
  }
  return cards;
}

job::RejectCode code_of(std::string_view text) {
  for (const auto code : {job::RejectCode::kBusy, job::RejectCode::kPaused, job::RejectCode::kInsufficientMemory}) {
    if (job::to_string(code) == text) return code;
  }
  return job::RejectCode::kNone;
}

}  // namespace

std::string format_time(base::WallTime time) {
  const auto whole = std::chrono::floor<std::chrono::microseconds>(time);
  const auto below = static_cast<unsigned>((whole.time_since_epoch() % std::chrono::milliseconds(1)).count() + 1000000);
  std::string text = base::format_utc(std::chrono::floor<std::chrono::milliseconds>(time));
  text.insert(text.size() - 1, std::to_string(below % 1000 + 1000).substr(1));
  return text;
}

std::optional<base::WallTime> parse_time(std::string_view text) {
  constexpr std::string_view kForm = "0000-00-00T00:00:00.000000Z";
  if (text.size() != kForm.size()) return std::nullopt;
  std::array<int, 7> parts{};
  std::size_t part = 0;
  for (std::size_t i = 0; i < kForm.size(); ++i) {
    if (kForm[i] == '0' ? text[i] < '0' || text[i] > '9' : text[i] != kForm[i]) return std::nullopt;
    if (kForm[i] == '0')
      parts[part] = parts[part] * 10 + (text[i] - '0');
    else
      ++part;
  }
  const auto [year, month, day, hour, minute, second, micros] = parts;
  const std::chrono::year_month_day date{std::chrono::year(year), std::chrono::month(static_cast<unsigned>(month)),
                                         std::chrono::day(static_cast<unsigned>(day))};
  if (!date.ok() || year < 1970 || year > 2261 || hour > 23 || minute > 59 || second > 59) return std::nullopt;
  return base::WallTime(std::chrono::sys_days(date)) + std::chrono::hours(hour) + std::chrono::minutes(minute) +
         std::chrono::seconds(second) + std::chrono::microseconds(micros);
}

void DecisionRecord::set(const job::Offer& decided, const job::Facts& known, const job::Decision& verdict) {
  offer.id = decided.id;
  offer.game = decided.game;
  offer.asset = decided.asset;
  offer.model = decided.model;
  offer.vram_gb = decided.vram_gb;
  offer.kind = decided.kind;
  offer.facts = decided.facts;
  offer.source.engine = decided.source.engine;
  facts = known;
  facts.usage = nullptr;  // borrowed, and gone when this is read
  decision.accepted = verdict.accepted;
  decision.code = verdict.code;
  decision.reason = verdict.reason;
  decision.rule = verdict.rule;
  decision.generation = verdict.generation;
}

void Writer::append(std::string& out, const DecisionRecord& record) {
  Members line(out);
  line.text("ts", format_time(record.facts.now));
  line.text("zone", record.zone);
  line.number("gen", record.decision.generation);
  line.text("policy_hash", record.policy_hash);
  line.text("kind", "offer");
  line.name("facts");
  write_facts(out, record.offer, record.facts);
  if (!same(cards_, record.facts.gpus)) {
    line.name("gpus");
    write_cards(out, record.facts.gpus);
    cards_ = record.facts.gpus;
  }
  line.text("verdict", record.decision.accepted ? "accept" : "decline");
  line.text("code", job::to_string(record.decision.code));
  line.text("reason", record.decision.reason);
  line.text("rule", record.decision.rule);
  line.text("error", base::log::printable(record.error));
  line.number("instructions", record.instructions);
  line.number("us", std::chrono::duration<double, std::micro>(record.took).count());
  line.text("mode", record.mode == Mode::kShadow ? "shadow" : "live");
  line.close();
  out += '\n';
}

bool Reader::read(std::string_view line, DecisionRecord& record) {
  json::monotonic_resource memory(scratch_.data(), scratch_.size());
  boost::system::error_code failure;
  const json::value value = json::parse(json::string_view(line.data(), line.size()), failure, &memory);
  if (failure || !value.is_object()) return false;
  const Object object(value.get_object());
  if (const json::array* cards = object.array("gpus")) cards_ = read_cards(*cards);
  const auto at = parse_time(object.text("ts"));
  const json::object* facts = object.object("facts");
  const auto verdict = object.text("verdict");
  if (!at || facts == nullptr || object.text("kind") != "offer" || (verdict != "accept" && verdict != "decline") ||
      !read_facts(Object(*facts), record.offer)) {
    return false;
  }
  record.facts.now = *at;
  record.facts.est_time.reset();
  if (const auto seconds = Object(*facts).number<double>("est_time"); seconds && *seconds >= 0 && *seconds < kLongest) {
    record.facts.est_time = std::chrono::nanoseconds(std::llround(*seconds * 1e9));
  }
  record.facts.cached = Object(*facts).flag("cached");
  record.facts.download = Object(*facts).number<base::Bytes>("download");
  record.facts.gpus = cards_;
  record.mode = object.text("mode") == "shadow" ? Mode::kShadow : Mode::kLive;
  record.zone = object.text("zone");
  record.policy_hash = object.text("policy_hash");
  record.decision.accepted = verdict == "accept";
  record.decision.generation = object.number<std::uint64_t>("gen").value_or(0);
  record.decision.code = code_of(object.text("code"));
  record.decision.reason = object.text("reason");
  record.decision.rule = object.text("rule");
  record.error = object.text("error");
  record.instructions = object.number<std::uint64_t>("instructions").value_or(0);
  record.took = std::chrono::nanoseconds(static_cast<std::int64_t>(object.number<double>("us").value_or(0) * 1000));
  return true;
}

}  // namespace policy::records
