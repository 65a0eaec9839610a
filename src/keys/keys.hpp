// The keys of a store. Their byte order is the order of the things that they name. On disk: see
// docs/format.md.
#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/bytes.hpp"
#include "base/engine_time.hpp"
#include "base/ids.hpp"

namespace stet { inline namespace v0 { namespace detail { namespace keys {

/// The byte after the shard's byte: the kind of key.
enum class space : char {
  aside = 'a',     // <run> <LSN of the first> records of a run whose snapshot can't be read
  counts = 'c',    // <namespace> <workflow> <status>   how many runs, as of their snapshots
  history = 'h',   // <run> <first record>        records, in chunks
  journal = 'j',   // <block>                     blocks
  clock = 'k',     //                             the clock's history
  ids = 'n',       // <namespace> <id> <run>      runs of an id
  owner = 'o',     //                             owner, epoch and marks
  packed = 'p',    // <last run>                  runs that began and ended within one pass of the
                   // checkpoint
  snapshot = 'r',  // <run>                       a run's state
  timers = 't',    // <wake time> <run>           next wake-up of each open run that needs one
  sent = 's',      // <first> <kind> <key> <run>  requests to the runs of a chain
  state = 'u',     // <namespace> <table> <key>   the user's own entries
  index = 'x',     // <namespace> <attribute> <value> <run>   the indexes
};

/// The table of the steps' blobs, among the user's: <run> <command> <number> <piece>. No table of a
/// user has this name (stet/names.hpp).
inline constexpr std::string_view blob_table = "stet:blobs";

std::string journal(std::uint64_t block);
std::string aside(run_number run, record_lsn first_lsn);
std::string history(run_number run, std::uint64_t first_record);
std::string packed(run_number last_run);
std::string snapshot(run_number run);
std::string timer(engine_time wake, run_number run);
std::string id(std::string_view name_space, std::string_view id, run_number run);
/// The prefix of all entries of a namespace. The table and the entry's own part follow, as bytes
/// that have the order of the keys.
std::string state_prefix(std::string_view name_space);
/// Returns the namespace in a key that begins with such a prefix. Throws malformed.
std::string name_space_of_state(std::string_view key);
/// `value` is in bytes that have the order of the values.
std::string index(std::string_view name_space, std::string_view attribute, std::string_view value,
                  run_number run);
std::string index_prefix(std::string_view name_space, std::string_view attribute);
/// The prefix of all index entries of a namespace.
std::string index_prefix(std::string_view name_space);
std::string count(std::string_view name_space, std::string_view workflow, std::uint8_t status);
std::string owner();
std::string clock();
/// The key of the store's format. It is outside of every shard, and belongs to the whole store.
std::string format();
/// The key of the note in an unfinished copy: how far the copy is. A store with this note has no
/// format.
std::string copy_note();

/// The kind of name by which a request to a run is recognized when it is sent again. On disk.
enum class sent_kind : std::uint8_t {
  all = 0,     // no request: all requests to this run have entries
  signal = 1,  // its name is its idempotency key
  update = 2,  // its name is its id
};
/// The prefix of the requests to the chain whose first run is `first`; that of one request; its
/// entry.
std::string sent_prefix(run_number first);
std::string sent_prefix(run_number first, sent_kind k, std::string_view key);
std::string sent(run_number first, sent_kind k, std::string_view key, run_number run);

/// Appends any bytes so that their order is kept and no text is the prefix of another: 00 becomes
/// 00 ff, and the end is 00 01.
void put_text(std::string& out, std::string_view text);
/// Takes a text that put_text wrote. Throws malformed.
std::string take_text(source& in);

/// Returns the first key past all keys that begin with `prefix`.
std::string end_of(std::string prefix);
/// The prefix of all keys of a kind.
std::string all(space s);
/// The prefix of all runs of an id.
std::string id_prefix(std::string_view name_space, std::string_view id);

struct timer_parts {
  engine_time wake;
  run_number run;
};
struct id_parts {
  std::string name_space, id;
  run_number run;
};
struct count_parts {
  std::string name_space, workflow;
  std::uint8_t status;
};
struct sent_parts {
  run_number first;
  sent_kind kind;
  std::string key;
  run_number run;
};
/// Parse such keys. Throw malformed.
sent_parts parse_sent(std::string_view key);
count_parts parse_count(std::string_view key);
timer_parts parse_timer(std::string_view key);
id_parts parse_id(std::string_view key);
/// The number at the end of a journal, snapshot, packed, timer, id, sent or index key.
std::uint64_t last_number(std::string_view key);
/// The same as a run, for a key that ends with a run.
run_number last_run(std::string_view key);

}  // namespace keys
}  // namespace detail
}}  // namespace stet::v0
