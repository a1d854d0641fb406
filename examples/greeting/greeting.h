#pragma once

#include <string>
#include <vector>

namespace greeting {

// "hello, world" for ("en", "world"). An unknown language is greeted in English.
std::string greet(const std::string& language, const std::string& name);

// One greeting in each language, in the order of their codes.
std::vector<std::string> greet_in_all_languages(const std::string& name);

}  // namespace greeting
