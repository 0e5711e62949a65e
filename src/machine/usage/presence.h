#pragma once
// When somebody last used this computer: the X server's idle time and the terminals' last input.

#include <filesystem>
#include <memory>
#include <optional>
#include <string>

#include "base/clock.h"
#include "base/result.h"
#include "job/machine_facts.h"

namespace machine {

/// A connection to an X display, through the system's libxcb. Thread: one at a time.
class XDisplay {
 public:
  /// `name`: ":0", as in $DISPLAY. Errors: kNotFound without the library, kUnavailable otherwise.
  static base::Result<XDisplay> open(const std::string& name);
  XDisplay(XDisplay&&) noexcept;
  XDisplay& operator=(XDisplay&&) noexcept;
  ~XDisplay();

  /// Since the last key or movement of the pointer. Errors: the connection is lost, or the server does not tell.
  base::Result<base::Duration> idle() const;

 private:
  struct Library;
  explicit XDisplay(std::unique_ptr<Library> library);
  std::unique_ptr<Library> library_;
};

/// The surroundings of the process that decide where to look.
struct Session {
  std::filesystem::path root = "/";
  std::string display;  // $DISPLAY
  std::string type;     // $XDG_SESSION_TYPE
  static Session of_environment();
};

/// Reads again and again over one connection. Unknown when somebody may sit at a display that we cannot ask.
class Presence {
 public:
  explicit Presence(Session session) : session_(std::move(session)) {}
  job::Reading<base::Duration> read();

 private:
  base::Result<base::Duration> display_idle();

  Session session_;
  std::optional<XDisplay> display_;
};

}  // namespace machine
