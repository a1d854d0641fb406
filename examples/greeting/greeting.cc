#include "greeting.h"

#include "catalog.h"

namespace greeting {

std::string greet(const std::string& language, const std::string& name) {
  const Catalog& words = catalog();
  auto word = words.find(language);
  return (word == words.end() ? words.at("en") : word->second) + ", " + name;
}

std::vector<std::string> greet_in_all_languages(const std::string& name) {
  std::vector<std::string> greetings;
  for (const auto& entry : catalog()) {
    greetings.push_back(entry.second + ", " + name);
  }
  return greetings;
}

}  // namespace greeting
