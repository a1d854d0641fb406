// Does what its argument says, and each is wrong.
#include <climits>
#include <cstdio>
#include <string>
#include <thread>

int use_after_free() {
  int* freed = new int(1);
  delete freed;
  return *freed;
}

int overflow(int summand) { return INT_MAX - 1 + summand; }

int race() {
  int shared = 0;
  auto increment = [&] {
    for (int i = 0; i < 1000; ++i) ++shared;
  };
  std::thread other(increment);
  increment();
  other.join();
  return shared;
}

int main(int argc, char** argv) {
  std::string fault = argv[1];
  int result = fault == "heap-use-after-free" ? use_after_free() : fault == "signed integer overflow" ? overflow(argc) : race();
  std::printf("%s: nothing noticed it\n", argv[1]);
  return result == 0;
}
