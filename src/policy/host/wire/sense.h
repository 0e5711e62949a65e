#pragma once
// The records of `pause` and `budget` hooks inside a frame: facts of the machine there, pauses and bounds back.

#include "policy/host/protocol.h"
#include "policy/host/wire.h"

namespace policy::host {

void write_sense(Writer& out, const job::MachineFacts& facts);
job::MachineFacts read_sense(Reader& in);
void write_sensed(Writer& out, const Sensed& sensed);
Sensed read_sensed(Reader& in);

}  // namespace policy::host
