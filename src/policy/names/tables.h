#pragma once
// The keys of the tables that a policy writes.

#include "policy/names/name.h"

namespace policy::names {

inline constexpr std::array kWindowKeys = {
    Name{"days", "worker.Days|worker.Days[]", "on which it starts; without it every day"},
    Name{"from", "worker.DayTime", "when it starts"},
    Name{"to", "worker.DayTime", "when it ends, on a later day if need be"},
    Name{"lasts", "worker.Span", "its length, in place of an end; at most 7d"},
    Name{"all_day", "boolean", "whole days, in place of times"},
};

inline constexpr std::array kAcceptDuringKeys = {
    Name{"except", "worker.Name|worker.Name[]", "windows whose time is taken away, dates on which nothing starts"},
    Name{"finish_before_end", "worker.Span", "no new job in this last stretch of a window; at most 24h"},
};

inline constexpr std::array kGameKeys = {
    Name{"accept", "boolean", "false declines; true is the default"},
    Name{"kinds", "worker.Kind|worker.Kind[]", "only these kinds of jobs"},
    Name{"models", "worker.Pattern|worker.Pattern[]", "only these models"},
    Name{"max_vram", "worker.Size", "declines what needs more"},
    Name{"max_time", "worker.Span", "ends a job that runs for longer"},
    Name{"quota", "worker.Quota", "how much of this machine the games of this entry have in a period"},
    Name{"reason", "string", "what the studio is told when this entry declines"},
};

inline constexpr std::array kQuotaKeys = {
    Name{"jobs", "integer", "at most so many, from 1 on"},
    Name{"gpu_time", "worker.Span", "at most so much time of the engines"},
    Name{"per", "worker.Period", "the period over which it counts", {}, true},
};

inline constexpr std::array kPauseWhenKeys = {
    Name{"apps", "worker.Pattern|worker.Pattern[]", "one of these programs runs"},
    Name{"foreign_gpu", "true|worker.ForeignGpu", "programs that are not ours hold memory of a card"},
    Name{"user_active_within", "worker.Span", "somebody used this computer"},
    Name{"on_battery", "boolean", "the power supply"},
    Name{"hotter_than", "worker.Temperature", "of any card"},
    Name{"during", "worker.Name|worker.Name[]", "only inside of these windows or dates"},
    Name{"unless", "worker.Name|worker.Name[]", "only outside of these windows or dates"},
    Name{"gpus", "integer|integer[]", "the cards that foreign_gpu and hotter_than look at; without it all"},
    Name{"action", "worker.Action", "'finish' is the default"},
    Name{"release_vram", "boolean", "engines without a job end; 'suspend' becomes 'return'"},
    Name{"start_after", "worker.Span", "begins late; at most 24h"},
    Name{"resume_after", "worker.Span", "ends late; at most 24h"},
    Name{"if_unknown", "worker.Answer", "what cannot be measured pauses, unless this is 'ignore'"},
};

inline constexpr std::array kForeignGpuKeys = {
    Name{"min_vram", "worker.Size", "together, from this on"},
    Name{"ignore", "worker.Pattern|worker.Pattern[]", "programs that do not count"},
};

inline constexpr std::array kVramKeys = {
    Name{"keep_free", "worker.Size", "stays free"},
    Name{"at_most", "worker.Share", "for jobs"},
    Name{"during", "worker.Name", "only inside of this window or these dates"},
    Name{"gpus", "integer|integer[]", "the cards that it bounds, together; without it all"},
};

inline constexpr std::array kLogToKeys = {
    Name{"level", "worker.Level", "and above; without it what log_level lets through"},
    Name{"about", "'job'|worker.Category|('job'|worker.Category)[]", "only these records; 'job': all that name a job"},
    Name{"game", "worker.Pattern", "only records of this game"},
    Name{"format", "worker.Format", "of the console or of a file"},
    Name{"keep", "worker.Span", "of a file: older parts are removed"},
    Name{"max_size", "worker.Size", "of a file: all parts together"},
    Name{"at_most", "worker.Rate", "the rest is counted"},
    Name{"stop", "boolean", "no later entry is asked"},
};

/// Of `worker.pause` in a hook.
inline constexpr std::array kPauseKeys = {
    Name{"reason", "string", "shown to everybody who asks why", {}, true},
    Name{"action", "worker.Action", "'finish' is the default"},
    Name{"release_vram", "boolean", "engines without a job end; 'suspend' becomes 'return'"},
};

/// Of `worker.used` in a hook.
inline constexpr std::array kUsedKeys = {
    Name{"game", "worker.Pattern", "whose use", {}, true},
    Name{"per", "worker.Period", "in which period", {}, true},
};

}  // namespace policy::names
