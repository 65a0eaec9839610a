// What nearly every source includes, compiled once for each library and program of ours (meson's
// cpp_pch). It is only for speed: a source includes what it uses, and ./dev bench builds without.
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

#include <stet/stet.hpp>
