// The transcript that the build made of `hello` starts with the greetings.
#include <fstream>
#include <iostream>
#include <string>

#include "greeting.h"

int main() {
  std::ifstream transcript("transcript.txt");
  for (const std::string& expected : greeting::greet_in_all_languages("world")) {
    std::string line;
    std::getline(transcript, line);
    if (line != expected) {
      std::cerr << "expected `" << expected << "`, found `" << line << "`\n";
      return 1;
    }
  }
  std::string description;
  std::getline(transcript, description);
  if (description == "same 3, the 3, words 3") return 0;
  std::cerr << "unexpected: " << description << "\n";
  return 1;
}
