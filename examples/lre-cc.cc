// The smallest program that needs the toolchain's C++ library.
#include <iostream>

int main() { std::cout << "hello from local-remote-execution\n"; }
