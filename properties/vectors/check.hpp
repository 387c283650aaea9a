// Checks an implementation in C++17 with test vectors of seqlaws. It needs the standard library.
//
//     #include "check.hpp"
//     using namespace seqlaws;
//     Results softmax(const Call& call) {
//       const Array& x = call.array(0);           // arguments by position
//       int axis = call.option("axis", -1);       // options by name, with their defaults
//       ...
//       return {Array{numbers, x.shape}};         // outputs, or gradients, in the index's order
//     }
//     int main() { return report(check("softmax.json", {{"softmax", softmax}})); }
//
// A function throws to refuse a call. That is a failure where the call is within the operation's
// core, unless it throws NotOffered for an option. report returns the exit status: 0 if every MUST
// holds, 1 if one does not, 2 if nothing could be checked.

#pragma once

#include <cmath>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <fstream>
#include <functional>
#include <iterator>
#include <limits>
#include <map>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

namespace seqlaws {

constexpr int kSchema = 1;
constexpr double kInfinity = std::numeric_limits<double>::infinity();

struct Array {
  std::vector<double> data;  // row-major; every number of a file is exact in double
  std::vector<std::int64_t> shape;
  std::string dtype = "F64";  // F32, F64, I32 or BOOL

  template <class T>
  std::vector<T> as() const {
    return std::vector<T>(data.begin(), data.end());
  }
};

using Results = std::vector<Array>;

struct NotOffered : std::runtime_error {
  using std::runtime_error::runtime_error;
};

// A value of JSON.
struct Json {
  enum Kind { Null, Bool, Number, Text, List, Object } kind = Null;
  double number = 0;
  std::string text;
  std::vector<std::pair<std::string, Json>> items;  // of a list under empty names

  const Json* find(const std::string& name) const {
    for (const auto& item : items)
      if (kind == Object && item.first == name) return &item.second;
    return nullptr;
  }
  const Json& at(const std::string& name) const {
    if (const Json* found = find(name)) return *found;
    throw std::runtime_error("the index lacks " + name);
  }
};

class Parser {
 public:
  explicit Parser(const std::string& text) : text_(text) {}

  Json value() {
    Json made;
    const char next = peek();
    if (next == '{' || next == '[') return several(next == '{');
    if (next == '"') {
      made.kind = Json::Text;
      made.text = string();
    } else if (next == 't' || next == 'f') {
      made.kind = Json::Bool;
      made.number = next == 't';
      at_ += next == 't' ? 4 : 5;
    } else if (next == 'n') {
      at_ += 4;
    } else {
      std::size_t used = 0;
      made.kind = Json::Number;
      made.number = std::stod(text_.substr(at_, 40), &used);
      at_ += used;
    }
    return made;
  }

 private:
  char peek() {
    while (at_ < text_.size() && std::strchr(" \t\r\n", text_[at_])) ++at_;
    if (at_ >= text_.size()) throw std::runtime_error("the index ends too early");
    return text_[at_];
  }

  Json several(bool named) {
    Json made;
    made.kind = named ? Json::Object : Json::List;
    ++at_;
    while (peek() != '}' && peek() != ']') {
      std::string name = named ? string() : "";
      if (named && peek() == ':') ++at_;
      made.items.emplace_back(std::move(name), value());
      if (peek() == ',') ++at_;
    }
    ++at_;
    return made;
  }

  std::string string() {
    std::string made;
    for (peek(), ++at_; text_.at(at_) != '"'; ++at_) {
      if (text_[at_] != '\\') {
        made += text_[at_];
      } else if (text_.at(++at_) == 'u') {  // only in sentences, which are not read
        made += '?';
        at_ += 4;
      } else {
        made += text_[at_] == 'n' ? '\n' : text_[at_];
      }
    }
    ++at_;
    return made;
  }

  const std::string& text_;
  std::size_t at_ = 0;
};

inline double number(const Json& told) {
  const Json* named = told.find("number");
  if (named == nullptr) return told.number;
  if (named->text == "nan") return std::nan("");
  return named->text == "inf" ? kInfinity : -kInfinity;
}

using Tensors = std::map<std::string, Array>;

// One call: its arguments and the options that are given.
class Call {
 public:
  Call(const Json& about, const Tensors& tensors) : about_(about), tensors_(tensors) {}

  const Array& array(std::size_t position) const { return tensor(argument(position)); }
  double value(std::size_t position) const { return number(argument(position)); }
  const Array& entry(std::size_t position, const std::string& name) const {
    return tensor(argument(position).at("entries").at(name));
  }
  // An option, or null if it is left out or None; for a list see Json::items.
  const Json* given(const std::string& name) const {
    const Json* found = about_.at("options").find(name);
    return found == nullptr || found->kind == Json::Null ? nullptr : found;
  }
  bool has_options() const { return !about_.at("options").items.empty(); }
  double option(const std::string& name, double otherwise) const {
    const Json* found = given(name);
    return found == nullptr ? otherwise : number(*found);
  }
  const Array* array_option(const std::string& name) const {
    const Json* found = given(name);
    return found == nullptr ? nullptr : &tensor(*found);
  }

 private:
  const Json& argument(std::size_t position) const {
    return about_.at("arguments").items.at(position).second;
  }
  const Array& tensor(const Json& told) const { return tensors_.at(told.at("tensor").text); }

  const Json& about_;
  const Tensors& tensors_;
};

using Function = std::function<Results(const Call&)>;

inline std::string contents(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) throw std::runtime_error(path + ": cannot be read");
  return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}

template <class T>
void copy(const char* from, std::size_t count, std::vector<double>& to) {
  for (std::size_t k = 0; k < count; ++k) {
    T one;
    std::memcpy(&one, from + k * sizeof(T), sizeof(T));
    to.push_back(static_cast<double>(one));
  }
}

inline Tensors read_tensors(const std::string& path) {
  const std::string file = contents(path);
  std::uint64_t length = 0;
  std::memcpy(&length, file.data(), sizeof length);
  const std::string header = file.substr(8, length);
  Tensors made;
  for (const auto& [name, about] : Parser(header).value().items) {
    Array one;
    std::size_t count = 1;
    for (const auto& n : about.at("shape").items) {
      one.shape.push_back(static_cast<std::int64_t>(n.second.number));
      count *= static_cast<std::size_t>(n.second.number);
    }
    one.dtype = about.at("dtype").text;
    const auto offset = about.at("data_offsets").items.at(0).second.number;
    const char* from = file.data() + 8 + length + static_cast<std::size_t>(offset);
    if (one.dtype == "F32") copy<float>(from, count, one.data);
    if (one.dtype == "F64") copy<double>(from, count, one.data);
    if (one.dtype == "I32") copy<std::int32_t>(from, count, one.data);
    if (one.dtype == "BOOL") copy<std::uint8_t>(from, count, one.data);
    made[name] = std::move(one);
  }
  return made;
}

// |observed - value| / allowed; an infinite error is allowed where there is no bound. NaN is
// compared by its place, but in gradients a NaN that is expected says nothing.
inline double ratio(double observed, double value, double allowed, bool free) {
  if (std::isnan(value)) return free || std::isnan(observed) ? 0 : kInfinity;
  if (std::isinf(allowed) || observed == value) return 0;
  const double found = std::abs(observed - value) / allowed;
  return std::isnan(found) ? kInfinity : found;
}

// What became of a law: says is about its worst case.
struct Outcome {
  std::string law, level, says;
  int cases = 0, refused = 0;
  double worst = 0;
};

inline std::string shown(double number) {
  char text[40];
  std::snprintf(text, sizeof text, "%.9g", number);
  return text;
}

inline void compare(const Json& call, const Results& results, const Tensors& tensors,
                    Outcome& outcome) {
  const auto& due = call.at("expected").items;
  const std::string function = call.at("function").text;
  const bool free = function.size() > 4 && function.substr(function.size() - 4) == "_vjp";
  const auto note = [&](double worst, const std::string& says) {
    if (worst <= outcome.worst) return;
    outcome.worst = worst;
    outcome.says = "case " + shown(call.at("case").number) + ": " + says;
  };
  if (results.size() != due.size()) note(kInfinity, "another number of results");
  for (std::size_t k = 0; k < due.size() && results.size() == due.size(); ++k) {
    const auto& [name, told] = due[k];
    const Array& value = tensors.at(told.at("value").text);
    const Array& allowed = tensors.at(told.at("allowed").text);
    const Array& observed = results[k];
    if (observed.shape != value.shape || observed.data.size() != value.data.size()) {
      note(kInfinity, name + " has another shape");
      continue;
    }
    for (std::size_t i = 0; i < value.data.size(); ++i)
      note(ratio(observed.data[i], value.data[i], allowed.data[i], free),
           name + ", entry " + std::to_string(i) + ", is " + shown(observed.data[i]) +
               ", expected " + shown(value.data[i]) + ", allowed " + shown(allowed.data[i]));
  }
}

inline std::vector<Outcome> check(const std::string& path,
                                  const std::map<std::string, Function>& functions) {
  const std::string text = contents(path);
  const Json index = Parser(text).value();
  if (index.at("schema").number != kSchema)
    throw std::runtime_error(path + ": another schema than this checker reads");
  const Tensors tensors =
      read_tensors(path.substr(0, path.find_last_of('/') + 1) + index.at("data").text);
  std::vector<Outcome> laws;
  for (const auto& [_, call] : index.at("cases").items) {
    const auto function = functions.find(call.at("function").text);
    if (function == functions.end()) continue;
    const std::string law = index.at("operation").text + "." + call.at("law").text;
    if (laws.empty() || laws.back().law != law) {
      laws.emplace_back();
      laws.back().law = law;
      laws.back().level = call.at("level").text;
    }
    Outcome& outcome = laws.back();
    const Call given(call, tensors);
    const bool core = call.at("core").number != 0;
    std::string raised;
    Results results;
    try {
      results = function->second(given);
    } catch (const NotOffered&) {
      if (!core || given.has_options()) {
        ++outcome.refused;
        continue;
      }
      raised = "NotOffered";
    } catch (const std::exception& error) {
      if (!core) {
        ++outcome.refused;
        continue;
      }
      raised = error.what();
    }
    ++outcome.cases;
    if (raised.empty()) {
      compare(call, results, tensors, outcome);
    } else {
      outcome.worst = kInfinity;
      outcome.says = "case " + shown(call.at("case").number) + " raised " + raised;
    }
  }
  return laws;
}

inline int report(const std::vector<Outcome>& laws) {
  int failed = 0, cases = 0;
  for (const Outcome& one : laws) {
    const bool broken = one.worst > 1, must = one.level == "MUST";
    std::printf("%-6s %s worst %.3g of %d cases, %d refused\n",
                broken ? (must ? "FAILED" : "should") : one.cases ? "ok" : "-", one.law.c_str(),
                one.worst, one.cases, one.refused);
    if (broken) std::printf("       %s\n", one.says.c_str());
    failed += broken && must;
    cases += one.cases;
  }
  if (failed) std::printf("%d laws failed\n", failed);
  if (!failed) std::printf(cases ? "no MUST law failed\n" : "nothing was checked\n");
  return failed ? 1 : cases ? 0 : 2;
}

}  // namespace seqlaws
