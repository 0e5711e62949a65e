"""check_limits.py finds what is too long, too many or badly named, and says which function it is."""

import pathlib
import tempfile
import unittest

import check_limits


def functions(text):
    return {name: lines for name, _, lines in check_limits.cpp_functions(text)}


def path(name):
    return pathlib.Path(name)


class Files(unittest.TestCase):
    def problems(self, name, text, public=()):
        return list(check_limits.file_problems(path(name), text, {path(each) for each in public}))

    def test_a_file_may_have_400_lines_and_no_more(self):
        self.assertEqual(self.problems('src/a/a.cc', 'x\n' * 400), [])
        self.assertEqual(len(self.problems('src/a/a.cc', 'x\n' * 401)), 1)

    def test_what_a_program_writes_is_no_source(self):
        self.assertFalse(check_limits._is_source(path('policies/worker.d.lua'), ''))
        self.assertTrue(check_limits._is_source(path('policies/10-night.lua'), ''))

    def test_a_last_line_without_an_end_counts(self):
        self.assertEqual(len(self.problems('src/a/a.cc', 'x\n' * 400 + 'x')), 1)

    def test_a_public_header_may_have_150_lines_and_no_more(self):
        self.assertEqual(self.problems('src/a/a.h', 'x\n' * 150, ['src/a/a.h']), [])
        self.assertEqual(len(self.problems('src/a/a.h', 'x\n' * 151, ['src/a/a.h'])), 1)

    def test_a_private_header_is_a_file_like_others(self):
        self.assertEqual(self.problems('src/a/lua/a.h', 'x\n' * 151, ['src/a/a.h']), [])
        self.assertEqual(len(self.problems('src/a/lua/a.h', 'x\n' * 401, ['src/a/a.h'])), 1)

    def test_a_header_is_public_when_its_module_names_it(self):
        with tempfile.TemporaryDirectory() as folder:
            root = pathlib.Path(folder)
            (root / 'src/a').mkdir(parents=True)
            (root / 'src/a/CMakeLists.txt').write_text('studio_module(a SOURCES a.cc HEADERS a.h\n  rules/b.h)')
            public = check_limits.public_headers(root, [path('src/a/CMakeLists.txt')])
            self.assertEqual(public, {path('src/a/a.h'), path('src/a/rules/b.h')})


class Folders(unittest.TestCase):
    def test_the_sixteenth_source_is_one_too_many(self):
        paths = [path(f'src/net/f{number}.cc') for number in range(15)]
        self.assertEqual(list(check_limits.module_problems(paths)), [])
        problems = list(check_limits.module_problems(paths + [path('src/net/last.h')]))
        self.assertEqual(len(problems), 1)
        self.assertIn('src/net', problems[0])

    def test_a_folder_below_a_module_counts_apart(self):
        paths = [path(f'src/policy/f{number}.cc') for number in range(15)] + [path('src/policy/lua/state.cc')]
        self.assertEqual(list(check_limits.module_problems(paths)), [])


class Names(unittest.TestCase):
    def test_empty_names_are_refused(self):
        for name in ('src/net/utils.h', 'src/common/a.h', 'src/net/job_manager.cc', 'tests/helper.lua', 'src/str_util.h'):
            self.assertEqual(len(list(check_limits.name_problems([path(name)]))), 1, name)

    def test_a_name_that_only_contains_one_is_not(self):
        for name in ('src/net/commonality.h', 'src/net/futility.h'):
            self.assertEqual(list(check_limits.name_problems([path(name)])), [], name)


class Functions(unittest.TestCase):
    def test_a_function_of_51_lines_is_named(self):
        body = '  f();\n' * 49
        text = f'namespace a {{\n\nint Foo::bar(int x) {{\n{body}}}\n\n}}\n'
        problems = list(check_limits.function_problems(path('src/a/a.cc'), text))
        self.assertEqual(len(problems), 1)
        self.assertIn('src/a/a.cc:3: Foo::bar has 51 lines', problems[0])

    def test_a_function_of_50_lines_is_fine(self):
        body = '  f();\n' * 48
        self.assertEqual(list(check_limits.function_problems(path('src/a/a.cc'), f'int f() {{\n{body}}}\n')), [])

    def test_a_signature_over_two_lines_counts(self):
        self.assertEqual(functions('int f(int a,\n      int b) {\n  return a;\n}\n'), {'f': 4})

    def test_a_constructor_with_member_braces(self):
        text = 'Foo::Foo(int x)\n    : a_{x}, b_(x),\n      c_{\n          1} {\n  run();\n}\n'
        self.assertEqual(functions(text), {'Foo::Foo': 6})

    def test_operators_templates_and_defaults(self):
        text = '''
template <class T = int>
T get(T x = {}) {
  return x;
}
bool Foo::operator==(const Foo& other) const {
  return true;
}
Foo& operator=(Foo&& other) noexcept {
  return *this;
}
auto tail() -> std::vector<int> {
  return {};
}
'''
        self.assertEqual(functions(text), {'get': 4, 'Foo::operator==': 3, 'operator=': 3, 'tail': 3})

    def test_members_inside_classes_and_tests(self):
        text = '''
class Foo final : public Bar {
 public:
  explicit Foo(int x) : x_(x) {}
  int get() const {
    return x_;
  }

 private:
  int x_{3};
  std::array<int, 2> y_ = {1, 2};
};
TEST(Ledger, GivesBack) {
  EXPECT_TRUE(true);
}
'''
        self.assertEqual(functions(text), {'Foo': 1, 'get': 3, 'TEST(Ledger, GivesBack)': 3})

    def test_functions_of_the_c_interface(self):
        text = 'extern "C" {\nint f() {\n  return 1;\n}\n}\nextern "C" int g() {\n  return 2;\n}\n'
        self.assertEqual(functions(text), {'f': 3, 'g': 3})

    def test_a_lambda_is_part_of_its_function(self):
        text = 'int f() {\n  auto g = [] {\n    return 1;\n  };\n  return g();\n}\n'
        self.assertEqual(functions(text), {'f': 6})

    def test_tables_enums_and_quoted_braces_are_no_functions(self):
        text = '''
enum class Kind { kA, kB };
constexpr std::array kTable = {
    1, 2, 3,
};
const char* const kText = "{ ; {";
// int f() {
int g() {
  return '{';
}
'''
        self.assertEqual(functions(text), {'g': 3})

    def test_python_functions_count_too(self):
        text = 'def long():\n' + '    x = 1\n' * 50
        problems = list(check_limits.function_problems(path('scripts/a.py'), text))
        self.assertEqual(len(problems), 1)
        self.assertIn('long has 51 lines', problems[0])


if __name__ == '__main__':
    unittest.main()
