// The system's errors.
//
// A function of this folder that can fail returns an error: the system's own number of it, or 0 if
// it succeeded. What else it gives comes through references, which a failure leaves as they were.
#pragma once
#include <string>
#include <system_error>

namespace stet { inline namespace v0 { namespace port {

/// Of the system's numbers.
const std::error_category& error_category() noexcept;
/// The system's words for an error.
inline std::string text_of(int error) { return error_category().message(error); }

/// There is no room: on the disk, in a quota, in the longest file.
bool is_no_room(int error) noexcept;
/// Nothing has this name, or what should be a directory on the way to it is none.
bool is_missing(int error) noexcept;
/// It exists already.
bool is_taken(int error) noexcept;
/// The name is a symbolic link's, and none is followed.
bool is_link(int error) noexcept;
/// It may not be written.
bool is_denied(int error) noexcept;

}  // namespace port
}  // namespace v0
}  // namespace stet
