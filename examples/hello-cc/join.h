#pragma once

#include <string>

// The elements of `parts`, with `separator` between them.
template <typename Parts>
std::string join(const Parts& parts, const std::string& separator) {
  std::string joined;
  for (const auto& part : parts) {
    if (!joined.empty()) joined += separator;
    joined += part;
  }
  return joined;
}
