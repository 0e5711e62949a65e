#include "machine/usage/presence.h"

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <cstdlib>
#include <dlfcn.h>
#include <optional>
#include <sys/stat.h>
#include <sys/uio.h>
#include <system_error>
#include <utility>

namespace machine {
namespace {

namespace fs = std::filesystem;

// The library's own types, by its published layout.
struct Connection;
struct Extension {
  const char* name;
  int global_id;
};
struct ProtocolRequest {
  std::size_t count;
  Extension* extension;
  std::uint8_t opcode;
  std::uint8_t is_void;
};
struct ScreenIterator {
  const std::uint32_t* screen;  // begins with its root window
  int left;
  int index;
};
constexpr int kChecked = 1;

/// MIT-SCREEN-SAVER, version 1.0: QueryInfo.
constexpr std::uint8_t kQueryInfo = 1;
struct QueryInfo {
  std::uint8_t major = 0;  // filled in by the library
  std::uint8_t minor = kQueryInfo;
  std::uint16_t length = 0;
  std::uint32_t drawable = 0;
};
struct Info {
  std::uint8_t type;
  std::uint8_t state;
  std::uint16_t sequence;
  std::uint32_t length;
  std::uint32_t saver_window;
  std::uint32_t until_saver;  // ms
  std::uint32_t idle;         // ms
};

struct CloseLibrary {
  void operator()(void* handle) const { ::dlclose(handle); }
};

base::Error unavailable(std::string message) {
  return {base::Code::kUnavailable, std::move(message)};
}

/// Reading from a terminal moves its access time, in steps of eight seconds.
void add_terminal(const fs::path& device, std::optional<base::WallTime>& last) {
  struct ::stat info {};
  if (::stat(device.c_str(), &info) != 0 || !S_ISCHR(info.st_mode)) return;
  const auto read = base::WallTime(std::chrono::seconds(info.st_atim.tv_sec));
  if (!last || read > *last) last = read;
}

std::optional<base::WallTime> last_terminal_input(const fs::path& root) {
  std::optional<base::WallTime> last;
  std::error_code failure;
  for (const auto& entry : fs::directory_iterator(root / "dev/pts", failure)) {
    if (entry.path().filename() != "ptmx") add_terminal(entry.path(), last);
  }
  for (int console = 1; console <= 6; ++console) {
    add_terminal(root / ("dev/tty" + std::to_string(console)), last);
  }
  return last;
}

bool has_entry(const fs::path& folder, std::string_view prefix) {
  std::error_code failure;
  for (const auto& entry : fs::directory_iterator(folder, failure)) {
    if (entry.path().filename().string().starts_with(prefix)) return true;
  }
  return false;
}

bool has_wayland(const fs::path& root) {
  std::error_code failure;
  for (const auto& user : fs::directory_iterator(root / "run/user", failure)) {
    if (has_entry(user.path(), "wayland-")) return true;
  }
  return false;
}

}  // namespace

struct XDisplay::Library {
  std::unique_ptr<void, CloseLibrary> handle;
  Connection* connection = nullptr;
  std::uint32_t root = 0;
  Extension extension{"MIT-SCREEN-SAVER", 0};
  Connection* (*connect)(const char*, int*) = nullptr;
  void (*disconnect)(Connection*) = nullptr;
  int (*has_error)(Connection*) = nullptr;
  const void* (*get_setup)(Connection*) = nullptr;
  ScreenIterator (*roots)(const void*) = nullptr;
  unsigned int (*send)(Connection*, int, ::iovec*, const ProtocolRequest*) = nullptr;
  void* (*wait_for_reply)(Connection*, unsigned int, void**) = nullptr;

  ~Library() {
    if (connection != nullptr) disconnect(connection);
  }

  template <class Function>
  bool find(Function*& function, const char* symbol) {
    function = reinterpret_cast<Function*>(::dlsym(handle.get(), symbol));
    return function != nullptr;
  }
  bool find_all() {
    return find(connect, "xcb_connect") && find(disconnect, "xcb_disconnect") &&
           find(has_error, "xcb_connection_has_error") && find(get_setup, "xcb_get_setup") &&
           find(roots, "xcb_setup_roots_iterator") && find(send, "xcb_send_request") &&
           find(wait_for_reply, "xcb_wait_for_reply");
  }
};

XDisplay::XDisplay(std::unique_ptr<Library> library) : library_(std::move(library)) {}
XDisplay::XDisplay(XDisplay&&) noexcept = default;
XDisplay& XDisplay::operator=(XDisplay&&) noexcept = default;
XDisplay::~XDisplay() = default;

base::Result<XDisplay> XDisplay::open(const std::string& name) {
  auto library = std::make_unique<Library>();
  library->handle.reset(::dlopen("libxcb.so.1", RTLD_NOW | RTLD_LOCAL));
  if (!library->handle || !library->find_all()) {
    return base::Error{base::Code::kNotFound, "libxcb.so.1 is not installed"};
  }
  library->connection = library->connect(name.c_str(), nullptr);
  if (library->has_error(library->connection) != 0) {
    return unavailable("the X display " + name + " lets us not in (is XAUTHORITY set?)");
  }
  const auto screen = library->roots(library->get_setup(library->connection));
  if (screen.left < 1) return unavailable("the X display " + name + " has no screen");
  library->root = *screen.screen;
  return XDisplay(std::move(library));
}

base::Result<base::Duration> XDisplay::idle() const {
  QueryInfo query{.drawable = library_->root};
  // The library writes the header itself, and wants two free places in front for that.
  ::iovec parts[4] = {{}, {}, {&query, sizeof query}, {nullptr, 0}};
  const ProtocolRequest request{2, &library_->extension, kQueryInfo, 0};
  const auto sequence = library_->send(library_->connection, kChecked, &parts[2], &request);
  void* error = nullptr;
  const std::unique_ptr<void, decltype(&std::free)> reply(
      library_->wait_for_reply(library_->connection, sequence, &error), &std::free);
  const std::unique_ptr<void, decltype(&std::free)> owned_error(error, &std::free);
  if (library_->has_error(library_->connection) != 0) return unavailable("the X display is gone");
  if (!reply) return unavailable("the X display does not tell when it was last used");
  return std::chrono::milliseconds(static_cast<const Info*>(reply.get())->idle);
}

Session Session::of_environment() {
  const auto variable = [](const char* name) {
    const char* value = std::getenv(name);
    return std::string(value != nullptr ? value : "");
  };
  return {.display = variable("DISPLAY"), .type = variable("XDG_SESSION_TYPE")};
}

base::Result<base::Duration> Presence::display_idle() {
  if (!display_) {
    TRY(auto display, XDisplay::open(session_.display));
    display_ = std::move(display);
  }
  auto idle = display_->idle();
  if (!idle) display_.reset();
  return idle;
}

job::Reading<base::Duration> Presence::read() {
  job::Reading<base::Duration> reading;
  if (session_.type == "wayland" || (session_.display.empty() && has_wayland(session_.root))) {
    reading.source = "Wayland does not tell it";
    return reading;
  }
  if (session_.display.empty() && has_entry(session_.root / "tmp/.X11-unix", "X")) {
    reading.source = "there is an X display, and DISPLAY is not set for the worker";
    return reading;
  }
  const auto terminal = last_terminal_input(session_.root);
  const auto now = std::chrono::system_clock::now();
  auto idle = base::Duration::max();
  if (terminal) idle = std::max<base::Duration>(now - *terminal, base::Duration::zero());
  reading.source = "terminals";
  if (!session_.display.empty()) {
    const auto display = display_idle();
    if (!display) {
      reading.source = display.error().message;
      return reading;
    }
    idle = std::min(idle, *display);
    reading.source = "X display " + session_.display + " and terminals";
  }
  reading.value = idle;
  return reading;
}

}  // namespace machine
