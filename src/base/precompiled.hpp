// What nearly every source of the lower layers includes (base to journal), compiled once for each
// library (meson's cpp_pch). It has no header that a verb of the client is in, so that a changed
// verb compiles none of them anew. It is only for speed: a source includes what it uses, and
// ./dev bench builds without.
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
