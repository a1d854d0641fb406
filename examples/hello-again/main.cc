#include <iostream>

#include "greeting.h"

int main() { std::cout << greeting::Greet("again", "nl") << "\n"; }
