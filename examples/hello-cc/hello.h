#pragma once

#include <string>

namespace hello {

// One line for each guest.
std::string Hello();

}  // namespace hello
