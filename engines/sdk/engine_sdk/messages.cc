#include "engine_sdk/messages.h"

#include <optional>
#include <utility>

namespace engine_sdk {
namespace json = boost::json;
namespace {

const json::object& no_members() {
  static const json::object none;
  return none;
}

/// The first member that is missing or ill-typed stays; the readers go on with empty values behind it.
class Fields {
 public:
  Fields(const json::object& members, std::string_view place, std::string& fault)
      : members_(members), place_(place), fault_(fault) {}

  std::string text(std::string_view key) {
    const json::value* value = members_.if_contains(key);
    if (value != nullptr && value->is_string()) return std::string(value->get_string());
    blame(key, "a string");
    return {};
  }

  const json::object& object(std::string_view key) {
    const json::value* value = members_.if_contains(key);
    if (value != nullptr && value->is_object()) return value->get_object();
    blame(key, "an object");
    return no_members();
  }

  std::size_t index(std::string_view key) {
    const json::value* value = members_.if_contains(key);
    if (value == nullptr) return 0;
    json::error_code error;
    const auto number = value->to_number<std::size_t>(error);
    if (value->is_double() || error) blame(key, "a whole number");
    return error ? 0 : number;
  }

  /// Calls `each` with the fields of every element; an absent list is an empty one.
  template <class Each>
  void list(std::string_view key, Each each) {
    const json::value* value = members_.if_contains(key);
    if (value == nullptr) return;
    if (!value->is_array()) return blame(key, "a list of objects");
    const std::string place = std::string(place_) + "." + std::string(key) + "[]";
    for (const json::value& element : value->get_array()) {
      if (!element.is_object()) return blame(key, "a list of objects");
      each(Fields(element.get_object(), place, fault_));
    }
  }

 private:
  void blame(std::string_view key, std::string_view wanted) {
    if (!fault_.empty()) return;
    fault_.append(place_).append(".").append(key).append(" must be ").append(wanted);
  }

  const json::object& members_;
  std::string_view place_;
  std::string& fault_;
};

template <class Message>
std::variant<Message, Malformed> message_or(Message message, std::string fault) {
  if (!fault.empty()) return Malformed{std::move(fault)};
  return message;
}

json::array strings(const std::vector<std::string>& texts) {
  json::array list;
  for (const std::string& text : texts) list.emplace_back(text);
  return list;
}

json::object frame_of(std::string_view type, std::string_view subject, std::string_view id) {
  json::object frame;
  frame.emplace("type", type);
  frame.emplace(subject, id);
  return frame;
}

}  // namespace

std::string_view to_string(FailureClass failure) {
  switch (failure) {
    case FailureClass::kBadRequest:
      return "bad_request";
    case FailureClass::kModelMissing:
      return "model_missing";
    case FailureClass::kModelLoadFailed:
      return "model_load_failed";
    case FailureClass::kOomVram:
      return "oom_vram";
    case FailureClass::kOomRam:
      return "oom_ram";
    case FailureClass::kCrashed:
      return "crashed";
    case FailureClass::kStalled:
      return "stalled";
    case FailureClass::kTimeout:
      return "timeout";
    case FailureClass::kCancelled:
      return "cancelled";
    case FailureClass::kPreempted:
      return "preempted";
    case FailureClass::kInputFetchFailed:
      return "input_fetch_failed";
    case FailureClass::kUnsupported:
      return "unsupported";
  }
  return "crashed";
}

std::string_view text_of(const json::object& frame, std::string_view key) {
  const json::value* value = frame.if_contains(key);
  if (value == nullptr || !value->is_string()) return {};
  return value->get_string();
}

std::variant<Hello, Malformed> read_hello(const json::object& frame) {
  std::string fault;
  const json::value* protocol = frame.if_contains("protocol");
  if (protocol == nullptr || !protocol->is_int64() || protocol->get_int64() != kProtocol) {
    return Malformed{"hello.protocol must be " + std::to_string(kProtocol) +
                     ": the worker speaks another version of the engine protocol"};
  }
  Fields fields(frame, "hello", fault);
  Hello hello{.gpu = std::nullopt, .settings = frame.contains("settings") ? fields.object("settings") : no_members()};
  if (const json::value* gpu = frame.if_contains("gpu"); gpu != nullptr && !gpu->is_null()) {
    hello.gpu = static_cast<int>(Fields(fields.object("gpu"), "hello.gpu", fault).index("index"));
  }
  return message_or(hello, std::move(fault));
}

std::variant<Model, Malformed> read_load(const json::object& frame) {
  std::string fault;
  Fields fields(frame, "load", fault);
  Model model{.id = fields.text("model"),
              .files = {},
              .defaults = frame.contains("defaults") ? fields.object("defaults") : no_members()};
  fields.list("files", [&model](Fields file) {
    std::string role = file.text("role");
    model.files.push_back({std::move(role), file.text("path")});
  });
  return message_or(std::move(model), std::move(fault));
}

std::variant<Job, Malformed> read_run(const json::object& frame) {
  std::string fault;
  Fields fields(frame, "run", fault);
  Job job{.id = fields.text("job"), .task = fields.object("task"), .inputs = {}, .out_dir = fields.text("out_dir")};
  fields.list("inputs", [&job](Fields input) {
    std::string name = input.text("name");
    const std::size_t index = input.index("index");
    std::string path = input.text("path");
    job.inputs.push_back({std::move(name), index, std::move(path), input.text("type")});
  });
  return message_or(std::move(job), std::move(fault));
}

json::object ready_frame(const Ready& ready) {
  return {{"type", "ready"},          {"protocol", kProtocol},         {"name", ready.name},
          {"version", ready.version}, {"kinds", strings(ready.kinds)}, {"models", strings(ready.models)}};
}

json::object loaded_frame(std::string_view model, const Loaded& loaded) {
  json::object frame = frame_of("loaded", "model", model);
  frame.emplace("vram_bytes", loaded.vram_bytes);
  return frame;
}

json::object failed_frame(std::string_view subject, std::string_view id, const Failure& failure) {
  json::object frame = frame_of("failed", subject, id);
  frame.emplace("class", to_string(failure.kind));
  frame.emplace("message", failure.message);
  return frame;
}

json::object result_frame(std::string_view job, FileResult result) {
  json::object frame = frame_of("result", "job", job);
  frame.emplace("file", std::move(result.file));
  frame.emplace("ext", std::move(result.ext));
  return frame;
}

json::object result_frame(std::string_view job, JsonResult result) {
  json::object frame = frame_of("result", "job", job);
  frame.emplace("json", std::move(result.value));
  return frame;
}

}  // namespace engine_sdk
