#pragma once
// The functions of `require 'worker'`, and what hooks of each event get and give.

#include "policy/hook_event.h"
#include "policy/names/name.h"

namespace policy::names {

struct Parameter {
  std::string_view name;
  std::string_view type;
  std::string_view doc = {};
  bool optional = false;
};

struct Function {
  std::string_view name;
  std::string_view doc;
  std::array<Parameter, 2> parameters = {};  // those that have a name
  std::string_view returns = {};             // nothing when empty
};

/// `worker.window 'night' { ... }` is a function that gives a function of the table.
inline constexpr std::array kFunctions = {
    Function{"zone", "The time zone of all windows; without it the machine's own.", {{{"zone", "string"}}}},
    Function{"window",
             "A window of time that recurs: worker.window 'night' { from = '22:00', to = '07:00' }.",
             {{{"name", "string"}}},
             "fun(window: worker.Window)"},
    Function{"dates",
             "Named days: worker.dates 'holidays' { '2026-12-24 .. 2027-01-02' }.",
             {{{"name", "string"}}},
             "fun(dates: worker.Dates[])"},
    Function{"accept_during",
             "Work is taken only in these windows: worker.accept_during { 'night' }. Once in a policy.",
             {{{"during", "worker.AcceptDuring"}}}},
    Function{"game",
             "Rules for games; the first entry whose pattern matches applies.",
             {{{"pattern", "worker.Pattern"}}},
             "fun(rules: worker.Game)"},
    Function{"pause_when",
             "Pauses while all conditions of the table hold.",
             {{{"title", "string"}}},
             "fun(conditions: worker.PauseWhen)"},
    Function{
        "vram", "A bound of the GPU memory that jobs use; the smallest bound counts.", {{{"bound", "worker.Vram"}}}},
    Function{"log_to",
             "Where log records go; entries are asked in their order.",
             {{{"sink", "worker.Sink"}}},
             "fun(which: worker.LogTo)"},
    Function{"on",
             "A rule as a function. It returns nothing when it has no opinion.",
             {{{"event", "worker.Event"}, {"hook", "function"}}}},
    Function{"decline", "In a hook of 'offer': no.", {{{"reason", "string"}}}, "worker.Verdict"},
    Function{"accept",
             "In a hook of 'offer': yes, as far as this rule goes.",
             {{{"reason", "string", {}, true}}},
             "worker.Verdict"},
    Function{"pause",
             "In a hook of 'pause': pauses, for this reason.",
             {{{"pause", "string|worker.Pause"}}},
             "worker.Pausing"},
    Function{"minutes", "So many minutes in seconds, the unit of facts.", {{{"count", "number"}}}, "number"},
    Function{"gib", "So many GiB in bytes, the unit of facts.", {{{"count", "number"}}}, "number"},
    Function{"in_window", "In a hook: whether it is now.", {{{"name", "worker.Name"}}}, "boolean"},
    Function{"used",
             "In a hook of 'offer': what such games had in this period.",
             {{{"which", "worker.Used"}}},
             "worker.Use"},
    Function{"note", "A line of the explanation.", {{{"text", "string|number"}}}},
};

consteval const char* function_name(std::string_view name) {
  return listed(kFunctions, name);
}

/// A declaration as the card writes it, for messages about one in another form.
struct Form {
  std::string_view name;
  std::string_view example;
};
inline constexpr std::array kForms = {
    Form{"zone", "worker.zone 'Europe/Berlin'"},
    Form{"window", "worker.window 'night' { from = '22:00', to = '07:00' }"},
    Form{"dates", "worker.dates 'holidays' { '2026-12-24 .. 2027-01-02' }"},
    Form{"accept_during", "worker.accept_during { 'night' }"},
    Form{"game", "worker.game 'ember-*' { max_vram = '10GiB' }"},
    Form{"pause_when", "worker.pause_when 'artist' { apps = { 'maya*' } }"},
    Form{"vram", "worker.vram { keep_free = '2GiB' }"},
    Form{"log_to", "worker.log_to 'file:jobs.jsonl' { about = 'job' }"},
    Form{"on", "worker.on('offer', function(offer) ... end)"},
};

/// Of the declaration "worker.window". Requires: it is one.
constexpr std::string_view example_of(std::string_view declaration) {
  for (const Form& form : kForms) {
    if (declaration.substr(declaration.find('.') + 1) == form.name) return form.example;
  }
  return {};
}

/// What a hook of an event gets and gives; in the order of HookEvent.
struct Event {
  std::string_view name;
  std::string_view parameters;
  std::string_view returns;
};
inline constexpr std::array<Event, kHookEventNames.size()> kEvents = {
    Event{kHookEventNames[0], "offer: worker.Offer", "worker.Verdict?"},
    Event{kHookEventNames[1], "machine: worker.Machine, gpus: worker.Gpu[]", "worker.Pausing?"},
    Event{kHookEventNames[2], "gpu: worker.Gpu", "(number|worker.Size)?, string?"},
    Event{kHookEventNames[3], "record: worker.Record", ""},
};

}  // namespace policy::names
