#include "catalog.h"

namespace greeting {

const Catalog& catalog() {
  static const Catalog words = {
#include "words.inc"
  };
  return words;
}

}  // namespace greeting
