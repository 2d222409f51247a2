// Tables on a terminal.
#pragma once

#include <ostream>
#include <string>
#include <vector>

namespace impasto::cli {

using Row = std::vector<std::string>;

// Columns as wide as their widest cell, two blanks apart.
void PrintTable(const std::vector<Row>& rows, std::ostream* out);

// "-" for nothing: a cell that is empty makes a table hard to take apart.
std::string OrDash(const std::string& text);

// What comes after the last slash: "abc" for "jobs/abc".
std::string ShortName(const std::string& name);

}  // namespace impasto::cli
