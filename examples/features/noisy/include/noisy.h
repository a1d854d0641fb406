// Has a warning that `-Wall` shows: a variable that nothing uses.
#pragma once

inline int answer() {
  int unused;
  return 42;
}
