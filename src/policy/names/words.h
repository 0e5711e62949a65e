#pragma once
// The closed lists of words that values are taken from: `action = 'finish'`, `kinds = { 'image' }`.

#include <array>
#include <span>
#include <string_view>

#include "job/kind_names.h"
#include "policy/hook_event.h"
#include "policy/rules/quota/period.h"

namespace policy::names {

using Word = std::string_view;

constexpr std::array<Word, 3> kActions = {"finish", "suspend", "return"};    // in the order of pause::Action
constexpr std::array<Word, 2> kAnswers = {"pause", "ignore"};                // of if_unknown
constexpr std::array<Word, 2> kFormats = {"text", "json"};                   // in the order of base::log::Format
constexpr std::array<Word, 4> kLevels = {"debug", "info", "warn", "error"};  // in the order of base::log::Level
constexpr std::array<Word, 3> kSinks = {"console", "studio", "none"};        // in the order of logs::Sink
constexpr Word kFileSink = "file:";                                          // and a bare name
constexpr std::array<Word, 7> kWeekdays = {"sun", "mon", "tue", "wed", "thu", "fri", "sat"};

/// What log records are about, and what stands for every record that names a job.
constexpr std::array<Word, 12> kCategories = {"base", "config", "control", "engine", "heartbeat", "history",
                                              "http", "logs",   "machine", "policy", "worker",    "ws"};
constexpr Word kAboutJobs = "job";

/// A list as the editor knows it: the name of its type, and whether other words are possible as well.
struct WordList {
  std::string_view type;
  std::string_view doc;
  std::span<const Word> words;
  bool open = false;
};

inline constexpr std::array kWordLists = {
    WordList{"worker.Kind", "a kind of job", job::kKindNames},
    WordList{"worker.Action", "what a pause does to the running job", kActions},
    WordList{"worker.Answer", "what an unknown condition counts as", kAnswers},
    WordList{"worker.Level", "of a log record", kLevels},
    WordList{"worker.Format", "of log lines", kFormats},
    WordList{"worker.Category", "what a log record is about", kCategories},
    WordList{"worker.Sink", "where log records go; 'file:NAME' is a file of the log folder", kSinks, true},
    WordList{"worker.Period", "of a quota: a day or week of the policy's zone, or the name of a window",
             rules::kCalendarPeriods, true},
};

/// Texts with a unit, or of another fixed form.
struct Written {
  std::string_view type;
  std::string_view doc;
};
inline constexpr std::array kWrittenValues = {
    Written{"worker.Size", "'512MiB', '12GiB'; units KiB MiB GiB TiB"},
    Written{"worker.Span", "'90s', '20m', '1h30m', '2d'; units s m h d"},
    Written{"worker.Share", "a size like '12GiB', or '40%' of what there is"},
    Written{"worker.Temperature", "'83C', in degrees Celsius"},
    Written{"worker.Rate", "'60/min'; per s min h d"},
    Written{"worker.DayTime", "'22:00', or with a weekday 'fri 20:00'"},
    Written{"worker.Days", "'mon-fri', 'sat,sun'"},
    Written{"worker.Dates", "'2026-12-24', '2026-12-24 .. 2027-01-02'"},
    Written{"worker.Name", "of a window or of dates"},
    Written{"worker.Pattern", "a name in which * stands for anything"},
};

}  // namespace policy::names
