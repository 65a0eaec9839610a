// Names from the conformance suite for our other tests of stores.
#pragma once
#include "backends/conformance/words.hpp"

namespace stet_conformance {

using stet::conformance::all_of;
using stet::conformance::batch_of;
using stet::conformance::error_of;
using stet::conformance::fails_as;
using stet::conformance::model;
using stet::conformance::pairs;
using stet::conformance::put;
using stet::conformance::refused_as;
using stet::conformance::scanned;

}  // namespace stet_conformance
