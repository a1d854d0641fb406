// Prints how it was compiled.
#include <cstdio>

int main() {
#ifdef __OPTIMIZE__
  const char* code = "optimised";
#else
  const char* code = "not optimised";
#endif
#ifdef NDEBUG
  const char* assertions = "no assertions";
#else
  const char* assertions = "assertions";
#endif
#if defined __PIE__
  const char* position = "position-independent program";
#elif defined __PIC__
  const char* position = "position-independent code";
#else
  const char* position = "position-dependent";
#endif
  std::printf("%s, %s, %s", code, assertions, position);
}
