// Has no warning of its own; without `external_include_paths` the header's counts.
#include "noisy.h"

int warned() { return answer(); }
