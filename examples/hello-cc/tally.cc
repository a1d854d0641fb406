#include "tally.h"

#include <stdexcept>
#include <vector>

#include "join.h"

Tally read_tally(std::istream& input) {
  Tally tally;
  int count = 0;
  std::string word;
  while (input >> count >> word) tally[word] += count;
  if (!input.eof()) throw std::runtime_error(std::string(__FILE__) + ": expected `COUNT WORD`");
  return tally;
}

std::string describe(const Tally& tally) {
  std::vector<std::string> parts;
  for (const auto& entry : tally) {
    parts.push_back(entry.first + " " + std::to_string(entry.second));
  }
  return join(parts, ", ");
}
