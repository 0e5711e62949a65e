#include "history/record.h"

#include <gmock/gmock.h>

namespace history {
namespace {

std::string framed(const Record& record) {
  std::string bytes;
  EXPECT_TRUE(append_record(bytes, record));
  return bytes;
}

std::string dropped(const std::string& job) {
  return framed(Dropped{base::JobId(job)});
}

TEST(Records, ChecksumIsCrc32c) {
  EXPECT_EQ(crc32c("123456789"), 0xE3069283U);
  EXPECT_EQ(crc32c(""), 0U);
  EXPECT_EQ(crc32c(std::string(32, '\0')), 0x8A9136AAU);
  EXPECT_EQ(crc32c(std::string(32, '\xFF')), 0x62A8AB43U);
}

TEST(Records, ComeBackAsTheyWereWritten) {
  Produced produced;
  produced.job = base::JobId("job \"1\" \xF0\x9F\x8E\xA8");
  produced.game = base::GameId("harbour");
  produced.kind = job::Kind::kMesh;
  produced.task_hash = "0123";
  produced.folder = "/state/jobs/some-folder";
  produced.file = "result.glb";
  produced.ext = "glb";
  produced.bytes = 12345678901;
  produced.worker = "w-1";
  produced.content = 0xFEDCBA9876543210;
  produced.xxh128 = "99aa06d3014798d86001c324468d497f";
  produced.at = base::WallTime(std::chrono::milliseconds(1774483200123));
  const std::string bytes = framed(produced);
  const auto pieces = split(bytes);
  ASSERT_EQ(pieces.size(), 1U);
  const auto read = parse_record(*pieces[0].payload);
  ASSERT_TRUE(read && std::holds_alternative<Produced>(*read));
  const auto& back = std::get<Produced>(*read);
  EXPECT_EQ(back.job, produced.job);
  EXPECT_EQ(back.game, produced.game);
  EXPECT_EQ(back.kind, produced.kind);
  EXPECT_EQ(back.task_hash, produced.task_hash);
  EXPECT_EQ(back.folder, "some-folder");
  EXPECT_EQ(back.file, produced.file);
  EXPECT_EQ(back.ext, produced.ext);
  EXPECT_EQ(back.bytes, produced.bytes);
  EXPECT_EQ(back.worker, produced.worker);
  EXPECT_EQ(back.at, produced.at);
  EXPECT_EQ(back.content, produced.content);
  EXPECT_EQ(back.xxh128, produced.xxh128);
  EXPECT_FALSE(back.prompt);
}

TEST(Records, APromptOfTheRecordComesBackAlsoWhenItIsEmpty) {
  for (const std::string prompt : {"", "a lantern"}) {
    Produced produced;
    produced.job = base::JobId("job-1");
    produced.folder = "/j/job-1";
    produced.file = "result.glb";
    produced.prompt = prompt;
    const std::string bytes = framed(produced);
    const auto read = parse_record(split(bytes).at(0).payload.value());
    ASSERT_TRUE(read && std::holds_alternative<Produced>(*read));
    EXPECT_EQ(std::get<Produced>(*read).prompt, prompt);
  }
}

TEST(Records, ATextThatNeedsAnEscapeForEveryByteFitsAndComesBack) {
  Produced produced;
  produced.job = base::JobId("job-1");
  produced.kind = job::Kind::kLlm;
  produced.text = JsonText{"{}", std::string(kTextLimit - 2, '\x01')};
  const std::string bytes = framed(produced);
  const auto read = parse_record(split(bytes).at(0).payload.value());
  ASSERT_TRUE(read && std::holds_alternative<Produced>(*read));
  const auto& back = std::get<Produced>(*read);
  ASSERT_TRUE(back.text.has_value());
  EXPECT_EQ(back.text->result, produced.text->result);
  EXPECT_EQ(back.text->prompt, produced.text->prompt);
  EXPECT_TRUE(back.folder.empty());
}

TEST(Records, EveryOutcomeComesBack) {
  for (const auto outcome :
       {job::Outcome::kDelivered, job::Outcome::kFailed, job::Outcome::kHandedBack, job::Outcome::kSuperseded}) {
    Closed closed;
    closed.record.job = base::JobId("a");
    closed.record.outcome = outcome;
    closed.record.detail = std::string(10000, 'x') + std::string("\xFF\n\0", 3);
    closed.record.ran = std::chrono::milliseconds(1500);
    const std::string bytes = framed(closed);
    EXPECT_LT(bytes.size(), 3000U);
    const auto read = parse_record(*split(bytes)[0].payload);
    ASSERT_TRUE(read && std::holds_alternative<Closed>(*read));
    EXPECT_EQ(std::get<Closed>(*read).record.outcome, outcome);
    EXPECT_EQ(std::get<Closed>(*read).record.ran, std::chrono::milliseconds(1500));
  }
}

TEST(Records, BytesThatAreNoTextSurvive) {
  const std::string id = std::string("a\xFF\xF5") + "SWJ" + std::string(1, '\0') + "z";
  const std::string bytes = framed(Dropped{base::JobId(id)}) + dropped("next");
  const auto pieces = split(bytes);
  ASSERT_EQ(pieces.size(), 2U);
  EXPECT_EQ(std::get<Dropped>(*parse_record(*pieces[0].payload)).job.str(), id);
}

TEST(Records, RefuseAnAbsurdlyLongId) {
  std::string bytes = "before";
  const auto added = append_record(bytes, Dropped{base::JobId(std::string(300UL * 1024, 'x'))});
  ASSERT_FALSE(added);
  EXPECT_EQ(added.error().code, base::Code::kInvalid);
  EXPECT_EQ(bytes, "before");
}

TEST(Records, AResultNeverPointsOutOfItsFolder) {
  const auto parse = [](const std::string& folder, const std::string& file) {
    return parse_record(R"({"r":"produced","job":"a","kind":"image","folder":")" + folder + R"(","file":")" + file +
                        R"("})");
  };
  EXPECT_TRUE(parse("a", "result.png"));
  for (const char* bad : {"", ".", "..", "/", "../x", "a/b", "/etc"}) {
    EXPECT_FALSE(parse(bad, "result.png")) << bad;
    EXPECT_FALSE(parse("a", bad)) << bad;
  }
}

TEST(Records, RefusePayloadsThatAreNone) {
  for (const char* bad :
       {"", "null", "[]", "{}", "{", R"({"r":"unheard-of","job":"a"})", R"({"r":"dropped"})",
        R"({"r":"dropped","job":1})", R"({"r":"accepted","job":"a","kind":"opera"})", R"({"r":"journal","format":-1})",
        R"({"r":"journal"})", R"({"r":"closed","job":"a","kind":"image","outcome":"eaten"})",
        R"({"r":"closed","job":"a","kind":"image","outcome":"failed","bytes":"many"})"}) {
    EXPECT_FALSE(parse_record(bad)) << bad;
  }
}

TEST(Records, U10_EveryBitFlipIsSeenAndTheNeighboursSurvive) {
  const std::string first = dropped("first");
  const std::string second = dropped("second");
  const std::string third = dropped("third");
  for (std::size_t bit = 0; bit < second.size() * 8; ++bit) {
    std::string flipped = second;
    flipped[bit / 8] = static_cast<char>(flipped[bit / 8] ^ (1 << (bit % 8)));
    const std::string bytes = first + flipped + third;
    const auto pieces = split(bytes);
    ASSERT_EQ(pieces.size(), 3U) << bit;
    EXPECT_TRUE(pieces[0].payload);
    EXPECT_FALSE(pieces[1].payload);
    EXPECT_EQ(pieces[1].size, second.size());
    EXPECT_TRUE(pieces[2].payload);
  }
}

TEST(Records, U10_EveryCutTailIsSeen) {
  const std::string first = dropped("first");
  const std::string second = dropped("second");
  for (std::size_t kept = 1; kept < second.size(); ++kept) {
    const std::string bytes = first + second.substr(0, kept);
    const auto pieces = split(bytes);
    ASSERT_EQ(pieces.size(), 2U);
    EXPECT_FALSE(pieces[1].payload);
    EXPECT_EQ(pieces[1].size, kept);
  }
}

TEST(Records, EveryByteBelongsToOnePiece) {
  const std::string bytes =
      std::string(4096, '\0') + dropped("a") + "\xF5SWJ\xFF\xFF\xFF\xFF" + dropped("b") + "\xF5SW";
  std::size_t offset = 0;
  for (const Piece& piece : split(bytes)) {
    EXPECT_EQ(piece.offset, offset);
    offset += piece.size;
  }
  EXPECT_EQ(offset, bytes.size());
}

}  // namespace
}  // namespace history
