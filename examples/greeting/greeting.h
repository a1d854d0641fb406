#pragma once

#include <string>

namespace greeting {

// "<phrase in `language`>, <who>!"; English for a language that is not known.
std::string Greet(const std::string& who, const std::string& language);

}  // namespace greeting
