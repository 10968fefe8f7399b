/// TLS of this server's own ports, with one certificate for all of them; and whom it trusts as a client.
///
/// Public: [ServerTls], [ClientTls].
@org.jspecify.annotations.NullMarked
package tapedeck.net.tls;
