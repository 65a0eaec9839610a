// The headers that nearly every source of the lower layers (base to journal) includes, compiled
// once for each library (meson's cpp_pch). None of them has a verb of the client, so that a changed
// verb compiles none of these sources anew. This file is only for speed: a source includes what it
// uses, and ./dev bench builds without it.
#pragma once
#include <algorithm>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <deque>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <thread>
#include <unordered_map>
#include <utility>
#include <variant>
#include <vector>

#include <stet/attributes.hpp>
#include <stet/error.hpp>
#include <stet/store.hpp>
