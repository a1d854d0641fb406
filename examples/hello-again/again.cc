// again LANGUAGE NAME: greets NAME twice.
#include <iostream>

#include "greeting.h"

int main(int argc, char** argv) {
  const std::string language = argc > 1 ? argv[1] : "en";
  const std::string name = argc > 2 ? argv[2] : "you";
  const std::string words = greeting::greet(language, name);
  std::cout << words << "\n" << words << ", again\n";
}
