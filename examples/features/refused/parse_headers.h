// Needs a header that it does not include: it compiles only after another one.
#pragma once

inline std::string name() { return "parse_headers"; }
