#include "wire/capabilities.h"

#include <cmath>

namespace wire {
namespace {

class Reader {
 public:
  Reader(const json::object& object, Problems& problems) : object_(object), problems_(problems) {}

  std::string text(std::string_view key) {
    const json::value* value = required(key);
    if (value == nullptr) return {};
    if (!value->is_string()) return complain(key, "is not a string"), std::string();
    return std::string(value->get_string());
  }

  double number(std::string_view key) {
    const json::value* value = required(key);
    if (value == nullptr) return 0;
    boost::system::error_code error;
    const double number = value->is_number() ? value->to_number<double>(error) : -1.0;
    if (error || !std::isfinite(number) || number < 0) return complain(key, "is not a number from 0"), 0.0;
    return number;
  }

  bool flag(std::string_view key, bool optional) {
    const json::value* value = optional ? object_.if_contains(key) : required(key);
    if (value == nullptr) return false;
    if (!value->is_bool()) return complain(key, "is not a boolean"), false;
    return value->get_bool();
  }

  std::set<std::string, std::less<>> texts(std::string_view key) {
    const json::value* value = object_.if_contains(key);
    return value == nullptr ? std::set<std::string, std::less<>>() : texts_of(key, *value);
  }

  void models_per_kind(std::string_view key) {
    const json::value* value = object_.if_contains(key);
    if (value == nullptr) return;
    const json::object* kinds = value->if_object();
    if (kinds == nullptr) return complain(key, "is not an object");
    for (const auto& [kind, models] : *kinds) texts_of(key, models);
  }

  const json::value* required(std::string_view key) {
    const json::value* value = object_.if_contains(key);
    if (value == nullptr) complain(key, "is missing");
    return value;
  }

  void complain(std::string_view key, std::string_view what) {
    problems_.push_back({"capabilities", std::string(key) + " " + std::string(what)});
  }

 private:
  std::set<std::string, std::less<>> texts_of(std::string_view key, const json::value& value) {
    std::set<std::string, std::less<>> texts;
    if (!value.is_array()) return complain(key, "is not a list"), texts;
    for (const json::value& item : value.get_array()) {
      if (item.is_string())
        texts.emplace(item.get_string());
      else
        complain(key, "holds something that is not a string");
    }
    return texts;
  }

  const json::object& object_;
  Problems& problems_;
};

}  // namespace

Capabilities read_capabilities(const json::value& value, Problems& problems) {
  Capabilities seen;
  if (!value.is_object()) {
    problems.push_back({"capabilities", "capabilities is not an object"});
    return seen;
  }
  Reader reader(value.get_object(), problems);
  seen.machine = reader.text("machineName");
  reader.text("username");
  seen.agent_version = reader.text("agentVersion");
  reader.text("engine");
  seen.vram_total_gb = reader.number("vramTotalGb");
  seen.vram_threshold_gb = reader.number("vramThresholdGb");
  seen.auto_enabled = reader.flag("autoEnabled", false);
  reader.flag("autoStart", false);
  reader.flag("autoUpdate", true);
  reader.flag("startMinimised", true);
  seen.only_when_idle = reader.flag("onlyWhenIdle", true);
  if (value.get_object().contains("userPresence")) {
    seen.presence = reader.text("userPresence");
    if (seen.presence != "idle" && seen.presence != "active") reader.complain("userPresence", "is not idle or active");
  }
  if (reader.required("supportedModels") != nullptr) reader.texts("supportedModels");
  seen.kinds = reader.texts("taskKinds");
  const std::set<std::string, std::less<>> known{"image", "llm", "audio_stt", "audio_tts", "video", "mesh"};
  for (const std::string& kind : seen.kinds) {
    if (!known.contains(kind)) reader.complain("taskKinds", "names " + kind + ", which is not a task kind");
  }
  reader.models_per_kind("supportedModelsPerKind");
  seen.engines = reader.texts("modelEngines");
  return seen;
}

}  // namespace wire
