"""check_statics.py finds mutable globals and function statics, and nothing that is a constant or a function."""

import unittest

import check_statics


def names(text):
    return [problem.split()[0] for _, problem in check_statics.problems_in(text)]


class Finds(unittest.TestCase):
    def test_a_namespace_variable(self):
        self.assertEqual(names('namespace a {\nint counter = 0;\nstd::string name;\n}\n'), ['counter', 'name'])

    def test_a_static_namespace_variable(self):
        self.assertEqual(names('static std::map<int, Foo> cache{};\nthread_local int depth;\n'), ['cache', 'depth'])

    def test_a_variable_made_with_an_argument(self):
        self.assertEqual(names('std::atomic<int> count(0);\n'), ['count'])

    def test_a_static_in_a_function(self):
        self.assertEqual(names('int next() {\n  static int last = 0;\n  return ++last;\n}\n'), ['last'])

    def test_a_static_in_a_class(self):
        self.assertEqual(names('class Foo {\n  inline static int made_ = 0;\n  int own_ = 0;\n};\n'), ['made_'])

    def test_a_singleton(self):
        self.assertEqual(names('Foo& foo() {\n  static Foo instance;\n  return instance;\n}\n'), ['instance'])


class IsSilentOn(unittest.TestCase):
    def test_constants(self):
        text = '''
namespace a {
constexpr int kLimit = 3;
inline constexpr std::array kAll = {1, 2};
const std::string kName = "x";
static const char* const kText = "y";
int f() {
  static const std::regex pattern("x");
  static constexpr int kTable[] = {1};
  return kTable[0];
}
}
'''
        self.assertEqual(names(text), [])

    def test_functions_types_and_aliases(self):
        text = '''
using Id = std::string;
class Foo;
enum class Kind { kA };
struct Bar {
  static Result<Bar> open(std::string name);
  static int count() { return 1; }
  int x = 0;
  std::string name_;
};
static int f(int a);
void g(std::string_view text, int b = 3);
Result<std::string> h();
TEST(A, B) {
  const auto x = static_cast<int>(3);
}
'''
        self.assertEqual(names(text), [])


if __name__ == '__main__':
    unittest.main()
