#include <iostream>

int main() {
  std::cout << "Hello from the toolchain of local-remote-execution!\n";
}
