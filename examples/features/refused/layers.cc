// Includes a header of a library that its target does not depend on, but has through another one.
#include "mean.h"
#include "refused/indirect.h"

int layers() { return mean(1, indirect()); }
