#include <iostream>

#include "hello.h"

int main() { std::cout << hello::Hello(); }
