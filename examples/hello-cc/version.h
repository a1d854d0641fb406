#pragma once

namespace hello {

constexpr int kVersion = 1;

}  // namespace hello
