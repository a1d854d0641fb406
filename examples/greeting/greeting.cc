#include "greeting.h"

#include "phrases.h"

namespace greeting {

std::string Greet(const std::string& who, const std::string& language) {
  return Phrase(language) + ", " + who + "!";
}

}  // namespace greeting
