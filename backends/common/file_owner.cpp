#include "file_owner.hpp"

#include <cerrno>
#include <charconv>
#include <chrono>
#include <thread>
#include <utility>

#include "no_room.hpp"
#include "port/fork.hpp"
#include "port/lock.hpp"
#include "port/mutex.hpp"
#include "port/process.hpp"

namespace stet { inline namespace v0 { namespace backend {

/// The owners of this process, as a list that a fork handler can walk without allocating.
struct owners {
  port::mutex mutex;
  file_owner* first STET_GUARDED_BY(mutex) = nullptr;
  // The owners of this process's ancestors, as they were when it was forked.
  file_owner* inherited STET_GUARDED_BY(mutex) = nullptr;

  /// The object is never destroyed: destructors of static objects may close stores.
  static owners& all() {
    static owners& one = *new owners;
    static const bool is_told = (port::at_fork(before_fork, in_parent, in_child), true);
    (void)is_told;
    return one;
  }

  static file_owner* find(file_owner* list, const port::file_identity& id) noexcept {
    for (file_owner* o = list; o != nullptr; o = o->next_) {
      if (o->identity_ == id) return o;
    }
    return nullptr;
  }

  bool has_path(const std::string& path) const noexcept STET_REQUIRES(mutex) {
    const file_owner* o = first;
    while (o != nullptr && o->path_ != path) o = o->next_;
    return o != nullptr;
  }

  void add(file_owner* o) noexcept STET_REQUIRES(mutex) {
    o->next_ = first;
    if (first != nullptr) first->previous_ = o;
    first = o;
  }

  static void remove(file_owner*& list, file_owner* o) noexcept {
    if (o->next_ != nullptr) o->next_->previous_ = o->previous_;
    (o->previous_ != nullptr ? o->previous_->next_ : list) = o->next_;
  }

 private:
  static void before_fork() STET_ACQUIRE(all().mutex) { all().mutex.lock(); }
  static void in_parent() STET_RELEASE(all().mutex) { all().mutex.unlock(); }
  // flock belongs to the open file, which the child shares: the child's copies would keep the lock
  // alive after the parent's death.
  static void in_child() STET_RELEASE(all().mutex) {
    all().release_all();
    all().mutex.unlock();
  }
  void release_all() STET_REQUIRES(mutex) {
    while (file_owner* i = first) {
      i->release();
      remove(first, i);
      i->next_ = inherited;
      i->previous_ = nullptr;
      if (inherited != nullptr) inherited->previous_ = i;
      inherited = i;
    }
  }
};

namespace {

constexpr std::string_view kCreated = "created";

// For the death of another process that holds the store, and between two looks at it.
constexpr std::chrono::milliseconds kPatience{1000}, kPause{10};

/// Returns true if all users may write in the directory, as in /tmp.
bool is_open_to_all(const std::string& directory) noexcept {
  port::file_facts facts;
  return port::look(directory, facts) == 0 && facts.open_to_all;
}

std::string read_note(const port::file& note) {
  char text[64];
  std::size_t got = 0;
  if (note.read_some(0, text, sizeof text, got) != 0) return {};
  return std::string(text, got);
}

}  // namespace

file_owner::file_owner(std::string_view scheme, const std::string& path, lock_data lock, kind what,
                       if_missing then)
    : operation_(std::string(scheme) + " open"), path_(path), kind_(what), if_missing_(then) {
  if (kind_ == kind::directory) {
    while (path_.size() > 1 && path_.back() == '/') path_.pop_back();
  }
  port::take_standard_streams();
  resolve(std::string(path_));
  check_not_planted();
  using clock = std::chrono::steady_clock;
  const auto end = clock::now() + kPatience;
  // Without the mutex while it waits: opening another store and forking need it.
  while (!take(lock, clock::now() < end)) std::this_thread::sleep_for(kPause);
}

/// Returns false, and holds nothing, if it `may_wait` and another process is the owner.
bool file_owner::take(lock_data lock, bool may_wait) {
  owners& all = owners::all();
  port::lock_guard guard(all.mutex);
  generation_ = port::fork_generation();
  try {
    // By stat: if we opened and closed another descriptor of the file, a database's locks would
    // drop.
    port::file_facts there;
    if (port::look(path_, there) == 0) {
      if (auto* holder = all.find(all.first, there.identity)) fail_owned_here(*holder);
    }
    if (!try_take(lock)) {
      // Its own note is locked by this process if its file was moved away under an engine here.
      if (!may_wait || all.has_path(path_)) fail_owned_there();
      take_back_note();
      release();
      return false;
    }
    if (lock == lock_data::no && all.find(all.inherited, identity_) != nullptr) {
      fail(errc::conflict, 0,
           "it was open when this process was forked, and its locks can't be told from those of "
           "that time; open it in a program that is executed anew");
    }
    write_note();
  } catch (...) {
    take_back_note();
    release();
    throw;
  }
  all.add(this);
  return true;
}

/// Returns false if another process has one of the locks.
bool file_owner::try_take(lock_data lock) {
  check_exists();
  if (!take_name()) return false;
  open_data(lock);
  return take_data(lock);
}

file_owner::~file_owner() {
  owners& all = owners::all();
  port::lock_guard guard(all.mutex);
  all.remove(is_foreign() ? all.inherited : all.first, this);
  if (!is_foreign()) take_back_note();
  release();
}

/// A reader that was given a file which is no store leaves no note beside it.
void file_owner::take_back_note() const noexcept {
  if (made_note_ && !created_) (void)port::remove(path_ + ".owner");
}

void file_owner::release() noexcept {
  data_.close();
  note_.close();
}

void file_owner::fail(errc code, int native, std::string_view text) const {
  throw store_error(code, operation_, path_, native, text, commit_outcome::refused);
}

void file_owner::fail_system(std::string_view what, const std::string& file, int native) const {
  std::string text(what);
  if (file != path_) text += " " + file;
  text += ": " + port::text_of(native);
  if (port::is_link(native))
    text += "; it is a symbolic link, and none is followed here: remove it";
  if (port::is_denied(native)) text += "; file and directory must be writable";
  fail(is_no_room(native) ? errc::full : errc::store, native, text);
}

void file_owner::fail_owned_here(const file_owner& holder) const {
  fail(errc::conflict, 0,
       holder.path_ == path_ ? "it is open in this process already; close it first"
                             : "it is open in this process already, as " + holder.path_);
}

void file_owner::fail_owned_there() const {
  if (data_.is_open()) {
    fail(errc::conflict, 0,
         "another process has it open, under another name, or its note " + path_ +
             ".owner was removed; only one engine may have it open");
  }
  const std::string note = read_note(note_);
  const std::string pid = note.substr(0, note.find(' '));
  fail(errc::conflict, 0,
       "it is in use by " + (pid.empty() ? "another process" : "process " + pid) +
           "; only one engine may have it open");
}

void file_owner::fail_missing(std::string_view why) const {
  std::string here;
  const bool is_absolute = path_.starts_with('/') || port::real_path(".", here) != 0;
  const std::string whole = is_absolute ? path_ : here + "/" + path_;
  throw store_error(errc::not_found, operation_, whole, 0,
                    "there is no store at " + whole + ": " + std::string(why) +
                        "; nothing was created, since `create` is false: look at the path",
                    commit_outcome::refused);
}

void file_owner::resolve(const std::string& path) {
  const std::string last = path.substr(path.rfind('/') + 1);
  if (last.empty() || last == "." || last == ".." || path.find('\0') != std::string::npos) {
    fail(errc::usage, 0,
         kind_ == kind::file ? "this is not the name of a file"
                             : "this is not the name of a directory");
  }
  port::file_facts there;
  if (port::look_at_name(path, there) == 0 && there.kind == port::file_kind::link) {
    auto slash = path.rfind('/');
    if (!port::is_own(there) &&
        is_open_to_all(slash == path.npos ? "." : path.substr(0, slash + 1)))
      fail(errc::store, 0,
           "it is a symbolic link that another user put into a directory where all users may "
           "write; none such is followed: name the file itself");
    int native = port::real_path(path, path_);
    if (native == 0) return;
    path_ = path;
    if (port::is_missing(native) && if_missing_ == if_missing::refuse)
      fail_missing("it is a symbolic link to nothing");
    fail(errc::store, native, "it is a symbolic link to nothing; nothing is created through one");
  }
  auto slash = path.rfind('/');
  std::string directory = slash == std::string::npos ? "." : path.substr(0, slash + 1);
  std::string real;
  int native = port::real_path(directory, real);
  if (port::is_missing(native) && if_missing_ == if_missing::refuse)
    fail_missing("its directory doesn't exist");
  if (native != 0) fail_system("its directory", directory, native);
  if (real.back() != '/') real += '/';
  path_ = real + path.substr(slash == std::string::npos ? 0 : slash + 1);
}

/// In a directory where all users may write, refuses a file that another user put there.
void file_owner::check_not_planted() const {
  const auto directory = path_.substr(0, path_.rfind('/') + 1);
  if (!is_open_to_all(directory)) return;
  for (const char* end : {"", ".owner", ".slots", "-lock", "-log", "-wal", "-shm", "-journal"}) {
    const std::string name = path_ + end;
    port::file_facts there;
    if (port::look_at_name(name, there) != 0 || port::is_own(there)) continue;
    fail(errc::store, 0,
         name + " belongs to another user (" + std::to_string(there.owner) +
             "), in a directory where all users may write; keep the store in a directory of its "
             "own, or make that one's mode 0700");
  }
}

void file_owner::check_kind(port::file_kind there) const {
  const bool is_directory = there == port::file_kind::directory;
  if (kind_ == kind::directory) {
    if (!is_directory) fail(errc::store, ENOTDIR, "it is not a directory; name one");
  } else if (there != port::file_kind::regular) {
    fail(errc::store, is_directory ? EISDIR : EINVAL,
         is_directory ? "it is a directory; name a file" : "it is not a regular file");
  }
}

/// A note that says "created" beside a missing file means that a store is gone: that is reported
/// later, as for one who creates.
void file_owner::check_exists() const {
  if (if_missing_ == if_missing::create) return;
  port::file_facts there;
  port::file note;
  if (port::open(path_ + ".owner", note) == 0 &&
      read_note(note).find(kCreated) != std::string::npos)
    return;
  const int native = port::look(path_, there);
  if (port::is_missing(native)) fail_missing(std::string(noun()) + " doesn't exist");
  if (native != 0) return;  // said by the call that needs it
  const bool is_empty =
      kind_ == kind::directory
          ? there.kind == port::file_kind::directory && port::is_empty_directory(path_)
          : there.kind == port::file_kind::regular && there.bytes == 0;
  if (is_empty) fail_missing(std::string(noun()) + " is empty");
}

/// Returns false if another process has the note's lock.
bool file_owner::take_name() {
  std::string name = path_ + ".owner";
  port::file_facts there;
  if (port::look(path_, there) == 0) check_kind(there.kind);
  port::file_facts before;
  const bool is_new = port::is_missing(port::look(name, before));
  int native = port::open_or_create(name, note_);
  if (native != 0) fail_system("can't open", name, native);
  if (!port::lock(note_, native)) {
    if (native != 0) fail_system("can't lock", name, native);
    return false;
  }
  created_ = read_note(note_).find(kCreated) != std::string::npos;
  made_note_ = is_new && if_missing_ == if_missing::refuse;
  return true;
}

void file_owner::open_data(lock_data lock) {
  if (created_) check_not_vanished();
  int native = 0;
  if (kind_ == kind::directory) {
    native = port::open_or_create_directory(path_, data_);
  } else if (lock == lock_data::yes) {
    native = port::open_or_create(path_, data_);
  } else {
    native = port::create(path_, data_);
    if (port::is_taken(native)) return;
  }
  if (native != 0) fail_system("can't open", path_, native);
}

void file_owner::check_not_vanished() const {
  port::file_facts there;
  const int native = port::look(path_, there);
  bool missing = port::is_missing(native);
  bool empty =
      native == 0 && (kind_ == kind::file ? there.bytes == 0 : port::is_empty_directory(path_));
  if (!missing && !empty) return;
  fail(errc::corrupt, 0,
       std::string(noun()) + (missing ? " is gone" : " is empty") + ", but " + path_ +
           ".owner says that a store was here: restore it, or remove that note as well to begin "
           "afresh");
}

/// Returns false if another process has the file's own lock.
bool file_owner::take_data(lock_data lock) {
  port::file_facts facts;
  int native = data_.is_open() ? data_.look(facts) : port::look(path_, facts);
  if (native != 0) fail_system("can't stat", path_, native);
  check_kind(facts.kind);
  identity_ = facts.identity;
  if (lock == lock_data::no) {
    if (facts.names <= 1) return true;
    fail(errc::store, 0,
         "it has " + std::to_string(facts.names) +
             " names (hard links), and what it needs beside it is found by one of them only: "
             "remove the others, or open a copy");
  }
  if (port::lock(data_, native)) return true;
  if (native != 0) fail_system("can't lock", path_, native);
  return false;
}

// This is best effort: on a full disk the locks hold all the same, and only the pid is missing.
void file_owner::write_note() {
  char pid[16];
  auto end = std::to_chars(pid, pid + sizeof pid, port::process_id()).ptr;
  std::string note(pid, end);
  note += ' ';
  if (created_) note += kCreated;
  note += '\n';
  std::size_t written = 0;
  if (note_.write(0, note, written) == 0) (void)note_.set_size(note.size());
}

bool file_owner::is_foreign() const noexcept { return port::fork_generation() != generation_; }

bool file_owner::is_in_place() const noexcept {
  port::file_facts facts;
  int native = port::look(path_, facts);
  if (native == 0) return facts.identity == identity_;
  if (port::is_missing(native)) return false;
  // The path can't be walked any more (permissions were dropped), so we ask the file itself.
  return !data_.is_open() || (data_.look(facts) == 0 && facts.names > 0);
}

void file_owner::create_side_file(std::string_view suffix) const {
  std::string name = path_ + std::string(suffix);
  port::file side;
  if (int native = port::open_or_create(name, side)) fail_system("can't open", name, native);
}

void file_owner::mark_created() {
  if (created_) return;
  std::string directory = path_.substr(0, path_.rfind('/') + 1);
  int native = data_.is_open() ? data_.flush() : 0;
  if (native != 0) fail_system("can't flush", path_, native);
  native = port::flush_directory(directory);
  if (native != 0) fail_system("can't flush its directory", directory, native);
  created_ = true;
  write_note();
}

}  // namespace backend
}  // namespace v0
}  // namespace stet
