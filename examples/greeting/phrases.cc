#include "phrases.h"

#include <map>

namespace greeting {

std::string Phrase(const std::string& language) {
  static const std::map<std::string, std::string> phrases = {
      {"de", "Hallo"}, {"en", "Hello"}, {"fr", "Bonjour"}, {"nl", "Hallo"}};
  const auto found = phrases.find(language);
  return found == phrases.end() ? phrases.at("en") : found->second;
}

}  // namespace greeting
