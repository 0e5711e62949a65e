#pragma once
// What `test('...', function(t) ... end)` of a *_test.lua writes: the tables, and the methods of `t`.

#include "policy/names/functions.h"
#include "policy/names/name.h"

namespace policy::names {

inline constexpr std::array kTestOfferKeys = {
    Name{"id", "string", "of the job"},
    Name{"game", "string", "whose job it is"},
    Name{"asset", "string", "what is made"},
    Name{"kind", "worker.Kind", "of job; an image without it"},
    Name{"model", "string", "that it needs"},
    Name{"engine", "string", "of the model's source"},
    Name{"vram", "worker.Size", "what it needs; 1 GiB without it"},
    Name{"width", "number", "of the picture", "pixels"},
    Name{"height", "number", "of the picture", "pixels"},
    Name{"steps", "number", "of the sampler"},
    Name{"seconds", "number", "of sound or video", "seconds"},
    Name{"chars", "number", "of text to speak"},
    Name{"max_tokens", "number", "of the answer"},
    Name{"cached", "boolean", "all files of the model are there; true without it"},
    Name{"download", "worker.Size", "of the model's files that are not; 0 without it"},
    Name{"est_time", "worker.Span", "how long it will take"},
};

inline constexpr std::array kTestDoneKeys = {
    Name{"game", "string", "whose jobs", {}, true},
    Name{"kind", "worker.Kind", "of the jobs"},
    Name{"times", "integer", "how many; 1 without it"},
    Name{"gpu_time", "worker.Span", "of the engines, for each"},
};

inline constexpr std::array kTestGpuKeys = {
    Name{"index", "integer", "of the card, from 0; 0 without it"},
    Name{"uuid", "string", "of the card"},
    Name{"name", "string", "of the card"},
    Name{"total", "worker.Size", "its memory"},
    Name{"free", "worker.Size", "of its memory"},
    Name{"ours", "worker.Size", "held by this worker's engines"},
    Name{"temperature", "number", "of the card", "degrees Celsius"},
    Name{"busy", "number", "of its time", "0 to 1"},
    Name{"foreign", "worker.TestProgram[]", "the programs that are not ours"},
};

inline constexpr std::array kTestProgramKeys = {
    Name{"name", "string", "of the program", {}, true},
    Name{"vram", "worker.Size", "that it holds"},
};

inline constexpr std::array kTestMachineKeys = {
    Name{"locked", "boolean", "the screen"},
    Name{"on_battery", "boolean", "the power supply"},
    Name{"cpu", "number", "of all processors together", "0 to 1"},
    Name{"memory_free", "worker.Size", "of the machine"},
};

inline constexpr std::array kTestRecordKeys = {
    Name{"level", "worker.Level", "of the record; 'info' without it"},
    Name{"about", "worker.Category", "its category; 'worker' without it"},
    Name{"message", "string", "its text"},
    Name{"job", "string", "the job that it names"},
    Name{"game", "string", "the game that it names"},
    Name{"kind", "string", "of the job"},
    Name{"details", "string", "the other fields, as text"},
};

/// What a record says after the log hooks.
inline constexpr std::array kTestExpectedKeys = {
    Name{"level", "string|false", "of the record; false: gone"},
    Name{"about", "string|false", "its category"},
    Name{"message", "string|false", "its text"},
    Name{"job", "string|false", "the job that it names"},
    Name{"game", "string|false", "the game that it names"},
    Name{"kind", "string|false", "of the job"},
    Name{"details", "string|false", "the other fields, as text"},
};

inline constexpr std::array kTestMethods = {
    Function{"clock", "The time now: 'YYYY-MM-DD HH:MM' of the policy's zone, or RFC 3339.", {{{"time", "string"}}}},
    Function{"wait", "Time goes by.", {{{"span", "worker.Span"}}}},
    Function{"done", "Jobs that were accepted now.", {{{"jobs", "worker.TestDone"}}}},
    Function{"accepts", "The offer is accepted now.", {{{"offer", "worker.TestOffer"}}}},
    Function{"declines",
             "The offer is declined now, with this part of the reason.",
             {{{"offer", "worker.TestOffer"}, {"reason", "string", {}, true}}}},
    Function{"app", "One more program runs.", {{{"name", "string"}}}},
    Function{"no_apps", "No program runs."},
    Function{"user", "'active', or for how long nobody did anything.", {{{"idle", "'active'|worker.Span"}}}},
    Function{"machine", "Other facts of the machine.", {{{"facts", "worker.TestMachine"}}}},
    Function{"gpu", "Facts of a card; the others stay.", {{{"card", "worker.TestGpu"}}}},
    Function{"unknown", "A sensor that cannot tell.", {{{"sensor", "string"}}}},
    Function{"on_battery", "The power supply.", {{{"on_battery", "boolean"}}}},
    Function{"paused", "A pause holds; its title contains this.", {{{"title", "string", {}, true}}}},
    Function{"running", "No pause holds."},
    Function{"budget", "The bound of memory now; without one none holds.", {{{"size", "worker.Size", {}, true}}}},
    Function{"logs",
             "Where such a record goes, and what it says then.",
             {{{"record", "worker.TestRecord"}, {"expected", "worker.TestExpected"}}}},
};

consteval const char* test_method(std::string_view name) {
  return listed(kTestMethods, name);
}

}  // namespace policy::names
