#pragma once

#include <map>
#include <string>

namespace greeting {

// From a language's code to its word of greeting.
using Catalog = std::map<std::string, std::string>;

const Catalog& catalog();

}  // namespace greeting
