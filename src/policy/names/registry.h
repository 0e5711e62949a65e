#pragma once
// The whole registry: every table that a policy writes or reads, under the name of its type in the editor.

#include "policy/names/facts.h"
#include "policy/names/functions.h"
#include "policy/names/library.h"
#include "policy/names/tables.h"
#include "policy/names/tests.h"
#include "policy/names/units.h"
#include "policy/names/words.h"

namespace policy::names {

struct Class {
  std::string_view type;
  std::string_view doc;
  std::span<const Name> names;
  std::string_view positions = {};  // the type of its entries 1, 2, ...; empty: it has none
};

/// What a policy writes.
inline constexpr std::array kTables = {
    Class{"worker.Window", "worker.window 'name' { ... }", kWindowKeys},
    Class{"worker.AcceptDuring", "worker.accept_during { ... }", kAcceptDuringKeys, "worker.Name"},
    Class{"worker.Game", "worker.game 'pattern' { ... }", kGameKeys},
    Class{"worker.Quota", "quota = { ... }", kQuotaKeys},
    Class{"worker.PauseWhen", "worker.pause_when 'title' { ... }", kPauseWhenKeys},
    Class{"worker.ForeignGpu", "foreign_gpu = { ... }", kForeignGpuKeys},
    Class{"worker.Vram", "worker.vram { ... }", kVramKeys},
    Class{"worker.LogTo", "worker.log_to 'sink' { ... }", kLogToKeys},
    Class{"worker.Pause", "worker.pause { ... }", kPauseKeys},
    Class{"worker.Used", "worker.used { ... }", kUsedKeys},
};

/// What a hook gets. None of it can be changed, but the record of a log hook.
inline constexpr std::array kFacts = {
    Class{"worker.Offer", "what a hook of 'offer' is asked about", kOfferFacts},
    Class{"worker.Machine", "what the sensors say", kMachineFacts},
    Class{"worker.Gpu", "a card, as the sensors see it", kGpuFacts},
    Class{"worker.GpuProcess", "a program that holds memory of a card", kGpuProcessFacts},
    Class{"worker.Record", "a log record; what a hook writes into it is what goes on", kRecordFacts},
    Class{"worker.Use", "what games had of this machine", kUsedFacts},
};

/// What a test of a policy writes.
inline constexpr std::array kTestTables = {
    Class{"worker.TestOffer", "facts of an offer in a test; those that are not said have a default", kTestOfferKeys},
    Class{"worker.TestDone", "t:done { ... }", kTestDoneKeys},
    Class{"worker.TestMachine", "t:machine { ... }", kTestMachineKeys},
    Class{"worker.TestGpu", "t:gpu { ... }", kTestGpuKeys},
    Class{"worker.TestProgram", "foreign = { { ... } }", kTestProgramKeys},
    Class{"worker.TestRecord", "a log record in a test", kTestRecordKeys},
    Class{"worker.TestExpected", "the sinks that take it, and what it says then", kTestExpectedKeys, "string"},
};

}  // namespace policy::names
