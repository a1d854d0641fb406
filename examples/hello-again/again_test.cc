#include <iostream>

#include "greeting.h"

int main() {
  const std::string words = greeting::greet("sv", "Ada");
  if (words == "hej, Ada") return 0;
  std::cerr << "unexpected: " << words << "\n";
  return 1;
}
