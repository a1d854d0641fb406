// Does what its argument says, and each is wrong.
#include <pthread.h>

#include <climits>
#include <cstdio>
#include <cstring>

int heap_use_after_free() {
  int* freed = new int(1);
  delete freed;
  return *freed;
}

int signed_integer_overflow(int summand) { return INT_MAX - 1 + summand; }

int shared = 0;

void* increment(void*) {
  for (int i = 0; i < 1000; ++i) ++shared;
  return nullptr;
}

int data_race() {
  pthread_t other;
  pthread_create(&other, nullptr, increment, nullptr);
  increment(nullptr);
  pthread_join(other, nullptr);
  return shared;
}

int main(int argc, char** argv) {
  const char* fault = argv[1];
  int result = std::strcmp(fault, "heap-use-after-free") == 0       ? heap_use_after_free()
               : std::strcmp(fault, "signed integer overflow") == 0 ? signed_integer_overflow(argc)
                                                                    : data_race();
  std::printf("%s: nothing noticed it\n", fault);
  return result == 0;
}
