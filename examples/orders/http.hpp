// The least of an HTTP server that an example needs: requests with a body of known length, one for
// each connection, on a few threads. A real service would use a library.
#pragma once
#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

namespace http {

struct request {
  std::string method;  ///< "GET"
  std::string path;    ///< "/orders/7", without the query, as it came
  std::string query, body;
};
struct response {
  int status = 200;
  std::string text;
};

/// Returns the fields of a query or a form: "customer=ann&cents=5".
std::map<std::string, std::string> fields(std::string_view text);
/// Returns the parts of a path between slashes, decoded.
std::vector<std::string> parts(std::string_view path);

/// Serves as long as it lives. `answer` is called from several threads at once, and must not throw.
class server {
 public:
  /// Listens on 127.0.0.1; port 0 means any that is free. Throws std::system_error.
  server(std::uint16_t port, unsigned threads, std::function<response(const request&)> answer);
  server(const server&) = delete;
  server& operator=(const server&) = delete;
  /// Takes no more connections, and answers those that it has.
  ~server();

  std::uint16_t port() const noexcept { return port_; }

 private:
  void serve() const;
  void answer_one(int connection) const;

  const std::function<response(const request&)> answer_;
  int listening_ = -1;
  std::uint16_t port_ = 0;
  std::vector<std::thread> threads_;
};

}  // namespace http
