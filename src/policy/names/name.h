#pragma once
// Name: one word that a policy can write or read. The registry of all of them is this folder: the readers of
// declarations, the facts of hooks, the editor's types and the messages about slips take their words from here.

#include <array>
#include <span>
#include <string_view>
#include <vector>

namespace policy::names {

/// A key of a table that a policy writes, or a fact that it reads.
struct Name {
  std::string_view name;
  std::string_view type;  // as the editor's annotations write it: "string|string[]"
  std::string_view doc;   // half a sentence
  std::string_view unit = {};
  bool always = false;  // a key that must be written, a fact that is never nil
};

constexpr const Name* find(std::span<const Name> names, std::string_view name) {
  for (const Name& each : names) {
    if (each.name == name) return &each;
  }
  return nullptr;
}

/// For a message about one that is not among them.
template <class List>
std::vector<std::string_view> spelled(const List& list) {
  std::vector<std::string_view> result;
  result.reserve(list.size());
  for (const auto& each : list) {
    if constexpr (requires { each.name; })
      result.push_back(each.name);
    else
      result.push_back(each);
  }
  return result;
}

/// The same while it compiles: for what is looked up while a decision waits.
template <std::size_t Size>
consteval std::array<std::string_view, Size> words_of(const std::array<Name, Size>& list) {
  std::array<std::string_view, Size> words;
  for (std::size_t i = 0; i < Size; ++i) words.at(i) = list.at(i).name;
  return words;
}

/// The name as it stands in the list, for Lua. One that is not in it does not compile.
template <class List>
consteval const char* listed(const List& list, std::string_view name) {
  for (const auto& each : list) {
    if (each.name == name) return each.name.data();
  }
  throw "not in the registry";
}

}  // namespace policy::names
