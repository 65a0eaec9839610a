// Errors of the system, as numbers, and their meaning.
//
// A function of this folder that can fail returns an error: the system's own error number, or 0 if
// it succeeded. Other results come through references, which a failure leaves as they were.
#pragma once
#include <string>
#include <system_error>

namespace stet { inline namespace v0 { namespace port {

/// The category of the system's error numbers.
const std::error_category& error_category() noexcept;
/// The system's text for an error.
inline std::string text_of(int error) { return error_category().message(error); }

/// Returns true if there is no room: on the disk, in a quota, in the longest file.
bool is_no_room(int error) noexcept;
/// Returns true if nothing has this name, or if a part of the path isn't a directory.
bool is_missing(int error) noexcept;
/// Returns true if the name exists already.
bool is_taken(int error) noexcept;
/// Returns true if the name is a symbolic link's, which isn't followed.
bool is_link(int error) noexcept;
/// Returns true if it may not be written.
bool is_denied(int error) noexcept;

}  // namespace port
}  // namespace v0
}  // namespace stet
