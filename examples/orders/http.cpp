#include "http.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include <cerrno>
#include <charconv>
#include <system_error>
#include <utility>

namespace http {
namespace {

constexpr std::size_t bytes_max = 64 << 10;  // of a request

/// Decodes %41 and +.
std::string decoded(std::string_view text, bool is_form) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    unsigned char byte = 0;
    auto* from = text.data() + i + 1;
    const bool is_code = text[i] == '%' && i + 2 < text.size() &&
                         std::from_chars(from, from + 2, byte, 16).ptr == from + 2;
    out += is_code ? static_cast<char>(byte) : is_form && text[i] == '+' ? ' ' : text[i];
    if (is_code) i += 2;
  }
  return out;
}

/// Takes the text before `end` off the front of `rest`.
std::string_view take_until(std::string_view& rest, std::string_view end) {
  auto at = rest.find(end);
  auto taken = rest.substr(0, at);
  rest.remove_prefix(at == rest.npos ? rest.size() : at + end.size());
  return taken;
}

/// Returns the length that the header names, 0 if it names none.
std::size_t length_of_body(std::string_view header) {
  while (!header.empty()) {
    auto line = take_until(header, "\r\n");
    std::string name;
    for (char c : take_until(line, ":"))
      name += c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
    if (name != "content-length") continue;
    while (line.starts_with(' ')) line.remove_prefix(1);
    std::size_t n = 0;
    auto r = std::from_chars(line.data(), line.data() + line.size(), n);
    return r.ec == std::errc() ? n : bytes_max + 1;
  }
  return 0;
}

/// Reads a whole request. Returns false if the other side sends none.
bool read(int connection, request& r) {
  std::string got;
  std::size_t whole = std::string::npos;
  while (got.size() < whole) {
    char bytes[4096];
    auto n = ::recv(connection, bytes, sizeof bytes, 0);
    if (n <= 0) return false;
    got.append(bytes, static_cast<std::size_t>(n));
    auto end = got.find("\r\n\r\n");
    if (end != std::string::npos) whole = end + 4 + length_of_body(got.substr(0, end));
    if (got.size() > bytes_max || (whole != std::string::npos && whole > bytes_max)) return false;
  }
  std::string_view rest = got;
  r.method = take_until(rest, " ");
  auto target = take_until(rest, " ");
  r.path = take_until(target, "?");
  r.query = target;
  (void)take_until(rest, "\r\n\r\n");
  r.body = rest;
  return true;
}

void write(int connection, std::string_view bytes) {
  while (!bytes.empty()) {
    auto n = ::send(connection, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (n <= 0) return;
    bytes.remove_prefix(static_cast<std::size_t>(n));
  }
}

[[noreturn]] void fail(const char* what) {
  throw std::system_error(errno, std::generic_category(), what);
}

}  // namespace

std::map<std::string, std::string> fields(std::string_view text) {
  std::map<std::string, std::string> all;
  while (!text.empty()) {
    auto field = take_until(text, "&");
    auto name = take_until(field, "=");
    all[decoded(name, true)] = decoded(field, true);
  }
  return all;
}
std::vector<std::string> parts(std::string_view path) {
  std::vector<std::string> all;
  if (path.starts_with('/')) path.remove_prefix(1);
  while (!path.empty()) all.push_back(decoded(take_until(path, "/"), false));
  return all;
}

server::server(std::uint16_t port, unsigned threads, std::function<response(const request&)> answer)
    : answer_(std::move(answer)) {
  listening_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (listening_ < 0) fail("socket");
  const int yes = 1;
  ::setsockopt(listening_, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
  sockaddr_in at{};
  at.sin_family = AF_INET;
  at.sin_port = htons(port);
  at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof at;
  auto* address = reinterpret_cast<sockaddr*>(&at);
  if (::bind(listening_, address, size) != 0) fail("bind");
  if (::listen(listening_, 128) != 0) fail("listen");
  if (::getsockname(listening_, address, &size) != 0) fail("getsockname");
  port_ = ntohs(at.sin_port);
  for (unsigned i = 0; i < threads; ++i) threads_.emplace_back([this] { serve(); });
}

server::~server() {
  ::shutdown(listening_, SHUT_RDWR);  // every accept() ends
  for (auto& t : threads_) t.join();
  ::close(listening_);
}

void server::serve() const {
  for (;;) {
    const int connection = ::accept4(listening_, nullptr, nullptr, SOCK_CLOEXEC);
    if (connection < 0) {
      if (errno == EINTR || errno == ECONNABORTED) continue;
      return;
    }
    const timeval patience{.tv_sec = 5, .tv_usec = 0};
    ::setsockopt(connection, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    answer_one(connection);
    ::close(connection);
  }
}

void server::answer_one(int connection) const {
  request r;
  if (!read(connection, r)) return;
  const auto said = answer_(r);
  write(connection, "HTTP/1.1 " + std::to_string(said.status) +
                        " -\r\nConnection: close\r\nContent-Type: text/plain\r\nContent-Length: " +
                        std::to_string(said.text.size()) + "\r\n\r\n" + said.text);
}

}  // namespace http
