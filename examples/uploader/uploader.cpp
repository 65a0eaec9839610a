// An app on a desktop uploads a file, however often the network goes, the clock is set and the app
// is closed. The engine has no thread of its own: the app's event loop drives it (manual mode), and
// the store is an SQLite file.
//
//     uploader [FILE]      the store; a new one in a temporary folder if not given
//
// Prints:
//   photo.jpg: part 1 of 6
//   photo.jpg: part 2 of 6
//   offline, and the user sets the clock back by an hour
//   photo.jpg: part 3 of 6
//   photo.jpg: part 4 of 6
//   offline, and the app is closed
//   the app is opened again
//   photo.jpg: part 5 of 6
//   photo.jpg: part 6 of 6
//   photo.jpg is uploaded: 6 parts, none of them twice
#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <exception>
#include <filesystem>
#include <map>
#include <stdexcept>
#include <stet/sqlite.hpp>
#include <stet/stet.hpp>
#include <string>

using namespace std::chrono_literals;

namespace {

inline constexpr stet::workflow<int(std::string, int)> Upload{"upload"};

/// The network: it takes a number of parts, then it is gone until it is given more.
struct {
  int parts_left = 0;
  bool was_missed = false;
  std::map<int, int> sent;  // how often, by part

  void send(const std::string& file, int part, int parts) {
    if (parts_left == 0) {
      was_missed = true;
      throw std::runtime_error("offline");
    }
    --parts_left;
    ++sent[part];
    std::printf("%s: part %d of %d\n", file.c_str(), part, parts);
  }
} network;

/// The body of the step. Each attempt goes on where the one before it stopped: a heartbeat says how
/// far that was. (A process that is killed between the two lines of the loop sends a part again. So
/// the server should know a part by its number.)
int send_parts(stet::step_context& s, const std::string& file, int parts) {
  int done = s.progress<int>().value_or(0);
  while (done < parts) {
    network.send(file, done + 1, parts);
    s.heartbeat(++done);
  }
  return done;
}

stet::task<int> upload(stet::context& ctx, std::string file, int parts) {
  const stet::step_options patient{.retry = {.initial_interval = 20ms, .max_interval = 1s}};
  co_return co_await ctx.step("send", patient, send_parts, file, parts);
}

/// The machine's clock, which the user may set. Lengths of time are measured by the uptime, so a
/// pause ends when it should.
class users_clock final : public stet::clock {
 public:
  stet::time_point wall() noexcept override { return stet::system_clock().wall() - back; }
  stet::duration steady() noexcept override { return stet::system_clock().steady(); }
  std::optional<stet::duration> uptime() noexcept override { return stet::system_clock().uptime(); }
  stet::duration resolution() noexcept override { return stet::system_clock().resolution(); }
  stet::duration back{};
};

class app {
 public:
  app(const std::string& path, users_clock& clock)
      : engine_(stet::sqlite::open(path), {.threads = 0, .resident_runs_max = 0, .clock = &clock}) {
    engine_.define(Upload, upload);
    engine_.start();  // goes on with what was under way
  }
  /// The event loop: it waits for events of the window (here there are none) and for the next time
  /// at which the engine has something to do. Returns when `is_over` holds.
  template <class F> void run(F is_over) {
    const auto late = std::chrono::steady_clock::now() + 60s;
    for (;;) {
      engine_.run_until_idle(50ms);
      if (is_over()) return;
      if (std::chrono::steady_clock::now() > late) throw std::runtime_error("it takes too long");
      // A length of time, which isn't wrong when the clock is set meanwhile.
      const auto wait =
          std::min<stet::duration>(engine_.time_to_next_wakeup().value_or(100ms), 100ms);
      ::poll(nullptr, 0, static_cast<int>(wait.count()));
    }
  }
  stet::run_handle<int> upload_once(const std::string& file, int parts) {
    return engine_.start(Upload, file, file, parts);  // the same id again: the same upload
  }

 private:
  stet::engine engine_;
};

void play(const std::string& path) {
  constexpr int parts = 6;
  const std::string file = "photo.jpg";
  users_clock clock;
  auto is_offline = [] { return network.was_missed && network.parts_left == 0; };
  auto is_back = [](int more) {
    network.parts_left = more;
    network.was_missed = false;
  };
  {
    app before(path, clock);
    before.upload_once(file, parts);
    is_back(2);
    before.run(is_offline);
    std::puts("offline, and the user sets the clock back by an hour");
    clock.back += 1h;
    is_back(2);
    before.run(is_offline);
    std::puts("offline, and the app is closed");
  }
  std::puts("the app is opened again");
  app after(path, clock);
  is_back(parts);
  auto run = after.upload_once(file, parts);
  after.run([&] { return run.status() == stet::status::completed; });
  const bool once = std::all_of(network.sent.begin(), network.sent.end(),
                                [](auto& one) { return one.second == 1; });
  std::printf("%s is uploaded: %d parts, %s\n", file.c_str(), run.result(),
              once ? "none of them twice" : "SOME OF THEM TWICE");
}

}  // namespace

int main(int count, char** arguments) try {
  namespace fs = std::filesystem;
  if (count > 1) {
    play(arguments[1]);
    return 0;
  }
  auto folder = (fs::temp_directory_path() / "stet-uploader.XXXXXX").string();
  if (!::mkdtemp(folder.data())) throw std::runtime_error("can't make a folder");
  play(folder + "/uploads");
  fs::remove_all(folder);
  return 0;
} catch (const std::exception& e) {
  std::fprintf(stderr, "uploader: %s\n", e.what());
  return 1;
}
