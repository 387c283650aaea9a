// A softmax in C++ for the test of check.hpp; with a second argument it is a wrong one.

#include <algorithm>

#include "check.hpp"

using namespace seqlaws;

static bool wrong = false;

static Results softmax(const Call& call) {
  const Array& given = call.array(0);
  const std::vector<float> x = given.as<float>();
  const auto rank = static_cast<std::int64_t>(given.shape.size());
  auto axis = static_cast<std::int64_t>(call.option("axis", -1));
  if (axis < 0) axis += rank;
  std::size_t step = 1;
  for (auto k = axis + 1; k < rank; ++k) step *= given.shape[k];
  const auto length = static_cast<std::size_t>(given.shape[axis]);
  Array made{std::vector<double>(x.size()), given.shape, "F32"};
  for (std::size_t start = 0; start < x.size(); ++start) {
    if (start / step % length != 0) continue;
    float largest = -std::numeric_limits<float>::infinity(), sum = 0;
    for (std::size_t k = 0; k < length; ++k) largest = std::max(x[start + k * step], largest);
    if (std::isinf(largest) && largest < 0) largest = 0;
    if (wrong) largest = 0;
    for (std::size_t k = 0; k < length; ++k) sum += std::exp(x[start + k * step] - largest);
    for (std::size_t k = 0; k < length; ++k) {
      const float power = std::exp(x[start + k * step] - largest);
      made.data[start + k * step] = sum == 0 ? 0 : power / sum;
    }
  }
  return {made};
}

int main(int count, char** arguments) {
  wrong = count > 2;
  return report(check(arguments[1], {{"softmax", softmax}}));
}
