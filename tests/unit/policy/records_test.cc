#include "host_fixture.h"
#include "policy/records/recorder.h"

namespace policy::test {
namespace {

using namespace records;

DecisionRecord make_record(std::string id, base::WallTime when) {
  DecisionRecord record;
  record.zone = "Europe/Berlin";
  record.policy_hash = "a91c33d0a91c33d0a91c33d0a91c33d0";
  record.offer = make_offer();
  record.offer.id = base::JobId(std::move(id));
  record.facts.now = when;
  record.facts.gpus = {{.name = "Radeon \"RX\"\n7900", .total = 20 * base::kGiB}};
  record.facts.est_time = std::chrono::milliseconds(2500);
  record.facts.cached = false;
  record.facts.download = 5 * base::kGiB;
  record.decision.code = job::RejectCode::kPaused;
  record.decision.reason = "closed by \"release week\"";
  record.decision.rule = "10-night.lua:7";
  record.decision.generation = 41;
  record.error = "20-games.lua:8: attempt to compare nil with number";
  record.instructions = 412;
  record.took = 21300ns;
  return record;
}

void expect_same(const DecisionRecord& a, const DecisionRecord& b) {
  EXPECT_EQ(a.zone, b.zone);
  EXPECT_EQ(a.policy_hash, b.policy_hash);
  EXPECT_EQ(a.offer.id, b.offer.id);
  EXPECT_EQ(a.offer.game, b.offer.game);
  EXPECT_EQ(a.offer.asset, b.offer.asset);
  EXPECT_EQ(a.offer.model, b.offer.model);
  EXPECT_EQ(a.offer.vram_gb, b.offer.vram_gb);
  EXPECT_EQ(a.offer.kind, b.offer.kind);
  EXPECT_EQ(a.offer.source.engine, b.offer.source.engine);
  EXPECT_EQ(a.offer.facts.width, b.offer.facts.width);
  EXPECT_EQ(a.offer.facts.seconds, b.offer.facts.seconds);
  EXPECT_EQ(a.facts.now, b.facts.now);
  EXPECT_EQ(a.facts.cached, b.facts.cached);
  EXPECT_EQ(a.facts.download, b.facts.download);
  EXPECT_EQ(a.facts.gpus.size(), b.facts.gpus.size());
  EXPECT_EQ(a.decision.accepted, b.decision.accepted);
  EXPECT_EQ(a.decision.code, b.decision.code);
  EXPECT_EQ(a.decision.reason, b.decision.reason);
  EXPECT_EQ(a.decision.rule, b.decision.rule);
  EXPECT_EQ(a.decision.generation, b.decision.generation);
  EXPECT_EQ(a.error, b.error);
  EXPECT_EQ(a.instructions, b.instructions);
  EXPECT_EQ(a.took, b.took);
}

TEST(DecisionRecord, IsReadAsItWasWritten) {
  auto record = make_record("job-\x01\"1\\", utc(2026, 3, 25, 1, 12) + 7s + 123456us);
  Writer writer;
  std::string text;
  writer.append(text, record);
  EXPECT_THAT(text, StartsWith(R"({"ts":"2026-03-25T01:12:07.123456Z","zone":"Europe/Berlin","gen":41,)"));
  record.decision.accepted = true;
  record.decision.code = job::RejectCode::kNone;
  record.offer.kind = job::Kind::kAudioTts;
  record.offer.facts = {.seconds = 1.5, .chars = 12};
  writer.append(text, record);
  EXPECT_EQ(text.find("\"gpus\"", text.find('\n')), std::string::npos) << "the cards did not change";
  Reader reader;
  DecisionRecord read;
  ASSERT_TRUE(reader.read(text.substr(0, text.find('\n')), read));
  expect_same(read, make_record("job-\x01\"1\\", utc(2026, 3, 25, 1, 12) + 7s + 123456us));
  EXPECT_EQ(read.facts.gpus[0].name, "Radeon \"RX\"\\x0a7900");
  EXPECT_EQ(read.facts.gpus[0].total, 20 * base::kGiB);
  EXPECT_EQ(read.facts.gpus[0].free, std::nullopt);
  const auto second = text.substr(text.find('\n') + 1);
  ASSERT_TRUE(reader.read(second.substr(0, second.find('\n')), read));
  expect_same(read, record);
}

TEST(DecisionRecord, WhatIsNoneIsNotRead) {
  Reader reader;
  DecisionRecord record;
  for (
      const char* bad :
      {"", "{}", "[]", "null", "{\"ts\":\"2026-03-25T01:12:07.123456Z\",\"kind\":\"offer\",\"verdict\":\"accept\"}",
       R"({"ts":"2026-02-30T01:12:07.123456Z","kind":"offer","verdict":"accept","facts":{"id":"1","kind":"llm","vram_gb":1}})",
       R"({"ts":"2026-02-03T01:12:07.123456Z","kind":"pause","verdict":"accept","facts":{"id":"1","kind":"llm","vram_gb":1}})",
       R"({"ts":"2026-02-03T01:12:07.123456Z","kind":"offer","verdict":"yes","facts":{"id":"1","kind":"llm","vram_gb":1}})",
       R"({"ts":"2026-02-03T01:12:07.123456Z","kind":"offer","verdict":"accept","facts":{"id":"1","kind":"x","vram_gb":1}})"}) {
    EXPECT_FALSE(reader.read(bad, record)) << bad;
  }
  EXPECT_TRUE(reader.read(R"({"ts":"2026-02-03T01:12:07.123456Z","kind":"offer","verdict":"accept",)"
                          R"("facts":{"id":"1","kind":"llm","vram_gb":1},"later":[1]})",
                          record));
}

TEST(DecisionRecord, TimesAreExactToTheMicrosecond) {
  for (const auto when : {utc(1970, 1, 1), utc(2026, 3, 29, 1, 59) + 59s + 999999us, utc(2028, 2, 29) + 1us}) {
    EXPECT_EQ(records::parse_time(format_time(when)), when) << format_time(when);
  }
  EXPECT_FALSE(records::parse_time("2026-03-25T01:12:07Z"));
  EXPECT_FALSE(records::parse_time("2026-03-25T24:12:07.123456Z"));
}

struct DecisionRing : ::testing::Test {
  std::vector<std::string> ids(base::WallTime since = {}) {
    std::vector<std::string> found;
    counts = for_each(folder, since, [&found](const DecisionRecord& record) {
      found.push_back(record.offer.id.str());
      return true;
    });
    return found;
  }
  void append(Ring& ring, std::string id, base::WallTime when) {
    const auto record = make_record(std::move(id), when);
    const auto written = ring.append(&record, 1, when);
    ASSERT_TRUE(written) << written.error().message;
  }
  std::size_t files() const {
    return static_cast<std::size_t>(std::distance(fs::directory_iterator(folder), fs::directory_iterator()));
  }

  base::TempDir root = *base::TempDir::create("decision-ring");
  fs::path folder = root.path() / "decisions";
  base::WallTime day = utc(2026, 3, 25, 12);
  ReadCounts counts;
};

TEST_F(DecisionRing, IsReadInOrderAndFromAnInstantOn) {
  Ring ring(folder);
  for (const int hour : {0, 24, 48}) append(ring, "h" + std::to_string(hour), day + std::chrono::hours(hour));
  EXPECT_THAT(ids(), ElementsAre("h0", "h24", "h48"));
  EXPECT_EQ(files(), 3U);
  EXPECT_THAT(ids(day + 24h), ElementsAre("h24", "h48"));
  EXPECT_THAT(ids(day + 24h + 1us), ElementsAre("h48"));
  EXPECT_EQ(counts.records, 1U);
  EXPECT_EQ(newest(folder, 2).front().offer.id.str(), "h24");
  EXPECT_EQ(newest(folder, 9).size(), 3U);
  EXPECT_EQ(newest(folder, 9)[0].facts.gpus.size(), 1U);
}

TEST_F(DecisionRing, GoesOnAfterACrashInTheMiddleOfALine) {
  append(*std::make_unique<Ring>(folder), "before", day);
  const auto path = fs::directory_iterator(folder)->path();
  std::ofstream(path, std::ios::app) << R"({"ts":"2026-03-25T12:)";
  EXPECT_THAT(ids(), ElementsAre("before"));
  EXPECT_EQ(counts.damaged, 0U) << "half a line at the end may be one that is being written";
  append(*std::make_unique<Ring>(folder), "after", day);
  EXPECT_THAT(ids(), ElementsAre("before", "after"));
  EXPECT_EQ(counts.damaged, 1U);
  EXPECT_EQ(files(), 1U);
}

TEST_F(DecisionRing, SkipsWhatIsDamaged) {
  Ring ring(folder);
  append(ring, "one", day);
  const auto path = fs::directory_iterator(folder)->path();
  std::ofstream(path, std::ios::app) << std::string(2000, '\0') << "\n\xFF\xFE\n\n{\"ts\":1}\n";
  write(folder / "000000-20260325.jsonl", "nothing of ours\n");
  write(folder / "notes.txt", "nothing at all\n");
  fs::create_directory(folder / "000099-20260325.jsonl");
  append(ring, "two", day);
  EXPECT_THAT(ids(), ElementsAre("one", "two"));
  EXPECT_EQ(counts.damaged, 5U);
}

TEST_F(DecisionRing, TheOldestMakeRoom) {
  Ring small(folder, {.file = 2000, .total = 10'000, .age = std::chrono::days(14)});
  for (int i = 0; i < 100; ++i) append(small, std::to_string(i), day);
  base::Bytes total = 0;
  for (const auto& entry : fs::directory_iterator(folder)) total += entry.file_size();
  EXPECT_LE(total, 10'500U);
  EXPECT_GE(total, 7'000U);
  EXPECT_EQ(ids().back(), "99");
  Ring old(folder);
  append(old, "now", day + 24h * 15);
  EXPECT_THAT(ids(), ElementsAre("now"));
}

TEST_F(DecisionRing, TheNewestAreThoseOfTheWholeRingHoweverFarUpTheyStand) {
  Ring ring(folder, {.file = 3 * base::kMiB, .age = std::chrono::days(14)});
  std::vector<DecisionRecord> all;
  for (int i = 0; i < 8000; ++i) {
    auto record = make_record(std::to_string(i), day);
    // Long stretches of either mode, and cards that change once in the middle of a file.
    if (i % 3000 >= 1000) record.mode = Mode::kShadow;
    if (i >= 2500) record.facts.gpus.push_back({.index = 1, .name = "second", .total = base::Bytes(i >= 5000 ? 2 : 1)});
    ASSERT_TRUE(ring.append(&record, 1, day));
    if (record.mode == Mode::kLive) all.push_back(record);
  }
  ASSERT_GE(files(), 2U);
  for (const std::size_t count : {1U, 100U, 999U, 1000U, 1001U, 2000U, 2001U, 3000U, 9000U}) {
    const auto found = newest(folder, count);
    ASSERT_EQ(found.size(), std::min(count, all.size()));
    for (std::size_t i = 0; i < found.size(); ++i) {
      const DecisionRecord& expected = all[all.size() - found.size() + i];
      ASSERT_EQ(found[i].offer.id.str(), expected.offer.id.str()) << count;
      ASSERT_EQ(found[i].facts.gpus.size(), expected.facts.gpus.size()) << count;
      ASSERT_EQ(found[i].facts.gpus.back().total, expected.facts.gpus.back().total) << count;
    }
  }
}

TEST_F(DecisionRing, ADiskThatCannotBeWrittenIsTriedAgain) {
  write(folder, "a file in the way");
  Ring ring(folder);
  const auto record = make_record("lost", day);
  EXPECT_FALSE(ring.append(&record, 1, day));
  fs::remove(folder);
  append(ring, "kept", day);
  EXPECT_THAT(ids(), ElementsAre("kept"));
}

class RecordedPolicy : public PolicyHostTest {
 public:
  RecordedPolicy() { options.data = root.path() / "data"; }
  std::vector<DecisionRecord> recorded() const { return newest(records::folder_in(options.data), 10'000); }
};

TEST_F(RecordedPolicy, EveryDecisionIsWrittenDown) {
  write(folder / "a.lua", with_worker("worker.zone 'Europe/Berlin'\n"
                                      "worker.window 'night' { from = '22:00', to = '07:00' }\n"
                                      "worker.game 'ember-*' { kinds = { 'image', 'llm' } }\n"
                                      "worker.on('offer', function(offer)\n"
                                      "  if offer.kind == 'llm' then return worker.decline 'no llm' end\n"
                                      "end)\n"));
  run([](PolicyHostTest& test) -> asio::awaitable<void> {
    for (const auto kind : {job::Kind::kImage, job::Kind::kLlm, job::Kind::kMesh}) {
      auto offer = make_offer("ember-keep", kind);
      offer.task = R"({"prompt":"a secret castle"})";
      const auto decision = co_await test.host->decide(offer, kNow);
      EXPECT_EQ(decision.accepted, kind == job::Kind::kImage);
    }
  });
  const auto all = recorded();
  ASSERT_EQ(all.size(), 3U);
  EXPECT_TRUE(all[0].decision.accepted);
  EXPECT_EQ(all[0].zone, "Europe/Berlin");
  EXPECT_EQ(all[0].facts.now, kNow.now);
  EXPECT_EQ(all[0].decision.generation, 1U);
  EXPECT_EQ(all[0].policy_hash, host->status().hash);
  EXPECT_EQ(all[1].decision.reason, "no llm");
  EXPECT_EQ(all[1].decision.rule, "a.lua:6");
  EXPECT_EQ(all[2].decision.rule, "a.lua:4");
  EXPECT_EQ(all[2].offer.kind, job::Kind::kMesh);
  EXPECT_EQ(all[2].offer.facts.width, 1024U);
  EXPECT_GT(all[2].took, 0ns);
  const auto file = fs::directory_iterator(options.data / "decisions")->path();
  EXPECT_EQ(base::read_file(file)->find("castle"), std::string::npos);
}

TEST_F(RecordedPolicy, MoreThanOneBatchIsWrittenWhileTheWorkerRuns) {
  write(folder / "a.lua", with_worker("worker.game '*' { accept = false, reason = 'no' }\n"));
  run([](PolicyHostTest& test) -> asio::awaitable<void> {
    const auto offer = make_offer();
    for (std::size_t i = 0; i < 3 * Recorder::kMost; ++i) {
      const auto decision = co_await test.host->decide(offer, kNow);
      EXPECT_FALSE(decision.accepted);
      co_await asio::post(test.io, asio::use_awaitable);
    }
    EXPECT_EQ(test.host->status().unrecorded, 0U);
  });
  EXPECT_EQ(recorded().size(), 3 * Recorder::kMost);
}

TEST_F(RecordedPolicy, ASaveThatFailsOnARecordedOfferIsRefused) {
  write(folder / "a.lua", with_worker(""));
  run([](PolicyHostTest& test) -> asio::awaitable<void> {
    co_await test.expect("accepted");
    write(test.folder / "a.lua", with_worker("worker.on('offer', function(offer)\n"
                                             "  if offer.game == 'ember-keep' then return offer.steps > 3 end\n"
                                             "end)\n"));
    co_await test.until_error("a.lua:3: ");
    EXPECT_THAT(test.host->status().error, HasSubstr("(on the recorded offer 8f3c)"));
    co_await test.expect("accepted");
    EXPECT_EQ(test.host->status().generation, 1U);
  });
}

TEST_F(RecordedPolicy, ASaveThatWouldAcceptNothingIsHeldUntilPromoted) {
  write(folder / "a.lua", with_worker(""));
  run([](PolicyHostTest& test) -> asio::awaitable<void> {
    const auto early = co_await test.host->promote(false);
    EXPECT_EQ(early.error().code, base::Code::kNotFound);
    co_await test.expect("accepted");
    co_await test.expect("accepted");
    std::function<bool(const PolicyStatus&)> held = [](const PolicyStatus& status) { return !status.held.empty(); };
    write(test.folder / "a.lua", declining("all"));
    co_await test.until(held);
    EXPECT_THAT(summary_of(test.host->status()),
                HasSubstr(", g2 held: it accepts none of the last 2 offers, the one in force 2; if that is meant: "));
    co_await test.expect("accepted");
    write(test.folder / "a.lua", with_worker(""));
    std::function<bool(const PolicyStatus&)> free = [](const PolicyStatus& status) { return status.held.empty(); };
    co_await test.until(free);
    write(test.folder / "a.lua", declining("all"));
    co_await test.until(held);
    const auto promoted = co_await test.host->promote(false);
    EXPECT_EQ(promoted.value_or(""), "generation 2 is in force");
    EXPECT_EQ(test.host->status().since, "promoted");
    co_await test.expect("all");
    write(test.folder / "a.lua", declining("all the same"));
    co_await test.until_generation(3);
  });
}

TEST_F(RecordedPolicy, AnEndInTheMiddleOfATrialLeavesNothingBehind) {
  write(folder / "a.lua", with_worker(""));
  run([](PolicyHostTest& test) -> asio::awaitable<void> {
    for (int i = 0; i < 200; ++i) co_await test.expect("accepted");
    write(test.folder / "a.lua", with_worker("worker.on('offer', function() for i = 1, 100000 do end end)\n"));
    while (host_pids().size() < 2) {
      const auto soon = test.clock->now() + 5ms;
      co_await test.clock->sleep_until(soon);
    }
    // Long after the load, and long before 200 offers are tried.
    const auto within = test.clock->now() + 50ms;
    co_await test.clock->sleep_until(within);
    EXPECT_EQ(test.host->status().generation, 1U);
  });
}

TEST_F(RecordedPolicy, AFullDiskIsSaidAndStopsNoDecision) {
  write(folder / "a.lua", with_worker("worker.game '*' { accept = false, reason = 'no' }\n"));
  fs::create_directory(options.data);
  write(options.data / "decisions", "a file in the way");
  run([](PolicyHostTest& test) -> asio::awaitable<void> {
    co_await test.expect("no");
    std::function<bool(const PolicyStatus&)> said = [](const PolicyStatus& status) {
      return status.unrecorded == 1 && status.disk_error.find("decisions") != std::string::npos;
    };
    co_await test.until(said);
    co_await test.expect("no");
  });
  EXPECT_EQ(host->status().unrecorded, 2U);
}

}  // namespace
}  // namespace policy::test
