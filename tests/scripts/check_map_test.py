"""check_map.py finds a name in the map that the code does not have."""

import unittest

import check_map

_CODE = {
    'net': 'namespace net {\nclass HttpClient {\n public:\n  asio::awaitable<int> upload(int x);\n};\nint dial(int a);\n}\n',
    'job': 'namespace job {\nenum class Kind { kImage, kLlm };\nstruct Offer {\n  int id = 0;\n};\nusing Name = int;\n}\n',
}


class Map(unittest.TestCase):
    def test_reads_names_in_backticks_only(self):
        text = 'net::nothing here\nthen `net::dial` and `job::Offer` -> `x`, `./net::run`'
        self.assertEqual([name for _, name in check_map.names(text)], ['net::dial', 'job::Offer', 'net::run'])

    def test_names_that_exist_are_fine(self):
        for name in ('net::HttpClient', 'net::HttpClient::upload', 'HttpClient::upload', 'net::dial', 'job::Kind::kImage',
                     'job::Offer::id', 'job::Name', 'std::vector', 'asio::awaitable'):
            self.assertIsNone(check_map.missing(name, _CODE), name)

    def test_names_that_are_gone_are_found(self):
        for name in ('net::HttpServer', 'net::HttpClient::download', 'HttpClient::download', 'job::dial', 'gone::dial',
                     'Gone::dial'):
            self.assertIsNotNone(check_map.missing(name, _CODE), name)


if __name__ == '__main__':
    unittest.main()
