#pragma once
// The synthetic answers of the kinds whose result is JSON.

#include <span>
#include <string_view>

#include <boost/json.hpp>

#include "pictures/decode.h"

namespace synthetic {

/// `messages` are objects with the texts "role" and "content", as the task check guarantees.
boost::json::value chat_reply(const boost::json::array& messages, std::span<const pictures::Facts> pictures);

/// Words between white space, as Unicode defines it.
std::size_t count_words(std::string_view text);

boost::json::value transcript(std::string_view input_url, std::string_view language);

}  // namespace synthetic
