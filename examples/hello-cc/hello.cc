// hello NAME <TALLY: greets NAME in every language, then describes the tally.
#include <iostream>

#include "greeting.h"
#include "tally.h"

int main(int argc, char** argv) {
  const std::string name = argc > 1 ? argv[1] : "you";
  for (const std::string& line : greeting::greet_in_all_languages(name)) {
    std::cout << line << "\n";
  }
  std::cout << describe(read_tally(std::cin)) << "\n";
}
