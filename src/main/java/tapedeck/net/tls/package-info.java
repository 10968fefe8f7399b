/// TLS of this server's own ports, with one certificate for all of them.
///
/// Public: [ServerTls].
@org.jspecify.annotations.NullMarked
package tapedeck.net.tls;
