// Includes what its target depends on.
#pragma once

#include "mean.h"

inline int indirect() { return mean(1, 3); }
