#include <iostream>
#include <stdexcept>

#include "hello.h"

int main() {
  try {
    if (hello::Hello().find("Bonjour, Cache!") == std::string::npos) {
      throw std::runtime_error("nobody greeted the cache");
    }
  } catch (const std::exception& error) {
    std::cerr << error.what() << "\n";
    return 1;
  }
}
