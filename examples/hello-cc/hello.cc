#include "hello.h"

#include <sstream>

#include "greeting.h"
#include "guests.h"
#include "version.h"

namespace hello {

std::string Hello() {
  std::ostringstream lines;
  for (const Guest& guest : Guests()) {
    lines << greeting::Greet(guest.name, guest.language) << " (version " << kVersion << ", "
          << __FILE__ << ")\n";
  }
  return lines.str();
}

}  // namespace hello
