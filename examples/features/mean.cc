#include "mean.h"

#include <cstdio>

__attribute__((noinline)) int complain(int number) {
  std::printf("negative: %d\n", number);
  return 0;
}

int mean(int a, int b) {
  if (a < 0 || b < 0) {
    return complain(a < 0 ? a : b);
  }
  return a + (b - a) / 2;
}
