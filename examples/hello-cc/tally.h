#pragma once

#include <istream>
#include <map>
#include <string>

// How often each word occurs.
using Tally = std::map<std::string, int>;

// Reads lines of "COUNT WORD". Throws std::runtime_error at any other.
Tally read_tally(std::istream& input);

// "here 1, the 3"
std::string describe(const Tally& tally);
