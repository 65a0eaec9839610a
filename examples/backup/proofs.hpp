// What the demo proves, from three witnesses: the two folders, the journal, and the lines that the
// steps left behind.
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

/// The lines so far. What a kill left of a line that was being written is cut off.
std::vector<effect> read_effects(const std::string& path);

/// A moment at which the backup was killed.
struct killing {
  std::size_t effects = 0;  ///< lines until then
  knowledge known;          ///< what the journal knew
};

/// Prints one line for each proof. False if any of them fails.
bool prove_copy(const std::string& original, const std::string& copy);
bool prove_steps(const std::vector<killing>& kills, const std::vector<effect>& effects,
                 const knowledge& at_end, std::size_t files);
