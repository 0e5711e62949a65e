#include "history/record.h"

#include <array>
#include <bit>
#include <cstring>
#include <utility>

#include <boost/json.hpp>

#include "base/result.h"

namespace history {
namespace {

namespace json = boost::json;

/// The first byte occurs in no UTF-8 text, so a payload never looks like the start of a record.
constexpr std::string_view kMagic = "\xF5SWJ";
constexpr std::size_t kFrameBytes = 12;
/// A text of kTextLimit fits even if every byte of it is escaped.
constexpr std::size_t kPayloadLimit = 256 * base::kKiB;
/// Failure texts come from outside; the journal keeps their beginning.
constexpr std::size_t kDetailLimit = 2000;

constexpr std::array kOutcomes = {job::Outcome::kDelivered, job::Outcome::kFailed, job::Outcome::kHandedBack,
                                  job::Outcome::kSuperseded};

/// Entry [k][byte]: the effect of a byte that k more bytes follow, so that eight are taken at a time.
using CrcTables = std::array<std::array<std::uint32_t, 256>, 8>;
constexpr CrcTables kCrc = [] {
  CrcTables tables{};
  for (std::uint32_t byte = 0; byte < 256; ++byte) {
    std::uint32_t value = byte;
    for (int bit = 0; bit < 8; ++bit) value = (value >> 1) ^ ((value & 1) != 0 ? 0x82F63B78U : 0U);
    tables[0][byte] = value;
  }
  for (std::size_t k = 1; k < tables.size(); ++k) {
    for (std::size_t byte = 0; byte < 256; ++byte) {
      const std::uint32_t shorter = tables[k - 1][byte];
      tables[k][byte] = (shorter >> 8) ^ tables[0][shorter & 0xFF];
    }
  }
  return tables;
}();

static_assert(std::endian::native == std::endian::little, "the journal's numbers have their low byte first");

/// Requires: four bytes.
std::uint32_t get_u32(const char* bytes) {
  std::uint32_t value = 0;
  std::memcpy(&value, bytes, sizeof value);
  return value;
}

std::uint32_t crc_step(std::uint32_t crc, std::string_view bytes) {
  for (; bytes.size() >= 8; bytes.remove_prefix(8)) {
    const std::uint32_t low = get_u32(bytes.data()) ^ crc;
    const std::uint32_t high = get_u32(bytes.data() + 4);
    crc = kCrc[7][low & 0xFF] ^ kCrc[6][(low >> 8) & 0xFF] ^ kCrc[5][(low >> 16) & 0xFF] ^ kCrc[4][low >> 24] ^
          kCrc[3][high & 0xFF] ^ kCrc[2][(high >> 8) & 0xFF] ^ kCrc[1][(high >> 16) & 0xFF] ^ kCrc[0][high >> 24];
  }
  for (const char byte : bytes) crc = (crc >> 8) ^ kCrc[0][(crc ^ static_cast<unsigned char>(byte)) & 0xFF];
  return crc;
}

void put_u32(char* to, std::uint32_t value) {
  std::memcpy(to, &value, sizeof value);
}

void put_text(json::object& object, std::string_view key, std::string_view text) {
  if (!text.empty()) object.emplace(key, text);
}

std::int64_t milliseconds(base::Duration duration) {
  return std::chrono::duration_cast<std::chrono::milliseconds>(duration).count();
}

std::int64_t microseconds(base::Duration duration) {
  return std::chrono::duration_cast<std::chrono::microseconds>(duration).count();
}

void put_time(json::object& object, base::WallTime at) {
  object.emplace("at_ms", std::max<std::int64_t>(0, milliseconds(at.time_since_epoch())));
}

void fill(json::object& object, const Header& header) {
  object.emplace("r", "journal");
  object.emplace("format", header.format);
}

void fill(json::object& object, const Accepted& accepted) {
  object.emplace("r", "accepted");
  object.emplace("job", accepted.job.str());
  put_text(object, "hash", accepted.task_hash);
  put_text(object, "game", accepted.game.str());
  object.emplace("kind", job::to_string(accepted.kind));
  put_text(object, "model", accepted.model.str());
  if (accepted.at != base::WallTime()) put_time(object, accepted.at);
}

void fill(json::object& object, const Produced& produced) {
  object.emplace("r", "produced");
  object.emplace("job", produced.job.str());
  put_text(object, "hash", produced.task_hash);
  put_text(object, "game", produced.game.str());
  object.emplace("kind", job::to_string(produced.kind));
  if (produced.text) {
    object.emplace("text", produced.text->result);
    put_text(object, "prompt", produced.text->prompt);
  } else {
    object.emplace("folder", produced.folder.filename().native());
    object.emplace("file", produced.file);
    object.emplace("content", produced.content);
    put_text(object, "xxh128", produced.xxh128);
    if (produced.prompt) object.emplace("prompt", *produced.prompt);
  }
  put_text(object, "ext", produced.ext);
  object.emplace("bytes", produced.bytes);
  put_text(object, "worker", produced.worker);
  put_time(object, produced.at);
  if (produced.ran == base::Duration()) return;
  put_text(object, "model", produced.model.str());
  object.emplace("size", produced.size);
  object.emplace("ran_us", microseconds(produced.ran));
}

void fill(json::object& object, const Closed& closed) {
  const job::Record& record = closed.record;
  object.emplace("r", "closed");
  object.emplace("job", record.job.str());
  put_text(object, "hash", closed.task_hash);
  put_text(object, "game", record.game.str());
  object.emplace("kind", job::to_string(record.kind));
  object.emplace("outcome", job::to_string(record.outcome));
  put_text(object, "detail", std::string_view(record.detail).substr(0, kDetailLimit));
  if (record.bytes > 0) object.emplace("bytes", record.bytes);
  object.emplace("ran_ms", milliseconds(record.ran));
  object.emplace("total_ms", milliseconds(record.total));
}

void fill(json::object& object, const Dropped& dropped) {
  object.emplace("r", "dropped");
  object.emplace("job", dropped.job.str());
}

void fill(json::object& object, const UsedMinute& minute) {
  object.emplace("r", "used");
  put_text(object, "game", minute.game.str());
  put_time(object, minute.at);
  object.emplace("jobs", minute.used.jobs);
  object.emplace("ran_us", microseconds(minute.used.gpu_time));
}

void fill(json::object& object, const Counted& counted) {
  object.emplace("r", "counted");
  object.emplace("job", counted.job.str());
  put_time(object, counted.at);
}

void fill(json::object& object, const Times& times) {
  object.emplace("r", "times");
  object.emplace("kind", job::to_string(times.of.kind));
  put_text(object, "model", times.of.model.str());
  object.emplace("size", times.of.size);
  json::array& ran = object.emplace("ran_us", json::array(object.storage())).first->value().get_array();
  for (const base::Duration time : times.ran) ran.emplace_back(microseconds(time));
}

/// Reads the members of one object; `ok` turns false at the first one that is missing or of the wrong type.
struct Reader {
  const json::object& object;
  bool ok = true;

  std::string text(std::string_view key) {
    const json::value* value = object.if_contains(key);
    if (value == nullptr) return {};
    const json::string* found = value->if_string();
    if (found == nullptr) {
      ok = false;
      return {};
    }
    return {found->data(), found->size()};
  }
  std::string needed(std::string_view key) {
    std::string value = text(key);
    if (value.empty()) ok = false;
    return value;
  }
  std::uint64_t number(std::string_view key) {
    const json::value* value = object.if_contains(key);
    if (value == nullptr) return 0;
    json::error_code failure;
    const auto found = value->to_number<std::uint64_t>(failure);
    if (failure) ok = false;
    return failure ? 0 : found;
  }
  /// Up to the year 2248, which nanoseconds in 64 bits hold.
  base::Duration duration(std::string_view key) { return std::chrono::milliseconds(number(key) & 0x7FFFFFFFFFF); }
  base::WallTime time() { return base::WallTime(duration("at_ms")); }
  /// One of no length says nothing, and of an absurd one the sums could not be formed.
  base::Duration engine_time() { return engine_time(number("ran_us")); }
  static base::Duration engine_time(std::uint64_t microseconds) {
    constexpr auto kMost = std::chrono::duration_cast<std::chrono::microseconds>(job::kMostUsedTime).count();
    return std::chrono::microseconds(std::min<std::uint64_t>(microseconds, kMost));
  }
  std::uint32_t size() {
    const auto value = number("size");
    if (value > UINT32_MAX) ok = false;
    return static_cast<std::uint32_t>(value);
  }
  job::Kind kind() {
    const auto found = job::parse_kind(needed("kind"));
    if (!found) ok = false;
    return found.value_or(job::Kind::kImage);
  }
  /// A bare name: what is removed later must lie where we made it.
  std::string name(std::string_view key) {
    std::string value = needed(key);
    if (value == "." || value == ".." || value.find_first_of(std::string_view("/\0", 2)) != std::string::npos)
      ok = false;
    return value;
  }
};

Record read_accepted(Reader& from) {
  Accepted accepted;
  accepted.job = base::JobId(from.needed("job"));
  accepted.task_hash = from.text("hash");
  accepted.game = base::GameId(from.text("game"));
  accepted.kind = from.kind();
  accepted.model = base::ModelId(from.text("model"));
  accepted.at = from.time();
  return accepted;
}

Record read_produced(Reader& from) {
  Produced produced;
  produced.job = base::JobId(from.needed("job"));
  produced.task_hash = from.text("hash");
  produced.game = base::GameId(from.text("game"));
  produced.kind = from.kind();
  if (std::string text = from.text("text"); !text.empty()) {
    produced.text = JsonText{std::move(text), from.text("prompt")};
  } else {
    produced.folder = from.name("folder");
    produced.file = from.name("file");
    produced.content = from.number("content");
    produced.xxh128 = from.text("xxh128");
    if (from.object.contains("prompt")) produced.prompt = from.text("prompt");
  }
  produced.ext = from.text("ext");
  produced.bytes = from.number("bytes");
  produced.worker = from.text("worker");
  produced.at = from.time();
  produced.model = base::ModelId(from.text("model"));
  produced.size = from.size();
  produced.ran = from.engine_time();
  return produced;
}

Record read_closed(Reader& from) {
  Closed closed;
  closed.record.job = base::JobId(from.needed("job"));
  closed.record.game = base::GameId(from.text("game"));
  closed.record.kind = from.kind();
  closed.record.detail = from.text("detail");
  closed.record.bytes = from.number("bytes");
  closed.record.ran = from.duration("ran_ms");
  closed.record.total = from.duration("total_ms");
  closed.task_hash = from.text("hash");
  const std::string outcome = from.needed("outcome");
  bool known = false;
  for (const job::Outcome candidate : kOutcomes) {
    if (to_string(candidate) != outcome) continue;
    closed.record.outcome = candidate;
    known = true;
  }
  from.ok = from.ok && known;
  return closed;
}

Record read_used(Reader& from) {
  UsedMinute minute{base::GameId(from.text("game")), from.time(), {}};
  minute.used = {from.number("jobs"), from.engine_time()};
  return minute;
}

Record read_times(Reader& from) {
  Times times{{from.kind(), base::ModelId(from.text("model")), from.size()}, {}};
  const json::value* list = from.object.if_contains("ran_us");
  if (list == nullptr || !list->is_array()) from.ok = false;
  if (!from.ok) return times;
  for (const json::value& each : list->get_array()) {
    json::error_code failure;
    const auto time = each.to_number<std::uint64_t>(failure);
    if (failure) from.ok = false;
    times.ran.push_back(Reader::engine_time(failure ? 0 : time));
  }
  return times;
}

std::optional<Record> read(Reader& from) {
  const std::string type = from.needed("r");
  if (type == "journal") {
    const auto format = from.number("format");
    if (format > 0 && format <= UINT32_MAX) return Header{static_cast<std::uint32_t>(format)};
    return std::nullopt;
  }
  if (type == "accepted") return read_accepted(from);
  if (type == "produced") return read_produced(from);
  if (type == "closed") return read_closed(from);
  if (type == "dropped") return Dropped{base::JobId(from.needed("job"))};
  if (type == "used") return read_used(from);
  if (type == "counted") return Counted{base::JobId(from.needed("job")), from.time()};
  if (type == "times") return read_times(from);
  return std::nullopt;
}

/// Size of the sound frame at `offset`, 0 when there is none.
std::size_t frame_size(std::string_view bytes, std::size_t offset) {
  if (bytes.size() - offset < kFrameBytes || bytes.substr(offset, kMagic.size()) != kMagic) return 0;
  const std::size_t length = get_u32(bytes.data() + offset + 4);
  if (length > kPayloadLimit || length > bytes.size() - offset - kFrameBytes) return 0;
  std::uint32_t crc = crc_step(UINT32_MAX, bytes.substr(offset + 4, 4));
  crc = ~crc_step(crc, bytes.substr(offset + kFrameBytes, length));
  return crc == get_u32(bytes.data() + offset + 8) ? kFrameBytes + length : 0;
}

}  // namespace

std::uint32_t crc32c(std::string_view bytes) {
  return ~crc_step(UINT32_MAX, bytes);
}

base::Status append_record(std::string& out, const Record& record) {
  std::array<unsigned char, 2048> buffer;  // NOLINT(cppcoreguidelines-pro-type-member-init): scratch for the resource
  json::monotonic_resource memory(buffer.data(), buffer.size());
  json::object object(&memory);
  object.reserve(16);
  std::visit([&](const auto& value) { fill(object, value); }, record);
  const std::string payload = json::serialize(object);
  if (payload.size() > kPayloadLimit) {
    return base::Error{base::Code::kInvalid,
                       "a journal record of " + std::to_string(payload.size()) + " bytes is more than the limit"};
  }
  const std::size_t start = out.size();
  out.append(kMagic);
  out.append(kFrameBytes - kMagic.size(), '\0');
  put_u32(out.data() + start + 4, static_cast<std::uint32_t>(payload.size()));
  std::uint32_t crc = crc_step(UINT32_MAX, std::string_view(out).substr(start + 4, 4));
  crc = ~crc_step(crc, payload);
  put_u32(out.data() + start + 8, crc);
  out += payload;
  return {};
}

std::string write_records(const std::vector<Record>& records) {
  std::string text;
  for (const Record& record : records) {
    // One that is too long could not be written the first time either: there is nothing to keep.
    static_cast<void>(append_record(text, record).has_value());
  }
  return text;
}

std::optional<Record> parse_record(std::string_view payload) {
  json::parse_options options;
  options.allow_invalid_utf8 = true;  // ids and paths come back as they were
  json::error_code failure;
  std::array<unsigned char, 4096> buffer;  // NOLINT(cppcoreguidelines-pro-type-member-init): scratch for the resource
  json::monotonic_resource memory(buffer.data(), buffer.size());
  const json::value parsed = json::parse(json::string_view(payload.data(), payload.size()), failure, &memory, options);
  if (failure || !parsed.is_object()) return std::nullopt;
  Reader reader{parsed.get_object()};
  auto record = read(reader);
  if (!reader.ok) return std::nullopt;
  return record;
}

std::vector<Piece> split(std::string_view bytes) {
  std::vector<Piece> pieces;
  std::size_t offset = 0;
  while (offset < bytes.size()) {
    if (const std::size_t size = frame_size(bytes, offset); size > 0) {
      pieces.push_back({offset, size, bytes.substr(offset + kFrameBytes, size - kFrameBytes)});
      offset += size;
      continue;
    }
    std::size_t next = bytes.find(kMagic, offset + 1);
    while (next != std::string_view::npos && frame_size(bytes, next) == 0) next = bytes.find(kMagic, next + 1);
    if (next == std::string_view::npos) next = bytes.size();
    pieces.push_back({offset, next - offset, std::nullopt});
    offset = next;
  }
  return pieces;
}

}  // namespace history
