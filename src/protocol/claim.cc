#include "protocol/claim.h"

#include <algorithm>
#include <limits>

#include "protocol/frames.h"

namespace protocol {
namespace {

constexpr std::uint64_t kMaxU32 = std::numeric_limits<std::uint32_t>::max();
constexpr std::uint64_t kMaxU64 = std::numeric_limits<std::uint64_t>::max();
constexpr double kMaxF32 = std::numeric_limits<float>::max();
constexpr double kMaxVramGb = 1e6;  // far beyond any machine, and safe to turn into bytes

/// Lower-case, without the blanks around it. Empty when it is no SHA-256.
std::string clean_sha256(std::string_view text) {
  constexpr std::string_view kBlanks = " \t\r\n";
  const std::size_t first = std::min(text.find_first_not_of(kBlanks), text.size());
  text.remove_prefix(first);
  text = text.substr(0, text.find_last_not_of(kBlanks) + 1);
  std::string hex(text);
  for (char& c : hex) c = c >= 'A' && c <= 'F' ? static_cast<char>(c - 'A' + 'a') : c;
  const bool good = hex.size() == 64 && hex.find_first_not_of("0123456789abcdef") == std::string::npos;
  return good ? hex : std::string();
}

base::Result<job::ModelFile> read_file(std::string_view text, std::size_t index) {
  Fields fields(text, {"claim.modelSource.files", index});
  job::ModelFile file;
  file.role = fields.text("role", kName);
  file.url = fields.text("url", kUrl);
  file.filename = fields.text("filename", kFileName);
  file.approx_bytes = fields.maybe_whole("approxBytes", Need::kNullable, kMaxU64);
  if (const auto sha256 = fields.maybe_text("sha256", Need::kNullable, kAnyText)) {
    file.sha256 = clean_sha256(*sha256);
    if (file.sha256.empty()) fields.fail("sha256", "must be 64 hex digits");
  }
  CHECK_OK(fields.status());
  return file;
}

base::Result<ModelDefaults> read_defaults(std::string_view text) {
  Fields fields(text, {"claim.modelSource.cliDefaults", {}});
  fields.number("cfgScale", -kMaxF32, kMaxF32);
  ModelDefaults defaults;
  defaults.steps = static_cast<std::uint32_t>(fields.whole("steps", kMaxU32));
  defaults.width = static_cast<std::uint32_t>(fields.whole("width", kMaxU32));
  defaults.height = static_cast<std::uint32_t>(fields.whole("height", kMaxU32));
  for (const std::string_view key : {"samplingMethod", "pipeline"}) fields.maybe_text(key, Need::kNullable, kLabel);
  for (const std::string_view key : {"flowShift", "loraWeight"}) {
    fields.maybe_number(key, Need::kNullable, -kMaxF32, kMaxF32);
  }
  fields.maybe_number("maxVramGib", Need::kNullable, 0, kMaxF32);
  for (const std::string_view key : {"zeroCondT", "offloadToCpu", "mmap", "lowVram"}) {
    fields.maybe_flag(key, Need::kNullable);
  }
  for (const std::string_view key : {"contextSize", "resolution", "decimationTarget", "textureSize"}) {
    fields.maybe_whole(key, Need::kNullable, kMaxU32);
  }
  for (const std::string_view key : {"chatTemplateKwargs", "vision"}) {
    fields.maybe_raw(key, Need::kNullable, JsonKind::kObject);
  }
  CHECK_OK(fields.status());
  return defaults;
}

/// What is wrong with either part.
base::Status both(base::Status one, base::Status other) {
  if (one) return other;
  if (other) return one;
  return base::Error{base::Code::kInvalid, one.error().message + "; " + other.error().message};
}

base::Result<ModelDefaults> read_source(std::string_view text, job::ModelSource& source) {
  Fields fields(text, {"claim.modelSource", {}});
  source.engine = fields.text("engine", kName);
  const std::string_view files = fields.raw("files", JsonKind::kArray);
  const std::string_view defaults = fields.raw("cliDefaults", JsonKind::kObject);
  auto checked = fields.status();
  for (JsonWalk walk(files); checked && walk.next();) {
    TRY(auto file, read_file(walk.value(), source.files.size()));
    source.files.push_back(std::move(file));
  }
  source.defaults = defaults;
  auto read = defaults.empty() ? base::Result<ModelDefaults>(ModelDefaults()) : read_defaults(defaults);
  CHECK_OK(both(std::move(checked), read ? base::Status() : read.error()));
  return read;
}

void write_file(JsonWriter& out, const job::ModelFile& file) {
  out.begin_object();
  out.key("role").text(file.role).key("url").text(file.url).key("filename").text(file.filename);
  if (file.approx_bytes) out.key("approxBytes").whole(*file.approx_bytes);
  if (!file.sha256.empty()) out.key("sha256").text(file.sha256);
  out.end_object();
}

}  // namespace

base::Result<job::Offer> read_claim(std::string_view claim) {
  Fields fields(claim, {"claim", {}});
  job::Offer offer;
  offer.id = base::JobId(fields.text("jobId", kFileName));
  offer.game = base::GameId(fields.text("gameId", kName));
  offer.asset = fields.text("assetName", kLabel);
  offer.model = base::ModelId(fields.text("model", kName));
  offer.vram_gb = fields.number("vramGbEstimate", 0, kMaxVramGb);
  const std::string_view task = fields.raw("task", JsonKind::kObject);
  const std::string_view source = fields.raw("modelSource", JsonKind::kObject);
  // Also where a part is missing the others are read: whoever writes a claim by hand hears of everything at once.
  auto checked = fields.status();
  ModelDefaults defaults;
  if (!source.empty()) {
    const auto read = read_source(source, offer.source);
    if (read) defaults = *read;
    checked = both(std::move(checked), read ? base::Status() : read.error());
  }
  if (!task.empty()) checked = both(std::move(checked), read_task(task, defaults, offer));
  CHECK_OK(std::move(checked));
  return offer;
}

base::Result<job::Offer> decode_claim(std::string_view text) {
  CHECK_OK(check_json(text));
  return read_claim(text);
}

void write_claim(JsonWriter& out, const job::Offer& offer) {
  out.begin_object();
  out.key("jobId").text(offer.id.str()).key("gameId").text(offer.game.str());
  out.key("assetName").text(offer.asset).key("model").text(offer.model.str());
  out.key("vramGbEstimate").real(offer.vram_gb).key("task").raw(offer.task);
  out.key("modelSource").begin_object().key("engine").text(offer.source.engine);
  out.key("files").begin_array();
  for (const job::ModelFile& file : offer.source.files) write_file(out, file);
  out.end_array().key("cliDefaults").raw(offer.source.defaults).end_object().end_object();
}

}  // namespace protocol
