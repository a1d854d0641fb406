#include "tally.h"

#include <iostream>
#include <sstream>
#include <stdexcept>

namespace {

bool expect(const std::string& expected, const std::string& found) {
  if (found == expected) return true;
  std::cerr << "expected `" << expected << "`, found `" << found << "`\n";
  return false;
}

std::string describe_or_error(const std::string& text) {
  std::istringstream lines(text);
  try {
    return describe(read_tally(lines));
  } catch (const std::runtime_error& error) {
    return error.what();
  }
}

}  // namespace

int main() {
  const bool counted = expect("here 1, the 3", describe_or_error("3 the\n1 here\n"));
  const bool refused = expect("tally.cc: expected `COUNT WORD`", describe_or_error("many words\n"));
  return counted && refused ? 0 : 1;
}
