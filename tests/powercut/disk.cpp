#include "disk.hpp"

#include <fcntl.h>
#include <linux/loop.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <filesystem>

namespace stet_powercut {
namespace {

namespace fs = std::filesystem;

constexpr off_t kImageBytes = off_t{256} << 20;
constexpr unsigned long kExt4Shutdown = _IOR('X', 125, std::uint32_t);  // EXT4_IOC_SHUTDOWN

std::string why(const std::string& what) { return what + ": " + std::strerror(errno); }

/// A folder in memory, where a flush costs nothing, or else the usual one.
fs::path temporary_place() {
  const fs::path memory = "/dev/shm";
  std::error_code ignored;
  return fs::is_directory(memory, ignored) ? memory : fs::temp_directory_path();
}

std::string mkfs() {
  for (const char* path : {"/sbin/mkfs.ext4", "/usr/sbin/mkfs.ext4"}) {
    if (::access(path, X_OK) == 0) return path;
  }
  throw unavailable("no mkfs.ext4 here");
}

/// Only this process and its children will see the mounts that it makes from now on.
void leave_the_others_mounts() {
  if (::geteuid() != 0) throw unavailable("only root may mount");
  if (::unshare(CLONE_NEWNS) != 0) throw unavailable(why("no mounts of its own"));
  if (::mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0) {
    throw unavailable(why("no private mounts"));
  }
}

void run(const std::string& program, const std::string& device) {
  const pid_t pid = ::fork();
  if (pid < 0) throw std::runtime_error(why("fork"));
  if (pid == 0) {
    ::execl(program.c_str(), program.c_str(), "-q", "-F", device.c_str(), nullptr);
    ::_exit(127);
  }
  int status = 0;
  while (::waitpid(pid, &status, 0) < 0 && errno == EINTR) {}
  if (status != 0) throw std::runtime_error(program + " failed: " + std::to_string(status));
}

}  // namespace

disk::disk()
    : directory_(temporary_place()),
      image_(directory_ / "image"),
      mount_point_(directory_ / "mounted") {
  (void)mkfs();
  leave_the_others_mounts();
  fs::create_directory(mount_point_);
  attach_loop_device();
}

disk::~disk() {
  if (is_mounted_) ::umount2(mount_point_.c_str(), MNT_DETACH);
  if (loop_ >= 0) ::close(loop_);
}

void disk::attach_loop_device() {
  const int image = ::open(image_.c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
  if (image < 0 || ::ftruncate(image, kImageBytes) != 0) throw std::runtime_error(why(image_));
  bool is_attached = false;
  for (int i = 0; i < 50 && !is_attached; ++i) is_attached = try_loop_device(image);
  ::close(image);  // the device keeps it open
  if (!is_attached) throw unavailable(why("no free loop device"));
}

/// Returns false if another process has taken the device first. The device frees itself with its
/// last user.
bool disk::try_loop_device(int image) {
  const int control = ::open("/dev/loop-control", O_RDWR | O_CLOEXEC);
  if (control < 0) throw unavailable(why("/dev/loop-control"));
  const int number = ::ioctl(control, LOOP_CTL_GET_FREE);
  ::close(control);
  if (number < 0) throw unavailable(why("no free loop device"));
  device_ = "/dev/loop" + std::to_string(number);
  const int loop = ::open(device_.c_str(), O_RDWR | O_CLOEXEC);
  if (loop < 0) throw unavailable(why(device_));
  loop_config config{};
  config.fd = static_cast<std::uint32_t>(image);
  config.info.lo_flags = LO_FLAGS_AUTOCLEAR;
  if (::ioctl(loop, LOOP_CONFIGURE, &config) == 0) {
    loop_ = loop;
    return true;
  }
  const int native = errno;
  ::close(loop);
  errno = native;
  if (native != EBUSY) throw unavailable(why(device_));
  return false;
}

void disk::format() {
  if (is_mounted_) unmount();
  run(mkfs(), device_);
  mount();
}

void disk::mount() {
  if (::mount(device_.c_str(), mount_point_.c_str(), "ext4", 0, nullptr) != 0) {
    if (errno == ENODEV) throw unavailable("this kernel has no ext4");
    throw std::runtime_error(why("mounting " + device_));
  }
  is_mounted_ = true;
}

void disk::unmount() {
  if (::umount2(mount_point_.c_str(), 0) != 0) throw std::runtime_error(why("unmounting"));
  is_mounted_ = false;
}

void disk::cut(cut_kind how) {
  const int root = ::open(mount_point_.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (root < 0) throw std::runtime_error(why(mount_point_));
  auto flags = static_cast<std::uint32_t>(how);
  const bool is_cut = ::ioctl(root, kExt4Shutdown, &flags) == 0;
  const int native = errno;
  ::close(root);
  errno = native;
  if (!is_cut) throw unavailable(why("ext4 here can't be shut down"));
}

void disk::mount_again() {
  unmount();
  mount();
}

}  // namespace stet_powercut
