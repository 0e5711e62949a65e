// Decision records as a busy worker leaves them: many games, kinds and sizes, over the days that are kept.

#include "policy/records/ring.h"
#include "stage.h"

namespace bench {

json::object records(const Setting& setting) {
  constexpr std::array kKinds = {job::Kind::kImage, job::Kind::kLlm, job::Kind::kAudioStt, job::Kind::kVideo};
  constexpr std::size_t kBatch = 256;
  policy::records::Ring ring(setting.folder);
  const auto now = base::make_system_clock()->wall_now();
  const auto step = base::Duration(std::chrono::hours(13 * 24)) / static_cast<std::int64_t>(setting.count);
  std::vector<policy::records::DecisionRecord> batch;
  for (std::size_t i = 0; i < setting.count; ++i) {
    policy::records::DecisionRecord record;
    record.zone = "Europe/Berlin";
    record.policy_hash = "a91c33d0a91c33d0a91c33d0a91c33d0";
    record.offer = make_offer(i);
    record.offer.game = base::GameId("game-" + std::to_string(i % 40) + "-harbour");
    record.offer.kind = kKinds[i % kKinds.size()];
    record.offer.vram_gb = static_cast<double>(1 + i % 24);
    record.facts.now = now - step * static_cast<std::int64_t>(setting.count - i);
    record.decision.generation = 1;
    record.decision.accepted = i % 3 != 0;
    if (!record.decision.accepted) {
      record.decision.reason = "prototypes stay in-house";
      record.decision.rule = "20-games.lua:4";
    }
    record.took = std::chrono::microseconds(21);
    batch.push_back(std::move(record));
    if (batch.size() < kBatch && i + 1 < setting.count) continue;
    if (const auto written = ring.append(batch.data(), batch.size(), batch.back().facts.now); !written) {
      give_up(written.error().message);
    }
    batch.clear();
  }
  return {{"records", setting.count}};
}

}  // namespace bench
