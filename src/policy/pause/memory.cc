#include "policy/pause/memory.h"

#include <utility>

#include <boost/json.hpp>

#include "base/async/run_on.h"
#include "base/files.h"
#include "base/log.h"
#include "policy/json_text.h"
#include "policy/records/record.h"

namespace policy::pause {
namespace {

namespace json = boost::json;

std::vector<Lasting> read(const std::filesystem::path& file) {
  std::vector<Lasting> all;
  const auto text = base::read_file(file);
  if (!text) return all;
  json::parse_options options;
  options.allow_invalid_utf8 = true;  // a title may be any bytes
  boost::system::error_code failure;
  const json::value value = json::parse(*text, failure, {}, options);
  const json::array* list = failure ? nullptr : value.if_array();
  if (list == nullptr) return all;
  for (const json::value& item : *list) {
    if (const json::object* one = item.if_object()) {
      all.push_back({text_of(*one, "title"), text_of(*one, "why"), records::parse_time(text_of(*one, "ended"))});
    }
  }
  return all;
}

std::string to_text(const std::vector<Lasting>& all) {
  json::array list;
  for (const Lasting& one : all) {
    list.push_back(json::object{
        {"title", one.title}, {"why", one.why}, {"ended", one.ended ? records::format_time(*one.ended) : ""}});
  }
  return json::serialize(list) + "\n";
}

std::vector<std::string> titles_of(const std::vector<Lasting>& all) {
  std::vector<std::string> titles;
  titles.reserve(all.size());
  for (const Lasting& one : all) titles.push_back(one.title);
  return titles;
}

}  // namespace

Memory::Memory(asio::any_io_executor io, asio::any_io_executor disk, base::Clock& clock,
               const std::filesystem::path& folder)
    : disk_(disk ? std::move(disk) : io),
      clock_(clock),
      file_(folder.empty() ? folder : folder / "pauses.json"),
      tasks_(io) {}

void Memory::open() {
  open_ = !file_.empty();
  if (!open_) return;
  auto before = read(file_);
  written_ = titles_of(before);
  keeper_.resume(std::move(before), clock_.now(), clock_.wall_now());
}

Pause Memory::update(rules::RuleSet& rules, const job::MachineFacts& facts, base::WallTime wall) {
  auto pause = keeper_.update(rules, facts, clock_.now(), wall);
  // When a pause ended is not worth a write: conditions may come and go each second.
  if (open_ && titles_of(keeper_.lasting(clock_.now(), wall)) != written_) write();
  return pause;
}

asio::awaitable<void> Memory::close() {
  if (open_ && !written_.empty()) write();
  co_await tasks_.wait();
}

void Memory::write() {
  const auto all = keeper_.lasting(clock_.now(), clock_.wall_now());
  written_ = titles_of(all);
  tasks_.spawn("pauses", store(to_text(all)));
}

asio::awaitable<void> Memory::store(std::string text) {
  auto work = [file = file_, text = std::move(text)]() -> base::Status {
    CHECK_OK(base::make_private_folder(file.parent_path()));
    return base::write_file_atomically(file, text);
  };
  auto writing = base::run_on(disk_, std::move(work));
  const auto written = co_await std::move(writing);
  auto trouble = written ? std::string() : written.error().message;
  if (trouble != trouble_ && !trouble.empty()) {
    base::log::warn("policy", "what pauses could not be kept; a restart begins without it", {{"why", trouble}});
  }
  trouble_ = std::move(trouble);
}

}  // namespace policy::pause
