#pragma once

#include <string>
#include <vector>

namespace hello {

struct Guest {
  std::string name;
  std::string language;
};

// Everybody who is to be greeted, sorted by name.
std::vector<Guest> Guests();

}  // namespace hello
