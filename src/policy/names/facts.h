#pragma once
// The facts that hooks get. One that has no value is nil; a name that is not listed is an error.

#include "policy/names/name.h"

namespace policy::names {

inline constexpr std::array kOfferFacts = {
    Name{"id", "string", "of the job", {}, true},
    Name{"game", "string", "whose job it is"},
    Name{"asset", "string", "what is made"},
    Name{"kind", "worker.Kind", "of job", {}, true},
    Name{"model", "string", "that it needs"},
    Name{"engine", "string", "of the model's source"},
    Name{"vram", "number", "what it needs", "bytes"},
    Name{"width", "number", "of the picture", "pixels"},
    Name{"height", "number", "of the picture", "pixels"},
    Name{"steps", "number", "of the sampler"},
    Name{"seconds", "number", "of sound or video", "seconds"},
    Name{"chars", "number", "of text to speak"},
    Name{"max_tokens", "number", "of the answer"},
    Name{"cached", "boolean", "all files of the model are on this machine"},
    Name{"download", "number", "of the model's files that are not", "bytes"},
    Name{"est_time", "number", "median of the last runs of this model at about this size", "seconds"},
};

inline constexpr std::array kMachineFacts = {
    Name{"user_idle", "number", "since somebody used this computer", "seconds"},
    Name{"locked", "boolean", "the screen"},
    Name{"on_battery", "boolean", "the power supply"},
    Name{"apps", "table<string, true>", "the programs that run: machine.apps['maya.bin']"},
    Name{"cpu", "number", "of all processors together", "0 to 1"},
    Name{"memory_free", "number", "of the machine", "bytes"},
    Name{"now", "number", "since 1970", "seconds", true},
};

inline constexpr std::array kGpuFacts = {
    Name{"index", "integer", "of the card, from 0", {}, true},
    Name{"uuid", "string", "of the card"},
    Name{"name", "string", "of the card"},
    Name{"total", "number", "its memory", "bytes"},
    Name{"free", "number", "of its memory", "bytes"},
    Name{"ours", "number", "held by this worker's engines", "bytes"},
    Name{"temperature", "number", "of the card", "degrees Celsius"},
    Name{"busy", "number", "of its time", "0 to 1"},
    Name{"foreign", "worker.GpuProcess[]", "the programs that are not ours"},
};

/// An entry of `foreign`.
inline constexpr std::array kGpuProcessFacts = {
    Name{"name", "string", "of the program", {}, true},
    Name{"vram", "number", "that it holds", "bytes"},
};

/// A log hook may change them.
inline constexpr std::array kRecordFacts = {
    Name{"level", "worker.Level", "of the record", {}, true},
    Name{"about", "worker.Category", "its category", {}, true},
    Name{"message", "string", "its text", {}, true},
    Name{"job", "string", "the job that it names"},
    Name{"game", "string", "the game that it names"},
    Name{"kind", "string", "of the job"},
    Name{"details", "string", "the other fields, as text"},
    Name{"prompt", "nil", "never there: no record holds a prompt"},
};

/// What `worker.used` gives.
inline constexpr std::array kUsedFacts = {
    Name{"jobs", "number", "that were accepted", {}, true},
    Name{"gpu_time", "number", "of the engines", "seconds", true},
};

consteval const char* offer_fact(std::string_view name) {
  return listed(kOfferFacts, name);
}
consteval const char* machine_fact(std::string_view name) {
  return listed(kMachineFacts, name);
}
consteval const char* gpu_fact(std::string_view name) {
  return listed(kGpuFacts, name);
}
consteval const char* gpu_process_fact(std::string_view name) {
  return listed(kGpuProcessFacts, name);
}
consteval const char* record_fact(std::string_view name) {
  return listed(kRecordFacts, name);
}
consteval const char* used_fact(std::string_view name) {
  return listed(kUsedFacts, name);
}

}  // namespace policy::names
