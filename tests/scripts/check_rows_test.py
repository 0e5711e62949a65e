"""check_rows.py finds a row without a test, an id that is no row, and a table that is not what the tests say."""

import pathlib
import unittest

import check_rows

_PYTHON = pathlib.Path('tests/scenarios/test_a.py')
_CPP = pathlib.Path('tests/unit/a/a_test.cc')


def page(shown):
    return f'# Tests\n\n{check_rows.BEGIN}\n{shown}\n{check_rows.END}\nmore\n'


class Rows(unittest.TestCase):
    def test_reads_ids_of_names_and_suites(self):
        found = check_rows.proofs({
            _PYTHON: 'class Cut(Scenario):\n    def test_U4_U5_cut(self):\n        pass\n    # def test_U6_no(self):\n',
            _CPP: 'TEST(U7_Disk, IsFull) {}\nTEST_F(Link,\n       N10_Closes) {}\n// TEST(A, U8_Gone) {}\n'
                  'TEST_P(Engine, DISABLED_P4_Falls) {}\nTEST(SHA256, F16Of) {}\n'})
        self.assertEqual(found, {'U4': [(_PYTHON, 'Cut.test_U4_U5_cut')], 'U5': [(_PYTHON, 'Cut.test_U4_U5_cut')],
                                 'U7': [(_CPP, 'U7_Disk.IsFull')], 'N10': [(_CPP, 'Link.N10_Closes')]})

    def test_a_tree_with_every_row_and_its_table_is_fine(self):
        found = {row: [(_CPP, f'A.{row}_x')] for row in check_rows.ROWS}
        self.assertEqual(list(check_rows.problems_of(found, page(check_rows.table(found)))), [])

    def test_a_row_without_a_test_an_unknown_row_and_a_stale_table_are_found(self):
        found = {row: [(_CPP, f'A.{row}_x')] for row in check_rows.ROWS if row != 'U3'} | {'U99': [(_CPP, 'A.U99_x')]}
        problems = '\n'.join(check_rows.problems_of(found, page('| old |')))
        for part in ('U3: no test proves it', 'A.U99_x names U99', 'the table is not what the tests say'):
            self.assertIn(part, problems)

    def test_a_page_without_the_marks_is_found(self):
        self.assertIn('marks', '\n'.join(check_rows.problems_of({}, 'nothing')))


if __name__ == '__main__':
    unittest.main()
