// Calls the library a thousand times, never with a negative number. Small headers, because much is built of this file.
#include <cstdio>

#include "mean.h"

int main() {
  long sum = 0;
  for (int i = 0; i < 1000; ++i) {
    sum += mean(i, 3 * i);
  }
  try {
    throw sum;
  } catch (long thrown) {
    std::printf("sum %ld\n", thrown);
  }
}
