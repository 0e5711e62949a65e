#include <array>
#include <filesystem>
#include <memory>
#include <openssl/ssl.h>
#include <string>
#include <utility>

#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ssl/context.hpp>
#include <boost/asio/ssl/stream.hpp>
#include <boost/beast/websocket/ssl.hpp>
#include <openssl/x509v3.h>

#include "net/beast_link.h"

namespace net {
namespace {

using TlsLayer = asio::ssl::stream<asio::ip::tcp::socket>;

/// Certificates by the hash of their name, read when a handshake needs one: the bundle file costs 20 ms and 1 MB.
constexpr const char* kSystemCertificates = "/etc/ssl/certs";

std::string asn1_time(const ASN1_TIME* time) {
  std::tm parts{};
  std::array<char, 32> text{};
  if (ASN1_TIME_to_tm(time, &parts) != 1) return "unknown";
  const std::size_t length = std::strftime(text.data(), text.size(), "%Y-%m-%dT%H:%M:%SZ", &parts);
  return {text.data(), length};
}

/// What is wrong with the certificate that the chain check stopped at.
std::string certificate_fault(X509_STORE_CTX* store) {
  const int fault = X509_STORE_CTX_get_error(store);
  std::string text = X509_verify_cert_error_string(fault);
  X509* certificate = X509_STORE_CTX_get_current_cert(store);
  const bool early = fault == X509_V_ERR_CERT_NOT_YET_VALID;
  if (certificate == nullptr || (!early && fault != X509_V_ERR_CERT_HAS_EXPIRED)) return text;
  const ASN1_TIME* border = early ? X509_get0_notBefore(certificate) : X509_get0_notAfter(certificate);
  text += early ? " (valid from " : " (valid until ";
  const std::time_t now = std::time(nullptr);
  const std::unique_ptr<ASN1_TIME, decltype(&ASN1_STRING_free)> here(ASN1_TIME_set(nullptr, now), &ASN1_STRING_free);
  return text + asn1_time(border) + ", this machine's clock says " + asn1_time(here.get()) + ")";
}

base::Status trust(asio::ssl::context& context, const std::string& ca_file) {
  SSL_CTX* native = context.native_handle();
  SSL_CTX_set_min_proto_version(native, TLS1_2_VERSION);
  if (!ca_file.empty()) {
    if (SSL_CTX_load_verify_file(native, ca_file.c_str()) == 1) return {};
    return base::Error{base::Code::kInvalid, "cannot read certificates from ca_file " + ca_file};
  }
  std::error_code failure;
  if (!std::filesystem::is_directory(kSystemCertificates, failure)) {
    return base::Error{base::Code::kNotFound, std::string("no certificates in ") + kSystemCertificates +
                                                  ": install ca-certificates, or name a ca_file"};
  }
  if (SSL_CTX_load_verify_dir(native, kSystemCertificates) == 1) return {};
  return base::Error{base::Code::kUnavailable, std::string("cannot use the certificates in ") + kSystemCertificates};
}

/// The call behind SSL_set_tlsext_host_name, a macro whose C-style cast our warnings refuse.
bool send_server_name(SSL* native, std::string host) {
  return SSL_ctrl(native, SSL_CTRL_SET_TLSEXT_HOSTNAME, TLSEXT_NAMETYPE_host_name, host.data()) == 1;
}

/// The certificate must name the host of the URL; the fault found, if any, goes to `fault`.
base::Status expect_host(TlsLayer& layer, const std::string& host, std::shared_ptr<std::string> fault) {
  SSL* native = layer.native_handle();
  boost::system::error_code not_numeric;
  asio::ip::make_address(host, not_numeric);
  const bool set = not_numeric ? send_server_name(native, host) && SSL_set1_host(native, host.c_str()) == 1
                               : X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(native), host.c_str()) == 1;
  if (!set) return base::Error{base::Code::kInvalid, "\"" + host + "\" cannot be checked against a certificate"};
  layer.set_verify_mode(asio::ssl::verify_peer);
  layer.set_verify_callback([fault = std::move(fault)](bool trusted, asio::ssl::verify_context& context) {
    if (!trusted) *fault = certificate_fault(context.native_handle());
    return trusted;
  });
  return {};
}

base::Error handshake_error(const Place& place, const std::string& fault, boost::system::error_code error) {
  if (!fault.empty()) {
    return {base::Code::kUnavailable, "TLS certificate of " + place.str() + " is not trusted: " + fault};
  }
  return {base::Code::kUnavailable, "TLS handshake with " + place.str() + " failed: " + error.message()};
}

}  // namespace

asio::awaitable<ConnectOutcome> upgrade_tls(asio::ip::tcp::socket socket, Upgrade upgrade) {
  // A context of its own for each connection: renewed certificates count at the next one, and nothing is loaded
  // before the first wss:// URL.
  asio::ssl::context context(asio::ssl::context::tls_client);
  if (auto trusted = trust(context, upgrade.target.ca_file); !trusted) co_return ConnectFailure{trusted.error()};
  auto state = std::make_shared<LinkState<TlsLayer>>(std::move(socket), context);
  auto& layer = state->ws.next_layer();
  const auto fault = std::make_shared<std::string>();
  if (auto set = expect_host(layer, upgrade.place.host, fault); !set) co_return ConnectFailure{set.error()};
  upgrade.limit->guard([state] { state->cut(); });
  const auto [error] =
      co_await layer.async_handshake(asio::ssl::stream_base::client, asio::as_tuple(asio::use_awaitable));
  if (upgrade.limit->passed()) co_return ConnectFailure{upgrade.limit->error()};
  if (error) co_return ConnectFailure{handshake_error(upgrade.place, *fault, error)};
  co_return co_await shake_hands(std::move(state), std::move(upgrade));
}

}  // namespace net
