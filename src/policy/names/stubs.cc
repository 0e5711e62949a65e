#include "policy/names/stubs.h"

#include "policy/names/registry.h"

namespace policy::names {
namespace {

constexpr std::string_view kMark = "written by 'studio-worker policy stubs'; what is changed here is lost";

std::string text_of(std::string_view text) {
  return std::string(text);
}

/// `'finish'|'suspend'|'return'`.
std::string alternatives(std::span<const Word> words, bool open) {
  std::string text;
  for (const Word word : words) text += (text.empty() ? "'" : "|'") + text_of(word) + "'";
  return open ? text + "|string" : text;
}

std::string aliases() {
  std::string text;
  for (const WordList& list : kWordLists) {
    text += "---" + text_of(list.doc) + "\n---@alias " + text_of(list.type) + " " +
            alternatives(list.words, list.open) + "\n\n";
  }
  for (const Written& written : kWrittenValues) {
    text += "---" + text_of(written.doc) + "\n---@alias " + text_of(written.type) + " string\n\n";
  }
  return text;
}

std::string field(const Name& name) {
  std::string text = "---@field " + text_of(name.name) + (name.always ? " " : "? ") + text_of(name.type) + " ";
  if (!name.unit.empty()) text += text_of(name.unit) + ": ";
  return text + text_of(name.doc) + "\n";
}

std::string type_of(const Class& each) {
  std::string text = "---" + text_of(each.doc) + "\n---@class (exact) " + text_of(each.type) + "\n";
  for (const Name& name : each.names) text += field(name);
  if (!each.positions.empty()) text += "---@field [integer] " + text_of(each.positions) + "\n";
  return text + "\n";
}

/// `table` is what stands before the name: "worker.", "t:" or nothing.
std::string function_text(std::string_view table, const Function& function) {
  std::string text = "---" + text_of(function.doc) + "\n";
  std::string list;
  for (const Parameter& parameter : function.parameters) {
    if (parameter.name.empty()) continue;
    text += "---@param " + text_of(parameter.name) + (parameter.optional ? "? " : " ") + text_of(parameter.type) +
            (parameter.doc.empty() ? "" : " " + text_of(parameter.doc)) + "\n";
    list += (list.empty() ? "" : ", ") + text_of(parameter.name);
  }
  if (!function.returns.empty()) text += "---@return " + text_of(function.returns) + "\n";
  return text + "function " + text_of(table) + text_of(function.name) + "(" + list + ") end\n\n";
}

std::string hook_type(const Event& event) {
  return "fun(" + text_of(event.parameters) + ")" + (event.returns.empty() ? "" : ": " + text_of(event.returns));
}

/// `worker.on` takes another function for each event.
std::string on_text(const Function& on) {
  std::string text = "---" + text_of(on.doc) + "\n";
  for (std::size_t i = 1; i < kEvents.size(); ++i) {
    const Event& event = kEvents.at(i);
    text += "---@overload fun(event: '" + text_of(event.name) + "', hook: " + hook_type(event) + ")\n";
  }
  return text + "---@param event '" + text_of(kEvents.front().name) + "'\n---@param hook " +
         hook_type(kEvents.front()) + "\nfunction worker.on(event, hook) end\n\n";
}

std::string tests() {
  std::string text;
  for (const Class& each : kTestTables) text += type_of(each);
  text += "---what `t` is in *_test.lua\n---@class worker.Test\nlocal t = {}\n\n";
  for (const Function& method : kTestMethods) text += function_text("t:", method);
  return text +
         "---a test of the policies in this folder\n---@param name string\n---@param body fun(t: worker.Test)\n"
         "function test(name, body) end\n\n";
}

}  // namespace

std::string editor_types() {
  std::string text = "-- " + text_of(kMark) + "\n---@meta worker\n\n" + aliases();
  for (const Class& each : kTables) text += type_of(each);
  for (const Class& each : kFacts) text += type_of(each);
  text +=
      "---a verdict on an offer, to be returned from the hook\n---@class worker.Verdict\n\n"
      "---a pause, to be returned from the hook\n---@class worker.Pausing\n\n"
      "---@class worker\nlocal worker = {}\n\n";
  for (const Function& function : kFunctions) {
    text += function.name == "on" ? on_text(function) : function_text("worker.", function);
  }
  text += tests();
  for (const Function& function : kBaseFunctions) text += function_text("", function);
  return text +
         "---`require 'worker'`, or the value of `name.lua` of this folder.\n---@param name string\n---@return any\n"
         "function require(name) end\n\nreturn worker\n";
}

std::string editor_settings() {
  std::string absent;
  for (const Word library : kAbsentLibraries) {
    absent += (absent.empty() ? "    \"" : ",\n    \"") + text_of(library) + "\": \"disable\"";
  }
  return "{ \"//\": \"" + text_of(kMark) +
         "\",\n"
         "  \"runtime.version\": \"LuaJIT\",\n"
         "  \"runtime.builtin\": {\n" +
         absent +
         "\n  },\n"
         "  \"workspace.library\": [\"./" +
         text_of(kTypesFile) +
         "\"],\n"
         "  \"workspace.checkThirdParty\": false,\n"
         "  \"type.checkTableShape\": true,\n"
         "  \"diagnostics.groupSeverity\": { \"strict\": \"Warning\", \"type-check\": \"Error\" },\n"
         "  \"diagnostics.groupFileStatus\": { \"strict\": \"Any\", \"type-check\": \"Any\" }\n"
         "}\n";
}

bool is_generated(std::string_view text) {
  return text.substr(0, text.find('\n')).find(kMark) != std::string_view::npos;
}

}  // namespace policy::names
