#pragma once

#include <string>

namespace greeting {

// How people of a language say hello; in English for a language that is not known.
std::string Phrase(const std::string& language);

}  // namespace greeting
