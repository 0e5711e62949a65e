#include "stage.h"

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <fstream>

#include <boost/asio/io_context.hpp>

#include "base/async/task_group.h"

namespace bench {

job::Offer make_offer(std::size_t number) {
  job::Offer offer;
  offer.id = base::JobId("job-" + std::to_string(number));
  offer.game = base::GameId("harbour-tales");
  offer.asset = "harbour-tales/props/lantern";
  offer.model = base::ModelId("flux-dev");
  offer.vram_gb = 9.2;
  offer.kind = job::Kind::kImage;
  offer.source.engine = "synthetic";
  offer.facts.width = 1024;
  offer.facts.height = 512;
  return offer;
}

job::Facts make_facts() {
  job::Facts facts;
  facts.now = base::make_system_clock()->wall_now();
  return facts;
}

namespace {

const std::string kRequire = "local worker = require 'worker'\n";

std::string functions(int count) {
  std::string text;
  for (int i = 0; i < count; ++i) {
    text += "worker.on('offer', function(offer)\n  if offer.kind == 'video' and offer.vram > worker.gib(" +
            std::to_string(4 + i) + ") then return worker.decline 'too large for this hour' end\nend)\n";
  }
  return text;
}

}  // namespace

std::string fifty_rules() {
  std::string text =
      kRequire + "worker.window 'all' { days = 'mon-sun', all_day = true }\n" + "worker.accept_during { 'all' }\n";
  for (int i = 0; i < 22; ++i) {
    text += "worker.game 'game-" + std::to_string(i) + "-*' { accept = false, reason = 'not here' }\n";
  }
  return text + "worker.game '*' { kinds = { 'image', 'llm' }, max_vram = '20GiB' }\n" + functions(25);
}

std::string fifty_functions() {
  return kRequire + functions(50);
}

void write(const fs::path& path, std::string_view text) {
  std::ofstream out(path, std::ios::trunc | std::ios::binary);
  out << text;
  if (!out.flush()) give_up("cannot write " + path.string());
}

json::object percentiles(std::vector<base::Duration> times) {
  std::sort(times.begin(), times.end());
  const auto at = [&times](double share) {
    const auto rank = static_cast<std::size_t>(share * static_cast<double>(times.size() - 1));
    return std::chrono::duration<double, std::micro>(times[rank]).count();
  };
  return {{"p50", at(0.5)}, {"p95", at(0.95)}, {"p99", at(0.99)}, {"count", times.size()}};
}

void run(const std::function<asio::awaitable<void>(asio::any_io_executor)>& work) {
  asio::io_context io{1};
  base::TaskGroup group(io.get_executor());
  group.spawn("bench", work(io.get_executor()));
  io.run();
}

void give_up(const std::string& why) {
  std::fprintf(stderr, "error: %s\n", why.c_str());
  std::exit(1);
}

}  // namespace bench
