#include "synthetic/chat.h"

#include <string>

#include "digest/sha256.h"

namespace synthetic {
namespace json = boost::json;
namespace {

constexpr std::size_t kNamedBytes = 8;  // of a digest: 16 hex digits
constexpr std::size_t kCompletionTokens = 8;

/// Bytes of the white-space character that the text starts with, 0 when it starts with something else.
std::size_t white_space_at(std::string_view text) {
  const char first = text.front();
  if (first == ' ' || (first >= '\t' && first <= '\r')) return 1;
  if (static_cast<unsigned char>(first) < 0xc2) return 0;
  if (text.starts_with("\xc2\x85") || text.starts_with("\xc2\xa0")) return 2;
  if (text.starts_with("\xe1\x9a\x80") || text.starts_with("\xe2\x81\x9f") || text.starts_with("\xe3\x80\x80"))
    return 3;
  if (!text.starts_with("\xe2\x80") || text.size() < 3) return 0;
  const auto last = static_cast<unsigned char>(text[2]);
  const bool space = (last >= 0x80 && last <= 0x8a) || last == 0xa8 || last == 0xa9 || last == 0xaf;
  return space ? 3 : 0;
}

/// Counts over pieces that follow each other without a gap.
class WordCounter {
 public:
  void add(std::string_view text) {
    while (!text.empty()) {
      const std::size_t space = white_space_at(text);
      if (space == 0 && !in_word_) ++words_;
      in_word_ = space == 0;
      text.remove_prefix(space == 0 ? 1 : space);
    }
  }
  std::size_t words() const { return words_; }

 private:
  std::size_t words_ = 0;
  bool in_word_ = false;
};

struct Reading {
  std::string name;
  std::size_t words = 0;
};

/// The joined text is only hashed and counted, so a prompt of many megabytes is never copied.
Reading read_messages(const json::array& messages) {
  digest::Sha256 joined;
  WordCounter words;
  const auto add = [&](std::string_view text) {
    joined.add(text);
    words.add(text);
  };
  std::string_view separator;
  for (const json::value& message : messages) {
    add(separator);
    add(message.at("role").as_string());
    add(": ");
    add(message.at("content").as_string());
    separator = "\n";
  }
  return {digest::hex(joined.finish(), kNamedBytes), words.words()};
}

std::string describe(std::span<const pictures::Facts> pictures) {
  if (pictures.empty()) return {};
  std::string text = " (read " + std::to_string(pictures.size()) + " images: ";
  std::string_view separator;
  for (const pictures::Facts& picture : pictures) {
    text.append(separator).append(std::to_string(picture.width)).append("x").append(std::to_string(picture.height));
    separator = ", ";
  }
  return text + ")";
}

}  // namespace

std::size_t count_words(std::string_view text) {
  WordCounter counter;
  counter.add(text);
  return counter.words();
}

json::value chat_reply(const json::array& messages, std::span<const pictures::Facts> pictures) {
  const Reading reading = read_messages(messages);
  const std::string content = "[synthetic] reply to prompt #" + reading.name + describe(pictures);
  return {{"object", "chat.completion"},
          {"model", "synthetic-llm"},
          {"choices",
           json::array{
               {{"index", 0}, {"message", {{"role", "assistant"}, {"content", content}}}, {"finish_reason", "stop"}}}},
          {"usage",
           {{"prompt_tokens", reading.words},
            {"completion_tokens", kCompletionTokens},
            {"total_tokens", reading.words + kCompletionTokens}}}};
}

json::value transcript(std::string_view input_url, std::string_view language) {
  const std::string name = digest::hex(digest::sha256(input_url), kNamedBytes);
  return {{"text", "[synthetic] transcript of " + name}, {"language", language}, {"duration", 1.0}};
}

}  // namespace synthetic
