#include "engine/services/failures.hpp"

#include <stet/store.hpp>

#include "base/ensure.hpp"
#include "base/shown.hpp"
#include "base/users_exception.hpp"

namespace stet { inline namespace v0 { namespace detail {

bool is_of_one_run(const error& e) noexcept {
  bool damaged = e.code() == errc::payload || e.code() == errc::corrupt;
  return damaged && dynamic_cast<const store_error*>(&e) == nullptr;
}

unreadable_run::unreadable_run(run_number number, std::string_view id)
    : error(errc::corrupt, id,
            "the run " + shown(id) + " is there (its number is " + std::to_string(number.value()) +
                "), but its snapshot can't be read: restore it from a copy and open the store "
                "again, or give the run up with admin::erase"),
      run_(number) {}
error unreadable_history(const run_state& s, const char* why) {
  return {errc::corrupt, s.id, "the history of the run '" + s.id + "' can't be read: " + why};
}

std::exception_ptr as_error(std::exception_ptr e) noexcept {
  try {
    std::rethrow_exception(e);
  } catch (const broken_invariant& broken) {
    return to_exception([&] {
      return error(
          errc::internal, "engine",
          std::string("a rule that Stet must keep is broken: ") + broken.what() +
              "; the engine stopped, and nothing was written after it. Please report this");
    });
  } catch (const malformed& damage) {
    return to_exception([&] {
      return error(errc::corrupt, "engine",
                   std::string("something that the store holds can't be read: ") + damage.what());
    });
  } catch (const users_exception& of_user) { return of_user.thrown(); } catch (...) {
    return e;
  }
}

std::exception_ptr own_copy(const std::exception_ptr& e) {
  if (!e) return e;
  try {
    std::rethrow_exception(e);
  } catch (const store_error& x) { return std::make_exception_ptr(x); } catch (const error& x) {
    return std::make_exception_ptr(x);
  } catch (...) { return e; }
}

}  // namespace detail
}}  // namespace stet::v0
