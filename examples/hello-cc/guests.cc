#include "guests.h"

#include <algorithm>

namespace hello {

std::vector<Guest> Guests() {
  std::vector<Guest> guests = {{"Worker", "de"}, {"Laptop", "en"}, {"Cache", "fr"}};
  std::sort(guests.begin(), guests.end(),
            [](const Guest& a, const Guest& b) { return a.name < b.name; });
  return guests;
}

}  // namespace hello
