#pragma once
// Result<T>: a value or an Error. Expected failures travel in it; bugs go to STUDIO_ASSERT.

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

#include <tl/expected.hpp>

namespace base {

/// What the caller can do about a failure; the message says what happened.
enum class Code : std::uint8_t {
  kInvalid,       // the input is wrong; trying again with it will not help
  kNotFound,      // the thing named does not exist
  kRejected,      // the other side understood and refused (HTTP 4xx, protocol refusal)
  kUnauthorized,  // credentials are missing or not accepted
  kConflict,      // somebody else holds it (lock, HTTP 409)
  kUnavailable,   // not now; trying again later may work (network, HTTP 5xx, busy)
  kTimeout,       // a deadline passed
  kCancelled,     // the caller asked for the end
  kCorrupt,       // stored data does not check out
  kExhausted,     // disk, memory or a limit is used up
  kInternal,      // ours: report it
};

std::string_view to_string(Code code);

struct Error {
  Code code = Code::kInternal;
  std::string message;

  /// The same error with the place in front: "reading config.toml: <message>".
  Error within(std::string_view place) && {
    message = std::string(place) + ": " + message;
    return std::move(*this);
  }
};

template <class T>
class [[nodiscard]] Result : public tl::expected<T, Error> {
 public:
  using tl::expected<T, Error>::expected;
  Result(Error error) : tl::expected<T, Error>(tl::unexpect, std::move(error)) {}  // NOLINT: implicit on purpose
};

using Status = Result<void>;

[[noreturn]] void assertion_failed(const char* expression, const char* file, int line);

}  // namespace base

/// A broken invariant of our own. Always on; never for bad input.
#define STUDIO_ASSERT(condition) \
  ((condition) ? static_cast<void>(0) : ::base::assertion_failed(#condition, __FILE__, __LINE__))

#define STUDIO_CONCAT_INNER(a, b) a##b
#define STUDIO_CONCAT(a, b) STUDIO_CONCAT_INNER(a, b)

#define STUDIO_TRY_IMPL(result, declaration, expression, ret) \
  auto result = (expression);                                 \
  if (!result) ret std::move(result).error();                 \
  declaration = std::move(*result)

/// TRY(auto value, might_fail()); returns the error to the caller.
#define TRY(declaration, expression) \
  STUDIO_TRY_IMPL(STUDIO_CONCAT(try_result_, __LINE__), declaration, expression, return )
/// The same inside a coroutine. The expression may be one co_await.
#define CO_TRY(declaration, expression) \
  STUDIO_TRY_IMPL(STUDIO_CONCAT(try_result_, __LINE__), declaration, expression, co_return )
/// For a Status: CHECK_OK(write_it());
#define CHECK_OK(expression)                                                      \
  do {                                                                            \
    if (auto status_ = (expression); !status_) return std::move(status_).error(); \
  } while (false)
#define CO_CHECK_OK(expression)                                                      \
  do {                                                                               \
    if (auto status_ = (expression); !status_) co_return std::move(status_).error(); \
  } while (false)
