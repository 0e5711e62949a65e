"""check_co_await.py finds each planted form and stays silent on the forms that are right."""

import unittest

import check_co_await


def found(*statements):
    body = '\n  '.join(statements)
    return check_co_await.problems_in(f'asio::awaitable<void> run() {{\n  {body}\n}}\n')


class FindsWhatGccMiscompiles(unittest.TestCase):
    def expect(self, statement, word):
        problems = found('int before = 0;', statement, 'int after = 0;')
        self.assertEqual([line for line, _ in problems], [3], problems)
        self.assertIn(word, problems[0][1])

    def test_an_aggregate_temporary(self):
        self.expect('co_await f(Agg{});', 'brace')

    def test_designated_initialisers(self):
        self.expect('auto r = co_await f({.a = 1});', 'brace')

    def test_parentheses_around_an_own_type(self):
        self.expect('co_await f(Agg(x, 3));', 'temporary Agg')

    def test_an_own_type_with_template_arguments(self):
        self.expect('co_await f(Pair<int>(x, 3));', 'temporary Pair')

    def test_an_initialiser_list(self):
        self.expect('co_await f({"aaa", "bbb"});', 'brace')

    def test_a_capturing_lambda(self):
        self.expect('co_await f([x] { return x; });', 'lambda')

    def test_a_lambda_with_parameters_in_a_wrapper(self):
        self.expect('co_await spawn(ex, std::function<int(int)>([x](int y) { return x + y; }));', 'lambda')

    def test_a_temporary_used_only_before_the_await(self):
        self.expect('co_await f(label(Agg{}));', 'brace')

    def test_a_conditional(self):
        self.expect('co_await f(c ? std::move(a) : b);', '?:')

    def test_a_temporary_left_of_the_await(self):
        self.expect('total(Agg{}, co_await f());', 'brace')

    def test_an_await_inside_braces(self):
        self.expect('Agg value{co_await f()};', 'brace')

    def test_a_second_await(self):
        self.expect('auto sum = co_await f() + co_await g();', 'second')

    def test_a_brace_inside_a_macro(self):
        self.expect('CO_TRY(auto r, co_await f(Agg{}));', 'brace')

    def test_a_brace_in_a_condition(self):
        self.expect('if (auto r = co_await f(Agg{}); !r) { co_return; }', 'brace')

    def test_an_await_on_a_called_lambda(self):
        self.expect('co_await [](int a) -> asio::awaitable<void> { co_return; }(x);', 'lambda')

    def test_a_statement_over_several_lines(self):
        problems = found('auto r =', '    co_await f(name,', '               Agg{});')
        self.assertEqual([line for line, _ in problems], [3])

    def test_an_await_inside_a_lambda_inside_an_awaiting_statement(self):
        problems = found('co_await run([](int a) -> asio::awaitable<void> { co_await g(Agg{}); });')
        self.assertEqual({text.split(' in ')[0] for _, text in problems}, {'a lambda', 'a brace'})


class FindsWhatDangles(unittest.TestCase):
    def test_a_coroutine_lambda_that_captures(self):
        problems = found('auto step = [this, x]() -> asio::awaitable<void> { co_return; };')
        self.assertEqual([line for line, _ in problems], [2])
        self.assertIn('[this, x]', problems[0][1])

    def test_a_detached_coroutine(self):
        problems = found('asio::co_spawn(executor, std::move(work), asio::detached);')
        self.assertEqual(len(problems), 1)
        self.assertIn('detached', problems[0][1])


class IsSilentOn(unittest.TestCase):
    def expect_silence(self, *statements):
        self.assertEqual(found(*statements), [])

    def test_names_literals_and_moves(self):
        self.expect_silence('auto r = co_await f(name, 3, "a;{b", std::move(value));')

    def test_results_of_functions_and_library_types(self):
        self.expect_silence('co_await f(make_agg());', 'co_await f(std::string("x"));')

    def test_a_lambda_that_has_a_name(self):
        self.expect_silence('auto op = [x] { return Agg{x}; };', 'co_await f(op);')

    def test_the_block_of_a_condition(self):
        self.expect_silence('if (co_await f(x)) {', '  Agg a{};', '} else {', '  Agg b{};', '}')

    def test_the_block_of_a_loop(self):
        self.expect_silence('for (auto& x : xs) {', '  auto y = co_await f(x);', '  Agg z{y};', '}')

    def test_the_parts_of_a_for_statement(self):
        self.expect_silence('for (Agg a{}; co_await f(a); a.next()) { use(a); }')

    def test_a_brace_in_the_next_statement(self):
        self.expect_silence('co_await f();', 'Agg a{};', '{', '  Agg b{1};', '  co_await f(b);', '}')

    def test_a_case_with_a_block(self):
        self.expect_silence('switch (x) {', '  case 1: {', '    co_await f(x);', '    Agg a{};', '    break;', '  }', '}')

    def test_comments_and_raw_strings(self):
        self.expect_silence('co_await f(/* Agg{} */ x);  // co_await g(Agg{})', 'co_await f(R"({"a": [1, 2]})");')

    def test_a_digit_separator(self):
        self.expect_silence("const int limit = 1'000;", 'co_await f(limit);', "const int other = 2'000;")

    def test_structured_bindings(self):
        self.expect_silence('auto [error, bytes] = co_await f(x);', 'const Agg a{bytes};')

    def test_a_coroutine_lambda_that_takes_parameters(self):
        self.expect_silence('auto step = [](Self* self) -> asio::awaitable<void> { co_await self->f(); };')

    def test_a_plain_lambda_that_captures_and_makes_a_coroutine(self):
        self.expect_silence('auto start = [x] { return [](int y) -> asio::awaitable<int> { co_return y; }(x); };')


if __name__ == '__main__':
    unittest.main()
