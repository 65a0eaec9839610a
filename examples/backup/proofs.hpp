// The proofs of the demo, from three witnesses: the two folders, the journal, and the lines that
// the steps have written.
#pragma once
#include <cstddef>
#include <string>
#include <vector>

#include "journal_reader.hpp"

/// A line of the effects file: a step had its effect.
struct effect {
  std::string step;  ///< see step_key
  unsigned attempt = 0;
};

/// Returns the lines so far, without a last one that a kill cut short.
std::vector<effect> read_effects(const std::string& path);

/// A moment at which the backup was killed.
struct killing {
  std::size_t effects = 0;  ///< lines until then
  knowledge known;          ///< the content of the journal
};

/// Prints one line for each proof. Returns false if any of them fails.
bool prove_copy(const std::string& original, const std::string& copy);
bool prove_steps(const std::vector<killing>& kills, const std::vector<effect>& effects,
                 const knowledge& at_end, std::size_t files);
