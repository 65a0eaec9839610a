// The size of a program with the core and the LMDB store: the loadable segments of a stripped one
// (footprint.cpp), code and data, with its own few lines, and those of liblmdb, which Debian links
// dynamically. The C++ and C libraries, which every program has, don't count.
#include <elf.h>
#include <link.h>

#include <cstdio>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <stdexcept>

#include "bench.hpp"
#include "place.hpp"

namespace bench {
namespace {

constexpr double bytes_max = 1 << 20;

/// Returns the size of the loadable segments as the kernel maps them: with the zeros that the file
/// leaves out.
double loadable_bytes(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  ElfW(Ehdr) header{};
  in.read(reinterpret_cast<char*>(&header), sizeof header);
  if (!in || std::memcmp(header.e_ident, ELFMAG, SELFMAG) != 0)
    throw std::runtime_error(path + " is no program");
  double sum = 0;
  in.seekg(static_cast<std::streamoff>(header.e_phoff));
  for (int i = 0; i < header.e_phnum; ++i) {
    ElfW(Phdr) segment{};
    if (!in.read(reinterpret_cast<char*>(&segment), sizeof segment))
      throw std::runtime_error(path + " is cut off");
    if (segment.p_type == PT_LOAD) sum += static_cast<double>(segment.p_memsz);
  }
  return sum;
}

/// Returns the path of the liblmdb that this process has loaded; empty if it is linked in.
std::string path_of_liblmdb() {
  std::string path;
  ::dl_iterate_phdr(
      [](dl_phdr_info* library, std::size_t, void* to) {
        if (std::strstr(library->dlpi_name, "/liblmdb.so"))
          *static_cast<std::string*>(to) = library->dlpi_name;
        return 0;
      },
      &path);
  return path;
}

}  // namespace

void measure_footprint(const job& j) {
  if (!j.wants("footprint_bytes")) return;
  for (auto& store : j.stores_on_disk()) {
    if (store != "lmdb") continue;
    auto program = default_dir() + "/stet-footprint";
    if (!std::filesystem::exists(program)) {
      std::fprintf(stderr, "  footprint_bytes: not measured, there is no %s\n", program.c_str());
      continue;
    }
    auto own = loadable_bytes(program);
    auto library = path_of_liblmdb();
    auto of_lmdb = library.empty() ? 0 : loadable_bytes(library);
    j.out.add({"footprint_bytes", store, 1, own + of_lmdb, "bytes", bytes_max});
    std::fprintf(stderr, "  (%s of Stet and the program, %s of liblmdb)\n", readable(own).c_str(),
                 readable(of_lmdb).c_str());
  }
}

}  // namespace bench
