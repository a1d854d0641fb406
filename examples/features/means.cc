// Calls the library a thousand times, never with a negative number.
#include <iostream>

#include "mean.h"

int main() {
  long sum = 0;
  for (int i = 0; i < 1000; ++i) {
    sum += mean(i, 3 * i);
  }
  std::cout << "sum " << sum << "\n";
}
